//! UPDATE as it was received: borrowed, checked, visited without errors and without allocation.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::super::attribute::{
    Aggregator, AsPathView, Attribute, AttributeCode as Code, AttributeView, Attributes, Community,
    ExtendedCommunity, LargeCommunity, List, ListItem, Origin, RawAttribute, RawAttributes, UnknownAttribute,
    parse_aggregator, parse_origin, parse_u32,
};
use super::super::error::WireError;
use super::super::family::Family;
use super::super::frame::HEADER;
use super::super::mp::MpView;
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
///
/// What was found is remembered by its place: the view is small, and a value is read where it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct UpdateView<'a> {
    pub(super) negotiated: &'a Negotiated,
    pub(super) body: &'a [u8],
    pub(super) withdrawn: BodyRange,
    pub(super) attributes: BodyRange,
    pub(super) nlri: BodyRange,
    pub(super) places: Places,
    /// There are attributes beyond those that have a place.
    pub(super) has_others: bool,
    /// Some attribute stands twice, and only the first counts.
    pub(super) duplicates: bool,
    pub(super) add_path: bool,
    /// What the worst problem comes to.
    pub(super) treatment: Option<Treatment>,
    /// Something comes to [`Treatment::Withdraw`].
    pub(super) withdraws: bool,
    /// The families for which something comes to [`Treatment::Disable`].
    pub(super) disabled: [Option<Family>; 2],
    /// IPv4 unicast is ignored.
    pub(super) ignores_ipv4: bool,
    /// Bit N: attribute N was discarded; none with a code above 63 ever is.
    pub(super) discarded: u64,
}

/// Where the value of each attribute stands that nearly every route has, or that holds routes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) origin: BodyRange,
    pub(super) as_path: BodyRange,
    pub(super) next_hop: BodyRange,
    pub(super) med: BodyRange,
    pub(super) local_pref: BodyRange,
    pub(super) atomic_aggregate: BodyRange,
    pub(super) aggregator: BodyRange,
    pub(super) communities: BodyRange,
    pub(super) extended_communities: BodyRange,
    pub(super) large_communities: BodyRange,
    pub(super) reach: BodyRange,
    pub(super) unreach: BodyRange,
}

/// Some octets of a message's body, which has at most 65,535. No value starts at its first octet: that is nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BodyRange {
    start: u16,
    length: u16,
}

impl BodyRange {
    /// Where this part of the body stands.
    #[inline]
    pub(super) const fn of(part: Reader<'_>) -> Self {
        Self { start: (part.offset() - HEADER) as u16, length: part.len() as u16 }
    }
}

/// The attributes that nearly every route has, at once: nobody needs to look for them.
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

    /// The worst that was found, short of what ends the session. It is looked for again: few messages have any.
    pub fn problem(&self) -> Option<Problem> {
        self.treatment?;
        let mut again = *self;
        again.check_attributes().ok().flatten()
    }

    /// Whether the routes that it announces count as withdrawn (RFC 7606 §2).
    pub const fn treat_as_withdraw(&self) -> bool {
        self.withdraws
    }

    /// The families whose routes could not be read: all of them are to be forgotten, and the family
    /// [ignored](Negotiated::ignore) from now on (RFC 7606 §2).
    pub fn disabled(&self) -> impl Iterator<Item = Family> + use<> {
        self.disabled.into_iter().flatten()
    }

    /// Whether every route in it is of a family that is ignored, so that nothing is left to tell of.
    pub fn is_ignored(&self) -> bool {
        let ignored = |family, ignored| ignored || self.disabled().any(|other| other == family);
        let reach = self.any_reach().map(|reach| ignored(reach.family, reach.ignored));
        let unreach = self.any_unreach().map(|unreach| ignored(unreach.family, unreach.ignored));
        // Without anything it is End-of-RIB of IPv4 unicast.
        let has_ipv4 = self.attributes.length == 0 || self.withdrawn.length > 0 || self.nlri.length > 0;
        let ipv4 = has_ipv4.then(|| ignored(Family::IPV4_UNICAST, self.ignores_ipv4));
        let mut all = [reach, unreach, ipv4].into_iter().flatten().peekable();
        all.peek().is_some() && all.all(|ignored| ignored)
    }

    /// Withdrawn routes, IPv4 unicast.
    #[inline]
    pub fn withdrawn(&self) -> Routes<'a> {
        self.ipv4(self.withdrawn)
    }

    /// Announced routes, IPv4 unicast.
    #[inline]
    pub fn nlri(&self) -> Routes<'a> {
        self.ipv4(self.nlri)
    }

    #[inline]
    fn ipv4(&self, place: BodyRange) -> Routes<'a> {
        let family = Family::IPV4_UNICAST;
        let ignored =
            self.ignores_ipv4 || self.treatment.is_some() && self.disabled().any(|one| one == family);
        let place = if ignored { BodyRange::default() } else { place };
        Routes::new(NlriIter::new(self.part(place), family, self.add_path))
    }

    /// NEXT_HOP: of [`UpdateView::nlri`].
    #[inline]
    pub fn next_hop(&self) -> Option<Ipv4Addr> {
        self.value(self.places.next_hop).and_then(|value| parse_u32(value).ok()).map(Ipv4Addr::from_bits)
    }

    /// MP_REACH_NLRI; not of a family that is ignored.
    #[inline]
    pub fn mp_reach(&self) -> Option<MpView<'a>> {
        self.enabled(self.any_reach()?)
    }

    /// MP_UNREACH_NLRI; not of a family that is ignored.
    #[inline]
    pub fn mp_unreach(&self) -> Option<MpView<'a>> {
        self.enabled(self.any_unreach()?)
    }

    /// MP_REACH_NLRI, ignored or not.
    #[inline]
    pub(super) fn any_reach(&self) -> Option<MpView<'a>> {
        self.value(self.places.reach).and_then(|value| MpView::reach(value, self.negotiated).ok())
    }

    #[inline]
    fn any_unreach(&self) -> Option<MpView<'a>> {
        self.value(self.places.unreach).and_then(|value| MpView::unreach(value, self.negotiated).ok())
    }

    /// The view, unless its family is ignored or was disabled by this UPDATE.
    #[inline]
    fn enabled(&self, view: MpView<'a>) -> Option<MpView<'a>> {
        match self.treatment {
            _ if view.ignored => None,
            None => Some(view),
            Some(_) => (!self.disabled().any(|family| family == view.family)).then(|| view.uneven()),
        }
    }

    /// The attributes that nearly every route has, at once.
    #[inline]
    pub fn frequent(&self) -> Frequent<'a> {
        let (places, asn4) = (&self.places, self.negotiated.asn4);
        let number = |place| self.value(place).and_then(|value| parse_u32(value).ok());
        Frequent {
            origin: self.value(places.origin).and_then(|value| parse_origin(value).ok()),
            as_path: self.value(places.as_path).map(|value| AsPathView::new(value.rest(), asn4)),
            med: number(places.med),
            local_pref: number(places.local_pref),
            atomic_aggregate: self.value(places.atomic_aggregate).is_some(),
            aggregator: self.value(places.aggregator).and_then(|value| parse_aggregator(value, asn4).ok()),
            communities: self.list(places.communities),
            extended_communities: self.list(places.extended_communities),
            large_communities: self.list(places.large_communities),
        }
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

    /// The family whose routes were all sent, where this is End-of-RIB (RFC 4724 §2). What has lost its routes because they
    /// could not be read is none.
    pub fn end_of_rib(&self) -> Option<Family> {
        if self.treatment.is_some() || !self.withdrawn().is_empty() || !self.nlri().is_empty() {
            return None;
        }
        let mut attributes = RawAttributes::new(self.part(self.attributes));
        match (attributes.next(), attributes.next()) {
            (None, _) => (!self.ignores_ipv4).then_some(Family::IPV4_UNICAST),
            (Some(_), None) => {
                self.mp_unreach().filter(|unreach| unreach.is_empty()).map(|unreach| unreach.family)
            }
            _ => None,
        }
    }

    /// Every attribute that was not discarded.
    #[inline]
    fn kept(&self) -> impl Iterator<Item = RawAttribute<'a>> + use<'a> {
        let (discarded, duplicates) = (self.discarded, self.duplicates);
        let mut seen = Codes::default();
        RawAttributes::new(self.part(self.attributes)).map_while(Result::ok).filter(move |raw| {
            let dropped = raw.code.0 < 64 && discarded >> raw.code.0 & 1 == 1;
            !(dropped || duplicates && seen.insert(raw.code))
        })
    }

    /// The octets in this place.
    #[inline]
    pub(super) fn part(&self, place: BodyRange) -> Reader<'a> {
        let (start, length) = (usize::from(place.start), usize::from(place.length));
        Reader::new(self.body.get(start..start + length).unwrap_or_default(), HEADER + start)
    }

    /// The value in this place, if there is any.
    #[inline]
    fn value(&self, place: BodyRange) -> Option<Reader<'a>> {
        (place.start != 0).then(|| self.part(place))
    }

    #[inline]
    fn list<T: ListItem<N>, const N: usize>(&self, place: BodyRange) -> Option<List<'a, T, N>> {
        self.value(place).and_then(|value| List::parse(value).ok())
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
                Code::NEXT_HOP => PathAttributeValue::NextHop(view.next_hop()?),
                Code::MP_REACH => match view.mp_reach()? {
                    reach if reach.negotiated => PathAttributeValue::MpReach(Box::new(reach.into())),
                    reach => unread(&raw, reach.value()),
                },
                Code::MP_UNREACH => match view.mp_unreach()? {
                    unreach if unreach.negotiated => PathAttributeValue::MpUnreach(Box::new(unreach.into())),
                    unreach => unread(&raw, unreach.value()),
                },
                _ => PathAttributeValue::Route(AttributeView::checked(raw, view.negotiated)?.into()),
            };
            Some(PathAttribute { flags: raw.flags, value })
        };
        let mut attributes = Vec::with_capacity(RawAttributes::new(view.part(view.attributes)).count());
        attributes.extend(view.kept().filter_map(attribute));
        Self { withdrawn: view.withdrawn().into(), attributes, nlri: view.nlri().into() }
    }
}

fn unread(raw: &RawAttribute<'_>, value: &[u8]) -> PathAttributeValue {
    let unknown = UnknownAttribute { flags: raw.flags, code: raw.code, value: value.into() };
    PathAttributeValue::Route(Attribute::Unknown(unknown))
}
