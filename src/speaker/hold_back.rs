//! A peer that sends faster than programs read what they are told of it is read more slowly.
//!
//! ExaBGP writes to a program until the program has read, and reads from no peer meanwhile: nothing is lost, and one program
//! that never reads stops everything. Here a program that reads is waited for, but only by the neighbors that it is told of, and
//! each of these is still read once in every [`PAUSE`], which is less than the shortest hold time. A program that takes nothing
//! for a while is not waited for; what it then loses is counted.

use super::Speaker;
use super::neighbor::NeighborId;
use crate::time::{Duration, Instant, Now};

/// How long a peer is not read at most: the hold time may be 3 s (RFC 4271 §4.2), in which the peer must be heard.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

impl Speaker {
    /// Something was read from a neighbor: whether more is, at once.
    pub(super) fn hold_back(&mut self, now: Instant, id: NeighborId) {
        let Self { neighbors, programs, held_back, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        let is_behind = neighbor.config.api.iter().any(|told| programs.is_behind(now, &told.process));
        neighbor.held_back = is_behind.then_some(now);
        if is_behind {
            held_back.insert(id);
        }
    }

    /// Reads neighbors again, where programs have caught up.
    pub(super) fn release(&mut self, now: Now) {
        if !self.programs.take_relief() {
            return;
        }
        for id in core::mem::take(&mut self.held_back) {
            self.hold_back(now.monotonic, id);
            self.update_interest(now, id);
        }
    }
}
