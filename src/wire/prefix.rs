//! IP prefixes: an address with a length, its host bits always zero.

use core::cmp::Ordering;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::{BufferFull, Malformed};
use super::family::Afi;
use super::reader::Reader;
use super::writer::Writer;

/// An IPv4 prefix. Ordered by address, then by length.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ipv4Prefix {
    octets: [u8; 4],
    length: u8,
}

impl Ipv4Prefix {
    /// `address/length` with the bits past `length` cleared; `None` where `length` is above 32.
    pub const fn new(address: Ipv4Addr, length: u8) -> Option<Self> {
        if length > 32 {
            return None;
        }
        Some(Self::masked(address.to_bits(), length))
    }

    /// The address; its host bits are zero.
    pub const fn address(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::from_be_bytes(self.octets))
    }

    /// The length in bits, 0 to 32.
    pub const fn length(self) -> u8 {
        self.length
    }
}

impl Ord for Ipv4Prefix {
    /// One comparison of two numbers, where a derived one goes octet by octet.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let number =
            |prefix: &Self| u64::from(u32::from_be_bytes(prefix.octets)) << 8 | u64::from(prefix.length);
        number(self).cmp(&number(other))
    }
}

impl PartialOrd for Ipv4Prefix {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An IPv6 prefix. Ordered by address, then by length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipv6Prefix {
    octets: [u8; 16],
    length: u8,
}

impl Ipv6Prefix {
    /// `address/length` with the bits past `length` cleared; `None` where `length` is above 128.
    pub const fn new(address: Ipv6Addr, length: u8) -> Option<Self> {
        if length > 128 {
            return None;
        }
        Some(Self::masked(address.to_bits(), length))
    }

    /// The address; its host bits are zero.
    pub const fn address(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(u128::from_be_bytes(self.octets))
    }

    /// The length in bits, 0 to 128.
    pub const fn length(self) -> u8 {
        self.length
    }
}

/// What prefixes of both families do alike, each with the number that its address is.
macro_rules! codec {
    ($prefix:ident, $bits:ty, $most:literal, $family:literal) => {
        impl $prefix {
            /// `length` bits of `bits`, the rest cleared; `length` is at most the family's.
            #[inline]
            const fn masked(bits: $bits, length: u8) -> Self {
                let mask = !(<$bits>::MAX.unbounded_shr(length as u32));
                Self { octets: (bits & mask).to_be_bytes(), length }
            }

            /// Reads the address of a prefix of `length` bits: as many octets as it needs. Bits past `length` are ignored
            /// (RFC 4271 §4.3).
            #[inline]
            pub(crate) fn parse_bits(reader: &mut Reader<'_>, length: u8) -> Result<Self, Malformed> {
                if length > $most {
                    return Err(Malformed::value(
                        reader.offset(),
                        concat!("an ", $family, " prefix of more than ", $most, " bits"),
                    ));
                }
                let octets = usize::from(length).div_ceil(8);
                // Mostly there is more behind it: then one load and a mask do, whatever its length.
                if let Some(octets_and_more) = reader.rest().first_chunk() {
                    reader.bytes(octets)?;
                    return Ok(Self::masked(<$bits>::from_be_bytes(*octets_and_more), length));
                }
                let mut address = [0; $most / 8];
                for (slot, octet) in address.iter_mut().zip(reader.bytes(octets)?) {
                    *slot = *octet;
                }
                Ok(Self::masked(<$bits>::from_be_bytes(address), length))
            }

            /// Reads a length and as many octets of the address as it needs.
            #[inline]
            pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                let mut ahead = *reader;
                let length = ahead.u8()?;
                let prefix = Self::parse_bits(&mut ahead, length)?;
                *reader = ahead;
                Ok(prefix)
            }

            /// Writes the length and as many octets of the address as it needs.
            #[inline]
            pub(crate) fn encode(self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
                out.slots([self], Self::fill)
            }

            /// Puts the length and the whole address into a slot; how many of these octets stand on the wire.
            #[inline]
            pub(crate) fn fill(self, slot: &mut [u8; 1 + $most / 8]) -> usize {
                let [length, address @ ..] = slot;
                (*length, *address) = (self.length, self.octets);
                1 + usize::from(self.length).div_ceil(8)
            }

            /// Writes as many octets of the address as its length needs.
            #[inline]
            pub(crate) fn encode_bits(self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
                let octets = usize::from(self.length).div_ceil(8);
                out.bytes(self.octets.get(..octets).unwrap_or_default())
            }
        }

        impl fmt::Display for $prefix {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.address(), self.length)
            }
        }

        impl fmt::Debug for $prefix {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

codec!(Ipv4Prefix, u32, 32, "IPv4");
codec!(Ipv6Prefix, u128, 128, "IPv6");

/// A prefix of either address family. IPv4 sorts before IPv6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Prefix {
    /// IPv4
    V4(Ipv4Prefix),
    /// IPv6
    V6(Ipv6Prefix),
}

impl Prefix {
    /// `address/length` with the bits past `length` cleared; `None` where `length` is too long for the family.
    pub const fn new(address: IpAddr, length: u8) -> Option<Self> {
        match address {
            IpAddr::V4(address) => match Ipv4Prefix::new(address, length) {
                Some(prefix) => Some(Self::V4(prefix)),
                None => None,
            },
            IpAddr::V6(address) => match Ipv6Prefix::new(address, length) {
                Some(prefix) => Some(Self::V6(prefix)),
                None => None,
            },
        }
    }

    /// The address; its host bits are zero.
    pub const fn address(self) -> IpAddr {
        match self {
            Self::V4(prefix) => IpAddr::V4(prefix.address()),
            Self::V6(prefix) => IpAddr::V6(prefix.address()),
        }
    }

    /// The length in bits.
    pub const fn length(self) -> u8 {
        match self {
            Self::V4(prefix) => prefix.length,
            Self::V6(prefix) => prefix.length,
        }
    }

    /// [`Afi::IPV4`] or [`Afi::IPV6`].
    pub const fn afi(self) -> Afi {
        match self {
            Self::V4(_) => Afi::IPV4,
            Self::V6(_) => Afi::IPV6,
        }
    }

    /// Reads the address of a prefix of `length` bits; of an address family other than IPv6, an IPv4 one.
    #[inline]
    pub(crate) fn parse_bits(reader: &mut Reader<'_>, afi: Afi, length: u8) -> Result<Self, Malformed> {
        if afi == Afi::IPV6 {
            Ipv6Prefix::parse_bits(reader, length).map(Self::V6)
        } else {
            Ipv4Prefix::parse_bits(reader, length).map(Self::V4)
        }
    }

    /// Writes the length and as many octets of the address as it needs.
    #[inline]
    pub(crate) fn encode(self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        match self {
            Self::V4(prefix) => prefix.encode(out),
            Self::V6(prefix) => prefix.encode(out),
        }
    }

    /// Writes as many octets of the address as its length needs.
    pub(crate) fn encode_bits(self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        match self {
            Self::V4(prefix) => prefix.encode_bits(out),
            Self::V6(prefix) => prefix.encode_bits(out),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(prefix) => fmt::Display::fmt(prefix, f),
            Self::V6(prefix) => fmt::Display::fmt(prefix, f),
        }
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Ipv4Prefix> for Prefix {
    fn from(prefix: Ipv4Prefix) -> Self {
        Self::V4(prefix)
    }
}

impl From<Ipv6Prefix> for Prefix {
    fn from(prefix: Ipv6Prefix) -> Self {
        Self::V6(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(bytes: &[u8]) -> Result<Ipv4Prefix, Malformed> {
        Ipv4Prefix::parse(&mut Reader::new(bytes, 0))
    }

    #[test]
    fn a_prefix_takes_as_many_octets_as_its_length_needs() {
        let mut reader = Reader::new(&[23, 10, 1, 0xff, 99], 0);
        assert_eq!(alloc::format!("{}", Ipv4Prefix::parse(&mut reader).unwrap()), "10.1.254.0/23");
        assert_eq!(reader.rest(), [99]);
        assert_eq!(v4(&[0]).unwrap(), Ipv4Prefix::new(Ipv4Addr::UNSPECIFIED, 0).unwrap());
        assert_eq!(v4(&[32, 1, 2, 3, 4]).unwrap().address(), Ipv4Addr::new(1, 2, 3, 4));
    }

    #[test]
    fn host_bits_are_cleared() {
        assert_eq!(
            v4(&[20, 10, 1, 0xff]).unwrap(),
            Ipv4Prefix::new(Ipv4Addr::new(10, 1, 0xf0, 0), 20).unwrap()
        );
        assert_eq!(v4(&[1, 0xff, 0, 0, 0, 0]).unwrap().address(), Ipv4Addr::new(128, 0, 0, 0));
    }

    #[test]
    fn a_prefix_too_long_or_cut_short_is_malformed() {
        assert_eq!(v4(&[33, 1, 2, 3, 4, 5]).unwrap_err().offset, 1);
        assert_eq!(v4(&[32, 1, 2, 3]).unwrap_err().what, "ends too early");
        assert!(Ipv6Prefix::parse(&mut Reader::new(&[129; 32], 0)).is_err());
    }

    #[test]
    fn every_length_is_written_as_it_was_read() {
        for length in 0..=128 {
            let prefix = Ipv6Prefix::new(Ipv6Addr::from_bits(u128::MAX), length).unwrap();
            let mut buffer = [0; 17];
            let mut out = Writer::new(&mut buffer);
            prefix.encode(&mut out).unwrap();
            assert_eq!(out.len(), 1 + usize::from(length).div_ceil(8));
            assert_eq!(Ipv6Prefix::parse(&mut Reader::new(out.written(), 0)), Ok(prefix));
        }
    }
}
