//! What whoever watches is told.

use std::io::{self, Write};

/// A line for whoever watches.
pub(crate) fn note(line: &str) {
    // If even that cannot be written, nobody is left to tell.
    let _ = writeln!(io::stderr(), "{line}");
}
