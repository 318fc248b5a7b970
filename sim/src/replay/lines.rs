//! The scripts of a recording's actors: each thing that somebody said, after the time that passed since the one before it.

use std::fmt::Write as _;

use holdtime_core::Duration;

use crate::scenario::codec::{KEEPALIVE, OPEN, body, kind, take_messages};
use crate::scenario::script::format_duration;

/// A script in the making, which knows how late it is.
#[derive(Debug, Default)]
struct Script {
    steps: Vec<String>,
    now: Duration,
}

impl Script {
    fn wait_until(&mut self, at: Duration) {
        // Nobody can tell less than a millisecond, and the reader need not.
        let passed = Duration::from_millis(at.saturating_sub(self.now).as_millis() as u64);
        if !passed.is_zero() {
            self.steps.push(format!("wait {}", format_duration(passed)));
            self.now += passed;
        }
    }

    fn step(&mut self, at: Duration, step: impl Into<String>) {
        self.wait_until(at);
        self.steps.push(step.into());
    }

    fn text(&self) -> String {
        self.steps.iter().map(|step| format!("{step}\n")).collect()
    }
}

/// What a peer said on all its connections.
#[derive(Debug, Default)]
pub(super) struct PeerLines {
    script: Script,
    asn: u32,
    /// What has come of a message so far.
    part: Vec<u8>,
    /// What it said on the connection that is open: KEEPALIVEs, and other octets.
    said: Vec<(Duration, Said)>,
    stalled: Option<Duration>,
    is_open: bool,
    stalls: bool,
    /// How it lets go of a connection that the speaker has ended.
    lets_go: Option<&'static str>,
}

#[derive(Debug)]
enum Said {
    Keepalive,
    Octets(Vec<u8>),
}

/// So many KEEPALIVEs in a row are said by a timer.
const REGULAR: usize = 3;

impl PeerLines {
    /// A connection is up, and which end dialled.
    pub(super) fn begin(&mut self, at: Duration, how: &str) {
        self.ended(at);
        self.script.steps.extend(self.lets_go.take().map(str::to_owned));
        if how == "connect" {
            self.script.step(at, how);
        } else {
            // It is there when the speaker dials.
            self.script.steps.push(how.to_owned());
            self.script.now = at;
        }
        self.is_open = true;
    }

    pub(super) fn said(&mut self, at: Duration, octets: &[u8]) {
        self.part.extend_from_slice(octets);
        let mut whole = std::mem::take(&mut self.part);
        take_messages(&mut whole, |message| {
            if kind(message) == OPEN
                && let Some([high, low]) = body(message).get(1..3)
            {
                self.asn = u16::from_be_bytes([*high, *low]).into();
            }
            match (kind(message), self.said.last_mut()) {
                (KEEPALIVE, _) => self.said.push((at, Said::Keepalive)),
                (_, Some((same, Said::Octets(octets)))) if *same == at => octets.extend_from_slice(message),
                _ => self.said.push((at, Said::Octets(message.to_vec()))),
            }
        });
        self.part = whole;
    }

    /// It has taken nothing more since then.
    pub(super) fn stalled(&mut self, since: Duration) {
        self.stalled.get_or_insert(since);
    }

    /// Whether it stopped reading once.
    pub(super) fn stalls(&self) -> bool {
        self.stalls
    }

    /// The peer ends its connection.
    pub(super) fn end(&mut self, at: Duration, how: &str) {
        if self.is_open {
            self.write_out(at);
            self.script.step(at, how);
            self.is_open = false;
        }
    }

    /// The speaker has ended it. In the lab it may do so a little later, which who does not read cannot see.
    pub(super) fn ended(&mut self, at: Duration) {
        if self.is_open {
            self.lets_go = Some(if self.stalled.is_some() { "leave" } else { "expect close" });
            self.write_out(at);
            self.is_open = false;
        }
    }

    /// The recording is over.
    pub(super) fn finish(&mut self, at: Duration) {
        self.write_out(at);
        self.script.wait_until(at);
    }

    fn write_out(&mut self, end: Duration) {
        let said = std::mem::take(&mut self.said);
        let rest = std::mem::take(&mut self.part);
        let mut stalled = self.stalled.take();
        self.stalls |= stalled.is_some();
        let every = regular(&said);
        let mut kept = 0;
        let mut last = Duration::ZERO;
        for (at, said) in said {
            if let Some(since) = stalled.filter(|since| *since <= at) {
                self.script.step(since, "stop reading");
                stalled = None;
            }
            match (said, every) {
                (Said::Octets(octets), _) => self.script.step(at, send(&octets)),
                (Said::Keepalive, Some(every)) => {
                    if kept == 0 {
                        self.script.step(at, "send keepalive");
                        self.script.step(at, format!("keepalives every {}", format_duration(every)));
                    }
                    (kept, last) = (kept + 1, at);
                }
                (Said::Keepalive, None) => self.script.step(at, "send keepalive"),
            }
        }
        if let Some(since) = stalled {
            self.script.step(since, "stop reading");
        }
        if let Some(every) = every.filter(|every| last + *every * 2 < end) {
            self.script.step(last + every / 2, "keepalives off");
        }
        if !rest.is_empty() {
            self.script.step(end, send(&rest));
        }
    }

    pub(super) fn text(&self) -> String {
        self.script.text()
    }

    /// The AS number of its OPEN.
    pub(super) fn asn(&self) -> u32 {
        self.asn
    }
}

fn send(octets: &[u8]) -> String {
    let mut line = "send bytes ".to_owned();
    octets.iter().for_each(|octet| {
        let _ = write!(line, "{octet:02x}");
    });
    line
}

/// How often KEEPALIVEs come, where they come by a timer: to the tenth of a second, and with a jitter of a quarter.
fn regular(said: &[(Duration, Said)]) -> Option<Duration> {
    let times: Vec<Duration> =
        said.iter().filter(|(_, said)| matches!(said, Said::Keepalive)).map(|(at, _)| *at).collect();
    // The first one answers the OPEN.
    let mut gaps: Vec<Duration> =
        times.windows(2).filter_map(|pair| Some(*pair.get(1)? - *pair.first()?)).collect();
    gaps.sort_unstable();
    let middle = *gaps.get(gaps.len() / 2)?;
    let even = gaps.iter().filter(|gap| **gap * 4 >= middle * 3 && **gap * 4 <= middle * 5).count();
    let tenths = Duration::from_millis((middle.as_millis() as u64 + 50) / 100 * 100);
    (even >= REGULAR && even * 4 >= gaps.len() * 3 && !tenths.is_zero()).then_some(tenths)
}

/// What a run of a program said.
#[derive(Debug, Default)]
pub(super) struct ProgramLines {
    script: Script,
    part: Vec<u8>,
    stalled: bool,
}

impl ProgramLines {
    /// It was started then.
    pub(super) fn since(now: Duration) -> Self {
        Self { script: Script { now, ..Script::default() }, ..Self::default() }
    }

    pub(super) fn said(&mut self, at: Duration, octets: &[u8]) {
        self.part.extend_from_slice(octets);
        let Some(end) = self.part.iter().rposition(|octet| *octet == b'\n') else { return };
        let whole: Vec<u8> = self.part.drain(..=end).collect();
        let text = String::from_utf8_lossy(&whole).into_owned();
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        // What was read at once arrives at once in the lab too.
        let at_once = lines.len() > 1;
        self.script.wait_until(at);
        self.script.steps.extend(at_once.then(|| "buffer".to_owned()));
        self.script.steps.extend(lines.iter().map(|line| format!("send {line}")));
        self.script.steps.extend(at_once.then(|| "flush".to_owned()));
    }

    /// It has taken nothing more since then.
    pub(super) fn stalled(&mut self, since: Duration) {
        if !std::mem::replace(&mut self.stalled, true) {
            self.script.step(since, "stop reading");
        }
    }

    pub(super) fn exited(&mut self, at: Duration, code: i32) {
        self.script.step(at, format!("exit {}", code.rem_euclid(256)));
    }

    /// The recording is over.
    pub(super) fn finish(&mut self, at: Duration) {
        if !self.script.steps.last().is_some_and(|step| step.starts_with("exit")) {
            self.script.wait_until(at);
        }
    }

    pub(super) fn text(&self) -> String {
        self.script.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::codec::framed;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_next_connection_waits_for_the_speaker_to_end_the_one_before() {
        let mut peer = PeerLines::default();
        peer.begin(at(1_000), "accept");
        peer.ended(at(5_000));
        peer.begin(at(5_001), "accept");
        peer.stalled(at(6_000));
        peer.ended(at(96_000));
        peer.begin(at(96_010), "accept");
        peer.end(at(97_010), "reset");
        let steps: Vec<String> = peer.text().lines().map(str::to_owned).collect();
        let wanted = [
            "accept",
            "expect close",
            "accept",
            "wait 999ms",
            "stop reading",
            "leave",
            "accept",
            "wait 1s",
            "reset",
        ];
        assert_eq!(steps, wanted);
    }

    #[test]
    fn keepalives_of_a_timer_are_one_step_and_what_follows_a_silence_is_silence() {
        let keepalive = framed(KEEPALIVE, &[]);
        let mut peer = PeerLines::default();
        peer.begin(at(1_000), "accept");
        peer.said(at(1_001), &framed(OPEN, &[4, 0xfd, 0xea, 0, 90, 10, 0, 0, 2, 0]));
        for second in [1, 31, 60, 91, 121] {
            peer.said(at(second * 1_000 + 5), &keepalive);
        }
        peer.finish(at(300_000));
        let text = peer.text();
        assert_eq!(peer.asn(), 65_002);
        let steps: Vec<&str> = text.lines().collect();
        let open = "send bytes ffffffffffffffffffffffffffffffff001d0104fdea005a0a00000200";
        assert_eq!(
            steps,
            [
                "accept",
                "wait 1ms",
                open,
                "wait 4ms",
                "send keepalive",
                "keepalives every 30s",
                "wait 135s",
                "keepalives off",
                "wait 163995ms",
            ]
        );
    }

    #[test]
    fn half_a_message_and_who_stops_reading_are_kept() {
        let mut peer = PeerLines::default();
        peer.begin(at(0), "connect");
        peer.said(at(10), &[0xff; 7]);
        peer.stalled(at(20));
        peer.end(at(30), "reset");
        assert!(peer.stalls());
        assert_eq!(
            peer.text(),
            "connect\nwait 20ms\nstop reading\nwait 10ms\nsend bytes ffffffffffffff\nreset\n"
        );
    }

    #[test]
    fn a_program_says_its_lines_when_it_said_them() {
        let mut program = ProgramLines::since(at(500));
        program.said(at(1_500), b"announce route 10.0.0.0/24 next-hop 1.1.1.1\nver");
        program.said(at(2_500), b"sion\nversion\n");
        program.exited(at(3_500), -1);
        program.finish(at(9_000));
        assert_eq!(
            program.text(),
            "wait 1s\nsend announce route 10.0.0.0/24 next-hop 1.1.1.1\nwait 1s\nbuffer\nsend version\nsend version\n\
             flush\nwait 1s\nexit 255\n"
        );
    }
}
