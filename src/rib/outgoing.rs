//! Adj-RIB-Out: what the peer is to be told, what it has been told, and what is still to be sent.
//!
//! Every destination has one entry, and an entry waits at one place: a later change takes the place of an earlier one
//! that is not yet sent. A peer that reads slowly therefore costs entries, never a growing queue. Only up to
//! [`MAX_FORMER`] earlier changes are sent all the same, because ExaBGP sends them.
//!
//! Changes wait in the order in which they came. [`AdjRibOut::pack`], in [`batch`](super::batch), takes them as a batch, grouped as
//! [`packing`](super::packing) says, and works through it while the connection can take more; what comes in the meantime
//! waits for the next batch.
//!
//! A session that begins or ends touches no entry: an entry says in which session the peer was told of it, and a place in line
//! that was lost with a session is one that nothing waits at.

use alloc::boxed::Box;
use alloc::collections::btree_map::Entry as Slot;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use super::batch::{Item, Refreshing, Stage};
use super::line::{Aged, Line};
use super::packing::{Former, Member, Own, Packing};
use super::path::{Destination, Hop, Path, Paths};
use crate::wire::{Family, Nlri, Route};

/// How many changes that another has followed may wait nevertheless.
const MAX_FORMER: usize = 1024;

/// What a neighbor announces.
#[derive(Clone, Debug)]
pub struct AdjRibOut {
    pub(super) packing: Packing,
    /// Whether routes are remembered once they are sent.
    pub(super) keep: bool,
    pub(super) entries: BTreeMap<Destination, Entry>,
    paths: Paths,
    /// What waits for the next batch, by its place in line.
    pub(super) queue: BTreeMap<u64, Destination>,
    /// Changes that another has followed before they were sent, by their place in line.
    pub(super) former: BTreeMap<u64, Member>,
    /// The place in line that comes next.
    pub(super) next_place: u64,
    /// Withdrawals before this place in line were for an earlier session, and are void.
    pub(super) void: u64,
    /// The refresh to come.
    pub(super) wanted: Refreshing,
    /// A session has begun whose peer is to be told of every route.
    pub(super) replay: bool,
    /// More is about to be announced, which the next batch waits for.
    pub(super) held_back: bool,
    /// Nothing was packed in this session yet, so that there is nothing to withdraw.
    pub(super) fresh: bool,
    pub(super) stage: Stage,
    /// What is ready to be sent.
    pub(super) batch: VecDeque<Item>,
    /// How many changes are in the batch, ready or not.
    pub(super) in_batch: usize,
    /// End-of-RIB marks to send once nothing else waits.
    pub(super) ends: VecDeque<Family>,
    /// The families whose End-of-RIB was sent in this session.
    pub(super) ended: Vec<Family>,
    /// No refresh is marked before End-of-RIB of its family was sent: we restart gracefully (RFC 7313 §4).
    pub(super) end_before_marks: bool,
    /// Our end of every session, where the configuration says it.
    own: Option<Own>,
    /// Our end of this session, once something was packed for it.
    pub(super) session_own: Option<Own>,
    /// How many sessions there have been, this one included.
    pub(super) session: u32,
    pub(super) announced: usize,
    /// Routes worked on and not yet accounted for.
    pub(super) handled: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key: labels.
    pub(super) exact: Option<Box<Nlri>>,
    /// Its place in line or in the batch; 0: it waits for nothing.
    pub(super) place: u64,
    /// The place in line that it had when something was first announced to its destination: its age.
    pub(super) since: u64,
    /// The session in which the peer was told of the route; 0: none.
    pub(super) told: u32,
    /// Which reading of the configuration it is from; 0: none, a program announced it.
    generation: u32,
    /// What the peer is to know: the route, or its absence.
    pub(super) withdrawn: bool,
}

/// A route as it stands in an Adj-RIB-Out.
#[derive(Clone, Copy, Debug)]
pub struct Announced<'a> {
    /// Where it leads.
    pub destination: &'a Destination,
    /// The whole NLRI.
    pub nlri: &'a Nlri,
    /// The way there.
    pub path: &'a Path,
    /// Whether the peer has yet to be told.
    pub pending: bool,
}

impl Default for AdjRibOut {
    fn default() -> Self {
        Self::new(Packing::default(), false)
    }
}

impl AdjRibOut {
    /// An empty one. Without `keep` (ExaBGP's `adj-rib-out false`) a route is forgotten once it is sent.
    pub fn new(packing: Packing, keep: bool) -> Self {
        Self {
            packing,
            keep,
            entries: BTreeMap::new(),
            paths: Paths::default(),
            queue: BTreeMap::new(),
            former: BTreeMap::new(),
            next_place: 1,
            void: 0,
            wanted: Refreshing::default(),
            replay: false,
            held_back: false,
            fresh: true,
            stage: Stage::Rest,
            batch: VecDeque::new(),
            in_batch: 0,
            ends: VecDeque::new(),
            ended: Vec::new(),
            end_before_marks: false,
            own: None,
            session_own: None,
            session: 1,
            announced: 0,
            handled: 0,
        }
    }

    /// Changes how it packs, whether it remembers, and what `next-hop self` means; `None`: each session has its own end.
    pub fn configure(&mut self, packing: Packing, keep: bool, own: Option<Own>) {
        (self.packing, self.keep, self.own) = (packing, keep, own);
    }

    /// Begins no new batch, and sends no End-of-RIB, until this is taken back: more is about to be announced, and the more is
    /// known the tighter it packs.
    pub fn hold_back(&mut self, held_back: bool) {
        self.held_back = held_back;
    }

    /// How many routes it holds.
    pub fn len(&self) -> usize {
        self.announced
    }

    /// Whether it holds no route.
    pub fn is_empty(&self) -> bool {
        self.announced == 0
    }

    /// How many routes were worked on since this was last asked: changed, looked at, grouped or packed.
    pub fn take_handled(&mut self) -> u64 {
        core::mem::take(&mut self.handled)
    }

    /// About how many changes wait to be sent.
    pub fn pending(&self) -> usize {
        let waiting = self.queue.len() + self.former.len() + self.in_batch;
        let untold = if self.replay { self.entries.len().saturating_sub(self.queue.len()) } else { 0 };
        waiting + untold + self.ends.len() + usize::from(!self.wanted.families.is_empty())
    }

    /// Whether anything waits to be sent that may be.
    pub fn has_pending(&self) -> bool {
        let at_rest = matches!(self.stage, Stage::Rest) && self.batch.is_empty();
        if self.held_back {
            return !at_rest;
        }
        let nothing_changed = self.queue.is_empty() && self.former.is_empty();
        let nothing_wanted = !self.replay && self.wanted.families.is_empty() && self.ends.is_empty();
        !(at_rest && nothing_changed && nothing_wanted)
    }

    /// Every route, in the order of their destinations.
    pub fn routes(&self) -> impl Iterator<Item = Announced<'_>> {
        self.routes_after(None)
    }

    /// The routes that come after this destination in that order, so that they can be told of a few at a time.
    pub fn routes_after(&self, after: Option<&Destination>) -> impl Iterator<Item = Announced<'_>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.entries.range((start, Bound::Unbounded));
        entries.filter(|(_, entry)| !entry.withdrawn).map(|(destination, entry)| Announced {
            destination,
            nlri: entry.exact.as_deref().unwrap_or(&destination.nlri),
            path: &entry.path,
            pending: entry.place != 0,
        })
    }
}

/// Changes.
impl AdjRibOut {
    /// Announces `route`; with `own_hop` the next hop is our end of the session. What the peer knows or is about to be
    /// told already is not sent again.
    pub fn announce(&mut self, route: &Route, own_hop: bool) {
        self.change(route, own_hop, false, 0);
    }

    /// As [`AdjRibOut::announce`], for a route of the configuration, read for the `generation`th time (from 1). Returns whether
    /// nothing was announced to its destination before.
    pub fn configure_route(&mut self, route: &Route, own_hop: bool, generation: u32) -> bool {
        let before = self.announced;
        self.change(route, own_hop, false, generation);
        self.announced > before
    }

    /// Announces what it holds to these destinations once more. Those that still wait to be announced are returned.
    pub fn repeat(&mut self, destinations: Vec<Destination>) -> Vec<Destination> {
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
    pub fn retire(&mut self, generation: u32) {
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

    /// Withdraws `route`, whose attributes may go along with the withdrawal. It is sent even where the peer was never
    /// told of the route: nobody but the peer knows what it kept.
    pub fn withdraw(&mut self, route: &Route, own_hop: bool) {
        self.change(route, own_hop, true, 0);
    }

    fn change(&mut self, route: &Route, own_hop: bool, withdrawn: bool, generation: u32) {
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
        let place = self.next_place;
        let slot = match self.entries.entry(destination) {
            Slot::Occupied(slot) => slot,
            Slot::Vacant(slot) => {
                self.next_place += 1;
                self.announced += usize::from(!withdrawn);
                self.queue.insert(place, slot.key().clone());
                slot.insert(Entry { path, exact, place, since: place, told: 0, generation, withdrawn });
                return;
            }
        };
        let destination = slot.key().clone();
        let entry = slot.into_mut();
        entry.generation = generation;
        let own = self.own.or(self.session_own);
        let same_path = (Arc::ptr_eq(&entry.path, &path)
            || own.is_some_and(|own| own.same(&entry.path, &path, family)))
            && entry.exact == exact;
        if same_path && !withdrawn && !entry.withdrawn {
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
        // A change of the same path keeps its predecessor's place in line, where the line does not say that it is void.
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
        let old_path = core::mem::replace(&mut entry.path, path);
        let old_exact = core::mem::replace(&mut entry.exact, exact);
        let old_withdrawn = core::mem::replace(&mut entry.withdrawn, withdrawn);
        let old_place = core::mem::replace(&mut entry.place, place);
        let awaited = self.queue.remove(&old_place).is_some() && !(old_withdrawn && old_place < self.void);
        if awaited && self.former.len() < MAX_FORMER {
            let former = Some(Former { path: old_path, exact: old_exact });
            let destination = destination.clone();
            let member = Member { place: old_place, destination, withdrawn: old_withdrawn, former };
            self.former.insert(old_place, member);
        }
        self.next_place += 1;
        self.queue.insert(place, destination);
    }

    /// Withdraws everything that the peer was told, the oldest first, and forgets what waits to be announced.
    pub fn clear(&mut self) {
        self.handled += self.entries.len() as u64;
        self.forget_batch();
        self.queue.clear();
        (self.announced, self.replay) = (0, false);
        let Self { entries, queue, next_place, session, void, .. } = self;
        let mut known = Line::default();
        entries.retain(|destination, entry| {
            let told = entry.told == *session || (entry.withdrawn && entry.place >= *void);
            if told {
                known.push(Aged { since: entry.since, destination: destination.clone() });
            }
            told
        });
        let mut known = known.in_order();
        while let Some(Aged { destination, .. }) = known.advance() {
            let Some(entry) = entries.get_mut(&destination) else { continue };
            entry.withdrawn = true;
            entry.place = *next_place;
            queue.insert(*next_place, destination);
            *next_place += 1;
        }
    }

    /// Announces every route of `family` again, or of all families; `marked`: between the marks of RFC 7313. A change
    /// that waits goes along. Marks have to come after End-of-RIB where the speaker restarts gracefully: they wait for it, and where nobody
    /// has asked for it yet, there are none.
    pub fn resend(&mut self, family: Option<Family>, families: &[Family], marked: bool) {
        for one in families.iter().copied().filter(|one| family.is_none_or(|only| only == *one)) {
            if !self.wanted.families.contains(&one) {
                self.wanted.families.push(one);
            }
            let may_mark = !self.end_before_marks || self.ends.contains(&one) || self.ended.contains(&one);
            if marked && may_mark && !self.wanted.marked.contains(&one) {
                self.wanted.marked.push(one);
            }
        }
    }

    /// Sends End-of-RIB for `family` once nothing else waits.
    pub fn end_of_rib(&mut self, family: Family) {
        self.ends.push_back(family);
    }
}

/// Sessions.
impl AdjRibOut {
    /// Whether we restart gracefully, so that no refresh is marked before End-of-RIB (RFC 7313 §4).
    pub fn restart_gracefully(&mut self, graceful: bool) {
        self.end_before_marks = graceful;
    }

    /// A session with these families is up: every route is to be announced, then, with `end_of_rib`, the end.
    pub fn session_up(&mut self, families: &[Family], end_of_rib: bool) {
        self.ended.clear();
        self.fresh = true;
        self.replay = !self.entries.is_empty();
        if end_of_rib {
            self.ends.extend(families);
        }
    }

    /// The session is gone, and what the peer was told with it. What was to be announced still is.
    pub fn session_down(&mut self) {
        self.session += 1;
        self.void = self.next_place;
        self.session_own = None;
        self.replay = false;
        self.ends.clear();
        self.forget_batch();
    }

    fn forget_batch(&mut self) {
        self.stage = Stage::Rest;
        self.wanted = Refreshing::default();
        self.in_batch = 0;
        self.batch.clear();
        self.former.clear();
    }
}
