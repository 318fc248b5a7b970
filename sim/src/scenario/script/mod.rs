//! Scripts: what a scripted peer and a scripted API program do, one step a line.
//!
//! A script is plain data for an interpreter without I/O of its own ([`ScriptedPeer`](crate::actor::ScriptedPeer), [`ScriptedProgram`](crate::actor::ScriptedProgram)): the lab
//! runs it against the simulated host, and the live suite runs the same one over real sockets and pipes.
//! `#` starts a comment line. Times are written `200ms`, `5s`, `2m`, `1h`.

mod blocks;
mod lines;
mod message;
mod peer;
mod program;

pub(crate) use blocks::Rounds;
pub(crate) use lines::{Words, lines as script_lines};
pub use lines::{format_duration, parse_duration};
pub(crate) use message::hex;
#[cfg(test)]
pub(crate) use message::prefix;
pub use message::{Pattern, ScriptMessage};
pub use peer::{PeerScript, PeerStep};
pub use program::{ProgramScript, ProgramStep};

use std::ops::Range;

use crate::scenario::mistake::{Mistake, Source};

/// Parses a [`Pattern`] that stands alone, outside a script.
pub(crate) fn parse_pattern(source: &Source, range: Range<usize>) -> Result<Pattern, Mistake> {
    let mut words = Words::new(source, range);
    let pattern = Pattern::parse(&mut words)?;
    words.end()?;
    Ok(pattern)
}
