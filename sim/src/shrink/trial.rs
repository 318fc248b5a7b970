//! What is played again and again.

use holdtime_machine::choices::{Choice, ChoiceSource};

use crate::scenario::Scenario;

/// What is played: a plan, and where its choices come from.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The plan.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// The choices that are not 0, where they do not come from the seed.
    pub choices: Option<Vec<Choice>>,
}

impl Trial {
    /// Where its choices come from.
    pub fn source(&self) -> ChoiceSource {
        self.choices.clone().map_or(ChoiceSource::Seed(self.seed), ChoiceSource::Adapted)
    }
}
