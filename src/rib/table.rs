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

use super::change::{Aged, Change, Superseded};
use super::path::{Destination, Hop, Own, Path, Paths};
use super::runs::Runs;
use crate::wire::{Family, FamilyTerms, Nlri, Route, Writer};

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
}

/// What is known of a destination.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key: labels.
    pub(super) exact: Option<Box<Nlri>>,
    /// Its place in the queue or in the batch; 0: it waits for nothing.
    pub(super) place: u64,
    /// The place that it had when something was first announced to its destination: its age.
    pub(super) since: u64,
    /// The session in which the route was advertised; 0: none.
    pub(super) advertised_in: u32,
    /// Which reading of the configuration it is from; 0: none, a program announced it.
    generation: u32,
    /// What the peer is to know: the route, or its absence.
    pub(super) withdrawn: bool,
    /// No message of the session could hold it when it was last to be sent.
    pub(super) refused: bool,
}

impl Entry {
    fn new(path: Arc<Path>, exact: Option<Box<Nlri>>, place: u64, generation: u32, withdrawn: bool) -> Self {
        Self { path, exact, place, since: place, advertised_in: 0, generation, withdrawn, refused: false }
    }

    /// Whether `change` is still to be sent: it is the last change, or the last one is not sent yet and says something
    /// else.
    pub(super) fn awaits(&self, change: &Change) -> bool {
        match &change.superseded {
            None => self.place == change.place,
            Some(superseded) => self.place != 0 && !Arc::ptr_eq(&superseded.path, &self.path),
        }
    }

    /// The NLRI of one of its changes as a peer with these terms reads it; `None`: `buffer`, which has room for a message, has
    /// none for it.
    pub(super) fn nlri_octets<'b>(
        &self,
        change: &Change,
        agreed: &FamilyTerms,
        buffer: &'b mut [u8],
    ) -> Option<&'b [u8]> {
        let exact = change.superseded.as_ref().map_or(&self.exact, |superseded| &superseded.exact);
        let nlri = exact.as_deref().unwrap_or(&change.destination.nlri);
        let other_form = agreed.flow_form.rewrite(nlri);
        let nlri = other_form.as_ref().unwrap_or(nlri);
        let mut writer = Writer::new(buffer);
        if agreed.add_path_send {
            writer.u32(change.destination.path_id.unwrap_or_default()).ok()?;
        }
        nlri.encode(&mut writer).ok()?;
        let length = writer.written().len();
        buffer.get(..length)
    }

    /// Goes into the batch: out of the queue, and known by its new place until it is sent.
    pub(super) fn take_place(&mut self, next_place: &mut u64, destination: Destination) -> Change {
        self.place = *next_place;
        *next_place += 1;
        let (place, withdrawn) = (self.place, self.withdrawn);
        Change { place, destination, withdrawn, superseded: None }
    }
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
        if same_path && !withdrawn && !entry.withdrawn && !refused {
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

    /// Withdraws the routes that only an earlier reading of the configuration than the `generation`th had.
    pub(super) fn retire(&mut self, generation: u32) {
        self.handled += self.entries.len() as u64;
        let old = |entry: &Entry| entry.generation != 0 && entry.generation != generation && !entry.withdrawn;
        for (destination, entry) in self.entries.iter_mut().filter(|(_, entry)| old(entry)) {
            self.queue.remove(&entry.place);
            entry.withdrawn = true;
            entry.place = self.next_place;
            self.next_place += 1;
            self.announced -= 1;
            self.queue.insert(entry.place, destination.clone());
        }
    }

    /// Withdraws everything that was advertised, the oldest first, and forgets what waits to be announced.
    pub(super) fn clear(&mut self) {
        self.handled += self.entries.len() as u64;
        self.queue.clear();
        self.superseded.clear();
        self.announced = 0;
        let Self { entries, queue, next_place, session, void, .. } = self;
        let mut known = Runs::default();
        entries.retain(|destination, entry| {
            let advertised = entry.advertised_in == *session || (entry.withdrawn && entry.place >= *void);
            if advertised {
                known.push(Aged { since: entry.since, destination: destination.clone() });
            }
            advertised
        });
        let mut known = known.merged();
        while let Some(Aged { destination, .. }) = known.advance() {
            let Some(entry) = entries.get_mut(&destination) else { continue };
            entry.withdrawn = true;
            entry.place = *next_place;
            queue.insert(*next_place, destination);
            *next_place += 1;
        }
    }
}
