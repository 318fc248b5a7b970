//! Messages, and the stream that they arrive in.

use alloc::string::String;
use alloc::vec::Vec;
use core::hint::black_box;

use super::{encode, session, within_budget};
use crate::session::negotiate;
use crate::wire::frame::{Framer, HEADER};
use crate::wire::negotiated::{MAX_EXTENDED_MESSAGE, MAX_MESSAGE};
use crate::wire::{
    BufferFull, Capability, Message, MessageView, Negotiated, Notification, Open, Operational, Problem,
    Reader, RouteRefresh, Update, UpdateView, WireError, Writer,
};
use crate::{api, print};

/// The bytes of a stream, the first of which says how large the pieces are that they arrive in: the same messages come out as if
/// all of it arrived at once, and the same error.
pub fn framing(bytes: &[u8]) {
    let Some((&piece, stream)) = bytes.split_first() else { return };
    let at_once = frames(stream, stream.len().max(1));
    let in_pieces = frames(stream, usize::from(piece).max(1));
    assert_eq!(at_once, in_pieces, "a stream's messages depend on how it was cut");
}

/// The type and length of each message, and whether the stream ends in an error.
fn frames(stream: &[u8], piece: usize) -> (Vec<(u8, usize)>, bool) {
    let (mut found, mut consumed, mut arrived) = (Vec::new(), 0, 0);
    while arrived < stream.len() {
        arrived = stream.len().min(arrived + piece);
        let mut framer = Framer::new(stream.get(consumed..arrived).unwrap_or_default(), MAX_EXTENDED_MESSAGE);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => found.push((frame.kind(), frame.message().len())),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
        consumed += framer.consumed();
    }
    (found, false)
}

/// A stream of two OPENs, ours and a peer's, and then whatever was sent on the session that they agree on: every message is read and
/// written again under the terms that the OPENs chose. Bytes that are no OPENs are read on a session without any.
pub fn conversation(stream: &[u8]) {
    let mut framer = Framer::new(stream, MAX_EXTENDED_MESSAGE);
    let mut opens = Vec::new();
    let mut negotiated = Negotiated::between(65_000, 65_001);
    while let Ok(Some(frame)) = framer.next_frame() {
        let terms = negotiated.clone();
        let octets = frame.message();
        let view = match within_budget(octets.len(), || MessageView::decode(frame, &terms)) {
            Ok(view) => view,
            Err(error) => return check_error(&error, octets),
        };
        if let (MessageView::Open(open), true) = (&view, opens.len() < 2) {
            opens.push(open.clone());
            if let [ours, theirs] = opens.as_slice() {
                negotiated = negotiate(ours, theirs);
            }
        }
        round_trip_message(view, octets, &terms);
    }
}

/// What was decoded without a fault encodes, in both directions alike, to what decodes to the same.
fn round_trip_message(view: MessageView<'_>, octets: &[u8], negotiated: &Negotiated) {
    if let MessageView::Update(update) = &view {
        visit(update);
        if update.problem().is_some() {
            return;
        }
    }
    // What we send is laid out as what we receive only where ADD-PATH holds both ways, and no longer than was agreed.
    let one_way = negotiated.families().iter().any(|terms| terms.add_path_receive != terms.add_path_send);
    let max = if let MessageView::Open(_) = view { MAX_MESSAGE } else { negotiated.max_message() };
    if one_way || octets.len() > max {
        return;
    }
    let message = Message::from(view);
    let encoded = encode(octets.len(), |out| message.encode(negotiated, out));
    assert!(encoded.is_ok(), "{message:?} does not encode");
    let encoded = encoded.unwrap_or_default();
    let frame = Framer::new(&encoded, MAX_EXTENDED_MESSAGE).next_frame();
    let again =
        frame.map(|frame| frame.map(|frame| MessageView::decode(frame, negotiated).map(Message::from)));
    assert_eq!(again, Ok(Some(Ok(message))), "a message means something else once encoded");
}

/// What is printed straight from a view is what is printed of its owned form.
fn printed_alike(view: &UpdateView<'_>, negotiated: &Negotiated) {
    for compact in [false, true] {
        let (mut straight, mut owned) = (String::new(), String::new());
        let told = api::event::described(view, negotiated, api::MessageDirection::Receive);
        if let (true, (Message::Update(update), problem)) =
            (print::update_view_json(&mut straight, view, compact), told)
        {
            print::update_json(&mut owned, &update, problem.as_ref(), compact);
            assert_eq!(straight, owned);
        } else {
            assert_eq!(straight, "", "what is not printed straight leaves something behind");
        }
    }
}

/// One UPDATE, header and all. Its decoder stays within its work budget; what it lets through can be visited and printed; and what it
/// has no fault to find with re-encodes to bytes that mean the same.
///
/// Of the marker, which is all ones on the wire, the first octet chooses the session: a bit that is zero makes AS numbers two octets
/// (0), NLRI with path identifiers (1), the peer internal (2).
pub fn update(message: &[u8]) {
    let (Some(first), Some(body)) = (message.first(), message.get(HEADER..)) else { return };
    let negotiated = session(!first);
    let view = match within_budget(body.len(), || UpdateView::decode(body, &negotiated)) {
        Ok(view) => view,
        Err(error) => return check_error(&error, message),
    };
    visit(&view);
    let update = Update::from(&view);
    print_update(&update, view.problem().as_ref());
    printed_alike(&view, &negotiated);
    let encoded = encode(body.len(), |out| update.encode(&negotiated, out));
    if view.problem().is_some() {
        return;
    }
    assert!(encoded.is_ok(), "an UPDATE without a fault does not encode");
    let encoded = encoded.unwrap_or_default();
    let again = UpdateView::decode(&encoded, &negotiated).map(|view| (view.problem(), Update::from(&view)));
    assert_eq!(again, Ok((None, update)), "an UPDATE means something else once encoded");
}

/// An error names a place in the message, and its NOTIFICATION carries no more than was received.
fn check_error(error: &WireError, message: &[u8]) {
    assert!(error.notification(message).data.len() <= message.len(), "more data than was received");
    assert!(error.offset <= message.len(), "a mistake behind the end of the message: {error}");
}

fn visit(view: &UpdateView<'_>) {
    black_box(view.withdrawn().chain(view.nlri()).map(black_box).count());
    black_box(view.attributes().map(black_box).count());
    if let Some(reach) = view.mp_reach() {
        black_box((reach.next_hop, reach.nlri().map(black_box).count()));
    }
    if let Some(unreach) = view.mp_unreach() {
        black_box(unreach.nlri().map(black_box).count());
    }
    black_box((view.route_attributes(), view.end_of_rib(), view.treat_as_withdraw()));
}

fn print_update(update: &Update, problem: Option<&Problem>) {
    let mut out = String::new();
    print::update_json(&mut out, update, problem, true);
    black_box(out);
}

/// One OPEN, header and all: what decodes can be printed, and re-encodes to bytes that mean the same.
pub fn open(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    if let Some(open) = round_trip(message, body, Open::decode, Open::encode) {
        let mut out = String::new();
        print::capabilities_json(&mut out, &open, false);
        print::capabilities_text(&mut out, &open, false);
        black_box((out, negotiate(&open, &open)));
    }
}

/// One capability: its code and its value. What decodes re-encodes to the same octets.
pub fn capability(bytes: &[u8]) {
    let Some((&code, value)) = bytes.split_first().filter(|(_, value)| value.len() <= 255) else { return };
    let parse = |value| within_budget(bytes.len(), || Capability::parse(code, Reader::new(value, 0)));
    let Ok(capability) = parse(value) else { return };
    let encoded = encode(bytes.len(), |out| capability.encode(out));
    assert!(encoded.is_ok(), "{capability:?} does not encode");
    let encoded = encoded.unwrap_or_default();
    let again = encoded.get(2..).unwrap_or_default();
    assert_eq!(parse(again), Ok(capability.clone()), "a capability means something else once encoded");
    match capability {
        // Of the octet between AFI and SAFI nobody knows what it is for (RFC 4760 §8).
        Capability::Multiprotocol(_) => assert_eq!(again.len(), value.len()),
        _ => assert_eq!(again, value, "a capability was changed on its way"),
    }
}

/// One NOTIFICATION, header and all: what decodes re-encodes to bytes that mean the same, and its text can be read.
pub fn notification(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    if let Some(notification) = round_trip(message, body, Notification::decode, Notification::encode) {
        black_box((notification.text(), notification.hard_reset()));
    }
}

/// One ROUTE-REFRESH, header and all: what decodes re-encodes to bytes that mean the same.
pub fn refresh(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    round_trip(message, body, RouteRefresh::decode, RouteRefresh::encode);
}

/// One OPERATIONAL, header and all: what decodes re-encodes to bytes that mean the same.
pub fn operational(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    round_trip(message, body, Operational::decode, Operational::encode);
}

fn round_trip<T: PartialEq + core::fmt::Debug>(
    message: &[u8],
    body: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, WireError>,
    write: impl Fn(&T, &mut Writer<'_>) -> Result<(), BufferFull>,
) -> Option<T> {
    match within_budget(body.len(), || decode(body)) {
        Ok(value) => {
            let encoded = encode(body.len(), |out| write(&value, out));
            let again = encoded.map(|bytes| decode(&bytes));
            assert_eq!(again.as_ref(), Ok(&Ok(value)), "it means something else once encoded");
            again.ok()?.ok()
        }
        Err(error) => {
            check_error(&error, message);
            None
        }
    }
}
