//! The TLVs of link-state families (RFC 9552 §5.1): two octets of type, two of length, then the value.

use super::budget;
use super::error::Malformed;
use super::reader::Reader;

/// TLVs one after another; an iterator over type and value, which ends at the end *and* at what is cut off.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (2)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    /// The TLVs in `bytes`, as far as they go.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The TLVs in `bytes`, where they end where the octets do.
    pub fn whole(bytes: &'a [u8]) -> Option<Self> {
        Self::parse(Reader::new(bytes, 0)).ok()
    }

    /// Reads all of `reader`.
    #[inline]
    pub(crate) fn parse(reader: Reader<'a>) -> Result<Self, Malformed> {
        let all = Self(reader.rest());
        let mut rest = all;
        for _ in rest.by_ref() {}
        match rest.0.len() {
            0 => Ok(all),
            left => Err(Malformed::length(
                reader.offset() + all.0.len() - left,
                "a TLV longer than what holds it",
            )),
        }
    }

    /// The octets that were not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = (u16, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        budget::step();
        let (&[a, b, c, d], rest) = self.0.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([c, d])))?;
        self.0 = rest;
        Some((u16::from_be_bytes([a, b]), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn tlvs_are_read_in_order_up_to_one_that_is_cut_off() {
        let bytes = [4, 2, 0, 1, 9, 4, 3, 0, 0, 4, 4, 0, 2, 7];
        assert_eq!(Tlvs::new(&bytes).collect::<Vec<_>>(), [(1026, &[9][..]), (1027, &[])]);
        assert_eq!(Tlvs::parse(Reader::new(&bytes, 100)).unwrap_err().offset, 109);
        assert!(Tlvs::whole(&bytes[..9]).is_some());
    }
}
