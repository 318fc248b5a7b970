//! FlowSpec rules (RFC 8955, RFC 8956): what a packet must be like to be meant.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::tlv::number;
use super::{put, separated, string};
use crate::wire::{Afi, NextHop, RouteDistinguisher};

/// A rule, read: what stands in the NLRI after its length.
pub(super) struct ReadRule {
    pub(super) rd: Option<RouteDistinguisher>,
    components: Vec<Component>,
}

/// One component: its name, and the values that it allows.
struct Component {
    name: &'static str,
    values: Vec<Value>,
}

/// One value, with the operator before it.
struct Value {
    text: String,
    /// It and the value before it must both hold.
    and: bool,
}

impl ReadRule {
    /// Reads an NLRI, its length included; `None` where it is malformed.
    pub(super) fn read(octets: &[u8], afi: Afi, in_vpn: bool) -> Option<Self> {
        let (first, rest) = octets.split_first()?;
        let mut rest = if *first >= 0xf0 { rest.get(1..)? } else { rest };
        let mut rd = None;
        if in_vpn {
            let (octets, after) = rest.split_first_chunk::<8>()?;
            (rd, rest) = (Some(RouteDistinguisher(*octets)), after);
        }
        let mut components: Vec<Component> = Vec::new();
        while let Some((kind, after)) = rest.split_first() {
            let (component, after) = match kind {
                1 | 2 => prefix(*kind, after, afi)?,
                _ => operations(*kind, after, afi)?,
            };
            // A second destination or source joins the first.
            match components.last_mut().filter(|last| last.name == component.name) {
                Some(last) => last.values.extend(component.values),
                None => components.push(component),
            }
            rest = after;
        }
        Some(Self { rd, components })
    }

    /// Each component's name, and of what it allows those values together that must hold together.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = (&'static str, Vec<String>)> {
        self.components.iter().map(|component| {
            let mut alternatives: Vec<String> = Vec::new();
            for value in &component.values {
                match alternatives.last_mut().filter(|_| value.and) {
                    Some(last) => last.push_str(&value.text),
                    None => alternatives.push(value.text.clone()),
                }
            }
            (component.name, alternatives)
        })
    }

    /// Appends the rule as an object.
    pub(super) fn json(&self, out: &mut String, next_hop: Option<NextHop>) {
        out.push_str("{ ");
        for (name, alternatives) in self.alternatives() {
            put!(out, "\"{name}\": [ ");
            separated(out, ", ", alternatives, |out, value| string(out, &value));
            out.push_str(" ], ");
        }
        if let Some(rd) = self.rd {
            put!(out, "\"rd\": \"{rd}\", ");
        }
        if let Some(next_hop) = next_hop {
            put!(out, "\"next-hop\": \"{}\", ", next_hop.address());
        }
        out.push_str("\"string\": ");
        let mut text = String::new();
        self.text(&mut text, next_hop);
        string(out, &text);
        out.push_str(" }");
    }

    /// Appends the rule as the configuration writes it.
    pub(super) fn text(&self, out: &mut String, next_hop: Option<NextHop>) {
        out.push_str("flow");
        for component in &self.components {
            put!(out, " {} ", component.name);
            let listed = component.values.len() > 1;
            out.push_str(if listed { "[ " } else { "" });
            for (index, value) in component.values.iter().enumerate() {
                out.push_str(if index > 0 && !value.and { " " } else { "" });
                out.push_str(&value.text);
            }
            out.push_str(if listed { " ]" } else { "" });
        }
        if let Some(rd) = self.rd {
            put!(out, " rd {rd}");
        }
        if let Some(next_hop) = next_hop {
            put!(out, " next-hop {}", next_hop.address());
        }
    }
}

/// A destination or source prefix. Of an IPv6 one the first bits may be left out (RFC 8956 §3.1).
fn prefix(kind: u8, octets: &[u8], afi: Afi) -> Option<(Component, &[u8])> {
    let (length, rest) = octets.split_first()?;
    let (name, text, rest) = if afi == Afi::IPV4 {
        let (pattern, rest) = rest.split_at_checked(usize::from(*length).div_ceil(8))?;
        let mut address = [0; 4];
        address.get_mut(..pattern.len())?.copy_from_slice(pattern);
        let name = if kind == 1 { "destination-ipv4" } else { "source-ipv4" };
        (name, alloc::format!("{}/{length}", Ipv4Addr::from(address)), rest)
    } else {
        let (offset, rest) = rest.split_first()?;
        let bits = length.checked_sub(*offset).filter(|_| *length <= 128)?;
        let (pattern, rest) = rest.split_at_checked(usize::from(bits).div_ceil(8))?;
        let padding = pattern.len() * 8 - usize::from(bits);
        let value = pattern.iter().fold(0u128, |value, octet| value << 8 | u128::from(*octet)) >> padding;
        let address = value.checked_shl(128 - u32::from(*length)).unwrap_or(0);
        let name = if kind == 1 { "destination-ipv6" } else { "source-ipv6" };
        (name, alloc::format!("{}/{length}/{offset}", Ipv6Addr::from(address)), rest)
    };
    Some((Component { name, values: Vec::from([Value { text, and: false }]) }, rest))
}

/// How a component's values are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Protocol,
    IcmpType,
    TcpFlags,
    Fragment,
}

/// A component that is a list of operators with values (RFC 8955 §4.2.1).
fn operations(kind: u8, mut rest: &[u8], afi: Afi) -> Option<(Component, &[u8])> {
    let is_ipv6 = afi == Afi::IPV6;
    let (name, kind) = match (kind, is_ipv6) {
        (3, false) => ("protocol", Kind::Protocol),
        (3, true) => ("next-header", Kind::Protocol),
        (4, _) => ("port", Kind::Number),
        (5, _) => ("destination-port", Kind::Number),
        (6, _) => ("source-port", Kind::Number),
        (7, _) => ("icmp-type", Kind::IcmpType),
        (8, _) => ("icmp-code", Kind::Number),
        (9, _) => ("tcp-flags", Kind::TcpFlags),
        (10, _) => ("packet-length", Kind::Number),
        (11, false) => ("dscp", Kind::Number),
        (11, true) => ("traffic-class", Kind::Number),
        (12, _) => ("fragment", Kind::Fragment),
        (13, true) => ("flow-label", Kind::Number),
        _ => return None,
    };
    let mut values = Vec::new();
    loop {
        let (operator, after) = rest.split_first()?;
        let (value, after) = after.split_at_checked(1 << (operator >> 4 & 3))?;
        // The first value has nothing before it to be joined with.
        let and = operator & 0x40 != 0 && !values.is_empty();
        let mut text = String::from(if and { "&" } else { "" });
        write_value(&mut text, kind, *operator, number(value), is_ipv6);
        values.push(Value { text, and });
        rest = after;
        if operator & 0x80 != 0 {
            return Some((Component { name, values }, rest));
        }
    }
}

fn write_value(out: &mut String, kind: Kind, operator: u8, value: u64, is_ipv6: bool) {
    if matches!(kind, Kind::TcpFlags | Kind::Fragment) {
        out.push_str(match operator & 3 {
            0 => "",
            1 => "=",
            2 => "!",
            _ => "!=",
        });
    } else {
        let (sign, needs_value) = match operator & 7 {
            0 => ("false", false),
            1 => ("=", true),
            2 => (">", true),
            3 => (">=", true),
            4 => ("<", true),
            5 => ("<=", true),
            6 => ("!=", true),
            _ => ("true", false),
        };
        out.push_str(sign);
        // A comparison that always, or never, holds has no value; joined to another it keeps one.
        if !needs_value && operator & 0x40 == 0 {
            return;
        }
    }
    match kind {
        Kind::Number => put!(out, "{value}"),
        Kind::Protocol => named(out, value, &PROTOCOLS),
        Kind::IcmpType => named(out, value, &ICMP_TYPES),
        Kind::TcpFlags => bits(out, value, &TCP_FLAGS, "tcp flag"),
        // IPv6 has no "don't fragment" (RFC 8956 §3.6); what else is reserved is ignored.
        Kind::Fragment => bits(out, value & if is_ipv6 { 0x0e } else { 0x0f }, &FRAGMENT, "fragment"),
    }
}

/// A number by its name, where it has one.
fn named(out: &mut String, value: u64, names: &[(u64, &str)]) {
    match names.iter().find(|(known, _)| *known == value) {
        Some((_, name)) => out.push_str(name),
        None => put!(out, "{value}"),
    }
}

/// The bits that are set, by their names.
fn bits(out: &mut String, value: u64, names: &[(u64, &str)], what: &str) {
    let known = names.iter().filter(|(bit, _)| value & bit != 0);
    let rest = names.iter().fold(value, |rest, (bit, _)| rest & !bit);
    let unknown = (rest != 0).then(|| alloc::format!("unknown {what} type {value}"));
    let words = known.map(|(_, name)| String::from(*name)).chain(unknown);
    separated(out, "+", words, |out, word| out.push_str(&word));
}

const PROTOCOLS: [(u64, &str); 13] = [
    (1, "icmp"),
    (2, "igmp"),
    (6, "tcp"),
    (8, "egp"),
    (17, "udp"),
    (46, "rsvp"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (89, "ospf"),
    (94, "ipip"),
    (103, "pim"),
    (132, "sctp"),
];

const ICMP_TYPES: [(u64, &str); 16] = [
    (0, "echo-reply"),
    (3, "unreachable"),
    (5, "redirect"),
    (8, "echo-request"),
    (9, "router-advertisement"),
    (10, "router-solicit"),
    (11, "time-exceeded"),
    (12, "parameter-problem"),
    (13, "timestamp"),
    (14, "timestamp-reply"),
    (40, "photuris"),
    (41, "experimental-mobility"),
    (42, "extended-echo-request"),
    (43, "extended-echo-reply"),
    (253, "experimental-one"),
    (254, "experimental-two"),
];

const TCP_FLAGS: [(u64, &str); 9] = [
    (0x01, "fin"),
    (0x02, "syn"),
    (0x04, "rst"),
    (0x08, "push"),
    (0x10, "ack"),
    (0x20, "urg"),
    (0x40, "ece"),
    (0x80, "cwr"),
    (0x100, "ns"),
];

const FRAGMENT: [(u64, &str); 4] =
    [(1, "dont-fragment"), (2, "is-fragment"), (4, "first-fragment"), (8, "last-fragment")];
