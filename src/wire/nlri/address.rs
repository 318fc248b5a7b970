//! Addresses inside NLRI, where an octet before them gives their length in bits.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::error::Malformed;
use super::super::reader::Reader;

/// Reads a length of 0, 32 or 128 bits and the address that it announces.
#[inline]
pub(super) fn optional(reader: &mut Reader<'_>) -> Result<Option<IpAddr>, Malformed> {
    let offset = reader.offset();
    match reader.u8()? {
        0 => Ok(None),
        32 => of(reader, 4).map(Some),
        128 => of(reader, 16).map(Some),
        _ => Err(Malformed::value(offset, "an address that is not 0, 32 or 128 bits long")),
    }
}

/// Reads a length of 32 or 128 bits and the address that it announces.
#[inline]
pub(super) fn required(reader: &mut Reader<'_>) -> Result<IpAddr, Malformed> {
    let offset = reader.offset();
    optional(reader)?.ok_or(Malformed::value(offset, "an address that is missing"))
}

/// Reads an address of 4 or 16 octets.
#[inline]
pub(super) fn of(reader: &mut Reader<'_>, octets: usize) -> Result<IpAddr, Malformed> {
    match octets {
        4 => Ok(Ipv4Addr::from(reader.array::<4>()?).into()),
        16 => Ok(Ipv6Addr::from(reader.array::<16>()?).into()),
        _ => Err(Malformed::length(reader.offset(), "an address of neither 4 nor 16 octets")),
    }
}
