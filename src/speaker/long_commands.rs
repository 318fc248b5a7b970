//! Commands that go over many routes or neighbors, carried out a slice at a time.
//!
//! Whatever walks a table, or goes over neighbors with a list of routes, does it here, within the room that its turn has left: so
//! many routes, each counted once for each neighbor. Meanwhile sessions and other programs have their turns.

use alloc::collections::VecDeque;
use alloc::format;

use holdtime_host::StreamId;

use super::commands::CommandHandle;
use super::event::Severity;
use super::id::NeighborId;
use super::programs::LongCommand;
use crate::api::command::{AdjRib, RouteAction};
use crate::grammar::Announcement;
use crate::rib::Destination;

impl CommandHandle<'_> {
    /// Goes on with a command as long as there is room; whether nothing is left of it.
    pub(super) fn go_on_with_long_command(
        &mut self,
        stream: StreamId,
        command: &mut LongCommand,
        room: &mut usize,
    ) -> bool {
        match command {
            LongCommand::Routes { action, announcements, next, neighbors, at } => {
                self.go_on_with_routes(stream, *action, announcements, neighbors, (next, at), room)
            }
            LongCommand::Clear { side, neighbors, begun } => {
                self.go_on_with_clear(stream, *side, neighbors, begun, room)
            }
            LongCommand::Watchdog { action, name, neighbors, after } => {
                self.go_on_with_watchdog(stream, *action, name, neighbors, after, room)
            }
        }
    }

    /// Announces or withdraws routes, from this one of them and this neighbor on.
    fn go_on_with_routes(
        &mut self,
        stream: StreamId,
        action: RouteAction,
        announcements: &[Announcement],
        neighbors: &[NeighborId],
        (next, at): (&mut usize, &mut usize),
        room: &mut usize,
    ) -> bool {
        while let Some(Announcement { route, next_hop_self, .. }) = announcements.get(*next) {
            self.contract.routes_handled += u64::from(*at == 0);
            let family = route.nlri.family();
            let resolved = self.neighbors.catalogue.resolve(route, *next_hop_self);
            while let Some(&id) = neighbors.get(*at).filter(|_| *room > 0) {
                *room -= 1;
                *at += 1;
                let Some((neighbor, catalogue)) = self.neighbors.get_with_catalogue(&id) else { continue };
                if !neighbor.config.families.contains(&family) {
                    let text =
                        format!("has no family {family} configured, for a route that a program announces");
                    self.contract.log_repeat(Severity::Warning, neighbor.party(), text);
                    continue;
                }
                match action {
                    RouteAction::Announce => neighbor.rib_out.announce(catalogue, &resolved),
                    RouteAction::Withdraw => neighbor.rib_out.withdraw(catalogue, &resolved),
                }
                self.note_effect(stream, id);
            }
            self.neighbors.catalogue.let_go(resolved);
            if *at < neighbors.len() {
                return false;
            }
            (*next, *at) = (*next + 1, 0);
        }
        true
    }

    /// Clears a RIB of these neighbors, of which the first may have begun.
    fn go_on_with_clear(
        &mut self,
        stream: StreamId,
        side: AdjRib,
        neighbors: &mut VecDeque<NeighborId>,
        begun: &mut bool,
        room: &mut usize,
    ) -> bool {
        while let Some(&id) = neighbors.front() {
            if *room == 0 {
                return false;
            }
            *room -= 1;
            if let Some((neighbor, catalogue)) = self.neighbors.get_with_catalogue(&id) {
                let done = match side {
                    AdjRib::Out => {
                        if !core::mem::replace(begun, true) {
                            neighbor.rib_out.begin_clear();
                        }
                        neighbor.rib_out.go_on_with_clear(catalogue, room)
                    }
                    AdjRib::In => {
                        neighbor.rib_in.clear();
                        true
                    }
                };
                self.note_effect(stream, id);
                if !done {
                    return false;
                }
            }
            neighbors.pop_front();
            *begun = false;
        }
        true
    }

    /// Announces or withdraws the routes of a watchdog, for these neighbors, for the first of them behind this route.
    fn go_on_with_watchdog(
        &mut self,
        stream: StreamId,
        action: RouteAction,
        name: &str,
        neighbors: &mut VecDeque<NeighborId>,
        after: &mut Option<Destination>,
        room: &mut usize,
    ) -> bool {
        let announces = action == RouteAction::Announce;
        while let Some(&id) = neighbors.front() {
            if *room == 0 {
                return false;
            }
            *room -= 1;
            if let Some((neighbor, catalogue)) = self.neighbors.get_with_catalogue(&id) {
                let (switched, rest) = neighbor.watchdogs.switch(name, announces, after.as_ref(), room);
                for watched in switched {
                    let resolved = catalogue.resolve(&watched.route, watched.own_hop);
                    match action {
                        RouteAction::Announce => {
                            neighbor.rib_out.announce_watched(catalogue, &resolved, watched.generation);
                        }
                        RouteAction::Withdraw => neighbor.rib_out.withdraw(catalogue, &resolved),
                    }
                    catalogue.let_go(resolved);
                }
                self.note_effect(stream, id);
                *after = rest;
                if after.is_some() {
                    continue;
                }
            }
            // One that has gone in the middle leaves its place behind, which says nothing of the next.
            *after = None;
            neighbors.pop_front();
        }
        true
    }

    /// A command of this program has changed what a neighbor is to be told, of which the reactor hears when all is done.
    fn note_effect(&mut self, stream: StreamId, id: NeighborId) {
        self.neighbors.note_change(id);
        self.touch(stream, id);
    }
}
