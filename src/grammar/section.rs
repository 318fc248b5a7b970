//! The statements that hold routes, as they stand in a section of the configuration and behind `announce` or `withdraw`
//! in the API.

use super::Action;
use super::cursor::{Cursor, unknown};
use super::fault::Result;
use super::prefix_route::{self, Target};
use super::routes::Routes;
use super::token::Token;
use super::{flow, mup, mvpn, vpls};
use crate::wire::{Afi, Family, Safi};

/// A statement of `static`.
pub(crate) fn static_statement(
    cursor: &mut Cursor<'_>,
    action: Action,
    keyword: &Token<'_>,
    routes: &mut Routes,
) -> Result<()> {
    routes.begin(keyword.span);
    match keyword.text.as_ref() {
        "route" => prefix_route::route(cursor, action, Target::Inferred, routes),
        "attributes" | "attribute" => prefix_route::attributes(cursor, action, routes),
        _ => Err(unknown(keyword, "a statement of `static`", &["route", "attributes"])),
    }
}

/// A statement of `flow`.
pub(crate) fn flow_statement(
    cursor: &mut Cursor<'_>,
    action: Action,
    keyword: &Token<'_>,
    routes: &mut Routes,
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
    action: Action,
    keyword: &Token<'_>,
    routes: &mut Routes,
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
    action: Action,
    afi: Afi,
    keyword: &Token<'_>,
    routes: &mut Routes,
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
        _ => Err(unknown(keyword, "a family to announce routes of", FAMILIES)),
    }
}

const FAMILIES: &[&str] =
    &["unicast", "multicast", "nlri-mpls", "mpls-vpn", "mcast-vpn", "flow", "flow-vpn", "mup"];

/// What follows `announce` or `withdraw` in the API.
pub(crate) fn command(cursor: &mut Cursor<'_>, action: Action, routes: &mut Routes) -> Result<()> {
    const COMMANDS: &[&str] = &["route", "attributes", "attribute", "ipv4", "ipv6", "flow", "vpls", "l2vpn"];
    let keyword = cursor.keyword(&COMMANDS.join(", "))?;
    match keyword.text.as_ref() {
        "route" | "attribute" | "attributes" => static_statement(cursor, action, &keyword, routes),
        "flow" => {
            let keyword = cursor.word("route")?;
            flow_statement(cursor, action, &keyword, routes)
        }
        "vpls" => l2vpn_statement(cursor, action, &keyword, routes),
        "l2vpn" => {
            let keyword = cursor.word("vpls")?;
            l2vpn_statement(cursor, action, &keyword, routes)
        }
        name @ ("ipv4" | "ipv6") => {
            let afi = if name == "ipv4" { Afi::IPV4 } else { Afi::IPV6 };
            let keyword = cursor.word(&FAMILIES.join(", "))?;
            family_statement(cursor, action, afi, &keyword, routes)
        }
        _ => Err(unknown(&keyword, "something to announce", COMMANDS)),
    }
}
