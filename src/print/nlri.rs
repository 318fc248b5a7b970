//! Destinations, family by family.

use alloc::string::String;
use core::fmt::Write;
use core::net::Ipv4Addr;

use super::flow::ReadRule;
use super::{bgp_ls, hex, names, number, put, separated, services, sr_policy};
use crate::wire::{Afi, Labels, NextHop, Nlri, PathNlri, Prefix, RouteDistinguisher};

/// Appends the JSON of one destination, into which some families put the next hop. `compact` writes a plain prefix as a
/// bare string.
///
/// A path identifier stands behind the prefix as ExaBGP writes it, and of what is no prefix, where ExaBGP writes none, at the end: two
/// paths to one destination do not look the same.
pub fn nlri_json(out: &mut String, path: &PathNlri, next_hop: Option<NextHop>, compact: bool) {
    let path_id = path.path_id;
    match &path.nlri {
        Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => match path_id {
            None if compact => put!(out, "\"{prefix}\""),
            _ => prefix_json(out, path_id, prefix, None, None),
        },
        Nlri::Labelled(nlri) => prefix_json(out, path_id, &nlri.prefix, Some(&nlri.labels), None),
        Nlri::Vpn(nlri) => prefix_json(out, path_id, &nlri.prefix, Some(&nlri.labels), Some(nlri.rd)),
        other => {
            object_json(out, other, next_hop);
            if let Some(id) = path_id {
                let close = if out.ends_with(" }") { " }" } else { "}" };
                out.truncate(out.len() - close.len());
                path_information(out, id);
                out.push_str(close);
            }
        }
    }
}

/// `, "path-information": "0.0.0.5"`
fn path_information(out: &mut String, id: u32) {
    put!(out, ", \"path-information\": \"{}\"", Ipv4Addr::from_bits(id));
}

/// Appends what is no prefix, as an object with one member at least.
fn object_json(out: &mut String, nlri: &Nlri, next_hop: Option<NextHop>) {
    match nlri {
        // These are written with their path identifiers.
        Nlri::Unicast(_) | Nlri::Multicast(_) | Nlri::Labelled(_) | Nlri::Vpn(_) => {}
        Nlri::Mvpn(nlri) => services::mvpn_json(out, nlri.view()),
        Nlri::Flow(nlri) => flow_json(out, &nlri.bytes, nlri.afi, false, next_hop),
        Nlri::FlowVpn(nlri) => flow_json(out, &nlri.bytes, nlri.afi, true, next_hop),
        Nlri::RouteTarget(nlri) => services::route_target_json(out, nlri.view()),
        Nlri::SrPolicy(nlri) => sr_policy::nlri_json(out, nlri.view()),
        Nlri::Vpls(nlri) => services::vpls_json(out, nlri.view()),
        Nlri::Evpn(nlri) => services::evpn_json(out, nlri.view()),
        Nlri::BgpLs(nlri) => bgp_ls::json(out, nlri.view(), next_hop),
        Nlri::Mup(nlri) => services::mup_json(out, nlri.view()),
        Nlri::Unknown(nlri) => raw_json(out, &nlri.bytes),
    }
}

/// The prefix that a destination is; `None`: it is none.
pub fn route_prefix(nlri: &Nlri) -> Option<Prefix> {
    match nlri {
        Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => Some(*prefix),
        Nlri::Labelled(nlri) => Some(nlri.prefix),
        Nlri::Vpn(nlri) => Some(nlri.prefix),
        _ => None,
    }
}

/// Appends one destination and its next hop as the configuration writes them.
pub fn nlri_text(out: &mut String, path: &PathNlri, next_hop: Option<NextHop>) {
    match &path.nlri {
        Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => {
            prefix_text(out, path.path_id, prefix, None, next_hop);
        }
        Nlri::Labelled(nlri) => prefix_text(out, path.path_id, &nlri.prefix, Some(&nlri.labels), next_hop),
        Nlri::Vpn(nlri) => {
            prefix_text(out, path.path_id, &nlri.prefix, Some(&nlri.labels), next_hop);
            put!(out, " rd {}", nlri.rd);
        }
        Nlri::Flow(nlri) => flow_text(out, &nlri.bytes, nlri.afi, false, next_hop),
        Nlri::FlowVpn(nlri) => flow_text(out, &nlri.bytes, nlri.afi, true, next_hop),
        Nlri::RouteTarget(nlri) => services::route_target_text(out, nlri.view()),
        Nlri::Vpls(nlri) => services::vpls_text(out, nlri.view(), next_hop),
        Nlri::Mvpn(nlri) => names::mvpn(out, nlri.view()),
        Nlri::Evpn(nlri) => names::evpn(out, nlri.view()),
        Nlri::Mup(nlri) => names::mup(out, nlri.view()),
        Nlri::SrPolicy(nlri) => sr_policy::nlri_text(out, nlri.view(), next_hop),
        // No configuration writes these: what they say is said as JSON.
        Nlri::BgpLs(_) => nlri_json(out, path, next_hop, false),
        Nlri::Unknown(nlri) => hex(out, &nlri.bytes),
    }
}

fn flow_json(out: &mut String, octets: &[u8], afi: Afi, in_vpn: bool, next_hop: Option<NextHop>) {
    match ReadRule::read(octets, afi, in_vpn) {
        Some(rule) => rule.json(out, next_hop),
        None => raw_json(out, octets),
    }
}

fn flow_text(out: &mut String, octets: &[u8], afi: Afi, in_vpn: bool, next_hop: Option<NextHop>) {
    match ReadRule::read(octets, afi, in_vpn) {
        Some(rule) => rule.text(out, next_hop),
        None => hex(out, octets),
    }
}

/// A next hop's address, of two the global one.
pub(super) fn next_hop_text(out: &mut String, next_hop: NextHop) {
    number::address(out, next_hop.address());
}

fn prefix_json(
    out: &mut String,
    path_id: Option<u32>,
    prefix: &Prefix,
    labels: Option<&Labels>,
    rd: Option<RouteDistinguisher>,
) {
    put!(out, "{{ \"nlri\": \"{prefix}\"");
    if let Some(id) = path_id {
        path_information(out, id);
    }
    if let Some(Labels(labels)) = labels.filter(|labels| !labels.0.is_empty()) {
        out.push_str(", \"label\": [ ");
        separated(out, ", ", labels, |out, label| put!(out, "[{}]", label.value()));
        out.push_str(" ]");
    }
    if let Some(rd) = rd {
        put!(out, ", \"rd\": \"{rd}\"");
    }
    out.push_str(" }");
}

fn prefix_text(
    out: &mut String,
    path_id: Option<u32>,
    prefix: &Prefix,
    labels: Option<&Labels>,
    next_hop: Option<NextHop>,
) {
    put!(out, "{prefix}");
    if let Some(id) = path_id {
        put!(out, " path-information {}", Ipv4Addr::from_bits(id));
    }
    match labels.map_or(&[][..], |labels| &labels.0) {
        [] => {}
        [label] => put!(out, " label {}", label.value()),
        labels => {
            out.push_str(" label [ ");
            separated(out, " ", labels, |out, label| put!(out, "{}", label.value()));
            out.push_str(" ]");
        }
    }
    if let Some(next_hop) = next_hop {
        out.push_str(" next-hop ");
        next_hop_text(out, next_hop);
    }
}

/// A destination that is not understood further.
fn raw_json(out: &mut String, octets: &[u8]) {
    out.push_str("{ \"raw\": \"");
    hex(out, octets);
    out.push_str("\" }");
}
