//! In what a message that arrived differs from the one that was expected: both in words, and the first difference by its name.

use std::fmt::Write as _;

use holdtime_core::print::{attributes_text, nlri_text, update_routes};
use holdtime_core::session::negotiate;
use holdtime_core::wire::{
    Family, FamilyTerms, Framer, Message, MessageView, Negotiated, Open, PathAttributeValue, Update,
};

use super::hex::Hex;
use crate::scenario::codec;

/// What two OPENs agree on, the peer's first; messages are read on these terms.
pub(super) fn terms(answer: &[u8], open: &[u8]) -> Negotiated {
    let body = |message: &[u8]| Open::decode(codec::body(message)).ok();
    match (body(answer), body(open)) {
        (Some(ours), Some(theirs)) => negotiate(&ours, &theirs),
        _ => any_terms(),
    }
}

/// The terms of a session whose OPENs nobody has seen: every family, four-octet AS numbers, an internal peer.
pub(super) fn any_terms() -> Negotiated {
    let mut terms = Negotiated::between(65_000, 65_000);
    terms.asn4 = true;
    terms.extended_message = true;
    Family::ALL.into_iter().for_each(|family| terms.set_family(FamilyTerms::assumed(family)));
    terms
}

/// What is said of a message that is none of the `expected` ones: both sides decoded, then the first difference from the
/// most similar one.
pub(super) fn complaint(received: &[u8], expected: &[Vec<u8>], terms: &Negotiated) -> String {
    let mut text = String::new();
    let said = Words::of(received, terms);
    put(&mut text, "received", received, &said);
    let nearest = expected
        .iter()
        .map(|message| (message, Words::of(message, terms)))
        .max_by_key(|(message, words)| (words.shared_with(&said), alike(message, received)));
    let Some((message, wanted)) = nearest else {
        text.push_str("  expected  nothing more");
        return text;
    };
    put(&mut text, "expected", message, &wanted);
    for other in expected.iter().filter(|other| *other != message) {
        let _ = writeln!(text, "  or        {}", Hex(other));
    }
    let _ = write!(text, "  differs   {}", difference(received, &said, message, &wanted));
    text
}

/// A message in one line of words, such as `UPDATE: origin igp, announced 10.0.0.0/24 next-hop 10.0.0.1`.
pub(super) fn in_words(message: &[u8], terms: &Negotiated) -> String {
    Words::of(message, terms).line()
}

fn put(text: &mut String, label: &str, message: &[u8], words: &Words) {
    let _ = writeln!(text, "  {label:<8}  {}\n            {}", Hex(message), words.line());
}

/// How many octets two messages begin with alike.
fn alike(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

fn difference(received: &[u8], said: &Words, expected: &[u8], wanted: &Words) -> String {
    if said.kind != wanted.kind {
        return format!("{} where {} was expected", said.kind, wanted.kind);
    }
    for (name, value) in &said.values {
        match wanted.value(name) {
            Some(other) if other != value => return format!("`{value}` where `{other}` was expected"),
            Some(_) => {}
            None => return format!("`{value}` was not expected"),
        }
    }
    if let Some((_, value)) = wanted.values.iter().find(|(name, _)| said.value(name).is_none()) {
        return format!("`{value}` is missing");
    }
    let at = alike(received, expected);
    let octet = |message: &[u8]| message.get(at).map_or("none".to_owned(), |octet| format!("0x{octet:02X}"));
    format!(
        "the same values are written differently: octet {at} is {}, expected {}",
        octet(received),
        octet(expected)
    )
}

/// What a message says, value by value, each with the name by which it is compared.
struct Words {
    kind: &'static str,
    values: Vec<(String, String)>,
}

impl Words {
    fn of(octets: &[u8], terms: &Negotiated) -> Self {
        let frame = Framer::new(octets, usize::from(u16::MAX)).next_frame();
        let decoded = match frame {
            Ok(Some(frame)) => MessageView::decode(frame, terms).map_err(|error| error.to_string()),
            Ok(None) => Err("it is cut off".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match decoded.map(Message::from) {
            Ok(message) => Self::of_message(&message),
            Err(why) => Self { kind: "what cannot be read", values: vec![("why".to_owned(), why)] },
        }
    }

    fn of_message(message: &Message) -> Self {
        let whole = |text: String| vec![("message".to_owned(), text)];
        let (kind, values) = match message {
            Message::Open(open) => ("OPEN", open_values(open)),
            Message::Update(update) => ("UPDATE", update_values(update)),
            Message::Notification(notification) => ("NOTIFICATION", whole(format!("{notification:?}"))),
            Message::Keepalive => ("KEEPALIVE", Vec::new()),
            Message::RouteRefresh(refresh) => ("ROUTE-REFRESH", whole(format!("{refresh:?}"))),
            Message::Operational(operational) => ("OPERATIONAL", whole(format!("{operational:?}"))),
            other => ("a message of an unknown type", whole(format!("{other:?}"))),
        };
        Self { kind, values }
    }

    fn value(&self, name: &str) -> Option<&String> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn shared_with(&self, other: &Self) -> usize {
        self.values.iter().filter(|(name, value)| other.value(name) == Some(value)).count()
    }

    fn line(&self) -> String {
        let values: Vec<&str> = self.values.iter().map(|(_, value)| value.as_str()).collect();
        if values.is_empty() { self.kind.to_owned() } else { format!("{}: {}", self.kind, values.join(", ")) }
    }
}

fn open_values(open: &Open) -> Vec<(String, String)> {
    let mut values = vec![
        ("version".to_owned(), format!("version {}", open.version)),
        ("as".to_owned(), format!("AS {}", open.asn())),
        ("hold-time".to_owned(), format!("hold time {}", open.hold_time)),
        ("router-id".to_owned(), format!("router id {}", open.router_id)),
    ];
    values.extend(open.capabilities().map(|capability| {
        let text = format!("{capability:?}");
        (text.clone(), text)
    }));
    values
}

fn update_values(update: &Update) -> Vec<(String, String)> {
    let mut values = Vec::new();
    for attribute in &update.attributes {
        if let PathAttributeValue::Route(value) = &attribute.value {
            let mut text = String::new();
            attributes_text(&mut text, &[value]);
            values.push((format!("attribute {:?}", value.code()), text.trim().to_owned()));
        }
    }
    for route in update_routes(update) {
        let verb = if route.announced { "announced" } else { "withdrawn" };
        let (mut name, mut text) = (format!("{verb} {} ", route.family), format!("{verb} "));
        nlri_text(&mut name, &route.path, None);
        nlri_text(&mut text, &route.path, route.next_hop);
        values.push((name, text.trim().to_owned()));
    }
    if values.is_empty() {
        values.push(("eor".to_owned(), "End-of-RIB".to_owned()));
    }
    values
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::scenario::script;
    use crate::scenario::script::hex;

    fn update(attributes: &str, nlri: &str) -> Vec<u8> {
        let (attributes, nlri) = (hex(attributes).unwrap(), hex(nlri).unwrap());
        let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
        codec::framed(codec::UPDATE, &[&[0, 0], length.as_slice(), &attributes, &nlri].concat())
    }

    /// ORIGIN, AS_PATH (empty), NEXT_HOP 10.0.0.x and MULTI_EXIT_DISC.
    fn announce(hop: u8, med: u8, nlri: &str) -> Vec<u8> {
        update(&format!("40010100 400200 4003040a0000{hop:02x} 800404000000{med:02x}").replace(' ', ""), nlri)
    }

    #[test]
    fn the_first_difference_is_named() {
        let expected = announce(1, 200, "180a0100");
        for (received, named) in [
            (announce(1, 100, "180a0100"), "`med 100` where `med 200` was expected"),
            (announce(2, 200, "180a0100"), "10.0.0.2` where"),
            (announce(1, 200, "180a0200"), "10.2.0.0/24"),
            (announce(1, 200, ""), "`announced 10.1.0.0/24"),
            (update("400101004002004003040a000001", "180a0100"), "`med 200` is missing"),
            (
                script::ScriptMessage::Keepalive.encode(0, Ipv4Addr::LOCALHOST),
                "KEEPALIVE where UPDATE was expected",
            ),
            (
                update("400101004002004003040a000001c00404000000c8", "180a0100"),
                "octet 37 is 0xC0, expected 0x80",
            ),
        ] {
            let told = complaint(&received, std::slice::from_ref(&expected), &any_terms());
            let last = told.lines().last().unwrap();
            assert!(last.starts_with("  differs   ") && last.contains(named), "{told}");
        }
    }

    #[test]
    fn of_several_the_nearest_is_compared_and_the_rest_are_shown() {
        let far = announce(1, 7, "180b0000");
        let near = announce(1, 200, "180a0100");
        let told = complaint(&announce(1, 100, "180a0100"), &[far, near], &any_terms());
        assert!(told.contains("`med 100` where `med 200` was expected"), "{told}");
        assert_eq!(told.matches("  or        ").count(), 1, "{told}");
        assert!(complaint(&announce(1, 1, ""), &[], &any_terms()).ends_with("nothing more"));
    }
}
