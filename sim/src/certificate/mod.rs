//! What a run shows, and why: verdicts, the story in the wait-for graph, and what tells two reasons apart.
//!
//! ```text
//! scene   everybody and everything at the moment of an alarm, as plain data
//! build   the graph of it (holdtime_waits), and the shortest story in that
//!   owed  what the speaker owes to whom the alarm is about     rest  who works without progress
//!   doer  which of its tasks would have to act                 far   what the other ends do next
//! chain   the story as it is told                              key   the same without names and times
//! ```

mod build;
mod chain;
mod doer;
mod far;
mod key;
mod owed;
mod reason;
mod rest;
pub(crate) mod scene;
#[cfg(test)]
mod tests;
mod verdict;

pub(crate) use build::{certify, standstill};
pub use chain::{Certificate, CertificateEnd, Link, WaitKind};
pub use key::Key;
pub use reason::InertReason;
pub use verdict::{SESSION, StandsOn, Standstill, Verdict};
