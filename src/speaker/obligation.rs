//! What is owed, to whom, since when, until when.

use alloc::string::String;
use core::fmt;

use crate::time::Instant;

/// Whom an obligation or an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// This speaker.
    Speaker,
    /// A neighbor, by the name the configuration gives it.
    Neighbor(String),
    /// An API program, by the name the configuration gives it.
    Program(String),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Speaker => f.write_str("speaker"),
            Self::Neighbor(name) => write!(f, "neighbor {name}"),
            Self::Program(name) => write!(f, "program {name}"),
        }
    }
}

/// What kind of thing is owed. Who owes it tells the rest: an OPEN is ours or the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObligationKind {
    /// The next attempt at a connection.
    Attempt,
    /// A connection.
    Connection,
    /// An OPEN.
    Open,
    /// A KEEPALIVE, or what counts as one.
    Keepalive,
    /// Messages that are written and not yet handed to TCP.
    Octets,
    /// Changes of routes that are in no message yet.
    Routes,
    /// The routes of a peer that has restarted, once more.
    RoutesAgain,
    /// Reading what the other one has written.
    Reading,
    /// The end of a connection.
    Close,
    /// A program's start.
    Start,
    /// A program's answer.
    Answer,
    /// A process's end.
    Exit,
}

/// Something that one party owes another. It explains a hang; it does not judge one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// Who must act.
    pub debtor: Party,
    /// Who is waiting.
    pub creditor: Party,
    /// What kind of thing is owed.
    pub kind: ObligationKind,
    /// What is owed, such as `an answer to "announce route …"`.
    pub what: String,
    /// What it waits for, such as `the peer's receive window`; `None`: nothing but the next turn of the reactor.
    pub waits_for: Option<String>,
    /// Since when it is owed.
    pub since: Instant,
    /// When it is overdue; `None`: nothing says.
    pub until: Option<Instant>,
    /// What says so, such as `RFC 4271 §6.5`.
    pub clause: &'static str,
}
