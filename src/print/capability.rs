//! What an OPEN offers.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use data_encoding::HEXUPPER;

use super::{afi, family, put, separated, string};
use crate::wire::capability::{AddPathFamily, ExtendedNextHop, GracefulRestart};
use crate::wire::{Capability, Open};

/// Appends the members of the JSON object "capabilities", without its braces.
///
/// What was received is keyed by number, what was `sent` by name. A capability that is sent once for each family is
/// told of once.
pub fn capabilities_json(out: &mut String, open: &Open, sent: bool) {
    let nameless = nameless();
    separated(out, ", ", by_code(open, sent.then_some(&nameless)), |out, (code, instances)| {
        match capability_name(code).filter(|_| sent) {
            Some(name) => put!(out, "\"{name}\": "),
            None => put!(out, "\"{code}\": "),
        }
        match instances.last() {
            Some(Capability::Fqdn { host, domain }) if sent => fqdn_json(out, own(host), own_domain(domain)),
            _ => capability_json(out, code, &instances),
        }
    });
}

/// Appends the capabilities as one line of text.
pub fn capabilities_text(out: &mut String, open: &Open, sent: bool) {
    let nameless = nameless();
    let mut groups = by_code(open, sent.then_some(&nameless));
    groups.sort_by_key(|(code, _)| *code);
    separated(out, ", ", groups, |out, (code, instances)| match instances.last() {
        Some(Capability::Fqdn { host, domain }) if sent => {
            let [host, domain] = [own(host), own_domain(domain)].map(|name| name.unwrap_or(b"none"));
            fqdn_text(out, host, domain);
        }
        _ => capability_text(out, code, &instances),
    });
}

/// The capabilities by code, in the order of their first appearance; `nameless` stands in for a host name that there is
/// none of.
fn by_code<'a>(open: &'a Open, nameless: Option<&'a Capability>) -> Vec<(u8, Vec<&'a Capability>)> {
    let mut groups: Vec<(u8, Vec<&Capability>)> = Vec::new();
    for capability in open.capabilities() {
        match groups.iter_mut().find(|(code, _)| *code == capability.code()) {
            Some((_, instances)) => instances.push(capability),
            None => groups.push((capability.code(), Vec::from([capability]))),
        }
    }
    if let Some(nameless) =
        nameless.filter(|nameless| groups.iter().all(|(code, _)| *code != nameless.code()))
    {
        let behind = |(code, _): &(u8, _)| AFTER_HOST_NAME.contains(code);
        let at = groups.iter().position(behind).unwrap_or(groups.len());
        groups.insert(at, (nameless.code(), Vec::from([nameless])));
    }
    groups
}

/// What ExaBGP offers after its host name: the software version, link-local next hops, and several sessions.
const AFTER_HOST_NAME: [u8; 4] = [75, 77, 68, 131];

/// The host name of a speaker that has none. ExaBGP does not send that, and tells programs that it did.
fn nameless() -> Capability {
    Capability::Fqdn { host: Box::default(), domain: None }
}

/// One of our own names, where we have it.
fn own(name: &[u8]) -> Option<&[u8]> {
    Some(name).filter(|name| !name.is_empty())
}

fn own_domain(domain: &Option<Box<[u8]>>) -> Option<&[u8]> {
    own(domain.as_deref().unwrap_or_default())
}

fn fqdn_json(out: &mut String, host: Option<&[u8]>, domain: Option<&[u8]>) {
    let name = |out: &mut String, name: Option<&[u8]>| match name {
        Some(name) => string(out, &String::from_utf8_lossy(name)),
        None => out.push_str("null"),
    };
    out.push_str("{ \"host-name\": ");
    name(out, host);
    out.push_str(", \"domain-name\": ");
    name(out, domain);
    out.push_str(" }");
}

fn fqdn_text(out: &mut String, host: &[u8], domain: &[u8]) {
    let (host, domain) = (String::from_utf8_lossy(host), String::from_utf8_lossy(domain));
    put!(out, "hostname({} {})", host.to_lowercase(), domain.to_lowercase());
}

/// The name that a capability has as a key.
fn capability_name(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "multiprotocol",
        2 => "route-refresh",
        3 => "outbound-route-filtering",
        4 => "multiple-routes",
        5 => "nexthop",
        6 => "extended-message",
        64 => "graceful-restart",
        65 => "asn4",
        67 => "dynamic-capability",
        68 => "multi-session",
        69 => "add-path",
        70 => "enhanced-route-refresh",
        73 => "hostname",
        75 => "software-version",
        77 => "link-local-nexthop",
        128 => "cisco-route-refresh",
        131 => "cisco-multi-sesion",
        185 => "operational",
        _ => return None,
    })
}

/// The families of every [`Capability::Multiprotocol`].
fn multiprotocol(instances: &[&Capability]) -> Vec<crate::wire::Family> {
    let families = instances.iter().filter_map(|one| match one {
        Capability::Multiprotocol(family) => Some(*family),
        _ => None,
    });
    families.collect()
}

/// The families of every [`Capability::AddPath`]; what is said last of a family counts.
fn add_path(instances: &[&Capability]) -> Vec<AddPathFamily> {
    let mut families: Vec<AddPathFamily> = Vec::new();
    for one in instances {
        let Capability::AddPath(more) = one else { continue };
        for entry in more {
            match families.iter_mut().find(|known| known.family == entry.family) {
                Some(known) => *known = *entry,
                None => families.push(*entry),
            }
        }
    }
    families
}

/// The families of every [`Capability::ExtendedNextHop`].
fn extended_next_hop(instances: &[&Capability]) -> Vec<ExtendedNextHop> {
    let families = instances.iter().flat_map(|one| match one {
        Capability::ExtendedNextHop(families) => families.as_slice(),
        _ => &[],
    });
    families.copied().collect()
}

fn add_path_mode(mode: u8) -> &'static str {
    match mode {
        0 => "disabled",
        1 => "receive",
        2 => "send",
        3 => "send/receive",
        _ => "invalid",
    }
}

fn capability_json(out: &mut String, code: u8, instances: &[&Capability]) {
    let Some(last) = instances.last() else { return };
    match last {
        Capability::Multiprotocol(_) => {
            out.push_str("{ \"name\": \"multiprotocol\", \"families\": [");
            separated(out, ",", multiprotocol(instances), |out, one| {
                out.push_str(" \"");
                family(out, one, '/');
                out.push('"');
            });
            out.push_str(" ] }");
        }
        Capability::RouteRefresh => out.push_str("{ \"name\": \"route-refresh\", \"variant\": \"RFC\" }"),
        Capability::RouteRefreshCisco => {
            out.push_str("{ \"name\": \"route-refresh\", \"variant\": \"Cisco\" }");
        }
        Capability::ExtendedNextHop(_) => {
            out.push_str("{ \"name\": \"nexthop\", \"conversion\": [");
            separated(out, ",", extended_next_hop(instances), |out, one| {
                out.push_str(" \"");
                family(out, one.family, '/');
                out.push('/');
                afi(out, one.next_hop);
                out.push('"');
            });
            out.push_str(" ] }");
        }
        Capability::ExtendedMessage => out.push_str("{ \"name\": \"extended-message\", \"size\": 65535 }"),
        Capability::GracefulRestart(graceful) => graceful_json(out, graceful),
        Capability::FourOctetAs(asn) => put!(out, "{{ \"name\": \"asn4\", \"asn4\": {asn} }}"),
        Capability::Multisession(value) => multisession_json(out, "RFC", value),
        Capability::MultisessionCisco(value) => multisession_json(out, "Cisco", value),
        Capability::AddPath(_) => {
            out.push_str("{ \"name\": \"addpath\"");
            let families = add_path(instances);
            out.push_str(if families.is_empty() { "" } else { ", " });
            separated(out, ",", families, |out, one| {
                out.push('"');
                family(out, one.family, '/');
                put!(out, "\": \"{}\"", add_path_mode(one.mode));
            });
            out.push_str(" }");
        }
        Capability::EnhancedRouteRefresh => out.push_str("{ \"name\": \"enhanced-route-refresh\" }"),
        Capability::Fqdn { host, domain } => {
            fqdn_json(out, Some(host), Some(domain.as_deref().unwrap_or_default()));
        }
        Capability::SoftwareVersion(version) => {
            out.push_str("{ \"software\": ");
            string(out, &String::from_utf8_lossy(version));
            out.push_str(" }");
        }
        Capability::Operational => out.push_str("{ \"name\": \"operational\" }"),
        Capability::LinkLocalNextHop => out.push_str("{ \"name\": \"link-local-nexthop\" }"),
        other => unknown_json(out, code, &value(other)),
    }
}

fn graceful_json(out: &mut String, graceful: &GracefulRestart) {
    put!(out, "{{ \"name\": \"graceful restart\", \"time\": {}, ", graceful.time);
    out.push_str("\"address-family-flags\": { ");
    separated(out, ", ", &graceful.families, |out, one| {
        out.push('"');
        family(out, one.family, '/');
        put!(out, "\": [{} ] ", if one.flags & 0x80 == 0 { "" } else { " \"restart\"" });
    });
    let restarted = if graceful.flags & GracefulRestart::RESTARTED == 0 { " " } else { " \"forwarding\" " };
    put!(out, "}}, \"restart-flags\": [{restarted}]  }}");
}

/// A flags octet, then the codes of the capabilities that tell sessions apart.
fn multisession_json(out: &mut String, variant: &str, value: &[u8]) {
    put!(out, "{{ \"name\": \"multisession\", \"variant\": \"{variant}\", \"capabilities\": [");
    separated(out, ",", value.iter().skip(1), |out, code| match capability_name(*code) {
        Some(name) => put!(out, " \"{name}\""),
        None => put!(out, " \"unknown capability {code:#x}\""),
    });
    out.push_str(" ] }");
}

fn unknown_json(out: &mut String, code: u8, value: &[u8]) {
    let iana = match code {
        70..128 => "unassigned",
        128.. => "reserved",
        _ => "unknown",
    };
    put!(out, "{{ \"name\": \"unknown\", \"iana\": \"{iana}\", \"value\": {code}, \"raw\": \"");
    HEXUPPER.encode_append(value, out);
    out.push_str("\" }");
}

/// The value of a capability that programs are told of in hexadecimal only.
fn value(capability: &Capability) -> Vec<u8> {
    match capability {
        Capability::OutboundRouteFiltering(value) | Capability::Unknown { value, .. } => value.to_vec(),
        Capability::Role(role) => Vec::from([*role]),
        Capability::LongLivedGracefulRestart(families) => {
            let mut octets = Vec::new();
            for one in families {
                octets.extend_from_slice(&one.family.afi.0.to_be_bytes());
                octets.extend_from_slice(&[one.family.safi.0, one.flags]);
                octets.extend_from_slice(one.stale_time.to_be_bytes().get(1..).unwrap_or_default());
            }
            octets
        }
        Capability::PathsLimit(families) => {
            let mut octets = Vec::new();
            for one in families {
                octets.extend_from_slice(&one.family.afi.0.to_be_bytes());
                octets.push(one.family.safi.0);
                octets.extend_from_slice(&one.limit.to_be_bytes());
            }
            octets
        }
        _ => Vec::new(),
    }
}

fn capability_text(out: &mut String, code: u8, instances: &[&Capability]) {
    let Some(last) = instances.last() else { return };
    match last {
        Capability::Multiprotocol(_) => {
            out.push_str("multiprotocol(");
            separated(out, ",", multiprotocol(instances), |out, one| family(out, one, ' '));
            out.push(')');
        }
        Capability::RouteRefresh => out.push_str("route refresh"),
        Capability::RouteRefreshCisco => out.push_str("cisco route refresh"),
        Capability::ExtendedNextHop(_) => {
            out.push_str("nexthop(");
            separated(out, ",", extended_next_hop(instances), |out, one| {
                family(out, one.family, ' ');
                out.push(' ');
                afi(out, one.next_hop);
            });
            out.push(')');
        }
        Capability::ExtendedMessage => out.push_str("extended message(65535)"),
        Capability::GracefulRestart(graceful) => {
            put!(out, "graceful restart flags {:#x} time {} ", graceful.flags, graceful.time);
            separated(out, " ", &graceful.families, |out, one| {
                family(out, one.family, '/');
                put!(out, "={:#x}", one.flags);
            });
        }
        Capability::FourOctetAs(asn) => put!(out, "asn4({asn})"),
        Capability::Multisession(value) => {
            out.push_str("multisession (rfc) ");
            multisession_text(out, value);
        }
        Capability::MultisessionCisco(value) => {
            out.push_str("multisession ");
            multisession_text(out, value);
        }
        Capability::AddPath(_) => {
            out.push_str("addpath(");
            separated(out, ",", add_path(instances), |out, one| {
                put!(out, "{} ", add_path_mode(one.mode));
                family(out, one.family, ' ');
            });
            out.push(')');
        }
        Capability::EnhancedRouteRefresh => out.push_str("enhanced route refresh"),
        Capability::Fqdn { host, domain } => fqdn_text(out, host, domain.as_deref().unwrap_or_default()),
        Capability::SoftwareVersion(version) => {
            put!(out, "software({})", String::from_utf8_lossy(version).to_lowercase());
        }
        Capability::Operational => out.push_str("operational"),
        Capability::LinkLocalNextHop => out.push_str("link-local nexthop"),
        _ => match code {
            70..128 => put!(out, "unassigned {code}"),
            128.. => put!(out, "reserved {code}"),
            _ => put!(out, "unknown {code}"),
        },
    }
}

fn multisession_text(out: &mut String, value: &[u8]) {
    separated(out, " ", value.iter().skip(1), |out, code| match capability_name(*code) {
        Some(name) => out.push_str(name),
        None => put!(out, "unknown capability {code:#x}"),
    });
}
