//! The two halves of a route: where it leads, and the way there, which many routes share.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::net::{IpAddr, Ipv4Addr};

use crate::wire::{Afi, Attributes, Family, NextHop, Nlri, Prefix};

/// What identifies a route towards one peer: the NLRI without its labels, and the path identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The NLRI, as [`Nlri::key`] gives it.
    pub nlri: Nlri,
    /// The path identifier (RFC 7911).
    pub path_id: Option<u32>,
}

impl Destination {
    /// What identifies a route to `nlri`.
    pub fn new(nlri: &Nlri, path_id: Option<u32>) -> Self {
        Self { nlri: nlri.key(), path_id }
    }

    /// The family that it belongs to.
    pub fn family(&self) -> Family {
        self.nlri.family()
    }
}

impl Ord for Destination {
    #[inline(always)]
    fn cmp(&self, other: &Self) -> Ordering {
        // Large tables are of IPv4 unicast, and a RIB does little else than compare.
        let nlri = match (&self.nlri, &other.nlri) {
            (Nlri::Unicast(Prefix::V4(ours)), Nlri::Unicast(Prefix::V4(theirs))) => ours.cmp(theirs),
            (ours, theirs) => compare_nlri(ours, theirs),
        };
        nlri.then_with(|| self.path_id.cmp(&other.path_id))
    }
}

/// Kept apart from what is compared most, so that this is small.
#[inline(never)]
fn compare_nlri(ours: &Nlri, theirs: &Nlri) -> Ordering {
    ours.cmp(theirs)
}

impl PartialOrd for Destination {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The next hop to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hop {
    /// None: FlowSpec, and a withdrawal that named none.
    None,
    /// This one.
    Given(NextHop),
    /// `next-hop self`: our end of the session.
    Own,
}

impl From<Option<NextHop>> for Hop {
    fn from(next_hop: Option<NextHop>) -> Self {
        next_hop.map_or(Self::None, Self::Given)
    }
}

/// How to get to a destination. Routes with equal paths may share an UPDATE.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The next hop.
    pub hop: Hop,
    /// Everything else.
    pub attributes: Arc<Attributes>,
}

/// Our end of a session, which `next-hop self` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Our address.
    pub address: IpAddr,
    /// Our BGP identifier: the IPv4 next hop on a session over IPv6.
    pub router_id: Ipv4Addr,
}

impl Own {
    /// The address that `hop` means for a route of `family`; `None`: there is none.
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

/// The paths in use: of equal ones a single copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    known: BTreeSet<Arc<Path>>,
    /// How many there may be before the unused ones are looked for.
    sweep_at: usize,
}

impl Paths {
    /// The copy of `path` that is kept.
    pub(super) fn intern(&mut self, path: Path) -> Arc<Path> {
        if let Some(known) = self.known.get(&path) {
            return known.clone();
        }
        if self.known.len() >= self.sweep_at {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.sweep_at = self.known.len() * 2 + 64;
        }
        let path = Arc::new(path);
        self.known.insert(path.clone());
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(last: u8) -> Path {
        Path { hop: Hop::Given(NextHop::V4([10, 0, 0, last].into())), attributes: Arc::default() }
    }

    #[test]
    fn equal_paths_are_kept_once_and_unused_ones_are_let_go() {
        let mut paths = Paths::default();
        let kept = paths.intern(path(1));
        assert!(Arc::ptr_eq(&kept, &paths.intern(path(1))));
        for round in 0..10 {
            for last in 2..100 {
                paths.intern(path(last));
            }
            assert!(paths.known.len() < 200, "round {round}");
        }
        assert!(Arc::ptr_eq(&kept, &paths.intern(path(1))));
    }
}
