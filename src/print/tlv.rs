//! What is inside TLVs: numbers and addresses of the length that their value has.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A number of at most eight octets, the most significant first.
pub(super) fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// A number that takes exactly `length` octets.
pub(super) fn exactly(octets: &[u8], length: usize) -> Option<u64> {
    (octets.len() == length).then(|| number(octets))
}

/// An address of either family, told by its length.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).into()),
        16 => ipv6(octets).map(IpAddr::from),
        _ => None,
    }
}

/// An IPv6 address.
pub(super) fn ipv6(octets: &[u8]) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(octets).ok().map(Ipv6Addr::from)
}

/// A floating-point number of four octets.
pub(super) fn single(octets: &[u8]) -> Option<f64> {
    <[u8; 4]>::try_from(octets).ok().map(|octets| f64::from(f32::from_be_bytes(octets)))
}
