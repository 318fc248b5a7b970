//! The chain of who waits for whom, as it is told.

use std::fmt;

use holdtime_core::Instant;

use crate::certificate::reason::InertReason;

/// Why nothing moves: the shortest story in the wait-for graph, from the one who waits in vain to a circle, or to who will not act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The chain: each link waits for the next one.
    pub links: Vec<Link>,
    /// What it ends with.
    pub end: CertificateEnd,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who waits, such as `program announce`.
    pub who: String,
    /// For what, such as `an answer to "version"`.
    pub what: String,
    /// Since when; `None` where nothing says.
    pub since: Option<Instant>,
    /// What kind of wait it is.
    pub kind: WaitKind,
}

/// What a certificate ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateEnd {
    /// The last link waits for who waits in this one, by its place in the chain: nobody can go first.
    Circle(usize),
    /// Somebody will not act, or not in time.
    Inert {
        /// Who, such as `peer silent`.
        who: String,
        /// Why, as what is said of them: `will never act: its script has ended`.
        why: String,
        /// The same without names and times.
        reason: InertReason,
    },
    /// All that is waited for could act: what is known does not explain the hang. Who should act.
    CanAct(String),
}

impl Default for CertificateEnd {
    fn default() -> Self {
        Self::CanAct("nobody who is known".to_owned())
    }
}

impl CertificateEnd {
    /// Whether it is a deadlock.
    pub fn is_circle(&self) -> bool {
        matches!(self, Self::Circle(_))
    }
}

impl Certificate {
    /// What it ends with, in words.
    pub fn ending(&self) -> String {
        match &self.end {
            CertificateEnd::Circle(start) if start + 1 < self.links.len() && *start > 0 => {
                let who = self.links.get(*start).map_or("who", |link| link.who.as_str());
                format!("which closes the circle at {who}")
            }
            CertificateEnd::Circle(_) => "which closes the circle".to_owned(),
            CertificateEnd::Inert { who, why, .. } => format!("{who} {why}"),
            CertificateEnd::CanAct(who) => format!("{who} could act, and has not"),
        }
    }
}

/// What kind of wait a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitKind {
    /// For what an alarm says is missing.
    Missing,
    /// That a task reads a stream.
    Reading,
    /// That a task writes to a stream.
    Writing,
    /// That a task looks at its timers.
    Timers,
    /// Octets from the other end.
    Bytes,
    /// The same, for a while at a time, again and again.
    BytesForAWhile,
    /// Readiness that leads to nothing.
    Readiness,
    /// Room to write.
    Room,
    /// A receiver's window.
    Window,
    /// A deadline.
    Deadline,
    /// A connection that comes up.
    Connection,
    /// That somebody leaves a connection be.
    Patience,
    /// The processor.
    Processor,
    /// What a command has caused.
    Effect,
    /// What a script wants of the speaker.
    Script,
    /// The end of a process.
    Exit,
    /// Rest.
    Rest,
}

impl fmt::Display for WaitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Reading => "reading",
            Self::Writing => "writing",
            Self::Timers => "timers",
            Self::Bytes => "bytes",
            Self::BytesForAWhile => "bytes for a while",
            Self::Readiness => "readiness",
            Self::Room => "room",
            Self::Window => "window",
            Self::Deadline => "deadline",
            Self::Connection => "connection",
            Self::Patience => "patience",
            Self::Processor => "processor",
            Self::Effect => "effect",
            Self::Script => "script",
            Self::Exit => "exit",
            Self::Rest => "rest",
        })
    }
}
