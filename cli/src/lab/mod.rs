//! The lab's verbs: scenarios, suites, sweeps, recordings.

mod crew;
pub(crate) mod dialogue;
mod drawing;
pub(crate) mod explore;
mod failing;
mod findings;
pub(crate) mod list;
mod parallel;
pub(crate) mod parity;
pub(crate) mod probe;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shrink;
pub(crate) mod suite;
pub(crate) mod why;
