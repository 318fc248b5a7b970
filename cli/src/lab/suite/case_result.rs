//! How one case went.

use std::time::Duration;

use holdtime_sim::subject::SubjectRef;
use holdtime_sim::suite::Case;

/// How one case went on one reactor.
pub(crate) struct CaseResult {
    pub(crate) case: Case,
    pub(crate) reactor: SubjectRef,
    /// `pass`, an oracle's code, `failed` and so on.
    pub(crate) code: String,
    /// What was expected in its place.
    pub(crate) expected: &'static str,
    /// What went wrong, possibly on several lines; empty for a case that passes.
    pub(crate) why: String,
    /// The same as members of an object, from the lab.
    pub(crate) details: serde_json::Value,
    /// The trace's hash, in the lab.
    pub(crate) hash: Option<u64>,
    /// Wall time, for the JUnit file.
    pub(crate) took: Duration,
}

impl CaseResult {
    pub(crate) fn is_expected(&self) -> bool {
        self.code == self.expected
    }
}

/// Folds the hash of one more trace, if it has one, into those before it.
pub(super) fn add_hash(hash: u64, result: &CaseResult) -> u64 {
    hash.rotate_left(7) ^ result.hash.unwrap_or_default()
}
