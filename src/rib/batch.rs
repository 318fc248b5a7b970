//! From what waits to messages: a batch at a time, and of it no more at once than [`MAX_WORK`] routes.
//!
//! ```text
//!             a refresh is wanted                    every route of its families was sent again
//!   Rest ──────────────────────────────▶ Refreshing ────────────────────────────────────────────▶ Rest
//!     │       changes wait               everything that waited is in a group                every group was sent
//!     └────────────────────────────────▶ Gathering ──────────────────────────────▶ Sending ─────────────────────▶ Rest
//! ```
//!
//! What comes in meanwhile waits for the next batch.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::catalogue::{BLOCK, Catalogue};
use super::change::{Change, Superseded, nlri_octets};
use super::entry::EntryView;
use super::packing::{self, Bucket, Group, Grouping, Packing, PeerTerms};
use super::path::Destination;
use super::table::RouteTable;
use super::trouble::{RouteTrouble, Troubles};
use super::update::{self, Draft};
use super::walk::Walk;
use crate::wire::{Family, RefreshKind, RouteRefresh};

/// How many routes a call of [`AdjRibOut::pack`](super::AdjRibOut::pack) looks at, so that a large table keeps nothing else waiting.
pub const MAX_WORK: usize = 8192;

/// How many routes of a refresh are made ready at once.
const AGAIN: usize = 512;

/// How far the batch is.
#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    Rest,
    Refreshing(Refreshing),
    Gathering(Gathering),
    /// The withdrawals of which only the attributes are sent, and everything else.
    Sending(VecDeque<Bucket>, VecDeque<Bucket>),
}

/// Routes that are announced again, family by family, the oldest first.
#[derive(Clone, Debug, Default)]
struct Refreshing {
    /// Of these families.
    families: Vec<Family>,
    /// Between marks (RFC 7313).
    marked: Vec<Family>,
    walk: Walk,
}

/// Changes that are put into groups.
#[derive(Clone, Debug, Default)]
struct Gathering {
    /// Those before this place.
    until: u64,
    changes: Grouping,
    /// Withdrawals in a session in which nothing was announced yet.
    attributes_alone: Grouping,
    fresh: bool,
    /// After them, the routes that were not advertised in this session yet.
    replay: Option<Walk>,
}

/// One part of a batch that is ready.
#[derive(Clone, Debug)]
enum Item {
    Mark(RouteRefresh),
    Group(Group),
    /// Withdrawals that came before anything was announced, of which ExaBGP sends the attributes alone.
    AttributesAlone(Group),
}

/// How much a call of [`AdjRibOut::pack`](super::AdjRibOut::pack) does at most, about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackLimits {
    /// Octets written.
    pub octets: usize,
    /// Messages written.
    pub messages: usize,
    /// Routes looked at, but that an UPDATE that was begun is filled: at most [`MAX_WORK`] more.
    pub work: usize,
}

impl Default for PackLimits {
    /// No limit but [`MAX_WORK`].
    fn default() -> Self {
        Self { octets: usize::MAX, messages: usize::MAX, work: MAX_WORK }
    }
}

/// What came of packing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Messages written.
    pub messages: usize,
    /// Changes that no message can carry: too large, or without a next hop of their family.
    pub refused: usize,
    /// Routes looked at, each as often as it was: the price of the call.
    pub work: usize,
    /// How many there may be.
    max_work: usize,
}

impl Packed {
    fn has_time(&self) -> bool {
        self.work < self.max_work
    }

    /// An UPDATE that was begun is filled, unless what is skipped on the way gets too much.
    fn may_go_on(&self, draft: &Draft<'_>) -> bool {
        self.has_time() || !(draft.is_empty() || self.work >= self.max_work + MAX_WORK)
    }

    /// How many more routes may be looked at.
    fn room(&self) -> usize {
        self.max_work.saturating_sub(self.work)
    }

    /// Takes note of how much of the room is left.
    fn leave(&mut self, room: usize) {
        self.work = self.max_work - room;
    }
}

/// What is sent, and how far it is.
#[derive(Clone, Debug)]
pub(super) struct UpdateBatch {
    packing: Packing,
    stage: Stage,
    /// What is ready to be sent.
    ready: VecDeque<Item>,
    /// How many changes are in the batch, ready or not.
    size: usize,
    /// What those of them said that another change has followed, by their places.
    superseded: BTreeMap<u64, Superseded>,
    /// The refresh to come.
    wanted: Refreshing,
    /// A session has begun whose peer is to be told of every route.
    replay: bool,
    /// More is about to be announced, which the next batch waits for.
    held_back: bool,
    /// Nothing was packed in this session yet, so that there is nothing to withdraw.
    fresh: bool,
    /// End-of-RIB marks to send once nothing else waits.
    ends: VecDeque<Family>,
    /// The families whose End-of-RIB was sent in this session.
    ended: Vec<Family>,
    /// No refresh is marked before End-of-RIB of its family was sent: we restart gracefully (RFC 7313 §4).
    end_before_marks: bool,
    /// What the log should say of routes of this session.
    troubles: Troubles,
    /// Room for a message that is being written, while there are some to write.
    buffer: Vec<u8>,
}

impl UpdateBatch {
    pub(super) fn new(packing: Packing) -> Self {
        Self {
            packing,
            stage: Stage::Rest,
            ready: VecDeque::new(),
            size: 0,
            superseded: BTreeMap::new(),
            wanted: Refreshing::default(),
            replay: false,
            held_back: false,
            fresh: true,
            ends: VecDeque::new(),
            ended: Vec::new(),
            end_before_marks: false,
            troubles: Troubles::default(),
            buffer: Vec::new(),
        }
    }

    pub(super) fn set_packing(&mut self, packing: Packing) {
        self.packing = packing;
    }

    /// Begins no new batch, and sends no End-of-RIB, until this is taken back.
    pub(super) fn hold_back(&mut self, held_back: bool) {
        self.held_back = held_back;
    }

    /// Whether no new batch begins: more is about to be announced, or a clear is under way.
    fn is_held_back(&self, table: &RouteTable) -> bool {
        self.held_back || table.clearing.is_some()
    }

    /// Whether no refresh is marked before End-of-RIB of its family was sent.
    pub(super) fn end_before_marks(&mut self, wanted: bool) {
        self.end_before_marks = wanted;
    }

    /// About how many changes wait to be sent, here and in the table.
    pub(super) fn pending(&self, table: &RouteTable) -> usize {
        let waiting = table.queue.len() + table.superseded.len() + self.size;
        let unadvertised =
            if self.replay { table.entries.len().saturating_sub(table.queue.len()) } else { 0 };
        waiting + unadvertised + self.ends.len() + usize::from(!self.wanted.families.is_empty())
    }

    /// Whether anything waits to be sent that may be.
    pub(super) fn has_pending(&self, table: &RouteTable) -> bool {
        let at_rest = matches!(self.stage, Stage::Rest) && self.ready.is_empty();
        if self.is_held_back(table) {
            return !at_rest;
        }
        let nothing_wanted = !self.replay && self.wanted.families.is_empty() && self.ends.is_empty();
        !(at_rest && !table.has_changes() && nothing_wanted)
    }

    /// As [`AdjRibOut::resend`](super::AdjRibOut::resend).
    pub(super) fn resend(&mut self, family: Option<Family>, families: &[Family], marked: bool) {
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

    /// Sends End-of-RIB for these families once nothing else waits.
    pub(super) fn end_of_rib(&mut self, families: &[Family]) {
        self.ends.extend(families);
    }

    /// As [`AdjRibOut::take_troubles`](super::AdjRibOut::take_troubles).
    pub(super) fn take_troubles(&mut self) -> (Vec<(Destination, RouteTrouble)>, usize) {
        self.troubles.take()
    }

    /// A session is up; `replay`: there are routes, and each is to be announced.
    pub(super) fn session_up(&mut self, replay: bool) {
        self.ended.clear();
        (self.fresh, self.replay) = (true, replay);
        self.troubles.begin_session();
    }

    /// The session is gone, and with it what was to be sent in it.
    pub(super) fn session_down(&mut self) {
        self.ends.clear();
        self.clear();
    }

    /// Sends nothing of what it has begun, or was to announce again.
    pub(super) fn clear(&mut self) {
        self.stage = Stage::Rest;
        self.wanted = Refreshing::default();
        self.replay = false;
        self.size = 0;
        self.superseded.clear();
        self.ready.clear();
    }
}

/// Messages.
impl UpdateBatch {
    /// As [`AdjRibOut::pack`](super::AdjRibOut::pack).
    pub(super) fn pack(
        &mut self,
        table: &mut RouteTable,
        catalogue: &mut Catalogue,
        terms: &PeerTerms<'_>,
        limits: PackLimits,
        out: &mut Vec<u8>,
    ) -> Packed {
        table.session_own = Some(terms.own());
        let start = out.len();
        let mut packed = Packed { max_work: limits.work, ..Packed::default() };
        self.buffer.resize(terms.negotiated.max_message(), 0);
        while out.len() - start < limits.octets && packed.messages < limits.messages && packed.has_time() {
            if !self.ready.is_empty() {
                if self.pack_first(table, catalogue, terms, out, &mut packed) {
                    self.ready.pop_front();
                }
            } else if !self.go_on(table, catalogue, &mut packed) {
                if self.is_held_back(table) {
                    break;
                }
                let Some(family) = self.ends.pop_front() else { break };
                update::end_of_rib(family, out);
                self.ended.push(family);
                packed.messages += 1;
            }
        }
        table.handled += packed.work as u64;
        if !self.has_pending(table) {
            self.buffer = Vec::new();
        }
        packed
    }

    /// Packs one message of what is ready first; whether that was its last.
    fn pack_first(
        &mut self,
        table: &mut RouteTable,
        catalogue: &mut Catalogue,
        terms: &PeerTerms<'_>,
        out: &mut Vec<u8>,
        packed: &mut Packed,
    ) -> bool {
        match self.ready.front_mut() {
            None => false,
            Some(Item::Mark(mark)) => {
                update::route_refresh(mark, out);
                packed.messages += 1;
                true
            }
            Some(Item::AttributesAlone(group)) => {
                if let Some(attributes) = group.take_attributes(terms, &mut self.buffer) {
                    update::attributes_alone(&attributes, out);
                    packed.messages += 1;
                }
                self.size -= group.left();
                true
            }
            Some(Item::Group(_)) => self.pack_group(table, catalogue, terms, out, packed),
        }
    }

    /// Packs one UPDATE of the group that is first in the batch; whether that was its last.
    fn pack_group(
        &mut self,
        table: &mut RouteTable,
        catalogue: &mut Catalogue,
        terms: &PeerTerms<'_>,
        out: &mut Vec<u8>,
        packed: &mut Packed,
    ) -> bool {
        let Self { ready, size, superseded, buffer, troubles, .. } = self;
        let Some(Item::Group(group)) = ready.front_mut() else { return true };
        let Some(withdrawn) = group.peek().map(|change| change.withdrawn) else { return true };
        let (family, next_hop) = (group.family(), group.next_hop(terms));
        let Some(agreed) = terms.negotiated.family(family) else {
            *size -= group.left();
            return true;
        };
        let max = terms.negotiated.max_message();
        let attributes = group.take_attributes_for(withdrawn, terms, buffer);
        let octets = attributes.as_deref().unwrap_or_default();
        let mut draft = Draft::new(family, next_hop, withdrawn, octets, max);
        let mut lost = Draft::new(family, None, true, &[], max);
        // The block that was worked on last.
        let mut left = group.peek().map_or(0, |change| change.number / BLOCK);
        while let Some(change) = group.peek().copied().filter(|change| change.withdrawn == withdrawn) {
            if !packed.may_go_on(&draft) {
                break;
            }
            let (number, last) = (change.number, !change.superseded);
            let followed = if last { None } else { superseded.get(&change.place) };
            let known = table.entries.get(number).filter(|entry| change.is_awaited(*entry, followed));
            let mut fits = false;
            if let Some(entry) = known {
                let destination = catalogue.destination(number);
                let exact = followed.map_or(entry.exact, |followed| followed.exact.as_deref());
                let nlri = nlri_octets(exact, &destination, agreed, buffer);
                fits = attributes.is_some() && nlri.is_some_and(|nlri| draft.push(nlri));
                if !fits {
                    let known = withdrawn || (last && entry.advertised_in == table.session);
                    let room = |nlri| lost.push(nlri) || lost.is_empty();
                    if !draft.is_empty() || !(nlri.filter(|_| known).is_none_or(room)) {
                        break;
                    }
                    packed.refused += 1;
                    if !withdrawn {
                        troubles.add(&destination, || group.trouble(terms, nlri));
                    }
                } else if !withdrawn {
                    troubles.note_next_hop(&destination, next_hop, agreed);
                }
                table.note_packed(catalogue, number, (last, withdrawn, fits));
            }
            if left != number / BLOCK {
                table.entries.settle(catalogue, left * BLOCK);
                left = number / BLOCK;
            }
            packed.work += 1;
            *size -= 1;
            if !last {
                superseded.remove(&change.place);
            }
            group.advance(catalogue);
            if fits && !group.is_shared() {
                break;
            }
        }
        table.entries.settle(catalogue, left * BLOCK);
        packed.messages += lost.finish(out) + draft.finish(out);
        group.keep_attributes(attributes);
        group.left() == 0
    }
}

/// Stages.
impl UpdateBatch {
    /// Makes more of the batch ready, or begins the next one; `false`: nothing waits, or what waits is held back.
    fn go_on(&mut self, table: &mut RouteTable, catalogue: &mut Catalogue, packed: &mut Packed) -> bool {
        match core::mem::take(&mut self.stage) {
            Stage::Rest => return self.begin(table),
            Stage::Refreshing(refreshing) => self.refresh(table, catalogue, refreshing, packed),
            Stage::Gathering(gathering) => self.gather(table, catalogue, gathering, packed),
            Stage::Sending(mut attributes_alone, mut changes) => {
                if let Some(bucket) = attributes_alone.pop_front() {
                    self.ready.extend(bucket.groups(catalogue).map(Item::AttributesAlone));
                } else if let Some(bucket) = changes.pop_front() {
                    self.ready.extend(bucket.groups(catalogue).map(Item::Group));
                } else {
                    return true;
                }
                self.stage = Stage::Sending(attributes_alone, changes);
            }
        }
        true
    }

    fn begin(&mut self, table: &RouteTable) -> bool {
        if self.is_held_back(table) {
            return false;
        }
        if !self.wanted.families.is_empty() && !self.must_end_first() {
            let refreshing = core::mem::take(&mut self.wanted);
            let begin = |family: &Family| RouteRefresh::new(*family, RefreshKind::Begin);
            self.ready.extend(refreshing.marked.iter().map(begin).map(Item::Mark));
            self.stage = Stage::Refreshing(refreshing);
            return true;
        }
        if !table.has_changes() && !self.replay {
            return false;
        }
        self.superseded.clear();
        self.stage = Stage::Gathering(Gathering {
            until: table.next_place,
            changes: Grouping::new(self.packing),
            attributes_alone: Grouping::new(self.packing),
            fresh: core::mem::take(&mut self.fresh),
            replay: core::mem::take(&mut self.replay).then(Walk::default),
        });
        true
    }

    /// Whether the refresh to come waits for End-of-RIB of one of its families.
    fn must_end_first(&self) -> bool {
        let waits = |family: &Family| self.ends.contains(family) && !self.ended.contains(family);
        self.end_before_marks && self.wanted.marked.iter().any(waits)
    }

    /// Makes the next routes of a refresh ready.
    fn refresh(
        &mut self,
        table: &mut RouteTable,
        catalogue: &Catalogue,
        mut refreshing: Refreshing,
        packed: &mut Packed,
    ) {
        let Refreshing { families, walk, .. } = &mut refreshing;
        let mut room = packed.room();
        walk.look(&table.entries, catalogue, &mut room, |number, entry| {
            !entry.withdrawn && families.contains(&catalogue.family(number))
        });
        while self.ready.len() < AGAIN
            && let Some(number) = walk.take(catalogue, &mut room)
        {
            let known = table.entries.get_mut(number);
            let Some(entry) = known.filter(|entry| !entry.withdrawn) else { continue };
            // A change that waits goes along.
            table.queue.remove(entry.place);
            let change = Change::of(entry, &mut table.next_place, number);
            self.ready.push_back(Item::Group(packing::again(entry.path.clone(), change, catalogue)));
            self.size += 1;
        }
        packed.leave(room);
        if walk.is_over() {
            let end = |family| RouteRefresh::new(family, RefreshKind::End);
            self.ready.extend(refreshing.marked.into_iter().map(end).map(Item::Mark));
        } else {
            self.stage = Stage::Refreshing(refreshing);
        }
    }

    /// Puts more of what waits into groups.
    fn gather(
        &mut self,
        table: &mut RouteTable,
        catalogue: &mut Catalogue,
        mut gathering: Gathering,
        packed: &mut Packed,
    ) {
        let mut left = true;
        while packed.has_time() && left {
            packed.work += 1;
            let waits = |place: &u64| *place < gathering.until;
            let change = table.queue.first_place().filter(waits);
            let superseded = table.superseded.first_key_value().map(|(place, _)| *place).filter(waits);
            match (change, superseded) {
                (None, None) => left = false,
                (change, Some(superseded)) if change.is_none_or(|change| superseded < change) => {
                    self.gather_superseded(table, catalogue, &mut gathering);
                }
                _ => self.gather_change(table, catalogue, &mut gathering),
            }
        }
        let mut replay = gathering.replay.take();
        if let Some(walk) = replay.as_mut().filter(|_| !left) {
            self.gather_unadvertised(table, catalogue, &mut gathering, walk, packed);
        }
        gathering.replay = replay.filter(|walk| !walk.is_over());
        self.stage = if left || gathering.replay.is_some() {
            Stage::Gathering(gathering)
        } else {
            Stage::Sending(gathering.attributes_alone.buckets(), gathering.changes.buckets())
        };
    }

    fn gather_superseded(&mut self, table: &mut RouteTable, names: &Catalogue, gathering: &mut Gathering) {
        let Some((place, superseded)) = table.superseded.pop_first() else { return };
        let Superseded { number, withdrawn, ref path, .. } = superseded;
        let change = Change { place, number, withdrawn, superseded: true };
        let entry = table.entries.get(number);
        let advertised = entry.is_some_and(|entry| entry.advertised_in == table.session);
        if advertised || !(gathering.fresh && withdrawn) {
            gathering.changes.add(path, change, names);
        } else if packing::drags_attributes(self.packing, names.family(number)) {
            gathering.attributes_alone.add(path, change, names);
        } else {
            return;
        }
        self.size += 1;
        self.superseded.insert(place, superseded);
    }

    fn gather_change(
        &mut self,
        table: &mut RouteTable,
        catalogue: &mut Catalogue,
        gathering: &mut Gathering,
    ) {
        let RouteTable { entries, queue, void, session, .. } = table;
        let Some((place, number)) = queue.pop_first() else { return };
        let Some(entry) = entries.get(number).filter(|entry| entry.place == place) else { return };
        if place < *void {
            // It is of an earlier session: a route takes its turn among all that are not advertised in this one yet.
            if entry.withdrawn {
                entries.remove(catalogue, number);
            }
            return;
        }
        let withdraws_nothing = entry.withdrawn && gathering.fresh && entry.advertised_in != *session;
        let change = Change { place, number, withdrawn: entry.withdrawn, superseded: false };
        if !withdraws_nothing {
            self.size += 1;
            gathering.changes.add(entry.path, change, catalogue);
            return;
        }
        // It was not announced in this session, so there is nothing to withdraw.
        let path = entry.path.clone();
        if packing::drags_attributes(self.packing, catalogue.family(number)) {
            self.size += 1;
            gathering.attributes_alone.add(&path, change, catalogue);
        }
        entries.remove(catalogue, number);
    }

    /// Takes routes that were not advertised in this session yet, and forgets those that an earlier one was to withdraw.
    fn gather_unadvertised(
        &mut self,
        table: &mut RouteTable,
        catalogue: &mut Catalogue,
        gathering: &mut Gathering,
        walk: &mut Walk,
        packed: &mut Packed,
    ) {
        let RouteTable { entries, next_place, session, void, .. } = table;
        let waits = |entry: EntryView<'_>| entry.advertised_in != *session && entry.place < *void;
        let mut room = packed.room();
        walk.look(entries, catalogue, &mut room, |_, entry| waits(entry));
        while let Some(number) = walk.take(catalogue, &mut room) {
            let Some(entry) = entries.get(number).filter(|entry| waits(*entry)) else { continue };
            let path = entry.path.clone();
            if entry.withdrawn {
                entries.remove(catalogue, number);
                continue;
            }
            let Some(place) = entries.wait(number, *session, *next_place) else { continue };
            *next_place += u64::from(place == *next_place);
            self.size += 1;
            let change = Change { place, number, withdrawn: false, superseded: false };
            gathering.changes.add(&path, change, catalogue);
        }
        packed.leave(room);
    }
}
