//! The routes of a configuration as it lists them: in little room, and shared by whoever inherits them.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use super::announcement::{Announcement, Watchdog};
use crate::wire::{Afi, Attributes, Family, Ipv4Prefix, NextHop, Nlri, Prefix, Route};

/// So many routes stand together, and are let go together.
const CHUNK: usize = 4096;

/// Routes in the order in which they are announced. A copy shares them.
#[derive(Clone, Default)]
pub struct RouteList {
    chunks: VecDeque<Arc<Vec<ListedRoute>>>,
    /// How many of the first chunk were taken.
    taken: usize,
    /// How many there are of each family.
    counts: Vec<(Family, usize)>,
    /// The families whose routes are left out.
    left_out: Vec<Family>,
    /// What `next-hop self` means, where that is known: the session's own address and the router id.
    own: Option<(IpAddr, Ipv4Addr)>,
}

#[derive(Debug)]
struct ListedRoute {
    nlri: ListedNlri,
    way: Arc<ListedWay>,
}

/// An NLRI in little room: most are IPv4 prefixes.
#[derive(Debug)]
enum ListedNlri {
    Ipv4(Ipv4Prefix),
    Other(Box<Nlri>),
}

/// What routes that follow each other mostly have in common.
#[derive(Debug)]
struct ListedWay {
    path_id: Option<u32>,
    next_hop: Option<NextHop>,
    next_hop_self: bool,
    attributes: Arc<Attributes>,
    watchdog: Option<Arc<Watchdog>>,
}

impl ListedWay {
    fn is_of(&self, announcement: &Announcement) -> bool {
        let Announcement { route, next_hop_self, watchdog } = announcement;
        let same_watchdog = match (&self.watchdog, watchdog) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        (self.path_id, self.next_hop, self.next_hop_self) == (route.path_id, route.next_hop, *next_hop_self)
            && Arc::ptr_eq(&self.attributes, &route.attributes)
            && same_watchdog
    }
}

impl ListedRoute {
    fn nlri(&self) -> Nlri {
        match &self.nlri {
            ListedNlri::Ipv4(prefix) => Nlri::Unicast(Prefix::V4(*prefix)),
            ListedNlri::Other(nlri) => (**nlri).clone(),
        }
    }

    fn family(&self) -> Family {
        match &self.nlri {
            ListedNlri::Ipv4(_) => Family::IPV4_UNICAST,
            ListedNlri::Other(nlri) => nlri.family(),
        }
    }
}

impl RouteList {
    /// How many routes there are.
    pub fn len(&self) -> usize {
        let counted = self.counts.iter().filter(|(family, _)| !self.left_out.contains(family));
        counted.map(|(_, count)| count).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The routes, in order.
    pub fn iter(&self) -> impl Iterator<Item = Announcement> + '_ {
        let routes = self.chunks.iter().flat_map(|chunk| chunk.iter()).skip(self.taken);
        routes.filter(|route| !self.left_out.contains(&route.family())).map(|route| self.announcement(route))
    }

    /// Takes the first route, if there is one, and if there is `room` to look at so many; what was used of it is taken from it.
    pub fn take_first(&mut self, room: &mut usize) -> Option<Announcement> {
        while *room > 0 {
            let chunk = self.chunks.front()?;
            let Some(route) = chunk.get(self.taken) else {
                self.taken = 0;
                self.chunks.pop_front();
                continue;
            };
            *room -= 1;
            self.taken += 1;
            let family = route.family();
            let found = (!self.left_out.contains(&family)).then(|| self.announcement(route));
            self.count(family, |count| *count -= 1);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Adds a route behind all others.
    pub(crate) fn push(&mut self, announcement: Announcement) {
        let last = self.chunks.back().and_then(|chunk| chunk.last()).map(|route| &route.way);
        let way = match last.filter(|way| way.is_of(&announcement)) {
            Some(way) => way.clone(),
            None => {
                let Route { path_id, next_hop, ref attributes, .. } = announcement.route;
                let Announcement { next_hop_self, watchdog, .. } = &announcement;
                let (attributes, watchdog) = (attributes.clone(), watchdog.clone());
                Arc::new(ListedWay { path_id, next_hop, next_hop_self: *next_hop_self, attributes, watchdog })
            }
        };
        let nlri = match announcement.route.nlri {
            Nlri::Unicast(Prefix::V4(prefix)) => ListedNlri::Ipv4(prefix),
            other => ListedNlri::Other(Box::new(other)),
        };
        let route = ListedRoute { nlri, way };
        self.count(route.family(), |count| *count += 1);
        let last = self.chunks.back_mut().and_then(Arc::get_mut).filter(|chunk| chunk.len() < CHUNK);
        match last {
            Some(chunk) => chunk.push(route),
            None => self.chunks.push_back(Arc::new(Vec::from([route]))),
        }
    }

    /// Adds the routes of a list of which none was taken yet behind all others.
    pub(crate) fn append(&mut self, other: &Self) {
        self.chunks.extend(other.chunks.iter().cloned());
        for (family, more) in &other.counts {
            self.count(*family, |count| *count += more);
        }
    }

    /// Leaves out the routes of a family.
    pub(crate) fn leave_out(&mut self, family: Family) {
        self.left_out.push(family);
    }

    /// What `next-hop self` means from now on.
    pub(crate) fn set_own(&mut self, address: IpAddr, router_id: Ipv4Addr) {
        self.own = Some((address, router_id));
    }

    fn count(&mut self, family: Family, change: impl FnOnce(&mut usize)) {
        let known = self.counts.iter().position(|(known, _)| *known == family);
        let at = known.unwrap_or_else(|| {
            self.counts.push((family, 0));
            self.counts.len() - 1
        });
        if let Some((_, count)) = self.counts.get_mut(at) {
            change(count);
        }
    }

    fn announcement(&self, route: &ListedRoute) -> Announcement {
        let ListedWay { path_id, next_hop, next_hop_self, attributes, watchdog } = &*route.way;
        let own = self.own.filter(|_| *next_hop_self);
        let own = own.and_then(|(address, router_id)| own_next_hop(route.family(), address, router_id));
        Announcement {
            route: Route {
                path_id: *path_id,
                nlri: route.nlri(),
                next_hop: own.map(NextHop::from).or(*next_hop),
                attributes: attributes.clone(),
            },
            next_hop_self: *next_hop_self && own.is_none(),
            watchdog: watchdog.clone(),
        }
    }
}

/// What `next-hop self` means in a route of `family`, in a session from this address; `None`: nothing of its family.
pub(crate) fn own_next_hop(family: Family, address: IpAddr, router_id: Ipv4Addr) -> Option<IpAddr> {
    let same = match family.afi {
        Afi::IPV4 => address.is_ipv4(),
        Afi::IPV6 => address.is_ipv6(),
        _ => true,
    };
    match family.afi {
        _ if same => Some(address),
        // A session over IPv6 can still announce IPv4 routes: ExaBGP takes the router id.
        Afi::IPV4 => Some(router_id.into()),
        _ => None,
    }
}

impl PartialEq for RouteList {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for RouteList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: u32) -> RouteList {
        let mut list = RouteList::default();
        let attributes = Arc::new(Attributes::new());
        for n in 0..count {
            let prefix = Ipv4Prefix::new(Ipv4Addr::from_bits(n << 8), 24).expect("a prefix");
            let nlri = match n % 3 {
                0 => Nlri::Multicast(Prefix::V4(prefix)),
                _ => Nlri::Unicast(Prefix::V4(prefix)),
            };
            let route = Route { path_id: None, nlri, next_hop: None, attributes: attributes.clone() };
            list.push(Announcement { route, next_hop_self: n % 2 == 0, watchdog: None });
        }
        list
    }

    #[test]
    fn routes_come_out_as_they_were_put_in_as_far_as_there_is_room() {
        let count = CHUNK as u32 * 2 + 5;
        let (whole, mut taken) = (list(count), list(count));
        let mut room = CHUNK + 3;
        let first: Vec<_> = core::iter::from_fn(|| taken.take_first(&mut room)).collect();
        assert_eq!((first.len(), room, taken.len()), (CHUNK + 3, 0, count as usize - CHUNK - 3));
        assert!(whole.iter().eq(first.into_iter().chain(taken.iter())));
    }

    #[test]
    fn a_list_that_is_inherited_is_not_copied_and_each_heir_has_its_own_next_hop() {
        let template = list(CHUNK as u32);
        let mut heir = list(2);
        heir.append(&template);
        heir.set_own([10, 0, 0, 1].into(), [1, 1, 1, 1].into());
        heir.leave_out(Family::new(Afi::IPV4, crate::wire::Safi::MULTICAST));
        assert!(heir.chunks.back().zip(template.chunks.back()).is_some_and(|(a, b)| Arc::ptr_eq(a, b)));
        assert_eq!(heir.len(), heir.iter().count());
        let hops = heir.iter().filter(|one| one.route.next_hop == Some(NextHop::V4([10, 0, 0, 1].into())));
        assert_eq!(hops.count(), heir.len() / 2);
        assert!(template.iter().all(|one| one.route.next_hop.is_none()));
    }
}
