//! What a run is made of, and what came of it.

use holdtime_core::Instant;

use crate::certificate::Verdict;
use crate::observe::course::Course;
use crate::scenario::{Plan, Play};
use crate::subject::{Defect, Subject};

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Run<'p> {
    /// What is played.
    pub play: &'p Play,
    /// What is under test.
    pub subject: &'p dyn Subject,
    /// Whether a defective subject has its defect.
    pub defect: Defect,
    /// From which seed.
    pub seed: u64,
}

impl Run<'_> {
    /// The conditions that the seed draws.
    pub fn plan(&self) -> Plan {
        Plan::draw(self.seed, self.play.latency)
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it shows.
    pub verdict: Verdict,
    /// When everything had finished, or the alarm sounded.
    pub at: Instant,
    /// The hash of the trace.
    pub hash: u64,
    /// How many steps the trace has.
    pub steps: u64,
    /// What became of the first speaker's sessions.
    pub course: Course,
    /// Where every script stood at the end of a run that did not pass.
    pub standing: Vec<String>,
}
