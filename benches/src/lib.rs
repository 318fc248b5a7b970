//! What the benches measure with: corpora drawn from a fixed seed, the tally that shows what a decoder visited, and the
//! floors below which no decoder can go. Only [`visit`] imports holdtime's codec, so that a corpus never bends to our own encoder; what was recorded is read by
//! `holdtime-dump`.

pub mod corpus;
pub mod floor;
pub mod mrt;
mod rng;
pub mod tally;
pub mod visit;
mod writer;

pub use corpus::{Corpus, Shape};
pub use tally::{Kind, Tally};
