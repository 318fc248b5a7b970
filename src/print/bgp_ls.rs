//! Link-state destinations (RFC 9552): nodes, links, prefixes, SRv6 SIDs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::{HEXLOWER, HEXUPPER};

use super::tlv::{address, exactly, number};
use super::{put, separated};
use crate::wire::NextHop;
use crate::wire::nlri::{BgpLsFields, BgpLsNlriView};
use crate::wire::tlv::Tlvs;

/// Appends an NLRI; one that cannot be read further as octets.
pub(super) fn json(out: &mut String, nlri: BgpLsNlriView<'_>, next_hop: Option<NextHop>) {
    let start = out.len();
    if known(out, nlri.fields(), next_hop).is_none() {
        out.truncate(start);
        let kind = nlri.bytes.get(..2).map_or(0, number);
        put!(out, "{{ \"code\": {kind}, \"parsed\": false, \"raw\": \"");
        HEXUPPER.encode_append(nlri.bytes, out);
        out.push_str("\" }");
    }
}

fn known(out: &mut String, fields: BgpLsFields<'_>, next_hop: Option<NextHop>) -> Option<()> {
    let BgpLsFields::Element { kind, distinguisher, protocol, identifier, descriptors } = fields else {
        return None;
    };
    let name = match kind {
        1 => "bgpls-node",
        2 => "bgpls-link",
        3 => "bgpls-prefix-v4",
        4 => "bgpls-prefix-v6",
        6 => "bgpls-srv6sid",
        _ => return None,
    };
    put!(out, "{{ \"ls-nlri-type\": \"{name}\", \"l3-routing-topology\": {identifier}, ");
    put!(out, "\"protocol-id\": {protocol}, ");
    match kind {
        1 => {
            named_node(out, "node-descriptors", local_node(descriptors)?, protocol)?;
            next_hop_member(out, next_hop);
        }
        2 => link(out, descriptors, protocol)?,
        3 | 4 => prefix(out, descriptors, protocol, kind == 4, next_hop)?,
        _ => srv6_sid(out, descriptors, protocol)?,
    }
    if let Some(rd) = distinguisher {
        put!(out, ", \"rd\": \"{rd}\"");
    }
    out.push_str(" }");
    Some(())
}

/// `, "nexthop": "192.0.2.1"`
fn next_hop_member(out: &mut String, next_hop: Option<NextHop>) {
    match next_hop {
        Some(next_hop) => put!(out, ", \"nexthop\": \"{}\"", next_hop.address()),
        None => out.push_str(", \"nexthop\": \"None\""),
    }
}

/// The value of the Local Node Descriptors, which come first.
fn local_node(mut descriptors: Tlvs<'_>) -> Option<&[u8]> {
    descriptors.next().filter(|(kind, _)| *kind == 256).map(|(_, value)| value)
}

/// `"node-descriptors": [ { "autonomous-system": 1 }, … ]`
fn named_node(out: &mut String, name: &str, descriptors: &[u8], protocol: u8) -> Option<()> {
    put!(out, "\"{name}\": [ ");
    let descriptors: Option<Vec<String>> =
        Tlvs::whole(descriptors)?.map(|(kind, value)| node_descriptor(kind, value, protocol)).collect();
    separated(out, ", ", descriptors?, |out, descriptor| out.push_str(&descriptor));
    out.push_str(" ]");
    Some(())
}

fn node_descriptor(kind: u16, value: &[u8], protocol: u8) -> Option<String> {
    Some(match (kind, protocol) {
        (512, _) => format!("{{ \"autonomous-system\": {} }}", exactly(value, 4)?),
        (513, _) => format!("{{ \"bgp-ls-identifier\": \"{}\" }}", exactly(value, 4)?),
        (514, _) => format!("{{ \"ospf-area-id\": \"{}\" }}", address(value)?),
        // IS-IS: a system id, and of a pseudonode its number behind it and beside.
        (515, 1 | 2) => {
            let (_, pseudonode) = value.split_at_checked(6)?;
            let mut text = format!("{{ \"router-id\": \"{}\"", HEXLOWER.encode_display(value));
            match pseudonode {
                [] | [0] => {}
                [number] => put!(text, ", \"psn\": \"{number}\""),
                _ => return None,
            }
            text + " }"
        }
        // OSPF: a router id, and of a pseudonode its designated router's address.
        (515, 3 | 5 | 6 | 227) => match (address(value.get(..4)?)?, value.len()) {
            (router, 4) => format!("{{ \"router-id\": \"{router}\" }}"),
            (router, 8) => {
                let designated = address(value.get(4..)?)?;
                format!("{{ \"router-id\": \"{router}\", \"designated-router-id\": \"{designated}\" }}")
            }
            _ => return None,
        },
        _ => {
            let mut text = format!("{{ \"generic-node-descriptor-{kind}\": \"");
            super::hex(&mut text, value);
            text + "\" }"
        }
    })
}

fn link(out: &mut String, descriptors: Tlvs<'_>, protocol: u8) -> Option<()> {
    let last = |wanted| descriptors.filter(|(kind, _)| *kind == wanted).last().map(|(_, value)| value);
    named_node(out, "local-node-descriptors", last(256).unwrap_or_default(), protocol)?;
    out.push_str(", ");
    named_node(out, "remote-node-descriptors", last(257).unwrap_or_default(), protocol)?;
    for (name, kinds) in [("interface-addresses", [259, 261]), ("neighbor-addresses", [260, 262])] {
        let addresses = descriptors.filter(|(kind, _)| kinds.contains(kind));
        let addresses: Option<Vec<_>> = addresses.map(|(_, value)| address(value)).collect();
        put!(out, ", \"{name}\": [ ");
        separated(out, ", ", addresses?, |out, address| put!(out, "\"{address}\""));
        out.push_str(" ]");
    }
    out.push_str(", \"multi-topology-ids\": [ ");
    topologies(out, descriptors)?;
    out.push_str(" ], \"link-identifiers\": [ ");
    if let Some(value) = last(258) {
        let (local, remote) = value.get(..8)?.split_at(4);
        put!(out, "{{ \"link-local-id\": {}, \"link-remote-id\": {} }}", number(local), number(remote));
    }
    out.push_str(" ]");
    Some(())
}

/// The multi-topology identifiers, of each TLV the first.
fn topologies(out: &mut String, descriptors: Tlvs<'_>) -> Option<()> {
    let topologies = descriptors.filter(|(kind, _)| *kind == 263);
    let topologies: Option<Vec<u64>> = topologies.map(|(_, value)| value.get(..2).map(number)).collect();
    separated(out, ", ", topologies?, |out, topology| put!(out, "{}", topology & 0x0fff));
    Some(())
}

fn prefix(
    out: &mut String,
    descriptors: Tlvs<'_>,
    protocol: u8,
    is_ipv6: bool,
    next_hop: Option<NextHop>,
) -> Option<()> {
    let last = |wanted| descriptors.filter(|(kind, _)| *kind == wanted).last().map(|(_, value)| value);
    named_node(out, "node-descriptors", last(256).unwrap_or_default(), protocol)?;
    let (length, octets) = last(265)?.split_first()?;
    let mut address = [0; 16];
    let room = if is_ipv6 { 16 } else { 4 };
    if usize::from(*length) > room * 8 || octets.len() > usize::from(*length).div_ceil(8) {
        return None;
    }
    address.get_mut(..octets.len())?.copy_from_slice(octets);
    let address = if is_ipv6 {
        format!("{}", Ipv6Addr::from(address))
    } else {
        let [a, b, c, d, ..] = address;
        format!("{}", Ipv4Addr::new(a, b, c, d))
    };
    put!(out, ", \"ip-reachability-tlv\": \"{address}\", \"ip-reach-prefix\": \"{address}/{length}\"");
    next_hop_member(out, next_hop);
    if let Some(kind) = last(264) {
        put!(out, ", \"ospf-route-type\": {}", exactly(kind, 1)?);
    }
    Some(())
}

fn srv6_sid(out: &mut String, descriptors: Tlvs<'_>, protocol: u8) -> Option<()> {
    named_node(out, "node-descriptors", local_node(descriptors)?, protocol)?;
    let mut tlvs = descriptors;
    tlvs.next();
    out.push_str(", \"srv6-sid-descriptors\": {\"multi-topology-ids\": [");
    let topologies = tlvs.filter(|(kind, _)| *kind == 263);
    separated(out, ", ", topologies, |out, (_, value)| {
        put!(out, "\"{}\"", value.get(..2).map_or(0, number) & 0x0fff);
    });
    out.push(']');
    let mut shown: Vec<u16> = Vec::from([263]);
    for (kind, value) in tlvs {
        if shown.contains(&kind) {
            continue;
        }
        shown.push(kind);
        if kind == 518 {
            put!(out, ", \"srv6-sid\": \"{}\"", super::tlv::ipv6(value)?);
            continue;
        }
        put!(out, ", \"generic-tlv-{kind}\": [");
        separated(out, ", ", tlvs.filter(|(other, _)| *other == kind), |out, (_, value)| {
            out.push('"');
            super::hex(out, value);
            out.push('"');
        });
        out.push(']');
    }
    out.push('}');
    Some(())
}
