//! Long answers: they are given a piece at a time. However large a RIB is, nobody waits.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use holdtime_host::StreamId;

use super::commands::CommandHandle;
use super::neighbor::NeighborState;
use super::programs::{RouteForm, ShowRoutes, Task};
use super::selection::selector_name;
use super::show::{is_wanted, route_line};
use crate::api::Selectors;
use crate::api::command::{AdjRib, ShowAdjRib};
use crate::rib::{Announced, Catalogue, Destination, MAX_WORK};
use crate::time::Now;

impl CommandHandle<'_> {
    /// What `show adj-rib` is to show.
    pub(super) fn begin_routes(&self, show: &ShowAdjRib<'_>, selectors: &Selectors<'_>) -> ShowRoutes {
        let wanted = |neighbor: &&NeighborState| {
            show.neighbor.is_none_or(|address| address.parse() == Ok(neighbor.config.peer.address))
                && selectors.matches(&selector_name(neighbor))
        };
        ShowRoutes {
            side: show.side,
            routes: show.routes,
            extensive: show.extensive,
            form: match (show.json, self.environment.settings.api.show_routes_v2) {
                (false, _) => RouteForm::Text,
                (true, false) => RouteForm::Prefix,
                (true, true) => RouteForm::Whole,
            },
            neighbors: self.neighbors.values().filter(wanted).map(|neighbor| neighbor.id).collect(),
            after: None,
        }
    }

    /// Goes on with a long answer by about `budget` octets, and acknowledges the command at its end.
    pub(super) fn go_on(&mut self, now: Now, stream: StreamId, budget: usize) {
        let Some(task) = self.programs.take_task(stream) else { return };
        let left = match task {
            Task::Lines(mut lines) => {
                let mut written = 0;
                while written < budget
                    && let Some(line) = lines.pop_front()
                {
                    written += line.len() + 1;
                    self.programs.answer(stream, &line);
                }
                (!lines.is_empty()).then_some(Task::Lines(lines))
            }
            Task::Routes(mut routes) => {
                let most = usize::try_from(self.environment.settings.api.chunk).unwrap_or(usize::MAX).max(1);
                let (lines, passed) = self.next_routes(now, &mut routes, budget, most);
                self.contract.routes_handled += passed as u64;
                lines.iter().for_each(|line| self.programs.answer(stream, line));
                (!routes.neighbors.is_empty()).then_some(Task::Routes(routes))
            }
        };
        match left {
            Some(task) => self.programs.set_task(stream, task),
            None => {
                self.programs.acknowledge(stream, true);
                self.programs.update_interest(stream);
            }
        }
    }

    /// The next lines of `show adj-rib`, `most` at most, and how many routes were looked at for them.
    fn next_routes(
        &self,
        now: Now,
        routes: &mut ShowRoutes,
        budget: usize,
        most: usize,
    ) -> (Vec<String>, usize) {
        let mut lines = Vec::new();
        let (mut written, mut passed) = (0, 0);
        while let Some(neighbor) = routes.neighbors.front().and_then(|id| self.neighbors.get(id)) {
            let after = routes.after.take();
            let mut last = after.clone();
            let catalogue = &self.neighbors.catalogue;
            for route in neighbor.routes_after(catalogue, routes.side, after.as_ref()) {
                if written >= budget || passed >= MAX_WORK || lines.len() >= most {
                    routes.after = last;
                    return (lines, passed);
                }
                // Routes of other kinds cost time too, though they show nothing.
                passed += 1;
                if is_wanted(routes, route.nlri()) {
                    let line =
                        route_line(now, neighbor, routes, &route.destination, route.nlri(), route.path);
                    written += line.len() + 1;
                    lines.push(line);
                }
                last = Some(route.destination.into_owned());
            }
            routes.neighbors.pop_front();
        }
        // A neighbor that has gone in the meantime has nothing more to show.
        routes.neighbors.pop_front();
        (lines, passed)
    }
}

impl NeighborState {
    /// The routes of one of its RIBs that come after `after`, by destination.
    fn routes_after<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        side: AdjRib,
        after: Option<&Destination>,
    ) -> impl Iterator<Item = Announced<'a>> {
        let outgoing = (side == AdjRib::Out).then(|| self.rib_out.routes_after(catalogue, after));
        let incoming = (side == AdjRib::In).then(|| self.rib_in.routes_after(after));
        let incoming = incoming.into_iter().flatten().map(|(destination, route)| Announced {
            destination: Cow::Borrowed(destination),
            exact: Some(&route.nlri),
            path: &route.path,
            pending: false,
        });
        outgoing.into_iter().flatten().chain(incoming)
    }
}
