//! Watchdogs: routes that a program announces and withdraws together, by a name (ExaBGP's `watchdog`).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Bound;

use super::path::Destination;
use crate::wire::Route;

/// The routes of every watchdog of a neighbor.
#[derive(Clone, Debug, Default)]
pub struct Watchdogs {
    groups: BTreeMap<String, BTreeMap<Destination, Watched>>,
}

/// A route under a watchdog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The route.
    pub route: Route,
    /// Whether its next hop is our end of the session.
    pub own_hop: bool,
    /// Which reading of the configuration it is from.
    pub generation: u32,
    announced: bool,
}

impl Watchdogs {
    /// Puts a route of the `generation`th reading of the configuration under the watchdog `name`; `announced` says whether it is announced
    /// now.
    pub fn add(&mut self, name: &str, route: Route, own_hop: bool, announced: bool, generation: u32) {
        let destination = Destination::new(&route.nlri, route.path_id);
        let group = match self.groups.get_mut(name) {
            Some(group) => group,
            None => self.groups.entry(name.into()).or_default(),
        };
        group.insert(destination, Watched { route, own_hop, generation, announced });
    }

    /// Whether a route under the watchdog `name` is announced; `None`: it is not under it.
    pub fn is_announced(&self, name: &str, destination: &Destination) -> Option<bool> {
        Some(self.groups.get(name)?.get(destination)?.announced)
    }

    /// Forgets a route, whichever watchdog has it.
    pub fn remove(&mut self, destination: &Destination) {
        for group in self.groups.values_mut() {
            group.remove(destination);
        }
        self.groups.retain(|_, group| !group.is_empty());
    }

    /// The routes of `name` behind `after` that are not yet `announced`, or, without it, not yet withdrawn; from now on they are. It
    /// looks at no more routes than there is `room` for and takes from it what it has used; what comes back is the last route that it
    /// has looked at, where there are more.
    pub fn switch(
        &mut self,
        name: &str,
        announced: bool,
        after: Option<&Destination>,
        room: &mut usize,
    ) -> (Vec<Watched>, Option<Destination>) {
        let mut switched = Vec::new();
        let Some(group) = self.groups.get_mut(name) else { return (switched, None) };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (destination, watched) in group.range_mut((start, Bound::Unbounded)) {
            if watched.announced != announced {
                watched.announced = announced;
                switched.push(watched.clone());
            }
            *room = room.saturating_sub(1);
            if *room == 0 {
                return (switched, Some(destination.clone()));
            }
        }
        (switched, None)
    }
}
