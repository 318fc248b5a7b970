//! Real messages, as route collectors heard them, come out of the codec as they went in, byte for byte.
//!
//! The files are not part of this repository: they are looked for in `../shared/mrt`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]
#![allow(clippy::print_stderr, reason = "the figures are for whoever runs it with --nocapture")]

#[path = "../../tests/util/trials.rs"]
mod trials;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{
    AttributeView, Family, FamilyTerms, Framer, Message, MessageView, Negotiated, WireError, Writer,
};
use holdtime_dump::{Content, Dump, Found, Item, KnownTerms};
use trials::Test;

fn main() -> ExitCode {
    let test = |name, run| Test::needing(|| trials::without(&folder()), name, run);
    trials::run(vec![
        test(
            "every_message_of_the_collectors_is_encoded_as_it_was_received",
            every_message_of_the_collectors_is_encoded_as_it_was_received,
        ),
        test(
            "a_prefix_of_the_collectors_without_its_octets_ends_the_session",
            a_prefix_of_the_collectors_without_its_octets_ends_the_session,
        ),
    ])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/mrt")
}

/// Its one message ends with a prefix that is said to have 11 bits, and has none.
const CUT: &str = "updates.nlri_mask_trailing_bits.gz";

/// The files, in the order of their names.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
    files.sort();
    files
}

/// What a session between these has agreed on that lays its messages out so, for every family.
fn terms(local_as: u32, peer_as: u32, asn4: bool, add_path: bool) -> Negotiated {
    let mut negotiated = Negotiated::between(local_as, peer_as);
    (negotiated.asn4, negotiated.extended_message) = (asn4, true);
    for family in Family::ALL {
        negotiated.set_family(FamilyTerms {
            add_path_receive: add_path,
            add_path_send: add_path,
            ..FamilyTerms::assumed(family)
        });
    }
    negotiated
}

/// Every message of a file, with what its speakers must have agreed on, and how many routes of a table there are.
fn messages(file: &Path) -> (Vec<(Vec<u8>, Negotiated)>, usize) {
    let stream = Dump::open(Box::new(fs::File::open(file).unwrap())).unwrap().unwrap();
    let (mut messages, mut routes) = (Vec::new(), 0);
    stream.each(|found| match found {
        Found::Item(Item { content: Content::Message(message), session, .. }) => {
            let (KnownTerms::Told { asn4, add_path }, Some(session)) = (message.terms, session) else {
                panic!("MRT says how its messages are laid out, and between whom: {message:?}")
            };
            let (local, peer) = (session.local_as.unwrap(), session.peer_as.unwrap());
            messages.push((message.octets.to_vec(), terms(local, peer, asn4, add_path)));
        }
        Found::Item(Item { content: Content::Route(route), session, .. }) => {
            assert!(session.is_some() && route.destination.path_id.is_some());
            let internal = terms(0, 0, route.asn4, false);
            for raw in route.attributes.map(Result::unwrap).filter(|raw| !matches!(raw.code.0, 3 | 14)) {
                assert!(AttributeView::parse(raw, &internal).is_ok(), "{raw:?}");
            }
            routes += 1;
        }
        Found::Item(Item { content: Content::State(_), .. }) => {}
        bad => panic!("{bad:?}"),
    });
    (messages, routes)
}

/// The message, decoded and encoded again.
fn re_encoded(message: &[u8], negotiated: &Negotiated) -> Result<Vec<u8>, WireError> {
    let frame =
        Framer::new(message, MAX_EXTENDED_MESSAGE).next_frame()?.expect("a record holds a whole message");
    let view = MessageView::decode(frame, negotiated)?;
    let mut buffer = vec![0; MAX_EXTENDED_MESSAGE];
    let mut out = Writer::new(&mut buffer);
    Message::from(view).encode(negotiated, &mut out).unwrap();
    Ok(out.written().to_vec())
}

fn every_message_of_the_collectors_is_encoded_as_it_was_received() {
    for file in files() {
        if file.ends_with(CUT) {
            continue;
        }
        let (messages, routes) = messages(&file);
        for (message, negotiated) in &messages {
            assert_eq!(re_encoded(message, negotiated).as_ref(), Ok(message), "{}", file.display());
        }
        assert!(messages.len() + routes > 0, "{} holds nothing", file.display());
        eprintln!("{}: {} messages, all the same; {routes} routes", file.display(), messages.len());
    }
}

/// The one exception. Where a prefix ends before its octets do, nobody knows which routes were meant: RFC 7606 §5.3 calls the field
/// incorrect, and §3 j has the session end as RFC 4271 §6.3 says. With the octets that are missing it would be a message like any
/// other, whose first prefix, of 13 bits, has bits set behind them: those are cleared, because RFC 4271 §4.3 gives them no meaning.
fn a_prefix_of_the_collectors_without_its_octets_ends_the_session() {
    let file = files().into_iter().find(|file| file.ends_with(CUT)).unwrap();
    let (messages, _) = messages(&file);
    let [(cut, negotiated)] = messages.as_slice() else { unreachable!("it holds one message") };
    let error = re_encoded(cut, negotiated).unwrap_err();
    assert_eq!((error.code, error.subcode, error.offset), (3, 10, cut.len() - 1));
    assert_eq!(cut.last(), Some(&11));
    let mut whole = [cut, &[10, 0x20][..]].concat();
    let length = u16::try_from(whole.len()).unwrap().to_be_bytes();
    whole[16..18].copy_from_slice(&length);
    let mut cleared = whole.clone();
    cleared[58] = 13 & 0b1111_1000;
    assert_eq!(
        (&whole[56..], re_encoded(&whole, negotiated)),
        (&[13, 11, 13, 11, 10, 0x20][..], Ok(cleared))
    );
}
