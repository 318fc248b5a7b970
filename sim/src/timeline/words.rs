//! A message in words, for people: one line that says what it is, and more where there is more.

use std::fmt::Write as _;

use data_encoding::HEXUPPER;
use holdtime_core::print::{attributes_text, capabilities_text, nlri_text, update_routes};
use holdtime_core::wire::attribute::Attribute;
use holdtime_core::wire::frame::Framer;
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{
    Family, FamilyTerms, Message, MessageView, Negotiated, PathAttributeValue, Update,
};

/// Routes that the line of an UPDATE names.
const NAMED: usize = 2;
/// Routes that the text behind it lists.
const LISTED: usize = 20;
/// Octets that are shown of what cannot be read.
const SHOWN: usize = 24;

/// What a message says in one line, and more of it line by line.
///
/// `terms` are what its receiver reads it by.
pub fn message_words(octets: &[u8], terms: &Negotiated) -> (String, String) {
    let unreadable = |why: String| (format!("{} octets: {why}", octets.len()), hex(octets));
    let frame = match Framer::new(octets, MAX_EXTENDED_MESSAGE).next_frame() {
        Ok(Some(frame)) => frame,
        Ok(None) => return unreadable("no whole message".to_owned()),
        Err(error) => return unreadable(error.to_string()),
    };
    let message = match MessageView::decode(frame, terms) {
        Ok(view) => Message::from(view),
        Err(error) => return unreadable(error.to_string()),
    };
    match message {
        Message::Open(open) => {
            let line = format!("OPEN as {} hold {} id {}", open.asn(), open.hold_time, open.router_id);
            let mut more = String::new();
            capabilities_text(&mut more, &open, true);
            (line, more)
        }
        Message::Update(update) => update_words(&update),
        Message::Notification(notification) => {
            let words = notification.words().map_or(String::new(), |words| format!(" \"{words}\""));
            let line = format!("NOTIFICATION {}/{}{words}", notification.code, notification.subcode);
            (line, hex(&notification.data))
        }
        Message::Keepalive => ("KEEPALIVE".to_owned(), String::new()),
        Message::RouteRefresh(refresh) => {
            (format!("ROUTE-REFRESH {}", refresh.family), format!("{:?}", refresh.kind))
        }
        Message::Operational(_) => ("OPERATIONAL".to_owned(), hex(frame.body())),
        Message::Unknown { kind, body } => (format!("message of type {kind}"), hex(&body)),
    }
}

fn update_words(update: &Update) -> (String, String) {
    let routes = update_routes(update);
    if routes.is_empty() && update.attributes.is_empty() {
        return ("UPDATE End-of-RIB".to_owned(), String::new());
    }
    let mut line = "UPDATE".to_owned();
    let mut more = String::new();
    for (announced, verb) in [(false, "withdraw"), (true, "announce")] {
        let those = routes.iter().filter(|route| route.announced == announced);
        for (count, route) in those.clone().take(LISTED).enumerate() {
            let mut text = String::new();
            nlri_text(&mut text, &route.path, route.next_hop);
            let text = text.trim();
            let _ = writeln!(more, "{verb} {text}");
            if count < NAMED {
                let before = if count == 0 { format!(" {verb} ") } else { ", ".to_owned() };
                line.push_str(&before);
                line.push_str(text);
            }
        }
        let count = those.count();
        if count > NAMED {
            let _ = write!(line, " and {} more", count - NAMED);
        }
        if count > LISTED {
            let _ = writeln!(more, "… and {} more", count - LISTED);
        }
    }
    let attributes: Vec<&Attribute> = update
        .attributes
        .iter()
        .filter_map(|attribute| match &attribute.value {
            PathAttributeValue::Route(attribute) => Some(attribute),
            _ => None,
        })
        .collect();
    let mut text = String::new();
    attributes_text(&mut text, &attributes);
    if !text.is_empty() {
        let _ = writeln!(more, "attributes{text}");
    }
    (line, more.trim_end().to_owned())
}

fn hex(octets: &[u8]) -> String {
    let shown = octets.get(..SHOWN).unwrap_or(octets);
    let rest = octets.len() - shown.len();
    let rest = if rest > 0 { format!("… and {rest} octets more") } else { String::new() };
    format!("{}{rest}", HEXUPPER.encode(shown))
}

/// How the messages of a session whose OPENs have not been heard are laid out: as nearly all are.
pub(super) fn usual_terms() -> Negotiated {
    let mut terms = Negotiated::default();
    (terms.asn4, terms.extended_message) = (true, true);
    Family::ALL.into_iter().for_each(|family| terms.set_family(FamilyTerms::assumed(family)));
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::codec;

    #[test]
    fn a_message_is_told_by_what_it_says() {
        let said = |octets: &[u8]| message_words(octets, &usual_terms());
        assert_eq!(said(&codec::framed(codec::KEEPALIVE, &[])).0, "KEEPALIVE");
        assert_eq!(said(&codec::framed(codec::UPDATE, &[0, 0, 0, 0])).0, "UPDATE End-of-RIB");
        let notified = codec::framed(codec::NOTIFICATION, &[4, 0]);
        assert_eq!(said(&notified).0, "NOTIFICATION 4/0");
        // Four withdrawn prefixes of eight bits.
        let withdraws = codec::framed(codec::UPDATE, &[0, 8, 8, 10, 8, 11, 8, 12, 8, 13, 0, 0]);
        assert_eq!(said(&withdraws).0, "UPDATE withdraw 10.0.0.0/8, 11.0.0.0/8 and 2 more");
        assert_eq!(said(&withdraws).1.lines().count(), 4);
    }

    #[test]
    fn what_is_no_message_is_said_to_be_none_and_only_its_beginning_is_shown() {
        let (line, more) = message_words(&[7; 5000], &usual_terms());
        assert!(line.starts_with("5000 octets: "), "{line}");
        assert!(more.ends_with("and 4976 octets more") && more.len() < 100, "{more}");
    }
}
