//! Mobile user plane routes (draft-mpmz-bess-mup-safi): `mup-isd`, `mup-dsd`, `mup-t1st` and `mup-t2st`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::announcement::RouteAction;
use super::attribute::RouteDraft;
use super::cursor::{Cursor, unknown};
use super::fault::{Result, SyntaxError};
use super::routes::RouteCollector;
use super::value::decimal;
use crate::wire::nlri::MupRoute;
use crate::wire::{Afi, NextHop, Nlri, Prefix};

const KINDS: &[&str] = &["mup-isd", "mup-dsd", "mup-t1st", "mup-t2st"];

/// Options of routes to prefixes that say nothing of these.
const NOT_HERE: &[&str] = &["rd", "route-distinguisher", "label", "path-information", "split"];

/// One of the four, and then attributes.
pub(super) fn route(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    afi: Afi,
    routes: &mut RouteCollector,
) -> Result<()> {
    let kind = cursor.word(&KINDS.join(", "))?;
    let (code, value): (u16, _) = match kind.text.as_ref() {
        "mup-isd" => (1, interwork_segment(cursor, afi)?),
        "mup-dsd" => (2, direct_segment(cursor, afi)?),
        "mup-t1st" => (3, session_type1(cursor, afi)?),
        "mup-t2st" => (4, session_type2(cursor, afi)?),
        _ => return Err(unknown(&kind, "a MUP route", KINDS)),
    };
    let mut draft = RouteDraft::default();
    cursor.options("mup", |cursor, keyword| draft.option_but(cursor, &keyword, NOT_HERE, &[]))?;
    if action == RouteAction::Announce && !draft.has_next_hop() {
        return Err(
            SyntaxError::new(kind.span, "the MUP route has no next hop").expected("`next-hop <address>`")
        );
    }
    // As ExaBGP sends it, an IPv4 next hop of an IPv6 route is one mapped into IPv6.
    if let (Afi::IPV6, Some(NextHop::V4(address))) = (afi, draft.next_hop) {
        draft.next_hop = Some(NextHop::V6(address.to_ipv6_mapped()));
    }
    // Architecture 1 is 3gpp-5g. No value is longer than a byte counts.
    let mut bytes = Vec::from([1]);
    bytes.extend(code.to_be_bytes());
    bytes.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    bytes.extend(value);
    routes.add_one(draft, Nlri::Mup(Box::new(MupRoute { afi, bytes: bytes.into() })));
    Ok(())
}

fn rd(cursor: &mut Cursor<'_>) -> Result<[u8; 8]> {
    cursor.expect_word("rd")?;
    Ok(cursor.route_distinguisher()?.0)
}

/// A prefix of this address family: its length, then as many octets as it needs.
fn prefix(cursor: &mut Cursor<'_>, afi: Afi) -> Result<Vec<u8>> {
    let prefix: Prefix = cursor.prefix()?;
    if prefix.afi() != afi {
        let problem = alloc::format!("{prefix} is not an {afi} prefix");
        return Err(SyntaxError::new(cursor.last(), problem).expected(alloc::format!("an {afi} prefix")));
    }
    let used = usize::from(prefix.length().div_ceil(8));
    let mut bytes = Vec::from([prefix.length()]);
    match prefix.address() {
        IpAddr::V4(address) => bytes.extend(address.octets().iter().take(used)),
        IpAddr::V6(address) => bytes.extend(address.octets().iter().take(used)),
    }
    Ok(bytes)
}

/// `mup-isd <prefix> rd <rd>`
fn interwork_segment(cursor: &mut Cursor<'_>, afi: Afi) -> Result<Vec<u8>> {
    let prefix = prefix(cursor, afi)?;
    Ok([rd(cursor)?.as_slice(), &prefix].concat())
}

/// `mup-dsd <address> rd <rd>`
fn direct_segment(cursor: &mut Cursor<'_>, afi: Afi) -> Result<Vec<u8>> {
    let address = cursor.address_of(afi)?;
    Ok([rd(cursor)?.as_slice(), &address].concat())
}

/// `mup-t1st <prefix> rd <rd> teid <number> qfi <number> endpoint <address> [source <address>]`
fn session_type1(cursor: &mut Cursor<'_>, afi: Afi) -> Result<Vec<u8>> {
    let prefix = prefix(cursor, afi)?;
    let mut value = Vec::from(rd(cursor)?);
    value.extend(prefix);
    cursor.expect_word("teid")?;
    value.extend(cursor.number::<u32>("a TEID", "a number from 0 to 4294967295")?.to_be_bytes());
    cursor.expect_word("qfi")?;
    value.push(cursor.number("a QFI", "a number from 0 to 255")?);
    cursor.expect_word("endpoint")?;
    value.push(width(afi));
    value.extend(cursor.address_of(afi)?);
    if cursor.eat_word("source")? {
        value.push(width(afi));
        value.extend(cursor.address_of(afi)?);
    }
    Ok(value)
}

/// `mup-t2st <address> rd <rd> teid <number>/<bits>`
fn session_type2(cursor: &mut Cursor<'_>, afi: Afi) -> Result<Vec<u8>> {
    let address = cursor.address_of(afi)?;
    let mut value = Vec::from(rd(cursor)?);
    cursor.expect_word("teid")?;
    let (teid, bits) =
        cursor.value("a TEID", "<number>/<bits>, a number that fits 0 to 32 bits", |text| {
            let (teid, bits) = text.split_once('/')?;
            let (teid, bits) = (decimal::<u32>(teid)?, decimal::<u8>(bits)?);
            (bits <= 32 && teid.checked_shr(bits.into()).unwrap_or(0) == 0).then_some((teid, bits))
        })?;
    value.push(width(afi).saturating_add(bits));
    value.extend(address);
    // The low octets that hold the bits, as ExaBGP writes them.
    value.extend(teid.to_be_bytes().iter().skip(4 - usize::from(bits.div_ceil(8))));
    Ok(value)
}

fn width(afi: Afi) -> u8 {
    if afi == Afi::IPV4 { 32 } else { 128 }
}
