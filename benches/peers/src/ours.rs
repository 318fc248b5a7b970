//! holdtime.

use holdtime_benches::{Corpus, Shape, visit};

use crate::contest::{Contestant, Visit};

pub struct Holdtime;

impl Contestant for Holdtime {
    fn name(&self) -> &'static str {
        "holdtime"
    }

    fn supports(&self, shape: Shape) -> bool {
        visit::visits(shape)
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let negotiated = visit::session(corpus.shape);
        let mut visit = Visit::default();
        visit.start();
        (visit.tally, visit.refused) = visit::corpus(corpus, &negotiated);
        visit.stop();
        visit
    }
}
