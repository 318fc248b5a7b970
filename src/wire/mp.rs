//! MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760): routes of any family, inside an attribute.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::error::{BufferFull, Malformed};
use super::family::{Afi, Family, Safi};
use super::negotiated::{FamilyTerms, Negotiated};
use super::nlri::{FlowForm, NlriIter, NlriList, PathNlri, Routes};
use super::reader::Reader;
use super::route::NextHop;
use super::writer::Writer;

/// Announced routes of any family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MpReach {
    /// Which family.
    pub family: Family,
    /// The next hop; `None` where its length is zero.
    pub next_hop: Option<NextHop>,
    /// The routes.
    pub nlri: NlriList,
}

impl MpReach {
    /// Writes the attribute's value.
    pub(crate) fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        encode_reach_head(self.family, self.next_hop, out)?;
        encode_nlri(negotiated.family(self.family), &self.nlri, out)
    }
}

/// Withdrawn routes of any family; none at all is End-of-RIB (RFC 4724 §2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MpUnreach {
    /// Which family.
    pub family: Family,
    /// The routes.
    pub nlri: NlriList,
}

impl MpUnreach {
    /// Writes the attribute's value.
    pub(crate) fn encode(&self, negotiated: &Negotiated, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        encode_family(self.family, out)?;
        encode_nlri(negotiated.family(self.family), &self.nlri, out)
    }
}

/// Writes routes under the terms of their family.
fn encode_nlri(terms: Option<&FamilyTerms>, nlri: &NlriList, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    match terms {
        None => nlri.encode(false, out),
        Some(terms) if terms.flow_form == FlowForm::default() => nlri.encode(terms.add_path_send, out),
        Some(terms) => nlri.iter().try_for_each(|route| {
            let nlri = terms.flow_form.rewrite(&route.nlri).unwrap_or(route.nlri);
            PathNlri { nlri, ..route }.encode(terms.add_path_send, out)
        }),
    }
}

/// Writes what stands before the NLRI of MP_REACH_NLRI.
///
/// # Errors
///
/// Where the buffer is full.
pub fn encode_reach_head(
    family: Family,
    next_hop: Option<NextHop>,
    out: &mut Writer<'_>,
) -> Result<(), BufferFull> {
    encode_family(family, out)?;
    let gap = out.gap_u8()?;
    if let Some(next_hop) = next_hop {
        encode_next_hop(family, next_hop, out)?;
    }
    out.fill_u8(gap)?;
    out.u8(0)
}

/// Writes an AFI and a SAFI.
///
/// # Errors
///
/// Where the buffer is full.
pub fn encode_family(family: Family, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    out.u16(family.afi.0)?;
    out.u8(family.safi.0)
}

fn encode_next_hop(family: Family, next_hop: NextHop, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    let distinguisher = if has_distinguisher(family) { &[0; 8][..] } else { &[] };
    out.bytes(distinguisher)?;
    match next_hop {
        NextHop::V4(address) => out.array(address.octets()),
        NextHop::V6(address) => out.array(address.octets()),
        NextHop::V6LinkLocal(global, link_local) => {
            out.array(global.octets())?;
            out.bytes(distinguisher)?;
            out.array(link_local.octets())
        }
    }
}

/// Whether a route distinguisher stands before each address of a next hop (RFC 4364 §4.3.2, RFC 4659 §3.2.1, RFC 9552 §5.5).
const fn has_distinguisher(family: Family) -> bool {
    matches!(family.safi, Safi::VPN | Safi::BGP_LS_VPN)
}

/// Whether a next hop of no octets is allowed: a rule to filter by needs none (RFC 8955 §4).
const fn may_lack_next_hop(family: Family) -> bool {
    matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN)
}

/// Whether an IPv4 address is allowed as next hop: not for IPv6 prefixes, for which it would have to be mapped.
const fn may_have_ipv4_next_hop(family: Family) -> bool {
    !matches!(
        (family.afi, family.safi),
        (Afi::IPV6, Safi::UNICAST | Safi::MULTICAST | Safi::LABELLED | Safi::VPN)
    )
}

/// Whether an IPv6 address is allowed as next hop: for IPv4 prefixes only where both sides have said so (RFC 8950 §4).
fn may_have_ipv6_next_hop(terms: &FamilyTerms) -> bool {
    let is_ipv4 = matches!(
        (terms.family.afi, terms.family.safi),
        (Afi::IPV4, Safi::UNICAST | Safi::MULTICAST | Safi::LABELLED | Safi::VPN)
    );
    !is_ipv4 || terms.extended_next_hop == Some(Afi::IPV6)
}

/// Reads a next hop of `family` that stands by itself, as in an entry of a table dump (RFC 6396 §4.3.4); its length says what it is.
///
/// # Errors
///
/// Where no next hop of the family has that length.
pub fn next_hop(family: Family, octets: Reader<'_>) -> Result<Option<NextHop>, Malformed> {
    parse_next_hop(&FamilyTerms::assumed(family), octets)
}

/// Reads a next hop of all that is left in `reader`; its length says what it is.
#[inline]
fn parse_next_hop(terms: &FamilyTerms, mut reader: Reader<'_>) -> Result<Option<NextHop>, Malformed> {
    let family = terms.family;
    let wrong = Malformed::length(reader.offset(), "a next hop of a length that its family cannot have");
    let distinguisher = if has_distinguisher(family) { 8 } else { 0 };
    let next_hop = match reader.len().checked_sub(distinguisher) {
        Some(4) if may_have_ipv4_next_hop(family) => {
            reader.bytes(distinguisher)?;
            NextHop::V4(Ipv4Addr::from_bits(reader.u32()?))
        }
        Some(16) if may_have_ipv6_next_hop(terms) => NextHop::V6(parse_ipv6(&mut reader, distinguisher)?),
        Some(length) if length == 32 + distinguisher && may_have_ipv6_next_hop(terms) => {
            let global = parse_ipv6(&mut reader, distinguisher)?;
            NextHop::V6LinkLocal(global, parse_ipv6(&mut reader, distinguisher)?)
        }
        _ if reader.is_empty() && may_lack_next_hop(family) => return Ok(None),
        _ => return Err(wrong),
    };
    Ok(Some(next_hop))
}

#[inline]
fn parse_ipv6(reader: &mut Reader<'_>, distinguisher: usize) -> Result<Ipv6Addr, Malformed> {
    reader.bytes(distinguisher)?;
    reader.array().map(|octets| Ipv6Addr::from_bits(u128::from_be_bytes(octets)))
}

/// The family that MP_REACH_NLRI and MP_UNREACH_NLRI begin with, where they are long enough. It is asked for where they are malformed.
pub(crate) fn family(mut value: Reader<'_>) -> Option<Family> {
    parse_family(&mut value).ok()
}

#[inline]
fn parse_family(reader: &mut Reader<'_>) -> Result<Family, Malformed> {
    Ok(Family::new(Afi(reader.u16()?), Safi(reader.u8()?)))
}

/// MP_REACH_NLRI or MP_UNREACH_NLRI as it stands on the wire.
///
/// ```text
/// MP_REACH_NLRI                                               MP_UNREACH_NLRI
/// +---------------------------------------------------------+ +---------------------------------------------------------+
/// | Address Family Identifier (2 octets)                    | | Address Family Identifier (2 octets)                    |
/// +---------------------------------------------------------+ +---------------------------------------------------------+
/// | Subsequent Address Family Identifier (1 octet)          | | Subsequent Address Family Identifier (1 octet)          |
/// +---------------------------------------------------------+ +---------------------------------------------------------+
/// | Length of Next Hop (1 octet)                            | | Withdrawn Routes (variable)                             |
/// +---------------------------------------------------------+ +---------------------------------------------------------+
/// | Next Hop (variable)                                     |
/// +---------------------------------------------------------+
/// | Reserved (1 octet), ignored                             |
/// +---------------------------------------------------------+
/// | NLRI (variable)                                         |
/// +---------------------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MpView<'a> {
    /// Which family.
    pub family: Family,
    /// The next hop; `None` where its length is zero, and in MP_UNREACH_NLRI.
    pub next_hop: Option<NextHop>,
    /// Whether the family was negotiated. Routes of one that was not are ignored (RFC 4760 §7): there are no [`Self::nlri`].
    pub negotiated: bool,
    /// Whether the family is ignored since routes of it could not be read: there are no [`Self::nlri`] either.
    pub ignored: bool,
    value: &'a [u8],
    nlri: NlriIter<'a>,
}

impl<'a> MpView<'a> {
    /// Reads the value of MP_REACH_NLRI, all but the NLRI.
    #[inline]
    pub(crate) fn reach(mut reader: Reader<'a>, negotiated: &Negotiated) -> Result<Self, Malformed> {
        let value = reader.rest();
        let family = parse_family(&mut reader)?;
        let terms = negotiated.family(family);
        let length = reader.u8()?;
        let next_hop = reader.sub(usize::from(length))?;
        let _reserved = reader.u8()?;
        let next_hop = match terms {
            Some(terms) => parse_next_hop(terms, next_hop)?,
            None => None,
        };
        Ok(Self { next_hop, ..Self::new(family, terms, value, reader) })
    }

    /// Reads the value of MP_UNREACH_NLRI, all but the NLRI.
    #[inline]
    pub(crate) fn unreach(mut reader: Reader<'a>, negotiated: &Negotiated) -> Result<Self, Malformed> {
        let value = reader.rest();
        let family = parse_family(&mut reader)?;
        Ok(Self::new(family, negotiated.family(family), value, reader))
    }

    /// `reader` stands at the NLRI.
    #[inline]
    fn new(family: Family, terms: Option<&FamilyTerms>, value: &'a [u8], reader: Reader<'a>) -> Self {
        let nlri = match terms {
            Some(terms) if !terms.ignored => NlriIter::new(reader, family, terms.add_path_receive),
            _ => NlriIter::new(Reader::new(&[], reader.offset()), family, false),
        };
        Self {
            family,
            next_hop: None,
            negotiated: terms.is_some(),
            ignored: terms.is_some_and(|terms| terms.ignored),
            value,
            nlri,
        }
    }

    /// Checks the NLRI: as [`NlriIter::check`].
    pub(crate) fn check(&self) -> Result<Option<Malformed>, Malformed> {
        self.nlri.check()
    }

    /// The same view, of routes of which some are to be passed over.
    pub(crate) const fn uneven(self) -> Self {
        Self { nlri: self.nlri.uneven(), ..self }
    }

    /// The routes.
    #[inline]
    pub const fn nlri(self) -> Routes<'a> {
        Routes::new(self.nlri)
    }

    /// Whether it holds no route. MP_UNREACH_NLRI is then End-of-RIB, where nothing else stands in the UPDATE (RFC 4724 §2).
    pub const fn is_empty(self) -> bool {
        self.nlri.is_empty()
    }

    /// Whether its routes are looked at: the family was negotiated and is not ignored.
    pub(crate) const fn is_read(&self) -> bool {
        self.negotiated && !self.ignored
    }

    /// The whole value, for what is passed on unread.
    pub(crate) const fn value(self) -> &'a [u8] {
        self.value
    }
}

impl From<MpView<'_>> for MpReach {
    fn from(view: MpView<'_>) -> Self {
        Self { family: view.family, next_hop: view.next_hop, nlri: view.nlri().into() }
    }
}

impl From<MpView<'_>> for MpUnreach {
    fn from(view: MpView<'_>) -> Self {
        Self { family: view.family, nlri: view.nlri().into() }
    }
}
