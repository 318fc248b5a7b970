//! The table of an Adj-RIB-Out: an entry for each destination, and the queue of those that have changed.
//!
//! An entry waits at one place: a later change takes the place of an earlier one that is not yet sent. A peer that reads slowly
//! therefore costs entries, never a growing queue. Only up to [`MAX_SUPERSEDED`] earlier changes are sent all the same, because
//! ExaBGP sends them.
//!
//! A session that begins or ends touches no entry: an entry says in which session its route was advertised, and a place in the
//! queue that was lost with a session is one that nothing waits at.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry as Slot;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use super::change::{Change, Superseded};
use super::entry::Entry;
use super::path::{Destination, Hop, Own, Path, Paths};
use super::walk::Walk;
use crate::wire::{Family, Nlri, Route};

/// How many changes that another has followed may wait nevertheless.
const MAX_SUPERSEDED: usize = 1024;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(super) struct RouteTable {
    /// Whether routes are remembered once they are sent.
    pub(super) keep: bool,
    pub(super) entries: BTreeMap<Destination, Entry>,
    paths: Paths,
    /// What waits for the next batch, by its place.
    pub(super) queue: BTreeMap<u64, Destination>,
    /// Changes that another has followed before they were sent, by their place.
    pub(super) superseded: BTreeMap<u64, Change>,
    /// The place that comes next.
    pub(super) next_place: u64,
    /// Withdrawals before this place were for an earlier session, and are void.
    pub(super) void: u64,
    /// Our end of every session, where the configuration says it.
    pub(super) own: Option<Own>,
    /// Our end of this session, once something was packed for it.
    pub(super) session_own: Option<Own>,
    /// How many sessions there have been, this one included.
    pub(super) session: u32,
    /// How many routes are announced.
    pub(super) announced: usize,
    /// Routes worked on and not yet accounted for.
    pub(super) handled: u64,
    /// The clear that is under way.
    pub(super) clearing: Option<Clearing>,
    /// The destination up to which an earlier reading's routes were looked for.
    retired: Option<Destination>,
}

/// A clear that is under way: the routes that were announced before a place.
#[derive(Clone, Debug)]
pub(super) struct Clearing {
    before: u64,
    walk: Walk,
}

impl RouteTable {
    /// An empty one. Without `keep` a route is forgotten once it is sent.
    pub(super) fn new(keep: bool) -> Self {
        Self {
            keep,
            entries: BTreeMap::new(),
            paths: Paths::default(),
            queue: BTreeMap::new(),
            superseded: BTreeMap::new(),
            next_place: 1,
            void: 0,
            own: None,
            session_own: None,
            session: 1,
            announced: 0,
            handled: 0,
            clearing: None,
            retired: None,
        }
    }

    /// Whether anything waits for the next batch.
    pub(super) fn has_changes(&self) -> bool {
        !(self.queue.is_empty() && self.superseded.is_empty())
    }

    /// The entries behind this destination, in the order of their destinations.
    pub(super) fn after(
        &self,
        destination: Option<&Destination>,
    ) -> impl Iterator<Item = (&Destination, &Entry)> + use<'_> {
        let start = destination.cloned().map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((start, Bound::Unbounded))
    }

    /// The session is gone, and with it what was advertised in it.
    pub(super) fn session_down(&mut self) {
        self.session += 1;
        self.void = self.next_place;
        self.session_own = None;
        self.superseded.clear();
    }
}

/// Changes.
impl RouteTable {
    /// Announces `route`, or withdraws it; with `own_hop` its next hop is our end of the session.
    pub(super) fn change(&mut self, route: &Route, own_hop: bool, withdrawn: bool, generation: u32) {
        self.handled += 1;
        let destination = Destination::new(&route.nlri, route.path_id);
        let family = destination.family();
        let hop = match self.own.filter(|_| own_hop) {
            Some(own) => own.next_hop(Hop::Own, family).map_or(Hop::Own, Hop::Given),
            None if own_hop => Hop::Own,
            None => route.next_hop.into(),
        };
        let path = self.paths.intern(Path { hop, attributes: route.attributes.clone() });
        let exact = (route.nlri != destination.nlri).then(|| Box::new(route.nlri.clone()));
        self.enter(destination, family, path, exact, withdrawn, generation);
    }

    /// What is to be known of a destination from now on.
    fn enter(
        &mut self,
        destination: Destination,
        family: Family,
        path: Arc<Path>,
        exact: Option<Box<Nlri>>,
        withdrawn: bool,
        generation: u32,
    ) {
        let place = self.next_place;
        let slot = match self.entries.entry(destination) {
            Slot::Occupied(slot) => slot,
            Slot::Vacant(slot) => {
                self.next_place += 1;
                self.announced += usize::from(!withdrawn);
                self.queue.insert(place, slot.key().clone());
                slot.insert(Entry::new(path, exact, place, generation, withdrawn));
                return;
            }
        };
        let destination = slot.key().clone();
        let entry = slot.into_mut();
        entry.generation = generation;
        let refused = core::mem::take(&mut entry.refused);
        let own = self.own.or(self.session_own);
        let same_path = (Arc::ptr_eq(&entry.path, &path)
            || own.is_some_and(|own| own.same(&entry.path, &path, family)))
            && entry.exact == exact;
        // What a clear takes back that is under way is announced anew.
        let taken_back = self.clearing.as_ref().is_some_and(|clearing| entry.place < clearing.before);
        if same_path && !withdrawn && !entry.withdrawn && !refused && !taken_back {
            return;
        }
        match (entry.withdrawn, withdrawn) {
            (true, false) => {
                self.announced += 1;
                entry.since = place;
            }
            (false, true) => self.announced -= 1,
            _ => {}
        }
        let waited = self.queue.contains_key(&entry.place);
        // A change of the same path keeps its predecessor's place, unless that is void.
        if waited && Arc::ptr_eq(&entry.path, &path) {
            (entry.exact, entry.withdrawn) = (exact, withdrawn);
            if withdrawn && entry.place < self.void {
                self.queue.remove(&entry.place);
                entry.place = place;
                self.next_place += 1;
                self.queue.insert(place, destination);
            }
            return;
        }
        let superseded = Superseded {
            path: core::mem::replace(&mut entry.path, path),
            exact: core::mem::replace(&mut entry.exact, exact),
        };
        let was_withdrawn = core::mem::replace(&mut entry.withdrawn, withdrawn);
        let old = core::mem::replace(&mut entry.place, place);
        let awaited = self.queue.remove(&old).is_some() && !(was_withdrawn && old < self.void);
        if awaited && self.superseded.len() < MAX_SUPERSEDED {
            let (destination, superseded) = (destination.clone(), Some(superseded));
            let change = Change { place: old, destination, withdrawn: was_withdrawn, superseded };
            self.superseded.insert(old, change);
        }
        self.next_place += 1;
        self.queue.insert(place, destination);
    }

    /// Announces what it holds to these destinations once more. Those that still wait to be announced are returned.
    pub(super) fn repeat(&mut self, destinations: Vec<Destination>) -> Vec<Destination> {
        let Self { entries, queue, next_place, .. } = self;
        let again = |destination: Destination| {
            let entry = entries.get_mut(&destination).filter(|entry| !entry.withdrawn)?;
            if entry.place != 0 {
                return Some(destination);
            }
            entry.place = *next_place;
            *next_place += 1;
            queue.insert(entry.place, destination);
            None
        };
        destinations.into_iter().filter_map(again).collect()
    }

    /// Withdraws the routes that only an earlier reading of the configuration than the `generation`th had, as long as there is
    /// room; whether it has got to the end.
    pub(super) fn retire(&mut self, generation: u32, room: &mut usize) -> bool {
        let start = self.retired.take().map_or(Bound::Unbounded, Bound::Excluded);
        for (destination, entry) in self.entries.range_mut((start, Bound::Unbounded)) {
            self.handled += 1;
            *room = room.saturating_sub(1);
            if entry.generation != 0 && entry.generation != generation && !entry.withdrawn {
                self.queue.remove(&entry.place);
                entry.withdrawn = true;
                entry.place = self.next_place;
                self.next_place += 1;
                self.announced -= 1;
                self.queue.insert(entry.place, destination.clone());
            }
            if *room == 0 {
                self.retired = Some(destination.clone());
                return false;
            }
        }
        true
    }

    /// Begins to withdraw everything that was advertised, the oldest first, and to forget what waits to be announced. What is
    /// announced from now on stays.
    pub(super) fn begin_clear(&mut self) {
        self.queue.clear();
        self.superseded.clear();
        self.clearing = Some(Clearing { before: self.next_place, walk: Walk::default() });
    }

    /// Goes on with a clear as long as there is room; whether it has got to the end.
    pub(super) fn go_on_with_clear(&mut self, room: &mut usize) -> bool {
        let Some(Clearing { before, mut walk }) = self.clearing.take() else { return true };
        let had = *room;
        let Self { entries, queue, next_place, session, void, announced, .. } = self;
        let known =
            |entry: &Entry| entry.advertised_in == *session || (entry.withdrawn && entry.place >= *void);
        walk.look(entries, room, |_, entry| entry.place < before);
        while let Some(destination) = walk.take(room) {
            let Some(entry) = entries.get_mut(&destination).filter(|entry| entry.place < before) else {
                continue;
            };
            *announced -= usize::from(!entry.withdrawn);
            if known(entry) {
                entry.withdrawn = true;
                entry.place = *next_place;
                queue.insert(*next_place, destination);
                *next_place += 1;
            } else {
                entries.remove(&destination);
            }
        }
        self.handled += (had - *room) as u64;
        let done = walk.is_over();
        self.clearing = (!done).then_some(Clearing { before, walk });
        done
    }
}
