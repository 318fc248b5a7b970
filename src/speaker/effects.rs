//! An answer follows its effect: when a program reads `done`, what its command caused has been handed to the connection of
//! every peer that can take it, and the next command finds it done.
//!
//! Routes that come in one reading are taken together, so that those which share attributes share UPDATEs, and the last word on
//! a route counts, as with ExaBGP; what they cause is packed behind the last of them, and their answers are offered to the host
//! after that. A `clear adj-rib out` takes back the routes of its own reading before they are sent, as with ExaBGP. Every other
//! command (flush, teardown, …) and what follows a clear finds packed what came before it, and waits for that.
//!
//! **Nobody is waited for who does not take anything**: a peer that is down, whose window is closed or whose rate is used up
//! counts as served, since only time will help it. A peer that takes more is given more at every turn until all is out. A session
//! that is so new that nothing is said to its peer yet is waited for, once, and for that moment only.

use holdtime_host::StreamId;

use super::commands::CommandHandle;
use super::id::NeighborId;
use super::neighbor::NeighborState;
use crate::rib::MAX_WORK;
use crate::time::{Instant, Now};

/// So many octets are made ready for one connection at a time.
const SLICE: usize = 64 * 1024;

impl CommandHandle<'_> {
    /// A command of this program has changed what a neighbor is to be told.
    pub(super) fn touch(&mut self, stream: StreamId, id: NeighborId) {
        if self.neighbors.get(&id).is_some_and(|neighbor| neighbor.established().is_some()) {
            self.programs.touch(stream, id);
        }
    }

    /// Packs what this program's commands have caused, a slice for each neighbor as long as there is room. Returns whether that was
    /// all, as far as somebody takes it.
    pub(super) fn send_effects(&mut self, now: Now, stream: StreamId, room: &mut usize) -> bool {
        let (mut touched, held) = self.programs.touched(stream);
        let since = held.unwrap_or(now.monotonic);
        // Whoever was not served the last time comes first.
        let first =
            self.programs.next_served(stream).and_then(|next| touched.iter().position(|id| *id >= next));
        touched.rotate_left(first.unwrap_or(0));
        let mut all = true;
        for id in touched {
            if self.takes_more(id) {
                if *room == 0 {
                    self.programs.serve_next(stream, id);
                    return false;
                }
                if !self.send_slice(now, id, room) {
                    self.programs.untouch(stream, id);
                }
            }
            all &= !self.owes(id, since);
        }
        all
    }

    fn send_slice(&mut self, now: Now, id: NeighborId, room: &mut usize) -> bool {
        let link = self.neighbors.get(&id).and_then(NeighborState::established);
        let Some((direction, Some(stream))) = link.map(|link| (link.session.direction(), link.stream)) else {
            return false;
        };
        // What is ready and was not offered yet goes first.
        let done = self.transport.streams.unsent(stream) >= SLICE
            || self.sessions().fill(now, id, direction, stream, SLICE, room);
        self.sessions().update_interest(now, id);
        done
    }

    /// Whether a neighbor has something to be told and takes it.
    fn takes_more(&self, id: NeighborId) -> bool {
        self.neighbors.get(&id).is_some_and(|neighbor| {
            let stream = neighbor.established().and_then(|link| link.stream);
            neighbor.may_send() && stream.is_some_and(|stream| !self.transport.streams.is_stuck(stream))
        })
    }

    /// Whether an answer that is due `since` then has to wait for a neighbor.
    fn owes(&self, id: NeighborId, since: Instant) -> bool {
        let Some(neighbor) = self.neighbors.get(&id) else { return false };
        let began = neighbor.up_since.map(|(at, _)| at);
        let rests = neighbor.rests_until.is_some() && began.is_some_and(|began| began <= since);
        self.takes_more(id) || (rests && neighbor.wants_to_send())
    }

    /// Every connection was offered what waits for it: gives the answers whose effects are out.
    pub(super) fn release_answers(&mut self) {
        for stream in self.programs.held() {
            let (touched, held) = self.programs.touched(stream);
            let since = held.unwrap_or(Instant::ZERO);
            let busy = touched.iter().any(|id| self.takes_more(*id));
            let owed = busy || touched.iter().any(|id| self.owes(*id, since));
            let more = !owed && self.programs.release(stream);
            if busy || more {
                self.programs.effects_due = Some(since);
            }
        }
    }

    /// Goes on with what takes more than one turn.
    pub(super) fn go_on_with_effects(&mut self, now: Now) {
        let held = self.programs.held();
        if self.programs.effects_due.take().is_none() && held.is_empty() {
            return;
        }
        let mut room = MAX_WORK;
        for stream in held {
            self.send_effects(now, stream, &mut room);
        }
        self.run_all(now);
    }
}
