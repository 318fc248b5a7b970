//! The vocabulary of scripted peers.
//!
//! ```text
//! accept                          wait until the speaker dials in (the peer listens from the start of the run)
//! connect                         dial the speaker, again and again until it takes the connection
//! connect until open              the same, and again wherever it ends the connection before it has sent an OPEN
//! connect until up [hold N]       the same until a session is established, with this hold time
//! send MESSAGE                    open [as N] [id A] [hold N] [family AFI SAFI]… [capability CODE [HEX]]… [bare]
//!                                 (bare: these capabilities alone, none for families and the AS number)
//!                                 keepalive | eor [AFI SAFI] | refresh | notification C/S [TEXT] | bytes HEX…
//!                                 update announce PREFIX… [next-hop A] [path N…] | update withdraw PREFIX…
//! dribble MESSAGE every TIME      the message, one octet at a time
//! expect [N times] MESSAGE [within TIME]
//!                                 open | keepalive | update | eor [AFI SAFI] | route PREFIX | withdrawal PREFIX
//!                                 refresh | notification [C/S] | message (any) | close; what else arrives is passed over
//! expect no MESSAGE for TIME      none of that kind may arrive in that time; `no message`: nothing at all
//! keepalives every TIME | off     send KEEPALIVEs from now on, beside whatever the script does
//! wait TIME
//! read N                          read N octets, then no more
//! read N every TIME for TIME      at most N octets at a time, then no more
//! stop reading · resume reading
//! half-close · close · reset      FIN in one direction; FIN; RST
//! leave                           forget the connection without ending it: it stays open and is never read again
//! set aside · take up             leave the connection for a while; go back to it, and leave the one at work, if any, meanwhile
//! signal SIGNAL                   the speaker's process gets this signal
//! vanish                          a power cut: nothing leaves, nothing arrives, the script is over
//! clock +TIME | -TIME             the peer's wall clock jumps
//! repeat [N times]                from the first step again
//! loop [N times]                  the steps up to its `end`, N times or for ever; loops may stand in loops
//! end
//! ```
//!
//! After its last step a peer reads on and says nothing.

use std::ops::Range;
use std::sync::Arc;

use holdtime_core::Duration;
use holdtime_core::speaker::Signal;

use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::blocks::{Blocks, parse_count, parse_times};
use crate::scenario::script::lines::{Words, lines};
use crate::scenario::script::message::{Pattern, ScriptMessage};

/// One thing that a peer does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module's table says what each step does")]
pub enum PeerStep {
    Accept,
    Connect,
    ConnectUntilOpen,
    ConnectUntilUp { hold: u16 },
    Send(ScriptMessage),
    Dribble { message: ScriptMessage, every: Duration },
    Expect { pattern: Pattern, times: u32, within: Option<Duration> },
    ExpectNone { pattern: Pattern, lasts: Duration },
    Keepalives(Option<Duration>),
    Wait(Duration),
    Read(usize),
    ReadSlowly { octets: usize, every: Duration, lasts: Duration },
    Reading(bool),
    HalfClose,
    Close,
    Reset,
    Leave,
    SetAside,
    TakeUp,
    Signal(Signal),
    Vanish,
    Clock { forward: bool, by: Duration },
    Repeat(Option<u32>),
    Loop(Option<u32>),
    End,
}

/// The hold time of a session that a script gives none, in seconds.
const USUAL_HOLD: u16 = 90;

/// A peer's steps, each with the line it was written as, for reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerScript {
    /// Shared by everybody who plays it.
    steps: Arc<Vec<(PeerStep, String)>>,
}

const STEPS: &[&str] = &[
    "accept",
    "connect",
    "send",
    "dribble",
    "expect",
    "keepalives",
    "wait",
    "read",
    "stop",
    "resume",
    "half-close",
    "close",
    "reset",
    "leave",
    "set",
    "take",
    "signal",
    "vanish",
    "clock",
    "repeat",
    "loop",
    "end",
];

impl PeerScript {
    /// Parses the script at `range` of `source`.
    ///
    /// # Errors
    /// The first step that is none.
    pub fn parse(source: &Source, range: Range<usize>) -> Result<Self, Mistake> {
        let mut steps = Vec::new();
        let mut blocks = Blocks::default();
        for mut words in lines(source, range) {
            let text = words.clone().remainder().to_owned();
            let whole = words.clone();
            let step = PeerStep::parse(&mut words)?;
            words.end()?;
            match step {
                PeerStep::Loop(_) => blocks.open(whole),
                PeerStep::End => blocks.close(&whole)?,
                _ => {}
            }
            steps.push((step, text));
        }
        blocks.finish()?;
        Ok(Self { steps: Arc::new(steps) })
    }

    /// Whether the peer waits for the speaker to dial in.
    pub fn listens(&self) -> bool {
        self.steps.iter().any(|(step, _)| *step == PeerStep::Accept)
    }

    /// Whether the peer sets its machine's clock.
    pub fn jumps_clock(&self) -> bool {
        self.steps.iter().any(|(step, _)| matches!(step, PeerStep::Clock { .. }))
    }

    /// Whether the peer stops reading for good and goes on sending KEEPALIVEs.
    pub fn shuts_window_while_it_speaks(&self) -> bool {
        let last =
            |is: fn(&PeerStep) -> bool| self.steps.iter().rev().map(|(step, _)| step).find(|step| is(step));
        let reading = last(|step| matches!(step, PeerStep::Reading(_)));
        let keepalives = last(|step| matches!(step, PeerStep::Keepalives(_)));
        reading == Some(&PeerStep::Reading(false))
            && matches!(keepalives, Some(PeerStep::Keepalives(Some(_))))
    }

    /// The lines, without comments and blank ones.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.steps.iter().map(|(_, text)| text.clone()).collect()
    }

    /// The step number `index` and the line it was written as.
    pub fn step(&self, index: usize) -> Option<(&PeerStep, &str)> {
        self.steps.get(index).map(|(step, text)| (step, text.as_str()))
    }
}

impl PeerStep {
    fn parse(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let verb = words.demand("a step")?;
        Ok(match verb.text {
            "accept" => Self::Accept,
            "connect" if words.skip_word("until") => Self::parse_until(words)?,
            "connect" => Self::Connect,
            "send" => Self::Send(ScriptMessage::parse(words)?),
            "dribble" => {
                let message = ScriptMessage::parse(words)?;
                let every = words.demand("`every` and a time")?;
                if every.text != "every" {
                    return Err(words
                        .mistake(&every, format!("`{}` does not fit here", every.text))
                        .expected("`every` and a time"));
                }
                Self::Dribble { message, every: words.positive_duration()? }
            }
            "expect" => Self::parse_expect(words)?,
            "keepalives" if words.skip_word("off") => Self::Keepalives(None),
            "keepalives" if words.skip_word("every") => Self::Keepalives(Some(words.positive_duration()?)),
            "wait" => Self::Wait(words.duration()?),
            "read" => Self::parse_read(words)?,
            "stop" if words.skip_word("reading") => Self::Reading(false),
            "resume" if words.skip_word("reading") => Self::Reading(true),
            "half-close" => Self::HalfClose,
            "close" => Self::Close,
            "reset" => Self::Reset,
            "leave" => Self::Leave,
            "set" if words.skip_word("aside") => Self::SetAside,
            "take" if words.skip_word("up") => Self::TakeUp,
            "signal" => Self::Signal(words.signal()?),
            "vanish" => Self::Vanish,
            "clock" => Self::parse_clock(words)?,
            "repeat" => Self::Repeat(parse_times(words)?),
            "loop" => Self::Loop(parse_times(words)?),
            "end" => Self::End,
            "keepalives" => {
                return Err(words
                    .mistake(&verb, "incomplete step")
                    .expected("`keepalives every TIME` or `keepalives off`"));
            }
            "stop" | "resume" | "set" | "take" => {
                let whole = match verb.text {
                    "set" => "set aside",
                    "take" => "take up",
                    "stop" => "stop reading",
                    _ => "resume reading",
                };
                return Err(words.mistake(&verb, "incomplete step").expected(format!("`{whole}`")));
            }
            other => {
                return Err(words.mistake(&verb, format!("unknown step `{other}`")).one_of(other, STEPS));
            }
        })
    }

    fn parse_expect(words: &mut Words<'_>) -> Result<Self, Mistake> {
        if words.skip_word("no") {
            let pattern = Pattern::parse(words)?;
            return Ok(Self::ExpectNone { pattern, lasts: parse_for(words)? });
        }
        let times = parse_count(words)?.unwrap_or(1);
        let place = words.clone().next();
        let pattern = Pattern::parse(words)?;
        if let Some(word) = place.filter(|_| pattern == Pattern::Close && times > 1) {
            return Err(words.mistake(&word, "a connection is closed once").expected("`expect close`"));
        }
        let within = if words.skip_word("within") { Some(words.duration()?) } else { None };
        Ok(Self::Expect { pattern, times, within })
    }

    fn parse_until(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let until = words.demand("`open` or `up`")?;
        match until.text {
            "open" => Ok(Self::ConnectUntilOpen),
            "up" if words.skip_word("hold") => {
                Ok(Self::ConnectUntilUp { hold: words.value("a hold time in seconds, 0 to 65535")? })
            }
            "up" => Ok(Self::ConnectUntilUp { hold: USUAL_HOLD }),
            other => {
                let mistake = words.mistake(&until, format!("nobody connects until `{other}`"));
                Err(mistake.one_of(other, &["open", "up"]))
            }
        }
    }

    fn parse_read(words: &mut Words<'_>) -> Result<Self, Mistake> {
        let octets = words.value("a number of octets")?;
        if !words.skip_word("every") {
            return Ok(Self::Read(octets));
        }
        let every = words.positive_duration()?;
        Ok(Self::ReadSlowly { octets, every, lasts: parse_for(words)? })
    }

    fn parse_clock(words: &mut Words<'_>) -> Result<Self, Mistake> {
        const EXPECTED: &str = "a sign and a time, such as +1h or -30s";
        let word = words.demand(EXPECTED)?;
        let forward = word.text.starts_with('+');
        let jump =
            word.text.strip_prefix(['+', '-']).and_then(crate::scenario::script::lines::parse_duration);
        let by = jump.ok_or_else(|| words.mistake(&word, "not a jump of the clock").expected(EXPECTED))?;
        Ok(Self::Clock { forward, by })
    }
}

/// `for` and how long.
fn parse_for(words: &mut Words<'_>) -> Result<Duration, Mistake> {
    let word = words.demand("`for` and a time")?;
    if word.text != "for" {
        let mistake = words.mistake(&word, format!("`{}` does not fit here", word.text));
        return Err(mistake.expected("`for` and a time"));
    }
    words.positive_duration()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PeerScript, Mistake> {
        PeerScript::parse(&Source::new("peer", text), 0..text.len())
    }

    #[test]
    fn every_step_of_the_table_parses() {
        let script = parse(
            "accept\nconnect\nsend open as 65002 id 1.2.3.4 hold 9 family 2 1\nsend keepalive\nsend eor\nsend refresh\n\
             send update announce 10.0.0.0/8 10.1.0.0/16 next-hop 1.1.1.1 path 1 2\nsend update withdraw 10.0.0.0/8\n\
             send notification 6/2 see you\nsend bytes FF:00 ff\ndribble keepalive every 1s\ndribble bytes 00 01 every 10ms\n\
             expect open within 5s\nexpect route 10.0.0.0/24\nexpect notification 4/0\nexpect notification\nexpect close\n\
             keepalives every 3s\nkeepalives off\nwait 5s\nread 19\nstop reading\nresume reading\nhalf-close\nclose\nreset\n\
             vanish\nclock -1h\nrepeat\nrepeat 3 times\nloop 2 times\nloop\nend\nend\nexpect 3 times keepalive within 9s\n\
             expect no message for 5s\nexpect withdrawal 2001:db8::/32\nexpect eor 2 1\nsend eor 2 1\nsend open bare capability 2\n\
             send update announce 2001:db8::/32 next-hop fd00::2\nconnect until open\nconnect until up hold 9\n\
             read 9 every 1s for 5s\nset aside\ntake up\nsignal SIGTERM\n",
        )
        .unwrap();
        assert_eq!(script.steps.len(), 47);
        assert_eq!(
            script.step(8).unwrap().0,
            &PeerStep::Send(ScriptMessage::Notification { code: 6, subcode: 2, data: b"see you".to_vec() })
        );
        assert_eq!(
            script.step(11).unwrap().0,
            &PeerStep::Dribble {
                message: ScriptMessage::Bytes(vec![0, 1]),
                every: Duration::from_millis(10)
            }
        );
        assert!(script.listens());
    }

    #[test]
    fn a_misspelt_step_is_answered_with_the_nearest_one() {
        let mistake = parse("accept\n  exspect open\n").unwrap_err();
        assert_eq!((mistake.line, mistake.column), (2, 3));
        assert_eq!(mistake.nearest.as_deref(), Some("expect"));
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        for (text, expected) in [
            ("wait", "a time such as"),
            ("wait five", "a number and ns"),
            ("close now", "the end of the line"),
            ("dribble keepalive", "`every` and a time"),
            ("send bytes 0", "pairs of hexadecimal"),
            ("expect route 10.0.0.0/64", "a prefix such as"),
            ("expect 0 times update", "a number above zero"),
            ("expect 2 times close", "`expect close`"),
            ("expect no update", "`for` and a time"),
            ("loop 0 times", "a number above zero"),
            ("loop\nclose", "an `end` below"),
            ("end", "a `loop` above"),
            ("send update announce 10.0.0.0/8 2001::/16", "one message for IPv4"),
            ("send update announce 10.0.0.0/8 next-hop ::1", "an address of the prefixes' family"),
            ("clock 1h", "a sign and a time"),
            ("keepalives", "`keepalives every TIME`"),
            ("set", "`set aside`"),
            ("connect until", "`open` or `up`"),
            ("read 9 every 1s", "`for` and a time"),
        ] {
            let mistake = parse(text).unwrap_err();
            assert!(mistake.expected.starts_with(expected), "{text}: {mistake}");
        }
    }
}
