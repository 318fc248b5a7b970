//! What begins with a value of our own: encoded and decoded, it is the same again.

use arbitrary::{Arbitrary, Unstructured};

use super::{encode, session};
use crate::wire::attribute::RawAttributes;
use crate::wire::frame::Framer;
use crate::wire::negotiated::{MAX_EXTENDED_MESSAGE, MAX_MESSAGE};
use crate::wire::nlri::NlriIter;
use crate::wire::{
    Attribute, AttributeFlags, AttributeView, Message, MessageView, PathAttributeValue, PathNlri, Reader,
    Update,
};

/// Bits of [`session`].
const TWO_OCTET_AS: u8 = 1;
const ADD_PATH: u8 = 2;
const INTERNAL: u8 = 4;

/// A message of any type, between speakers of one AS.
pub fn message(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let (Ok(two_octets), Ok(message)) = (u.arbitrary::<bool>(), Message::arbitrary(&mut u)) else { return };
    let negotiated = session(session_of(&message, two_octets));
    let Ok(encoded) = encode(MAX_EXTENDED_MESSAGE, |out| message.encode(&negotiated, out)) else {
        assert!(matches!(message, Message::Open(_)), "only an OPEN may be too long: {message:?}");
        return;
    };
    assert!(!matches!(message, Message::Open(_)) || encoded.len() <= MAX_MESSAGE);
    let frame = Framer::new(&encoded, MAX_EXTENDED_MESSAGE).next_frame();
    // An unknown type is refused before it is looked into (RFC 4271 §6.1), a length that its type cannot have as well.
    let Ok(Some(frame)) = frame else {
        assert!(matches!(message, Message::Unknown { .. }), "{frame:?} of {message:?}");
        return;
    };
    assert_eq!(frame.message(), encoded);
    match MessageView::decode(frame, &negotiated) {
        Ok(view) => {
            let problem = if let MessageView::Update(view) = &view { view.problem() } else { None };
            assert_eq!(problem, None, "a valid UPDATE has a fault: {message:?}");
            assert_eq!(plain(Message::from(view)), plain(message), "a message came back as another");
        }
        Err(error) => panic!("{error}: {message:?}"),
    }
}

/// The [`session`] that this message can be sent on, in AS numbers of two octets where that is possible and wanted.
pub(super) fn session_of(message: &Message, two_octets: bool) -> u8 {
    let mut choices = INTERNAL;
    if let Message::Update(update) = message {
        choices |= ADD_PATH * u8::from(has_path_ids(update));
        choices |= TWO_OCTET_AS * u8::from(two_octets && !needs_four_octets(update));
    }
    choices
}

/// Without what the encoder decides: whether a length has one octet or two.
fn plain(message: Message) -> Message {
    match message {
        Message::Update(mut update) => {
            update.attributes.iter_mut().for_each(|one| one.flags.0 &= !AttributeFlags::EXTENDED_LENGTH);
            Message::Update(update)
        }
        Message::Open(mut open) => {
            open.extended = false;
            Message::Open(open)
        }
        other => other,
    }
}

fn has_path_ids(update: &Update) -> bool {
    let multi = update.attributes.iter().filter_map(|attribute| match &attribute.value {
        PathAttributeValue::MpReach(reach) => Some(&reach.nlri),
        PathAttributeValue::MpUnreach(unreach) => Some(&unreach.nlri),
        _ => None,
    });
    let mut lists = [&update.withdrawn, &update.nlri].into_iter().chain(multi);
    lists.any(|routes| routes.iter().any(|route| route.path_id.is_some()))
}

fn needs_four_octets(update: &Update) -> bool {
    update.attributes.iter().any(|attribute| match &attribute.value {
        PathAttributeValue::Route(Attribute::AsPath(path)) => path.needs_four_octets(),
        PathAttributeValue::Route(Attribute::Aggregator(aggregator)) => aggregator.asn > 0xffff,
        _ => false,
    })
}

/// A destination of any family, with its path identifier or without.
pub fn nlri(bytes: &[u8]) {
    let Ok(route) = PathNlri::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let add_path = route.path_id.is_some();
    let encoded = encode(MAX_EXTENDED_MESSAGE, |out| route.encode(add_path, out)).unwrap_or_default();
    let mut iter = NlriIter::new(Reader::new(&encoded, 0), route.nlri.family(), add_path);
    let again = iter.next().map(|route| route.map(PathNlri::from));
    assert_eq!(again, Some(Ok(route)), "a destination came back as another: {encoded:x?}");
    assert!(iter.is_empty(), "something is left over: {encoded:x?}");
}

/// An attribute of any type.
pub fn attribute(bytes: &[u8]) {
    let Ok(attribute) = Attribute::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let negotiated = session(INTERNAL);
    let encoded = encode(MAX_EXTENDED_MESSAGE, |out| attribute.encode(true, out)).unwrap_or_default();
    let mut raw = RawAttributes::new(Reader::new(&encoded, 0));
    let again =
        raw.next().map(|raw| raw.and_then(|raw| AttributeView::parse(raw, &negotiated)).map(Attribute::from));
    assert_eq!(again, Some(Ok(attribute)), "an attribute came back as another: {encoded:x?}");
    assert!(raw.next().is_none(), "something is left over: {encoded:x?}");
}
