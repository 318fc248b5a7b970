//! A capture file as octets, and how far it was read.

use std::io::{self, BufReader, Read};

use crate::place::{Position, ReadError, Unit};
use crate::source::BoxRead;

/// What is read into memory of one packet, in octets; tcpdump captures 262,144 at most.
pub(super) const MAX_PACKET: u32 = 1 << 20;

/// A packet as it was captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// Where it stands in the file.
    pub(super) place: Position,
    /// When it was captured, in nanoseconds since the Unix epoch, where the file says so.
    pub(super) time: Option<i64>,
    /// The type of its link layer, a `LINKTYPE_` value.
    pub(super) link: u16,
    /// Octets that it had before it was cut to the capture's length.
    pub(super) length: u32,
    /// What was captured of it.
    pub(super) octets: &'a [u8],
}

/// What a file is read from, and how far.
pub(super) struct CaptureFile {
    octets: BufReader<BoxRead>,
    /// The record or block at hand.
    pub(super) block: Vec<u8>,
    /// Octets of the file that were read.
    pub(super) offset: u64,
    /// Packets so far.
    pub(super) packets: u64,
    /// Nothing more can be read.
    pub(super) ended: bool,
    /// What is to be said once what could be read has been handed over.
    pub(super) last_words: Option<ReadError>,
}

/// Whether what was asked for is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// All of it.
    All,
    /// The file ends before.
    Less,
    /// Nothing: the file ends here.
    Nothing,
}

impl CaptureFile {
    pub(super) fn new(octets: BoxRead) -> Self {
        let octets = BufReader::with_capacity(1 << 16, octets);
        Self { octets, block: Vec::new(), offset: 0, packets: 0, ended: false, last_words: None }
    }

    /// The place of the next packet, if it begins here.
    pub(super) fn place(&self) -> Position {
        Position { unit: Unit::Packet, number: self.packets + 1, offset: self.offset }
    }

    /// Adds so many octets to the block at hand. Where they cannot be read, why is the last word.
    pub(super) fn read(&mut self, octets: usize) -> Got {
        let place = self.place();
        let had = self.block.len();
        let outcome = self.octets.by_ref().take(octets as u64).read_to_end(&mut self.block);
        let got = self.block.len() - had;
        self.offset += got as u64;
        self.got(place, outcome.map(|_| ()), got as u64, octets as u64)
    }

    /// Passes over octets that are not wanted.
    pub(super) fn skip(&mut self, octets: u64) -> Got {
        let place = self.place();
        let outcome = io::copy(&mut self.octets.by_ref().take(octets), &mut io::sink());
        let got = *outcome.as_ref().unwrap_or(&0);
        self.offset += got;
        self.got(place, outcome.map(|_| ()), got, octets)
    }

    fn got(&mut self, place: Position, outcome: io::Result<()>, got: u64, wanted: u64) -> Got {
        if let Err(error) = outcome {
            self.ended = true;
            self.last_words = Some(ReadError { place, what: format!("the rest cannot be read: {error}") });
        }
        match got {
            _ if got == wanted => Got::All,
            0 => Got::Nothing,
            _ => Got::Less,
        }
    }

    /// Nothing more is read. Says why, unless something worse is to be said already.
    pub(super) fn end(&mut self, place: Position, what: impl Into<String>) {
        self.ended = true;
        self.last_words.get_or_insert_with(|| ReadError { place, what: what.into() });
    }
}
