//! O8: what is asked of the speaker does not pile up in it.
//!
//! Seen from outside, a queue is what went in and has not come out. Of a program: what the speaker took from its pipe and has not answered;
//! a speaker that cannot keep up must stop reading. Of a peer: connections that are open at once; each keeps octets, timers and a place.

use std::collections::BTreeMap;
use std::net::IpAddr;

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen, SessionKey};
use crate::oracle::alarm::{Alarm, Creditor, Judge, Missing, Oracle};
use crate::oracle::dialogue::Conversation;

/// What a speaker may have taken from a program and not answered: the octets of four full pipes.
const OCTETS: u64 = 4 * 64 * 1024;
/// How many connections a peer may have at once: a collision has two, and each may take a while to close.
const CONNECTIONS: usize = 100;

/// O8 at work.
#[derive(Debug)]
pub(super) struct Growth {
    acknowledged: bool,
    programs: BTreeMap<ProgramKey, (Conversation, u64)>,
    peers: BTreeMap<SessionKey, IpAddr>,
    connections: BTreeMap<IpAddr, usize>,
    alarm: Option<Alarm>,
}

impl Growth {
    /// Programs' commands are answered, or are not.
    pub(super) fn new(acknowledged: bool) -> Self {
        let (programs, peers, connections) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { acknowledged, programs, peers, connections, alarm: None }
    }

    fn sound(&mut self, at: Instant, creditor: Creditor, what: String) {
        self.alarm.get_or_insert(Alarm {
            oracle: Oracle::Growth,
            at,
            since: at,
            creditor,
            missing: Missing::Bound,
            what,
            clause: "every queue has a bound",
        });
    }
}

impl Judge for Growth {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Started(key, name) => {
                self.programs.insert(*key, (Conversation::of(name, self.acknowledged), 0));
            }
            Seen::Command(key, line) => {
                if let Some((dialogue, _)) = self.programs.get_mut(key) {
                    dialogue.command(at, line);
                }
            }
            Seen::Answer(key, line) => {
                if let Some((dialogue, _)) = self.programs.get_mut(key) {
                    dialogue.answer(line);
                }
            }
            Seen::Took(key, octets) => {
                let Some((dialogue, taken)) = self.programs.get_mut(key) else { return };
                *taken += *octets as u64;
                if taken.saturating_sub(dialogue.settled()) > OCTETS {
                    let what = format!(
                        "backpressure: more than {OCTETS} octets of commands were taken and not answered"
                    );
                    self.sound(at, Creditor::Program(*key), what);
                }
            }
            Seen::Ended(key) | Seen::Deaf(key) => drop(self.programs.remove(key)),
            Seen::Opened(key, remote, _) => {
                self.peers.insert(*key, *remote);
                let open = self.connections.entry(*remote).or_default();
                *open += 1;
                if *open > CONNECTIONS {
                    let what = format!("an end to connections: more than {CONNECTIONS} are open at once");
                    self.sound(at, Creditor::Session(*key), what);
                }
            }
            Seen::Closed(key, _) => {
                let open = self.peers.remove(key).and_then(|remote| self.connections.get_mut(&remote));
                if let Some(open) = open {
                    *open -= 1;
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.alarm.as_ref().map(|alarm| alarm.at)
    }

    fn judge(&mut self, _: Instant) -> Option<Alarm> {
        self.alarm.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::SessionEnd;
    use crate::oracle::testing::{OTHER, PEER, PROGRAM, at};

    const LINES: u64 = OCTETS / 8;

    fn piled(rounds: u64, answered: bool, acknowledged: bool) -> Growth {
        let mut judge = Growth::new(acknowledged);
        judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
        for round in 0..rounds {
            judge.see(at(round), &Seen::Command(PROGRAM, "version"));
            judge.see(at(round), &Seen::Took(PROGRAM, 8));
            if answered {
                judge.see(at(round), &Seen::Answer(PROGRAM, "done"));
            }
        }
        judge
    }

    #[test]
    fn commands_that_are_taken_and_not_answered_sound_the_alarm_and_answered_ones_do_not() {
        assert_eq!(piled(LINES, false, true).judge(Instant::MAX), None);
        let mut judge = piled(LINES + 1, false, true);
        assert_eq!(judge.deadline(), Some(at(LINES)));
        let alarm = judge.judge(Instant::MAX).unwrap();
        assert_eq!((alarm.at, alarm.creditor), (at(LINES), Creditor::Program(PROGRAM)));
        assert_eq!(piled(2 * LINES, true, true).judge(Instant::MAX), None);
        assert_eq!(piled(2 * LINES, false, false).judge(Instant::MAX), None, "they have no answers");
    }

    #[test]
    fn what_lies_in_the_pipe_is_not_taken_and_a_program_that_is_gone_waits_for_nothing() {
        let mut judge = Growth::new(true);
        judge.see(at(0), &Seen::Started(PROGRAM, "feed"));
        (0..2 * LINES).for_each(|_| judge.see(at(0), &Seen::Command(PROGRAM, "version")));
        assert_eq!(judge.judge(Instant::MAX), None);
        for gone in [Seen::Ended(PROGRAM), Seen::Deaf(PROGRAM)] {
            let mut judge = piled(LINES, false, true);
            judge.see(at(0), &gone);
            judge.see(at(0), &Seen::Took(PROGRAM, 800));
            assert_eq!((judge.deadline(), judge.judge(Instant::MAX)), (None, None));
        }
    }

    #[test]
    fn connections_of_one_peer_that_pile_up_sound_the_alarm_and_those_that_are_closed_do_not() {
        let mut judge = Growth::new(true);
        for number in 0..200 {
            let peer = if number % 2 == 0 { PEER } else { OTHER };
            judge.see(at(0), &Seen::Opened(SessionKey(number), peer, SessionEnd::Peer));
        }
        assert_eq!(judge.judge(Instant::MAX), None);
        judge.see(at(1), &Seen::Closed(SessionKey(0), SessionEnd::Peer));
        judge.see(at(2), &Seen::Opened(SessionKey(200), PEER, SessionEnd::Peer));
        assert_eq!(judge.judge(Instant::MAX), None);
        judge.see(at(3), &Seen::Opened(SessionKey(201), PEER, SessionEnd::Peer));
        assert_eq!(judge.judge(Instant::MAX).unwrap().creditor, Creditor::Session(SessionKey(201)));
    }
}
