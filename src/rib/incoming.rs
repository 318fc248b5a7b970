//! Adj-RIB-In: what the peer has announced, where the neighbor is configured to remember it.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Bound;

use super::path::{Destination, Hop, Path, Paths};
use crate::wire::{Attribute, Attributes, Community, Family, NextHop, Nlri};

/// What a neighbor has announced to us.
#[derive(Clone, Debug, Default)]
pub struct AdjRibIn {
    routes: BTreeMap<Destination, Received>,
    paths: Paths,
    /// Routes worked on and not yet accounted for.
    handled: u64,
}

/// A route received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The NLRI with its labels.
    pub nlri: Nlri,
    /// The way there.
    pub path: Arc<Path>,
    /// The peer that announced it has restarted since, and has not announced it again (RFC 4724 §4.2).
    pub stale: bool,
}

impl AdjRibIn {
    /// How many routes were worked on since this was last asked: remembered, forgotten or looked at.
    pub fn take_handled(&mut self) -> u64 {
        core::mem::take(&mut self.handled)
    }

    /// Remembers a route; one to the same destination makes room for it.
    pub fn announce(
        &mut self,
        nlri: Nlri,
        path_id: Option<u32>,
        next_hop: Option<NextHop>,
        attributes: &Arc<Attributes>,
    ) {
        self.handled += 1;
        let path = self.paths.intern(Path { hop: Hop::from(next_hop), attributes: attributes.clone() });
        self.routes.insert(Destination::new(&nlri, path_id), Received { nlri, path, stale: false });
    }

    /// Forgets a route.
    pub fn withdraw(&mut self, nlri: &Nlri, path_id: Option<u32>) {
        self.handled += 1;
        self.routes.remove(&Destination::new(nlri, path_id));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.handled += self.routes.len() as u64;
        self.routes.clear();
    }

    /// Forgets routes, as long as there is `room` for so many, and takes from it what it has used. Returns whether none is left.
    pub fn clear_some(&mut self, room: &mut usize) -> bool {
        while *room > 0 && self.routes.pop_first().is_some() {
            *room -= 1;
            self.handled += 1;
        }
        self.routes.is_empty()
    }

    /// Forgets every route of `family`.
    pub fn clear_family(&mut self, family: Family) {
        self.handled += self.routes.len() as u64;
        self.routes.retain(|destination, _| destination.family() != family);
    }

    /// Marks the routes of these families as stale and forgets all others: the peer restarts (RFC 4724 §4.2).
    pub fn mark_stale(&mut self, preserved: &[Family]) {
        self.handled += self.routes.len() as u64;
        self.routes.retain(|destination, route| {
            route.stale = true;
            preserved.contains(&destination.family())
        });
    }

    /// Marks the routes of `family` as stale: they are about to be announced again (RFC 7313 §4.2).
    pub fn mark_family_stale(&mut self, family: Family) {
        self.handled += self.routes.len() as u64;
        for (_, route) in self.routes.iter_mut().filter(|(destination, _)| destination.family() == family) {
            route.stale = true;
        }
    }

    /// The restart of the peer takes long (RFC 9494 §4.2): marks the stale routes of `family` with LLGR_STALE, and forgets those
    /// that say NO_LLGR.
    pub fn mark_long_lived(&mut self, family: Family) {
        let Self { routes, paths, handled } = self;
        *handled += routes.len() as u64;
        routes.retain(|destination, route| {
            if !route.stale || destination.family() != family {
                return true;
            }
            let communities = route.path.attributes.communities();
            if communities.contains(&Community::NO_LLGR) {
                return false;
            }
            if !communities.contains(&Community::LLGR_STALE) {
                let communities = communities.iter().copied().chain([Community::LLGR_STALE]).collect();
                let mut attributes = (*route.path.attributes).clone();
                attributes.insert(Attribute::Communities(communities));
                let hop = route.path.hop;
                route.path = paths.intern(Path { hop, attributes: Arc::new(attributes) });
            }
            true
        });
    }

    /// Forgets what is still stale in `family`, or in all of them: End-of-RIB came, or the time is over.
    pub fn sweep_stale(&mut self, family: Option<Family>) {
        self.handled += self.routes.len() as u64;
        self.routes.retain(|destination, route| {
            !(route.stale && family.is_none_or(|family| family == destination.family()))
        });
    }

    /// Whether some route is stale.
    pub fn has_stale(&self) -> bool {
        self.routes.values().any(|route| route.stale)
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// Every route, by destination.
    pub fn routes(&self) -> impl Iterator<Item = (&Destination, &Received)> {
        self.routes_after(None)
    }

    /// The routes that come after this destination in that order, so that they can be told of a few at a time.
    pub fn routes_after(
        &self,
        after: Option<&Destination>,
    ) -> impl Iterator<Item = (&Destination, &Received)> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.routes.range((start, Bound::Unbounded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Ipv4Prefix, Prefix};

    fn nlri(third: u8) -> Nlri {
        Nlri::Unicast(Prefix::V4(Ipv4Prefix::new([10, 0, third, 0].into(), 24).unwrap()))
    }

    fn rib(thirds: impl IntoIterator<Item = u8>) -> AdjRibIn {
        let mut rib = AdjRibIn::default();
        for third in thirds {
            rib.announce(nlri(third), None, None, &Arc::default());
        }
        rib
    }

    #[test]
    fn a_route_announced_again_replaces_the_first_and_a_withdrawal_removes_it() {
        let mut rib = rib([1, 2, 1]);
        assert_eq!(rib.len(), 2);
        rib.withdraw(&nlri(1), None);
        rib.withdraw(&nlri(3), None);
        assert_eq!(rib.len(), 1);
    }

    #[test]
    fn stale_routes_that_are_not_announced_again_go_with_end_of_rib() {
        let mut rib = rib([1, 2]);
        rib.mark_stale(&[Family::IPV4_UNICAST]);
        rib.announce(nlri(2), None, None, &Arc::default());
        rib.sweep_stale(Some(Family::IPV6_UNICAST));
        assert_eq!(rib.len(), 2);
        rib.sweep_stale(Some(Family::IPV4_UNICAST));
        assert_eq!(rib.routes().map(|(d, _)| d.nlri.clone()).collect::<alloc::vec::Vec<_>>(), [nlri(2)]);
        rib.mark_stale(&[]);
        assert!(rib.is_empty());
    }
}
