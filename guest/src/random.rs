//! Random octets that are the same in every run.

use holdtime_host::rng::SplitMix64;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct FixedOctets(SplitMix64);

/// As many as one call gives: `getrandom` may give less than was asked for.
const MOST: usize = 4096;

impl Default for FixedOctets {
    fn default() -> Self {
        Self(SplitMix64::new(0))
    }
}

impl FixedOctets {
    /// The next so many.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(MOST);
        let mut octets = Vec::with_capacity(count + 8);
        while octets.len() < count {
            octets.extend(self.0.next_u64().to_le_bytes());
        }
        octets.truncate(count);
        octets
    }
}
