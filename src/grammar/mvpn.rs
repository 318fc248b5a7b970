//! MCAST-VPN routes (RFC 6514): `shared-join`, `source-join` and `source-ad`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::announcement::RouteAction;
use super::attribute::RouteDraft;
use super::cursor::{Cursor, unknown};
use super::fault::{Result, SyntaxError};
use super::routes::RouteCollector;
use super::value::decimal;
use crate::wire::nlri::MvpnRoute;
use crate::wire::{Afi, Nlri};

const KINDS: &[&str] = &["shared-join", "source-join", "source-ad"];

/// Options of routes to prefixes that say nothing of these.
const NOT_HERE: &[&str] = &["rd", "route-distinguisher", "label", "path-information"];

/// `shared-join rp <ip> group <ip> rd <rd> source-as <AS>`, `source-join source <ip> …` or `source-ad source <ip> group
/// <ip> rd <rd>`, and then attributes.
pub(super) fn route(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    afi: Afi,
    routes: &mut RouteCollector,
) -> Result<()> {
    let kind = cursor.word(&KINDS.join(", "))?;
    let (code, root) = match kind.text.as_ref() {
        "source-ad" => (5, "source"),
        "shared-join" => (6, "rp"),
        "source-join" => (7, "source"),
        _ => return Err(unknown(&kind, "an MCAST-VPN route", KINDS)),
    };
    cursor.expect_word(root)?;
    let source = cursor.address_of(afi)?;
    cursor.expect_word("group")?;
    let group = cursor.address_of(afi)?;
    cursor.expect_word("rd")?;
    let mut value = Vec::from(cursor.route_distinguisher()?.0);
    if code != 5 {
        cursor.expect_word("source-as")?;
        value.extend(
            cursor.value("an AS number", "a number from 0 to 4294967295", decimal::<u32>)?.to_be_bytes(),
        );
    }
    for address in [source, group] {
        // Each address behind its length in bits; 16 octets at most.
        value.push(if afi == Afi::IPV4 { 32 } else { 128 });
        value.extend(address);
    }
    let mut draft = RouteDraft::default();
    cursor.options("mcast-vpn", |cursor, keyword| draft.option_but(cursor, &keyword, NOT_HERE, &[]))?;
    if action == RouteAction::Announce && !draft.has_next_hop() {
        return Err(SyntaxError::new(kind.span, "the MCAST-VPN route has no next hop")
            .expected("`next-hop <address>`"));
    }
    let mut bytes = Vec::from([code, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
    bytes.extend(value);
    routes.add_one(draft, Nlri::Mvpn(Box::new(MvpnRoute { afi, bytes: bytes.into() })));
    Ok(())
}
