//! What a person watches: lines on the standard error.

use std::io::{self, Write};

/// One line on the standard error. If even that cannot be written, nobody is left to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
