//! The neighbors of a speaker, and which of them has something to do next.
//!
//! Asking for the next deadline costs the same with one neighbor as with thousands: whoever may have changed is marked,
//! and only the deadlines of those are looked up again.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::environment::Environment;
use super::id::NeighborId;
use super::intake::Intakes;
use super::neighbor::NeighborState;
use super::open;
use crate::config;
use crate::rib::{AdjRibIn, AdjRibOut, Catalogue, MAX_WORK};
use crate::session::{Direction, Jitter, Session};
use crate::time::{Instant, Now};

/// So many routes are looked at for a neighbor at least when it has room for more, however many have something to tell.
const SHARE: usize = 256;

/// Every neighbor by its number, which is the order of the configuration.
#[derive(Debug)]
pub(super) struct Neighbors {
    seats: BTreeMap<NeighborId, Seat>,
    /// The number of the next one.
    next: u32,
    /// How often the configuration was read, from 1.
    pub(super) generation: u32,
    /// For the jitter of each session.
    seeds: Jitter,
    /// Those whose routes are being taken in.
    pub(super) intakes: Intakes,
    /// Those that are, or were, not read because of a program that lags behind.
    pub(super) held_back: BTreeSet<NeighborId>,
    /// The deadlines of those that have one.
    deadlines: BTreeSet<(Instant, NeighborId)>,
    /// Those that may have changed since their deadlines were looked up.
    touched: Vec<NeighborId>,
    /// Those that have been given something to tell, and were not looked at for it yet.
    changed: Vec<NeighborId>,
    /// How many are in session and have something to tell.
    sending: usize,
    /// What their Adj-RIBs-Out have in common.
    pub(super) catalogue: Catalogue,
    /// The Adj-RIBs of those that are gone, to be forgotten a slice at a time.
    gone: Vec<(AdjRibIn, AdjRibOut)>,
    /// Those whose Adj-RIB-In is to give back the room of what is forgotten.
    untidy: BTreeSet<NeighborId>,
    /// Routes worked on so far.
    handled: u64,
}

#[derive(Debug)]
struct Seat {
    neighbor: NeighborState,
    /// What stands in `deadlines`.
    deadline: Option<Instant>,
    /// Whether it is counted among those that are sending.
    sending: bool,
}

impl Neighbors {
    /// None; `seed` is for jitter.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seats: BTreeMap::new(),
            next: 0,
            generation: 1,
            seeds: Jitter::new(seed),
            intakes: Intakes::default(),
            held_back: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            touched: Vec::new(),
            changed: Vec::new(),
            sending: 0,
            catalogue: Catalogue::default(),
            gone: Vec::new(),
            untidy: BTreeSet::new(),
            handled: 0,
        }
    }

    /// Adds a neighbor whose sessions are in Idle, and begins to take in its routes.
    pub(super) fn add(
        &mut self,
        now: Now,
        environment: &Environment,
        config: config::Neighbor,
    ) -> NeighborId {
        let id = NeighborId::new(self.next);
        self.next += 1;
        let terms = open::terms(&config, &environment.settings, &environment.identity, true);
        let mut session = |direction| {
            let seed = self.seeds.next_u64();
            Session::new(environment.fsm, now.monotonic, direction, terms.clone(), seed)
        };
        let sessions = (session(Direction::Outgoing), session(Direction::Incoming));
        let neighbor = NeighborState::new(now, id, config, sessions, self.generation);
        self.seats.insert(id, Seat { neighbor, deadline: None, sending: false });
        self.touched.push(id);
        self.intakes.begin(id);
        id
    }

    /// A neighbor, to change it, and what its Adj-RIB-Out has in common with those of others.
    pub(super) fn get_with_catalogue(
        &mut self,
        id: &NeighborId,
    ) -> Option<(&mut NeighborState, &mut Catalogue)> {
        let Self { seats, touched, catalogue, .. } = self;
        let seat = seats.get_mut(id)?;
        if touched.last() != Some(id) {
            touched.push(*id);
        }
        Some((&mut seat.neighbor, catalogue))
    }

    /// Announces to one of them what the range does out of which it is made.
    pub(super) fn come_from(&mut self, id: &NeighborId, range: &NeighborId) {
        let Some(mut made) = self.seats.remove(id) else { return };
        if let Some(range) = self.seats.get(range) {
            made.neighbor.come_from(&mut self.catalogue, &range.neighbor);
        }
        self.seats.insert(*id, made);
    }

    /// Forgets a slice of what neighbors that are gone had announced or were told, and of what is forgotten of others.
    pub(super) fn forget_gone(&mut self) {
        let mut room = MAX_WORK;
        while let Some((rib_in, rib_out)) = self.gone.last_mut() {
            if !(rib_in.tidy(&mut room) && rib_out.forget(&mut self.catalogue, &mut room)) {
                return;
            }
            self.gone.pop();
        }
        while let Some(&id) = self.untidy.first() {
            if self.get_mut(&id).is_some_and(|neighbor| !neighbor.rib_in.tidy(&mut room)) {
                return;
            }
            self.untidy.pop_first();
        }
    }

    /// Whether something is still to be forgotten.
    pub(super) fn has_gone(&self) -> bool {
        !(self.gone.is_empty() && self.untidy.is_empty())
    }

    pub(super) fn remove(&mut self, id: &NeighborId) -> Option<NeighborState> {
        self.account();
        let Seat { mut neighbor, deadline, sending } = self.seats.remove(id)?;
        neighbor.rib_in.clear();
        let ribs = (core::mem::take(&mut neighbor.rib_in), core::mem::take(&mut neighbor.rib_out));
        self.gone.push(ribs);
        self.sending -= usize::from(sending);
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, *id));
        }
        Some(neighbor)
    }

    pub(super) fn get(&self, id: &NeighborId) -> Option<&NeighborState> {
        self.seats.get(id).map(|seat| &seat.neighbor)
    }

    /// A neighbor, to change it.
    pub(super) fn get_mut(&mut self, id: &NeighborId) -> Option<&mut NeighborState> {
        self.get_with_catalogue(id).map(|(neighbor, _)| neighbor)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &NeighborId> {
        self.seats.keys()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &NeighborState> {
        self.seats.values().map(|seat| &seat.neighbor)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// This one has been given something to tell.
    pub(super) fn note_change(&mut self, id: NeighborId) {
        let Some(neighbor) = self.get_mut(&id) else { return };
        if !core::mem::replace(&mut neighbor.changed, true) {
            self.changed.push(id);
        }
    }

    /// Those that have been given something to tell since this was last asked.
    pub(super) fn take_changed(&mut self) -> Vec<NeighborId> {
        for id in &self.changed {
            if let Some(seat) = self.seats.get_mut(id) {
                seat.neighbor.changed = false;
            }
        }
        core::mem::take(&mut self.changed)
    }

    /// How many routes are looked at for one of them when it has room for more: all that have something to tell share a turn.
    pub(super) fn share(&self) -> usize {
        (MAX_WORK / self.sending.max(1)).max(SHARE)
    }

    /// Looks up the deadlines of those that may have changed, and counts the routes that were worked on for them.
    pub(super) fn account(&mut self) {
        for id in self.touched.drain(..) {
            let Some(Seat { neighbor, deadline, sending }) = self.seats.get_mut(&id) else { continue };
            self.handled += neighbor.rib_out.take_handled() + neighbor.rib_in.take_handled();
            if neighbor.rib_in.is_untidy() {
                self.untidy.insert(id);
            }
            let sends = neighbor.is_sending();
            self.sending += usize::from(sends);
            self.sending -= usize::from(core::mem::replace(sending, sends));
            let next = neighbor.poll_timeout();
            if *deadline == next {
                continue;
            }
            if let Some(old) = core::mem::replace(deadline, next) {
                self.deadlines.remove(&(old, id));
            }
            self.deadlines.extend(next.map(|at| (at, id)));
        }
    }

    /// The first deadline, as of the last [`account`](Self::account).
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// How many routes were worked on so far, as of the last [`account`](Self::account).
    pub(super) fn routes_handled(&self) -> u64 {
        self.handled
    }

    /// Those whose deadline has come, in their order.
    pub(super) fn due(&mut self, now: Instant) -> Vec<NeighborId> {
        self.account();
        let passed = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let mut due: Vec<NeighborId> = passed.map(|(_, id)| *id).collect();
        due.sort_unstable();
        due
    }
}
