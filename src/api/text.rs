//! Events as lines of words. Most are followed by an empty line, as ExaBGP's are.

use alloc::string::String;
use core::fmt::Write;

use super::event::{self, ApiEvent, Envelope, MessageDirection, OperationalText, Peer};
use super::json::refresh_name;
use crate::print::{self, attributes_text, capabilities_text, hex, nlri_text, put, update_routes};
use crate::wire::treatment::Problem;
use crate::wire::{Message, Update};

/// Appends one event without its last newline; false, and nothing, where programs are not told of it in text.
pub fn event(out: &mut String, peer: &Peer, event: &ApiEvent<'_>) -> bool {
    let start = out.len();
    put!(out, "neighbor {}", peer.peer_address);
    match event {
        ApiEvent::Connected => out.push_str(" connected\n"),
        ApiEvent::Up => out.push_str(" up\n"),
        ApiEvent::Down { reason } => {
            out.push_str(" down - ");
            one_line(out, reason);
            out.push('\n');
        }
        ApiEvent::Fsm { .. } | ApiEvent::Negotiated(_) | ApiEvent::Signal { .. } => {
            out.truncate(start);
            return false;
        }
        ApiEvent::Message { direction, message, problem, octets, .. } => {
            put!(out, " {}", direction.name());
            if !message_text(out, start, *direction, message, *problem, octets.unwrap_or_default()) {
                out.truncate(start);
                return false;
            }
        }
        ApiEvent::Packet { direction, octets, .. } => {
            let kind = octets.get(18).copied().unwrap_or(0);
            put!(out, " {} {kind}", direction.name());
            header_body(out, octets);
            out.push('\n');
        }
    }
    true
}

/// Appends the line that a program is sent before it is told to end.
pub fn shutdown(out: &mut String, envelope: &Envelope<'_>) {
    put!(out, "shutdown {} {}\n", envelope.pid, envelope.ppid);
}

/// Appends the line that tells a program how many events it has missed because it did not read.
pub fn lost(out: &mut String, count: u64) {
    put!(out, "lost {count} events\n");
}

/// The rest of a message's line; `start` is where the line begins.
fn message_text(
    out: &mut String,
    start: usize,
    direction: MessageDirection,
    message: &Message,
    problem: Option<&Problem>,
    octets: &[u8],
) -> bool {
    match message {
        Message::Open(open) => {
            put!(out, " open version {} asn {} hold_time {}", open.version, open.my_as, open.hold_time);
            put!(out, " router_id {} capabilities [", open.router_id);
            let mut capabilities = String::new();
            capabilities_text(&mut capabilities, open, direction == MessageDirection::Send);
            one_line(out, &capabilities);
            out.push(']');
        }
        Message::Update(update) => {
            update_text(out, start, update, problem, octets);
            return true;
        }
        Message::Notification(notification) => {
            put!(out, " notification code {} subcode {} data ", notification.code, notification.subcode);
            hex(out, &event::notification_data(notification, direction));
        }
        Message::Keepalive => out.push_str(" keepalive"),
        Message::RouteRefresh(refresh) => {
            out.push_str(" route-refresh");
            family(out, refresh.family);
            put!(out, " {}", refresh_name(refresh.kind));
            if !refresh.filters.is_empty() {
                out.push_str(" filters ");
                hex(out, &refresh.filters);
            }
        }
        Message::Operational(message) => {
            let Some((name, of, content)) = event::operational(message) else { return false };
            put!(out, " operational {name}");
            family(out, of);
            match content {
                OperationalText::Advisory(text) => {
                    out.push_str(" advisory \"");
                    one_line(out, &String::from_utf8_lossy(text));
                    out.push('"');
                }
                OperationalText::Query => {}
                OperationalText::Counter(router_id, sequence, counter) => {
                    put!(out, " router-id {router_id} sequence {sequence} counter {counter}");
                }
            }
            header_body(out, octets);
            return true;
        }
        Message::Unknown { .. } => return false,
    }
    header_body(out, octets);
    out.push('\n');
    true
}

/// A line for the start, one for each route, and one for the end, each with what `out` holds from `start` on before it.
fn update_text(out: &mut String, start: usize, update: &Update, problem: Option<&Problem>, octets: &[u8]) {
    let prefix = alloc::format!("{} update", out.get(start..).unwrap_or_default());
    out.push_str(" update start\n");
    if let Some(of) = print::end_of_rib(update, problem) {
        put!(out, "{prefix} route eor {}/{} (", of.afi.0, of.safi.0);
        print::family(out, of, ' ');
        out.push_str(")\n");
    }
    let mut attributes = String::new();
    attributes_text(&mut attributes, &print::route_attributes(update));
    if let Some(problem) = problem {
        put!(attributes, " error {problem}");
    }
    for route in update_routes(update) {
        let (verb, attributes) =
            if route.announced { ("announced", attributes.as_str()) } else { ("withdrawn", "") };
        put!(out, "{prefix} {verb} ");
        nlri_text(out, &route.path, route.next_hop);
        put!(out, "{attributes}\n");
    }
    if !octets.is_empty() {
        header_body(out, octets);
        out.push('\n');
    }
    put!(out, "{prefix} end\n");
}

/// ` afi ipv4 safi unicast`
fn family(out: &mut String, family: crate::wire::Family) {
    out.push_str(" afi ");
    print::afi(out, family.afi);
    out.push_str(" safi ");
    print::safi(out, family.safi);
}

/// ` header 0x… body 0x…`
fn header_body(out: &mut String, octets: &[u8]) {
    let (header, body) = event::split(octets);
    for (name, octets) in [(" header ", header), (" body ", body)] {
        if !octets.is_empty() {
            out.push_str(name);
            hex(out, octets);
        }
    }
}

/// A peer's text, kept from forging a line of its own.
fn one_line(out: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_control() {
            put!(out, "\\x{:02x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}
