//! The floors as contestants.

use std::cell::RefCell;
use std::hint::black_box;

use holdtime_benches::{Corpus, Shape, floor};

use crate::contest::{Contestant, Visit};
use crate::encoding::{Encoder, OwnMessages, Sink};

/// A copy of every octet.
#[derive(Default)]
pub struct Copy {
    into: RefCell<Vec<u8>>,
}

impl Contestant for Copy {
    fn name(&self) -> &'static str {
        "floor: memcpy"
    }

    fn supports(&self, _shape: Shape) -> bool {
        true
    }

    fn is_blind(&self) -> bool {
        true
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut visit = Visit::default();
        let mut into = self.into.borrow_mut();
        into.resize(corpus.bytes.len(), 0);
        visit.start();
        black_box(floor::copy(black_box(corpus), &mut into));
        visit.stop();
        visit
    }
}

impl Encoder for Copy {
    fn name(&self) -> &'static str {
        "floor: memcpy"
    }

    fn encodes(&self, _shape: Shape) -> bool {
        true
    }

    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages> {
        Box::new(corpus.clone())
    }
}

impl OwnMessages for Corpus {
    fn encode(&self, sink: &mut Sink) {
        let mut buffer = [0; 4096];
        for message in self.messages() {
            buffer[..message.len()].copy_from_slice(message);
            sink.take(&buffer[..message.len()]);
        }
    }
}

/// A step from length to length.
pub struct Walk;

impl Contestant for Walk {
    fn name(&self) -> &'static str {
        "floor: TLV walk"
    }

    fn supports(&self, shape: Shape) -> bool {
        shape != Shape::Recorded
    }

    fn is_blind(&self) -> bool {
        true
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut visit = Visit::default();
        visit.start();
        black_box(floor::walk(black_box(corpus)));
        visit.stop();
        visit
    }
}

/// A visit of every value, without any checks.
pub struct VisitAll;

impl Contestant for VisitAll {
    fn name(&self) -> &'static str {
        "floor: visit all"
    }

    fn supports(&self, shape: Shape) -> bool {
        floor::visits(shape)
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut visit = Visit::default();
        visit.start();
        visit.tally = floor::visit(black_box(corpus));
        visit.stop();
        visit
    }
}
