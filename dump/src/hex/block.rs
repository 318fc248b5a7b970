//! Octets with offsets, over several lines.

use super::line::{DumpLine, ExpectedOffset};
use super::message::{MARKER, incomplete, messages, push};
use crate::batch::Batch;
use crate::capture::is_packet;
use crate::item::LeftOut;
use crate::place::Position;

/// Octets of one block. Repeated lines can make much of little.
const MAX_BLOCK: u64 = 1 << 20;

/// Lines whose offsets go on.
pub(super) struct Block {
    place: Position,
    /// The first line's offset.
    start: u64,
    /// The octets of all lines but the last.
    octets: Vec<u8>,
    /// Those of the last line: how many of them are octets, the next offset tells.
    last: Vec<u8>,
    /// Octets of a full line.
    width: Option<usize>,
    /// Offsets are octal.
    octal: bool,
    /// The last line stands for all up to the next offset.
    repeated: bool,
    packet: bool,
}

impl Block {
    pub(super) fn new(place: Position, line: DumpLine) -> Self {
        let DumpLine { offset: start, octets: last, packet, .. } = line;
        Self { place, start, octets: Vec::new(), last, width: None, octal: false, repeated: false, packet }
    }

    /// What offset goes on.
    pub(super) fn expects(&self) -> ExpectedOffset {
        ExpectedOffset { offset: self.end(), beyond: self.repeated }
    }

    /// The offset behind what is there.
    fn end(&self) -> u64 {
        self.start + (self.octets.len() + self.last.len()) as u64
    }

    fn offset(&self, line: &DumpLine) -> u64 {
        line.octal.filter(|_| self.octal).unwrap_or(line.offset)
    }

    /// Whether a line's offset goes on with the lines before it.
    pub(super) fn goes_on(&mut self, line: &DumpLine) -> bool {
        let begun = self.start + self.octets.len() as u64;
        if self.width.is_none() && line.offset > self.end() && line.octal == Some(self.end()) {
            self.octal = true;
        }
        let offset = self.offset(line);
        let room = if self.repeated { MAX_BLOCK } else { self.end() - begun };
        offset > begun && offset - begun <= room
    }

    /// Adds a line that goes on.
    pub(super) fn push(&mut self, line: DumpLine) {
        let begun = self.start + self.octets.len() as u64;
        let length = (self.offset(&line) - begun) as usize;
        self.width.get_or_insert(length);
        if self.repeated {
            let again = self.last.iter().copied().cycle().take(length);
            self.octets.extend(again);
        } else {
            self.last.truncate(length);
            self.octets.append(&mut self.last);
        }
        self.repeated = false;
        self.last = line.octets;
    }

    pub(super) fn repeat(&mut self) {
        self.repeated = true;
    }

    /// Adds the messages in it.
    pub(super) fn finish(mut self, batch: &mut Batch) {
        if let Some(width) = self.width {
            self.last.truncate(width);
        }
        self.octets.append(&mut self.last);
        let Self { place, octets, packet, .. } = self;
        let packet = packet || is_packet(&octets);
        let start = marker(&octets);
        let Some(marked) = start.and_then(|start| octets.get(start..)) else {
            if packet {
                batch.push_left_out(LeftOut { kind: "packets without a message".into() });
            } else {
                push(batch, place, &octets);
            }
            return;
        };
        let (used, fault) = messages(marked, place, batch);
        let rest = marked.get(used..).unwrap_or_default();
        if let Some(what) = fault.or_else(|| (!rest.is_empty()).then(|| incomplete(rest))) {
            batch.push_fault(place, what);
        }
    }
}

/// Where the first marker begins: before its length, which begins with no ones but where a message is very long.
fn marker(octets: &[u8]) -> Option<usize> {
    let first = octets.windows(MARKER).position(|window| window.iter().all(|octet| *octet == 0xff))?;
    let more = octets.get(first + MARKER..)?.iter().take_while(|octet| **octet == 0xff).count();
    Some(if first == 0 { 0 } else { first + more })
}
