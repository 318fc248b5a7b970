//! The routes of a configuration on their way into the RIBs: a slice at a time, so that a large table keeps no KEEPALIVE
//! waiting. What is in the first slice, as most configurations are, is taken in at once.
//!
//! Until all are in, no new batch of UPDATEs begins (routes that share attributes would be torn apart), and programs' commands
//! wait: they were written by somebody who knows the configuration, and have the last word over it.

use alloc::collections::VecDeque;
use alloc::vec::{self, Vec};

use super::Speaker;
use super::neighbor::{Neighbor, NeighborId};
use crate::grammar::Announcement;
use crate::rib::{Destination, MAX_WORK};
use crate::time::{Instant, Now};

/// The routes of one neighbor that are still to be taken in, and which reading of the configuration they are from.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    routes: vec::IntoIter<Announcement>,
    generation: u32,
    /// What is new among them is announced [twice](Neighbor::repeats): they came while the session was up.
    twice: bool,
}

impl Intake {
    pub(super) fn new(routes: Vec<Announcement>, generation: u32, twice: bool) -> Self {
        Self { routes: routes.into_iter(), generation, twice }
    }

    /// The session is gone, and who comes next is told of everything anyway.
    pub(super) fn session_down(&mut self) {
        self.twice = false;
    }
}

/// The neighbors whose routes are not all taken in yet.
#[derive(Debug, Default)]
pub(super) struct Intakes {
    waiting: VecDeque<NeighborId>,
    /// When there was last something to do, which makes the rest overdue.
    since: Instant,
}

impl Intakes {
    /// When to go on: at once.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.since)
    }
}

impl Speaker {
    /// Begins to take in what a neighbor's new configuration has announced.
    pub(super) fn begin_intake(&mut self, id: NeighborId) {
        if !self.intakes.waiting.contains(&id) {
            self.intakes.waiting.push_back(id);
        }
    }

    /// Whether no configured route is left to be taken in.
    pub(super) fn is_settled(&self) -> bool {
        self.intakes.waiting.is_empty()
    }

    /// Takes in the next slice. The programs go on after the last.
    pub(super) fn take_in(&mut self, now: Now) {
        if self.is_settled() {
            return;
        }
        self.intakes.since = now.monotonic;
        let mut room = MAX_WORK;
        while let Some(&id) = self.intakes.waiting.front() {
            if self.neighbors.get_mut(&id).is_some_and(|neighbor| !neighbor.take_in(&mut room)) {
                return;
            }
            self.intakes.waiting.pop_front();
            self.update_interest(now, id);
        }
        for stream in self.programs.streams() {
            self.run_commands(now, stream);
        }
    }
}

impl Neighbor {
    /// Takes in at most `room` routes and leaves the rest of the room; `true`: there are no more.
    fn take_in(&mut self, room: &mut usize) -> bool {
        let Some(Intake { mut routes, generation, twice }) = self.intake.take() else { return true };
        let count = routes.len().min(*room);
        *room -= count;
        for Announcement { route, next_hop_self, watchdog } in routes.by_ref().take(count) {
            let mut announced = true;
            if let Some(watchdog) = watchdog {
                let destination = Destination::new(&route.nlri, route.path_id);
                announced =
                    self.watchdogs.is_announced(&watchdog.name, &destination).unwrap_or(!watchdog.withdrawn);
                self.watchdogs.add(&watchdog.name, route.clone(), next_hop_self, announced);
            }
            if announced && self.config.families.contains(&route.nlri.family()) {
                let is_new = self.rib_out.configure_route(&route, next_hop_self, generation);
                if is_new && twice {
                    self.repeats.push(Destination::new(&route.nlri, route.path_id));
                }
            }
        }
        let done = routes.len() == 0;
        if done {
            self.rib_out.retire(generation);
            self.rib_out.hold_back(false);
        } else {
            self.intake = Some(Intake { routes, generation, twice });
        }
        done
    }
}
