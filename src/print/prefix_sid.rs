//! The BGP Prefix-SID attribute (RFC 8669) and the SRv6 services in it (RFC 9252).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::tlv::{ipv6, number};
use super::{hex, put, separated};

/// TLVs with one octet of type and two of length.
#[derive(Clone, Copy)]
struct Tlvs<'a>(&'a [u8]);

impl<'a> Iterator for Tlvs<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, rest) = self.0.split_first()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0 = rest;
        Some((*kind, value))
    }
}

/// Appends the attribute as an object; false, and nothing, where it cannot be read.
pub(super) fn json(out: &mut String, octets: &[u8]) -> bool {
    let Some(members) = members(octets, tlv_json) else { return false };
    out.push_str("{ ");
    separated(out, ", ", members, |out, member| out.push_str(&member));
    out.push_str(" }");
    true
}

/// Appends the attribute as the configuration writes it.
pub(super) fn text(out: &mut String, octets: &[u8]) -> bool {
    let Some(members) = members(octets, tlv_text) else { return false };
    out.push_str("[ ");
    separated(out, ", ", members, |out, member| out.push_str(&member));
    out.push_str(" ]");
    true
}

/// Every TLV as `write` writes it; of those that may stand once only the first.
fn members(octets: &[u8], write: impl Fn(u8, &[u8]) -> Option<String>) -> Option<Vec<String>> {
    let mut tlvs = Tlvs(octets);
    let mut seen = Vec::new();
    let mut members = Vec::new();
    for (kind, value) in tlvs.by_ref() {
        if matches!(kind, 1 | 3) && seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        members.push(write(kind, value)?);
    }
    (tlvs.0.is_empty() && !members.is_empty()).then_some(members)
}

fn tlv_json(kind: u8, value: &[u8]) -> Option<String> {
    Some(match kind {
        1 => format!("\"sr-label-index\": {}", label_index(value)?),
        3 => format!("\"sr-srgbs\": {:?}", ranges(value)?),
        5 | 6 => {
            let mut text = format!("\"{}\": [ ", service(kind));
            separated(&mut text, ", ", Tlvs(value.get(1..)?), |out, (kind, value)| {
                sid_information_json(out, kind, value);
            });
            text + " ]"
        }
        _ => {
            let mut text = format!("\"attribute-not-implemented-{kind}\": \"");
            hex(&mut text, value);
            text + "\""
        }
    })
}

fn tlv_text(kind: u8, value: &[u8]) -> Option<String> {
    Some(match kind {
        1 => format!("{}", label_index(value)?),
        3 => {
            let mut text = String::from("[ ");
            separated(&mut text, ", ", ranges(value)?, |out, [base, size]| put!(out, "( {base},{size} )"));
            text + " ]"
        }
        5 | 6 => {
            let mut text = format!("{} [ ", service(kind));
            separated(&mut text, ", ", Tlvs(value.get(1..)?), |out, (kind, value)| {
                sid_information_text(out, kind, value);
            });
            text + " ]"
        }
        _ => format!("Attribute with code [ {kind} ] not implemented"),
    })
}

const fn service(kind: u8) -> &'static str {
    if kind == 5 { "l3-service" } else { "l2-service" }
}

/// RFC 8669 §3.1
fn label_index(value: &[u8]) -> Option<u64> {
    (value.len() == 7).then(|| value.get(3..).map(number))?
}

/// RFC 8669 §3.2: where each range begins, and how long it is.
fn ranges(value: &[u8]) -> Option<Vec<[u64; 2]>> {
    let ranges = value.get(2..).filter(|ranges| !ranges.is_empty() && ranges.len() % 6 == 0)?;
    Some(
        ranges
            .chunks(6)
            .map(|range| {
                [number(range.get(..3).unwrap_or_default()), number(range.get(3..).unwrap_or_default())]
            })
            .collect(),
    )
}

/// SRv6 SID information (RFC 9252 §3.1), and its structure (§3.2.1).
fn sid_information_json(out: &mut String, kind: u8, value: &[u8]) {
    let (1, Some((sid, behavior))) = (kind, sid(value)) else { return unknown(out, kind, value) };
    put!(out, "{{ \"sid\": \"{sid}\", \"flags\": 0, \"endpoint_behavior\": {behavior}");
    for (kind, value) in Tlvs(value.get(21..).unwrap_or_default()) {
        out.push_str(", ");
        match (kind, value) {
            (1, [block, node, function, argument, length, offset]) => {
                put!(
                    out,
                    "\"structure\": {{\"locator-block-length\": {block}, \"locator-node-length\": {node}, "
                );
                put!(out, "\"function-length\": {function}, \"argument-length\": {argument}, ");
                put!(out, "\"transposition-length\": {length}, \"transposition-offset\": {offset}}}");
            }
            _ => {
                put!(out, "\"generic-sub-sub-tlv-{kind}\": \"");
                hex(out, value);
                out.push('"');
            }
        }
    }
    out.push_str(" }");
}

fn sid_information_text(out: &mut String, kind: u8, value: &[u8]) {
    let (1, Some((sid, behavior))) = (kind, sid(value)) else {
        return put!(out, "SRv6 Service Sub-TLV type {kind} not implemented");
    };
    put!(out, "sid-information [ sid:{sid} flags:0 endpoint_behavior:{behavior:#x} ");
    let structures: Vec<_> = Tlvs(value.get(21..).unwrap_or_default()).collect();
    if !structures.is_empty() {
        out.push_str(" [ ");
        separated(out, ", ", structures, |out, (kind, value)| match (kind, value) {
            (1, [block, node, function, argument, length, offset]) => {
                put!(out, "sid-structure [{block},{node},{function},{argument},{length},{offset}]");
            }
            _ => put!(out, "SRv6 Service Data Sub-Sub-TLV type {kind} not implemented"),
        });
        out.push_str(" ]");
    }
    out.push_str(" ]");
}

/// The SID and its behaviour.
fn sid(value: &[u8]) -> Option<(core::net::Ipv6Addr, u64)> {
    Some((ipv6(value.get(1..17)?)?, number(value.get(18..20)?)))
}

fn unknown(out: &mut String, kind: u8, value: &[u8]) {
    put!(out, "{{ \"generic-sub-tlv-{kind}\": \"");
    hex(out, value);
    out.push_str("\" }");
}
