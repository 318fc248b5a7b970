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
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Bound;

use super::line::{Aged, Line, Ordered};
use super::outgoing::{AdjRibOut, Entry};
use super::packing::{self, Bucket, Group, Grouping, Member, PeerTerms};
use super::path::Destination;
use super::update::{self, Draft};
use crate::wire::{Family, RefreshKind, RouteRefresh, Safi, Writer};

/// How many routes a call of [`AdjRibOut::pack`] looks at, so that a large table keeps nothing else waiting.
pub const MAX_WORK: usize = 8192;

/// How many routes of a refresh are made ready at once.
const AGAIN: usize = 512;

/// How far the batch is.
#[derive(Clone, Debug, Default)]
pub(super) enum Stage {
    #[default]
    Rest,
    Refreshing(Refreshing),
    Gathering(Gathering),
    /// The withdrawals of which only the attributes are sent, and everything else.
    Sending(VecDeque<Bucket>, VecDeque<Bucket>),
}

/// Routes that are announced again, family by family, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Refreshing {
    /// Of these families.
    pub(super) families: Vec<Family>,
    /// Between marks (RFC 7313).
    pub(super) marked: Vec<Family>,
    walk: Walk,
}

/// A way through the whole table: it is looked through first, and what was found is then taken by its age.
#[derive(Clone, Debug)]
enum Walk {
    Looking { after: Option<Destination>, found: Line<Aged> },
    Taking(Ordered<Aged>),
}

impl Default for Walk {
    fn default() -> Self {
        Self::Looking { after: None, found: Line::default() }
    }
}

impl Walk {
    /// Looks further; `wanted` says what is to be found.
    fn look(
        &mut self,
        entries: &BTreeMap<Destination, Entry>,
        packed: &mut Packed,
        wanted: impl Fn(&Destination, &Entry) -> bool,
    ) {
        let Self::Looking { after, found } = self else { return };
        let from = after.take();
        let start = from.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut last: Option<&Destination> = None;
        for (destination, entry) in entries.range((start, Bound::Unbounded)) {
            if !packed.has_time() {
                *after = last.cloned().or(from);
                return;
            }
            packed.work += 1;
            last = Some(destination);
            if wanted(destination, entry) {
                found.push(Aged { since: entry.since, destination: destination.clone() });
            }
        }
        *self = Self::Taking(core::mem::take(found).in_order());
    }

    /// The next one that was found; `None` also while there is more to look through.
    fn take(&mut self, packed: &mut Packed) -> Option<Destination> {
        let Self::Taking(found) = self else { return None };
        packed.work += 1;
        found.advance().map(|aged| aged.destination)
    }

    /// Whether everything was found and taken.
    fn is_over(&self) -> bool {
        matches!(self, Self::Taking(found) if found.peek().is_none())
    }
}

/// Changes that are put into groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathering {
    /// Those before this place in line.
    until: u64,
    changes: Grouping,
    /// Withdrawals in a session in which nothing was announced yet.
    hollow: Grouping,
    fresh: bool,
    /// After them, the routes that this session has yet to hear of.
    replay: Option<Walk>,
}

/// One part of a batch that is ready.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Mark(RouteRefresh),
    Group(Group),
    /// Withdrawals that came before anything was announced, of which ExaBGP sends the attributes alone.
    Hollow(Group),
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
}

impl Packed {
    fn has_time(&self) -> bool {
        self.work < MAX_WORK
    }
}

/// Messages.
impl AdjRibOut {
    /// Packs what waits into whole messages at the end of `out`, until about `budget` octets more or `limit` messages
    /// are there, or about [`MAX_WORK`] routes were looked at. Where [`AdjRibOut::has_pending`] says so there is more, even if
    /// this call wrote nothing.
    pub fn pack(&mut self, terms: &PeerTerms<'_>, budget: usize, limit: usize, out: &mut Vec<u8>) -> Packed {
        self.session_own = Some(terms.own());
        let start = out.len();
        let mut packed = Packed::default();
        let mut buffer = vec![0; terms.negotiated.max_message()];
        while out.len() - start < budget && packed.messages < limit && packed.has_time() {
            if self.batch.is_empty() {
                if !self.go_on(&mut packed) {
                    if self.held_back {
                        break;
                    }
                    let Some(family) = self.ends.pop_front() else { break };
                    update::end_of_rib(family, out);
                    self.ended.push(family);
                    packed.messages += 1;
                }
                continue;
            }
            let done = match self.batch.front_mut() {
                None => false,
                Some(Item::Mark(mark)) => {
                    update::route_refresh(mark, out);
                    packed.messages += 1;
                    true
                }
                Some(Item::Hollow(group)) => {
                    if let Some(attributes) = group.take_attributes(terms, &mut buffer) {
                        update::attributes_alone(&attributes, out);
                        packed.messages += 1;
                    }
                    self.in_batch -= group.left();
                    true
                }
                Some(Item::Group(_)) => self.pack_group(terms, &mut buffer, out, &mut packed),
            };
            if done {
                self.batch.pop_front();
            }
        }
        self.handled += packed.work as u64;
        packed
    }

    /// Packs one UPDATE of the group that is first in the batch; whether that was its last.
    fn pack_group(
        &mut self,
        terms: &PeerTerms<'_>,
        buffer: &mut [u8],
        out: &mut Vec<u8>,
        packed: &mut Packed,
    ) -> bool {
        let Self { entries, batch, keep, announced, in_batch, session, .. } = self;
        let Some(Item::Group(group)) = batch.front_mut() else { return true };
        let (family, next_hop) = (group.family(), group.next_hop(terms));
        let Some(withdrawn) = group.peek().map(|member| member.withdrawn) else { return true };
        let reachable = withdrawn || next_hop.is_some() || matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN);
        let agreed = terms.negotiated.family(family).filter(|_| reachable);
        let (Some(agreed), Some(attributes)) = (agreed, group.take_attributes(terms, buffer)) else {
            packed.refused += if agreed.is_some() || !reachable { group.left() } else { 0 };
            *in_batch -= group.left();
            return true;
        };
        let max = terms.negotiated.max_message();
        let mut draft = Draft::new(family, next_hop, withdrawn, &attributes, max);
        while let Some(member) = group.peek().filter(|member| member.withdrawn == withdrawn) {
            // An UPDATE that was begun is filled, unless what is skipped on the way gets too much.
            if !packed.has_time() && (draft.is_empty() || packed.work >= 2 * MAX_WORK) {
                break;
            }
            let Some(entry) = entries.get_mut(&member.destination).filter(|entry| entry.awaits(member))
            else {
                packed.work += 1;
                *in_batch -= 1;
                group.advance();
                continue;
            };
            let exact = member.former.as_ref().map_or(&entry.exact, |former| &former.exact);
            let nlri = exact.as_deref().unwrap_or(&member.destination.nlri);
            let other_form = agreed.flow_form.rewrite(nlri);
            let nlri = other_form.as_ref().unwrap_or(nlri);
            let mut writer = Writer::new(buffer);
            let path_id = agreed.add_path_send.then(|| member.destination.path_id.unwrap_or_default());
            let written = path_id.map_or(Ok(()), |id| writer.u32(id)).and_then(|()| nlri.encode(&mut writer));
            let fits = written.is_ok() && draft.push(writer.written());
            if !fits && !draft.is_empty() {
                break;
            }
            packed.refused += usize::from(!fits);
            entry.told = if fits && !withdrawn { *session } else { 0 };
            if member.former.is_none() {
                entry.place = 0;
                if withdrawn || !*keep {
                    *announced -= usize::from(!withdrawn);
                    entries.remove(&member.destination);
                }
            }
            packed.work += 1;
            *in_batch -= 1;
            group.advance();
            if fits && !group.is_shared() {
                break;
            }
        }
        if !draft.is_empty() {
            draft.finish(out);
            packed.messages += 1;
        }
        group.keep_attributes(attributes);
        group.left() == 0
    }
}

/// Stages.
impl AdjRibOut {
    /// Makes more of the batch ready, or begins the next one; `false`: nothing waits, or what waits is held back.
    fn go_on(&mut self, packed: &mut Packed) -> bool {
        match core::mem::take(&mut self.stage) {
            Stage::Rest => return self.begin_batch(),
            Stage::Refreshing(refreshing) => self.refresh(refreshing, packed),
            Stage::Gathering(gathering) => self.gather(gathering, packed),
            Stage::Sending(mut hollow, mut changes) => {
                if let Some(bucket) = hollow.pop_front() {
                    self.batch.extend(bucket.groups().map(Item::Hollow));
                } else if let Some(bucket) = changes.pop_front() {
                    self.batch.extend(bucket.groups().map(Item::Group));
                } else {
                    return true;
                }
                self.stage = Stage::Sending(hollow, changes);
            }
        }
        true
    }

    fn begin_batch(&mut self) -> bool {
        if self.held_back {
            return false;
        }
        if !self.wanted.families.is_empty() && !self.must_end_first() {
            let refreshing = core::mem::take(&mut self.wanted);
            let begin = |family: &Family| RouteRefresh::new(*family, RefreshKind::Begin);
            self.batch.extend(refreshing.marked.iter().map(begin).map(Item::Mark));
            self.stage = Stage::Refreshing(refreshing);
            return true;
        }
        if self.queue.is_empty() && self.former.is_empty() && !self.replay {
            return false;
        }
        self.stage = Stage::Gathering(Gathering {
            until: self.next_place,
            changes: Grouping::new(self.packing),
            hollow: Grouping::new(self.packing),
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
    fn refresh(&mut self, mut refreshing: Refreshing, packed: &mut Packed) {
        let Refreshing { families, walk, .. } = &mut refreshing;
        walk.look(&self.entries, packed, |destination, entry| {
            !entry.withdrawn && families.contains(&destination.family())
        });
        while packed.has_time()
            && self.batch.len() < AGAIN
            && let Some(destination) = walk.take(packed)
        {
            let known = self.entries.get_mut(&destination);
            let Some(entry) = known.filter(|entry| !entry.withdrawn) else { continue };
            // A change that waits goes along.
            self.queue.remove(&entry.place);
            let member = entry.take_place(&mut self.next_place, destination);
            self.batch.push_back(Item::Group(packing::again(entry.path.clone(), member)));
            self.in_batch += 1;
        }
        if walk.is_over() {
            let end = |family| RouteRefresh::new(family, RefreshKind::End);
            self.batch.extend(refreshing.marked.into_iter().map(end).map(Item::Mark));
        } else {
            self.stage = Stage::Refreshing(refreshing);
        }
    }

    /// Puts more of what waits into groups.
    fn gather(&mut self, mut gathering: Gathering, packed: &mut Packed) {
        let mut left = true;
        while packed.has_time() && left {
            packed.work += 1;
            let waits = |place: &u64| *place < gathering.until;
            let change = self.queue.first_key_value().map(|(place, _)| *place).filter(waits);
            let former = self.former.first_key_value().map(|(place, _)| *place).filter(waits);
            match (change, former) {
                (None, None) => left = false,
                (change, Some(former)) if change.is_none_or(|change| former < change) => {
                    self.gather_former(&mut gathering);
                }
                _ => self.gather_change(&mut gathering),
            }
        }
        let mut replay = gathering.replay.take();
        if let Some(walk) = replay.as_mut().filter(|_| !left) {
            self.gather_untold(&mut gathering, walk, packed);
        }
        gathering.replay = replay.filter(|walk| !walk.is_over());
        self.stage = if left || gathering.replay.is_some() {
            Stage::Gathering(gathering)
        } else {
            Stage::Sending(gathering.hollow.buckets(), gathering.changes.buckets())
        };
    }

    fn gather_former(&mut self, gathering: &mut Gathering) {
        let Some((_, member)) = self.former.pop_first() else { return };
        let Some(path) = member.former.as_ref().map(|former| former.path.clone()) else { return };
        let told = self.entries.get(&member.destination).is_some_and(|entry| entry.told == self.session);
        if told || !(gathering.fresh && member.withdrawn) {
            self.in_batch += 1;
            gathering.changes.add(&path, member);
        } else if packing::drags_attributes(self.packing, &member) {
            self.in_batch += 1;
            gathering.hollow.add(&path, member);
        }
    }

    fn gather_change(&mut self, gathering: &mut Gathering) {
        let Self { entries, queue, next_place, packing, in_batch, void, session, .. } = self;
        let Some((place, destination)) = queue.pop_first() else { return };
        let Some(entry) = entries.get_mut(&destination).filter(|entry| entry.place == place) else { return };
        if place < *void {
            // It is of an earlier session: a route takes its turn among all that this one has yet to hear of.
            if entry.withdrawn {
                entries.remove(&destination);
            }
            return;
        }
        let withdraws_nothing = entry.withdrawn && gathering.fresh && entry.told != *session;
        let member = entry.take_place(next_place, destination);
        if !withdraws_nothing {
            *in_batch += 1;
            gathering.changes.add(&entry.path, member);
            return;
        }
        // It was not announced in this session, so there is nothing to withdraw.
        let path = entry.path.clone();
        entries.remove(&member.destination);
        if packing::drags_attributes(*packing, &member) {
            *in_batch += 1;
            gathering.hollow.add(&path, member);
        }
    }

    /// Takes routes that this session has yet to hear of, and forgets those that an earlier one was to withdraw.
    fn gather_untold(&mut self, gathering: &mut Gathering, walk: &mut Walk, packed: &mut Packed) {
        let Self { entries, queue, next_place, in_batch, session, .. } = self;
        let until = gathering.until;
        let untold = |entry: &Entry| {
            entry.told != *session && entry.place < until && !queue.contains_key(&entry.place)
        };
        walk.look(entries, packed, |_, entry| untold(entry));
        while packed.has_time()
            && let Some(destination) = walk.take(packed)
        {
            let Some(entry) = entries.get_mut(&destination).filter(|entry| untold(entry)) else { continue };
            if entry.withdrawn {
                entries.remove(&destination);
                continue;
            }
            let member = entry.take_place(next_place, destination);
            *in_batch += 1;
            gathering.changes.add(&entry.path, member);
        }
    }
}

impl Entry {
    /// Whether `member` is still to be sent: it is the last change, or the last one is not sent yet and says something
    /// else.
    fn awaits(&self, member: &Member) -> bool {
        match &member.former {
            None => self.place == member.place,
            Some(former) => self.place != 0 && !alloc::sync::Arc::ptr_eq(&former.path, &self.path),
        }
    }

    /// Goes into the batch: out of the line, and known by its new place until it is sent.
    fn take_place(&mut self, next_place: &mut u64, destination: Destination) -> Member {
        self.place = *next_place;
        *next_place += 1;
        let (place, withdrawn) = (self.place, self.withdrawn);
        Member { place, destination, withdrawn, former: None }
    }
}
