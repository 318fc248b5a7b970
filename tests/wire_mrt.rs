//! Real messages, as route collectors heard them, come out of the codec as they went in.
//!
//! The files are not part of this repository: they are looked for in `../shared/mrt`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]
#![allow(clippy::print_stderr, reason = "the figures are for whoever runs it with --nocapture")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use holdtime_core::wire::mrt::{MrtContent, MrtReader};
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{
    Framer, Message, MessageView, Negotiated, NlriView, PathNlriView, Treatment, UpdateView, Writer,
};

/// What became of the messages of one file.
#[derive(Debug, Default)]
struct Tally {
    messages: usize,
    identical: usize,
    /// Messages that end the session, with the reason.
    refused: Vec<String>,
    /// Prefixes with bits set past their length, which are cleared: RFC 4271 §4.3 gives them no meaning.
    host_bits_cleared: usize,
    /// Messages from which an attribute was discarded, by the clause that wants it.
    discarded: BTreeMap<&'static str, usize>,
    /// Messages whose routes count as withdrawn, by the clause that wants it.
    withdrawn: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn take(&mut self, message: &[u8], negotiated: &Negotiated) {
        self.messages += 1;
        let frame = Framer::new(message, MAX_EXTENDED_MESSAGE).next_frame().unwrap().unwrap();
        assert_eq!(frame.message().len(), message.len());
        let view = match MessageView::decode(frame, negotiated) {
            Ok(view) => view,
            Err(error) => return self.refused.push(error.to_string()),
        };
        let encoded = encode(&Message::from(view.clone()), negotiated);
        if encoded == message {
            self.identical += 1;
            return;
        }
        let MessageView::Update(update) = view else { panic!("changed: {}", hex(message)) };
        if let Some(problem) = update.problem() {
            let discard = problem.treatment == Treatment::Discard;
            *if discard { &mut self.discarded } else { &mut self.withdrawn }
                .entry(problem.clause)
                .or_default() += 1;
        } else if has_host_bits(&update, message) && encoded.len() == message.len() {
            self.host_bits_cleared += 1;
            assert_eq!(encode_again(&encoded, negotiated), encoded, "the cleared form is final");
        } else {
            panic!("a message changed on its way:\n{}\n{}", hex(message), hex(&encoded));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn encode(message: &Message, negotiated: &Negotiated) -> Vec<u8> {
    let mut buffer = vec![0; MAX_EXTENDED_MESSAGE];
    let mut out = Writer::new(&mut buffer);
    message.encode(negotiated, &mut out).unwrap();
    out.written().to_vec()
}

fn encode_again(message: &[u8], negotiated: &Negotiated) -> Vec<u8> {
    let frame = Framer::new(message, MAX_EXTENDED_MESSAGE).next_frame().unwrap().unwrap();
    encode(&Message::from(MessageView::decode(frame, negotiated).unwrap()), negotiated)
}

/// Whether some unicast prefix of the message, encoded, is not to be found in it.
fn has_host_bits(update: &UpdateView<'_>, message: &[u8]) -> bool {
    let is_changed = |route: PathNlriView<'_>| {
        let NlriView::Unicast(prefix) = route.nlri else { return false };
        let mut buffer = [0; 17];
        let mut out = Writer::new(&mut buffer);
        holdtime_core::wire::Nlri::Unicast(prefix).encode(&mut out).unwrap();
        !message.windows(out.len()).any(|window| window == out.written())
    };
    let multi = update.mp_reach().into_iter().flat_map(|reach| reach.nlri());
    let withdrawn = update.mp_unreach().into_iter().flat_map(|unreach| unreach.nlri());
    update.nlri().chain(update.withdrawn()).chain(multi).chain(withdrawn).any(is_changed)
}

fn tally(file: &Path) -> Tally {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
    let mut tally = Tally::default();
    for record in MrtReader::new(&bytes) {
        match record.unwrap().content {
            MrtContent::Message(message) => tally.take(message.message, &message.negotiated()),
            MrtContent::Rib(rib) => {
                for entry in rib.entries() {
                    let entry = entry.unwrap();
                    tally.take(&rib.update(&entry).unwrap(), &rib.negotiated(&entry));
                }
            }
            MrtContent::Peers(_) | MrtContent::Other { .. } => {}
        }
    }
    tally
}

#[test]
fn every_message_of_the_collectors_is_encoded_as_it_was_received() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mrt");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: there is no ../shared/mrt beside this repository");
        return;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
    files.sort();
    for file in files {
        let tally = tally(&file);
        let name = file.file_name().unwrap().to_str().unwrap();
        eprintln!("{name}: {tally:?}");
        // Its one message ends with a prefix of 11 bits that has no octets.
        let refused = usize::from(name == "updates.nlri_mask_trailing_bits.gz");
        assert_eq!(tally.refused.len(), refused, "{name}: {:?}", tally.refused);
        assert!(tally.messages > 0, "{name} holds no message");
    }
}
