//! Path attributes (RFC 4271 §4.3): one file for each that has an inner structure.
//!
//! Such a file holds the owned form (`PmsiTunnel`) with `encode`, and the borrowed view (`PmsiTunnelView`) with `parse` and a
//! conversion to the owned form. `parse` is handed the attribute's value and checks all of it, so that whatever the view
//! offers afterwards cannot fail. [`AttributeView::parse`] is the only dispatch from type codes to parsers,
//! [`Attribute::encode`] the only one to writers. What a malformed value comes to is not said
//! here but in [`treatment`](super::treatment).

/// The type code of an attribute, owned or as it stands on the wire: both have the same variants.
macro_rules! code_of {
    ($attribute:expr) => {
        match $attribute {
            Self::Origin(_) => AttributeCode::ORIGIN,
            Self::AsPath(_) => AttributeCode::AS_PATH,
            Self::Med(_) => AttributeCode::MED,
            Self::LocalPref(_) => AttributeCode::LOCAL_PREF,
            Self::AtomicAggregate => AttributeCode::ATOMIC_AGGREGATE,
            Self::Aggregator(_) => AttributeCode::AGGREGATOR,
            Self::Communities(_) => AttributeCode::COMMUNITIES,
            Self::OriginatorId(_) => AttributeCode::ORIGINATOR_ID,
            Self::ClusterList(_) => AttributeCode::CLUSTER_LIST,
            Self::ExtendedCommunities(_) => AttributeCode::EXTENDED_COMMUNITIES,
            Self::As4Path(_) => AttributeCode::AS4_PATH,
            Self::As4Aggregator(_) => AttributeCode::AS4_AGGREGATOR,
            Self::PmsiTunnel(_) => AttributeCode::PMSI_TUNNEL,
            Self::TunnelEncapsulation(_) => AttributeCode::TUNNEL_ENCAPSULATION,
            Self::Ipv6ExtendedCommunities(_) => AttributeCode::IPV6_EXTENDED_COMMUNITIES,
            Self::Aigp(_) => AttributeCode::AIGP,
            Self::BgpLs(_) => AttributeCode::BGP_LS,
            Self::LargeCommunities(_) => AttributeCode::LARGE_COMMUNITIES,
            Self::OnlyToCustomer(_) => AttributeCode::ONLY_TO_CUSTOMER,
            Self::PrefixSid(_) => AttributeCode::PREFIX_SID,
            Self::AttrSet(_) => AttributeCode::ATTR_SET,
            Self::Unknown(attribute) => attribute.code,
        }
    };
}

mod aigp;
mod as_path;
mod attr_set;
mod bgp_ls;
mod code;
mod community;
mod encode;
mod list;
mod pmsi;
mod prefix_sid;
mod raw;
mod segment;
mod set;
mod sr_policy;
mod sub_tlv;
mod tunnel_encapsulation;
mod view;

pub use aigp::{Aigp, AigpView};
pub use as_path::{AS_TRANS, AsPath, AsPathView, AsSegment, AsSegmentKind, AsSegmentView, AsSegments};
pub use attr_set::{AttrSet, AttrSetView};
pub use bgp_ls::{BgpLsAttribute, BgpLsAttributeView};
pub use code::{AttributeCode, AttributeFlags};
pub use community::{Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity};
pub use encode::encode;
pub use list::{List, ListItem};
pub use pmsi::{PmsiTunnel, PmsiTunnelView};
pub(super) use prefix_sid::is_in_service;
pub use prefix_sid::{PrefixSid, PrefixSidView};
pub use raw::{RawAttribute, RawAttributes};
pub use segment::{
    EndpointBehavior, Interface, LabelStackEntry, SegmentKind, SegmentListItem, SegmentListView, SrSegment,
    Srv6Sid,
};
pub use set::Attributes;
pub use sr_policy::{BindingSid, SR_POLICY_TUNNEL, SrPolicySubTlv, encode_segment_list};
pub use tunnel_encapsulation::{Tunnel, TunnelEncapsulation, TunnelEncapsulationView};
pub use view::{AttributeView, UnknownAttributeView};
pub(super) use view::{parse_aggregator, parse_origin, parse_u32};

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// How the destination came to be known (RFC 4271 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[repr(u8)]
pub enum Origin {
    /// Inside the originating AS.
    Igp = 0,
    /// By EGP.
    Egp = 1,
    /// By other means.
    Incomplete = 2,
}

impl Origin {
    /// The origin with this number on the wire.
    pub const fn from_u8(origin: u8) -> Option<Self> {
        match origin {
            0 => Some(Self::Igp),
            1 => Some(Self::Egp),
            2 => Some(Self::Incomplete),
            _ => None,
        }
    }
}

/// Who aggregated the route (RFC 4271 §5.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aggregator {
    /// Its AS.
    pub asn: u32,
    /// Its BGP identifier.
    pub address: Ipv4Addr,
}

/// A path attribute that a route carries. NEXT_HOP, MP_REACH_NLRI and MP_UNREACH_NLRI are not among them: they say
/// which routes an UPDATE is about, and [`Update`](super::Update) holds them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// ORIGIN, 1
    Origin(Origin),
    /// AS_PATH, 2
    AsPath(AsPath),
    /// MULTI_EXIT_DISC, 4
    Med(u32),
    /// LOCAL_PREF, 5
    LocalPref(u32),
    /// ATOMIC_AGGREGATE, 6
    AtomicAggregate,
    /// AGGREGATOR, 7
    Aggregator(Aggregator),
    /// COMMUNITIES, 8
    Communities(Vec<Community>),
    /// ORIGINATOR_ID, 9
    OriginatorId(Ipv4Addr),
    /// CLUSTER_LIST, 10
    ClusterList(Vec<Ipv4Addr>),
    /// EXTENDED_COMMUNITIES, 16
    ExtendedCommunities(Vec<ExtendedCommunity>),
    /// AS4_PATH, 17
    As4Path(AsPath),
    /// AS4_AGGREGATOR, 18
    As4Aggregator(Aggregator),
    /// PMSI_TUNNEL, 22
    PmsiTunnel(PmsiTunnel),
    /// TUNNEL_ENCAPSULATION, 23
    TunnelEncapsulation(TunnelEncapsulation),
    /// IPv6-address-specific extended communities, 25
    Ipv6ExtendedCommunities(Vec<Ipv6ExtendedCommunity>),
    /// AIGP, 26
    Aigp(Aigp),
    /// BGP-LS, 29
    BgpLs(BgpLsAttribute),
    /// LARGE_COMMUNITY, 32
    LargeCommunities(Vec<LargeCommunity>),
    /// ONLY_TO_CUSTOMER, 35
    OnlyToCustomer(u32),
    /// BGP Prefix-SID, 40
    PrefixSid(PrefixSid),
    /// ATTR_SET, 128
    AttrSet(AttrSet),
    /// Any other, and a known one that configuration gives in hexadecimal.
    Unknown(UnknownAttribute),
}

/// An attribute kept whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownAttribute {
    /// Its flags.
    pub flags: AttributeFlags,
    /// Its type code.
    pub code: AttributeCode,
    /// What stood after its length.
    pub value: Box<[u8]>,
}

impl UnknownAttribute {
    /// What a speaker that does not know the attribute passes on: the same with the partial bit set, or nothing where it is not
    /// transitive (RFC 4271 §5).
    pub fn passed_on(&self) -> Option<Self> {
        let flags = AttributeFlags(self.flags.0 | AttributeFlags::PARTIAL);
        self.flags.has(AttributeFlags::TRANSITIVE).then(|| Self { flags, ..self.clone() })
    }
}

impl Attribute {
    /// Its type code.
    pub const fn code(&self) -> AttributeCode {
        code_of!(self)
    }
}
