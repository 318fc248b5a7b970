//! UPDATE as it was received: borrowed, checked, visited without errors and without allocation.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::super::attribute::{
    Aggregator, AsPathView, Attribute, AttributeCode as Code, AttributeView, Attributes, Community,
    ExtendedCommunity, LargeCommunity, List, Origin, RawAttribute, RawAttributes, UnknownAttribute,
};
use super::super::error::WireError;
use super::super::family::Family;
use super::super::mp::{MpReachView, MpUnreachView};
use super::super::negotiated::Negotiated;
use super::super::nlri::{NlriIter, Routes};
use super::super::reader::Reader;
use super::super::treatment::{Problem, Treatment};
use super::check::{self, Codes};
use super::{PathAttribute, PathAttributeValue, Update, merge_four_octet_numbers};

/// An UPDATE as it stands on the wire, checked to its last octet (RFC 7606).
///
/// ```text
/// +-----------------------------------------------------+
/// |   Withdrawn Routes Length (2 octets)                |
/// +-----------------------------------------------------+
/// |   Withdrawn Routes (variable)                       |
/// +-----------------------------------------------------+
/// |   Total Path Attribute Length (2 octets)            |
/// +-----------------------------------------------------+
/// |   Path Attributes (variable)                        |
/// +-----------------------------------------------------+
/// |   Network Layer Reachability Information (variable) |
/// +-----------------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UpdateView<'a> {
    pub(super) negotiated: &'a Negotiated,
    pub(super) withdrawn: Reader<'a>,
    pub(super) attributes: Reader<'a>,
    pub(super) nlri: Reader<'a>,
    pub(super) add_path: bool,
    pub(super) next_hop: Option<Ipv4Addr>,
    pub(super) frequent: Frequent<'a>,
    /// There are attributes beyond NEXT_HOP, MP_REACH_NLRI, MP_UNREACH_NLRI and those of `frequent`.
    pub(super) has_others: bool,
    pub(super) reach: Option<MpReachView<'a>>,
    pub(super) unreach: Option<MpUnreachView<'a>>,
    /// Bit N: attribute N was discarded; none with a code above 63 ever is.
    pub(super) discarded: u64,
    /// Some attribute stands twice, and only the first counts.
    pub(super) duplicates: bool,
    pub(super) problem: Option<Problem>,
}

/// The attributes that nearly every route has, read while they were checked: nobody needs to look for them again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frequent<'a> {
    /// ORIGIN
    pub origin: Option<Origin>,
    /// AS_PATH
    pub as_path: Option<AsPathView<'a>>,
    /// MULTI_EXIT_DISC
    pub med: Option<u32>,
    /// LOCAL_PREF
    pub local_pref: Option<u32>,
    /// ATOMIC_AGGREGATE
    pub atomic_aggregate: bool,
    /// AGGREGATOR
    pub aggregator: Option<Aggregator>,
    /// COMMUNITIES
    pub communities: Option<List<'a, Community, 4>>,
    /// EXTENDED_COMMUNITIES
    pub extended_communities: Option<List<'a, ExtendedCommunity, 8>>,
    /// LARGE_COMMUNITY
    pub large_communities: Option<List<'a, LargeCommunity, 12>>,
}

impl<'a> UpdateView<'a> {
    /// Reads a message's body and checks all of it.
    ///
    /// # Errors
    ///
    /// What ends the session. Milder errors are told by [`UpdateView::problem`].
    #[inline]
    pub fn decode(body: &'a [u8], negotiated: &'a Negotiated) -> Result<Self, WireError> {
        check::decode(body, negotiated)
    }

    /// The worst that was found, short of what ends the session.
    #[inline]
    pub const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Whether the routes that it announces count as withdrawn (RFC 7606 §2).
    pub fn treat_as_withdraw(&self) -> bool {
        self.problem.is_some_and(|problem| problem.treatment == Treatment::Withdraw)
    }

    /// Withdrawn routes, IPv4 unicast.
    #[inline]
    pub const fn withdrawn(&self) -> Routes<'a> {
        Routes::new(NlriIter::new(self.withdrawn, Family::IPV4_UNICAST, self.add_path))
    }

    /// Announced routes, IPv4 unicast.
    #[inline]
    pub const fn nlri(&self) -> Routes<'a> {
        Routes::new(NlriIter::new(self.nlri, Family::IPV4_UNICAST, self.add_path))
    }

    /// NEXT_HOP: of [`UpdateView::nlri`].
    #[inline]
    pub const fn next_hop(&self) -> Option<Ipv4Addr> {
        self.next_hop
    }

    /// MP_REACH_NLRI
    #[inline]
    pub const fn mp_reach(&self) -> Option<MpReachView<'a>> {
        self.reach
    }

    /// MP_UNREACH_NLRI
    #[inline]
    pub const fn mp_unreach(&self) -> Option<MpUnreachView<'a>> {
        self.unreach
    }

    /// The attributes that nearly every route has, at once.
    #[inline]
    pub const fn frequent(&self) -> &Frequent<'a> {
        &self.frequent
    }

    /// The attributes that belong to the routes and are not among the [frequent](Self::frequent) ones, in order; without those that
    /// were discarded.
    #[inline]
    pub fn others(&self) -> impl Iterator<Item = AttributeView<'a>> + use<'a> {
        let all = self.has_others.then(|| self.attributes());
        all.into_iter().flatten().filter(|attribute| !Frequent::holds(attribute))
    }

    /// All attributes that belong to the routes, in order; without those that were discarded.
    #[inline]
    pub fn attributes(&self) -> impl Iterator<Item = AttributeView<'a>> + use<'a> {
        let negotiated = self.negotiated;
        self.kept()
            .filter(|raw| !matches!(raw.code, Code::NEXT_HOP | Code::MP_REACH | Code::MP_UNREACH))
            .filter_map(move |raw| AttributeView::checked(raw, negotiated))
    }

    /// What the attributes say of the routes, owned; as [`Update::route_attributes`].
    pub fn route_attributes(&self) -> Attributes {
        let mut attributes: Attributes = self.attributes().map(Attribute::from).collect();
        merge_four_octet_numbers(&mut attributes, self.negotiated.asn4);
        attributes
    }

    /// The family whose routes were all sent, where this is End-of-RIB (RFC 4724 §2).
    pub fn end_of_rib(&self) -> Option<Family> {
        if !self.withdrawn.is_empty() || !self.nlri.is_empty() {
            return None;
        }
        match self.unreach {
            None if self.attributes.is_empty() => Some(Family::IPV4_UNICAST),
            Some(unreach) if unreach.is_empty() && RawAttributes::new(self.attributes).count() == 1 => {
                Some(unreach.family)
            }
            _ => None,
        }
    }

    /// Every attribute that was not discarded.
    #[inline]
    fn kept(&self) -> impl Iterator<Item = RawAttribute<'a>> + use<'a> {
        let (discarded, duplicates) = (self.discarded, self.duplicates);
        let mut seen = Codes::default();
        RawAttributes::new(self.attributes).map_while(Result::ok).filter(move |raw| {
            let dropped = raw.code.0 < 64 && discarded >> raw.code.0 & 1 == 1;
            !(dropped || duplicates && seen.insert(raw.code))
        })
    }
}

impl Frequent<'_> {
    /// Whether there is a place for this attribute.
    #[inline]
    const fn holds(attribute: &AttributeView<'_>) -> bool {
        matches!(
            attribute,
            AttributeView::Origin(_)
                | AttributeView::AsPath(_)
                | AttributeView::Med(_)
                | AttributeView::LocalPref(_)
                | AttributeView::AtomicAggregate
                | AttributeView::Aggregator(_)
                | AttributeView::Communities(_)
                | AttributeView::ExtendedCommunities(_)
                | AttributeView::LargeCommunities(_)
        )
    }
}

impl From<&UpdateView<'_>> for Update {
    /// Everything but what was discarded. A family that was not negotiated stays an unread attribute.
    fn from(view: &UpdateView<'_>) -> Self {
        let attribute = |raw: RawAttribute<'_>| {
            let value = match raw.code {
                Code::NEXT_HOP => PathAttributeValue::NextHop(view.next_hop?),
                Code::MP_REACH => match view.reach? {
                    reach if reach.negotiated => PathAttributeValue::MpReach(Box::new(reach.into())),
                    reach => unread(&raw, reach.value()),
                },
                Code::MP_UNREACH => match view.unreach? {
                    unreach if unreach.negotiated => PathAttributeValue::MpUnreach(Box::new(unreach.into())),
                    unreach => unread(&raw, unreach.value()),
                },
                _ => PathAttributeValue::Route(AttributeView::checked(raw, view.negotiated)?.into()),
            };
            Some(PathAttribute { flags: raw.flags, value })
        };
        let mut attributes = Vec::with_capacity(RawAttributes::new(view.attributes).count());
        attributes.extend(view.kept().filter_map(attribute));
        Self { withdrawn: view.withdrawn().into(), attributes, nlri: view.nlri().into() }
    }
}

fn unread(raw: &RawAttribute<'_>, value: &[u8]) -> PathAttributeValue {
    let unknown = UnknownAttribute { flags: raw.flags, code: raw.code, value: value.into() };
    PathAttributeValue::Route(Attribute::Unknown(unknown))
}
