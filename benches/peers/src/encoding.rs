//! The contest of encoders: every contestant turns the same corpus into messages of its own types beforehand, and writes them
//! again and again. What it wrote is read by holdtime's decoder, and must say what the corpus says.

use std::hint::black_box;
use std::time::Duration;

use holdtime_benches::{Corpus, Kind, Shape, visit};

use crate::contest::{Score, cpu_time, median};

/// One encoder or floor.
pub trait Encoder {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Whether it writes messages of this shape.
    fn encodes(&self, shape: Shape) -> bool;

    /// Kinds that its types or its encoder do not give back as they were on the wire: they are not compared.
    fn loses(&self) -> &'static [Kind] {
        &[]
    }

    /// The messages of a corpus in the contestant's own types. Not measured.
    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages>;
}

/// Messages in a contestant's own types.
pub trait OwnMessages {
    /// Writes every message and hands its octets to `sink`.
    fn encode(&self, sink: &mut Sink);
}

/// Where the octets of each message go: nowhere while the clock runs.
#[derive(Default)]
pub struct Sink {
    octets: usize,
    kept: Option<Vec<Option<Vec<u8>>>>,
}

impl Sink {
    /// The octets of the next message.
    #[inline]
    pub fn take(&mut self, message: &[u8]) {
        self.octets += black_box(message).len();
        if let Some(kept) = &mut self.kept {
            kept.push(Some(message.to_vec()));
        }
    }

    /// The next message cannot be written.
    #[cold]
    pub fn refuse(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.push(None);
        }
    }
}

/// Runs all encoders that support the corpus, interleaved; the scores are in their order.
pub fn run(encoders: &[Box<dyn Encoder>], corpus: &Corpus, rounds: usize) -> Vec<Score> {
    let able: Vec<_> = encoders.iter().filter(|encoder| encoder.encodes(corpus.shape)).collect();
    let own: Vec<_> = able.iter().map(|encoder| encoder.own(corpus)).collect();
    let outcomes: Vec<_> =
        able.iter().zip(&own).map(|(encoder, own)| compare(encoder.as_ref(), own.as_ref(), corpus)).collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(rounds); able.len()];
    let mut octets = vec![0; able.len()];
    for _ in 0..rounds {
        for ((own, times), octets) in own.iter().zip(&mut times).zip(&mut octets) {
            let mut sink = Sink::default();
            let started = cpu_time();
            own.encode(&mut sink);
            times.push(cpu_time().saturating_sub(started));
            *octets = sink.octets;
        }
    }
    able.iter()
        .zip(outcomes)
        .zip(octets.iter().zip(&mut times))
        .map(|((encoder, (refused, differs)), (octets, times))| Score {
            name: encoder.name(),
            megabytes: *octets as f64 / median(times).as_secs_f64() / 1e6,
            differs,
            refused,
        })
        .collect()
}

/// How many messages an encoder refuses, and how what it writes of the others differs from the corpus.
fn compare(encoder: &dyn Encoder, own: &dyn OwnMessages, corpus: &Corpus) -> (usize, Option<String>) {
    let mut sink = Sink { octets: 0, kept: Some(Vec::new()) };
    own.encode(&mut sink);
    let (mut wanted, mut written) = (Corpus::new(corpus.shape), Corpus::new(corpus.shape));
    let kept = sink.kept.unwrap_or_default();
    for (original, kept) in corpus.messages().zip(&kept) {
        if let Some(message) = kept {
            wanted.push(original);
            written.push(message);
        }
    }
    let mut negotiated = visit::session(corpus.shape);
    // Not every encoder looks after the size of its messages.
    negotiated.extended_message = true;
    let refused = corpus.len() - written.len();
    let ((wanted, _), (written, unreadable)) =
        (visit::corpus(&wanted, &negotiated), visit::corpus(&written, &negotiated));
    let differs = match unreadable {
        0 => written.difference(&wanted, &[], encoder.loses()),
        count => Some(format!("{count} of its messages cannot be read")),
    };
    (refused, differs)
}
