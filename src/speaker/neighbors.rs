//! The neighbors of a speaker, and which of them has something to do next.
//!
//! Asking for the next deadline costs the same with one neighbor as with thousands: whoever may have changed is marked,
//! and only the deadlines of those are looked up again.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::neighbor::{Neighbor, NeighborId};
use crate::time::Instant;

/// Every neighbor by its number, which is the order of the configuration.
#[derive(Debug, Default)]
pub(super) struct Neighbors {
    seats: BTreeMap<NeighborId, Seat>,
    /// The deadlines of those that have one.
    deadlines: BTreeSet<(Instant, NeighborId)>,
    /// Those that may have changed since their deadlines were looked up.
    touched: Vec<NeighborId>,
    /// Routes worked on so far.
    handled: u64,
}

#[derive(Debug)]
struct Seat {
    neighbor: Neighbor,
    /// What stands in `deadlines`.
    deadline: Option<Instant>,
}

impl Neighbors {
    pub(super) fn insert(&mut self, id: NeighborId, neighbor: Neighbor) {
        self.seats.insert(id, Seat { neighbor, deadline: None });
        self.touched.push(id);
    }

    pub(super) fn remove(&mut self, id: &NeighborId) -> Option<Neighbor> {
        self.account();
        let Seat { neighbor, deadline } = self.seats.remove(id)?;
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, *id));
        }
        Some(neighbor)
    }

    pub(super) fn get(&self, id: &NeighborId) -> Option<&Neighbor> {
        self.seats.get(id).map(|seat| &seat.neighbor)
    }

    /// A neighbor, to change it.
    pub(super) fn get_mut(&mut self, id: &NeighborId) -> Option<&mut Neighbor> {
        let seat = self.seats.get_mut(id)?;
        if self.touched.last() != Some(id) {
            self.touched.push(*id);
        }
        Some(&mut seat.neighbor)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &NeighborId> {
        self.seats.keys()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Neighbor> {
        self.seats.values().map(|seat| &seat.neighbor)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Looks up the deadlines of those that may have changed, and counts the routes that were worked on for them.
    pub(super) fn account(&mut self) {
        for id in self.touched.drain(..) {
            let Some(Seat { neighbor, deadline }) = self.seats.get_mut(&id) else { continue };
            self.handled += neighbor.rib_out.take_handled() + neighbor.rib_in.take_handled();
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
