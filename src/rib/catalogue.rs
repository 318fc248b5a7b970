//! What the Adj-RIBs-Out of a speaker have in common: destinations, paths, and stretches of table that are alike.
//!
//! Every destination that some neighbor is told of has a number here, and the tables know it by that. A table is cut into blocks
//! of [`BLOCK`] numbers; blocks of different neighbors that say the same, and of which nothing waits to be sent, are one
//! [`Shelf`]. What a neighbor costs is therefore what it is told differently, and what it has yet to be told.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::order::DestinationOrder;
use super::path::{Destination, Hop, Path, Paths};
use super::shelf::Shelf;
use crate::wire::{Family, Ipv4Prefix, Nlri, Prefix, Route};

/// So many numbers are a block.
pub(super) const BLOCK: u32 = 64;

/// What a number that is in use no more stands for.
const NOWHERE: Ipv4Prefix = match Ipv4Prefix::new(Ipv4Addr::UNSPECIFIED, 0) {
    Some(prefix) => prefix,
    None => panic!("no length is above 32"),
};

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Catalogue {
    items: Vec<Catalogued>,
    /// Numbers that are in use no more.
    free: Vec<u32>,
    order: DestinationOrder,
    paths: Paths,
    /// The shelves of each block.
    shelves: Vec<Vec<Weak<Shelf>>>,
}

/// A destination, and how many tables have it.
#[derive(Debug)]
struct Catalogued {
    key: CompactDestination,
    users: u32,
}

/// A destination in little room: most are IPv4 prefixes.
#[derive(Debug)]
enum CompactDestination {
    Ipv4(Ipv4Prefix),
    Other(Box<Destination>),
}

/// A route with its number and its path, for every table that is to be told of it. To be [let go](Catalogue::let_go) then.
#[derive(Debug)]
pub struct Resolved {
    pub(super) number: u32,
    pub(super) family: Family,
    /// With the next hop as it was written.
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key: labels.
    pub(super) exact: Option<Box<Nlri>>,
}

impl CompactDestination {
    fn new(destination: Destination) -> Self {
        match destination {
            Destination { nlri: Nlri::Unicast(Prefix::V4(prefix)), path_id: None } => Self::Ipv4(prefix),
            other => Self::Other(Box::new(other)),
        }
    }

    fn destination(&self) -> Cow<'_, Destination> {
        match self {
            Self::Ipv4(prefix) => {
                Cow::Owned(Destination { nlri: Nlri::Unicast(Prefix::V4(*prefix)), path_id: None })
            }
            Self::Other(destination) => Cow::Borrowed(destination),
        }
    }
}

impl Catalogue {
    /// How many destinations there are.
    pub(super) fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// The destination with this number.
    pub(super) fn destination(&self, number: u32) -> Cow<'_, Destination> {
        destination_of(&self.items, number)
    }

    /// The family of a destination.
    pub(super) fn family(&self, number: u32) -> Family {
        match self.items.get(number as usize).map(|item| &item.key) {
            Some(CompactDestination::Other(destination)) => destination.family(),
            Some(CompactDestination::Ipv4(_)) | None => Family::IPV4_UNICAST,
        }
    }

    /// The number of a destination, where some table has it.
    pub(super) fn find(&self, destination: &Destination) -> Option<u32> {
        self.order.find(destination, |number| self.destination(number)).ok()
    }

    /// The numbers of the destinations behind this one, in the order of their destinations.
    pub(super) fn after(&self, destination: Option<&Destination>) -> impl Iterator<Item = u32> + use<'_> {
        self.order.after(destination, |number| self.destination(number))
    }

    /// Gives a route a number, if it has none, and its path. With `own_hop` its next hop is our end of the session.
    pub fn resolve(&mut self, route: &Route, own_hop: bool) -> Resolved {
        let destination = Destination::new(&route.nlri, route.path_id);
        let family = destination.family();
        let exact = (route.nlri != destination.nlri).then(|| Box::new(route.nlri.clone()));
        let hop = if own_hop { Hop::Own } else { route.next_hop.into() };
        let path = self.paths.intern(Path { hop, attributes: route.attributes.clone() });
        Resolved { number: self.number(destination), family, path, exact }
    }

    fn number(&mut self, destination: Destination) -> u32 {
        let Self { items, free, order, .. } = self;
        let found = order.find(&destination, |number| destination_of(items, number));
        let at = match found {
            Ok(number) => {
                self.hold(number);
                return number;
            }
            Err(at) => at,
        };
        let number = free.pop().unwrap_or_else(|| u32::try_from(items.len()).unwrap_or(u32::MAX));
        order.insert(at, number, &destination);
        let item = Catalogued { key: CompactDestination::new(destination), users: 1 };
        match items.get_mut(number as usize) {
            Some(known) => *known = item,
            None => items.push(item),
        }
        number
    }

    /// Forgets a route that every table was told of.
    pub fn let_go(&mut self, resolved: Resolved) {
        let number = resolved.number;
        drop(resolved);
        self.release(number);
    }

    /// One more has this destination.
    pub(super) fn hold(&mut self, number: u32) {
        if let Some(item) = self.items.get_mut(number as usize) {
            item.users += 1;
        }
    }

    /// One fewer has this destination; with the last one it goes.
    pub(super) fn release(&mut self, number: u32) {
        let Self { items, free, order, .. } = self;
        let Some(item) = items.get_mut(number as usize) else { return };
        item.users -= 1;
        if item.users > 0 {
            return;
        }
        let destination = item.key.destination().into_owned();
        order.remove(&destination, |number| destination_of(items, number));
        if let Some(item) = items.get_mut(number as usize) {
            // What it holds elsewhere goes at once.
            item.key = CompactDestination::Ipv4(NOWHERE);
        }
        free.push(number);
        if free.len() == items.len() {
            (*items, *free) = (Vec::new(), Vec::new());
            self.shelves = Vec::new();
        }
    }

    /// The copy of `path` that is kept.
    pub(super) fn intern(&mut self, path: Path) -> Arc<Path> {
        self.paths.intern(path)
    }

    /// The shelf of a block for which `is_same` holds, or a new one.
    pub(super) fn shelf(
        &mut self,
        block: u32,
        is_same: impl Fn(&Shelf) -> bool,
        make: impl FnOnce() -> Shelf,
    ) -> Arc<Shelf> {
        let block = block as usize;
        if self.shelves.len() <= block {
            self.shelves.resize_with(block + 1, Vec::new);
        }
        let Some(known) = self.shelves.get_mut(block) else { return Arc::new(make()) };
        if let Some(same) = known.iter().filter_map(Weak::upgrade).find(|shelf| is_same(shelf)) {
            return same;
        }
        known.retain(|shelf| shelf.strong_count() > 0);
        let shelf = Arc::new(make());
        known.push(Arc::downgrade(&shelf));
        shelf
    }
}

fn destination_of(items: &[Catalogued], number: u32) -> Cow<'_, Destination> {
    // Numbers come from here: there is one.
    items.get(number as usize).map_or(&CompactDestination::Ipv4(NOWHERE), |item| &item.key).destination()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Attributes;

    fn route(second: u8, third: u8) -> Route {
        let prefix = Ipv4Prefix::new([10, second, third, 0].into(), 24).expect("a prefix");
        let nlri = Nlri::Unicast(Prefix::V4(prefix));
        Route { path_id: None, nlri, next_hop: None, attributes: Arc::new(Attributes::new()) }
    }

    #[test]
    fn destinations_have_numbers_in_the_order_of_their_coming_and_are_listed_in_their_own() {
        let mut catalogue = Catalogue::default();
        // 7 and 65,537 share no factor: every pair of octets comes once, in no order.
        let routes = || (1..=3_000u32).map(|n| n * 7_919 % 65_537).map(|n| route((n >> 8) as u8, n as u8));
        let resolved: Vec<Resolved> = routes().map(|route| catalogue.resolve(&route, false)).collect();
        assert!(resolved.iter().map(|one| one.number).eq(0..3_000));
        let listed: Vec<_> =
            catalogue.after(None).map(|number| catalogue.destination(number).into_owned()).collect();
        assert!(listed.len() == 3_000 && listed.is_sorted());
        let (half, behind) = listed.split_at(1_500);
        assert_eq!(catalogue.after(half.last()).count(), behind.len());
        for (route, one) in routes().zip(&resolved) {
            assert_eq!(catalogue.find(&Destination::new(&route.nlri, None)), Some(one.number));
        }
        resolved.into_iter().step_by(2).for_each(|one| catalogue.let_go(one));
        assert_eq!((catalogue.len(), catalogue.after(None).count()), (1_500, 1_500));
        assert!(catalogue.find(&Destination::new(&route(30, 239).nlri, None)).is_none(), "the first");
    }

    #[test]
    fn a_destination_is_found_where_a_full_leaf_lost_its_first_one() {
        let mut catalogue = Catalogue::default();
        let number = |n: u32| route((n >> 8) as u8, n as u8);
        let mut resolved: Vec<Resolved> =
            (0..2_000).map(|n| catalogue.resolve(&number(2 * n), false)).collect();
        // Leaves are of 512: this one is the first of the second, which is full again with the next.
        catalogue.let_go(resolved.remove(512));
        catalogue.resolve(&number(1_031), false);
        let one = catalogue.resolve(&number(1_024), false);
        assert_eq!(catalogue.resolve(&number(1_024), false).number, one.number);
        let listed: Vec<_> =
            catalogue.after(None).map(|number| catalogue.destination(number).into_owned()).collect();
        assert!(listed.len() == 2_001 && listed.is_sorted());
    }

    #[test]
    fn a_destination_goes_with_the_last_who_has_it() {
        let mut catalogue = Catalogue::default();
        let [first, second] = [(); 2].map(|()| catalogue.resolve(&route(1, 1), false));
        assert_eq!(first.number, second.number);
        assert!(Arc::ptr_eq(&first.path, &second.path));
        catalogue.let_go(first);
        assert_eq!(catalogue.len(), 1);
        catalogue.let_go(second);
        assert_eq!(catalogue.len(), 0);
    }
}
