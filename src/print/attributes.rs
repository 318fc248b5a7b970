//! The attributes of a route.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Write};
use core::net::Ipv4Addr;

use data_encoding::HEXLOWER;

use super::{community, decimal, hex, link_state, prefix_sid, put, separated, sr_policy};
use crate::wire::attribute::{
    Aggregator, AsPath, AsSegmentKind, Attribute, AttributeCode, AttributeFlags, ExtendedCommunity,
    Ipv6ExtendedCommunity, Origin, PmsiTunnel, UnknownAttribute,
};

/// Appends the members of the JSON object "attribute", without its braces.
pub fn attributes_json(out: &mut String, attributes: &[&Attribute]) {
    found_attributes_json(out, attributes, &|_| None);
}

/// The same of attributes that were found with these flags, which stand where an attribute is told of as its octets; `None`: with those
/// that a speaker would pass it on with.
pub fn found_attributes_json(
    out: &mut String,
    attributes: &[&Attribute],
    flags: &dyn Fn(AttributeCode) -> Option<AttributeFlags>,
) {
    let shown = attributes.iter().filter(|attribute| is_shown(attribute));
    separated(out, ", ", shown, |out, attribute| attribute_json(out, attribute, flags(attribute.code())));
}

/// Appends the attributes as the configuration writes them, a blank before each.
pub fn attributes_text(out: &mut String, attributes: &[&Attribute]) {
    attributes
        .iter()
        .filter(|attribute| is_shown(attribute))
        .for_each(|attribute| attribute_text(out, attribute));
}

/// An empty path is not told of.
pub(super) fn is_shown(attribute: &Attribute) -> bool {
    match attribute {
        Attribute::AsPath(path) | Attribute::As4Path(path) => !path.segments.is_empty(),
        _ => true,
    }
}

/// `found`: the flags that it was found with.
pub(super) fn attribute_json(out: &mut String, attribute: &Attribute, found: Option<AttributeFlags>) {
    let flags = |usual: u8| found.map_or(usual, |flags| flags.0);
    match attribute {
        Attribute::Origin(origin) => put!(out, "\"origin\": \"{}\"", origin_name(*origin)),
        Attribute::AsPath(path) => as_path_json(out, path),
        Attribute::Med(med) => put!(out, "\"med\": {med}"),
        Attribute::LocalPref(preference) => put!(out, "\"local-preference\": {preference}"),
        Attribute::AtomicAggregate => out.push_str("\"atomic-aggregate\": true"),
        Attribute::Aggregator(aggregator) | Attribute::As4Aggregator(aggregator) => {
            put!(out, "\"aggregator\": \"{}:{}\"", aggregator.asn, aggregator.address);
        }
        Attribute::Communities(communities) => {
            list(out, "community", sorted(communities), |out, one| {
                put!(out, "[ {}, {} ]", one.asn(), one.value());
            });
        }
        Attribute::OriginatorId(id) => put!(out, "\"originator-id\": \"{id}\""),
        Attribute::ClusterList(clusters) => {
            list(out, "cluster-list", clusters, |out, id| put!(out, "\"{id}\""));
        }
        Attribute::ExtendedCommunities(communities) => {
            let number = |one: &ExtendedCommunity| u64::from_be_bytes(one.0);
            extended_json(out, "extended-community", communities, number, community::extended);
        }
        Attribute::Ipv6ExtendedCommunities(communities) => {
            let number = |one: &Ipv6ExtendedCommunity| decimal(&one.0);
            extended_json(out, "extended-community-ipv6", communities, number, community::extended_ipv6);
        }
        Attribute::LargeCommunities(communities) => {
            list(out, "large-community", distinct(communities), |out, one| {
                put!(out, "[ {}, {} , {} ]", one.global, one.local1, one.local2);
            });
        }
        Attribute::PmsiTunnel(pmsi) => {
            out.push_str("\"pmsi\": \"");
            pmsi_text(out, pmsi);
            out.push('"');
        }
        Attribute::Aigp(aigp) => put!(out, "\"aigp\": \"{:#018x}\"", aigp.metric),
        Attribute::BgpLs(link_state) => match written(|inside| link_state::json(inside, &link_state.bytes)) {
            Some(inside) => put!(out, "\"bgp-ls\": {{ {inside} }}"),
            None => unknown_json(out, flags(0x80), 29, &link_state.bytes),
        },
        Attribute::PrefixSid(sid) => match written(|inside| prefix_sid::json(inside, &sid.bytes)) {
            Some(inside) => put!(out, "\"bgp-prefix-sid\": {inside}"),
            None => unknown_json(out, flags(0xe0), 40, &sid.bytes),
        },
        Attribute::As4Path(path) => {
            put!(out, "\"attribute-0x11-0x{:02X}\": \"", flags(0xc0));
            as_path_text(out, path);
            out.push('"');
        }
        Attribute::TunnelEncapsulation(tunnel) => match written(|inside| sr_policy::json(inside, tunnel)) {
            Some(inside) => put!(out, "\"tunnel-encap\": {inside}"),
            None => unknown_json(out, flags(0xe0), 23, &tunnel.bytes),
        },
        Attribute::OnlyToCustomer(asn) => unknown_json(out, flags(0xe0), 35, &asn.to_be_bytes()),
        Attribute::AttrSet(set) => {
            unknown_json(out, flags(0xe0), 128, &attr_set_octets(set.origin_as, &set.attributes));
        }
        Attribute::Unknown(unknown) => {
            unknown_json(out, flags(passed_on(unknown)), unknown.code.0, &unknown.value);
        }
    }
}

fn attribute_text(out: &mut String, attribute: &Attribute) {
    match attribute {
        Attribute::Origin(origin) => put!(out, " origin {}", origin_name(*origin)),
        Attribute::AsPath(path) => {
            out.push_str(" as-path ");
            as_path_text(out, path);
        }
        Attribute::Med(med) => put!(out, " med {med}"),
        Attribute::LocalPref(preference) => put!(out, " local-preference {preference}"),
        Attribute::AtomicAggregate => out.push_str(" atomic-aggregate"),
        Attribute::Aggregator(Aggregator { asn, address })
        | Attribute::As4Aggregator(Aggregator { asn, address }) => {
            put!(out, " aggregator ( {asn}:{address} )");
        }
        Attribute::Communities(communities) => {
            words(out, "community", &sorted(communities), community::community);
        }
        Attribute::OriginatorId(id) => put!(out, " originator-id {id}"),
        Attribute::ClusterList(clusters) => {
            // In brackets even where it is one.
            out.push_str(" cluster-list ");
            bracketed(out, clusters.iter(), |out, id| put!(out, "{id}"));
        }
        Attribute::ExtendedCommunities(communities) => {
            extended_text(out, "extended-community", communities, |one| one.0, community::extended);
        }
        Attribute::Ipv6ExtendedCommunities(communities) => {
            let octets = |one: &Ipv6ExtendedCommunity| one.0;
            extended_text(out, "extended-community-ipv6", communities, octets, community::extended_ipv6);
        }
        Attribute::LargeCommunities(communities) => {
            words(out, "large-community", &distinct(communities), |out, one| put!(out, "{one}"));
        }
        Attribute::PmsiTunnel(pmsi) => {
            out.push_str(" pmsi ");
            pmsi_text(out, pmsi);
        }
        Attribute::Aigp(aigp) => put!(out, " aigp {:#018x}", aigp.metric),
        Attribute::BgpLs(link_state) => match written(|inside| link_state::json(inside, &link_state.bytes)) {
            Some(inside) => put!(out, " bgp-ls {{ {inside} }}"),
            None => unknown_text(out, 0x80, 29, &link_state.bytes),
        },
        Attribute::PrefixSid(sid) => match written(|inside| prefix_sid::text(inside, &sid.bytes)) {
            Some(inside) => put!(out, " bgp-prefix-sid {inside}"),
            None => unknown_text(out, 0xe0, 40, &sid.bytes),
        },
        Attribute::As4Path(path) => {
            out.push_str(" attribute [ 0x11 0xC0 ");
            as_path_text(out, path);
            out.push_str(" ]");
        }
        Attribute::TunnelEncapsulation(tunnel) => {
            if !sr_policy::text(out, tunnel) {
                unknown_text(out, 0xe0, 23, &tunnel.bytes);
            }
        }
        Attribute::OnlyToCustomer(asn) => unknown_text(out, 0xe0, 35, &asn.to_be_bytes()),
        Attribute::AttrSet(set) => {
            unknown_text(out, 0xe0, 128, &attr_set_octets(set.origin_as, &set.attributes));
        }
        Attribute::Unknown(unknown) => unknown_text(out, passed_on(unknown), unknown.code.0, &unknown.value),
    }
}

/// What `write` appends, if it can say it.
fn written(write: impl FnOnce(&mut String) -> bool) -> Option<String> {
    let mut text = String::new();
    write(&mut text).then_some(text)
}

/// `"as-path": { "0": {"element": "as-sequence", "value": [65000, 65001]} }`
fn as_path_json(out: &mut String, path: &AsPath) {
    out.push_str("\"as-path\": {");
    separated(out, ", ", path.segments.iter().enumerate(), |out, (index, segment)| {
        let element = if segment.kind == AsSegmentKind::Set { "as-set" } else { "as-sequence" };
        put!(out, "\"{index}\": {{\"element\": \"{element}\", \"value\": {:?}}}", segment.asns);
    });
    out.push('}');
}

/// Extended communities: each its octets as a number, and its name.
fn extended_json<T: Copy + Ord, N: Display>(
    out: &mut String,
    name: &str,
    communities: &[T],
    number: impl Fn(&T) -> N,
    write: impl Fn(&mut String, T) -> bool,
) {
    list(out, name, sorted(communities), |out, one| {
        put!(out, "{{ \"value\": {}, \"string\": \"", number(&one));
        write(out, one);
        out.push_str("\" }");
    });
}

/// Extended communities by their names; by their octets, where they have none.
fn extended_text<T: Copy + Ord, const N: usize>(
    out: &mut String,
    name: &str,
    communities: &[T],
    octets: impl Fn(&T) -> [u8; N],
    write: impl Fn(&mut String, T) -> bool,
) {
    words(out, name, &sorted(communities), |out, one| {
        if !write(out, one) {
            hex(out, &octets(&one));
        }
    });
}

/// The flags with which an attribute that nobody here knows would be passed on (RFC 4271 §5).
fn passed_on(unknown: &UnknownAttribute) -> u8 {
    let partial = if unknown.flags.has(AttributeFlags::TRANSITIVE) { AttributeFlags::PARTIAL } else { 0 };
    unknown.flags.0 | partial
}

pub(super) fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Igp => "igp",
        Origin::Egp => "egp",
        Origin::Incomplete => "incomplete",
    }
}

/// `( 65000 65001 ) [ 65002 ]`
fn as_path_text(out: &mut String, path: &AsPath) {
    separated(out, " ", &path.segments, |out, segment| {
        let (head, tail) = match segment.kind {
            AsSegmentKind::Set => ("[ ", " ]"),
            AsSegmentKind::Sequence => ("( ", " )"),
            AsSegmentKind::ConfedSequence => ("{( ", " )}"),
            AsSegmentKind::ConfedSet => ("{[ ", " ]}"),
        };
        out.push_str(head);
        separated(out, " ", &segment.asns, |out, asn| put!(out, "{asn}"));
        out.push_str(tail);
    });
}

/// `pmsi:ingressreplication:0:100(1600):10.0.0.1`
fn pmsi_text(out: &mut String, pmsi: &PmsiTunnel) {
    let name = match pmsi.kind {
        0 => "notunnel",
        1 => "rsvp-tep2mplsp",
        2 => "mldpp2mplsp",
        3 => "pim-ssmtree",
        4 => "pim-smtree",
        5 => "bidir-pimtree",
        6 => "ingressreplication",
        7 => "mldpmp2mplsp",
        _ => "unknown",
    };
    put!(out, "pmsi:{name}:{}:{}", pmsi.flags, pmsi.label.value());
    match (pmsi.kind, <[u8; 4]>::try_from(&*pmsi.tunnel)) {
        (6, Ok(octets)) => {
            let [a, b, c] = pmsi.label.octets();
            let raw = u32::from_be_bytes([0, a, b, c]);
            if raw != 0 {
                put!(out, "({raw})");
            }
            put!(out, ":{}", Ipv4Addr::from(octets));
        }
        _ if pmsi.tunnel.is_empty() => out.push(':'),
        _ => {
            out.push(':');
            hex(out, &pmsi.tunnel);
        }
    }
}

/// What stands on the wire of an ATTR_SET.
fn attr_set_octets(origin_as: u32, attributes: &[u8]) -> Vec<u8> {
    origin_as.to_be_bytes().iter().chain(attributes).copied().collect()
}

pub(super) fn unknown_json(out: &mut String, flags: u8, code: u8, value: &[u8]) {
    put!(out, "\"attribute-0x{code:02X}-0x{flags:02X}\": \"0x");
    HEXLOWER.encode_append(value, out);
    out.push('"');
}

fn unknown_text(out: &mut String, flags: u8, code: u8, value: &[u8]) {
    put!(out, " attribute [ 0x{code:02X} 0x{flags:02X} 0x");
    HEXLOWER.encode_append(value, out);
    out.push_str(" ]");
}

/// Communities are told of in ascending order, whatever order they were sent in.
pub(super) fn sorted<T: Copy + Ord>(items: &[T]) -> Vec<T> {
    let mut items = items.to_vec();
    items.sort_unstable();
    items
}

/// The same, each once.
fn distinct<T: Copy + Ord>(items: &[T]) -> Vec<T> {
    let mut items = sorted(items);
    items.dedup();
    items
}

/// `"name": [ …, … ]`
fn list<T>(
    out: &mut String,
    name: &str,
    items: impl IntoIterator<Item = T>,
    write: impl FnMut(&mut String, T),
) {
    put!(out, "\"{name}\": [ ");
    separated(out, ", ", items, write);
    out.push_str(" ]");
}

/// ` name item`, or ` name [ item item ]` where there is not exactly one.
fn words<T: Copy>(out: &mut String, name: &str, items: &[T], mut write: impl FnMut(&mut String, T)) {
    put!(out, " {name} ");
    if let [only] = items {
        return write(out, *only);
    }
    bracketed(out, items.iter().copied(), write);
}

/// `[ item item ]`
fn bracketed<T>(out: &mut String, items: impl Iterator<Item = T>, write: impl FnMut(&mut String, T)) {
    out.push_str("[ ");
    separated(out, " ", items, write);
    out.push_str(" ]");
}
