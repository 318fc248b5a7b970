//! A file of records, read from its first octet to its last.

use std::io::{self, Read};
use std::sync::Arc;

use holdtime_core::wire::Reader;

use super::header::{HEADER, Header};
use super::kind;
use super::peers::Peers;
use crate::batch::{Batch, RecordPiece};
use crate::place::{Position, Unit};
use crate::source::{BatchReader, BoxRead};

/// The most octets that a record may have behind its header. No collector writes one that is nearly as long; a longer one is passed over.
pub const MAX_RECORD: u32 = 64 << 20;

/// The records of an MRT file.
pub fn source(octets: BoxRead) -> Box<dyn BatchReader> {
    Box::new(Records {
        octets,
        tail: Vec::new(),
        number: 0,
        offset: 0,
        peers: Arc::new(Peers::default()),
        ended: false,
    })
}

struct Records {
    octets: BoxRead,
    /// The first octets of a record whose end has not been read yet.
    tail: Vec<u8>,
    /// How many records have begun.
    number: u64,
    /// How many octets stand before `tail`.
    offset: u64,
    peers: Arc<Peers>,
    ended: bool,
}

/// What came of cutting a record off.
enum Cut {
    Whole,
    /// At least so many octets more are needed.
    Needs(usize),
    /// Its length is beyond what can be read at once.
    TooLong(u32),
}

impl BatchReader for Records {
    fn fill(&mut self, batch: &mut Batch) -> bool {
        if self.ended {
            return false;
        }
        let mut octets = batch.start_records(&self.tail, Arc::clone(&self.peers));
        let mut at = 0;
        loop {
            match self.cut(&octets, &mut at, batch) {
                Cut::Whole if batch.has_many_pieces() || at >= Batch::TARGET => break,
                Cut::Whole => {}
                Cut::TooLong(length) => {
                    self.pass_over(&octets.split_off(at), length, at, batch);
                    if self.ended {
                        break;
                    }
                }
                Cut::Needs(count) => {
                    let wanted = count.max(Batch::TARGET.saturating_sub(octets.len()));
                    let more = self.read(&mut octets, wanted, at, batch);
                    if self.ended || (!more && at > 0) {
                        break;
                    }
                }
            }
        }
        self.tail.clear();
        self.tail.extend_from_slice(octets.get(at..).unwrap_or_default());
        octets.truncate(at);
        self.offset += at as u64;
        batch.finish_records(octets);
        true
    }
}

impl Records {
    /// Cuts the record off that begins at `at`.
    fn cut(&mut self, octets: &[u8], at: &mut usize, batch: &mut Batch) -> Cut {
        let rest = octets.get(*at..).unwrap_or_default();
        let Some(header) = Header::read(rest) else { return Cut::Needs(HEADER - rest.len()) };
        if header.length > MAX_RECORD {
            return Cut::TooLong(header.length);
        }
        let whole = HEADER + header.length as usize;
        let Some(record) = rest.get(..whole) else { return Cut::Needs(whole - rest.len()) };
        self.number += 1;
        let place = self.place(*at);
        if header.kind == kind::TABLE_DUMP_V2 && matches!(header.subtype, 1 | 7) {
            let body = Reader::new(record.get(HEADER..).unwrap_or_default(), HEADER);
            self.hear_peers(body, header.subtype == 7, place, batch);
        } else {
            batch.push_record(RecordPiece { place, start: *at, end: *at + whole });
        }
        *at += whole;
        Cut::Whole
    }

    /// Where the record stands that was counted last.
    const fn place(&self, at: usize) -> Position {
        Position { unit: Unit::Record, number: self.number, offset: self.offset + at as u64 }
    }

    fn hear_peers(&mut self, body: Reader<'_>, is_geo: bool, place: Position, batch: &mut Batch) {
        let (peers, error) = Peers::read(body, is_geo);
        if let Some(error) = error {
            batch.push_fault(place, format!("the peer table {error}, behind {} peers", peers.list.len()));
        }
        if is_geo {
            Arc::make_mut(&mut self.peers).locate(peers);
        } else {
            self.peers = Arc::new(peers);
        }
        batch.push_peers(Arc::clone(&self.peers));
    }

    /// Reads up to `wanted` octets behind the others; whether there might have been more. At the end, what is left of a record is a
    /// fault.
    fn read(&mut self, octets: &mut Vec<u8>, wanted: usize, at: usize, batch: &mut Batch) -> bool {
        /// The length that a header says is not believed before the octets have come.
        const MOST: usize = 4 << 20;
        let (before, wanted) = (octets.len(), wanted.min(MOST));
        octets.resize(before + wanted, 0);
        let read = read_some(&mut self.octets, octets.get_mut(before..).unwrap_or_default());
        let count = *read.as_ref().unwrap_or(&0);
        octets.truncate(before + count);
        if count == 0 {
            self.ended = true;
            let rest = octets.split_off(at);
            if let Some(what) = cut_off(&rest, read.err().as_ref()) {
                self.number += 1;
                batch.push_fault(self.place(at), what);
            }
        }
        count == wanted
    }

    /// Goes on behind a record that is too long, of which `rest` is the beginning.
    fn pass_over(&mut self, rest: &[u8], length: u32, at: usize, batch: &mut Batch) {
        self.number += 1;
        let place = self.place(at);
        let whole = u64::from(length) + HEADER as u64;
        let left = whole.saturating_sub(rest.len() as u64);
        let passed = io::copy(&mut (&mut self.octets).take(left), &mut io::sink());
        let what = match passed {
            Ok(passed) if passed == left => {
                format!(
                    "it says that {length} octets follow its header, which are more than {MAX_RECORD}: it is passed over"
                )
            }
            Ok(passed) => {
                self.ended = true;
                let have = rest.len() as u64 + passed - HEADER as u64;
                format!("it is cut off: it says that {length} octets follow its header, and {have} do")
            }
            Err(error) => {
                self.ended = true;
                unreadable(&error)
            }
        };
        batch.push_fault(place, what);
        self.offset += whole;
    }
}

/// What is wrong where the input ends with `rest`, which is no whole record; `None`: nothing.
fn cut_off(rest: &[u8], error: Option<&io::Error>) -> Option<String> {
    match (error, Header::read(rest)) {
        (Some(error), _) => Some(unreadable(error)),
        (None, _) if rest.is_empty() => None,
        (None, None) => {
            Some(format!("it is cut off: a header has {HEADER} octets, and {} are left", rest.len()))
        }
        (None, Some(header)) => Some(format!(
            "it is cut off: it says that {} octets follow its header, and {} do",
            header.length,
            rest.len() - HEADER
        )),
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("the input cannot be read any further: {error}")
}

fn read_some(octets: &mut BoxRead, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match octets.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
