//! Events as JSON, one object a line: ExaBGP's API version 5.0.0.

use alloc::string::String;
use core::fmt::Write;

use super::event::{self, ApiEvent, Envelope, MessageDirection, OperationalText, Peer};
use crate::print::{
    self, address, capabilities_json, hex, put, string, unsigned, update_json, update_view_json,
};
use crate::wire::treatment::Problem;
use crate::wire::{Message, Negotiated, Notification, Open, RefreshKind, UpdateView};

/// The version of the JSON that this is.
pub const VERSION: &str = "5.0.0";

/// Appends one event without a newline; false, and nothing, where programs are not told of it.
pub fn event(
    out: &mut String,
    envelope: &Envelope<'_>,
    peer: &Peer,
    event: &ApiEvent<'_>,
    compact: bool,
) -> bool {
    let start = out.len();
    let (kind, octets) = match event {
        ApiEvent::Connected | ApiEvent::Up | ApiEvent::Down { .. } => ("state", None),
        ApiEvent::Fsm { .. } => ("fsm", None),
        ApiEvent::Negotiated(_) => ("negotiated", None),
        ApiEvent::Signal { .. } => ("signal", None),
        ApiEvent::Message { message, octets, .. } => (message_kind(message), *octets),
        ApiEvent::Packet { octets, .. } => {
            (octets.get(18).and_then(|kind| event::kind_name(*kind)).unwrap_or("unknown"), None)
        }
    };
    head(out, envelope, Some(envelope.counter), kind);
    let (header, body) = event::split(octets.unwrap_or_default());
    for (name, octets) in [("header", header), ("body", body)] {
        if !octets.is_empty() {
            put!(out, "\"{name}\": \"");
            hex(out, octets);
            out.push_str("\", ");
        }
    }
    neighbor(out, peer);
    let told = content(out, event, compact);
    out.push_str(" } }");
    if !told {
        out.truncate(start);
    }
    told
}

/// Appends the event that an UPDATE was sent or received, as [`event()`] does of its owned form, which is made only where it is needed.
pub fn update(
    out: &mut String,
    envelope: &Envelope<'_>,
    peer: &Peer,
    direction: MessageDirection,
    (view, negotiated): (&UpdateView<'_>, &Negotiated),
    compact: bool,
) {
    other(out, envelope, peer, "update", |out| {
        out.push_str(", \"direction\": \"");
        out.push_str(direction.name());
        out.push_str("\", \"message\": ");
        if !update_view_json(out, view, compact)
            && let (Message::Update(update), problem) = event::described(view, negotiated, direction)
        {
            update_json(out, &update, problem.as_ref(), compact);
        }
    });
}

/// Appends an event of type `kind`; `content` writes what stands behind the neighbor, from a comma on.
pub fn other(
    out: &mut String,
    envelope: &Envelope<'_>,
    peer: &Peer,
    kind: &str,
    content: impl FnOnce(&mut String),
) {
    head(out, envelope, Some(envelope.counter), kind);
    neighbor(out, peer);
    content(out);
    out.push_str(" } }");
}

/// Appends the line that a program is sent before it is told to end.
pub fn shutdown(out: &mut String, envelope: &Envelope<'_>) {
    head(out, envelope, None, "notification");
    out.push_str("\"notification\": \"shutdown\" }");
}

/// Appends the line that tells a program how many events it has missed because it did not read.
pub fn lost(out: &mut String, envelope: &Envelope<'_>, count: u64) {
    head(out, envelope, None, "lost");
    put!(out, "\"lost\": {count} }}");
}

/// `{ "exabgp": …, "type": "…", `
fn head(out: &mut String, envelope: &Envelope<'_>, counter: Option<u64>, kind: &str) {
    out.push_str("{ \"exabgp\": \"");
    out.push_str(VERSION);
    out.push_str("\", \"time\": ");
    print::float(out, envelope.time as f64 / 1e9);
    out.push_str(", \"host\" : ");
    string(out, envelope.host);
    out.push_str(", \"pid\" : ");
    unsigned(out, envelope.pid);
    out.push_str(", \"ppid\" : ");
    unsigned(out, envelope.ppid);
    if let Some(counter) = counter {
        out.push_str(", \"counter\": ");
        out.push_str(itoa::Buffer::new().format(counter));
    }
    out.push_str(", \"type\": \"");
    out.push_str(kind);
    out.push_str("\", ");
}

/// `"neighbor": { … ` up to where the event itself begins.
fn neighbor(out: &mut String, peer: &Peer) {
    let number = |out: &mut String, asn: Option<u32>| match asn {
        Some(asn) => unsigned(out, asn),
        None => out.push_str("null"),
    };
    out.push_str("\"neighbor\": { \"address\": { \"local\": \"");
    match peer.local_address {
        Some(local) => address(out, local),
        None => out.push_str("None"),
    }
    out.push_str("\", \"peer\": \"");
    address(out, peer.peer_address);
    out.push_str("\" }, \"asn\": { \"local\": ");
    number(out, peer.local_as);
    out.push_str(", \"peer\": ");
    number(out, peer.peer_as);
    out.push_str(" }");
    if let Some(id) = peer.router_id {
        out.push_str(", \"router-id\": \"");
        address(out, id.into());
        out.push('"');
    }
    out.push(' ');
}

/// The name that a message has as a type of event.
fn message_kind(message: &Message) -> &'static str {
    match message {
        Message::Open(_) => "open",
        Message::Update(_) => "update",
        Message::Notification(_) => "notification",
        Message::Keepalive => "keepalive",
        Message::RouteRefresh(_) => "refresh",
        Message::Operational(_) => "operational",
        Message::Unknown { .. } => "unknown",
    }
}

fn content(out: &mut String, event: &ApiEvent<'_>, compact: bool) -> bool {
    match event {
        ApiEvent::Connected => out.push_str(", \"state\": \"connected\""),
        ApiEvent::Up => out.push_str(", \"state\": \"up\""),
        ApiEvent::Down { reason } => {
            out.push_str(", \"state\": \"down\", \"reason\": ");
            string(out, reason);
        }
        ApiEvent::Fsm { state } => put!(out, ", \"state\": \"{state}\""),
        ApiEvent::Negotiated(negotiated) => negotiated_json(out, negotiated),
        ApiEvent::Signal { number, name } => put!(out, ", \"code\": \"{number}\", \"name\": \"{name}\""),
        ApiEvent::Message { direction, message, problem, negotiated, .. } => {
            put!(out, ", \"direction\": \"{}\"", direction.name());
            return message_json(out, *direction, message, *problem, *negotiated, compact);
        }
        ApiEvent::Packet { direction, octets, negotiated } => {
            let (header, body) = event::split(octets);
            let kind = header.last().copied().unwrap_or(0);
            put!(out, ", \"direction\": \"{}\", ", direction.name());
            put!(out, "\"message\": {{ \"category\": {kind}, \"header\": \"");
            hex(out, header);
            out.push_str("\", \"body\": \"");
            hex(out, body);
            out.push_str("\" } ");
            if let Some(negotiated) = negotiated {
                negotiated_json(out, negotiated);
            }
        }
    }
    true
}

fn message_json(
    out: &mut String,
    direction: MessageDirection,
    message: &Message,
    problem: Option<&Problem>,
    negotiated: Option<&Negotiated>,
    compact: bool,
) -> bool {
    match message {
        Message::Open(open) => open_json(out, direction, open),
        Message::Update(update) => {
            out.push_str(", \"message\": ");
            update_json(out, update, problem, compact);
            if let Some(negotiated) = negotiated {
                negotiated_json(out, negotiated);
            }
        }
        Message::Notification(notification) => notification_json(out, direction, notification),
        Message::Keepalive => out.push(' '),
        Message::RouteRefresh(refresh) => {
            out.push_str(", \"route-refresh\": { \"afi\": \"");
            print::afi(out, refresh.family.afi);
            out.push_str("\", \"safi\": \"");
            print::safi(out, refresh.family.safi);
            put!(out, "\", \"subtype\": \"{}\"", refresh_name(refresh.kind));
            if !refresh.filters.is_empty() {
                out.push_str(", \"filters\": \"");
                hex(out, &refresh.filters);
                out.push('"');
            }
            out.push_str(" }");
        }
        Message::Operational(message) => return operational_json(out, message),
        Message::Unknown { .. } => return false,
    }
    true
}

/// The word for a ROUTE-REFRESH's subtype (RFC 7313 §3.2).
pub(super) const fn refresh_name(kind: RefreshKind) -> &'static str {
    match kind {
        RefreshKind::Request => "query",
        RefreshKind::Begin => "begin",
        RefreshKind::End => "end",
        RefreshKind::Unknown(_) => "invalid",
    }
}

fn open_json(out: &mut String, direction: MessageDirection, open: &Open) {
    put!(out, ", \"open\": {{ \"version\": {}, \"asn\": {}, ", open.version, open.my_as);
    put!(out, "\"hold_time\": {}, \"router_id\": \"{}\", ", open.hold_time, open.router_id);
    out.push_str("\"capabilities\": { ");
    capabilities_json(out, open, direction == MessageDirection::Send);
    out.push_str(" } }");
}

fn notification_json(out: &mut String, direction: MessageDirection, notification: &Notification) {
    let data = event::notification_data(notification, direction);
    put!(
        out,
        ", \"notification\": {{ \"code\": {}, \"subcode\": {}, ",
        notification.code,
        notification.subcode
    );
    out.push_str("\"data\": \"");
    hex(out, &data);
    out.push_str("\", \"message\": ");
    string(out, &String::from_utf8_lossy(&data));
    out.push_str(" } ");
}

fn operational_json(out: &mut String, message: &crate::wire::Operational) -> bool {
    let Some((name, family, content)) = event::operational(message) else { return false };
    put!(out, ", \"operational\": {{ \"name\": \"{name}\", \"afi\": \"");
    print::afi(out, family.afi);
    out.push_str("\", \"safi\": \"");
    print::safi(out, family.safi);
    out.push('"');
    match content {
        OperationalText::Advisory(text) => {
            out.push_str(", \"advisory\": ");
            string(out, &String::from_utf8_lossy(text));
        }
        OperationalText::Query => {}
        OperationalText::Counter(router_id, sequence, counter) => {
            put!(out, ", \"router-id\": \"{router_id}\", \"sequence\": {sequence}, \"counter\": {counter}");
        }
    }
    out.push_str(" }");
    true
}

/// `, "negotiated": { … } `
fn negotiated_json(out: &mut String, negotiated: &Negotiated) {
    let refresh = match (negotiated.enhanced_route_refresh, negotiated.route_refresh) {
        (true, _) => "enhanced",
        (false, true) => "normal",
        (false, false) => "absent",
    };
    put!(out, ", \"negotiated\": {{ \"message_size\": {}, ", negotiated.max_message());
    put!(out, "\"hold_time\": {}, \"asn4\": {}, ", negotiated.hold_time, negotiated.asn4);
    put!(out, "\"multisession\": false, \"operational\": {}, ", negotiated.operational);
    put!(out, "\"refresh\": \"{refresh}\", \"families\": ");
    let families = negotiated.families();
    names(out, families.iter().map(|terms| (terms.family, None)));
    out.push_str(", \"nexthop\": ");
    names(out, families.iter().filter_map(|terms| Some((terms.family, Some(terms.extended_next_hop?)))));
    out.push_str(", \"add_path\": {\"send\": ");
    names(out, families.iter().filter(|terms| terms.add_path_send).map(|terms| (terms.family, None)));
    out.push_str(", \"receive\": ");
    names(out, families.iter().filter(|terms| terms.add_path_receive).map(|terms| (terms.family, None)));
    out.push_str("} } ");
}

/// `["ipv4 unicast", "ipv4 unicast ipv6"]`
fn names(out: &mut String, families: impl Iterator<Item = (crate::wire::Family, Option<crate::wire::Afi>)>) {
    out.push('[');
    print::separated(out, ", ", families, |out, (family, next_hop)| {
        out.push('"');
        print::family(out, family, ' ');
        if let Some(next_hop) = next_hop {
            out.push(' ');
            print::afi(out, next_hop);
        }
        out.push('"');
    });
    out.push(']');
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::net::Ipv4Addr;

    use super::*;
    use crate::wire::attribute::{Attribute, AttributeFlags, Origin};
    use crate::wire::{Ipv4Prefix, Nlri, PathAttribute, PathAttributeValue, PathNlri, Update};

    fn written(event: &ApiEvent<'_>) -> String {
        let envelope = Envelope { host: "vm", pid: 7, ppid: 6, time: 1_500_000_000, counter: 3 };
        let peer = Peer {
            local_address: Some(Ipv4Addr::LOCALHOST.into()),
            peer_address: Ipv4Addr::LOCALHOST.into(),
            local_as: Some(1),
            peer_as: Some(2),
            router_id: Some(Ipv4Addr::new(1, 2, 3, 4)),
        };
        let mut out = String::new();
        assert!(super::event(&mut out, &envelope, &peer, event, false));
        let head = "{ \"exabgp\": \"5.0.0\", \"time\": 1.5, \"host\" : \"vm\", \"pid\" : 7, \"ppid\" : 6, \
                    \"counter\": 3, \"type\": ";
        let neighbor = "\"neighbor\": { \"address\": { \"local\": \"127.0.0.1\", \"peer\": \"127.0.0.1\" }, \
                        \"asn\": { \"local\": 1, \"peer\": 2 }, \"router-id\": \"1.2.3.4\" ";
        out.strip_prefix(head).expect("the envelope").replace(neighbor, "N")
    }

    fn prefix(octets: [u8; 4], length: u8) -> PathNlri {
        let prefix = Ipv4Prefix::new(Ipv4Addr::from(octets), length).expect("a length that fits");
        PathNlri { path_id: None, nlri: Nlri::Unicast(prefix.into()) }
    }

    fn message<'a>(
        direction: MessageDirection,
        message: &'a Message,
        octets: Option<&'a [u8]>,
    ) -> ApiEvent<'a> {
        ApiEvent::Message { direction, message, problem: None, octets, negotiated: None }
    }

    #[test]
    fn a_session_is_told_of_from_its_connection_to_its_end() {
        assert_eq!(written(&ApiEvent::Connected), "\"state\", N, \"state\": \"connected\" } }");
        assert_eq!(written(&ApiEvent::Fsm { state: "OPENSENT" }), "\"fsm\", N, \"state\": \"OPENSENT\" } }");
        assert_eq!(
            written(&ApiEvent::Down { reason: "notification sent (6,2)" }),
            "\"state\", N, \"state\": \"down\", \"reason\": \"notification sent (6,2)\" } }"
        );
        assert_eq!(
            written(&ApiEvent::Signal { number: 15, name: "SIGTERM" }),
            "\"signal\", N, \"code\": \"15\", \"name\": \"SIGTERM\" } }"
        );
    }

    #[test]
    fn a_keepalive_has_no_body_to_show() {
        let octets: Vec<u8> = [&[0xff; 16][..], &[0, 19, 4]].concat();
        assert_eq!(
            written(&message(MessageDirection::Send, &Message::Keepalive, Some(&octets))),
            "\"keepalive\", \"header\": \"0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF001304\", N, \"direction\": \"send\"  } }"
        );
        assert_eq!(
            written(&ApiEvent::Packet {
                direction: MessageDirection::Receive,
                octets: &octets,
                negotiated: None
            }),
            "\"keepalive\", N, \"direction\": \"receive\", \"message\": { \"category\": 4, \"header\": \
             \"0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF001304\", \"body\": \"0x\" }  } }"
        );
    }

    #[test]
    fn an_update_groups_its_routes_by_next_hop() {
        let route = |value| PathAttribute { flags: AttributeFlags(0x40), value };
        let update = Message::Update(Update {
            withdrawn: [prefix([10, 0, 0, 0], 8)].into_iter().collect(),
            attributes: Vec::from([
                route(PathAttributeValue::Route(Attribute::LocalPref(100))),
                route(PathAttributeValue::NextHop(Ipv4Addr::new(192, 0, 2, 1))),
                route(PathAttributeValue::Route(Attribute::Origin(Origin::Igp))),
            ]),
            nlri: [prefix([10, 1, 0, 0], 16), prefix([10, 2, 0, 0], 16)].into_iter().collect(),
        });
        assert_eq!(
            written(&message(MessageDirection::Receive, &update, None)),
            "\"update\", N, \"direction\": \"receive\", \"message\": { \"update\": { \"attribute\": { \"origin\": \
             \"igp\", \"local-preference\": 100 }, \"announce\": { \"ipv4 unicast\": { \"192.0.2.1\": [ { \"nlri\": \
             \"10.1.0.0/16\" }, { \"nlri\": \"10.2.0.0/16\" } ] } }, \"withdraw\": { \"ipv4 unicast\": [ { \"nlri\": \
             \"10.0.0.0/8\" } ] } } } } }"
        );
        assert_eq!(
            written(&message(MessageDirection::Send, &Message::Update(Update::default()), None)),
            "\"update\", N, \"direction\": \"send\", \"message\": { \"eor\": { \"afi\" : \"ipv4\", \"safi\" : \
             \"unicast\" } } } }"
        );
    }

    #[test]
    fn a_shutdown_that_was_received_is_spelt_out() {
        let notification =
            |data: &[u8]| Message::Notification(Notification { code: 6, subcode: 2, data: data.into() });
        assert_eq!(
            written(&message(MessageDirection::Receive, &notification(b"\x03bye"), None)),
            "\"notification\", N, \"direction\": \"receive\", \"notification\": { \"code\": 6, \"subcode\": 2, \"data\": \
             \"0x53687574646F776E20436F6D6D756E69636174696F6E3A202262796522\", \"message\": \"Shutdown Communication: \
             \\\"bye\\\"\" }  } }"
        );
    }
}
