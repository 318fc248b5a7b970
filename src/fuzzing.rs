//! The bodies of the fuzz targets in `fuzz/`, compiled with the library they test. Each takes any bytes at all, and panics
//! where something that must hold does not.
//!
//! `cargo test` replays the checked-in corpora through them, without a fuzzer.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

use crate::config::{Config, ConfigText, Settings};
use crate::grammar::{Action, Announcement, Diagnostic, parse_operational, parse_routes};
use crate::wire::frame::{Framer, HEADER};
use crate::wire::negotiated::MAX_EXTENDED_MESSAGE;
use crate::wire::{
    Afi, BufferFull, Family, FamilyTerms, Negotiated, Notification, Open, RouteRefresh, Safi, Update,
    UpdateView, Writer,
};

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

/// One UPDATE, header and all. Its decoder stays within its work budget; what it lets through can be visited; and what it has no
/// fault to find with re-encodes to bytes that mean the same.
///
/// Of the marker, which is all ones on the wire, the first octet chooses the session: a bit that is zero makes AS numbers two octets
/// (0), NLRI with path identifiers (1), the peer internal (2).
pub fn update(message: &[u8]) {
    let (Some(first), Some(body)) = (message.first(), message.get(HEADER..)) else { return };
    let negotiated = session(!first);
    let view = match within_budget(body.len(), || UpdateView::decode(body, &negotiated)) {
        Ok(view) => view,
        Err(error) => {
            assert!(error.notification(message).data.len() <= message.len(), "more data than was received");
            return;
        }
    };
    visit(&view);
    let update = Update::from(&view);
    let encoded = encode(body.len(), |out| update.encode(&negotiated, out));
    if view.problem().is_some() {
        return;
    }
    assert!(encoded.is_ok(), "an UPDATE without a fault does not encode");
    let encoded = encoded.unwrap_or_default();
    let again =
        UpdateView::decode(&encoded, &negotiated).map(|view| (view.problem().copied(), Update::from(&view)));
    assert_eq!(again, Ok((None, update)), "an UPDATE means something else once encoded");
}

/// A configuration file. It is read or refused; a mistake is shown with a place that the text has; every route that it announces
/// can be encoded.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let file = ConfigText { name: String::from("fuzz.conf"), text: text.into() };
    match Config::parse(&file, &Settings::default()) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| placed(warning, text));
            config.neighbors.iter().for_each(|neighbor| encodable(&neighbor.routes));
        }
        Err(error) => placed(&error, text),
    }
}

/// What follows `announce` in a command. As [`configuration`].
pub fn command(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    for action in [Action::Announce, Action::Withdraw] {
        match parse_routes(action, text) {
            Ok(routes) => encodable(&routes),
            Err(error) => placed(&error, text),
        }
    }
    if let Err(error) = parse_operational(text) {
        placed(&error, text);
    }
}

/// Fails where a mistake's place is not in the text, or it cannot be shown.
fn placed(mistake: &Diagnostic, text: &str) {
    let line = text.split('\n').nth(mistake.line - 1);
    assert!(line.is_some_and(|line| mistake.column <= line.chars().count() + 1), "{mistake:?}");
    black_box(mistake.to_string());
}

/// Fails where a destination does not fit the largest message.
fn encodable(routes: &[Announcement]) {
    for announcement in routes.iter().take(64) {
        let nlri = &announcement.route.nlri;
        assert!(encode(MAX_EXTENDED_MESSAGE, |out| nlri.encode(out)).is_ok(), "{nlri:?}");
    }
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

/// One OPEN, header and all: what decodes re-encodes to bytes that mean the same.
pub fn open(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    round_trip(message, body, Open::decode, Open::encode);
}

/// One NOTIFICATION, header and all: what decodes re-encodes to bytes that mean the same, and its text can be read.
pub fn notification(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    round_trip(message, body, Notification::decode, Notification::encode);
    if let Ok(notification) = Notification::decode(body) {
        black_box((notification.text(), notification.hard_reset()));
    }
}

/// One ROUTE-REFRESH, header and all: what decodes re-encodes to bytes that mean the same.
pub fn refresh(message: &[u8]) {
    let Some(body) = message.get(HEADER..) else { return };
    round_trip(message, body, RouteRefresh::decode, RouteRefresh::encode);
}

fn round_trip<T: PartialEq + core::fmt::Debug>(
    message: &[u8],
    body: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, crate::wire::WireError>,
    write: impl Fn(&T, &mut Writer<'_>) -> Result<(), BufferFull>,
) {
    match within_budget(body.len(), || decode(body)) {
        Ok(value) => {
            let encoded = encode(body.len(), |out| write(&value, out));
            assert_eq!(
                encoded.map(|bytes| decode(&bytes)),
                Ok(Ok(value)),
                "it means something else once encoded"
            );
        }
        Err(error) => {
            assert!(error.notification(message).data.len() <= message.len(), "more data than was received");
        }
    }
}

/// What `write` writes; what `octets` were decoded into may take twice as many, and no more.
fn encode(
    octets: usize,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), BufferFull>,
) -> Result<Vec<u8>, BufferFull> {
    let mut buffer = vec![0; 2 * octets + 64];
    let mut out = Writer::new(&mut buffer);
    write(&mut out)?;
    Ok(out.written().to_vec())
}

/// Runs a decoder over `octets`, and fails if it takes more steps than they warrant: one that loops is found at once.
fn within_budget<T>(octets: usize, decode: impl FnOnce() -> T) -> T {
    #[cfg(not(feature = "arbitrary"))]
    {
        let _ = octets;
        decode()
    }
    #[cfg(feature = "arbitrary")]
    {
        const STEPS_PER_OCTET: u64 = 8;
        const STEPS_PER_MESSAGE: u64 = 64;
        let before = crate::wire::budget::steps();
        let decoded = decode();
        let steps = crate::wire::budget::steps() - before;
        let budget = STEPS_PER_OCTET * octets as u64 + STEPS_PER_MESSAGE;
        assert!(steps <= budget, "{steps} steps for {octets} octets");
        decoded
    }
}

/// A session of every family that has a decoder.
fn session(choices: u8) -> Negotiated {
    let has = |bit: u8| choices >> bit & 1 == 1;
    let mut negotiated = Negotiated::default();
    negotiated.local_as = 65_000;
    negotiated.peer_as = if has(2) { 65_000 } else { 65_001 };
    negotiated.asn4 = !has(0);
    negotiated.extended_message = true;
    for (afi, safis) in [
        (Afi::IPV4, &[1, 2, 4, 5, 73, 85, 128, 132, 133, 134][..]),
        (Afi::IPV6, &[1, 2, 4, 5, 73, 85, 128, 132, 133, 134]),
        (Afi::L2VPN, &[65, 70]),
        (Afi::BGP_LS, &[71, 72]),
    ] {
        for &safi in safis {
            let family = Family { afi, safi: Safi(safi) };
            let add_path = has(1);
            negotiated.set_family(FamilyTerms {
                add_path_receive: add_path,
                add_path_send: add_path,
                ..FamilyTerms::plain(family)
            });
        }
    }
    negotiated
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::path::PathBuf;
    use std::{env, fs, println};

    #[allow(clippy::print_stdout, reason = "a test that fails shows which seed was the last")]
    fn replay(target: &str, body: fn(&[u8])) {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", target].iter().collect();
        let mut seeds = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            body(&fs::read(path).unwrap());
            seeds += 1;
        }
        assert!(seeds > 0, "{} holds no seeds", folder.display());
    }

    #[test]
    fn the_corpus_of_framing_holds() {
        replay("framing", super::framing);
    }

    #[test]
    fn the_corpus_of_update_holds() {
        replay("update", super::update);
    }

    #[test]
    fn the_corpus_of_open_holds() {
        replay("open", super::open);
    }

    #[test]
    fn the_corpus_of_notification_holds() {
        replay("notification", super::notification);
    }

    #[test]
    fn the_corpus_of_refresh_holds() {
        replay("refresh", super::refresh);
    }

    #[test]
    fn the_corpus_of_configuration_holds() {
        replay("configuration", super::configuration);
    }

    #[test]
    fn the_corpus_of_command_holds() {
        replay("command", super::command);
    }
}
