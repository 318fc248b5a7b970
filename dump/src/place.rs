//! Where something stands in what was given, and what is wrong there.

use std::fmt;

/// Where something stands: which record, line, packet or message of the input it is, and at which octet it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// What is counted.
    pub unit: Unit,
    /// Which of them, from 1 on.
    pub number: u64,
    /// How many octets of the input, decompressed, stand before it.
    pub offset: u64,
}

/// What the pieces of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Records of an MRT file.
    Record,
    /// Lines of a text.
    Line,
    /// Packets of a capture.
    Packet,
    /// Messages one after the other.
    Message,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unit, number, offset } = self;
        match unit {
            Unit::Record => write!(f, "MRT record {number} (octet {offset})"),
            Unit::Line => write!(f, "line {number}"),
            Unit::Packet => write!(f, "packet {number} (octet {offset})"),
            Unit::Message => write!(f, "message {number} (octet {offset})"),
        }
    }
}

/// Something that could not be read. What stands before and behind it can be all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Where.
    pub place: Position,
    /// What is wrong: a clause without a final full stop, with the offending text where that is short.
    pub what: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for ReadError {}
