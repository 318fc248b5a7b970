//! Adj-RIB-Out: what the peer is to be told, what it has been told, and what is still to be sent.
//!
//! Every destination has one entry, and an entry waits at one place: a later change takes the place of an earlier one
//! that is not yet sent. A peer that reads slowly therefore costs entries, never a growing queue. Only up to
//! [`MAX_FORMER`] earlier changes are sent all the same, because ExaBGP sends them.
//!
//! Changes wait in the order in which they came. [`AdjRibOut::pack`] takes them as a *batch*, grouped as
//! [`packing`] says, and works through it while the connection can take more; what comes in the meantime waits for
//! the next batch.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Bound;

use super::packing::{self, Former, Group, Member, Own, Packing, PeerTerms};
use super::path::{Destination, Hop, Path, Paths};
use super::update::{self, Draft};
use crate::wire::Writer;
use crate::wire::{Family, Nlri, RefreshKind, Route, RouteRefresh, Safi};

/// How many changes that another has followed may wait nevertheless.
const MAX_FORMER: usize = 1024;

/// What a neighbor announces.
#[derive(Clone, Debug, Default)]
pub struct AdjRibOut {
    packing: Packing,
    /// Whether routes are remembered once they are sent.
    keep: bool,
    entries: BTreeMap<Destination, Entry>,
    paths: Paths,
    /// What waits for the next batch, by its place in line.
    queue: BTreeMap<u64, Destination>,
    /// Changes that another has followed before they were sent, by their place in line.
    former: BTreeMap<u64, Member>,
    /// What the next batch begins with: routes to announce again, and the families to mark (RFC 7313).
    again: Vec<(u64, Destination)>,
    marked: Vec<Family>,
    /// The place in line that comes next.
    next_place: u64,
    batch: VecDeque<Item>,
    /// End-of-RIB marks to send once nothing else waits.
    ends: VecDeque<Family>,
    /// Our end of the session, once something was packed for it.
    own: Option<Own>,
    /// Nothing was packed in this session yet, so that there is nothing to withdraw.
    fresh: bool,
    announced: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    path: Arc<Path>,
    /// The NLRI where it says more than its key: labels.
    exact: Option<Box<Nlri>>,
    /// Its place in line; 0: it waits for nothing.
    place: u64,
    /// What the peer is to know: the route, or its absence.
    withdrawn: bool,
    /// Whether the peer has been told of the route in this session.
    sent: bool,
    /// Which reading of the configuration it is from; 0: none, a program announced it.
    generation: u32,
}

impl Entry {
    /// Whether `member` is still to be sent: it is the last change, or the last one is not sent yet and says something
    /// else.
    fn awaits(&self, member: &Member) -> bool {
        match &member.former {
            None => self.place == member.place,
            Some(former) => self.place != 0 && !Arc::ptr_eq(&former.path, &self.path),
        }
    }
}

/// One part of a batch.
#[derive(Clone, Debug)]
enum Item {
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
            again: Vec::new(),
            marked: Vec::new(),
            next_place: 1,
            batch: VecDeque::new(),
            ends: VecDeque::new(),
            own: None,
            fresh: true,
            announced: 0,
        }
    }

    /// Changes how it packs and whether it remembers.
    pub fn set_packing(&mut self, packing: Packing, keep: bool) {
        (self.packing, self.keep) = (packing, keep);
    }

    /// How many routes it holds.
    pub fn len(&self) -> usize {
        self.announced
    }

    /// Whether it holds no route.
    pub fn is_empty(&self) -> bool {
        self.announced == 0
    }

    /// How many changes wait to be sent.
    pub fn pending(&self) -> usize {
        self.entries_pending() + self.ends.len()
    }

    /// Whether anything waits to be sent.
    pub fn has_pending(&self) -> bool {
        let changes = self.queue.is_empty() && self.batch.is_empty() && self.again.is_empty();
        !(changes && self.marked.is_empty() && self.ends.is_empty())
    }

    fn entries_pending(&self) -> usize {
        let batched: usize = self
            .batch
            .iter()
            .map(|item| match item {
                Item::Mark(_) | Item::Hollow(_) => 1,
                Item::Group(group) => group.left(),
            })
            .sum();
        self.queue.len() + self.former.len() + self.again.len() + self.marked.len() + batched
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

    /// As [`AdjRibOut::announce`], for a route of the configuration, read for the `generation`th time (from 1).
    pub fn configure_route(&mut self, route: &Route, own_hop: bool, generation: u32) {
        self.change(route, own_hop, false, generation);
    }

    /// Withdraws the routes that only an earlier reading of the configuration than the `generation`th had.
    pub fn retire(&mut self, generation: u32) {
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
        let destination = Destination::new(&route.nlri, route.path_id);
        let hop = if own_hop { Hop::Own } else { route.next_hop.into() };
        let path = self.paths.intern(Path { hop, attributes: route.attributes.clone() });
        let exact = (route.nlri != destination.nlri).then(|| Box::new(route.nlri.clone()));
        let place = self.next_place;
        let Some(entry) = self.entries.get_mut(&destination) else {
            self.next_place += 1;
            self.announced += usize::from(!withdrawn);
            self.queue.insert(place, destination.clone());
            self.entries
                .insert(destination, Entry { path, exact, place, withdrawn, sent: false, generation });
            return;
        };
        entry.generation = generation;
        let same_path = (Arc::ptr_eq(&entry.path, &path)
            || self.own.is_some_and(|own| own.same(&entry.path, &path, destination.family())))
            && entry.exact == exact;
        if same_path && !withdrawn && !entry.withdrawn {
            return;
        }
        match (entry.withdrawn, withdrawn) {
            (true, false) => self.announced += 1,
            (false, true) => self.announced -= 1,
            _ => {}
        }
        let waited = self.queue.contains_key(&entry.place);
        // A change of the same path keeps its predecessor's place in line.
        if waited && Arc::ptr_eq(&entry.path, &path) {
            (entry.exact, entry.withdrawn) = (exact, withdrawn);
            return;
        }
        let old_path = core::mem::replace(&mut entry.path, path);
        let old_exact = core::mem::replace(&mut entry.exact, exact);
        let old_withdrawn = core::mem::replace(&mut entry.withdrawn, withdrawn);
        let old_place = core::mem::replace(&mut entry.place, place);
        if self.queue.remove(&old_place).is_some() && self.former.len() < MAX_FORMER {
            let former = Some(Former { path: old_path, exact: old_exact });
            let destination = destination.clone();
            let member = Member { place: old_place, destination, withdrawn: old_withdrawn, former };
            self.former.insert(old_place, member);
        }
        self.next_place += 1;
        self.queue.insert(place, destination);
    }

    /// Withdraws everything that the peer was told, and forgets what waits to be announced.
    pub fn clear(&mut self) {
        let places = &mut self.next_place;
        (self.announced, self.queue, self.former, self.again, self.marked) = Default::default();
        self.batch.clear();
        let queue = &mut self.queue;
        self.entries.retain(|destination, entry| {
            let told = entry.sent || (entry.withdrawn && entry.place != 0);
            if told {
                entry.withdrawn = true;
                entry.place = *places;
                queue.insert(*places, destination.clone());
                *places += 1;
            }
            told
        });
    }

    /// Announces every route of `family` again, or of all families; `marked`: between the marks of RFC 7313. A change
    /// that waits goes along.
    pub fn resend(&mut self, family: Option<Family>, families: &[Family], marked: bool) {
        let wanted = |one: Family| families.contains(&one) && family.is_none_or(|only| only == one);
        if marked {
            for family in families.iter().copied().filter(|family| wanted(*family)) {
                if !self.marked.contains(&family) {
                    self.marked.push(family);
                }
            }
        }
        for (destination, entry) in &mut self.entries {
            if entry.withdrawn || !wanted(destination.family()) {
                continue;
            }
            self.queue.remove(&entry.place);
            entry.place = self.next_place;
            self.next_place += 1;
            self.again.push((entry.place, destination.clone()));
        }
    }

    /// Sends End-of-RIB for `family` once nothing else waits.
    pub fn end_of_rib(&mut self, family: Family) {
        self.ends.push_back(family);
    }
}

/// Sessions.
impl AdjRibOut {
    /// A session with these families is up: every route is to be announced, then, with `end_of_rib`, the end.
    pub fn session_up(&mut self, families: &[Family], end_of_rib: bool) {
        self.fresh = true;
        if end_of_rib {
            self.ends.extend(families);
        }
        for (destination, entry) in &mut self.entries {
            if entry.place == 0 {
                entry.place = self.next_place;
                self.next_place += 1;
                self.queue.insert(entry.place, destination.clone());
            }
        }
    }

    /// The session is gone, and what the peer was told with it. What was to be announced still is.
    pub fn session_down(&mut self) {
        self.own = None;
        self.batch.clear();
        self.former.clear();
        self.again.clear();
        self.marked.clear();
        self.ends.clear();
        let queue = &mut self.queue;
        self.entries.retain(|_, entry| {
            entry.sent = false;
            if entry.withdrawn {
                queue.remove(&entry.place);
            } else if !queue.contains_key(&entry.place) {
                entry.place = 0;
            }
            !entry.withdrawn
        });
    }

    /// Packs what waits into whole messages at the end of `out`, until about `budget` octets more or `limit` messages
    /// are there.
    pub fn pack(&mut self, terms: &PeerTerms<'_>, budget: usize, limit: usize, out: &mut Vec<u8>) -> Packed {
        self.own = Some(terms.own());
        let start = out.len();
        let mut packed = Packed::default();
        let mut buffer = vec![0; terms.negotiated.max_message()];
        while out.len() - start < budget && packed.messages < limit {
            if self.batch.is_empty() && !self.start_batch() {
                let Some(family) = self.ends.pop_front() else { break };
                update::end_of_rib(family, out);
                packed.messages += 1;
                continue;
            }
            let done = match self.batch.front_mut() {
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
                    true
                }
                Some(Item::Group(_)) => self.pack_group(terms, &mut buffer, out, &mut packed),
                None => false,
            };
            if done {
                self.batch.pop_front();
            }
        }
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
        let Self { entries, batch, keep, announced, .. } = self;
        let Some(Item::Group(group)) = batch.front_mut() else { return true };
        let (family, next_hop) = (group.family(), group.next_hop(terms));
        let Some(agreed) = terms.negotiated.family(family) else { return true };
        let Some(withdrawn) = group.peek().map(|member| member.withdrawn) else { return true };
        let reachable = withdrawn || next_hop.is_some() || matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN);
        let Some(attributes) = group.take_attributes(terms, buffer).filter(|_| reachable) else {
            packed.refused += group.left();
            return true;
        };
        let max = terms.negotiated.max_message();
        let mut draft = Draft::new(family, next_hop, withdrawn, &attributes, max);
        while let Some(member) = group.peek().filter(|member| member.withdrawn == withdrawn) {
            let Some(entry) = entries.get_mut(&member.destination).filter(|entry| entry.awaits(member))
            else {
                group.advance();
                continue;
            };
            let exact = member.former.as_ref().map_or(&entry.exact, |former| &former.exact);
            let nlri = exact.as_deref().unwrap_or(&member.destination.nlri);
            let mut writer = Writer::new(buffer);
            let path_id = agreed.add_path_send.then(|| member.destination.path_id.unwrap_or_default());
            let written = path_id.map_or(Ok(()), |id| writer.u32(id)).and_then(|()| nlri.encode(&mut writer));
            let fits = written.is_ok() && draft.push(writer.written());
            if !fits && !draft.is_empty() {
                break;
            }
            packed.refused += usize::from(!fits);
            entry.sent = fits && !withdrawn;
            if member.former.is_none() {
                entry.place = 0;
                if withdrawn || !*keep {
                    *announced -= usize::from(!withdrawn);
                    entries.remove(&member.destination);
                }
            }
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

    /// Turns what waits into the next batch; `false`: nothing does.
    fn start_batch(&mut self) -> bool {
        if self.queue.is_empty() && self.again.is_empty() && self.marked.is_empty() {
            return false;
        }
        let mark = |kind| move |family| Item::Mark(RouteRefresh { family, kind });
        let (again, marked) = (core::mem::take(&mut self.again), core::mem::take(&mut self.marked));
        let (queue, mut former) = (core::mem::take(&mut self.queue), core::mem::take(&mut self.former));
        let dropped = if core::mem::take(&mut self.fresh) {
            self.drop_withdrawals(&queue, &mut former)
        } else {
            Vec::new()
        };
        let entries = &self.entries;
        let member = |(place, destination)| {
            let entry = entries.get(&destination).filter(|entry| entry.place == place)?;
            let (path, withdrawn) = (entry.path.clone(), entry.withdrawn);
            Some((place, path, Member { place, destination, withdrawn, former: None }))
        };
        let of_path = |(_, path, member)| (path, member);
        let repeated =
            packing::group_refresh(self.packing, again.into_iter().filter_map(member).map(of_path));
        let mut changes: Vec<_> = queue.into_iter().filter_map(member).collect();
        if !former.is_empty() {
            let former = former.into_iter();
            changes.extend(
                former.filter_map(|(place, member)| {
                    Some((place, member.former.as_ref()?.path.clone(), member))
                }),
            );
            changes.sort_by_key(|(place, ..)| *place);
        }
        let changed = packing::group(self.packing, changes.into_iter().map(of_path));
        self.batch.extend(marked.iter().copied().map(mark(RefreshKind::Begin)));
        self.batch.extend(repeated.into_iter().map(Item::Group));
        self.batch.extend(marked.into_iter().map(mark(RefreshKind::End)));
        let dropped = packing::group_hollow(self.packing, dropped);
        self.batch.extend(dropped.into_iter().map(Item::Hollow));
        self.batch.extend(changed.into_iter().map(Item::Group));
        true
    }

    /// Nothing was announced in this session, so there is nothing to withdraw: takes the withdrawals out and returns them.
    fn drop_withdrawals(
        &mut self,
        queue: &BTreeMap<u64, Destination>,
        former: &mut BTreeMap<u64, Member>,
    ) -> Vec<(Arc<Path>, Member)> {
        let mut dropped = Vec::new();
        former.retain(|_, member| {
            if let Some(former) = member.former.as_ref().filter(|_| member.withdrawn) {
                dropped.push((former.path.clone(), member.clone()));
            }
            !member.withdrawn
        });
        for (place, destination) in queue {
            let Some(entry) = self.entries.get(destination) else { continue };
            if entry.withdrawn && entry.place == *place {
                let member =
                    Member { place: *place, destination: destination.clone(), withdrawn: true, former: None };
                dropped.push((entry.path.clone(), member));
                self.entries.remove(destination);
            }
        }
        dropped
    }
}
