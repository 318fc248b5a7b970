//! One record, and what it holds.

use holdtime_core::wire::Reader;
use holdtime_core::wire::error::Malformed;

use super::header::{HEADER, Header};
use super::peers::Peers;
use super::table::Entries;
use super::{entry, kind, messages, names, table, table_dump};
use crate::item::{Found, Item};
use crate::place::{Position, ReadError};

/// One record, header included.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    octets: &'a [u8],
    place: Position,
}

impl<'a> Record<'a> {
    /// The record that is all of `octets`, as its header says.
    pub const fn new(octets: &'a [u8], place: Position) -> Self {
        Self { octets, place }
    }

    /// What is in it. A peer table is nothing by itself; `peers` are those of the last one before.
    pub fn found(self, peers: &'a Peers) -> FoundInRecord<'a> {
        let Some(header) = Header::read(self.octets) else { return FoundInRecord::One(None) };
        match self.read(&header, peers) {
            Ok(found) => found,
            Err(malformed) => FoundInRecord::One(Some(Found::Fault(self.fault(malformed)))),
        }
    }

    fn fault(self, malformed: Malformed) -> ReadError {
        ReadError { place: self.place, what: malformed.to_string() }
    }

    fn read(self, header: &Header, peers: &'a Peers) -> Result<FoundInRecord<'a>, Malformed> {
        let mut body = Reader::new(self.octets.get(HEADER..).unwrap_or_default(), HEADER);
        let (place, timestamp) = (self.place, header.timestamp);
        let one = |(item, rest): (Item<'a>, Reader<'a>)| match rest.finish() {
            Ok(()) => FoundInRecord::One(Some(Found::Item(item))),
            Err(malformed) => FoundInRecord::Two(Some(Found::Item(item)), Some(self.fault(malformed))),
        };
        Ok(match (header.kind, header.subtype) {
            // The number of SNAPSHOT is also seen on entries.
            (kind::BGP4MP, 3) => match entry::route(body, timestamp, place) {
                Ok((item, rest)) if rest.is_empty() => one((item, rest)),
                _ => FoundInRecord::One(Some(Found::LeftOut(names::left_out(kind::BGP4MP, 3)))),
            },
            (kind::BGP4MP | kind::BGP4MP_ET, 0..=2 | 4..=11) => {
                let mut time = super::nanoseconds(timestamp);
                if header.kind == kind::BGP4MP_ET {
                    time += i64::from(body.u32()?) * 1_000;
                }
                one(match header.subtype {
                    0 | 5 => messages::state_change(body, header.subtype, time, place)?,
                    2 => entry::route(body, timestamp, place)?,
                    _ => messages::message(body, header.subtype, time, place)?,
                })
            }
            (kind::TABLE_DUMP, 1..=4) => one(table_dump::route(body, header.subtype, timestamp, place)?),
            (kind::TABLE_DUMP_V2, 2..=6 | 8..=12) => {
                FoundInRecord::Routes(table::routes(body, header, place, peers)?)
            }
            (kind::TABLE_DUMP_V2, 1 | 7) => FoundInRecord::One(None),
            (kind, subtype) => FoundInRecord::One(Some(Found::LeftOut(names::left_out(kind, subtype)))),
        })
    }
}

/// What is in a record, in order.
#[derive(Clone, Debug)]
pub enum FoundInRecord<'a> {
    /// At most one thing.
    One(Option<Found<'a>>),
    /// Something, and what is wrong with the octets behind it.
    Two(Option<Found<'a>>, Option<ReadError>),
    /// The routes to one destination.
    Routes(Entries<'a>),
}

impl<'a> Iterator for FoundInRecord<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::One(found) => found.take(),
            Self::Two(first, second) => first.take().or_else(|| second.take().map(Found::Fault)),
            Self::Routes(entries) => entries.next(),
        }
    }
}
