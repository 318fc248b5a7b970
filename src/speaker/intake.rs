//! The routes of a configuration on their way into the RIBs: a slice at a time, so that a large table keeps no KEEPALIVE
//! waiting. What is in the first slice, as most configurations are, is taken in at once.
//!
//! Until all are in, no new batch of UPDATEs begins (routes that share attributes would be torn apart), and programs' commands
//! wait: they were written by somebody who knows the configuration, and have the last word over it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::id::NeighborId;
use crate::grammar::{Announcement, RouteList};
use crate::rib::{AdjRibOut, Catalogue, Destination, Watchdogs, Watched};
use crate::time::Instant;
use crate::wire::Family;

/// The routes of one neighbor that are still to be taken in, and which reading of the configuration they are from.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    routes: RouteList,
    generation: u32,
    /// What is new among them is announced twice, as ExaBGP does: they came while the session was up.
    twice: bool,
}

impl Intake {
    pub(super) fn new(routes: RouteList, generation: u32, twice: bool) -> Self {
        Self { routes, generation, twice }
    }

    /// The session is gone, and who comes next is told of everything anyway.
    pub(super) fn session_down(&mut self) {
        self.twice = false;
    }

    /// Takes in at most `room` routes, withdraws those of earlier readings, and leaves the rest of the room; `true`: all is done. What is to be announced twice
    /// is added to `repeats`.
    pub(super) fn take_in(
        &mut self,
        room: &mut usize,
        families: &[Family],
        (rib_out, catalogue): (&mut AdjRibOut, &mut Catalogue),
        watchdogs: &mut Watchdogs,
        repeats: &mut Vec<Destination>,
    ) -> bool {
        let Self { routes, generation, twice } = self;
        while let Some(Announcement { route, next_hop_self, watchdog }) = routes.take_first(room) {
            let mut announced = true;
            if let Some(watchdog) = watchdog {
                let destination = Destination::new(&route.nlri, route.path_id);
                let switched = watchdogs.switched(&watchdog.name, &destination);
                // No reload announces what the file holds back: what a program has let go stays announced, if it still is.
                announced = match (switched, watchdog.withdrawn) {
                    (Some(true), true) => rib_out.announces(catalogue, &destination),
                    (switched, held_back) => switched.unwrap_or(!held_back),
                };
                let watched = Watched {
                    route: route.clone(),
                    own_hop: next_hop_self,
                    generation: *generation,
                    held_back: watchdog.withdrawn,
                    switched: switched.filter(|switched| *switched == announced),
                };
                watchdogs.add(&watchdog.name, watched);
            }
            if announced && families.contains(&route.nlri.family()) {
                let resolved = catalogue.resolve(&route, next_hop_self);
                let is_new = rib_out.configure_route(catalogue, &resolved, *generation);
                catalogue.let_go(resolved);
                if is_new && *twice {
                    repeats.push(Destination::new(&route.nlri, route.path_id));
                }
            }
        }
        let done = routes.is_empty()
            && *room > 0
            && watchdogs.retire(*generation, room)
            && rib_out.retire(catalogue, *generation, room);
        if done {
            rib_out.hold_back(false);
        }
        done
    }
}

/// The neighbors whose routes are not all taken in yet.
#[derive(Debug, Default)]
pub(super) struct Intakes {
    pub(super) waiting: VecDeque<NeighborId>,
    /// When there was last something to do, which makes the rest overdue.
    pub(super) since: Instant,
    /// The last of them has got all of its routes since this was last asked.
    pub(super) settled: bool,
}

impl Intakes {
    /// When to go on: at once.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.since)
    }

    /// Whether no configured route is left to be taken in.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Begins to take in what a neighbor's new configuration has announced.
    pub(super) fn begin(&mut self, id: NeighborId) {
        if !self.waiting.contains(&id) {
            self.waiting.push_back(id);
        }
    }
}
