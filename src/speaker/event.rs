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

/// One line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// How much it matters.
    pub severity: Severity,
    /// Whom it is about.
    pub party: Party,
    /// What happened, as a clause without a final full stop.
    pub text: String,
}
