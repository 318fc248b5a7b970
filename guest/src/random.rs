//! Random octets that are the same in every run.

/// The next state of splitmix64.
#[derive(Debug, Default)]
pub(crate) struct FixedOctets(u64);

/// As many as one call gives: `getrandom` may give less than was asked for.
const MOST: usize = 4096;

impl FixedOctets {
    /// The next so many.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(MOST);
        let mut octets = Vec::with_capacity(count + 8);
        while octets.len() < count {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            octets.extend((word ^ (word >> 31)).to_le_bytes());
        }
        octets.truncate(count);
        octets
    }
}
