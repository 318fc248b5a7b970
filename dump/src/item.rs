//! What is found in an input.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::wire::Negotiated;

use crate::place::{Fault, Place};

/// One thing that was found, good or bad.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// What can be told of.
    Item(Item<'a>),
    /// What could not be read.
    Fault(Fault),
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
    pub place: Place,
    /// When it happened, in nanoseconds since the Unix epoch; `None`: the input does not say.
    pub time: Option<i64>,
    /// Between whom; `None`: the input does not say.
    pub session: Option<Session>,
    /// What it is.
    pub content: Content<'a>,
}

/// What an [`Item`] is.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// A message of BGP.
    Message(Message<'a>),
}

/// The two ends of a session. The local one is whoever recorded it; of a capture, the receiver of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
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
pub struct Message<'a> {
    /// Who sent it.
    pub direction: Direction,
    /// What is known of the session that it is read by.
    pub terms: Terms<'a>,
    /// All its octets.
    pub octets: &'a [u8],
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The peer, or nobody knows.
    Received,
    /// The recorder.
    Sent,
}

/// What is known of the session that a message is read by.
#[derive(Clone, Copy, Debug)]
pub enum Terms<'a> {
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
