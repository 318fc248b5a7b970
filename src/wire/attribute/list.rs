//! Attributes that are a run of items of one size: communities of every kind, and CLUSTER_LIST.

use core::marker::PhantomData;
use core::net::Ipv4Addr;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;
use super::{Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity};

/// An item of `N` octets.
pub trait ListItem<const N: usize>: Copy {
    /// The item that stands on the wire as `octets`.
    fn from_octets(octets: [u8; N]) -> Self;
    /// The item as it stands on the wire.
    fn octets(self) -> [u8; N];
}

impl ListItem<4> for Community {
    #[inline]
    fn from_octets(octets: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(octets))
    }

    #[inline]
    fn octets(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

impl ListItem<4> for Ipv4Addr {
    #[inline]
    fn from_octets(octets: [u8; 4]) -> Self {
        Self::from(octets)
    }

    #[inline]
    fn octets(self) -> [u8; 4] {
        Self::octets(&self)
    }
}

impl ListItem<8> for ExtendedCommunity {
    #[inline]
    fn from_octets(octets: [u8; 8]) -> Self {
        Self(octets)
    }

    #[inline]
    fn octets(self) -> [u8; 8] {
        self.0
    }
}

impl ListItem<20> for Ipv6ExtendedCommunity {
    #[inline]
    fn from_octets(octets: [u8; 20]) -> Self {
        Self(octets)
    }

    #[inline]
    fn octets(self) -> [u8; 20] {
        self.0
    }
}

impl ListItem<12> for LargeCommunity {
    #[inline]
    fn from_octets([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; 12]) -> Self {
        Self {
            global: u32::from_be_bytes([a, b, c, d]),
            local1: u32::from_be_bytes([e, f, g, h]),
            local2: u32::from_be_bytes([i, j, k, l]),
        }
    }

    #[inline]
    fn octets(self) -> [u8; 12] {
        let ([a, b, c, d], [e, f, g, h]) = (self.global.to_be_bytes(), self.local1.to_be_bytes());
        let [i, j, k, l] = self.local2.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }
}

/// A run of items as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub struct List<'a, T, const N: usize> {
    items: &'a [[u8; N]],
    of: PhantomData<T>,
}

impl<'a, T: ListItem<N>, const N: usize> List<'a, T, N> {
    /// Reads all of `reader`: one item or more, and nothing after the last (RFC 7606 §7.8 and the like).
    #[inline]
    pub(crate) fn parse(reader: Reader<'a>) -> Result<Self, Malformed> {
        let (items, rest) = reader.rest().as_chunks();
        if items.is_empty() || !rest.is_empty() {
            return Err(Malformed::length(reader.offset(), "not a whole number of items, or none"));
        }
        Ok(Self { items, of: PhantomData })
    }

    /// How many items there are; at least one.
    #[inline]
    pub const fn count(self) -> usize {
        self.items.len()
    }

    /// The items, in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = T> + use<'a, T, N> {
        self.items.iter().map(|octets| T::from_octets(*octets))
    }
}

/// Writes a run of items.
#[inline]
pub(super) fn encode<T: ListItem<N>, const N: usize>(
    items: &[T],
    out: &mut Writer<'_>,
) -> Result<(), BufferFull> {
    out.items(items.iter().map(|item| item.octets()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_run_of_items_is_read_in_order() {
        let list = List::<Community, 4>::parse(Reader::new(&[0, 1, 0, 2, 0xff, 0xff, 0xff, 1], 0)).unwrap();
        assert_eq!(list.iter().collect::<Vec<_>>(), [Community::new(1, 2), Community::NO_EXPORT]);
    }

    #[test]
    fn a_run_of_no_items_or_of_a_part_of_one_is_malformed() {
        assert!(List::<Community, 4>::parse(Reader::new(&[], 0)).is_err());
        assert!(List::<Ipv6ExtendedCommunity, 20>::parse(Reader::new(&[0; 8], 0)).is_err());
        assert!(List::<LargeCommunity, 12>::parse(Reader::new(&[0; 13], 0)).is_err());
    }
}
