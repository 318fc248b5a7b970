//! Jitter (RFC 4271 §10): the core has no randomness but the seed it was given.

use holdtime_host::rng::SplitMix64;

use crate::time::Duration;

/// A sequence of jitter that is fixed by its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(SplitMix64);

impl Jitter {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// `period` times a factor between 0.75 and 1.0.
    pub fn apply(&mut self, period: Duration) -> Duration {
        let nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let quarter = nanos / 4;
        Duration::from_nanos(nanos - self.next_u64() % (quarter + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_shortened_by_a_quarter_at_most_and_the_same_way_for_the_same_seed() {
        let period = Duration::from_secs(30);
        let drawn = |seed| {
            let mut jitter = Jitter::new(seed);
            core::array::from_fn::<_, 100, _>(|_| jitter.apply(period))
        };
        assert!(drawn(1).iter().all(|one| (Duration::from_millis(22_500)..=period).contains(one)));
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn no_period_stays_none() {
        assert_eq!(Jitter::new(7).apply(Duration::ZERO), Duration::ZERO);
    }
}
