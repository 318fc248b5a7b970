//! The oracles' names, for what a scenario expects.

use std::fmt;
use std::str::FromStr;

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
            Self::Unsent => "sounds when a route or a withdrawal is not on the wire by its deadline",
            Self::Spin => "sounds when the speaker works without progress",
            Self::Unanswered => "sounds when a command of an API program goes unanswered",
            Self::KeepaliveGap => "sounds when the speaker leaves too long a gap between KEEPALIVEs",
            Self::Overdue => {
                "sounds when a session outlives its timers, or is ended before its hold timer expires"
            }
            Self::Flapping => "sounds when sessions flap, or never come up",
            Self::Divergence => "sounds when the peer's table is not what was asked for, once all is quiet",
            Self::Growth => "sounds when what is asked of the speaker piles up in it",
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
