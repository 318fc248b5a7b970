//! What a run shows: that everything finished, or what did not and why.

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
    },
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
