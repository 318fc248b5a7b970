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
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::catalogue::{BLOCK, Catalogue, Resolved};
use super::change::Superseded;
use super::entries::TableEntries;
use super::entry::Entry;
use super::listed::ListedDestinations;
use super::path::{Destination, Hop, Own, Path};
use super::queue::ChangeQueue;
use super::walk::Walk;
use crate::wire::{Family, Nlri};

/// How many changes that another has followed may wait nevertheless.
const MAX_SUPERSEDED: usize = 1024;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct RouteTable {
    /// Whether routes are remembered once they are sent.
    pub(super) keep: bool,
    pub(super) entries: TableEntries,
    /// What waits for the next batch, by its place.
    pub(super) queue: ChangeQueue,
    /// Changes that another has followed before they were sent, by their place.
    pub(super) superseded: BTreeMap<u64, Superseded>,
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
    /// What the configuration had, and no entry tells any more.
    listed: ListedDestinations,
    /// The number from which on an earlier reading's routes are still to be looked for.
    retired: u32,
    /// The block that was changed last.
    changed: u32,
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
            entries: TableEntries::default(),
            queue: ChangeQueue::default(),
            superseded: BTreeMap::new(),
            next_place: 1,
            void: 1,
            own: None,
            session_own: None,
            session: 1,
            announced: 0,
            handled: 0,
            clearing: None,
            listed: ListedDestinations::default(),
            retired: 0,
            changed: 0,
        }
    }

    /// Whether anything waits for the next batch.
    pub(super) fn has_changes(&self) -> bool {
        !(self.queue.is_empty() && self.superseded.is_empty())
    }

    /// A copy for another neighbor.
    pub(super) fn copy(&self, catalogue: &mut Catalogue) -> Self {
        Self {
            entries: self.entries.copy(catalogue),
            queue: self.queue.clone(),
            superseded: self.superseded.clone(),
            clearing: self.clearing.clone(),
            listed: self.listed.copy(catalogue),
            ..*self
        }
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
    /// Announces a route, or withdraws it.
    pub(super) fn change(
        &mut self,
        catalogue: &mut Catalogue,
        route: &Resolved,
        withdrawn: bool,
        generation: u32,
    ) {
        self.handled += 1;
        let Resolved { number, family, path, exact } = route;
        // Where tables come whole, a block is complete when the next one begins.
        let before = core::mem::replace(&mut self.changed, number / BLOCK);
        if before + 1 == self.changed {
            self.entries.settle(catalogue, before * BLOCK);
        }
        let given = self.own.filter(|_| path.hop == Hop::Own).and_then(|own| own.next_hop(Hop::Own, *family));
        let path = match given {
            Some(given) => {
                catalogue.intern(Path { hop: Hop::Given(given), attributes: path.attributes.clone() })
            }
            None => path.clone(),
        };
        let place = self.next_place;
        if self.entries.get(*number).is_some() {
            return self.replace(catalogue, *number, *family, (path, exact), (withdrawn, generation));
        }
        if generation == 0 {
            self.listed.change(catalogue, *number);
        }
        self.next_place += 1;
        self.announced += usize::from(!withdrawn);
        self.queue.push(place, *number);
        let entry = Entry::new(path, exact.clone(), place, generation, withdrawn);
        self.entries.insert(catalogue, *number, entry);
    }

    /// What is to be known from now on of a destination of which something is known.
    fn replace(
        &mut self,
        catalogue: &mut Catalogue,
        number: u32,
        family: Family,
        (path, exact): (Arc<Path>, &Option<Box<Nlri>>),
        (withdrawn, generation): (bool, u32),
    ) {
        let Some(known) = self.entries.get(number) else { return };
        let own = self.own.or(self.session_own);
        let same_path = (Arc::ptr_eq(known.path, &path)
            || own.is_some_and(|own| own.same(known.path, &path, family)))
            && known.exact == exact.as_deref();
        // What a clear takes back that is under way is announced anew.
        let taken_back = self.clearing.as_ref().is_some_and(|clearing| known.place < clearing.before);
        let stays = same_path && !withdrawn && !known.withdrawn && !known.refused && !taken_back;
        if stays && known.generation == generation {
            return;
        }
        let place = self.next_place;
        let Some(entry) = self.entries.get_mut(number) else { return };
        if core::mem::replace(&mut entry.generation, generation) != 0 && generation == 0 {
            self.listed.displace(catalogue, number);
        }
        entry.refused = false;
        if stays {
            return;
        }
        match (entry.withdrawn, withdrawn) {
            (true, false) => {
                self.announced += 1;
                entry.since = place;
                // Its age is its own, wherever it waits: what comes later is younger.
                self.next_place += 1;
            }
            (false, true) => self.announced -= 1,
            _ => {}
        }
        let waited = self.queue.contains(entry.place);
        // A change of the same path keeps its predecessor's place, unless that is void.
        if waited && Arc::ptr_eq(&entry.path, &path) {
            (entry.exact, entry.withdrawn) = (exact.clone(), withdrawn);
            if withdrawn && entry.place < self.void {
                self.queue.remove(entry.place);
                entry.place = place;
                self.next_place += 1;
                self.queue.push(place, number);
            }
            return;
        }
        let superseded = Superseded {
            number,
            withdrawn: core::mem::replace(&mut entry.withdrawn, withdrawn),
            path: core::mem::replace(&mut entry.path, path),
            exact: core::mem::replace(&mut entry.exact, exact.clone()),
        };
        let old = core::mem::replace(&mut entry.place, place);
        let awaited = self.queue.remove(old) && !(superseded.withdrawn && old < self.void);
        if awaited && self.superseded.len() < MAX_SUPERSEDED {
            self.superseded.insert(old, superseded);
        }
        self.next_place += 1;
        self.queue.push(place, number);
    }

    /// Announces a route of the configuration, read for the `generation`th time; whether the last reading had none to its
    /// destination.
    pub(super) fn configure(&mut self, catalogue: &mut Catalogue, route: &Resolved, generation: u32) -> bool {
        let number = route.number;
        let was_there = self.entries.get(number).is_some_and(|known| known.generation != 0)
            || self.listed.contains(number);
        self.listed.begin(generation);
        self.change(catalogue, route, false, generation);
        self.listed.list(catalogue, number);
        !was_there
    }

    /// Whether a route to a destination is announced, or was sent without being remembered and is not withdrawn since.
    pub(super) fn announces(&self, number: u32) -> bool {
        match self.entries.get(number) {
            Some(entry) => !entry.withdrawn,
            None => self.listed.was_sent(number),
        }
    }

    /// A change is in a message, or else, where it does not fit, refused; and whether it is the last one of its entry, and a
    /// withdrawal.
    pub(super) fn note_packed(
        &mut self,
        catalogue: &mut Catalogue,
        number: u32,
        (last, withdrawn, fits): (bool, bool, bool),
    ) {
        let stays = last && fits && !withdrawn && self.keep;
        if stays && self.entries.note_advertised(number, self.session) {
            return;
        }
        let Some(entry) = self.entries.get_mut(number) else { return };
        if !(fits || withdrawn) {
            entry.refused = last;
        }
        if fits || last {
            entry.advertised_in = if fits && !withdrawn { self.session } else { 0 };
        }
        if last {
            entry.place = 0;
            let generation = entry.generation;
            if withdrawn || !self.keep {
                self.announced -= usize::from(!withdrawn);
                if generation != 0 && fits {
                    self.listed.note_sent(catalogue, number, generation);
                }
                self.entries.remove(catalogue, number);
            }
        }
    }

    /// Announces what it holds to these destinations once more. Those that still wait to be announced are returned.
    pub(super) fn repeat(&mut self, names: &Catalogue, destinations: Vec<Destination>) -> Vec<Destination> {
        let Self { entries, queue, next_place, .. } = self;
        let again = |destination: Destination| {
            let number = names.find(&destination)?;
            let known = entries.get(number).filter(|entry| !entry.withdrawn)?;
            if known.place != 0 {
                return Some(destination);
            }
            let entry = entries.get_mut(number)?;
            entry.place = *next_place;
            *next_place += 1;
            queue.push(entry.place, number);
            None
        };
        destinations.into_iter().filter_map(again).collect()
    }

    /// Withdraws the routes that only an earlier reading of the configuration than the `generation`th had, as long as there is
    /// room; whether it has got to the end.
    pub(super) fn retire(&mut self, catalogue: &mut Catalogue, generation: u32, room: &mut usize) -> bool {
        self.listed.begin(generation);
        if !(self.listed.forget_displaced(catalogue, room) && self.retire_unremembered(catalogue, room)) {
            return false;
        }
        let start = core::mem::take(&mut self.retired);
        let mut old = Vec::new();
        for (number, entry) in self.entries.from(start) {
            if *room == 0 {
                self.retired = number;
                break;
            }
            self.handled += 1;
            *room -= 1;
            if entry.generation != 0 && entry.generation != generation && !entry.withdrawn {
                old.push(number);
            }
        }
        for number in old {
            let Some(entry) = self.entries.get_mut(number) else { continue };
            self.queue.remove(entry.place);
            (entry.withdrawn, entry.generation) = (true, 0);
            entry.place = self.next_place;
            self.next_place += 1;
            self.announced -= 1;
            self.queue.push(entry.place, number);
        }
        self.retired == 0
    }

    /// Withdraws what was sent without being remembered, and is configured no more, as long as there is room; whether none is left.
    fn retire_unremembered(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        while *room > 0 {
            let Some(number) = self.listed.take_former() else { return true };
            *room -= 1;
            self.handled += 1;
            if self.entries.get(number).is_none() {
                let place = self.next_place;
                self.next_place += 1;
                self.queue.push(place, number);
                let path = catalogue.intern(Path { hop: Hop::None, attributes: Arc::default() });
                self.entries.insert(catalogue, number, Entry::new(path, None, place, 0, true));
            }
            catalogue.release(number);
        }
        false
    }

    /// Forgets everything without a word, as long as there is room; whether nothing is left.
    pub(super) fn forget(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        self.listed.clear(catalogue, room) && self.entries.clear(catalogue, room)
    }

    /// Begins to withdraw everything that was advertised, the oldest first, and to forget what waits to be announced. What is
    /// announced from now on stays.
    pub(super) fn begin_clear(&mut self) {
        self.queue.clear();
        self.superseded.clear();
        self.clearing = Some(Clearing { before: self.next_place, walk: Walk::default() });
    }

    /// Goes on with a clear as long as there is room; whether it has got to the end.
    pub(super) fn go_on_with_clear(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        let Some(Clearing { before, mut walk }) = self.clearing.take() else { return true };
        let had = *room;
        let Self { entries, queue, next_place, session, void, announced, listed, .. } = self;
        walk.look(entries, catalogue, room, |_, entry| entry.place < before);
        while let Some(number) = walk.take(catalogue, room) {
            let Some(entry) = entries.get_mut(number).filter(|entry| entry.place < before) else { continue };
            *announced -= usize::from(!entry.withdrawn);
            if core::mem::take(&mut entry.generation) != 0 {
                listed.displace(catalogue, number);
            }
            if entry.advertised_in == *session || (entry.withdrawn && entry.place >= *void) {
                entry.withdrawn = true;
                entry.place = *next_place;
                queue.push(*next_place, number);
                *next_place += 1;
            } else {
                entries.remove(catalogue, number);
            }
        }
        self.handled += (had - *room) as u64;
        let done = walk.is_over();
        self.clearing = (!done).then_some(Clearing { before, walk });
        done
    }
}
