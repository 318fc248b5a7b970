//! One route of a table as the object of an UPDATE that announces it.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::api::{self, Envelope, Peer};
use holdtime_core::print::{
    announcement_json, attribute_views_json, float, found_attributes_json, raw_attribute_json, separated,
    string, unsigned,
};
use holdtime_core::wire::attribute::AttributeView;
use holdtime_core::wire::{Attribute, Negotiated, PathAttributeValue, Update};
use holdtime_dump::mrt::Location;
use holdtime_dump::{Endpoints, TableRoute, UnknownPeer, View};

use super::message;
use super::remarks::{self, RemarkedAttributes};

/// A peer of which nothing is known.
const UNKNOWN: Peer = Peer {
    local_address: None,
    peer_address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    local_as: None,
    peer_as: None,
    router_id: None,
};

/// Appends the object that describes a route.
pub(super) fn json(
    line: &mut String,
    envelope: &Envelope<'_>,
    session: Option<&Endpoints>,
    route: &TableRoute<'_>,
    layouts: &Tables,
) {
    let peer = session.map_or(UNKNOWN, message::peer);
    let Tables { two, four, .. } = layouts;
    let (negotiated, other) = if route.asn4 && !layouts.two_octet_as { (four, two) } else { (two, four) };
    let mut found = remarks::attributes(route, negotiated, other);
    if let Some(malformed) = route.malformed {
        found.remarks.push(format!("NLRI: {malformed}"));
    }
    if let Some(UnknownPeer { index, peers }) = route.unknown_peer {
        found.remarks.push(format!("peer {index} is not in the table of {peers} peers"));
    }
    api::json::other(line, envelope, &peer, "update", |out| {
        out.push_str(", \"direction\": \"in\", \"message\": { \"update\": { ");
        if !found.read.is_empty() || !found.unread.is_empty() {
            out.push_str("\"attribute\": { ");
            attributes(out, &mut found, route, negotiated);
            out.push_str(" }, ");
        }
        out.push_str("\"announce\": { ");
        announcement_json(out, route.family, &route.destination, found.next_hop);
        out.push_str(" } } }, \"rib\": { ");
        rib(out, route);
        out.push_str(" }");
        if !found.remarks.is_empty() {
            out.push_str(", \"remarks\": [ ");
            separated(out, ", ", &found.remarks, |out, remark| string(out, remark));
            out.push_str(" ]");
        }
    });
}

/// The terms by which the attributes of routes are read. What is wrong depends on no peer: the collector's own AS is not in the file.
#[derive(Debug)]
pub(super) struct Tables {
    two: Negotiated,
    four: Negotiated,
    two_octet_as: bool,
}

impl Tables {
    pub(super) fn new(assumed: &message::Assumptions) -> Self {
        let terms = |asn4| {
            let mut terms = Negotiated::between(0, 0);
            (terms.asn4, terms.bgpsec) = (asn4, assumed.bgpsec);
            terms
        };
        Self { two: terms(false), four: terms(true), two_octet_as: assumed.two_octet_as }
    }
}

fn attributes(
    out: &mut String,
    found: &mut RemarkedAttributes<'_>,
    route: &TableRoute<'_>,
    negotiated: &Negotiated,
) {
    // Of two attributes of one type the first is told of.
    let flags = |code| {
        let mut all = route.attributes.map_while(Result::ok);
        all.find(|raw| raw.code == code).map(|raw| raw.flags)
    };
    let split =
        |one: &AttributeView<'_>| matches!(one, AttributeView::As4Path(_) | AttributeView::As4Aggregator(_));
    if !negotiated.asn4 && found.read.iter().any(split) {
        // As in a message of such a session, the path came in two parts (RFC 6793 §4.2.3).
        let route = |view: &AttributeView<'_>| PathAttributeValue::Route((*view).into()).into();
        let update = Update { attributes: found.read.iter().map(route).collect(), ..Update::default() };
        let whole = update.route_attributes(negotiated);
        found_attributes_json(out, &whole.iter().collect::<Vec<&Attribute>>(), &flags);
    } else {
        attribute_views_json(out, &mut found.read, &flags);
    }
    if !found.read.is_empty() && !found.unread.is_empty() {
        out.push_str(", ");
    }
    separated(out, ", ", &found.unread, raw_attribute_json);
}

fn rib(out: &mut String, route: &TableRoute<'_>) {
    out.push_str("\"dumped\": ");
    unsigned(out, route.dumped);
    out.push_str(", \"originated\": ");
    unsigned(out, route.originated);
    if let Some(sequence) = route.sequence {
        out.push_str(", \"sequence\": ");
        unsigned(out, sequence);
    }
    match route.view {
        View::Named("") => {}
        View::Named(name) => {
            out.push_str(", \"view\": ");
            string(out, name);
        }
        View::Numbered(number) => {
            let _ = write!(out, ", \"view\": {number}");
        }
    }
    if let Some(Location { latitude, longitude }) = route.location {
        out.push_str(", \"location\": { \"latitude\": ");
        float(out, latitude.into());
        out.push_str(", \"longitude\": ");
        float(out, longitude.into());
        out.push_str(" }");
    }
}
