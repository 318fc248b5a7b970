//! Watchdogs: routes that a program announces and withdraws together, by a name (ExaBGP's `watchdog`).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

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
    announced: bool,
}

impl Watchdogs {
    /// Puts a route under the watchdog `name`; `announced` says whether it is announced now.
    pub fn add(&mut self, name: &str, route: Route, own_hop: bool, announced: bool) {
        let destination = Destination::new(&route.nlri, route.path_id);
        let group = match self.groups.get_mut(name) {
            Some(group) => group,
            None => self.groups.entry(name.into()).or_default(),
        };
        group.insert(destination, Watched { route, own_hop, announced });
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

    /// The routes of `name` that are not yet `announced`, or, without it, not yet withdrawn; from now on they are.
    pub fn switch(&mut self, name: &str, announced: bool) -> Vec<Watched> {
        let group = self.groups.get_mut(name).into_iter().flat_map(BTreeMap::values_mut);
        group
            .filter(|watched| watched.announced != announced)
            .map(|watched| {
                watched.announced = announced;
                watched.clone()
            })
            .collect()
    }
}
