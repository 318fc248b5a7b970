//! The statements that hold routes, as they stand in a section of the configuration and behind `announce` or `withdraw`
//! in the API.

use super::announcement::RouteAction;
use super::cursor::{Cursor, unknown};
use super::fault::Result;
use super::prefix_route::{self, Target};
use super::routes::RouteCollector;
use super::token::{Token, TokenKind};
use super::{flow, mup, mvpn, sr_policy, vpls};
use crate::wire::{Afi, Family, Safi};

/// A statement of `static`.
pub(crate) fn static_statement(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    keyword: &Token<'_>,
    routes: &mut RouteCollector,
) -> Result<()> {
    routes.begin(keyword.span);
    match keyword.text.as_ref() {
        "route" => prefix_route::route(cursor, action, Target::Inferred, routes),
        "attributes" | "attribute" => prefix_route::attributes(cursor, action, routes),
        "sr-policy" => sr_policy::route(cursor, action, None, routes),
        _ => Err(unknown(keyword, "a statement of `static`", &["route", "attributes", "sr-policy"])),
    }
}

/// A statement of `flow`.
pub(crate) fn flow_statement(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    keyword: &Token<'_>,
    routes: &mut RouteCollector,
) -> Result<()> {
    routes.begin(keyword.span);
    match keyword.text.as_ref() {
        "route" => flow::route(cursor, action, routes),
        _ => Err(unknown(keyword, "a statement of `flow`", &["route"])),
    }
}

/// A statement of `l2vpn`.
pub(crate) fn l2vpn_statement(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    keyword: &Token<'_>,
    routes: &mut RouteCollector,
) -> Result<()> {
    routes.begin(keyword.span);
    match keyword.text.as_ref() {
        "vpls" => vpls::route(cursor, action, routes),
        _ => Err(unknown(keyword, "a statement of `l2vpn`", &["vpls"])),
    }
}

/// A statement of `ipv4` or `ipv6` in `announce`.
pub(crate) fn family_statement(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    afi: Afi,
    keyword: &Token<'_>,
    routes: &mut RouteCollector,
) -> Result<()> {
    routes.begin(keyword.span);
    let of = |safi| Target::Of(Family::new(afi, safi));
    match keyword.text.as_ref() {
        "unicast" => prefix_route::route(cursor, action, of(Safi::UNICAST), routes),
        "multicast" => prefix_route::route(cursor, action, of(Safi::MULTICAST), routes),
        "nlri-mpls" => prefix_route::route(cursor, action, of(Safi::LABELLED), routes),
        "mpls-vpn" => prefix_route::route(cursor, action, of(Safi::VPN), routes),
        "mcast-vpn" => mvpn::route(cursor, action, afi, routes),
        "flow" => flow::family_route(cursor, action, Family::new(afi, Safi::FLOW), routes),
        "flow-vpn" => flow::family_route(cursor, action, Family::new(afi, Safi::FLOW_VPN), routes),
        "mup" => mup::route(cursor, action, afi, routes),
        "sr-policy" => sr_policy::route(cursor, action, Some(afi), routes),
        _ => Err(unknown(keyword, "a family to announce routes of", FAMILIES)),
    }
}

const FAMILIES: &[&str] =
    &["unicast", "multicast", "nlri-mpls", "mpls-vpn", "mcast-vpn", "flow", "flow-vpn", "mup", "sr-policy"];

/// What follows `announce` or `withdraw` in the API: a section's statement, or several with `;` between them.
pub(super) fn command(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    routes: &mut RouteCollector,
) -> Result<()> {
    const COMMANDS: &[&str] = &["route", "attributes", "attribute", "ipv4", "ipv6", "flow", "vpls", "l2vpn"];
    let first = cursor.keyword(&COMMANDS.join(", "))?;
    let section = first.text.as_ref();
    let mut keyword = match section {
        "flow" | "l2vpn" | "ipv4" | "ipv6" => cursor.word("what to announce")?,
        _ => first.clone(),
    };
    loop {
        match section {
            "route" | "attribute" | "attributes" => static_statement(cursor, action, &keyword, routes)?,
            "flow" => flow_statement(cursor, action, &keyword, routes)?,
            "vpls" | "l2vpn" => l2vpn_statement(cursor, action, &keyword, routes)?,
            "ipv4" => family_statement(cursor, action, Afi::IPV4, &keyword, routes)?,
            "ipv6" => family_statement(cursor, action, Afi::IPV6, &keyword, routes)?,
            _ => return Err(unknown(&first, "something to announce", COMMANDS)),
        }
        cursor.surplus_braces()?;
        cursor.eat(TokenKind::Semicolon)?;
        if cursor.peek()?.kind == TokenKind::End {
            return Ok(());
        }
        keyword = cursor.keyword("another statement or the end of the command")?;
    }
}
