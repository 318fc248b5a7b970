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
use std::str::FromStr;

use holdtime_core::Instant;

use crate::observe::{ProgramKey, Seen, SessionKey};
use crate::scenario::Bounds;

/// An oracle's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oracle {
    /// O1
    Unsent,
    /// O2
    Spin,
    /// O3
    Unanswered,
    /// O4
    KeepaliveGap,
    /// O5
    Overdue,
    /// O6
    Flapping,
    /// O7
    Divergence,
    /// O8
    Growth,
}

impl Oracle {
    /// Every oracle, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Unsent,
        Self::Spin,
        Self::Unanswered,
        Self::KeepaliveGap,
        Self::Overdue,
        Self::Flapping,
        Self::Divergence,
        Self::Growth,
    ];

    /// Its code, `O1` to `O8`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsent => "O1",
            Self::Spin => "O2",
            Self::Unanswered => "O3",
            Self::KeepaliveGap => "O4",
            Self::Overdue => "O5",
            Self::Flapping => "O6",
            Self::Divergence => "O7",
            Self::Growth => "O8",
        }
    }

    /// When it sounds, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Unsent => "sounds when a route is not on the wire by its deadline",
            Self::Spin => "sounds when the speaker wakes up again and again without progress",
            Self::Unanswered => "sounds when a command of an API program goes unanswered",
            Self::KeepaliveGap => "sounds when the speaker leaves too long a gap between KEEPALIVEs",
            Self::Overdue => "sounds when a session outlives the timer that should have ended it",
            Self::Flapping => "sounds when sessions flap",
            Self::Divergence => "sounds when the peer's table is not what was asked for, once all is quiet",
            Self::Growth => "sounds when commands pile up",
        }
    }

    /// What it found when it sounds, in two or three words.
    pub const fn finding(self) -> &'static str {
        match self {
            Self::Unsent => "unsent route",
            Self::Spin => "busy without progress",
            Self::Unanswered => "unanswered command",
            Self::KeepaliveGap => "keepalive gap",
            Self::Overdue => "missed deadline",
            Self::Flapping => "flapping sessions",
            Self::Divergence => "diverging tables",
            Self::Growth => "growing queue",
        }
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Oracle {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|oracle| oracle.code() == text).ok_or(())
    }
}

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
