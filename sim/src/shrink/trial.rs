//! What is played again and again.

use crate::scenario::Scenario;

/// What is played: a plan, and from which seed.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The plan.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
}
