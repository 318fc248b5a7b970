//! Destinations of services: EVPN, VPLS, MCAST-VPN, route targets, mobile user plane. What cannot be read further is told
//! of as octets.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::IpAddr;

use data_encoding::HEXUPPER;

use super::community::extended;
use super::put;
use crate::wire::nlri::{
    EvpnFields, EvpnRouteView, MupFields, MupRouteView, MvpnFields, MvpnRouteView, RouteTargetFields,
    RouteTargetMembershipView, VplsFields, VplsNlriView,
};
use crate::wire::{ExtendedCommunity, Label, NextHop, Prefix, RouteDistinguisher};

fn raw(out: &mut String, octets: &[u8]) {
    HEXUPPER.encode_append(octets, out);
}

/// `{ "code": 9, "parsed": false, "raw": "…" }`
fn unparsed(out: &mut String, octets: &[u8]) {
    put!(out, "{{ \"code\": {}, \"parsed\": false, \"raw\": \"", octets.first().copied().unwrap_or(0));
    raw(out, octets);
    out.push_str("\" }");
}

/// An EVPN route (RFC 7432, RFC 9136). Those of multicast are not read further.
pub(super) fn evpn_json(out: &mut String, route: EvpnRouteView<'_>) {
    let head = |out: &mut String, kind: u8, name: &str, rd: RouteDistinguisher| {
        parsed(out, kind, route.bytes, name);
        put!(out, "\"rd\": \"{rd}\"");
    };
    match route.fields() {
        EvpnFields::EthernetAutoDiscovery { distinguisher, segment, tag, label } => {
            head(out, 1, "Ethernet Auto-Discovery", distinguisher);
            esi_member(out, segment);
            ethernet_tag(out, tag);
            one_label(out, label);
        }
        EvpnFields::MacIp { distinguisher, segment, tag, mac, address, label, .. } => {
            head(out, 2, "MAC/IP advertisement", distinguisher);
            esi_member(out, segment);
            ethernet_tag(out, tag);
            out.push_str(", \"mac\": \"");
            self::mac(out, mac);
            out.push('"');
            one_label(out, label);
            if let Some(address) = address {
                put!(out, ", \"ip\": \"{address}\"");
            }
        }
        EvpnFields::InclusiveMulticast { distinguisher, tag, originator } => {
            head(out, 3, "Inclusive Multicast Ethernet Tag", distinguisher);
            ethernet_tag(out, tag);
            put!(out, ", \"ip\": \"{originator}\"");
        }
        EvpnFields::EthernetSegment { distinguisher, segment, originator } => {
            head(out, 4, "Ethernet Segment", distinguisher);
            esi_member(out, segment);
            put!(out, ", \"ip\": \"{originator}\"");
        }
        EvpnFields::IpPrefix { distinguisher, segment, tag, length, prefix, gateway, label } => {
            head(out, 5, "IP Prefix Advertisement", distinguisher);
            esi_member(out, segment);
            ethernet_tag(out, tag);
            one_label(out, label);
            put!(out, ", \"ip\": \"{prefix}\", \"iplen\": {length}, \"gateway\": \"{gateway}\"");
        }
        EvpnFields::Multicast { .. } | EvpnFields::Unknown(_) => return unparsed(out, route.bytes),
    }
    out.push_str(" }");
}

/// `{ "code": 5, "parsed": true, "raw": "…", "name": "…", `, and what follows to be written.
fn parsed(out: &mut String, kind: u8, octets: &[u8], name: &str) {
    put!(out, "{{ \"code\": {kind}, \"parsed\": true, \"raw\": \"");
    raw(out, octets);
    put!(out, "\", \"name\": \"{name}\", ");
}

fn ethernet_tag(out: &mut String, tag: u32) {
    put!(out, ", \"ethernet-tag\": {tag}");
}

fn esi_member(out: &mut String, segment: [u8; 10]) {
    out.push_str(", \"esi\": \"");
    esi(out, segment);
    out.push('"');
}

/// An Ethernet segment identifier; `-` for none.
pub(super) fn esi(out: &mut String, segment: [u8; 10]) {
    if segment == [0; 10] {
        out.push('-');
    } else {
        super::separated(out, ":", segment, |out, octet| put!(out, "{octet:02x}"));
    }
}

/// A MAC address.
pub(super) fn mac(out: &mut String, address: [u8; 6]) {
    super::separated(out, ":", address, |out, octet| put!(out, "{octet:02X}"));
}

/// The first label, as a label and as the 24 bits that it stands in.
fn one_label(out: &mut String, label: Label) {
    let [a, b, c] = label.octets();
    put!(out, ", \"label\": [ [{}", label.value());
    match u32::from_be_bytes([0, a, b, c]) {
        0 => {}
        bits => put!(out, ", {bits}"),
    }
    out.push_str("] ]");
}

/// A VPLS NLRI (RFC 4761 §3.2.2).
pub(super) fn vpls_json(out: &mut String, nlri: VplsNlriView<'_>) {
    let VplsFields::Labels { distinguisher, endpoint, offset, size, base } = nlri.fields() else {
        return unparsed(out, nlri.bytes);
    };
    put!(out, "{{ \"rd\": \"{distinguisher}\", \"endpoint\": {endpoint}, ");
    put!(out, "\"base\": {}, \"offset\": {offset}, \"size\": {size} }}", base.value());
}

/// Appends what a VPLS NLRI says, an object that is not closed; false, and nothing, where it offers no labels.
pub(super) fn vpls_members(out: &mut String, nlri: VplsNlriView<'_>) -> bool {
    let VplsFields::Labels { distinguisher, endpoint, offset, size, base } = nlri.fields() else {
        return false;
    };
    put!(out, "{{\"rd\": \"{distinguisher}\", \"endpoint\": {endpoint}, ");
    put!(out, "\"base\": {}, \"offset\": {offset}, \"size\": {size}", base.value());
    true
}

/// A VPLS NLRI as the configuration writes it.
pub(super) fn vpls_text(out: &mut String, nlri: VplsNlriView<'_>, next_hop: Option<NextHop>) {
    let VplsFields::Labels { distinguisher, endpoint, offset, size, base } = nlri.fields() else {
        return super::hex(out, nlri.bytes);
    };
    put!(
        out,
        "vpls rd {distinguisher} endpoint {endpoint} base {} offset {offset} size {size} ",
        base.value()
    );
    if let Some(next_hop) = next_hop {
        put!(out, "next-hop {}", next_hop.address());
    }
}

/// A route target membership NLRI as an object. ExaBGP knows the whole target of an AS, and the default that stands for all of them; of a
/// part of a target "length" says how many bits of both there are.
pub(super) fn route_target_json(out: &mut String, membership: RouteTargetMembershipView<'_>) {
    let Some((origin, target)) = route_target(membership) else {
        return out.push_str("{ \"origin\": 0, \"route-target\": null }");
    };
    match target {
        Target::Whole(target) => put!(out, "{{ \"origin\": {origin}, \"route-target\": \"{target}\" }}"),
        Target::Part { length, octets } if octets.is_empty() => {
            put!(out, "{{ \"origin\": {origin}, \"route-target\": null, \"length\": {length} }}");
        }
        Target::Part { length, octets } => {
            put!(out, "{{ \"origin\": {origin}, \"route-target\": \"");
            super::hex(out, &octets);
            put!(out, "\", \"length\": {length} }}");
        }
    }
}

/// A route target membership NLRI as words: `rtc 64500:64500:100`, `rtc 64500:0x0002FBF4/64` for a part of a target, `rtc wildcard`.
pub(super) fn route_target_text(out: &mut String, membership: RouteTargetMembershipView<'_>) {
    match route_target(membership) {
        Some((origin, Target::Whole(target))) => put!(out, "rtc {origin}:{target}"),
        Some((origin, Target::Part { length, octets })) => {
            put!(out, "rtc {origin}");
            if !octets.is_empty() {
                out.push(':');
                super::hex(out, &octets);
            }
            put!(out, "/{length}");
        }
        None => out.push_str("rtc wildcard"),
    }
}

/// The targets that an AS wants.
enum Target {
    /// This one.
    Whole(String),
    /// All that begin so (RFC 4684 §4).
    Part {
        /// How many bits of origin AS and target count.
        length: u8,
        /// The target's octets of which some bits count, the other bits zero.
        octets: Vec<u8>,
    },
}

/// The AS that wants the routes, and their targets; `None`: all of all.
fn route_target(membership: RouteTargetMembershipView<'_>) -> Option<(u32, Target)> {
    let RouteTargetFields::Prefix { asn, length, target } = membership.fields() else {
        return None;
    };
    if length < 64 {
        let mask = u64::MAX.checked_shl(64 - u32::from(length)).unwrap_or(0);
        let octets = (u64::from_be_bytes(target) & mask).to_be_bytes();
        let octets = octets.into_iter().take(usize::from(length.div_ceil(8))).collect();
        return Some((asn, Target::Part { length: 32 + length, octets }));
    }
    // The flags of an extended community mean nothing here.
    let [kind, a, b, c, d, e, f, g] = target;
    let target = [kind & 0x3f, a, b, c, d, e, f, g];
    let mut text = String::new();
    if !extended(&mut text, ExtendedCommunity(target)) {
        super::hex(&mut text, &target);
    }
    Some((asn, Target::Whole(text)))
}

/// An MCAST-VPN route (RFC 6514 §4).
pub(super) fn mvpn_json(out: &mut String, route: MvpnRouteView<'_>) {
    let (kind, name, distinguisher, asn, source, group) = match route.fields() {
        MvpnFields::SourceActive { distinguisher, source, group } => {
            (5, "Source Active A-D Route", distinguisher, None, source, group)
        }
        MvpnFields::Join { shared: true, distinguisher, asn, source, group } => {
            (6, "C-Multicast Shared Tree Join route", distinguisher, Some(asn), source, group)
        }
        MvpnFields::Join { shared: false, distinguisher, asn, source, group } => {
            (7, "C-Multicast Source Tree Join route", distinguisher, Some(asn), source, group)
        }
        _ => return unparsed(out, route.bytes),
    };
    parsed(out, kind, route.bytes, name);
    put!(out, "\"rd\": \"{distinguisher}\", ");
    if let Some(asn) = asn {
        put!(out, "\"source-as\": \"{asn}\", ");
    }
    put!(out, "\"source\": \"{source}\", \"group\": \"{group}\"}}");
}

/// A mobile user plane route (draft-mpmz-bess-mup-safi).
pub(super) fn mup_json(out: &mut String, route: MupRouteView<'_>) {
    let head = |out: &mut String, code: u8, name: &str| {
        put!(out, "{{ \"name\": \"{name}\", \"arch\": 1, \"code\": {code}, ");
    };
    let user = |out: &mut String, prefix: Prefix| {
        put!(out, "\"prefix_ip_len\": {}, \"prefix_ip\": \"{}\", ", prefix.length(), prefix.address());
    };
    match route.fields() {
        MupFields::InterworkSegment { distinguisher, prefix } => {
            head(out, 1, "InterworkSegmentDiscoveryRoute");
            user(out, prefix);
            put!(out, "\"rd\": \"{distinguisher}\"");
        }
        MupFields::DirectSegment { distinguisher, address } => {
            head(out, 2, "DirectSegmentDiscoveryRoute");
            put!(out, "\"ip\": \"{address}\", \"rd\": \"{distinguisher}\"");
        }
        MupFields::Type1Session { distinguisher, prefix, teid, qfi, endpoint, source } => {
            head(out, 3, "Type1SessionTransformedRoute");
            user(out, prefix);
            put!(out, "\"teid\": \"{teid}\", \"qfi\": \"{qfi}\", \"rd\": \"{distinguisher}\", ");
            put!(out, "\"endpoint_ip_len\": {}, \"endpoint_ip\": \"{endpoint}\"", bits(endpoint));
            if let Some(source) = source {
                put!(out, ", \"source_ip_len\": {}, \"source_ip\": \"{source}\"", bits(source));
            }
        }
        MupFields::Type2Session { distinguisher, endpoint, teid_length, teid } => {
            head(out, 4, "Type2SessionTransformedRoute");
            put!(out, "\"endpoint_len\": {}, ", bits(endpoint) + teid_length);
            put!(out, "\"endpoint_ip\": \"{endpoint}\", \"rd\": \"{distinguisher}\", ");
            put!(out, "\"teid\": \"{}\"", sent_teid(teid, teid_length));
        }
        MupFields::Unknown(octets) => {
            let [architecture, a, b, ..] = *octets else { return super::hex(out, octets) };
            let code = u16::from_be_bytes([a, b]);
            put!(out, "{{ \"arch\": {architecture}, \"code\": {code}");
        }
    }
    out.push_str(", \"raw\": \"");
    raw(out, route.bytes);
    out.push_str("\" }");
}

/// A tunnel endpoint identifier as a number of as many octets as were sent.
pub(super) fn sent_teid(teid: u32, length: u8) -> u32 {
    teid.unbounded_shr(32 - u32::from(length.div_ceil(8)) * 8)
}

pub(super) const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}
