//! What a FlowSpec rule does with what it matches: extended communities (RFC 8955 §7), and sometimes a next hop.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::attribute::RouteDraft;
use super::cursor::{Cursor, not_a, unknown};
use super::fault::{Result, SyntaxError};
use super::token::Token;
use super::value::decimal;
use crate::wire::Attribute;
use crate::wire::attribute::{ExtendedCommunity, Ipv6ExtendedCommunity};

/// Every keyword of `then`.
pub(super) const KEYWORDS: &[&str] = &[
    "accept",
    "discard",
    "rate-limit",
    "redirect",
    "redirect-to-nexthop",
    "redirect-to-nexthop-ietf",
    "copy",
    "mark",
    "action",
    "community",
    "large-community",
    "extended-community",
];

/// Every keyword of `scope`.
pub(super) const SCOPES: &[&str] = &["interface-set"];

/// A rate in octets a second that ExaBGP takes for "no limit".
const MOST_OCTETS: u64 = 1_000_000_000_000;

/// Reads the action that `keyword` introduces; `false` where it introduces none.
pub(super) fn read(cursor: &mut Cursor<'_>, keyword: &Token<'_>, draft: &mut RouteDraft) -> Result<bool> {
    let community = match keyword.text.as_ref() {
        "accept" => return Ok(true),
        "discard" => rate(0x06, 0),
        "rate-limit" => rate_limit(cursor)?,
        "redirect" => redirect(cursor, draft)?,
        "redirect-to-nexthop" => to_next_hop(false),
        "redirect-to-nexthop-ietf" => match cursor.ip()? {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                [0x01, 0x0c, a, b, c, d, 0, 0]
            }
            IpAddr::V6(address) => {
                let mut community = [0; 20];
                let [_, kind, octets @ .., _, _] = &mut community;
                *kind = 0x0c;
                *octets = address.octets();
                let communities = Vec::from([Ipv6ExtendedCommunity(community)]);
                draft.add(cursor, keyword, Attribute::Ipv6ExtendedCommunities(communities));
                return Ok(true);
            }
        },
        "copy" => {
            let address = cursor.ip()?;
            draft.redirect_to(Some(address.into()));
            to_next_hop(true)
        }
        "mark" => {
            let dscp = |text: &str| decimal(text).filter(|dscp: &u8| *dscp < 64);
            [0x80, 0x09, 0, 0, 0, 0, 0, cursor.value("a DSCP", "a number from 0 to 63", dscp)?]
        }
        "action" => [0x80, 0x07, 0, 0, 0, 0, 0, traffic_action(cursor)?],
        "community" | "large-community" | "extended-community" => return draft.option(cursor, keyword),
        _ => return Ok(false),
    };
    add(cursor, keyword, draft, Vec::from([ExtendedCommunity(community)]));
    Ok(true)
}

/// Reads the scope that `keyword` introduces; `false` where it introduces none.
pub(super) fn read_scope(
    cursor: &mut Cursor<'_>,
    keyword: &Token<'_>,
    draft: &mut RouteDraft,
) -> Result<bool> {
    if !keyword.is("interface-set") {
        return Ok(false);
    }
    let mut communities = Vec::new();
    cursor.list("an interface set", |cursor| {
        let expected = "transitive|non-transitive:input|output|input-output:<32 bits>:<14 bits>";
        communities.push(cursor.value("an interface set", expected, interface_set)?);
        Ok(())
    })?;
    communities.sort_unstable();
    if !communities.is_empty() {
        add(cursor, keyword, draft, communities);
    }
    Ok(true)
}

/// `sample`, `terminal`, or both with anything between them, as ExaBGP looks for these words in what it is given.
fn traffic_action(cursor: &mut Cursor<'_>) -> Result<u8> {
    let word = cursor.word("sample, terminal or sample-terminal")?;
    let named = |name: &str| word.text.to_ascii_lowercase().contains(name);
    match (named("sample"), named("terminal")) {
        (false, false) => Err(unknown(&word, "a traffic action", &["sample", "terminal", "sample-terminal"])),
        (sample, terminal) => Ok(u8::from(sample) << 1 | u8::from(terminal)),
    }
}

fn add(
    cursor: &mut Cursor<'_>,
    keyword: &Token<'_>,
    draft: &mut RouteDraft,
    communities: Vec<ExtendedCommunity>,
) {
    draft.add(cursor, keyword, Attribute::ExtendedCommunities(communities));
}

/// A rate, an IEEE number of four octets behind an AS number of zero (RFC 8955 §7.1, §7.2).
fn rate(subtype: u8, rate: u64) -> [u8; 8] {
    let [a, b, c, d] = (rate as f32).to_be_bytes();
    [0x80, subtype, 0, 0, a, b, c, d]
}

fn rate_limit(cursor: &mut Cursor<'_>) -> Result<[u8; 8]> {
    let limit: u64 =
        cursor.number("a rate", "a number of octets a second, or of packets with `packets` after it")?;
    let span = cursor.last();
    if cursor.eat_word("packets")? {
        return Ok(rate(0x0c, limit));
    }
    cursor.eat_word("bytes")?;
    if limit > MOST_OCTETS {
        let problem = alloc::format!("a rate of {limit} octets a second is taken for {MOST_OCTETS}");
        cursor.warn(SyntaxError::new(span, problem));
    }
    Ok(rate(0x06, limit.min(MOST_OCTETS)))
}

/// To or through the next hop in NEXT_HOP or MP_REACH_NLRI (draft-simpson-idr-flowspec-redirect).
fn to_next_hop(copy: bool) -> [u8; 8] {
    [0x08, 0, 0, 0, 0, 0, 0, copy.into()]
}

/// `65500:12345`, a VPN by its route target, or an address to send packets to.
fn redirect(cursor: &mut Cursor<'_>, draft: &mut RouteDraft) -> Result<[u8; 8]> {
    let expected = "<AS>:<number>, or an IP address";
    let word = cursor.word(expected)?;
    if let Ok(address) = word.text.parse::<IpAddr>() {
        draft.redirect_to(Some(address.into()));
        return Ok(to_next_hop(false));
    }
    let target = word.text.split_once(':').and_then(|(asn, number)| {
        let (asn, number): (u32, u32) = (decimal(asn)?, decimal(number)?);
        let ([a, b, c, d], [e, f, g, h]) = (asn.to_be_bytes(), number.to_be_bytes());
        match (u16::try_from(asn), u16::try_from(number)) {
            (Ok(_), _) => Some([0x80, 0x08, c, d, e, f, g, h]),
            (_, Ok(_)) => Some([0x82, 0x08, a, b, c, d, g, h]),
            _ => None,
        }
    });
    draft.redirect_to(None);
    target.ok_or_else(|| match word.text.contains(':') {
        true => not_a(&word, "a place to redirect to").expected(expected),
        false => unknown(&word, "a place to redirect to", &[]).expected(expected),
    })
}

/// An interface set (draft-ietf-idr-flowspec-interfaceset): the direction is the upper two bits of the group.
fn interface_set(text: &str) -> Option<ExtendedCommunity> {
    let mut parts = text.split(':');
    let kind = match parts.next()? {
        "transitive" => 0x07,
        "non-transitive" => 0x47,
        _ => return None,
    };
    let direction: u16 = match parts.next()? {
        "input" => 1,
        "output" => 2,
        "input-output" => 3,
        _ => return None,
    };
    let [a, b, c, d] = decimal::<u32>(parts.next()?)?.to_be_bytes();
    let group = decimal::<u16>(parts.next()?).filter(|group| *group < 1 << 14)?;
    let [e, f] = (direction << 14 | group).to_be_bytes();
    parts.next().is_none().then_some(ExtendedCommunity([kind, 0x02, a, b, c, d, e, f]))
}
