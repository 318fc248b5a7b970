//! What the core tells its log.

use alloc::string::String;

use super::obligation::Party;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For whoever hunts a bug.
    Debug,
    /// The normal course of things.
    Info,
    /// Something was refused, lost or closed.
    Warning,
    /// The operator must act.
    Error,
}

/// What an event is to those before it: whether a log may sum it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Something has changed, or a signal or a command has had its answer. It is said every time, and what was said of
    /// the same party again and again until now is over.
    Change,
    /// Something was tried or refused and nothing has changed by it, so that the same may follow at once and without end. It
    /// may be counted instead of said.
    Repeat,
    /// Something that is said every time and ends nothing: a detail, or what a program has said.
    Remark,
    /// The speaker begins to end: what was only counted is to be said before.
    Shutdown,
}

/// One line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// How much it matters.
    pub severity: Severity,
    /// What it is to the events before it.
    pub kind: EventKind,
    /// Whom it is about.
    pub party: Party,
    /// What happened, as a clause without a final full stop.
    pub text: String,
}
