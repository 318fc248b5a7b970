//! How one case went.

use std::time::Duration;

use serde_json::Value;

use super::Case;
use crate::subject::SubjectRef;

/// How one case went on one reactor.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// What it was played on.
    pub reactor: SubjectRef,
    /// `pass`, an oracle's code, `failed` and so on.
    pub code: String,
    /// What was expected in its place.
    pub expected: &'static str,
    /// What went wrong, possibly on several lines; empty for a case that passes.
    pub why: String,
    /// The same as members of an object, from the lab.
    pub details: Value,
    /// The trace's hash, in the lab.
    pub hash: Option<u64>,
    /// Wall time, for the JUnit file.
    pub took: Duration,
}

impl CaseResult {
    /// Whether it ended as was expected.
    pub fn is_expected(&self) -> bool {
        self.code == self.expected
    }
}
