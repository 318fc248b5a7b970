//! What a run is made of, and what came of it.

use holdtime_core::Instant;

use holdtime_machine::choices::{Choice, ChoiceSource};

use crate::certificate::Verdict;
use crate::observe::course::Course;
use crate::oracle::Questions;
use crate::scenario::Play;
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
    /// Where its choices come from.
    pub choices: ChoiceSource,
}

/// From when on a run's choices come from elsewhere.
#[derive(Clone, Debug)]
pub struct Detour {
    /// What happens before this instant is as it was. What was drawn before the start, such as the latency, stays.
    pub at: Instant,
    /// Where the choices come from then.
    pub choices: ChoiceSource,
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
    /// What the oracles of all speakers were asked.
    pub questions: Questions,
    /// Where every script stood at the end of a run that did not pass.
    pub standing: Vec<String>,
    /// The choices that were not 0, where they were to be recorded: as a source they give the same run.
    pub choices: Vec<Choice>,
}
