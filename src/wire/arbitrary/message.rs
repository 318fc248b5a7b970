//! Whole messages, and the capabilities in an OPEN.

use alloc::boxed::Box;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};
use core::net::Ipv4Addr;

use super::super::capability::{GracefulRestart, LongLivedFamily};
use super::super::frame::kind;
use super::super::open::OptionalParameter;
use super::super::operational::{self, OperationalContent};
use super::super::{
    Afi, Attribute, AttributeCode, Attributes, Capability, Family, Message, MpReach, MpUnreach, NextHop,
    NlriList, Open, Operational, PathAttribute, PathAttributeValue, PathNlri, RefreshKind, RouteRefresh,
    Safi, Update,
};
use super::{few, nlri, octets};

impl<'a> Arbitrary<'a> for RefreshKind {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary().map(Self::from_u8)
    }
}

/// Four flags and twelve bits of time.
impl<'a> Arbitrary<'a> for GracefulRestart {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            flags: u.int_in_range(0..=15)?,
            time: u.int_in_range(0..=0x0fff)?,
            families: few(u, 0, 8)?,
        })
    }
}

/// A time of 24 bits.
impl<'a> Arbitrary<'a> for LongLivedFamily {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            family: u.arbitrary()?,
            flags: u.arbitrary()?,
            stale_time: u.int_in_range(0..=0x00ff_ffff)?,
        })
    }
}

impl<'a> Arbitrary<'a> for Capability {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=19)? {
            0 => Self::Multiprotocol(u.arbitrary()?),
            1 => Self::RouteRefresh,
            2 => Self::OutboundRouteFiltering(octets(u, 20)?),
            3 => Self::ExtendedNextHop(few(u, 0, 8)?),
            4 => Self::ExtendedMessage,
            5 => Self::Role(u.arbitrary()?),
            6 => Self::GracefulRestart(u.arbitrary()?),
            7 => Self::FourOctetAs(u.arbitrary()?),
            8 => Self::Multisession(octets(u, 20)?),
            9 => Self::AddPath(few(u, 0, 8)?),
            10 => Self::EnhancedRouteRefresh,
            11 => Self::LongLivedGracefulRestart(few(u, 0, 8)?),
            12 => {
                let domain = if u.arbitrary()? { Some(octets(u, 64)?) } else { None };
                Self::Fqdn { host: octets(u, 64)?, domain }
            }
            13 => Self::SoftwareVersion(octets(u, 64)?),
            14 => Self::PathsLimit(few(u, 0, 8)?),
            15 => Self::LinkLocalNextHop,
            16 => Self::RouteRefreshCisco,
            17 => Self::MultisessionCisco(octets(u, 20)?),
            18 => Self::Operational,
            // No definition has a code from here up to the private ones.
            _ => Self::Unknown { code: u.int_in_range(186..=238)?, value: octets(u, 40)? },
        })
    }
}

/// Either capabilities, or a type that means nothing yet; 255 would mark extended lengths (RFC 9072 §2).
impl<'a> Arbitrary<'a> for OptionalParameter {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.ratio(7, 8)? {
            return few(u, 0, 2).map(Self::Capabilities);
        }
        Ok(Self::Unknown { kind: u.int_in_range(3..=254)?, value: octets(u, 20)? })
    }
}

impl<'a> Arbitrary<'a> for Open {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            version: 4,
            my_as: u.arbitrary()?,
            hold_time: u.arbitrary()?,
            router_id: u.arbitrary()?,
            parameters: few(u, 0, 8)?,
            extended: u.arbitrary()?,
        })
    }
}

impl<'a> Arbitrary<'a> for Operational {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let family = u.arbitrary()?;
        let (router_id, sequence) = (u.arbitrary()?, u.arbitrary()?);
        let number = u.int_in_range(1..=9)?;
        let content = match number {
            operational::kind::ADM | operational::kind::ASM => {
                OperationalContent::Advisory { family, text: octets(u, 64)? }
            }
            operational::kind::RPCQ | operational::kind::APCQ | operational::kind::LPCQ => {
                OperationalContent::Query { family, router_id, sequence }
            }
            operational::kind::RPCP | operational::kind::APCP | operational::kind::LPCP => {
                OperationalContent::Counter { family, router_id, sequence, counter: u.arbitrary()? }
            }
            _ => OperationalContent::Other(octets(u, 20)?),
        };
        Ok(Self { kind: number, content })
    }
}

impl<'a> Arbitrary<'a> for MpReach {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let add_path = u.arbitrary()?;
        reach(add_path, u)
    }
}

impl<'a> Arbitrary<'a> for MpUnreach {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let add_path = u.arbitrary()?;
        unreach(add_path, u)
    }
}

fn reach(add_path: bool, u: &mut Unstructured<'_>) -> Result<MpReach> {
    let family = *u.choose(&Family::ALL)?;
    let lacks = matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN) && u.arbitrary()?;
    let next_hop = if lacks { None } else { Some(next_hop(family, u)?) };
    Ok(MpReach { family, next_hop, nlri: routes(family, add_path, u)? })
}

/// A next hop that the family may have without anything agreed on (RFC 4760 §3, RFC 2545 §3).
fn next_hop(family: Family, u: &mut Unstructured<'_>) -> Result<NextHop> {
    let prefixes = matches!(family.safi, Safi::UNICAST | Safi::MULTICAST | Safi::LABELLED | Safi::VPN);
    Ok(match family.afi {
        Afi::IPV4 if prefixes => NextHop::V4(u.arbitrary()?),
        Afi::IPV6 if prefixes && u.arbitrary()? => NextHop::V6LinkLocal(u.arbitrary()?, u.arbitrary()?),
        Afi::IPV6 if prefixes => NextHop::V6(u.arbitrary()?),
        _ => u.arbitrary()?,
    })
}

fn unreach(add_path: bool, u: &mut Unstructured<'_>) -> Result<MpUnreach> {
    let family = *u.choose(&Family::ALL)?;
    Ok(MpUnreach { family, nlri: routes(family, add_path, u)? })
}

/// A few routes of one family, all with a path identifier or none.
fn routes(family: Family, add_path: bool, u: &mut Unstructured<'_>) -> Result<NlriList> {
    let count = u.int_in_range(0..=4)?;
    let mut route = || {
        let path_id = if add_path { Some(u.arbitrary()?) } else { None };
        Ok(PathNlri { path_id, nlri: nlri::of_family(family, u)? })
    };
    (0..count).map(|_| route()).collect()
}

impl<'a> Arbitrary<'a> for PathAttributeValue {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=3)? {
            0 => Self::NextHop(host(u)?),
            1 => Self::MpReach(u.arbitrary()?),
            2 => Self::MpUnreach(u.arbitrary()?),
            _ => Self::Route(u.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for PathAttribute {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary::<PathAttributeValue>().map(Self::from)
    }
}

/// An address that a packet could be sent to (RFC 4271 §6.3).
fn host(u: &mut Unstructured<'_>) -> Result<Ipv4Addr> {
    let [_, b, c, d]: [u8; 4] = u.arbitrary()?;
    Ok(Ipv4Addr::new(u.int_in_range(1..=223)?, b, c, d))
}

/// One without a fault between speakers of one AS: with what announced routes need, no attribute twice, and path identifiers
/// everywhere or nowhere.
impl<'a> Arbitrary<'a> for Update {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let add_path = u.arbitrary()?;
        let withdrawn = routes(Family::IPV4_UNICAST, add_path, u)?;
        let nlri = routes(Family::IPV4_UNICAST, add_path, u)?;
        let mut values = Vec::new();
        let mut attributes: Attributes = u.arbitrary()?;
        if u.arbitrary()? {
            values.push(PathAttributeValue::MpReach(Box::new(reach(add_path, u)?)));
        }
        if !nlri.is_empty() {
            values.push(PathAttributeValue::NextHop(host(u)?));
        }
        if !values.is_empty() {
            for (code, attribute) in [
                (AttributeCode::ORIGIN, Attribute::Origin(u.arbitrary()?)),
                (AttributeCode::AS_PATH, Attribute::AsPath(u.arbitrary()?)),
                (AttributeCode::LOCAL_PREF, Attribute::LocalPref(u.arbitrary()?)),
            ] {
                if attributes.get(code).is_none() {
                    attributes.insert(attribute);
                }
            }
        }
        if u.arbitrary()? {
            values.push(PathAttributeValue::MpUnreach(Box::new(unreach(add_path, u)?)));
        }
        values.extend(attributes.iter().cloned().map(PathAttributeValue::Route));
        Ok(Self { withdrawn, attributes: values.into_iter().map(PathAttribute::from).collect(), nlri })
    }
}

impl<'a> Arbitrary<'a> for Message {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(1..=7)? {
            kind::OPEN => Self::Open(u.arbitrary()?),
            kind::UPDATE => Self::Update(u.arbitrary()?),
            kind::NOTIFICATION => Self::Notification(u.arbitrary()?),
            kind::KEEPALIVE => Self::Keepalive,
            kind::ROUTE_REFRESH => Self::RouteRefresh(u.arbitrary()?),
            kind::OPERATIONAL => Self::Operational(u.arbitrary()?),
            _ => Self::Unknown { kind: u.int_in_range(7..=255)?, body: octets(u, 40)? },
        })
    }
}

impl<'a> Arbitrary<'a> for RouteRefresh {
    /// Filters stand behind requests alone, and behind what nobody knows.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (family, kind) = (u.arbitrary()?, RefreshKind::from_u8(u.arbitrary()?));
        let may_filter = !matches!(kind, RefreshKind::Begin | RefreshKind::End) && u.arbitrary()?;
        let filters = if may_filter { octets(u, 40)? } else { Box::default() };
        Ok(Self { family, kind, filters })
    }
}
