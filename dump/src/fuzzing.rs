//! The bodies of the fuzz targets in `fuzz/` that read files. Each takes any bytes at all, and panics where something that must hold
//! does not. `cargo test` replays the checked-in corpus through them.

use std::hint::black_box;
use std::io::Cursor;

use holdtime_core::wire::attribute::AttributeView;
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{Family, FamilyTerms, Framer, MessageView, Negotiated};

use crate::item::{Content, Found, Item, KnownTerms, RecordedMessage};
use crate::{Batch, Form, capture, mrt};

/// An MRT file: every message and route in it can be read, within the work budget of each, and their number has a bound.
pub fn mrt(bytes: &[u8]) {
    let mut source = mrt::source(Box::new(Cursor::new(bytes.to_vec())));
    let (mut batch, mut count) = (Batch::default(), 0);
    while source.fill(&mut batch) {
        for found in batch.found() {
            count += 1;
            match found {
                Found::Item(Item { content: Content::Message(message), .. }) => decode(&message),
                Found::Item(Item { content: Content::Route(route), .. }) => {
                    let mut internal = Negotiated::between(0, 0);
                    internal.asn4 = route.asn4;
                    for raw in route.attributes.map_while(Result::ok) {
                        let read = || AttributeView::parse(raw, &internal).is_ok();
                        black_box(within_budget(raw.octets(), read));
                    }
                }
                other => drop(black_box(other)),
            }
        }
        batch.clear();
    }
    assert!(count <= bytes.len() / 4 + 2, "{count} items of {} octets", bytes.len());
}

/// A capture: it is read to its end, every message in it is whole, and neither messages nor faults are more than it has room for.
pub fn capture(bytes: &[u8]) {
    let head = bytes.get(..Form::MAGIC).unwrap_or(bytes);
    let Some(form @ (Form::Pcap | Form::Pcapng)) = Form::of(head) else { return };
    let mut source = capture::source(form, Box::new(Cursor::new(bytes.to_vec())));
    let mut batch = Batch::default();
    let (mut octets, mut others) = (0, 0);
    while source.fill(&mut batch) {
        for found in batch.found() {
            match found {
                Found::Item(Item { content: Content::Message(message), .. }) => {
                    let frame = Framer::new(message.octets, MAX_EXTENDED_MESSAGE).next_frame();
                    let whole = frame.ok().flatten().map(|frame| frame.message().len());
                    assert_eq!(whole, Some(message.octets.len()), "a message that is none");
                    octets += message.octets.len();
                }
                _ => others += 1,
            }
        }
        batch.clear();
    }
    assert!(octets <= bytes.len(), "{octets} octets of messages in {} octets", bytes.len());
    assert!(others <= bytes.len() + 3, "{others} faults in {} octets", bytes.len());
}

fn decode(message: &RecordedMessage<'_>) {
    let KnownTerms::Told { asn4, add_path } = message.terms else { return };
    let mut negotiated = Negotiated::between(65_000, 65_001);
    (negotiated.asn4, negotiated.extended_message) = (asn4, true);
    for family in Family::ALL {
        negotiated.set_family(FamilyTerms { add_path_receive: add_path, ..FamilyTerms::assumed(family) });
    }
    if let Ok(Some(frame)) = Framer::new(message.octets, negotiated.max_message()).next_frame() {
        let read = || MessageView::decode(frame, &negotiated).is_ok();
        black_box(within_budget(message.octets.len(), read));
    }
}

#[cfg(feature = "arbitrary")]
use holdtime_core::fuzzing::within_budget;

/// Steps are counted with the feature `arbitrary` only.
#[cfg(not(feature = "arbitrary"))]
fn within_budget<T>(_octets: usize, decode: impl FnOnce() -> T) -> T {
    decode()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    #[cfg(feature = "arbitrary")]
    use holdtime_core::fuzzing::mutation::each_wrong_field;

    /// Every seed of a corpus through `body`.
    fn replay(target: &str, body: impl Fn(&[u8])) {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "fuzz", "corpus", target].iter().collect();
        let mut seeds = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            body(&fs::read(entry.unwrap().path()).unwrap());
            seeds += 1;
        }
        assert!(seeds > 0, "{} holds no seeds", folder.display());
    }

    #[test]
    fn the_corpus_of_mrt_holds_whole_and_cut_off_anywhere() {
        replay("mrt", |seed| (0..=seed.len()).for_each(|length| super::mrt(&seed[..length])));
    }

    #[test]
    fn the_corpus_of_capture_holds_whole_and_cut_off_anywhere() {
        replay("capture", |seed| (0..=seed.len()).for_each(|length| super::capture(&seed[..length])));
    }

    #[test]
    #[cfg(feature = "arbitrary")]
    fn no_length_count_or_type_that_is_wrong_upsets_the_reader_of_mrt() {
        replay("mrt", |seed| each_wrong_field(seed, 0, super::mrt));
    }

    #[test]
    #[cfg(feature = "arbitrary")]
    fn no_length_count_or_type_that_is_wrong_upsets_the_reader_of_captures() {
        replay("capture", |seed| each_wrong_field(seed, 0, super::capture));
    }
}
