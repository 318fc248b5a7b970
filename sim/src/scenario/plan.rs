//! What is drawn before a run begins, printed before it does.

use std::fmt;

use holdtime_core::Duration;

use crate::scenario::script::format_duration;
use holdtime_machine::choices::{ChoiceSource, Choices, Site};
use holdtime_machine::net::LinkOptions;
use holdtime_machine::world::Prices;

/// The conditions of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One way, between two machines.
    pub latency: Duration,
    /// How many segments in a thousand are cut short at any octet.
    pub cuts_per_mille: u32,
    /// How many times dearer than the scenario's prices computing is.
    pub slowness: u32,
}

impl Plan {
    /// The plan of a run with these choices and a play of this latency.
    pub fn of(source: &ChoiceSource, latency: Duration) -> Self {
        Self::draw(&Choices::new(source), latency)
    }

    /// Draws a plan: the scenario's latency or one between half of it and twice it, and so on.
    pub(crate) fn draw(choices: &Choices, latency: Duration) -> Self {
        let actor = choices.actor("plan");
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let span = micros.saturating_mul(3) / 2 + 1;
        // Upwards from the scenario's own, and from the least once the greatest was reached.
        let above = choices.below(Site::Latency, actor, span);
        let above_least = (micros - micros / 2).saturating_add(above) % span;
        Self {
            latency: Duration::from_micros(micros / 2 + above_least),
            cuts_per_mille: u32::try_from(choices.below(Site::CutRate, actor, 5)).unwrap_or(0) * 50,
            slowness: 1 + u32::try_from(choices.below(Site::Slowness, actor, 4)).unwrap_or(0),
        }
    }

    /// The link between two machines.
    pub(crate) fn link(&self) -> LinkOptions {
        LinkOptions { latency: self.latency, ..LinkOptions::default() }
    }

    /// What computing costs.
    pub(crate) fn prices(&self, usual: &Prices) -> Prices {
        usual.times(self.slowness)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latency, cuts_per_mille, slowness } = self;
        write!(
            f,
            "latency {}, {cuts_per_mille} of 1000 segments cut, computing at {slowness} × its price",
            format_duration(*latency)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_plan_every_time_and_another_one_another() {
        let draw = |seed: u64| Plan::of(&seed.into(), Duration::from_millis(1));
        assert_eq!(draw(7), draw(7));
        assert!((0..20).map(|seed| draw(seed).latency).any(|latency| latency != draw(0).latency));
        let between = Duration::from_micros(500)..=Duration::from_millis(2);
        assert!((0..200).all(|seed| between.contains(&draw(seed).latency)));
    }

    #[test]
    fn no_choice_is_the_scenarios_own_latency_whole_segments_and_usual_prices() {
        for micros in [1, 2, 3, 1_000, 50_001] {
            let latency = Duration::from_micros(micros);
            let plan = Plan { latency, cuts_per_mille: 0, slowness: 1 };
            assert_eq!(Plan::of(&ChoiceSource::Saved(Vec::new()), latency), plan);
        }
    }
}
