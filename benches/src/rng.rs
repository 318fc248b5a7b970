//! The corpora's random numbers, which any machine repeats from their seed.

use holdtime_host::rng::SplitMix64;

/// A stream of numbers, in the shapes that corpora need.
#[derive(Clone, Debug)]
pub(crate) struct CorpusRng(SplitMix64);

impl CorpusRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to, but not including, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// The upper half, for values of four octets.
    pub(crate) fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// One of the values, each as often as its weight says.
    pub(crate) fn weighted(&mut self, table: &[(u64, u64)]) -> u64 {
        let total = table.iter().map(|(_, weight)| weight).sum();
        let mut at = self.below(total);
        for &(value, weight) in table {
            if at < weight {
                return value;
            }
            at -= weight;
        }
        0
    }
}
