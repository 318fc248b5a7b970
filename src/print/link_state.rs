//! The BGP-LS attribute (RFC 9552, RFC 9085, RFC 9514): what is known of a node, a link or a prefix.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use data_encoding::HEXLOWER;

use super::tlv::{address, exactly, ipv6, number, single};
use super::{float, hex, put, separated, string};
use crate::wire::tlv::Tlvs;

/// Appends the attribute's members, without its braces; false, and nothing, where some TLV cannot be read.
pub(super) fn json(out: &mut String, octets: &[u8]) -> bool {
    let Some(tlvs) = Tlvs::whole(octets) else { return false };
    let mut members: Vec<Member> = Vec::new();
    for (kind, value) in tlvs {
        let Some(member) = member(kind, value) else { return false };
        let joined = member.merges && members.iter_mut().any(|known| known.join(&member));
        if !joined {
            members.push(member);
        }
    }
    separated(out, ", ", members, |out, member| match (member.key.is_empty(), member.merges) {
        (true, _) => out.push_str(&member.value),
        (false, false) => put!(out, "\"{}\": {}", member.key, member.value),
        (false, true) => {
            put!(out, "\"{}\": [{pad}{}{pad}]", member.key, member.value, pad = member.padding());
        }
    });
    true
}

/// One member of the object, or several written out already.
struct Member {
    /// Its key; empty where `value` holds keys of its own.
    key: String,
    value: String,
    /// Whether values of the same key become one list.
    merges: bool,
}

impl Member {
    fn one(key: &str, value: impl core::fmt::Display) -> Self {
        Self { key: key.into(), value: format!("{value}"), merges: false }
    }

    fn text(key: &str, value: &str) -> Self {
        let mut text = String::new();
        string(&mut text, value);
        Self::one(key, text)
    }

    fn listed(key: &str, value: String) -> Self {
        Self { key: key.into(), value, merges: true }
    }

    /// Adds the value of `other` where it has the same key.
    fn join(&mut self, other: &Self) -> bool {
        let same = self.merges && self.key == other.key;
        if same {
            put!(self.value, ", {}", other.value);
        }
        same
    }

    /// What stands between a list's brackets and its items.
    fn padding(&self) -> &'static str {
        if self.key.starts_with("srv6-") { " " } else { "" }
    }
}

/// What a TLV says; `None` where it cannot be read. Their numbers come in three ranges (RFC 9552 §8.2).
fn member(kind: u16, value: &[u8]) -> Option<Member> {
    match kind {
        ..1088 => of_node(kind, value),
        1088..1152 => of_link(kind, value),
        1152.. => of_prefix(kind, value),
    }
}

/// What is known of a node, and the addresses of a link's ends.
fn of_node(kind: u16, value: &[u8]) -> Option<Member> {
    Some(match kind {
        1024 => Member::one("node-flags", flags(value, &["O", "T", "E", "B", "R", "V"])?),
        1025 => Member::text("opaque", &String::from_utf8_lossy(value)),
        1026 => Member::text("node-name", &String::from_utf8_lossy(value)),
        // An area's address has at most 13 octets; whoever sends more shall not have us compute with them.
        1027 => Member::text("area-id", &super::decimal((1..=20).contains(&value.len()).then_some(value)?)),
        1028 | 1029 => Member::listed("local-te-router-ids", format!("\"{}\"", address(value)?)),
        1030 | 1031 => Member::text("remote-te-router-id", &format!("{}", address(value)?)),
        1034 => sr_capabilities(value)?,
        1035 => {
            let algorithms = if value.is_empty() { &[0] } else { value };
            Member::one("sr-algorithms", format!("{algorithms:?}"))
        }
        // The one flag is told of by its weight.
        1038 => Member::one(
            "srv6-capabilities",
            format!("{{\"flags\": {{\"O\": {}}}}}", number(value.get(..2)?) & 64),
        ),
        _ => unknown(kind, value),
    })
}

/// What is known of a link.
fn of_link(kind: u16, value: &[u8]) -> Option<Member> {
    Some(match kind {
        1088 => Member::one("admin-group-mask", exactly(value, 4)?),
        1089 => Member::one("maximum-link-bandwidth", bandwidths(value)?),
        1090 => Member::one("maximum-reservable-link-bandwidth", bandwidths(value)?),
        1091 => Member::one("unreserved-bandwidth", unreserved(value)?),
        1092 => Member::one("te-metric", exactly(value, 4)?),
        1093 => {
            let names =
                ["ExtraTrafic", "Unprotected", "Shared", "Dedicated 1:1", "Dedicated 1+1", "Enhanced"];
            Member::one("link-protection-flags", flags(value, &names)?)
        }
        1094 => Member::one("mpls-mask", flags(value, &["LDP", "RSVP-TE"])?),
        1095 => Member::one("igp-metric", matches!(value.len(), 1..=3).then(|| number(value))?),
        1096 => Member::one("shared-risk-link-groups", numbers(value, 4)?),
        1097 => Member::text("opaque-link", &String::from_utf8_lossy(value)),
        1098 => Member::text("link-name", &String::from_utf8_lossy(value)),
        1099 => sr_adjacency(value)?,
        1100 => sr_adjacency_lan(value)?,
        1106 => Member::listed("srv6-endx", end_x(value, 6, None)?),
        1107 => {
            let neighbor = HEXLOWER.encode(value.get(6..12)?);
            Member::listed("srv6-lan-endx-isis", end_x(value, 12, Some(neighbor))?)
        }
        1108 => {
            let neighbor = format!("{}", address(value.get(6..10)?)?);
            Member::listed("srv6-lan-endx-ospf", end_x(value, 10, Some(neighbor))?)
        }
        _ => unknown(kind, value),
    })
}

/// What is known of a prefix, or of an SRv6 SID.
fn of_prefix(kind: u16, value: &[u8]) -> Option<Member> {
    Some(match kind {
        1152 => Member::one("igp-flags", flags(value, &["D", "N", "L", "P"])?),
        1153 => Member::one("igp-route-tags", numbers(value, 4)?),
        1154 => Member::one("igp-extended-route-tags", numbers(value, 8)?),
        1155 => Member::one("prefix-metric", exactly(value, 4)?),
        1156 => Member::text("ospf-forwarding-address", &format!("{}", address(value)?)),
        1157 => Member::text("opaque-prefix", &String::from_utf8_lossy(value)),
        1158 => sr_prefix(value)?,
        1162 => {
            let metric = number(value.get(4..8)?);
            let algorithm = value.get(1)?;
            let flags = flags(value, &["D"])?;
            let text = format!("{{\"flags\": {flags}, \"algorithm\": {algorithm}, \"metric\": {metric}}}");
            Member::one("srv6-locator", text)
        }
        1170 => Member::one("sr-prefix-attribute-flags", flags(value, &["X", "R", "N"])?),
        1171 => Member::text("sr-source-router-id", &format!("{}", address(value)?)),
        1250 => {
            let (behavior, algorithm) = (number(value.get(..2)?), value.get(3)?);
            let text =
                format!("{{\"endpoint-behavior\": {behavior}, \"flags\": [], \"algorithm\": {algorithm}}}");
            Member::one("srv6-endpoint-behavior", text)
        }
        1252 => Member::one("srv6-sid-structure", sid_structure(value)?),
        _ => unknown(kind, value),
    })
}

/// A TLV that nobody here knows.
fn unknown(kind: u16, value: &[u8]) -> Member {
    let mut text = String::from("\"");
    hex(&mut text, value);
    text.push('"');
    Member::listed(&format!("generic-lsid-{kind}"), text)
}

/// `{"I": 1, "V": 0, "RSV": 0}`: the flags of the first octet by name, from the highest bit on. What is reserved is told
/// of as unset, whatever was sent.
fn flags(value: &[u8], names: &[&str]) -> Option<String> {
    let first = value.first()?;
    let mut text = String::from("{");
    for (index, name) in names.iter().enumerate() {
        put!(text, "\"{name}\": {}, ", first >> 7usize.saturating_sub(index) & 1);
    }
    text.push_str("\"RSV\": 0}");
    Some(text)
}

/// A bandwidth, in octets a second.
fn bandwidths(value: &[u8]) -> Option<String> {
    let mut text = String::new();
    float(&mut text, single(value)?);
    Some(text)
}

/// Eight bandwidths, by priority.
fn unreserved(value: &[u8]) -> Option<String> {
    if value.len() != 32 {
        return None;
    }
    let mut text = String::from("[");
    separated(&mut text, ", ", value.chunks(4), |out, one| float(out, single(one).unwrap_or_default()));
    text.push(']');
    Some(text)
}

/// Numbers of `size` octets each.
fn numbers(value: &[u8], size: usize) -> Option<String> {
    let numbers: Vec<u64> = value.chunks(size).map(number).collect();
    value.len().is_multiple_of(size).then(|| format!("{numbers:?}"))
}

/// SID/label ranges (RFC 9085 §2.1.2).
fn sr_capabilities(value: &[u8]) -> Option<Member> {
    let flags = flags(value, &["I", "V"])?;
    let mut ranges = Vec::new();
    let mut rest = value.get(2..)?;
    while !rest.is_empty() {
        let (range, sub) = rest.split_at_checked(3)?;
        let mut tlvs = Tlvs::new(sub);
        let (1161, sid) = tlvs.next()? else { return None };
        rest = tlvs.rest();
        match sid.len() {
            3 => ranges.push([number(range), number(sid) & 0xf_ffff]),
            4 => ranges.push([number(range), number(sid)]),
            _ => {}
        }
    }
    let value = format!("\"sr-capability-flags\": {flags}, \"sids\": {ranges:?}");
    Some(Member { key: String::new(), value, merges: false })
}

/// SIDs after flags that say how they are written: labels of three octets, indices of four, or nobody knows.
fn sids(mut rest: &[u8], is_label: bool, is_index: bool) -> Option<(Vec<u64>, Vec<String>)> {
    let (mut sids, mut undecoded) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let size = match (is_label, is_index) {
            (true, _) => 3,
            (_, true) => 4,
            _ => {
                let mut text = String::new();
                hex(&mut text, rest);
                undecoded.push(text);
                break;
            }
        };
        let (sid, after) = rest.split_at_checked(size)?;
        sids.push(number(sid));
        rest = after;
    }
    Some((sids, undecoded))
}

const ADJACENCY_FLAGS: [&str; 6] = ["F", "B", "V", "L", "S", "P"];

/// Adjacency SIDs (RFC 9085 §2.2.1).
fn sr_adjacency(value: &[u8]) -> Option<Member> {
    let flags = flags(value, &ADJACENCY_FLAGS)?;
    let (first, weight) = (value.first()?, value.get(1)?);
    let (label, index) = (first & 0x30 == 0x30, first & 0x30 == 0);
    let (sids, undecoded) = sids(value.get(4..).unwrap_or_default(), label, index)?;
    let text = format!(
        "{{\"flags\": {flags}, \"sids\": {sids:?}, \"weight\": {weight}, \"undecoded-sids\": {undecoded:?}}}"
    );
    Some(Member::one("sr-adj", text))
}

/// Adjacency SIDs on a LAN (RFC 9085 §2.2.2).
fn sr_adjacency_lan(value: &[u8]) -> Option<Member> {
    let flags = flags(value, &ADJACENCY_FLAGS)?;
    let (first, weight) = (value.first()?, value.get(1)?);
    let system = HEXLOWER.encode(value.get(4..10)?);
    let (label, index) = (first & 0x30 == 0x30, first & 0x30 == 0);
    let (sids, undecoded) = sids(value.get(10..)?, label, index)?;
    let text = format!(
        "{{\"flags\": {flags}, \"weight\": {weight}, \"system-id\": \"{system}\", \"sids\": {sids:?}, \
         \"undecoded\": {undecoded:?}}}"
    );
    Some(Member::listed("sr-adj-lan-sids", text))
}

/// A prefix SID (RFC 9085 §2.3.1).
fn sr_prefix(value: &[u8]) -> Option<Member> {
    let flags = flags(value, &["R", "N", "P", "E", "V", "L"])?;
    let (first, algorithm) = (value.first()?, value.get(1)?);
    let (label, index) = (first & 0x0c == 0x0c, first & 0x0c == 0);
    let (sids, undecoded) = sids(value.get(4..).unwrap_or_default(), label, index)?;
    let value = format!(
        "\"sr-prefix-flags\": {flags}, \"sids\": {sids:?}, \"undecoded-sids\": {undecoded:?}, \
         \"sr-algorithm\": {algorithm}"
    );
    Some(Member { key: String::new(), value, merges: false })
}

/// An SRv6 End.X SID (RFC 9514 §4.1, §4.2), which stands `offset` octets into its TLV.
fn end_x(value: &[u8], offset: usize, neighbor: Option<String>) -> Option<String> {
    let flags = flags(value.get(2..3)?, &["B", "S", "P"])?;
    let (behavior, algorithm, weight) = (number(value.get(..2)?), value.get(3)?, value.get(4)?);
    let sid = ipv6(value.get(offset..offset + 16)?)?;
    let mut text = format!("{{\"flags\": {flags}, ");
    let is_lan = neighbor.is_some();
    if let Some(neighbor) = neighbor {
        put!(text, "\"neighbor-id\": \"{neighbor}\", ");
    }
    put!(
        text,
        "\"behavior\": {behavior}, \"algorithm\": {algorithm}, \"weight\": {weight}, \"sid\": \"{sid}\""
    );
    for (kind, value) in Tlvs::new(value.get(offset + 16..)?) {
        match kind {
            1252 => put!(text, ", \"srv6-sid-structure\": {}", sid_structure(value)?),
            _ if is_lan => put!(text, ", \"{kind}-undecoded\": \""),
            _ => put!(text, ", \"subtlv-not-implemented-{kind}\": \""),
        }
        if kind != 1252 {
            hex(&mut text, value);
            text.push('"');
        }
    }
    text.push('}');
    Some(text)
}

/// How an SRv6 SID is put together (RFC 9514 §8).
fn sid_structure(value: &[u8]) -> Option<String> {
    let [block, node, function, argument] = value.get(..4)? else { return None };
    Some(format!(
        "{{\"loc_block_len\": {block}, \"loc_node_len\": {node}, \"func_len\": {function}, \"arg_len\": {argument}}}"
    ))
}
