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
    /// The reading of the configuration that was last taken in whole.
    read: u32,
    /// How far it was looked for routes of earlier readings.
    swept: Option<(String, Destination)>,
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
    /// The configuration holds it back until a program lets it go.
    pub held_back: bool,
    /// What a program has made of it by the watchdog's name: announced, or not.
    pub switched: Option<bool>,
}

impl Watched {
    fn is_announced(&self) -> bool {
        self.switched.unwrap_or(!self.held_back)
    }
}

impl Watchdogs {
    /// Puts a route under the watchdog `name`.
    pub fn add(&mut self, name: &str, watched: Watched) {
        let destination = Destination::new(&watched.route.nlri, watched.route.path_id);
        let group = match self.groups.get_mut(name) {
            Some(group) => group,
            None => self.groups.entry(name.into()).or_default(),
        };
        group.insert(destination, watched);
    }

    /// What a program has made of a route by the watchdog's name, as far as the last reading has it there too.
    pub fn switched(&self, name: &str, destination: &Destination) -> Option<bool> {
        let watched = self.groups.get(name)?.get(destination)?;
        watched.switched.filter(|_| watched.generation >= self.read)
    }

    /// Forgets the routes that only an earlier reading of the configuration than the `generation`th had, as long as there is `room` for so
    /// many routes to be looked at, and takes from it what it has used. Returns whether it has got to the end; to be called again where it
    /// has not.
    pub fn retire(&mut self, generation: u32, room: &mut usize) -> bool {
        let Self { groups, read, swept, .. } = self;
        if *read == generation {
            return true;
        }
        let from = swept.take();
        let first = from.as_ref().map_or("", |(name, _)| name);
        let mut stale = Vec::new();
        let mut looked = from.as_ref().map(|(name, destination)| (name, destination));
        'groups: for (name, group) in groups.range::<str, _>((Bound::Included(first), Bound::Unbounded)) {
            let after = match &from {
                Some((known, destination)) if known == name => Bound::Excluded(destination),
                _ => Bound::Unbounded,
            };
            for (destination, watched) in group.range((after, Bound::Unbounded)) {
                if *room == 0 {
                    *swept = looked.map(|(name, destination)| (name.clone(), destination.clone()));
                    break 'groups;
                }
                *room -= 1;
                looked = Some((name, destination));
                if watched.generation != generation {
                    stale.push((name.clone(), destination.clone()));
                }
            }
        }
        for (name, destination) in stale {
            let Some(group) = groups.get_mut(&name) else { continue };
            group.remove(&destination);
            if group.is_empty() {
                groups.remove(&name);
            }
        }
        let is_over = swept.is_none();
        if is_over {
            *read = generation;
        }
        is_over
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
            if watched.is_announced() != announced {
                watched.switched = Some(announced);
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

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;
    use crate::wire::{Attributes, Ipv4Prefix, Nlri, Prefix};

    fn watched(n: u8, generation: u32) -> Watched {
        let prefix = Ipv4Prefix::new([10, n, 0, 0].into(), 16).expect("a prefix");
        let nlri = Nlri::Unicast(Prefix::V4(prefix));
        let route = Route { path_id: None, nlri, next_hop: None, attributes: Arc::new(Attributes::new()) };
        Watched { route, own_hop: false, generation, held_back: false, switched: Some(false) }
    }

    #[test]
    fn what_a_reading_has_no_more_is_forgotten_a_slice_at_a_time_and_the_rest_stays() {
        for slice in 1..=8 {
            let mut watchdogs = Watchdogs::default();
            for n in 0..6 {
                for name in ["cat", "dog"] {
                    watchdogs.add(name, watched(n, if n.is_multiple_of(2) { 2 } else { 1 }));
                }
                watchdogs.add("gone", watched(n, 1));
            }
            let mut turns = 1;
            while !watchdogs.retire(2, &mut { slice }) {
                turns += 1;
                assert!(turns <= 19, "it gets to the end");
            }
            assert_eq!(turns, 18_usize.div_ceil(slice), "{slice}");
            assert!(watchdogs.groups.keys().eq(["cat", "dog"]));
            for (name, n) in [("cat", 0), ("dog", 4)] {
                let Watched { route, .. } = watched(n, 2);
                assert_eq!(watchdogs.switched(name, &Destination::new(&route.nlri, None)), Some(false));
            }
            assert_eq!(watchdogs.groups.values().map(BTreeMap::len).sum::<usize>(), 6, "{slice}");
        }
    }
}
