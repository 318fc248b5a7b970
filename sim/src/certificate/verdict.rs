//! What a run shows: that everything finished, or what did not and why.

use std::fmt;

use crate::actor::Awaited;
use crate::certificate::chain::Certificate;
use crate::oracle::Alarm;

/// Who failed where no script did: the session did not come, stay or end as the scenario wants it.
pub const SESSION: &str = "the session";

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every script finished and every oracle stayed silent.
    Pass,
    /// An oracle sounded.
    Hang {
        /// What it said.
        alarm: Alarm,
        /// Why it came to that.
        certificate: Certificate,
    },
    /// A peer or a program saw something that must not be.
    Failed {
        /// Who.
        who: String,
        /// What, possibly on several lines.
        why: String,
    },
    /// The speaker's process was stopped: it panicked, or made calls without end in one turn.
    Crashed(String),
    /// The bound of the run came first.
    Unfinished {
        /// Who still waits, and for what.
        waiting: Vec<String>,
        /// The first of them, and on what that stands.
        standstill: Standstill,
    },
}

/// Why a run did not finish though no oracle sounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// Who has not come to an end, such as `peer far`.
    pub who: String,
    /// What that waits for.
    pub on: StandsOn,
    /// The story from there on.
    pub certificate: Certificate,
}

/// What somebody waits for who has not come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StandsOn {
    /// That the speaker does this.
    Step(Awaited),
    /// That a step takes its own time.
    Time,
    /// To be started at all.
    Start,
    /// That a session ends, or comes up again, as the play has it.
    Session,
}

impl fmt::Display for StandsOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Step(awaited) => awaited.name(),
            Self::Time => "time",
            Self::Start => "start",
            Self::Session => "session",
        })
    }
}

impl Verdict {
    /// One word, or an oracle's code: `pass`, `O3`, `failed`, `crashed`, `unfinished`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Hang { alarm, .. } => alarm.oracle.code(),
            Self::Failed { .. } => "failed",
            Self::Crashed(_) => "crashed",
            Self::Unfinished { .. } => "unfinished",
        }
    }

    /// What happened, in a few words.
    pub fn summary(&self) -> String {
        match self {
            Self::Pass => "passes".to_owned(),
            Self::Hang { alarm, .. } => format!("hangs: {} {}", alarm.oracle, alarm.oracle.finding()),
            Self::Failed { who, .. } => format!("fails: {who}"),
            Self::Crashed(_) => "crashes".to_owned(),
            Self::Unfinished { .. } => "does not finish".to_owned(),
        }
    }
}
