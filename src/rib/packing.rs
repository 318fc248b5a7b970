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
//! - NEXT_HOP goes along with MP_REACH_NLRI too where it is an IPv4 address, but not with FlowSpec and VPLS;
//! - of several changes of one route that wait together each is sent, unless they differ in nothing but announcement and
//!   withdrawal; the last one always comes last.
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
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::path::{Destination, Hop, Path};
use crate::wire::Writer;
use crate::wire::attribute::{self, AsSegmentKind};
use crate::wire::error::BufferFull;
use crate::wire::{
    Afi, AsPath, Attribute, AttributeCode, AttributeFlags, Family, Negotiated, NextHop, Nlri, Origin, Prefix,
    Safi,
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
    /// Whether AIGP may leave the AS (RFC 7311 §3.2).
    pub aigp: bool,
}

impl PeerTerms<'_> {
    /// The address that `hop` means for a route of `family`; `None`: there is none.
    pub fn next_hop(&self, hop: Hop, family: Family) -> Option<NextHop> {
        self.own().next_hop(hop, family)
    }

    /// Our end of the session.
    pub(super) fn own(&self) -> Own {
        Own { address: self.local_address, router_id: self.router_id }
    }
}

/// Our end of a session, which `next-hop self` means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    address: IpAddr,
    router_id: Ipv4Addr,
}

impl Own {
    /// As [`PeerTerms::next_hop`].
    pub(super) fn next_hop(self, hop: Hop, family: Family) -> Option<NextHop> {
        match (hop, self.address) {
            (Hop::None, _) => None,
            (Hop::Given(next_hop), _) => Some(next_hop),
            (Hop::Own, address) if address.is_ipv4() == (family.afi != Afi::IPV6) => Some(address.into()),
            (Hop::Own, _) if family.afi == Afi::IPV4 => Some(NextHop::V4(self.router_id)),
            (Hop::Own, _) => None,
        }
    }

    /// Whether the peer cannot tell one path from the other.
    pub(super) fn same(self, a: &Path, b: &Path, family: Family) -> bool {
        a.attributes == b.attributes && self.next_hop(a.hop, family) == self.next_hop(b.hop, family)
    }
}

/// One change that waits in a batch.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its place in line; where its entry has another by now, it is out of date.
    pub(super) place: u64,
    pub(super) destination: Destination,
    pub(super) withdrawn: bool,
    /// It is not the last change of its route that waits.
    pub(super) former: Option<Former>,
}

/// What a change said that another has followed since.
#[derive(Clone, Debug)]
pub(super) struct Former {
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key.
    pub(super) exact: Option<Box<Nlri>>,
}

/// Changes of one family that go the same way, in the order in which they are sent.
#[derive(Clone, Debug)]
pub(super) struct Group {
    path: Arc<Path>,
    family: Family,
    members: Vec<Member>,
    next: usize,
    /// Each in an UPDATE of its own.
    alone: bool,
    /// The path's attributes as octets, once they were needed.
    attributes: Option<Vec<u8>>,
}

impl Group {
    fn new(path: Arc<Path>, family: Family, members: Vec<Member>, alone: bool) -> Self {
        Self { path, family, members, next: 0, alone, attributes: None }
    }

    /// How many members were not yet looked at.
    pub(super) fn left(&self) -> usize {
        self.members.len() - self.next
    }

    /// The next member, without taking it.
    pub(super) fn peek(&self) -> Option<&Member> {
        self.members.get(self.next)
    }

    /// Takes the next member.
    pub(super) fn advance(&mut self) {
        self.next += 1;
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

    /// Keeps the attributes for the next UPDATE.
    pub(super) fn keep_attributes(&mut self, attributes: Vec<u8>) {
        self.attributes = Some(attributes);
    }
}

/// Groups a refresh.
pub(super) fn group_refresh(
    packing: Packing,
    changes: impl Iterator<Item = (Arc<Path>, Member)>,
) -> Vec<Group> {
    match packing {
        Packing::Tight => group(packing, changes),
        Packing::Grouped | Packing::Single => changes
            .map(|(path, member)| {
                let family = member.destination.family();
                Group::new(path, family, Vec::from([member]), true)
            })
            .collect(),
    }
}

/// Groups withdrawals that are not to be sent but for their attributes: one for each path and family that have any.
pub(super) fn group_hollow(packing: Packing, withdrawals: Vec<(Arc<Path>, Member)>) -> Vec<Group> {
    let drags = |member: &Member| {
        packing != Packing::Tight
            && !matches!(member.destination.family().safi, Safi::UNICAST | Safi::MULTICAST)
    };
    group(packing, withdrawals.into_iter().filter(|(_, member)| drags(member)))
}

/// The changes of each family, in the order of their first.
type ByFamily = Vec<(Family, Vec<Member>)>;

/// Groups changes: by path, then by family, both in the order of their first change.
pub(super) fn group(packing: Packing, changes: impl Iterator<Item = (Arc<Path>, Member)>) -> Vec<Group> {
    let mut buckets: Vec<(Arc<Path>, ByFamily)> = Vec::new();
    let mut known: BTreeMap<*const Path, usize> = BTreeMap::new();
    for (path, member) in changes {
        let at = *known.entry(Arc::as_ptr(&path)).or_insert_with(|| {
            buckets.push((path, Vec::new()));
            buckets.len() - 1
        });
        let Some((_, families)) = buckets.get_mut(at) else { continue };
        let family = member.destination.family();
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(member),
            None => families.push((family, Vec::from([member]))),
        }
    }
    let mut groups = Vec::new();
    for (path, families) in buckets {
        for (family, members) in families {
            if is_grouped(packing, family) {
                let (mut withdrawn, mut announced): (Vec<_>, Vec<_>) =
                    members.into_iter().partition(|member| member.withdrawn);
                for members in [&mut withdrawn, &mut announced] {
                    sort(members);
                }
                groups.push(Group::new(path.clone(), family, withdrawn, false));
                groups.push(Group::new(path.clone(), family, announced, false));
            } else {
                groups.push(Group::new(path.clone(), family, members, true));
            }
        }
    }
    groups.retain(|group| group.left() > 0);
    groups
}

fn is_grouped(packing: Packing, family: Family) -> bool {
    match packing {
        Packing::Tight => true,
        Packing::Single => false,
        Packing::Grouped => family == Family::IPV4_UNICAST || family.safi == Safi::MVPN,
    }
}

/// Orders NLRI by their octets: path identifier, length, address.
fn sort(members: &mut [Member]) {
    let prefix = |member: &Member| match &member.destination.nlri {
        Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => Some((member.destination.path_id, bits(prefix))),
        _ => None,
    };
    if members.iter().all(|member| prefix(member).is_some()) {
        members.sort_unstable_by_key(|member| prefix(member));
    } else {
        members.sort_by_cached_key(|member| {
            let mut buffer = [0; 512];
            let mut octets = Writer::new(&mut buffer);
            let whole = member.destination.nlri.encode(&mut octets).is_ok();
            (member.destination.path_id, whole.then(|| octets.written().to_vec()))
        });
    }
}

fn bits(prefix: &Prefix) -> (u8, u128) {
    match prefix {
        Prefix::V4(prefix) => (prefix.length(), prefix.address().to_bits().into()),
        Prefix::V6(prefix) => (prefix.length(), prefix.address().to_bits()),
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
    if attributes.origin().is_none() {
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
        _ if matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN | Safi::VPLS) => None,
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
