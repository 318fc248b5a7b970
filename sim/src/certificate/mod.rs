//! What a run shows, and why: verdicts, the chain of who waits for whom, and what tells two reasons apart.

mod key;
mod verdict;

pub use key::Key;
pub use verdict::{Certificate, Link, Verdict};
