//! Adj-RIB-In: what the peer has announced, where the neighbor is configured to remember it.
//!
//! Routes that a family has many of become stale, or are forgotten, all at once and in no time: each knows the mark after which it
//! was announced, and each family which marks are past. What is forgotten gives its room back a slice at a time.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use super::path::{Destination, Hop, Path, Paths};
use crate::wire::{Attribute, Attributes, Community, Family, NextHop, Nlri};

/// What a neighbor has announced to us.
#[derive(Clone, Debug, Default)]
pub struct AdjRibIn {
    /// Those that are forgotten among them, as long as they have their room.
    routes: BTreeMap<Destination, Received>,
    families: BTreeMap<Family, FamilyMarks>,
    /// The mark that was set last.
    mark: u64,
    paths: Paths,
    /// Something is forgotten, or changes, and the routes behind this one are still to be looked at for it.
    untidy: Option<Option<Destination>>,
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
    /// The mark that had been set last when it was announced.
    mark: u64,
}

/// What became of the routes of a family that were announced before a mark.
#[derive(Clone, Debug, Default)]
struct FamilyMarks {
    /// They are forgotten.
    forgotten: u64,
    /// They are stale: the peer has restarted since, and has not announced them again (RFC 4724 §4.2).
    stale: u64,
    /// They are stale for long (RFC 9494).
    long_lived: u64,
    /// How many are not forgotten, and of them not stale.
    kept: usize,
    fresh: usize,
}

impl FamilyMarks {
    /// A route that was announced after this mark is gone.
    fn note_gone(&mut self, mark: u64) {
        self.kept -= usize::from(mark >= self.forgotten);
        self.fresh -= usize::from(mark >= self.stale);
    }

    /// Forgets what was announced before this mark.
    fn forget(&mut self, mark: u64) {
        (self.forgotten, self.stale) = (mark, mark);
        (self.kept, self.fresh) = (0, 0);
    }
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
        let destination = Destination::new(&nlri, path_id);
        let marks = self.families.entry(destination.family()).or_default();
        (marks.kept, marks.fresh) = (marks.kept + 1, marks.fresh + 1);
        let route = Received { nlri, path, mark: self.mark };
        if let Some(known) = self.routes.insert(destination, route) {
            marks.note_gone(known.mark);
        }
    }

    /// Forgets a route.
    pub fn withdraw(&mut self, nlri: &Nlri, path_id: Option<u32>) {
        self.handled += 1;
        let destination = Destination::new(nlri, path_id);
        if let Some(known) = self.routes.remove(&destination) {
            self.families.entry(destination.family()).or_default().note_gone(known.mark);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.mark += 1;
        self.families.values_mut().for_each(|marks| marks.forget(self.mark));
        self.look_again();
    }

    /// Forgets every route of `family`.
    pub fn clear_family(&mut self, family: Family) {
        self.mark += 1;
        self.families.entry(family).or_default().forget(self.mark);
        self.look_again();
    }

    /// Marks the routes of these families as stale and forgets all others: the peer restarts (RFC 4724 §4.2).
    pub fn mark_stale(&mut self, preserved: &[Family]) {
        self.mark += 1;
        let mut forgets = false;
        for (family, marks) in &mut self.families {
            if preserved.contains(family) {
                (marks.stale, marks.fresh) = (self.mark, 0);
            } else {
                forgets |= marks.kept > 0;
                marks.forget(self.mark);
            }
        }
        if forgets {
            self.look_again();
        }
    }

    /// Marks the routes of `family` as stale: they are about to be announced again (RFC 7313 §4.2).
    pub fn mark_family_stale(&mut self, family: Family) {
        self.mark += 1;
        let marks = self.families.entry(family).or_default();
        (marks.stale, marks.fresh) = (self.mark, 0);
    }

    /// The restart of the peer takes long (RFC 9494 §4.2): marks the stale routes of `family` with LLGR_STALE, and forgets those
    /// that say NO_LLGR. They are looked at a slice at a time.
    pub fn mark_long_lived(&mut self, family: Family) {
        let marks = self.families.entry(family).or_default();
        marks.long_lived = marks.stale;
        if marks.kept > marks.fresh {
            self.look_again();
        }
    }

    /// Forgets what is still stale in `family`, or in all of them: End-of-RIB came, or the time is over.
    pub fn sweep_stale(&mut self, family: Option<Family>) {
        let mut swept = false;
        let wanted = self.families.iter_mut().filter(|(known, _)| family.is_none_or(|only| only == **known));
        for (_, marks) in wanted {
            swept |= marks.kept > marks.fresh;
            (marks.forgotten, marks.kept) = (marks.stale, marks.fresh);
        }
        if swept {
            self.look_again();
        }
    }

    /// Whether some route is stale.
    pub fn has_stale(&self) -> bool {
        self.families.values().any(|marks| marks.kept > marks.fresh)
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.families.values().map(|marks| marks.kept).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn look_again(&mut self) {
        self.untidy = (!self.routes.is_empty()).then_some(None);
    }

    /// Whether something is forgotten that still has its room.
    pub fn is_untidy(&self) -> bool {
        self.untidy.is_some()
    }

    /// Gives back the room of what is forgotten, and looks at what is stale for long, as long as there is `room` to look at so many
    /// routes; what was used of it is taken from it. Returns whether nothing is left to be done.
    pub fn tidy(&mut self, room: &mut usize) -> bool {
        let had = *room;
        while *room > 0 && self.is_empty() && self.routes.pop_first().is_some() {
            *room -= 1;
        }
        if let Some(after) = self.untidy.take().filter(|_| !self.routes.is_empty()) {
            self.untidy = self.tidy_behind(after.as_ref(), room);
        }
        self.handled += (had - *room) as u64;
        self.untidy.is_none()
    }

    /// The same for the routes behind this one; `None`: there are no more.
    fn tidy_behind(&mut self, after: Option<&Destination>, room: &mut usize) -> Option<Option<Destination>> {
        let Self { routes, families, paths, .. } = self;
        let mut gone = Vec::new();
        let mut last = after.cloned();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut left = false;
        for (destination, route) in routes.range_mut((start, Bound::Unbounded)) {
            if *room == 0 {
                left = true;
                break;
            }
            *room -= 1;
            let marks = families.entry(destination.family()).or_default();
            let forgotten = route.mark < marks.forgotten;
            if forgotten || (route.mark < marks.long_lived && !keep_for_long(route, paths)) {
                marks.note_gone(route.mark);
                gone.push(destination.clone());
            }
            last = Some(destination.clone());
        }
        for destination in &gone {
            routes.remove(destination);
        }
        left.then_some(last)
    }

    fn is_kept(&self, destination: &Destination, route: &Received) -> bool {
        let marks = self.families.get(&destination.family());
        marks.is_some_and(|marks| route.mark >= marks.forgotten)
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
        let routes = self.routes.range((start, Bound::Unbounded));
        routes.filter(|(destination, route)| self.is_kept(destination, route))
    }
}

/// Marks a route with LLGR_STALE; `false`: it says NO_LLGR, and is not kept.
fn keep_for_long(route: &mut Received, paths: &mut Paths) -> bool {
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
        assert_eq!(rib.routes().map(|(d, _)| d.nlri.clone()).collect::<Vec<_>>(), [nlri(2)]);
        rib.mark_stale(&[]);
        assert!(rib.is_empty());
    }

    #[test]
    fn what_is_forgotten_is_gone_at_once_and_its_room_is_given_back_a_slice_at_a_time() {
        let mut rib = rib(0..200);
        rib.mark_stale(&[Family::IPV4_UNICAST]);
        assert!(!rib.is_untidy(), "nothing is forgotten");
        (0..50).for_each(|third| rib.announce(nlri(third), None, None, &Arc::default()));
        assert_eq!((rib.len(), rib.has_stale()), (200, true));
        rib.sweep_stale(None);
        rib.announce(nlri(199), None, None, &Arc::default());
        rib.withdraw(&nlri(100), None);
        assert_eq!((rib.len(), rib.has_stale(), rib.routes().count()), (51, false, 51));
        let slices = core::iter::from_fn(|| (!rib.tidy(&mut 20)).then_some(())).count();
        assert_eq!((slices, rib.routes.len(), rib.routes().count()), (9, 51, 51));
        rib.clear();
        rib.announce(nlri(7), None, None, &Arc::default());
        assert_eq!((rib.len(), rib.routes().count()), (1, 1));
        while !rib.tidy(&mut 7) {}
        assert_eq!((rib.len(), rib.routes.len()), (1, 1));
    }

    #[test]
    fn routes_that_are_stale_for_long_say_so_or_are_forgotten() {
        let mut rib = rib([1, 2]);
        let short = [Attribute::Communities([Community::NO_LLGR].into())].into_iter().collect();
        rib.announce(nlri(3), None, None, &Arc::new(short));
        rib.mark_stale(&[Family::IPV4_UNICAST]);
        rib.announce(nlri(2), None, None, &Arc::default());
        rib.mark_long_lived(Family::IPV4_UNICAST);
        while !rib.tidy(&mut 1) {}
        let marked = |(_, route): (&Destination, &Received)| !route.path.attributes.communities().is_empty();
        assert_eq!(rib.routes().map(marked).collect::<Vec<_>>(), [true, false]);
        assert_eq!((rib.len(), rib.has_stale()), (2, true));
    }
}
