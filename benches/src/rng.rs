//! The generator of the corpora's random numbers: SplitMix64, which any machine repeats from its seed.

/// SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct CorpusRng(u64);

impl CorpusRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
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
