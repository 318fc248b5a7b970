//! Oracles: each judges one thing, from the wire, the pipes and the time alone.
//!
//! An oracle never asks the speaker what it thinks: it would judge somebody else's speaker just as well. What the speaker
//! itself owes, and to whom, is what a certificate explains a verdict with, after the fact.
//!
//! | | sounds when | file |
//! |---|---|---|
//! | O1 | a route or a withdrawal is not on the wire by its deadline | `unsent` |
//! | O2 | the speaker works without progress | `spin` |
//! | O3 | a command of an API program goes unanswered | `unanswered` |
//! | O4 | the speaker leaves too long a gap between its KEEPALIVEs | `keepalive` |
//! | O5 | a session outlives the timer that should have ended it, or is ended before its hold timer expires | `overdue` |
//! | O6 | sessions flap, or never come up | `flapping` |
//! | O7 | what the peer was told differs from what it should have been told, once all is quiet | `divergence` |
//! | O8 | what is asked of the speaker piles up in it | `growth` |
//!
//! O1 and O7 ask one `ledger.rs`, which knows what is to be advertised to each neighbor (`wanted`) and what was (`advertised`). It reads commands with the
//! core's grammar, OPENs and the multiprotocol attributes with the core's decoders, in which a mistake would show in the cases' octets;
//! everything else (framing, hold times, IPv4 routes, NOTIFICATIONs, answers) is read with the lab's own few lines.

mod advertised;
mod alarm;
#[cfg(test)]
mod conditions;
mod deadlines;
mod dialogue;
mod divergence;
#[cfg(test)]
mod families;
mod flapping;
mod growth;
mod keepalive;
mod ledger;
mod overdue;
mod questions;
mod routes;
mod session;
mod spin;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod twins;
mod unanswered;
mod unsent;
mod wanted;

use std::fmt;

use holdtime_core::Instant;

use crate::observe::{Seen, SeenSink};
use crate::scenario::Bounds;

pub use alarm::{Alarm, Creditor, EndTimer, IdleWork, Judge, Missing, Oracle};
pub use questions::Questions;
pub(crate) use spin::out_of_fuel;

/// What the oracles are told of the world beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Premises {
    /// When they sound.
    pub bounds: Bounds,
    /// Whether programs' commands are answered, unless they ask for something else.
    pub acknowledges: bool,
    /// From when on nothing is wrong with the network; `None`: something is to the end.
    pub healed: Option<Instant>,
}

impl Default for Premises {
    fn default() -> Self {
        Self { bounds: Bounds::default(), acknowledges: true, healed: Some(Instant::ZERO) }
    }
}

/// All oracles together.
pub struct Oracles {
    judges: Vec<Seat>,
    /// The first deadline of all judges, come or to come.
    first: First,
    /// The latest time of what was seen, which may be a little ahead of the lab's.
    seen: Instant,
    /// What they were asked so far.
    questions: Questions,
}

/// A judge, and whether it looks at turns, of which there are far more than of anything else.
struct Seat {
    judge: Box<dyn Judge>,
    sees_turns: bool,
    /// Which oracle waits until its deadline, and the last one that was counted.
    oracle: Oracle,
    counted: Option<Instant>,
}

/// The first of all deadlines, which is asked for far more often than it changes.
#[derive(Clone, Copy)]
enum First {
    Known(Option<Instant>),
    /// Something was seen or judged since it was known.
    Unknown,
}

impl fmt::Debug for Oracles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oracles").field("judges", &self.judges.len()).finish()
    }
}

impl SeenSink for Oracles {
    /// Shows every oracle what was seen. A process that is over owes nothing more.
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        let is_turn = matches!(seen, Seen::Turn(_));
        self.questions.see(seen);
        for Seat { judge, sees_turns, .. } in &mut self.judges {
            if !is_turn || *sees_turns {
                judge.see(at, seen);
            }
        }
        if matches!(seen, Seen::Over) {
            self.judges.clear();
        }
        self.first = First::Unknown;
        self.seen = self.seen.max(at);
    }
}

impl Oracles {
    /// Every oracle, on these terms.
    pub fn new(terms: &Premises) -> Self {
        let Premises { bounds, acknowledges, healed } = *terms;
        let judges: [(Oracle, Box<dyn Judge>); 7] = [
            (Oracle::Unanswered, Box::new(unanswered::Unanswered::new(bounds.answer, acknowledges))),
            (Oracle::Unsent, Box::new(routes::RouteJudge::new(bounds.route, acknowledges))),
            (Oracle::Spin, Box::new(spin::Spin::new(bounds.wakeups))),
            (Oracle::KeepaliveGap, Box::new(keepalive::KeepaliveGap::default())),
            (Oracle::Overdue, Box::new(overdue::Overdue::default())),
            (Oracle::Flapping, Box::new(flapping::Flapping::new(healed))),
            (Oracle::Growth, Box::new(growth::Growth::new(acknowledges))),
        ];
        Self::of(judges)
    }

    fn of<const N: usize>(judges: [(Oracle, Box<dyn Judge>); N]) -> Self {
        let seat = |(oracle, judge): (Oracle, Box<dyn Judge>)| Seat {
            sees_turns: oracle == Oracle::Spin,
            judge,
            oracle,
            counted: None,
        };
        Self {
            judges: judges.map(seat).into(),
            first: First::Unknown,
            seen: Instant::ZERO,
            questions: Questions::default(),
        }
    }

    /// What the oracles were asked so far.
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The first deadline, come or to come.
    fn first(&mut self) -> Option<Instant> {
        if let First::Known(first) = self.first {
            return first;
        }
        let mut first = None;
        for Seat { judge, oracle, counted, .. } in &mut self.judges {
            let deadline = judge.deadline();
            self.questions.wait(*oracle, std::mem::replace(counted, deadline), deadline);
            first = first.into_iter().chain(deadline).min();
        }
        self.first = First::Known(first);
        first
    }

    fn deadlines(&self) -> impl Iterator<Item = Instant> {
        self.judges.iter().filter_map(|seat| seat.judge.deadline())
    }

    /// When to ask next, after `now`.
    pub fn deadline(&mut self, now: Instant) -> Option<Instant> {
        match self.first() {
            Some(first) if first <= now => self.deadlines().filter(|deadline| *deadline > now).min(),
            first => first,
        }
    }

    /// The first alarm that sounds now.
    pub fn judge(&mut self, now: Instant) -> Option<Alarm> {
        // What has sounded already has the time at which it was seen as its deadline.
        self.first().filter(|first| *first <= now.max(self.seen))?;
        self.first = First::Unknown;
        self.judges.iter_mut().filter_map(|seat| seat.judge.judge(now)).min_by_key(|alarm| alarm.at)
    }

    /// The first alarm that sounds because all is quiet.
    pub fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        self.first = First::Unknown;
        self.questions.rest();
        self.judges.iter_mut().filter_map(|seat| seat.judge.judge_at_rest(now)).min_by_key(|alarm| alarm.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{ProgramKey, Turn, TurnCause};
    use crate::oracle::testing::{PROGRAM, at};

    fn asked(seconds: &[u64]) -> Oracles {
        let mut oracles = Oracles::new(&Premises::default());
        for (number, second) in (0..).zip(seconds) {
            oracles.see(at(*second), &Seen::Started(ProgramKey(number), "feed"));
            oracles.see(at(*second), &Seen::Command(ProgramKey(number), "version"));
        }
        oracles
    }

    #[test]
    fn the_first_of_several_alarms_is_the_one_that_counts() {
        let mut oracles = asked(&[4, 2]);
        assert_eq!(oracles.deadline(at(0)), Some(at(7)));
        assert_eq!(oracles.judge(at(6)), None);
        for alarm in [oracles.judge(at(60)), oracles.judge_at_rest(at(60))] {
            assert_eq!(alarm.unwrap().creditor, Creditor::Program(ProgramKey(1)));
        }
    }

    #[test]
    fn what_an_oracle_waits_for_is_counted_once_and_again_with_another_deadline() {
        let mut oracles = asked(&[2]);
        for _ in 0..3 {
            oracles.deadline(at(3));
        }
        assert_eq!(oracles.questions().of(Oracle::Unanswered), 1);
        oracles.see(at(4), &Seen::Answer(ProgramKey(0), "done"));
        oracles.deadline(at(4));
        oracles.see(at(5), &Seen::Command(ProgramKey(0), "version"));
        oracles.deadline(at(5));
        oracles.judge_at_rest(at(6));
        let asked = Oracle::ALL.map(|oracle| oracles.questions().of(oracle));
        assert_eq!(asked, [0, 0, 2, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn what_is_judged_at_once_is_counted_as_it_is_seen() {
        let mut bench = asked(&[]);
        bench.see(at(1), &Seen::Turn(Turn { task: 0, cause: TurnCause::Start, moved: false }));
        bench.see(at(1), &Seen::Took(PROGRAM, 5));
        bench.see(at(1), &Seen::Running(true));
        let asked = [Oracle::Spin, Oracle::Growth].map(|oracle| bench.questions().of(oracle));
        assert_eq!(asked, [1, 1]);
    }

    #[test]
    fn a_deadline_that_has_come_is_not_asked_for_again() {
        let mut oracles = asked(&[2]);
        assert_eq!(oracles.deadline(at(7)), None);
    }

    #[test]
    fn a_process_that_is_over_owes_nothing() {
        let mut oracles = asked(&[2]);
        oracles.see(at(3), &Seen::Over);
        assert_eq!(
            (oracles.deadline(at(3)), oracles.judge(at(60)), oracles.judge_at_rest(at(60))),
            (None, None, None)
        );
        oracles.see(at(4), &Seen::Command(PROGRAM, "version"));
        assert_eq!(oracles.judge(at(60)), None);
    }

    #[test]
    fn every_oracle_has_a_code_that_is_read_back() {
        for oracle in Oracle::ALL {
            assert_eq!(oracle.code().parse(), Ok(oracle));
            assert_eq!(oracle.to_string(), oracle.code());
        }
        assert_eq!("O9".parse::<Oracle>(), Err(()));
    }
}
