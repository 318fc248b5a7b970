//! The bodies of the fuzz targets in `fuzz/` that read files. Each takes any bytes at all, and panics where something that must hold
//! does not. `cargo test` replays the checked-in corpus through them.

use std::hint::black_box;
use std::io::Cursor;

use holdtime_core::wire::attribute::AttributeView;
use holdtime_core::wire::{Family, FamilyTerms, Framer, MessageView, Negotiated};

use crate::item::{Content, Found, Item, Message, Terms};
use crate::{Batch, mrt};

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

fn decode(message: &Message<'_>) {
    let Terms::Told { asn4, add_path } = message.terms else { return };
    let mut negotiated = Negotiated::between(65_000, 65_001);
    (negotiated.asn4, negotiated.extended_message) = (asn4, true);
    for family in Family::ALL {
        negotiated.set_family(FamilyTerms { add_path_receive: add_path, ..FamilyTerms::unheard(family) });
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

    #[test]
    fn the_corpus_of_mrt_holds_whole_and_cut_off_anywhere() {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "fuzz", "corpus", "mrt"].iter().collect();
        let mut seeds = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let seed = fs::read(entry.unwrap().path()).unwrap();
            (0..=seed.len()).for_each(|length| super::mrt(&seed[..length]));
            seeds += 1;
        }
        assert!(seeds > 0, "{} holds no seeds", folder.display());
    }
}
