//! Pieces of an input that stand for themselves: filled in order by a [`Source`](crate::Source), decoded on any thread.

use std::ops::Range;
use std::sync::Arc;

use holdtime_core::wire::Negotiated;

use crate::item::{Content, Direction, Found, Item, LeftOut, Message, Session, Terms};
use crate::place::{Fault, Place};

/// Pieces of an input, with their octets. Cleared and filled again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Batch {
    octets: Vec<u8>,
    pieces: Vec<Piece>,
}

/// One piece; octets by their place in [`Batch::octets`].
#[derive(Debug)]
enum Piece {
    Message(MessagePiece, Range<usize>),
    Fault(Fault),
    LeftOut(LeftOut),
}

/// What is known of a message that a source has found.
#[derive(Clone, Debug)]
pub struct MessagePiece {
    /// Where it stands.
    pub place: Place,
    /// When it was seen, in nanoseconds since the Unix epoch.
    pub time: Option<i64>,
    /// Between whom.
    pub session: Option<Session>,
    /// Who sent it.
    pub direction: Direction,
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
        self.octets.len() >= Self::TARGET || self.pieces.len() >= Self::PIECES
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Adds a message.
    pub fn push_message(&mut self, piece: MessagePiece, octets: &[u8]) {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        self.pieces.push(Piece::Message(piece, start..self.octets.len()));
    }

    /// Adds what could not be read.
    pub fn push_fault(&mut self, place: Place, what: impl Into<String>) {
        self.pieces.push(Piece::Fault(Fault { place, what: what.into() }));
    }

    /// Adds what is not looked into.
    pub fn push_left_out(&mut self, left_out: LeftOut) {
        self.pieces.push(Piece::LeftOut(left_out));
    }

    /// What is in it, in order.
    pub fn found(&self) -> impl Iterator<Item = Found<'_>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Message(piece, range) => {
                let octets = self.octets.get(range.clone()).unwrap_or_default();
                let terms = piece.terms.as_deref().map_or(Terms::Unheard, Terms::Agreed);
                let content = Content::Message(Message { direction: piece.direction, terms, octets });
                Found::Item(Item { place: piece.place, time: piece.time, session: piece.session, content })
            }
            Piece::Fault(fault) => Found::Fault(fault.clone()),
            Piece::LeftOut(left_out) => Found::LeftOut(left_out.clone()),
        })
    }
}
