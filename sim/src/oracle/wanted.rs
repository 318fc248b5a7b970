//! What one neighbor is to be told: the routes of its configuration, and what programs have announced, withdrawn and cleared since.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use holdtime_core::Instant;
use holdtime_core::api::{NeighborName, Selectors};
use holdtime_core::config::{Neighbor, PeerRange};
use holdtime_core::grammar::{Announcement, RouteList};
use holdtime_core::rib::{Destination, Hop};
use holdtime_core::wire::{Afi, Attributes, Family, Nlri, Safi};

use crate::observe::COMMAND_LINE;

/// What is wanted of one destination.
#[derive(Clone, Debug)]
pub(super) struct Want {
    /// The route; `None`: that there is none.
    pub(super) route: Option<WantedRoute>,
    /// When somebody asked for it.
    pub(super) asked: Instant,
    /// When that was accepted, from which on it is due.
    pub(super) due: Instant,
    /// It stands in the configuration.
    configured: bool,
}

/// What the peer can tell of a route.
#[derive(Clone, Debug)]
pub(super) struct WantedRoute {
    hop: Hop,
    pub(super) attributes: Arc<Attributes>,
    /// With its labels.
    pub(super) nlri: Nlri,
}

impl WantedRoute {
    /// Whether a peer that was told of one must be told of the other. Where it is not known what `next-hop self` is, it may be the same.
    fn differs(&self, other: &Self) -> bool {
        let unknown = (self.hop == Hop::Own) != (other.hop == Hop::Own);
        self.attributes != other.attributes || self.nlri != other.nlri || (self.hop != other.hop && !unknown)
    }

    /// Whether it can be told at all to a peer at this address: all but flow rules need a next hop.
    pub(super) fn has_hop(&self, remote: IpAddr) -> bool {
        let family = self.nlri.family();
        match self.hop {
            _ if matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN) => true,
            Hop::None => false,
            Hop::Given(_) => true,
            Hop::Own => remote.is_ipv6() || family.afi != Afi::IPV6,
        }
    }
}

/// When something was asked for, and when it was accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) asked: Instant,
    pub(super) due: Instant,
}

/// A route under a watchdog.
#[derive(Debug)]
struct WatchedRoute {
    route: Announcement,
    /// What a program has made of it by the watchdog's name: announced, or not.
    switched: Option<bool>,
}

impl WatchedRoute {
    fn is_announced(&self) -> bool {
        let is_held_back = self.route.watchdog.as_ref().is_some_and(|watchdog| watchdog.withdrawn);
        self.switched.unwrap_or(!is_held_back)
    }
}

/// One neighbor, and what it is to be told.
#[derive(Debug)]
pub(super) struct Desired {
    config: Neighbor,
    routes: BTreeMap<Destination, Want>,
    /// The routes that the last reading has under watchdogs.
    watched: BTreeMap<(String, Destination), WatchedRoute>,
    /// The configured routes that it was told of and that are not kept (`adj-rib-out false`).
    unremembered: BTreeSet<Destination>,
    /// What became of the neighbors out of a range cannot be followed.
    lost: bool,
}

impl Desired {
    /// What a new neighbor's configuration announces.
    pub(super) fn new(at: Instant, config: &Neighbor) -> Self {
        let stripped = Neighbor { routes: RouteList::default(), ..config.clone() };
        let mut wanted = Self {
            config: stripped,
            routes: BTreeMap::new(),
            watched: BTreeMap::new(),
            unremembered: BTreeSet::new(),
            lost: false,
        };
        wanted.take_routes(at, config);
        wanted
    }

    /// The neighbor goes by another configuration. Returns which destinations that concerns.
    pub(super) fn configure(&mut self, at: Instant, config: &Neighbor) -> Vec<Destination> {
        self.config = Neighbor { routes: RouteList::default(), ..config.clone() };
        self.take_routes(at, config)
    }

    fn take_routes(&mut self, at: Instant, config: &Neighbor) -> Vec<Destination> {
        let unremembered = std::mem::take(&mut self.unremembered);
        let mut old: Vec<Destination> = unremembered.iter().cloned().collect();
        for (destination, want) in &mut self.routes {
            if std::mem::take(&mut want.configured) {
                old.push(destination.clone());
            }
        }
        let when = When { asked: at, due: at };
        let mut changed = Vec::new();
        let before = std::mem::take(&mut self.watched);
        for route in config.routes.iter() {
            let announced = self.watch(&route, &before, &unremembered);
            if announced && config.families.contains(&route.route.nlri.family()) {
                let destination = self.announce(when, &route);
                if let Some(want) = self.routes.get_mut(&destination) {
                    want.configured = true;
                }
                changed.push(destination);
            }
        }
        for destination in old {
            let gone = self.routes.get(&destination).is_none_or(|want| !want.configured);
            if gone {
                self.remove(when, &destination);
                changed.push(destination);
            }
        }
        changed
    }

    /// Puts a route under its watchdog, with what a program made of it where the last reading had `before`; whether it is announced. What the
    /// file holds back stays so, unless a program has let it go and it is announced still, kept or `unremembered`.
    fn watch(
        &mut self,
        route: &Announcement,
        before: &BTreeMap<(String, Destination), WatchedRoute>,
        unremembered: &BTreeSet<Destination>,
    ) -> bool {
        let Some(watchdog) = &route.watchdog else { return true };
        let destination = destination(route);
        let key = (watchdog.name.clone(), destination);
        let is_announced = || {
            let kept = self.routes.get(&key.1).is_some_and(|want| want.route.is_some());
            kept || unremembered.contains(&key.1)
        };
        let switched = before.get(&key).and_then(|watched| watched.switched);
        let switched = switched.filter(|switched| !(*switched && watchdog.withdrawn) || is_announced());
        let watched = WatchedRoute { route: route.clone(), switched };
        let announced = watched.is_announced();
        self.watched.insert(key, watched);
        announced
    }

    /// Announces a route. One that differs in nothing from what is announced changes nothing.
    pub(super) fn announce(&mut self, when: When, route: &Announcement) -> Destination {
        let destination = destination(route);
        self.unremembered.remove(&destination);
        let content = self.content(route);
        let When { asked, due } = when;
        let want = self.routes.entry(destination.clone());
        let want = want.or_insert(Want { route: None, asked, due, configured: false });
        want.configured = false;
        if want.route.as_ref().is_none_or(|known| known.differs(&content)) {
            *want = Want { route: Some(content), asked, due, configured: false };
        }
        destination
    }

    /// Withdraws a route.
    pub(super) fn withdraw(&mut self, when: When, route: &Announcement) -> Destination {
        let destination = destination(route);
        self.remove(when, &destination);
        destination
    }

    fn remove(&mut self, when: When, destination: &Destination) {
        let When { asked, due } = when;
        let gone = Want { route: None, asked, due, configured: false };
        self.unremembered.remove(destination);
        self.routes.insert(destination.clone(), gone);
    }

    /// Withdraws everything; returns what that concerns.
    pub(super) fn clear(&mut self, when: When) -> Vec<Destination> {
        let all: Vec<Destination> = self.routes.keys().cloned().collect();
        all.iter().for_each(|destination| self.remove(when, destination));
        all
    }

    /// Announces or withdraws what is under a watchdog and is not yet so; returns what that concerns.
    pub(super) fn switch(&mut self, when: When, name: &str, announce: bool) -> Vec<Destination> {
        let under = |key: &&(String, Destination)| key.0 == name;
        let keys: Vec<_> = self.watched.keys().filter(under).cloned().collect();
        let mut changed = Vec::new();
        for key in keys {
            let Some(watched) = self.watched.get_mut(&key).filter(|one| one.is_announced() != announce)
            else {
                continue;
            };
            watched.switched = Some(announce);
            let route = watched.route.clone();
            let destination =
                if announce { self.announce(when, &route) } else { self.withdraw(when, &route) };
            // It stays the configuration's.
            if let Some(want) = self.routes.get_mut(&destination).filter(|_| announce) {
                want.configured = true;
            }
            changed.push(destination);
        }
        changed
    }

    /// The peer was told of it, and the neighbor's routes are not kept (`adj-rib-out false`).
    pub(super) fn advertised(&mut self, destination: &Destination) {
        if !self.config.adj_rib_out {
            let told = self.routes.remove(destination);
            if told.is_some_and(|want| want.configured && want.route.is_some()) {
                self.unremembered.insert(destination.clone());
            }
        }
    }

    fn content(&self, announcement: &Announcement) -> WantedRoute {
        let route = &announcement.route;
        let family = route.nlri.family();
        let hop = match self.config.local_address.filter(|_| announcement.next_hop_self) {
            Some(own) if own.is_ipv4() == (family.afi != Afi::IPV6) => Hop::Given(own.into()),
            Some(_) if family.afi == Afi::IPV4 => Hop::Given(IpAddr::V4(self.config.router_id).into()),
            Some(_) => Hop::None,
            None if announcement.next_hop_self => Hop::Own,
            None => route.next_hop.into(),
        };
        WantedRoute { hop, attributes: route.attributes.clone(), nlri: route.nlri.clone() }
    }
}

/// Looking.
impl Desired {
    /// The neighbor's name for good, which a reload knows it by.
    pub(super) fn name(&self) -> String {
        self.config.name()
    }

    pub(super) fn range(&self) -> PeerRange {
        self.config.peer
    }

    /// Whether peers come out of a range, which are neighbors of their own from then on.
    pub(super) fn is_range(&self) -> bool {
        self.config.peer != PeerRange::single(self.config.peer.address)
    }

    pub(super) fn has(&self, family: Family) -> bool {
        self.config.families.contains(&family)
    }

    /// Whether this program may announce routes to it. A command-line client may command every neighbor.
    pub(super) fn serves(&self, program: &str) -> bool {
        program == COMMAND_LINE || self.config.api.iter().any(|subscription| subscription.process == program)
    }

    /// Whether a command is for it. A command for some of the neighbors out of a range is not followed, and neither is the range then.
    pub(super) fn is_selected(&mut self, selectors: &Selectors<'_>) -> bool {
        self.lost |= self.is_range() && !selectors.is_empty();
        let config = &self.config;
        let mut family_allowed = String::from("in-open");
        if config.capabilities.multi_session {
            let families = config.families.iter().map(|family| format!("{}-{}", family.afi, family.safi));
            family_allowed = families.collect::<Vec<_>>().join("/");
        }
        selectors.matches(&NeighborName {
            peer_address: config.peer.address,
            local_address: config.local_address,
            local_as: config.local_as,
            peer_as: config.peer_as,
            router_id: Some(config.router_id),
            family_allowed,
        })
    }

    /// Whether it is known what the neighbor is to be told of a family.
    pub(super) fn is_followed(&self, family: Family) -> bool {
        // Such rules go out in another form than they are written in.
        let rewritten = self.config.flow_whole_prefix || self.config.flow_inner_path_identifier;
        !(self.lost || rewritten && matches!(family.safi, Safi::FLOW | Safi::FLOW_VPN))
    }

    /// How many UPDATEs it is sent a second at most.
    pub(super) fn rate(&self) -> Option<u32> {
        self.config.rate_limit
    }

    pub(super) fn get(&self, destination: &Destination) -> Option<&Want> {
        self.routes.get(destination)
    }

    /// What is wanted of every destination.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Destination, &Want)> {
        self.routes.iter()
    }

    /// Every path to an NLRI, whatever its identifier.
    pub(super) fn to<'a>(&'a self, nlri: &'a Nlri) -> impl Iterator<Item = (&'a Destination, &'a Want)> {
        let first = Destination { nlri: nlri.clone(), path_id: None };
        self.routes.range(first..).take_while(move |(destination, _)| destination.nlri == *nlri)
    }

    /// Whether any route to an NLRI is wanted, whatever its path identifier.
    pub(super) fn any_path(&self, nlri: &Nlri) -> bool {
        self.to(nlri).any(|(_, want)| want.route.is_some())
    }
}

fn destination(announcement: &Announcement) -> Destination {
    Destination::new(&announcement.route.nlri, announcement.route.path_id)
}
