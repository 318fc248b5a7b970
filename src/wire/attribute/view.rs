//! One path attribute as it stands on the wire: the only dispatch from type codes to parsers.

use core::net::Ipv4Addr;

use super::super::error::Malformed;
use super::super::negotiated::Negotiated;
use super::super::reader::Reader;
use super::list::List;
use super::raw::RawAttribute;
use super::{
    Aggregator, AigpView, AsPathView, AttrSetView, Attribute, AttributeCode, AttributeFlags,
    BgpLsAttributeView, Community, ExtendedCommunity, Ipv6ExtendedCommunity, LargeCommunity, Origin,
    PmsiTunnelView, PrefixSidView, TunnelEncapsulationView, UnknownAttribute,
};

/// A path attribute that a route carries, as it stands on the wire; the borrowed form of [`Attribute`].
#[derive(Clone, Copy, Debug)]
pub enum AttributeView<'a> {
    /// ORIGIN, 1
    Origin(Origin),
    /// AS_PATH, 2
    AsPath(AsPathView<'a>),
    /// MULTI_EXIT_DISC, 4
    Med(u32),
    /// LOCAL_PREF, 5
    LocalPref(u32),
    /// ATOMIC_AGGREGATE, 6
    AtomicAggregate,
    /// AGGREGATOR, 7
    Aggregator(Aggregator),
    /// COMMUNITIES, 8
    Communities(List<'a, Community, 4>),
    /// ORIGINATOR_ID, 9
    OriginatorId(Ipv4Addr),
    /// CLUSTER_LIST, 10
    ClusterList(List<'a, Ipv4Addr, 4>),
    /// EXTENDED_COMMUNITIES, 16
    ExtendedCommunities(List<'a, ExtendedCommunity, 8>),
    /// AS4_PATH, 17
    As4Path(AsPathView<'a>),
    /// AS4_AGGREGATOR, 18
    As4Aggregator(Aggregator),
    /// PMSI_TUNNEL, 22
    PmsiTunnel(PmsiTunnelView<'a>),
    /// TUNNEL_ENCAPSULATION, 23
    TunnelEncapsulation(TunnelEncapsulationView<'a>),
    /// IPv6-address-specific extended communities, 25
    Ipv6ExtendedCommunities(List<'a, Ipv6ExtendedCommunity, 20>),
    /// AIGP, 26
    Aigp(AigpView<'a>),
    /// BGP-LS, 29
    BgpLs(BgpLsAttributeView<'a>),
    /// LARGE_COMMUNITY, 32
    LargeCommunities(List<'a, LargeCommunity, 12>),
    /// ONLY_TO_CUSTOMER, 35
    OnlyToCustomer(u32),
    /// BGP Prefix-SID, 40
    PrefixSid(PrefixSidView<'a>),
    /// ATTR_SET, 128
    AttrSet(AttrSetView<'a>),
    /// Any other.
    Unknown(UnknownAttributeView<'a>),
}

/// An attribute kept whole.
#[derive(Clone, Copy, Debug)]
pub struct UnknownAttributeView<'a> {
    /// Its flags.
    pub flags: AttributeFlags,
    /// Its type code.
    pub code: AttributeCode,
    /// What stood after its length.
    pub value: &'a [u8],
}

impl<'a> AttributeView<'a> {
    /// Reads one attribute and checks all that is inside, but not its flags.
    ///
    /// # Errors
    ///
    /// Where it is malformed; [`treatment`](super::super::treatment) says what comes of it.
    #[inline]
    pub fn parse(raw: RawAttribute<'a>, negotiated: &Negotiated) -> Result<Self, Malformed> {
        let value = raw.value;
        Ok(match raw.code {
            AttributeCode::ORIGIN => Self::Origin(parse_origin(value)?),
            AttributeCode::AS_PATH => {
                Self::AsPath(AsPathView::parse(value, negotiated.asn4, negotiated.is_internal())?)
            }
            AttributeCode::MED => Self::Med(parse_u32(value)?),
            AttributeCode::LOCAL_PREF => Self::LocalPref(parse_u32(value)?),
            AttributeCode::ATOMIC_AGGREGATE => {
                value.finish()?;
                Self::AtomicAggregate
            }
            AttributeCode::AGGREGATOR => Self::Aggregator(parse_aggregator(value, negotiated.asn4)?),
            AttributeCode::COMMUNITIES => Self::Communities(List::parse(value)?),
            AttributeCode::EXTENDED_COMMUNITIES => Self::ExtendedCommunities(List::parse(value)?),
            AttributeCode::LARGE_COMMUNITIES => Self::LargeCommunities(List::parse(value)?),
            _ => return Self::parse_rare(raw),
        })
    }

    fn parse_rare(raw: RawAttribute<'a>) -> Result<Self, Malformed> {
        let value = raw.value;
        Ok(match raw.code {
            AttributeCode::ORIGINATOR_ID => Self::OriginatorId(parse_u32(value)?.into()),
            AttributeCode::CLUSTER_LIST => Self::ClusterList(List::parse(value)?),
            // One that carries no AS number is malformed (RFC 6793 §6).
            AttributeCode::AS4_PATH if value.is_empty() => return Err(value.truncated()),
            AttributeCode::AS4_PATH => Self::As4Path(AsPathView::parse(value, true, true)?),
            AttributeCode::AS4_AGGREGATOR => Self::As4Aggregator(parse_aggregator(value, true)?),
            AttributeCode::PMSI_TUNNEL => Self::PmsiTunnel(PmsiTunnelView::parse(value)?),
            AttributeCode::TUNNEL_ENCAPSULATION => {
                Self::TunnelEncapsulation(TunnelEncapsulationView::parse(value)?)
            }
            AttributeCode::IPV6_EXTENDED_COMMUNITIES => Self::Ipv6ExtendedCommunities(List::parse(value)?),
            AttributeCode::AIGP => Self::Aigp(AigpView::parse(value)?),
            AttributeCode::BGP_LS => Self::BgpLs(BgpLsAttributeView::parse(value)?),
            AttributeCode::ONLY_TO_CUSTOMER => Self::OnlyToCustomer(parse_u32(value)?),
            AttributeCode::PREFIX_SID => Self::PrefixSid(PrefixSidView::parse(value)?),
            AttributeCode::ATTR_SET => Self::AttrSet(AttrSetView::parse(value)?),
            _ => {
                Self::Unknown(UnknownAttributeView { flags: raw.flags, code: raw.code, value: value.rest() })
            }
        })
    }

    /// Its type code.
    #[inline]
    pub const fn code(&self) -> AttributeCode {
        code_of!(self)
    }

    /// Reads an attribute that [`AttributeView::parse`] has accepted before, without the costly checks.
    #[inline]
    pub(crate) fn checked(raw: RawAttribute<'a>, negotiated: &Negotiated) -> Option<Self> {
        match raw.code {
            AttributeCode::AS_PATH => Some(Self::AsPath(AsPathView::new(raw.value.rest(), negotiated.asn4))),
            _ => Self::parse(raw, negotiated).ok(),
        }
    }
}

/// Reads an octet that is 0, 1 or 2 (RFC 7606 §7.1).
#[inline]
pub(crate) fn parse_origin(mut value: Reader<'_>) -> Result<Origin, Malformed> {
    let offset = value.offset();
    let origin = value.u8()?;
    value.finish()?;
    Origin::from_u8(origin).ok_or(Malformed::value(offset, "an ORIGIN that is not 0, 1 or 2"))
}

/// Reads a value of exactly four octets.
#[inline]
pub(crate) fn parse_u32(mut value: Reader<'_>) -> Result<u32, Malformed> {
    let number = value.u32()?;
    value.finish()?;
    Ok(number)
}

/// Reads an AS number and an address (RFC 7606 §7.7); AS 0 aggregates nothing (RFC 7607 §2).
#[inline]
pub(crate) fn parse_aggregator(mut value: Reader<'_>, asn4: bool) -> Result<Aggregator, Malformed> {
    let offset = value.offset();
    let asn = if asn4 { value.u32()? } else { u32::from(value.u16()?) };
    let address = value.u32()?.into();
    value.finish()?;
    if asn == 0 {
        return Err(Malformed::value(offset, "AS 0 as aggregator"));
    }
    Ok(Aggregator { asn, address })
}

impl From<AttributeView<'_>> for Attribute {
    fn from(view: AttributeView<'_>) -> Self {
        match view {
            AttributeView::Origin(origin) => Self::Origin(origin),
            AttributeView::AsPath(view) => Self::AsPath(view.into()),
            AttributeView::Med(med) => Self::Med(med),
            AttributeView::LocalPref(preference) => Self::LocalPref(preference),
            AttributeView::AtomicAggregate => Self::AtomicAggregate,
            AttributeView::Aggregator(aggregator) => Self::Aggregator(aggregator),
            AttributeView::Communities(list) => Self::Communities(list.iter().collect()),
            AttributeView::OriginatorId(id) => Self::OriginatorId(id),
            AttributeView::ClusterList(list) => Self::ClusterList(list.iter().collect()),
            AttributeView::ExtendedCommunities(list) => Self::ExtendedCommunities(list.iter().collect()),
            AttributeView::As4Path(view) => Self::As4Path(view.into()),
            AttributeView::As4Aggregator(aggregator) => Self::As4Aggregator(aggregator),
            AttributeView::PmsiTunnel(view) => Self::PmsiTunnel(view.into()),
            AttributeView::TunnelEncapsulation(view) => Self::TunnelEncapsulation(view.into()),
            AttributeView::Ipv6ExtendedCommunities(list) => {
                Self::Ipv6ExtendedCommunities(list.iter().collect())
            }
            AttributeView::Aigp(view) => Self::Aigp(view.into()),
            AttributeView::BgpLs(view) => Self::BgpLs(view.into()),
            AttributeView::LargeCommunities(list) => Self::LargeCommunities(list.iter().collect()),
            AttributeView::OnlyToCustomer(asn) => Self::OnlyToCustomer(asn),
            AttributeView::PrefixSid(view) => Self::PrefixSid(view.into()),
            AttributeView::AttrSet(view) => Self::AttrSet(view.into()),
            AttributeView::Unknown(view) => Self::Unknown(UnknownAttribute {
                flags: view.flags,
                code: view.code,
                value: view.value.into(),
            }),
        }
    }
}
