//! Numbers and addresses, where they come in millions: what `Display` writes, without its machinery.

use alloc::string::String;
use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr};

use super::put;
use crate::wire::Prefix;

/// Appends a number in decimal.
#[inline]
pub fn unsigned(out: &mut String, number: u32) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Appends an address.
#[inline]
pub fn address(out: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => put!(out, "{address}"),
    }
}

#[inline]
pub(super) fn ipv4(out: &mut String, address: Ipv4Addr) {
    let [a, b, c, d] = address.octets();
    unsigned(out, u32::from(a));
    for octet in [b, c, d] {
        out.push('.');
        unsigned(out, u32::from(octet));
    }
}

/// Appends `address/length`.
#[inline]
pub(super) fn prefix(out: &mut String, prefix: Prefix) {
    let length = match prefix {
        Prefix::V4(prefix) => {
            ipv4(out, prefix.address());
            prefix.length()
        }
        Prefix::V6(prefix) => {
            put!(out, "{}", prefix.address());
            prefix.length()
        }
    };
    out.push('/');
    unsigned(out, u32::from(length));
}
