//! Which verbs the programs of a run said, and how: many at a time, again, in one go, without reading the answers.

use std::collections::{BTreeMap, BTreeSet};

use holdtime_core::{Duration, Instant};
use holdtime_host::StreamId;
use holdtime_machine::SimHost;
use holdtime_machine::trace::Step;
use holdtime_machine::world::ProcessId;

use crate::explore::kinds::Verb;

/// How many of a kind in a row, each so soon after the one before, are many.
const MANY: u64 = 10;
const AT_ONCE: Duration = Duration::from_millis(50);
/// Whoever leaves an answer in its pipe for so long does not read.
const UNREAD: Duration = Duration::from_millis(100);

/// What the programs have said so far.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    programs: BTreeMap<ProcessId, Speech>,
    /// A speaker's pipes, and whose they are.
    pipes: BTreeMap<(ProcessId, StreamId), ProcessId>,
}

/// What one program has said.
#[derive(Debug, Default)]
struct Speech {
    /// Its line in the making.
    line: Vec<u8>,
    /// The routes that it has announced.
    announced: BTreeSet<String>,
    /// What it said last and when, and how many times in a row.
    run: Option<(Verb, Instant, u64)>,
    /// Since when something is in its pipe that it has not read.
    unread: Option<Instant>,
}

impl Spoken {
    /// Counts the verbs that a step shows.
    pub(super) fn see(&mut self, at: Instant, step: &Step<'_>, count: &mut impl FnMut(Verb)) {
        match step {
            Step::Started(speaker, stream, program, _) => {
                self.pipes.insert((*speaker, *stream), *program);
            }
            Step::Wrote(program, SimHost::STDIO, Ok(octets)) => {
                self.programs.entry(*program).or_default().says(at, octets, count);
            }
            Step::Wrote(speaker, stream, Ok([_, ..])) => {
                if let Some(program) = self.pipes.get(&(*speaker, *stream)) {
                    self.programs.entry(*program).or_default().unread.get_or_insert(at);
                }
            }
            Step::Shut(_, SimHost::STDIO) => count(Verb::CloseStdout),
            Step::Read(program, SimHost::STDIO, Ok([_, ..])) => {
                let speech = self.programs.entry(*program).or_default();
                if speech.unread.take().is_some_and(|since| at >= since + UNREAD) {
                    count(Verb::Deaf);
                }
            }
            _ => {}
        }
    }
}

impl Speech {
    fn says(&mut self, at: Instant, octets: &[u8], count: &mut impl FnMut(Verb)) {
        let mut lines = 0;
        for octet in octets {
            if *octet != b'\n' {
                self.line.push(*octet);
                continue;
            }
            lines += 1;
            let line = String::from_utf8_lossy(&self.line).into_owned();
            self.line.clear();
            self.says_line(at, &line, count);
        }
        if lines > 1 {
            count(Verb::Burst);
        }
    }

    fn says_line(&mut self, at: Instant, line: &str, count: &mut impl FnMut(Verb)) {
        let verbs = Verb::of(line);
        verbs.iter().for_each(|verb| count(*verb));
        let Some(verb) = verbs.last().copied() else { return };
        match verb {
            Verb::Announce if !self.announced.insert(line.to_owned()) => count(Verb::AnnounceAgain),
            Verb::Withdraw => {
                self.announced.remove(&line.replacen("withdraw", "announce", 1));
            }
            Verb::Clear => self.announced.clear(),
            _ => {}
        }
        let times = match self.run {
            Some((before, last, times)) if before == verb && at < last + AT_ONCE => times + 1,
            _ => 1,
        };
        self.run = Some((verb, at, times));
        match verb {
            Verb::Announce if times == MANY => count(Verb::AnnounceMany),
            Verb::Withdraw if times == MANY => count(Verb::WithdrawMany),
            _ => {}
        }
    }
}

impl Verb {
    /// What a line of a program asks for.
    fn of(line: &str) -> Vec<Self> {
        let mut words = line.split(' ').peekable();
        let mut verbs = Vec::new();
        if words.next_if_eq(&"neighbor").is_some() {
            words.next();
            verbs.push(Self::OneNeighbor);
        }
        let rest: Vec<&str> = words.collect();
        verbs.push(match rest.as_slice() {
            ["announce" | "withdraw", "route", prefix, ..] if prefix.contains(':') => Self::Ipv6,
            ["announce", "route", .., "med", _] => Self::Change,
            ["announce", "route", ..] => Self::Announce,
            ["withdraw", "route", ..] => Self::Withdraw,
            ["announce" | "withdraw", "watchdog", ..] => Self::Watchdog,
            ["announce", "route-refresh", ..] => Self::RouteRefresh,
            ["announce", "eor", ..] => Self::EndOfRib,
            ["flush", ..] => Self::Flush,
            ["clear", ..] => Self::Clear,
            ["show", "adj-rib", ..] => Self::ShowAdjRibOut,
            ["show", ..] => Self::ShowNeighbor,
            ["version"] => Self::Version,
            ["teardown", ..] => Self::Teardown,
            ["reload"] => Self::Reload,
            ["enable-ack" | "disable-ack"] => Self::Acknowledge,
            _ => Self::Wrong,
        });
        verbs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_counted_as_what_it_asks_for() {
        let verbs = Verb::of;
        assert_eq!(verbs("announce route 10.0.0.0/24 next-hop 1.1.1.1"), [Verb::Announce]);
        assert_eq!(verbs("announce route 10.0.0.0/24 next-hop 1.1.1.1 med 5"), [Verb::Change]);
        assert_eq!(
            verbs("neighbor 10.0.0.2 announce route 10.0.0.0/24 next-hop 1.1.1.1"),
            [Verb::OneNeighbor, Verb::Announce]
        );
        assert_eq!(verbs("neighbor 10.0.0.2 teardown 4"), [Verb::OneNeighbor, Verb::Teardown]);
        assert_eq!(verbs("withdraw watchdog guard"), [Verb::Watchdog]);
        assert_eq!(verbs("announce rout 10.0.0.0/24"), [Verb::Wrong]);
        assert_eq!(verbs("announce route 2001:db8::/64 next-hop ::1"), [Verb::Ipv6]);
    }

    /// The verbs of lines that are written at these milliseconds, each at once.
    fn counted(written: &[(u64, &str)]) -> Vec<Verb> {
        let (mut said, mut verbs) = (Spoken::default(), Vec::new());
        for (at, lines) in written {
            let step = Step::Wrote(ProcessId(1), SimHost::STDIO, Ok(lines.as_bytes()));
            said.see(Instant::ZERO + Duration::from_millis(*at), &step, &mut |verb| verbs.push(verb));
        }
        verbs
    }

    #[test]
    fn ten_in_a_row_are_many_and_one_that_stands_already_is_said_again() {
        let route = |number: u64| format!("announce route 10.0.{number}.0/24 next-hop 1.1.1.1\n");
        let routes: Vec<String> = (0..10).map(route).collect();
        let at = |pause: u64| -> Vec<(u64, &str)> {
            (0..).zip(&routes).map(|(index, line)| (index * pause, line.as_str())).collect()
        };
        let many = |verbs: Vec<Verb>| verbs.iter().filter(|verb| **verb == Verb::AnnounceMany).count();
        assert_eq!((many(counted(&at(1))), many(counted(&at(50)))), (1, 0));
        let line = routes[0].as_str();
        assert_eq!(counted(&[(0, line), (1, line)]), [Verb::Announce, Verb::Announce, Verb::AnnounceAgain]);
        let withdrawn = line.replacen("announce", "withdraw", 1);
        let verbs = counted(&[(0, line), (1, &withdrawn), (2, line)]);
        assert_eq!(verbs, [Verb::Announce, Verb::Withdraw, Verb::Announce]);
        assert_eq!(counted(&[(0, "version\nversion\n")]), [Verb::Version, Verb::Version, Verb::Burst]);
    }
}
