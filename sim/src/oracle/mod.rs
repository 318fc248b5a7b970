//! Oracles: each judges one thing, from the wire, the pipes and the time alone.
//!
//! An oracle never asks the speaker what it thinks: it would judge somebody else's speaker just as well. What the speaker
//! itself owes, and to whom, is what a certificate explains a verdict with, after the fact.
//!
//! | | sounds when | file |
//! |---|---|---|
//! | O1 | a route is not on the wire by its deadline | `unsent` |
//! | O2 | the speaker wakes up again and again without progress | `spin` |
//! | O3 | a command of an API program goes unanswered | `unanswered` |
//! | O4 | the speaker leaves too long a gap between its KEEPALIVEs | `keepalive` |
//! | O5 | a session outlives the timer that should have ended it | `overdue` |
//! | O6 | sessions flap | `flapping` |
//! | O7 | what the peer was told differs from what the programs asked for, once all is quiet | `divergence` |
//! | O8 | commands pile up | `growth` |

mod divergence;
mod flapping;
mod growth;
mod keepalive;
mod overdue;
mod session;
mod spin;
mod unanswered;
mod unsent;

use std::fmt;

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen, SessionKey};
use crate::scenario::Bounds;

pub use crate::scenario::Oracle;

/// An oracle has sounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Which.
    pub oracle: Oracle,
    /// When it sounded: the moment from which the deadline is past.
    pub at: Instant,
    /// Since when what is missing was due to come.
    pub since: Instant,
    /// Who is waiting for it.
    pub creditor: Creditor,
    /// What is missing, such as `an answer to "announce route …"`.
    pub what: String,
    /// Which rule says that it had to come, and by when.
    pub clause: &'static str,
}

/// Who waits in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Creditor {
    /// The other end of a session.
    Session(SessionKey),
    /// An API program.
    Program(ProgramKey),
    /// Whoever pays for the machine.
    Machine,
}

/// One oracle at work. It is shown everything that can be seen, and asked at its deadline.
pub trait Judge {
    /// Something was seen.
    fn see(&mut self, at: Instant, seen: &Seen<'_>);

    /// When to ask next, even if nothing more is seen.
    fn deadline(&self) -> Option<Instant>;

    /// Its alarm, if it has reason for one now.
    fn judge(&mut self, now: Instant) -> Option<Alarm>;

    /// Its alarm, if all being quiet is reason for one.
    fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        self.judge(now)
    }
}

/// All oracles together.
pub struct Bench {
    judges: Vec<Box<dyn Judge>>,
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench").field("judges", &self.judges.len()).finish()
    }
}

impl Bench {
    /// Every oracle, with these bounds.
    pub fn new(bounds: &Bounds) -> Self {
        Self {
            judges: vec![
                Box::new(unanswered::Unanswered::new(bounds.answer)),
                Box::new(unsent::Unsent::new(bounds.route)),
                Box::new(spin::Spin::new(bounds.wakeups)),
                Box::new(keepalive::KeepaliveGap::default()),
                Box::new(overdue::Overdue::default()),
                Box::new(flapping::Flapping::default()),
                Box::new(divergence::Divergence::default()),
                Box::new(growth::Growth::default()),
            ],
        }
    }

    /// Shows every oracle what was seen.
    pub fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        for judge in &mut self.judges {
            judge.see(at, seen);
        }
    }

    /// When to ask next, after `now`.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.judges.iter().filter_map(|judge| judge.deadline()).filter(|deadline| *deadline > now).min()
    }

    /// The first alarm that sounds now.
    pub fn judge(&mut self, now: Instant) -> Option<Alarm> {
        self.judges.iter_mut().filter_map(|judge| judge.judge(now)).min_by_key(|alarm| alarm.at)
    }

    /// The first alarm that sounds because all is quiet.
    pub fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        self.judges.iter_mut().filter_map(|judge| judge.judge_at_rest(now)).min_by_key(|alarm| alarm.at)
    }
}
