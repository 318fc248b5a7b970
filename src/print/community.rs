//! Communities of every size, as text.

use alloc::string::String;
use core::fmt::Write;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::put;
use crate::wire::{Community, ExtendedCommunity, Ipv6ExtendedCommunity};

/// A community: `65000:1`, or the name of a well-known one.
pub(super) fn community(out: &mut String, community: Community) {
    match community {
        Community::NO_EXPORT => out.push_str("no-export"),
        Community::NO_ADVERTISE => out.push_str("no-advertise"),
        Community::NO_EXPORT_SUBCONFED => out.push_str("no-export-subconfed"),
        Community::NO_PEER => out.push_str("no-peer"),
        Community::BLACKHOLE => out.push_str("blackhole"),
        _ => put!(out, "{community}"),
    }
}

/// An extended community by its meaning; false, and nothing, where it has none that is known.
///
/// The type is looked up by its low four bits: the bits for "not transitive" and "not IANA's" are ignored.
pub(super) fn extended(out: &mut String, community: ExtendedCommunity) -> bool {
    let value = community.value();
    let [a, b, c, d, e, f] = value;
    let short = u16::from_be_bytes([a, b]);
    let long = u32::from_be_bytes([c, d, e, f]);
    let first = u32::from_be_bytes([a, b, c, d]);
    let last = u16::from_be_bytes([e, f]);
    let address = Ipv4Addr::new(a, b, c, d);
    match (community.kind() & 0x0f, community.subkind()) {
        (0, 0x02) => put!(out, "target:{short}:{long}"),
        (1, 0x02) => put!(out, "target:{address}:{last}"),
        (2, 0x02) => put!(out, "target:{first}:{last}"),
        (0, 0x03) => put!(out, "origin:{short}:{}", Ipv4Addr::from_bits(long)),
        // The number comes first, whichever comes first in the octets.
        (1, 0x03) => put!(out, "origin:{last}:{address}"),
        (2, 0x03) => put!(out, "origin:{first}:{last}"),
        // The word is misspelt where it is read, too.
        (0, 0x04) => put!(out, "bandwith:{short}:{:.0}", f32::from_bits(long)),
        (0, 0x06) => put!(out, "rate-limit:{}", rate(long)),
        (0, 0x07) => put!(out, "action {}", action(f)),
        (0, 0x08) => put!(out, "redirect:{short}:{long}"),
        (0, 0x09) => put!(out, "mark {}", f & 0x3f),
        (0, 0x0a) => put!(out, "l2info:{a}:{b}:{}:{last}", u16::from_be_bytes([c, d])),
        (0, 0x0c) => put!(out, "rate-limit:{}:packets", rate(long)),
        (0, 0x13) => put!(out, "rtrecord:{short}:{long}"),
        (1, 0x13) => put!(out, "rtrecord:{address}:{last}"),
        (2, 0x13) => put!(out, "rtrecord:{first}:{last}"),
        (1, 0x0c) => redirect_to_next_hop(out, address, last),
        (2, 0x08) => octets(out, &community.0),
        (3, 0x0c) => encapsulation(out, last),
        (3, 0x14) => put!(out, "consistentHashSortOrder:{first}"),
        (6, 0x00) => put!(out, "mac-mobility:{long}{}", if a == 1 { ":sticky" } else { "" }),
        (7, 0x02) => interface_set(out, first, last),
        (8, 0x00) => out.push_str(if f & 1 == 1 { "copy-to-nexthop" } else { "redirect-to-nexthop" }),
        (12, 0x00) => put!(out, "mup:{short}:{long}"),
        _ => return false,
    }
    true
}

/// An IPv6-address-specific extended community by its meaning; false, and nothing, where it has none that is known.
pub(super) fn extended_ipv6(out: &mut String, community: Ipv6ExtendedCommunity) -> bool {
    let [kind, subkind, value @ ..] = community.0;
    let (address, last) = value.split_at(16);
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(address).unwrap_or_default());
    let last = <[u8; 2]>::try_from(last).map_or(0, u16::from_be_bytes);
    match (kind & 0x0f, subkind) {
        (0, 0x0c) => redirect_to_next_hop(out, address, last),
        (0, 0x0b) => octets(out, &community.0),
        _ => return false,
    }
    true
}

/// What has no better name.
pub(super) fn octets(out: &mut String, octets: &[u8]) {
    super::hex(out, octets);
}

/// A rate in octets or packets a second; what is below zero, or no number at all, means zero (RFC 8955 §7.1).
fn rate(bits: u32) -> u64 {
    f32::from_bits(bits) as u64
}

/// The bits of a traffic action (RFC 8955 §7.3).
fn action(bits: u8) -> &'static str {
    match bits & 3 {
        0 => "",
        1 => "terminal",
        2 => "sample",
        _ => "sample-terminal",
    }
}

/// Redirection to an address, where it stands in the community.
fn redirect_to_next_hop(out: &mut String, address: impl core::fmt::Display, bits: u16) {
    if bits & 1 == 1 {
        put!(out, "copy-to-nexthop-ietf {address} (with copy)");
    } else {
        put!(out, "redirect-to-nexthop-ietf {address}");
    }
}

/// A tunnel type (RFC 9012 §4.1).
fn encapsulation(out: &mut String, kind: u16) {
    let name = match kind {
        0 => "Default",
        1 => "L2TPv3",
        2 => "GRE",
        7 => "IP-in-IP",
        8 => "VXLAN",
        9 => "NVGRE",
        10 => "MPLS",
        12 => "VXLAN-GPE",
        13 => "MPLS-in-UDP",
        _ => return put!(out, "encap:encap:UNKNOWN-{kind}"),
    };
    put!(out, "encap:{name}");
}

/// A set of interfaces that a FlowSpec rule is for.
fn interface_set(out: &mut String, asn: u32, group: u16) {
    put!(out, "interface-set:");
    match group >> 14 {
        1 => out.push_str("input"),
        2 => out.push_str("output"),
        3 => out.push_str("input-output"),
        other => put!(out, "{other}"),
    }
    put!(out, ":{asn}:{}", group & 0x1fff);
}
