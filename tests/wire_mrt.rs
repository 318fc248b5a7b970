//! Real messages, as route collectors heard them, come out of the codec as they went in, byte for byte.
//!
//! The files are not part of this repository: they are looked for in `../shared/mrt`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should say where")]
#![allow(clippy::print_stderr, reason = "the figures are for whoever runs it with --nocapture")]

#[path = "util/trials.rs"]
mod trials;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use holdtime_core::wire::mrt::{MrtContent, MrtReader};
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{Framer, Message, MessageView, Negotiated, WireError, Writer};
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
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mrt")
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

/// Every message of a file, with what its speakers must have agreed on.
fn messages(file: &Path) -> Vec<(Vec<u8>, Negotiated)> {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
    let mut messages = Vec::new();
    for record in MrtReader::new(&bytes) {
        match record.unwrap().content {
            MrtContent::Message(message) => messages.push((message.message.to_vec(), message.negotiated())),
            MrtContent::Rib(rib) => messages.extend(rib.entries().map(|entry| {
                let entry = entry.unwrap();
                (rib.update(&entry).unwrap(), rib.negotiated(&entry))
            })),
            MrtContent::Peers(_) | MrtContent::Other { .. } => {}
        }
    }
    messages
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
        let messages = messages(&file);
        for (message, negotiated) in &messages {
            assert_eq!(re_encoded(message, negotiated).as_ref(), Ok(message), "{}", file.display());
        }
        assert!(!messages.is_empty(), "{} holds no message", file.display());
        eprintln!("{}: {} messages, all the same", file.display(), messages.len());
    }
}

/// The one exception. Where a prefix ends before its octets do, nobody knows which routes were meant: RFC 7606 §5.3 calls the field
/// incorrect, and §3 j has the session end as RFC 4271 §6.3 says. With the octets that are missing it would be a message like any
/// other, whose first prefix, of 13 bits, has bits set behind them: those are cleared, because RFC 4271 §4.3 gives them no meaning.
fn a_prefix_of_the_collectors_without_its_octets_ends_the_session() {
    let file = files().into_iter().find(|file| file.ends_with(CUT)).unwrap();
    let messages = messages(&file);
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
