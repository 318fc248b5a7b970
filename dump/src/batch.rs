//! Pieces of an input that stand for themselves: filled in order by a [`BatchReader`](crate::BatchReader), decoded on any thread.

use std::ops::Range;
use std::slice;
use std::sync::Arc;

use holdtime_core::wire::Negotiated;

use crate::item::{Content, Endpoints, Found, Item, KnownTerms, LeftOut, RecordedDirection, RecordedMessage};
use crate::mrt::{FoundInRecord, Peers, Record};
use crate::place::{Position, ReadError};

/// Pieces of an input, with their octets. Cleared and filled again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Batch {
    octets: Vec<u8>,
    pieces: Vec<Piece>,
}

/// One piece; octets by their place in [`Batch::octets`].
#[derive(Debug)]
enum Piece {
    Record(RecordPiece),
    /// The peers of the records behind it.
    Peers(Arc<Peers>),
    Message(MessagePiece, Range<usize>),
    Fault(ReadError),
    LeftOut(LeftOut),
}

/// Where a record stands among a batch's octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordPiece {
    pub(crate) place: Position,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What is known of a message that a source has found.
#[derive(Clone, Debug)]
pub struct MessagePiece {
    /// Where it stands.
    pub place: Position,
    /// When it was seen, in nanoseconds since the Unix epoch.
    pub time: Option<i64>,
    /// Between whom.
    pub session: Option<Endpoints>,
    /// Who sent it.
    pub direction: RecordedDirection,
    /// What the OPENs of its session agreed on, where they were heard.
    pub terms: Option<Arc<Negotiated>>,
}

impl Batch {
    /// About how many octets make a batch full.
    pub const TARGET: usize = 256 * 1024;
    /// How many pieces make a batch full, however small they are.
    const PIECES: usize = 4096;

    /// Empties it, and keeps its room.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.pieces.clear();
    }

    /// Whether a source should hand it over.
    pub fn is_full(&self) -> bool {
        self.octets.len() >= Self::TARGET || self.has_many_pieces()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(crate) fn has_many_pieces(&self) -> bool {
        self.pieces.len() >= Self::PIECES
    }

    /// Adds a message.
    pub fn push_message(&mut self, piece: MessagePiece, octets: &[u8]) {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        self.pieces.push(Piece::Message(piece, start..self.octets.len()));
    }

    /// Adds what could not be read.
    pub fn push_fault(&mut self, place: Position, what: impl Into<String>) {
        self.pieces.push(Piece::Fault(ReadError { place, what: what.into() }));
    }

    /// Adds what is not looked into.
    pub fn push_left_out(&mut self, left_out: LeftOut) {
        self.pieces.push(Piece::LeftOut(left_out));
    }

    /// Begins a batch of records with the first octets of one and the peers that are known; the octets to put more behind.
    pub(crate) fn start_records(&mut self, first: &[u8], peers: Arc<Peers>) -> Vec<u8> {
        self.pieces.push(Piece::Peers(peers));
        let mut octets = std::mem::take(&mut self.octets);
        octets.extend_from_slice(first);
        octets
    }

    /// Takes the octets back that the records stand in.
    pub(crate) fn finish_records(&mut self, octets: Vec<u8>) {
        self.octets = octets;
    }

    pub(crate) fn push_record(&mut self, record: RecordPiece) {
        self.pieces.push(Piece::Record(record));
    }

    pub(crate) fn push_peers(&mut self, peers: Arc<Peers>) {
        self.pieces.push(Piece::Peers(peers));
    }

    /// What is in it, in order.
    pub fn found(&self) -> FoundInBatch<'_> {
        FoundInBatch { octets: &self.octets, pieces: self.pieces.iter(), peers: &NO_PEERS, record: None }
    }
}

static NO_PEERS: Peers = Peers { collector: None, view: String::new(), list: Vec::new() };

/// What is in a batch, in order.
#[derive(Clone, Debug)]
pub struct FoundInBatch<'a> {
    octets: &'a [u8],
    pieces: slice::Iter<'a, Piece>,
    peers: &'a Peers,
    record: Option<FoundInRecord<'a>>,
}

impl<'a> FoundInBatch<'a> {
    fn message(&self, piece: &'a MessagePiece, range: Range<usize>) -> Item<'a> {
        let octets = self.octets.get(range).unwrap_or_default();
        let terms = piece.terms.as_deref().map_or(KnownTerms::Unheard, KnownTerms::Agreed);
        let content = Content::Message(RecordedMessage { direction: piece.direction, terms, octets });
        Item { place: piece.place, time: piece.time, session: piece.session, content }
    }
}

impl<'a> Iterator for FoundInBatch<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.record.as_mut().and_then(Iterator::next) {
                return Some(found);
            }
            self.record = None;
            match self.pieces.next()? {
                Piece::Record(piece) => {
                    let octets = self.octets.get(piece.start..piece.end).unwrap_or_default();
                    self.record = Some(Record::new(octets, piece.place).found(self.peers));
                }
                Piece::Peers(peers) => self.peers = peers,
                Piece::Message(piece, range) => {
                    return Some(Found::Item(self.message(piece, range.clone())));
                }
                Piece::Fault(fault) => return Some(Found::Fault(fault.clone())),
                Piece::LeftOut(left_out) => return Some(Found::LeftOut(left_out.clone())),
            }
        }
    }
}
