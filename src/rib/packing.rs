//! How changes become UPDATEs: which share one, in which order, and what is added to their attributes.
//!
//! [`Packing::Grouped`] and [`Packing::Single`] are ExaBGP's ways, quirks included, because its users compare bytes:
//!
//! - only IPv4 unicast and the two MCAST-VPN families are grouped, every other NLRI has an UPDATE of its own;
//! - within a group withdrawals come first, and NLRI are ordered by their octets;
//! - a refresh sends each route in an UPDATE of its own;
//! - a withdrawal before anything was announced is not sent, but where it would drag attributes along, they are;
//! - a withdrawal in MP_UNREACH_NLRI drags its route's attributes along, except in unicast and multicast families;
//! - ORIGIN IGP, an AS_PATH with the own AS alone (empty inside an AS) and inside an AS LOCAL_PREF 100 are added where they
//!   are missing, and LOCAL_PREF never leaves the AS; an AS_PATH that was written is sent as it was written;
//! - NEXT_HOP goes along with MP_REACH_NLRI too where it is an IPv4 address, but not with FlowSpec, VPLS and SR policies;
//! - of several changes of one route that wait together each is sent, unless they differ in nothing but announcement and
//!   withdrawal; the last one always comes last;
//! - a route that a reload adds is sent once more when the peer has next sent something.
//!
//! [`Packing::Tight`] puts whatever may share an UPDATE into one.
//!
//! ```text
//! +------------------------------+
//! | Withdrawn Routes Length (2)  |   an UPDATE has one of: withdrawn routes, NLRI, MP_REACH_NLRI, MP_UNREACH_NLRI
//! | Withdrawn Routes             |   (RFC 7606 §5.1)
//! | Total Path Attr. Length (2)  |
//! | Path Attributes              |
//! | NLRI                         |
//! +------------------------------+
//! ```

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::catalogue::Catalogue;
use super::change::Change;
use super::path::{Hop, Own, Path};
use super::runs::{Merged, Runs};
use super::trouble::RouteTrouble;
use super::update::Draft;
use crate::wire::Writer;
use crate::wire::attribute::{self, AsSegmentKind};
use crate::wire::error::BufferFull;
use crate::wire::negotiated::MAX_EXTENDED_MESSAGE;
use crate::wire::{
    Afi, AsPath, Attribute, AttributeCode, AttributeFlags, Family, Negotiated, NextHop, Origin, Safi,
};

/// Which routes share an UPDATE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// Those of the families that ExaBGP groups (`group-updates true`).
    #[default]
    Grouped,
    /// None (`group-updates false`).
    Single,
    /// All that may.
    Tight,
}

/// What the peer and our end of the session mean for what is packed.
#[derive(Clone, Copy, Debug)]
pub struct PeerTerms<'a> {
    /// What the OPENs agreed on.
    pub negotiated: &'a Negotiated,
    /// Our end of the connection.
    pub local_address: IpAddr,
    /// Our BGP identifier: the IPv4 next hop `self` on a session over IPv6.
    pub router_id: Ipv4Addr,
    /// Our link-local address, where it goes along with global next hops of IPv6 routes.
    pub link_local: Option<Ipv6Addr>,
    /// Whether AIGP may leave the AS (RFC 7311 §3.2).
    pub aigp: bool,
}

impl PeerTerms<'_> {
    /// The address that `hop` means for a route of `family`; `None`: there is none.
    pub fn next_hop(&self, hop: Hop, family: Family) -> Option<NextHop> {
        match (self.own().next_hop(hop, family), self.link_local) {
            (Some(NextHop::V6(global)), Some(link_local))
                if may_carry_link_local(family) && !global.is_unicast_link_local() =>
            {
                Some(NextHop::V6LinkLocal(global, link_local))
            }
            (next_hop, _) => next_hop,
        }
    }

    /// Our end of the session.
    pub(super) fn own(&self) -> Own {
        Own { address: self.local_address, router_id: self.router_id }
    }
}

/// The families whose next hop may be two addresses (RFC 2545 §3, RFC 4659 §3.2.1, RFC 8277 §2).
const fn may_carry_link_local(family: Family) -> bool {
    matches!(family.afi, Afi::IPV6)
        && matches!(family.safi, Safi::UNICAST | Safi::MULTICAST | Safi::LABELLED | Safi::VPN)
}

/// Changes of one family that go the same way, in the order in which they are sent.
#[derive(Clone, Debug)]
pub(super) struct Group {
    path: Arc<Path>,
    family: Family,
    changes: Merged<Change>,
    /// Each in an UPDATE of its own.
    alone: bool,
    /// The path's attributes as octets, once they were needed.
    attributes: Option<Vec<u8>>,
}

impl Group {
    fn new(path: Arc<Path>, family: Family, changes: Runs<Change>, alone: bool, names: &Catalogue) -> Self {
        Self { path, family, changes: changes.merged(names), alone, attributes: None }
    }

    /// How many changes were not yet looked at.
    pub(super) fn left(&self) -> usize {
        self.changes.len()
    }

    /// The next change, without taking it.
    pub(super) fn peek(&self) -> Option<&Change> {
        self.changes.peek()
    }

    /// Takes the next change.
    pub(super) fn advance(&mut self, names: &Catalogue) {
        self.changes.advance(names);
    }

    /// Whether an UPDATE may have several of them.
    pub(super) fn is_shared(&self) -> bool {
        !self.alone
    }

    /// The family of all.
    pub(super) fn family(&self) -> Family {
        self.family
    }

    /// The next hop of all.
    pub(super) fn next_hop(&self, terms: &PeerTerms<'_>) -> Option<NextHop> {
        terms.next_hop(self.path.hop, self.family)
    }

    /// The attributes of all as octets, to be given back by [`Group::keep_attributes`]. `buffer` has room for a message.
    pub(super) fn take_attributes(&mut self, terms: &PeerTerms<'_>, buffer: &mut [u8]) -> Option<Vec<u8>> {
        if let Some(attributes) = self.attributes.take() {
            return Some(attributes);
        }
        let mut out = Writer::new(buffer);
        encode_attributes(&self.path, self.family, self.next_hop(terms), terms, &mut out).ok()?;
        Some(out.written().to_vec())
    }

    /// The same for withdrawals, or for announcements, which need a next hop.
    pub(super) fn take_attributes_for(
        &mut self,
        withdrawn: bool,
        terms: &PeerTerms<'_>,
        buffer: &mut [u8],
    ) -> Option<Vec<u8>> {
        if !withdrawn && self.is_hopless(terms) {
            return None;
        }
        self.take_attributes(terms, buffer)
    }

    /// Whether it lacks a next hop that its family must have: nothing of it is announced.
    pub(super) fn is_hopless(&self, terms: &PeerTerms<'_>) -> bool {
        self.next_hop(terms).is_none() && !matches!(self.family.safi, Safi::FLOW | Safi::FLOW_VPN)
    }

    /// Why one of its routes, with this NLRI, is not announced.
    pub(super) fn trouble(&self, terms: &PeerTerms<'_>, nlri: Option<&[u8]>) -> RouteTrouble {
        if self.is_hopless(terms) {
            return RouteTrouble::NoNextHop;
        }
        RouteTrouble::TooLarge {
            needs: message_length(&self.path, self.family, terms, nlri.map_or(0, <[u8]>::len)),
            max: terms.negotiated.max_message(),
        }
    }

    /// Keeps the attributes for the next UPDATE.
    pub(super) fn keep_attributes(&mut self, attributes: Option<Vec<u8>>) {
        self.attributes = attributes;
    }
}

/// How long an UPDATE would be that announces one NLRI of `nlri` octets by this path; `None`: too long to be written down.
pub(super) fn message_length(
    path: &Path,
    family: Family,
    terms: &PeerTerms<'_>,
    nlri: usize,
) -> Option<usize> {
    let mut buffer = vec![0; 2 * MAX_EXTENDED_MESSAGE];
    let mut out = Writer::new(&mut buffer);
    let next_hop = terms.next_hop(path.hop, family);
    encode_attributes(path, family, next_hop, terms, &mut out).ok()?;
    Some(Draft::new(family, next_hop, false, out.written(), 0).length_with(nlri))
}

/// Changes on their way into groups: by path, then by family, both in the order of their first change.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouping {
    packing: Packing,
    buckets: Vec<Bucket>,
    /// Which bucket a path has, by the path's address.
    known: BTreeMap<usize, usize>,
}

/// The changes of one path.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    path: Arc<Path>,
    first: FamilyChanges,
    /// Those of other families: hardly ever are there any.
    others: Vec<FamilyChanges>,
}

/// The changes of one path and family. Where they are not grouped, all of them are in `announced`, as they came.
#[derive(Clone, Debug)]
struct FamilyChanges {
    family: Family,
    alone: bool,
    withdrawn: Option<Box<Runs<Change>>>,
    announced: Runs<Change>,
}

impl Grouping {
    pub(super) fn new(packing: Packing) -> Self {
        Self { packing, ..Self::default() }
    }

    /// Adds a change that goes by `path`.
    pub(super) fn add(&mut self, path: &Arc<Path>, change: Change, names: &Catalogue) {
        let Self { packing, buckets, known } = self;
        let family = names.family(change.number);
        let at = *known.entry(Arc::as_ptr(path).addr()).or_insert_with(|| {
            let first = FamilyChanges::new(*packing, family);
            buckets.push(Bucket { path: path.clone(), first, others: Vec::new() });
            buckets.len() - 1
        });
        let Some(bucket) = buckets.get_mut(at) else { return };
        bucket.of(*packing, family).push(change, names);
    }

    /// What was added, in order.
    pub(super) fn buckets(self) -> VecDeque<Bucket> {
        self.buckets.into()
    }
}

impl Bucket {
    /// Its changes of a family.
    fn of(&mut self, packing: Packing, family: Family) -> &mut FamilyChanges {
        let Self { first, others, .. } = self;
        if first.family == family {
            return first;
        }
        let known = others.iter().position(|changes| changes.family == family);
        let at = known.unwrap_or_else(|| {
            others.push(FamilyChanges::new(packing, family));
            others.len() - 1
        });
        others.get_mut(at).unwrap_or(first)
    }

    /// Its changes as groups.
    pub(super) fn groups(self, names: &Catalogue) -> impl Iterator<Item = Group> {
        let Self { path, first, others } = self;
        let both = |FamilyChanges { family, alone, withdrawn, announced }: FamilyChanges| {
            let withdrawn = withdrawn.map(|runs| *runs);
            withdrawn.into_iter().chain([announced]).map(move |runs| (family, alone, runs))
        };
        let groups = core::iter::once(first).chain(others).flat_map(both);
        groups
            .map(move |(family, alone, runs)| Group::new(path.clone(), family, runs, alone, names))
            .filter(|group| group.left() > 0)
    }
}

impl FamilyChanges {
    fn new(packing: Packing, family: Family) -> Self {
        let alone = !is_grouped(packing, family);
        Self { family, alone, withdrawn: None, announced: Self::runs(alone) }
    }

    fn runs(alone: bool) -> Runs<Change> {
        if alone { Runs::unordered() } else { Runs::default() }
    }

    fn push(&mut self, change: Change, names: &Catalogue) {
        let runs = match change.withdrawn && !self.alone {
            true => self.withdrawn.get_or_insert_with(|| Box::new(Self::runs(self.alone))),
            false => &mut self.announced,
        };
        runs.push(change, names);
    }
}

/// A route that is announced again. ExaBGP has an UPDATE for each.
pub(super) fn again(path: Arc<Path>, change: Change, names: &Catalogue) -> Group {
    let family = names.family(change.number);
    Group::new(path, family, Runs::of(change), true, names)
}

/// Whether a withdrawal that is not to be sent still drags its attributes along.
pub(super) fn drags_attributes(packing: Packing, family: Family) -> bool {
    packing != Packing::Tight && !matches!(family.safi, Safi::UNICAST | Safi::MULTICAST)
}

fn is_grouped(packing: Packing, family: Family) -> bool {
    match packing {
        Packing::Tight => true,
        Packing::Single => false,
        Packing::Grouped => family == Family::IPV4_UNICAST || family.safi == Safi::MVPN,
    }
}

/// Writes the attributes of `path` for this peer, by ascending type code. Where AS numbers have two octets, AS4_PATH and
/// AS4_AGGREGATOR follow what they complete (RFC 6793 §4.2.2).
fn encode_attributes(
    path: &Path,
    family: Family,
    next_hop: Option<NextHop>,
    terms: &PeerTerms<'_>,
    out: &mut Writer<'_>,
) -> Result<(), BufferFull> {
    let negotiated = terms.negotiated;
    let internal = negotiated.is_internal();
    let mut attributes = (*path.attributes).clone();
    if attributes.get(AttributeCode::ORIGIN).is_none() {
        attributes.insert(Attribute::Origin(Origin::Igp));
    }
    if attributes.get(AttributeCode::AS_PATH).is_none() {
        let own = [negotiated.local_as];
        attributes.insert(Attribute::AsPath(AsPath::sequence(if internal { &[][..] } else { &own })));
    }
    if !internal {
        attributes.remove(AttributeCode::LOCAL_PREF);
    } else if attributes.get(AttributeCode::LOCAL_PREF).is_none() {
        attributes.insert(Attribute::LocalPref(100));
    }
    if !(internal || terms.aigp) {
        attributes.remove(AttributeCode::AIGP);
    }
    let mut hop = match next_hop {
        // ExaBGP has the next hop of these in MP_REACH_NLRI only.
        _ if matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN | Safi::VPLS | Safi::SR_POLICY) => None,
        Some(NextHop::V4(address)) => Some(address),
        _ => None,
    };
    for attribute in &attributes {
        if attribute.code() > AttributeCode::NEXT_HOP {
            encode_next_hop(hop.take(), out)?;
        }
        attribute.encode(negotiated.asn4, out)?;
        if !negotiated.asn4 {
            encode_four_octets(attribute, out)?;
        }
    }
    encode_next_hop(hop, out)
}

/// Writes an attribute as it would be where it takes most room, and what completes it.
pub(super) fn encode_longest(attribute: &Attribute, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    attribute.encode(true, out)?;
    encode_four_octets(attribute, out)
}

fn encode_next_hop(address: Option<Ipv4Addr>, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    let Some(address) = address else { return Ok(()) };
    let flags = AttributeFlags(AttributeFlags::TRANSITIVE);
    attribute::encode(flags, AttributeCode::NEXT_HOP, out, |out| out.array(address.octets()))
}

/// Writes what completes an attribute whose AS numbers do not fit two octets. A confederation's segments stay out of it.
fn encode_four_octets(attribute: &Attribute, out: &mut Writer<'_>) -> Result<(), BufferFull> {
    match attribute {
        Attribute::AsPath(path) if path.needs_four_octets() => {
            let outside = |kind: AsSegmentKind| !kind.is_confederation();
            let segments: Vec<_> =
                path.segments.iter().filter(|segment| outside(segment.kind)).cloned().collect();
            if segments.is_empty() {
                Ok(())
            } else {
                Attribute::As4Path(AsPath { segments }).encode(true, out)
            }
        }
        Attribute::Aggregator(aggregator) if aggregator.asn > u32::from(u16::MAX) => {
            Attribute::As4Aggregator(*aggregator).encode(true, out)
        }
        _ => Ok(()),
    }
}
