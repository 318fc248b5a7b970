//! IP prefixes: an address with a length, its host bits always zero.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::family::Afi;

/// An IPv4 prefix. Ordered by address, then by length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        let mask = match u32::MAX.checked_shl(32 - length as u32) {
            Some(mask) => mask,
            None => 0,
        };
        Some(Self { octets: (address.to_bits() & mask).to_be_bytes(), length })
    }

    /// The address; its host bits are zero.
    pub const fn address(self) -> Ipv4Addr {
        Ipv4Addr::from_octets(self.octets)
    }

    /// The length in bits, 0 to 32.
    pub const fn length(self) -> u8 {
        self.length
    }
}

impl fmt::Display for Ipv4Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.length)
    }
}

impl fmt::Debug for Ipv4Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
        let mask = match u128::MAX.checked_shl(128 - length as u32) {
            Some(mask) => mask,
            None => 0,
        };
        Some(Self { octets: (address.to_bits() & mask).to_be_bytes(), length })
    }

    /// The address; its host bits are zero.
    pub const fn address(self) -> Ipv6Addr {
        Ipv6Addr::from_octets(self.octets)
    }

    /// The length in bits, 0 to 128.
    pub const fn length(self) -> u8 {
        self.length
    }
}

impl fmt::Display for Ipv6Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.length)
    }
}

impl fmt::Debug for Ipv6Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A prefix of either address family. IPv4 sorts before IPv6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
