//! What VPN and labelled families put before a prefix: route distinguishers and label stacks.

use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;

use super::error::{BufferFull, Malformed};
use super::reader::Reader;
use super::writer::Writer;

/// A route distinguisher (RFC 4364 §4.2): a type of two octets, then an administrator and a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct RouteDistinguisher(pub [u8; 8]);

impl RouteDistinguisher {
    /// Type 0: a 2-octet AS number and a 4-octet number.
    pub const fn from_as2(asn: u16, number: u32) -> Self {
        let ([a, b], [c, d, e, f]) = (asn.to_be_bytes(), number.to_be_bytes());
        Self([0, 0, a, b, c, d, e, f])
    }

    /// Type 1: an IPv4 address and a 2-octet number.
    pub const fn from_ipv4(address: Ipv4Addr, number: u16) -> Self {
        let ([a, b, c, d], [e, f]) = (address.octets(), number.to_be_bytes());
        Self([0, 1, a, b, c, d, e, f])
    }

    /// Type 2: a 4-octet AS number and a 2-octet number.
    pub const fn from_as4(asn: u32, number: u16) -> Self {
        let ([a, b, c, d], [e, f]) = (asn.to_be_bytes(), number.to_be_bytes());
        Self([0, 2, a, b, c, d, e, f])
    }

    /// The type: 0, 1 or 2 where it is one that RFC 4364 defines.
    pub const fn kind(self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }
}

impl fmt::Display for RouteDistinguisher {
    /// `65000:1` or `10.0.0.1:1`; an unknown type in hexadecimal, as `0x00FF000000000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, a, b, c, d, e, g] = self.0;
        match self.kind() {
            0 => write!(f, "{}:{}", u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, g])),
            1 => write!(f, "{}:{}", Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([e, g])),
            2 => write!(f, "{}:{}", u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, g])),
            _ => write!(f, "0x{:016X}", u64::from_be_bytes(self.0)),
        }
    }
}

/// One entry of a label stack, the 24 bits as they stand on the wire (RFC 8277 §2).
///
/// ```text
///  0                   1                   2
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Label                 |Rsrv |S|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Label([u8; 3]);

impl Label {
    /// What a withdrawal carries instead of a label (RFC 8277 §2.4).
    pub const WITHDRAWN: Self = Self([0x80, 0, 0]);

    /// The entry for label `value`, of which 20 bits count; `bottom` marks the last of a stack.
    pub const fn new(value: u32, bottom: bool) -> Self {
        let [_, a, b, c] = (value << 4 | bottom as u32).to_be_bytes();
        Self([a, b, c])
    }

    /// The entry as it stands on the wire.
    pub const fn from_octets(octets: [u8; 3]) -> Self {
        Self(octets)
    }

    /// The entry as it stands on the wire.
    pub const fn octets(self) -> [u8; 3] {
        self.0
    }

    /// The label, 20 bits.
    pub const fn value(self) -> u32 {
        u32::from_be_bytes([0, self.0[0], self.0[1], self.0[2]]) >> 4
    }

    /// Whether this is the last of its stack.
    pub const fn is_bottom(self) -> bool {
        self.0[2] & 1 == 1
    }
}

/// A label stack, the outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(pub Vec<Label>);

impl Labels {
    /// A stack of these label values, the last one marked as the bottom.
    pub fn from_values(values: &[u32]) -> Self {
        let last = values.len().saturating_sub(1);
        Self(values.iter().enumerate().map(|(i, value)| Label::new(*value, i == last)).collect())
    }

    /// Writes the entries.
    pub(crate) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        self.0.iter().try_for_each(|label| out.array(label.0))
    }
}

/// A label stack as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub struct LabelsView<'a>(&'a [[u8; 3]]);

impl<'a> LabelsView<'a> {
    /// Reads entries up to the bottom of the stack, or to one that says "withdrawn" instead of a label. Of the two numbers
    /// that say so, zero is what some send (RFC 8277 §2.4).
    #[inline]
    pub(crate) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let all = reader.rest();
        let mut count = 0;
        loop {
            let label = Label(reader.array()?);
            count += 1;
            if label.is_bottom() || label == Label::WITHDRAWN || label == Label([0; 3]) {
                break;
            }
        }
        Ok(Self(all.as_chunks().0.get(..count).unwrap_or_default()))
    }

    /// How many octets they take.
    pub(crate) const fn octets(self) -> usize {
        3 * self.0.len()
    }

    /// The entries, the outermost first.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Label> + use<'a> {
        self.0.iter().map(|label| Label(*label))
    }
}

impl From<LabelsView<'_>> for Labels {
    fn from(view: LabelsView<'_>) -> Self {
        Self(view.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distinguisher_of_unknown_type_is_written_as_its_octets() {
        let unknown = RouteDistinguisher([0x1d, 0xed, 0, 0, 0, 0, 0, 1]);
        assert_eq!(alloc::format!("{unknown}"), "0x1DED000000000001");
    }
}
