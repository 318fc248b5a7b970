//! What is found in an input.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::wire::attribute::RawAttributes;
use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::{Family, Negotiated, NextHop, PathNlriView};

use crate::mrt::Location;
use crate::place::{Position, ReadError};

/// One thing that was found, good or bad.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "most are items, and boxing them would cost more than moving them"
)]
pub enum Found<'a> {
    /// What can be told of.
    Item(Item<'a>),
    /// What could not be read.
    Fault(ReadError),
    /// What is not looked into.
    LeftOut(LeftOut),
}

/// Something that is no fault and is not looked into. Whoever reads a stream counts them by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its kind, in the words in which it is counted: `OSPFv2 (type 11)`.
    pub kind: Cow<'static, str>,
}

/// Something that can be told of.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Where it stands.
    pub place: Position,
    /// When it happened, in nanoseconds since the Unix epoch; `None`: the input does not say.
    pub time: Option<i64>,
    /// Between whom; `None`: the input does not say.
    pub session: Option<Endpoints>,
    /// What it is.
    pub content: Content<'a>,
}

/// What an [`Item`] is.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// A message of BGP.
    Message(RecordedMessage<'a>),
    /// A route of a table.
    Route(TableRoute<'a>),
    /// A session went from one state to another.
    State(StateChange),
}

/// A route of a table, with its attributes as they were found: nothing in them has been looked at, but for the next hop.
#[derive(Clone, Copy, Debug)]
pub struct TableRoute<'a> {
    /// The family of its destination.
    pub family: Family,
    /// Its destination, with a path identifier where the table has one. Where it cannot be read, its octets.
    pub destination: PathNlriView<'a>,
    /// Why its destination cannot be read.
    pub malformed: Option<Malformed>,
    /// Its path attributes. MP_REACH_NLRI may be shortened to the next hop (RFC 6396 §4.3.4).
    pub attributes: RawAttributes<'a>,
    /// AS numbers in the attributes have four octets.
    pub asn4: bool,
    /// Its next hop, where it does not stand among the attributes.
    pub next_hop: Option<NextHop>,
    /// When it came, in seconds since the Unix epoch.
    pub originated: u32,
    /// When the table was written, in seconds since the Unix epoch.
    pub dumped: u32,
    /// Which record of its table it stands in, as the file counts them.
    pub sequence: Option<u32>,
    /// The view whose table it is.
    pub view: View<'a>,
    /// Where its peer is, if the file says so.
    pub location: Option<Location>,
    /// Why nothing is known of its peer, where its item has no session.
    pub unknown_peer: Option<UnknownPeer>,
}

/// The view of a routing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View<'a> {
    /// By its name, mostly empty (TABLE_DUMP_V2).
    Named(&'a str),
    /// By its number (TABLE_DUMP, BGP4MP_ENTRY).
    Numbered(u16),
}

/// A route's peer that is not in the file's peer table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPeer {
    /// Its place in the table, from 0 on.
    pub index: u16,
    /// How many peers are in the table.
    pub peers: usize,
}

/// A session went from one state to another (RFC 4271 §8.2.2). States are numbered as in RFC 6396 §4.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// From this.
    pub from: StateNumber,
    /// To this.
    pub to: StateNumber,
}

/// The number of a state in a file: 1 Idle to 6 Established; what Quagga and FRR add are 7 Clearing and 8 Deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateNumber(pub u16);

impl StateNumber {
    /// Established.
    pub const ESTABLISHED: Self = Self(6);

    /// RFC 4271's name of it, in capitals.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "IDLE",
            2 => "CONNECT",
            3 => "ACTIVE",
            4 => "OPENSENT",
            5 => "OPENCONFIRM",
            6 => "ESTABLISHED",
            7 => "CLEARING",
            8 => "DELETED",
            _ => return None,
        })
    }

    /// Whether there is a TCP connection in it.
    pub const fn is_connected(self) -> bool {
        matches!(self.0, 4..=6)
    }
}

/// The two ends of a session. The local one is whoever recorded it; of a capture, the receiver of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The recorder's address.
    pub local_address: Option<IpAddr>,
    /// The peer's address.
    pub peer_address: IpAddr,
    /// The recorder's AS.
    pub local_as: Option<u32>,
    /// The peer's AS.
    pub peer_as: Option<u32>,
    /// The peer's BGP identifier.
    pub peer_id: Option<Ipv4Addr>,
}

/// A message of BGP, header included, as it was recorded: nothing in it has been looked at.
#[derive(Clone, Copy, Debug)]
pub struct RecordedMessage<'a> {
    /// Who sent it.
    pub direction: RecordedDirection,
    /// What is known of the session that it is read by.
    pub terms: KnownTerms<'a>,
    /// All its octets.
    pub octets: &'a [u8],
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedDirection {
    /// The peer, or nobody knows.
    Received,
    /// The recorder.
    Sent,
}

/// What is known of the session that a message is read by.
#[derive(Clone, Copy, Debug)]
pub enum KnownTerms<'a> {
    /// Nothing: whoever decodes it has to assume something.
    Unheard,
    /// The input says how its numbers are laid out, for every family alike.
    Told {
        /// AS numbers have four octets.
        asn4: bool,
        /// NLRI have path identifiers.
        add_path: bool,
    },
    /// The OPENs were heard, and agreed on this (seen from the receiver of the message).
    Agreed(&'a Negotiated),
}
