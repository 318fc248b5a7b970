//! Text: hex with comments, a message or more a line.

use crate::batch::Batch;
use crate::stream::{Octets, Source};

/// The messages of a text.
pub(crate) fn source(octets: Octets) -> Box<dyn Source> {
    Box::new(Lines { _octets: octets })
}

struct Lines {
    _octets: Octets,
}

impl Source for Lines {
    fn fill(&mut self, _batch: &mut Batch) -> bool {
        false
    }
}
