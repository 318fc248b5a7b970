//! A route of a RIB as one JSON object: what ExaBGP's `show-routes-format` calls `v2`.
//!
//! It is spaced as Python's `json.dumps` does, and communities are the words of the configuration.

use alloc::string::String;
use core::fmt::{Display, Write};

use super::attributes::{attribute_json, is_shown, sorted};
use super::flow::ReadRule;
use super::{afi, community, hex, nlri_json, put, safi, separated, services, string};
use crate::wire::attribute::Attribute;
use crate::wire::{Afi, Attributes, Family, Labels, NextHop, Nlri, PathNlri, Prefix, RouteDistinguisher};

/// Appends `{"nlri": {…}, "attributes": {…}}`.
pub fn route_json(out: &mut String, path: &PathNlri, next_hop: Option<NextHop>, attributes: &Attributes) {
    out.push_str("{\"nlri\": ");
    destination(out, path, next_hop);
    out.push_str(", \"attributes\": {");
    separated(out, ", ", attributes.iter().filter(|attribute| is_shown(attribute)), member);
    out.push_str("}}");
}

fn destination(out: &mut String, path: &PathNlri, next_hop: Option<NextHop>) {
    let family = path.nlri.family();
    match &path.nlri {
        Nlri::Unicast(one) | Nlri::Multicast(one) => prefix(out, one, next_hop, family, None, None),
        Nlri::Labelled(one) => prefix(out, &one.prefix, next_hop, family, Some(&one.labels), None),
        Nlri::Vpn(one) => prefix(out, &one.prefix, next_hop, family, Some(&one.labels), Some(one.rd)),
        Nlri::Flow(one) => rule(out, path, &one.bytes, one.afi, next_hop),
        Nlri::FlowVpn(one) => rule(out, path, &one.bytes, one.afi, next_hop),
        Nlri::Vpls(one) if services::vpls_members(out, one.view()) => {
            out.push_str(", ");
            end(out, next_hop, family);
        }
        // ExaBGP has no such form of the others.
        _ => nlri_json(out, path, next_hop, false),
    }
}

fn prefix(
    out: &mut String,
    prefix: &Prefix,
    next_hop: Option<NextHop>,
    family: Family,
    labels: Option<&Labels>,
    rd: Option<RouteDistinguisher>,
) {
    put!(out, "{{\"prefix\": \"{prefix}\", ");
    end(out, next_hop, family);
    let reopened = out.pop();
    if let Some(Labels(labels)) = labels.filter(|labels| !labels.0.is_empty()) {
        out.push_str(", \"label\": [");
        separated(out, ", ", labels, |out, label| put!(out, "[{}]", label.value()));
        out.push(']');
    }
    if let Some(rd) = rd {
        put!(out, ", \"rd\": \"{rd}\"");
    }
    out.extend(reopened);
}

fn rule(out: &mut String, path: &PathNlri, octets: &[u8], afi: Afi, next_hop: Option<NextHop>) {
    let family = path.nlri.family();
    let Some(rule) = ReadRule::read(octets, afi, matches!(path.nlri, Nlri::FlowVpn(_))) else {
        return nlri_json(out, path, next_hop, false);
    };
    out.push_str("{\"rules\": {");
    separated(out, ", ", rule.alternatives(), |out, (name, alternatives)| {
        put!(out, "\"{name}\": [");
        separated(out, ", ", alternatives, |out, one| string(out, &one));
        out.push(']');
    });
    put!(out, "}}, \"nexthop\": {}, \"rd\": {}, ", or_null(address(next_hop)), or_null(rule.rd));
    family_member(out, family);
}

/// `"nexthop": "192.0.2.1", "family": {…}}`
fn end(out: &mut String, next_hop: Option<NextHop>, family: Family) {
    put!(out, "\"nexthop\": {}, ", or_null(address(next_hop)));
    family_member(out, family);
}

fn family_member(out: &mut String, family: Family) {
    out.push_str("\"family\": {\"afi\": \"");
    afi(out, family.afi);
    out.push_str("\", \"safi\": \"");
    safi(out, family.safi);
    out.push_str("\"}}");
}

fn address(next_hop: Option<NextHop>) -> Option<core::net::IpAddr> {
    next_hop.map(|next_hop| next_hop.address())
}

fn or_null(value: Option<impl Display>) -> String {
    value.map_or_else(|| String::from("null"), |value| alloc::format!("\"{value}\""))
}

/// `"med": 5`
fn member(out: &mut String, attribute: &Attribute) {
    match attribute {
        Attribute::Communities(all) => words(out, "community", sorted(all), community::community),
        Attribute::LargeCommunities(all) => {
            let mut all = sorted(all);
            all.dedup();
            words(out, "large-community", all, |out, one| put!(out, "{one}"));
        }
        Attribute::ExtendedCommunities(all) => words(out, "extended-community", sorted(all), |out, one| {
            if !community::extended(out, one) {
                hex(out, &one.0);
            }
        }),
        Attribute::Ipv6ExtendedCommunities(all) => {
            words(out, "extended-community-ipv6", sorted(all), |out, one| {
                if !community::extended_ipv6(out, one) {
                    hex(out, &one.0);
                }
            });
        }
        Attribute::ClusterList(all) => words(out, "cluster-list", all.iter(), |out, one| put!(out, "{one}")),
        Attribute::Aigp(aigp) => put!(out, "\"aigp\": {}", aigp.metric),
        other => attribute_json(out, other, None),
    }
}

/// `"name": ["word", "word"]`
fn words<T>(
    out: &mut String,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    put!(out, "\"{name}\": [");
    separated(out, ", ", items, |out, item| {
        out.push('"');
        write(out, item);
        out.push('"');
    });
    out.push(']');
}
