//! UPDATE (RFC 4271 §4.3, RFC 4760): routes withdrawn, and routes announced with their attributes.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::attribute::{Attribute, AttributeFlags};
use super::family::Family;
use super::nlri::PathNlri;
use super::route::NextHop;

/// An UPDATE as it stands on the wire: every part in its order, so that it encodes to what it was decoded from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update {
    /// Withdrawn routes, IPv4 unicast.
    pub withdrawn: Vec<PathNlri>,
    /// Path attributes, in order.
    pub attributes: Vec<PathAttribute>,
    /// Announced routes, IPv4 unicast, with the next hop of NEXT_HOP.
    pub nlri: Vec<PathNlri>,
}

/// One path attribute of an [`Update`], with its flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathAttribute {
    /// Its flags. The extended-length bit asks for two octets of length where one would do.
    pub flags: AttributeFlags,
    /// What it says.
    pub value: PathAttributeValue,
}

/// What a path attribute of an [`Update`] says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathAttributeValue {
    /// NEXT_HOP, 3 (RFC 4271 §5.1.3)
    NextHop(Ipv4Addr),
    /// MP_REACH_NLRI, 14 (RFC 4760 §3)
    MpReach(MpReach),
    /// MP_UNREACH_NLRI, 15 (RFC 4760 §4)
    MpUnreach(MpUnreach),
    /// One that belongs to the routes.
    Route(Attribute),
}

/// Announced routes of any family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MpReach {
    /// Which family.
    pub family: Family,
    /// The next hop; `None` where its length is zero.
    pub next_hop: Option<NextHop>,
    /// The routes.
    pub nlri: Vec<PathNlri>,
}

/// Withdrawn routes of any family; none at all is End-of-RIB (RFC 4724 §2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MpUnreach {
    /// Which family.
    pub family: Family,
    /// The routes.
    pub nlri: Vec<PathNlri>,
}
