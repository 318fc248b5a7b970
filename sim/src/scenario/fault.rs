//! What goes wrong in a scenario, one fault a line:
//!
//! ```text
//! at TIME cut HOST -> HOST [for TIME]           nothing gets through in that direction; `<->`: in both
//! at TIME mtu HOST -> HOST OCTETS [for TIME]    larger packets are lost there and nobody is told; `<->`: in both
//! at TIME loss HOST -> HOST N [for TIME]        N of 1000 packets are lost there
//! at TIME latency HOST -> HOST TIME [for TIME]  packets take so long there
//! at TIME jitter HOST -> HOST TIME [for TIME]   and up to so much longer, each anew; none overtakes another
//! at TIME bandwidth HOST -> HOST N [for TIME]   N octets a second pass there
//! at TIME suspend HOST for TIME                 the process stands still (SIGSTOP); its clocks run on
//! at TIME clock HOST +TIME | -TIME              its wall clock jumps
//! at TIME power HOST off [for TIME]             nothing leaves and nothing arrives, connections are forgotten
//! at TIME signal SPEAKER SIGNAL                 a speaker's process is signalled
//! ```
//!
//! All of it before the run is over. What a path is like from `0s` on and to the end is no fault but for `mtu` and `loss`.

use std::ops::Range;

use holdtime_core::Duration;
use holdtime_core::speaker::Signal;

use crate::scenario::mistake::{Mistake, Source};
use crate::scenario::script::{Words, parse_duration, script_lines};
use crate::scenario::whole::{Hosts, before_the_end};

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, since the start of the run.
    pub at: Duration,
    /// What.
    pub kind: FaultKind,
}

/// What goes wrong. Hosts are called by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Packets are lost.
    Cut {
        /// Those from here …
        from: String,
        /// … to here.
        to: String,
        /// And those the other way too.
        both: bool,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
    },
    /// A path becomes another one.
    Path {
        /// For packets from here …
        from: String,
        /// … to here.
        to: String,
        /// And for those the other way too.
        both: bool,
        /// What becomes of it.
        change: PathChange,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
    },
    /// A process stands still.
    Suspend {
        /// Whose.
        host: String,
        /// For how long.
        lasts: Duration,
    },
    /// A wall clock jumps.
    Clock {
        /// Whose.
        host: String,
        /// By so many nanoseconds.
        by: i64,
    },
    /// A machine loses power.
    Power {
        /// Which.
        host: String,
        /// For how long; `None`: to the end.
        lasts: Option<Duration>,
    },
    /// A speaker's process is signalled.
    Signal {
        /// Whose.
        host: String,
        /// With what.
        signal: Signal,
    },
}

/// What becomes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathChange {
    /// Packets above so many octets of IP are lost, and nobody is told: a path-MTU black hole.
    Mtu(usize),
    /// So many packets of a thousand are lost.
    Loss(u32),
    /// Packets take so long.
    Latency(Duration),
    /// And up to so much longer.
    Jitter(Duration),
    /// So many octets pass in a second.
    Bandwidth(u64),
}

impl PathChange {
    /// The word for it.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Mtu(_) => "mtu",
            Self::Loss(_) => "loss",
            Self::Latency(_) => "latency",
            Self::Jitter(_) => "jitter",
            Self::Bandwidth(_) => "bandwidth",
        }
    }

    /// Whether something is lost.
    const fn loses(self) -> bool {
        matches!(self, Self::Mtu(_) | Self::Loss(_))
    }
}

impl Fault {
    /// When it is over, since the start of the run; `None`: never.
    pub fn heals(&self) -> Option<Duration> {
        match self.kind {
            FaultKind::Path { change, lasts: None, .. } if !change.loses() => Some(self.at),
            FaultKind::Cut { lasts, .. } | FaultKind::Path { lasts, .. } => Some(self.at + lasts?),
            // What comes back has nothing running on it.
            FaultKind::Power { .. } => None,
            FaultKind::Suspend { lasts, .. } => Some(self.at + lasts),
            FaultKind::Clock { .. } | FaultKind::Signal { .. } => Some(self.at),
        }
    }
}

const KINDS: &[&str] =
    &["cut", "mtu", "loss", "latency", "jitter", "bandwidth", "suspend", "clock", "power", "signal"];

/// Parses the faults at `range` of `source`; `hosts` are the names that exist, and the run ends after `run_for`.
pub(super) fn parse(
    source: &Source,
    range: Range<usize>,
    hosts: &Hosts<'_>,
    run_for: Duration,
) -> Result<Vec<Fault>, Mistake> {
    script_lines(source, range)
        .map(|mut words| {
            let time = words.clone().nth(1);
            let fault = parse_line(&mut words, hosts)?;
            words.end()?;
            let place = time.map_or(0..0, |time| time.range);
            before_the_end(source, place, fault.at, run_for)?;
            Ok(fault)
        })
        .collect()
}

fn parse_line(words: &mut Words<'_>, hosts: &Hosts<'_>) -> Result<Fault, Mistake> {
    let at = words.demand("`at` and a time")?;
    if at.text != "at" {
        return Err(words.mistake(&at, "a fault begins with its time").expected("`at` and a time"));
    }
    let at = words.duration()?;
    let verb = words.demand("a fault")?;
    let kind = match verb.text {
        "cut" => parse_cut(words, &hosts.all())?,
        change @ ("mtu" | "loss" | "latency" | "jitter" | "bandwidth") => {
            parse_path(words, &hosts.all(), change)?
        }
        "suspend" => {
            let host = parse_host(words, &hosts.all())?;
            let lasts = parse_for(words)?
                .ok_or_else(|| words.mistake(&verb, "for how long?").expected("`for` and a time"))?;
            FaultKind::Suspend { host, lasts }
        }
        "clock" => FaultKind::Clock { host: parse_host(words, &hosts.all())?, by: parse_jump(words)? },
        "power" => {
            let host = parse_host(words, &hosts.all())?;
            let off = words.demand("`off`")?;
            if off.text != "off" {
                return Err(words
                    .mistake(&off, format!("`{}` does not fit here", off.text))
                    .expected("`off`"));
            }
            FaultKind::Power { host, lasts: parse_for(words)? }
        }
        "signal" => {
            let host = parse_speaker(words, hosts)?;
            FaultKind::Signal { host, signal: words.signal()? }
        }
        other => return Err(words.mistake(&verb, format!("unknown fault `{other}`")).one_of(other, KINDS)),
    };
    Ok(Fault { at, kind })
}

fn parse_cut(words: &mut Words<'_>, hosts: &[&str]) -> Result<FaultKind, Mistake> {
    let (from, to, both) = parse_direction(words, hosts)?;
    Ok(FaultKind::Cut { from, to, both, lasts: parse_for(words)? })
}

fn parse_path(words: &mut Words<'_>, hosts: &[&str], verb: &str) -> Result<FaultKind, Mistake> {
    let (from, to, both) = parse_direction(words, hosts)?;
    let change = match verb {
        "loss" => {
            PathChange::Loss(parse_number(words, 1, 1_000, "how many packets of 1000 are lost, 1 to 1000")?)
        }
        "latency" => PathChange::Latency(words.positive_duration()?),
        "jitter" => PathChange::Jitter(words.positive_duration()?),
        "bandwidth" => {
            PathChange::Bandwidth(parse_number(words, 1, u64::MAX, "octets a second, at least 1")?)
        }
        _ => {
            let expected = "the largest packet that passes, in octets, at least 68 (RFC 791)";
            PathChange::Mtu(parse_number(words, 68, usize::MAX, expected)?)
        }
    };
    Ok(FaultKind::Path { from, to, both, change, lasts: parse_for(words)? })
}

fn parse_number<T>(words: &mut Words<'_>, least: T, most: T, expected: &str) -> Result<T, Mistake>
where
    T: std::str::FromStr + PartialOrd,
{
    let word = words.demand(expected)?;
    let number = word.text.parse().ok().filter(|number| (least..=most).contains(number));
    number
        .ok_or_else(|| words.mistake(&word, format!("`{}` does not fit here", word.text)).expected(expected))
}

fn parse_direction(words: &mut Words<'_>, hosts: &[&str]) -> Result<(String, String, bool), Mistake> {
    let from = parse_host(words, hosts)?;
    let arrow = words.demand("`->` or `<->`")?;
    let both = match arrow.text {
        "->" => false,
        "<->" => true,
        _ => return Err(words.mistake(&arrow, "no direction").expected("`->` or `<->`")),
    };
    let place = words.clone().next();
    let to = parse_host(words, hosts)?;
    if let Some(word) = place.filter(|_| from == to) {
        let others: Vec<&str> = hosts.iter().copied().filter(|host| *host != from).collect();
        let mistake = words.mistake(&word, "no host is cut off from itself");
        return Err(mistake.expected(format!("one of {}", others.join(", "))));
    }
    Ok((from, to, both))
}

/// Only a speaker's process does anything about a signal: a scripted peer has no process that could.
fn parse_speaker(words: &mut Words<'_>, hosts: &Hosts<'_>) -> Result<String, Mistake> {
    let mut ahead = words.clone();
    match ahead.next() {
        Some(word) if hosts.peers.contains(&word.text) => {
            let problem = format!("`{}` is a peer, and only a speaker is signalled", word.text);
            Err(words.mistake(&word, problem).one_of(word.text, &hosts.speakers))
        }
        _ => parse_host(words, &hosts.all()),
    }
}

fn parse_host(words: &mut Words<'_>, hosts: &[&str]) -> Result<String, Mistake> {
    let word = words.demand("a host's name")?;
    if hosts.contains(&word.text) {
        return Ok(word.text.to_owned());
    }
    Err(words.mistake(&word, format!("no host is called `{}`", word.text)).one_of(word.text, hosts))
}

fn parse_for(words: &mut Words<'_>) -> Result<Option<Duration>, Mistake> {
    if words.skip_word("for") { words.positive_duration().map(Some) } else { Ok(None) }
}

fn parse_jump(words: &mut Words<'_>) -> Result<i64, Mistake> {
    const EXPECTED: &str = "a sign and a time, such as +1h or -30s";
    let word = words.demand(EXPECTED)?;
    let nanos = word
        .text
        .strip_prefix(['+', '-'])
        .and_then(parse_duration)
        .and_then(|by| i64::try_from(by.as_nanos()).ok());
    let nanos = nanos.ok_or_else(|| words.mistake(&word, "not a jump of the clock").expected(EXPECTED))?;
    Ok(if word.text.starts_with('-') { -nanos } else { nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Result<Vec<Fault>, Mistake> {
        let hosts = Hosts { speakers: vec!["speaker"], peers: vec!["far"] };
        parse(&Source::new("faults", text), 0..text.len(), &hosts, Duration::from_secs(60))
    }

    #[test]
    fn every_fault_of_the_table_parses() {
        let all = faults(
            "at 1s cut speaker -> far for 30s\nat 2s cut far <-> speaker\nat 3s suspend far for 1m\nat 4s clock speaker -1h\n\
             at 5s power far off\nat 6s signal speaker SIGUSR1\nat 7s mtu far -> speaker 576 for 10s\n\
             at 8s loss far <-> speaker 50 for 10s\nat 0s latency far -> speaker 80ms\nat 0s jitter far -> speaker 5ms\n\
             at 0s bandwidth speaker -> far 10000\n",
        )
        .unwrap();
        assert_eq!(all.len(), 11);
        let heals: Vec<_> = all.iter().map(|fault| fault.heals().map(|at| at.as_secs())).collect();
        assert_eq!(heals[6..], [Some(17), Some(18), Some(0), Some(0), Some(0)]);
        assert!(faults("at 1s loss far -> speaker 1001").unwrap_err().to_string().contains("1 to 1000"));
        assert!(faults("at 1s bandwidth far -> speaker 0").unwrap_err().to_string().contains("at least 1"));
        assert!(faults("at 1s mtu far -> speaker 10").unwrap_err().to_string().contains("RFC 791"));
        assert_eq!(all[3].kind, FaultKind::Clock { host: "speaker".into(), by: -3_600_000_000_000 });
    }

    #[test]
    fn an_unknown_host_is_answered_with_the_nearest_one() {
        assert_eq!(faults("at 1s suspend speker for 1s").unwrap_err().nearest.as_deref(), Some("speaker"));
        assert_eq!(faults("at 1s suspnd far for 1s").unwrap_err().nearest.as_deref(), Some("suspend"));
        assert!(faults("at 1s suspend far").unwrap_err().to_string().contains("for how long?"));
    }
}
