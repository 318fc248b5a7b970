//! What is put off on purpose: a peer that sends faster than programs read what they are told of it is read more slowly,
//! and a large configuration is taken in a slice at a time.
//!
//! ExaBGP writes to a program until the program has read, and reads from no peer meanwhile: nothing is lost, and one program
//! that never reads stops everything. Here a program that reads is waited for, but only by the neighbors that it is told of, and
//! each of these is still read once in every [`PAUSE`](super::neighbor::PAUSE), which is less than the shortest hold time. A program that takes nothing
//! for a while is not waited for; what it then loses is counted.

use super::id::NeighborId;
use super::sessions::SessionHandle;
use crate::rib::MAX_WORK;
use crate::time::{Instant, Now};

impl SessionHandle<'_> {
    /// Something was read from a neighbor: whether more is, at once.
    pub(super) fn hold_back(&mut self, now: Instant, id: NeighborId) {
        let Self { neighbors, programs, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        let is_behind = neighbor.config.api.iter().any(|told| programs.is_behind(now, &told.process));
        neighbor.held_back = is_behind.then_some(now);
        if is_behind {
            neighbors.held_back.insert(id);
        }
    }

    /// Reads neighbors again, where programs have caught up.
    pub(super) fn release(&mut self, now: Now) {
        if !self.programs.take_relief() {
            return;
        }
        for id in core::mem::take(&mut self.neighbors.held_back) {
            self.hold_back(now.monotonic, id);
            self.update_interest(now, id);
        }
    }

    /// Takes in the next slice of what configurations announce. The programs may go on after the last.
    pub(super) fn take_in(&mut self, now: Now) {
        if self.neighbors.intakes.is_settled() {
            return;
        }
        self.neighbors.intakes.since = now.monotonic;
        let mut room = MAX_WORK;
        while let Some(&id) = self.neighbors.intakes.waiting.front() {
            let known = self.neighbors.get_with_catalogue(&id);
            if known.is_some_and(|(neighbor, catalogue)| !neighbor.take_in(catalogue, &mut room)) {
                return;
            }
            self.neighbors.intakes.waiting.pop_front();
            self.update_interest(now, id);
        }
        self.neighbors.intakes.settled = true;
    }
}
