//! A million mutated real messages through every decoder: no panic, no step beyond the work budget, and no allocation larger than the
//! message warrants. The same on every run of one seed.
//!
//! ```text
//! cargo run --release --manifest-path fuzz/Cargo.toml --example mutate -- [--count N] [--seed N] [FILE.gz ...]
//! ```
//!
//! The messages are those of the MRT files that are named, or else of `../shared/mrt` beside the repository, or else drawn as the benches
//! draw theirs.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use holdtime_benches::{Shape, corpus};
use holdtime_core::fuzzing::mutation::{Mutator, every_decoder};
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{Family, FamilyTerms, Framer, Message, MessageView, Negotiated};
use holdtime_dump::{Content, Dump, Found, Item};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What the owned form of a message may take, for each of its octets and beside: the shortest path attribute, three octets, is kept in
/// some sixty, in a vector that has grown to twice its size.
const OWNED: (usize, usize) = (64, 1024);

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = (1_000_000_u64, 1_u64, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).ok_or("a number is missing");
        match argument.as_str() {
            "--count" => options.0 = number()?,
            "--seed" => options.1 = number()?,
            file => options.2.push(PathBuf::from(file)),
        }
    }
    let (count, seed, files) = options;
    let (origin, messages) = messages(files)?;
    println!("{} messages of {origin}, seed {seed}", messages.len());
    let start = Instant::now();
    let mut figures = Figures::default();
    let negotiated = everything();
    let mut mutator = Mutator::new(seed);
    for _ in 0..count {
        let (one, other) = (mutator.below(messages.len()), mutator.below(messages.len()));
        let mut message = messages[one].clone();
        mutator.mutate(&mut message, &messages[other]);
        every_decoder(&message);
        figures.weigh(&message, &negotiated);
    }
    println!(
        "{count} mutated, every decoder over each: {:.1} s, no panic, no step too many",
        start.elapsed().as_secs_f64()
    );
    println!("{figures:#?}");
    Ok(())
}

/// What became of the messages, and what they took.
#[derive(Debug, Default)]
struct Figures {
    octets: usize,
    /// Nobody could say where they end.
    unframed: usize,
    /// They end the session.
    refused: usize,
    /// UPDATEs with a fault that does not.
    faulty: usize,
    /// Without a fault.
    accepted: usize,
    /// The most that an owned form has taken for each octet of a message of a hundred or more.
    most_per_octet: f64,
    /// The most that any has taken, in octets, with the length of its message.
    most: (usize, usize),
}

impl Figures {
    /// Decodes a message, and fails where that takes more memory than it warrants: a view none at all.
    fn weigh(&mut self, message: &[u8], negotiated: &Negotiated) {
        self.octets += message.len();
        let Ok(Some(frame)) = Framer::new(message, MAX_EXTENDED_MESSAGE).next_frame() else {
            self.unframed += 1;
            return;
        };
        let (view, taken) = weighed(|| MessageView::decode(frame, negotiated));
        match view {
            Err(_) => self.refused += 1,
            Ok(MessageView::Update(update)) => {
                let ((), visiting) = weighed(|| {
                    std::hint::black_box(update.attributes().count());
                    std::hint::black_box(update.nlri().chain(update.withdrawn()).count());
                    std::hint::black_box(update.mp_reach().map(|reach| reach.nlri().count()));
                    std::hint::black_box(update.mp_unreach().map(|unreach| unreach.nlri().count()));
                });
                assert_eq!((taken, visiting), (0, 0), "a view allocates: {message:02x?}");
                *if update.problem().is_some() { &mut self.faulty } else { &mut self.accepted } += 1;
                let (owned, taken) = weighed(|| Message::from(MessageView::Update(update)));
                self.judge(message, taken);
                drop(owned);
            }
            Ok(_) => {
                self.accepted += 1;
                self.judge(message, taken);
            }
        }
    }

    fn judge(&mut self, message: &[u8], taken: usize) {
        let (per_octet, beside) = OWNED;
        assert!(taken <= message.len() * per_octet + beside, "{taken} octets for {message:02x?}");
        self.most = self.most.max((taken, message.len()));
        if message.len() >= 100 {
            self.most_per_octet = self.most_per_octet.max(taken as f64 / message.len() as f64);
        }
    }
}

/// The most memory that was in use at once while this ran, beyond what was in use before.
fn weighed<T>(run: impl FnOnce() -> T) -> (T, usize) {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let value = run();
    (value, HEAP.peak_usage().saturating_sub(before))
}

/// A session of every family.
fn everything() -> Negotiated {
    let mut negotiated = Negotiated::between(65_000, 65_001);
    negotiated.asn4 = true;
    negotiated.extended_message = true;
    Family::ALL.into_iter().for_each(|family| negotiated.set_family(FamilyTerms::assumed(family)));
    negotiated
}

/// Where the messages come from, and the messages.
fn messages(mut files: Vec<PathBuf>) -> Result<(String, Vec<Vec<u8>>), Box<dyn Error>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/mrt");
    if files.is_empty() && shared.is_dir() {
        for entry in shared.read_dir()? {
            files.push(entry?.path());
        }
        files.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
        files.sort();
    }
    let mut messages = Vec::new();
    for file in &files {
        let Some(stream) = Dump::open(Box::new(File::open(file)?))? else { continue };
        stream.each(|found| {
            if let Found::Item(Item { content: Content::Message(message), .. }) = found {
                messages.push(message.octets.to_vec());
            }
        });
    }
    if !messages.is_empty() {
        return Ok((format!("{} MRT files", files.len()), messages));
    }
    for shape in Shape::GENERATED {
        messages.extend(corpus::generate(shape, 400_000).messages().map(<[u8]>::to_vec));
    }
    Ok(("the benches' corpora".into(), messages))
}
