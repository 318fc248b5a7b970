//! What a seed decides before a run begins, printed before it does.

use std::fmt;

use holdtime_core::Duration;

use crate::scenario::script::format_duration;
use holdtime_machine::net::LinkOptions;
use holdtime_machine::rng::Rng;
use holdtime_machine::world::Prices;

/// The conditions of one run, all drawn from its seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed, which also decides what the run draws on its way.
    pub seed: u64,
    /// One way, between two machines.
    pub latency: Duration,
    /// How many segments in a thousand are cut short at any octet.
    pub cuts_per_mille: u32,
    /// How many times dearer than the scenario's prices computing is.
    pub slowness: u32,
}

impl Plan {
    /// Draws a plan: a latency between half of the scenario's and twice it, and so on.
    pub fn draw(seed: u64, latency: Duration) -> Self {
        let mut rng = Rng::new(seed);
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        Self {
            seed,
            latency: Duration::from_micros(micros / 2 + rng.below(micros.saturating_mul(3) / 2 + 1)),
            cuts_per_mille: u32::try_from(rng.below(5)).unwrap_or(0) * 50,
            slowness: 1 + u32::try_from(rng.below(4)).unwrap_or(0),
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
        let Self { seed, latency, cuts_per_mille, slowness } = self;
        write!(
            f,
            "seed {seed}: latency {}, {cuts_per_mille} of 1000 segments cut, computing at {slowness} × its price",
            format_duration(*latency)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_plan_every_time_and_another_one_another() {
        let draw = |seed| Plan::draw(seed, Duration::from_millis(1));
        assert_eq!(draw(7), draw(7));
        assert!((0..20).map(|seed| draw(seed).latency).any(|latency| latency != draw(0).latency));
    }
}
