//! Communities of every size. Lists come out sorted, as ExaBGP sends them.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::cursor::{Cursor, not_a, unknown};
use super::fault::{Result, SyntaxError};
use super::token::Token;
use super::value::{decimal, decimal_or_hex, octets};
use crate::wire::attribute::{Community, ExtendedCommunity, LargeCommunity};

const WELL_KNOWN: &[(&str, Community)] = &[
    ("no-export", Community::NO_EXPORT),
    ("no-advertise", Community::NO_ADVERTISE),
    ("no-export-subconfed", Community::NO_EXPORT_SUBCONFED),
    ("nopeer", Community::NO_PEER),
    ("no-peer", Community::NO_PEER),
    ("blackhole", Community::BLACKHOLE),
];

/// `65000:1`, `0xfde80001`, `no-export`, or a list of such.
pub(super) fn communities(cursor: &mut Cursor<'_>) -> Result<Vec<Community>> {
    let expected = "<number>:<number>, each from 0 to 65535, a number of 32 bits, or no-export, no-advertise, no-export-subconfed, nopeer, blackhole";
    let mut communities = Vec::new();
    cursor.list("a community", |cursor| {
        communities.push(cursor.value("a community", expected, community)?);
        Ok(())
    })?;
    communities.sort_unstable();
    Ok(communities)
}

fn community(text: &str) -> Option<Community> {
    if let Some((asn, value)) = text.split_once(':') {
        return Some(Community::new(decimal(asn)?, decimal(value)?));
    }
    let name = text.replace('_', "-");
    if let Some((_, community)) = WELL_KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
        return Some(*community);
    }
    decimal_or_hex(text).and_then(|number| u32::try_from(number).ok()).map(Community)
}

/// `65000:1:2`, a number of 96 bits, or a list of such; each once.
pub(super) fn large_communities(cursor: &mut Cursor<'_>) -> Result<Vec<LargeCommunity>> {
    let mut communities = Vec::new();
    cursor.list("a large community", |cursor| {
        let expected = "<number>:<number>:<number>, each from 0 to 4294967295";
        communities.push(cursor.value("a large community", expected, large_community)?);
        Ok(())
    })?;
    communities.sort_unstable();
    communities.dedup();
    Ok(communities)
}

fn large_community(text: &str) -> Option<LargeCommunity> {
    if let Some((global, rest)) = text.split_once(':') {
        let (local1, local2) = rest.split_once(':')?;
        return Some(LargeCommunity {
            global: decimal(global)?,
            local1: decimal(local1)?,
            local2: decimal(local2)?,
        });
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => u128::from_str_radix(digits, 16).ok()?,
        None => decimal(text)?,
    };
    let part = |shift: u32| u32::try_from(number >> shift & u128::from(u32::MAX)).ok();
    (number >> 96 == 0).then_some(LargeCommunity { global: part(64)?, local1: part(32)?, local2: part(0)? })
}

/// `target:65000:1`, `0x0002fde800000001`, and the like, or a list of such.
pub(super) fn extended_communities(cursor: &mut Cursor<'_>) -> Result<Vec<ExtendedCommunity>> {
    let mut communities = Vec::new();
    cursor.list("an extended community", |cursor| {
        let word = cursor.word("an extended community")?;
        communities.push(extended_community(&word)?);
        Ok(())
    })?;
    communities.sort_unstable();
    Ok(communities)
}

const EXTENDED: &[&str] = &[
    "target",
    "target4",
    "origin",
    "origin4",
    "redirect",
    "l2info",
    "redirect-to-nexthop",
    "bandwidth",
    "mup",
];

fn extended_community(word: &Token<'_>) -> Result<ExtendedCommunity> {
    let what = "an extended community";
    if let Some(octets) = octets(&word.text) {
        let octets =
            octets.try_into().map_err(|_| not_a(word, what).expected("0x and 16 hexadecimal digits"))?;
        return Ok(ExtendedCommunity(octets));
    }
    if word.text == "redirect-to-nexthop" {
        return Ok(ExtendedCommunity([8, 0, 0, 0, 0, 0, 0, 0]));
    }
    let (kind, value) = match word.text.split_once(':') {
        Some((kind, value)) if value.contains(':') => (kind, value),
        Some(_) => ("target", word.text.as_ref()),
        None => return Err(unknown(word, what, EXTENDED)),
    };
    let fields: Vec<&str> = value.split(':').collect();
    let (community, form) = match kind {
        "target" => (administered(0x02, &fields), TARGET),
        "origin" => (administered(0x03, &fields), TARGET),
        "target4" => (four_octets(0x02, &fields), "target4:<32 bits>:<16 bits>"),
        "origin4" => (four_octets(0x03, &fields), "origin4:<32 bits>:<16 bits>"),
        "redirect" => (two_octets([0x80, 0x08], &fields), "redirect:<16 bits>:<32 bits>"),
        "mup" => (two_octets([0x0c, 0x00], &fields), "mup:<16 bits>:<32 bits>"),
        "bandwidth" => (bandwidth(&fields), "bandwidth:<AS of 16 bits>:<octets a second>"),
        "l2info" => (l2info(&fields), "l2info:<encapsulation>:<control flags>:<MTU>:<preference>"),
        _ => {
            let problem = alloc::format!("`{kind}` is no kind of extended community");
            return Err(SyntaxError::new(word.span, problem).one_of(kind, EXTENDED));
        }
    };
    community.map(ExtendedCommunity).ok_or_else(|| not_a(word, what).expected(form))
}

const TARGET: &str = "<16 bits>:<32 bits>, <32 bits>L:<16 bits> or <IPv4>:<16 bits> after the kind";

/// A number, perhaps with the `L` that marks it as one of four octets, or an IPv4 address read as a number.
fn field(text: &str) -> Option<u32> {
    decimal(text.strip_suffix('L').unwrap_or(text)).or_else(|| text.parse().ok().map(Ipv4Addr::to_bits))
}

/// A route target or origin, in the form that its administrator needs. ExaBGP writes an AS number of four octets in
/// the form of an IPv4 address.
fn administered(subtype: u8, fields: &[&str]) -> Option<[u8; 8]> {
    let administrator = fields.first()?;
    let wide = field(administrator)? > u16::MAX.into()
        || administrator.contains('.')
        || administrator.ends_with('L');
    if wide { four_octets(subtype, fields) } else { two_octets([0x00, subtype], fields) }
}

fn two_octets([kind, subtype]: [u8; 2], fields: &[&str]) -> Option<[u8; 8]> {
    let [administrator, number] = fields else { return None };
    let [a, b] = u16::try_from(field(administrator)?).ok()?.to_be_bytes();
    let [c, d, e, f] = field(number)?.to_be_bytes();
    Some([kind, subtype, a, b, c, d, e, f])
}

fn four_octets(subtype: u8, fields: &[&str]) -> Option<[u8; 8]> {
    let [administrator, number] = fields else { return None };
    let [a, b, c, d] = field(administrator)?.to_be_bytes();
    let [e, f] = u16::try_from(field(number)?).ok()?.to_be_bytes();
    Some([0x01, subtype, a, b, c, d, e, f])
}

fn bandwidth(fields: &[&str]) -> Option<[u8; 8]> {
    let [asn, rate] = fields else { return None };
    let [a, b] = decimal::<u16>(asn)?.to_be_bytes();
    let [c, d, e, f] = (decimal::<u32>(rate)? as f32).to_be_bytes();
    Some([0x40, 0x04, a, b, c, d, e, f])
}

fn l2info(fields: &[&str]) -> Option<[u8; 8]> {
    let [encapsulation, control, mtu, preference] = fields else { return None };
    let ([a, b], [c, d]) = (decimal::<u16>(mtu)?.to_be_bytes(), decimal::<u16>(preference)?.to_be_bytes());
    Some([0x80, 0x0a, decimal(encapsulation)?, decimal(control)?, a, b, c, d])
}
