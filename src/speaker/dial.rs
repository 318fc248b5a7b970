//! How connections come to be: sockets that listen, dials, and connections that are accepted.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::action::{Action, CloseKind, ListenOptions, TcpOptions};
use super::event::Severity;
use super::input::{IoError, ListenerId, StreamId};
use super::neighbor::{Neighbor, NeighborId, Wish};
use super::obligation::Party;
use super::sessions;
use super::stream::Owner;
use super::unclaimed::{Ends, is_undecided, mismatch};
use super::{Speaker, life};
use crate::config;
use crate::session::{Direction, State};
use crate::time::Now;
use crate::wire::notification::cease;
use crate::wire::{Family, Message, Notification};

/// The sockets that listen, or are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners {
    open: BTreeMap<ListenerId, Listener>,
    next: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    options: ListenOptions,
    /// The speaker cannot do without: it was there from the beginning.
    required: bool,
}

/// The TTLs of a connection that may be for any of these neighbors: the greatest that one of them sends with, and the least
/// that one of them accepts, where each asks for one.
pub(super) fn common_ttls(neighbors: &[&config::Neighbor]) -> (Option<u8>, Option<u8>) {
    let least: Option<Vec<u8>> = neighbors.iter().map(|config| config.incoming_ttl).collect();
    let ttl = neighbors.iter().filter_map(|config| config.outgoing_ttl).max();
    (ttl, least.and_then(|ttls| ttls.into_iter().min()))
}

impl Speaker {
    /// Opens the sockets that the settings and the neighbors ask for, and closes those that nobody asks for any more.
    pub(super) fn update_listeners(&mut self, required: bool) {
        let wanted = self.wanted_listeners();
        let Self { listeners, actions, .. } = self;
        listeners.open.retain(|id, listener| {
            let keep = wanted.get(&listener.address) == Some(&listener.options);
            if !keep {
                actions.push_back(Action::Unlisten { listener: *id });
            }
            keep
        });
        for (address, options) in wanted {
            if listeners.open.values().any(|listener| listener.address == address) {
                continue;
            }
            let id = ListenerId(listeners.next);
            listeners.next += 1;
            actions.push_back(Action::Listen { listener: id, address, options: options.clone() });
            listeners.open.insert(id, Listener { address, options, required });
        }
    }

    fn wanted_listeners(&self) -> BTreeMap<SocketAddr, ListenOptions> {
        let mut wanted = BTreeMap::<_, ListenOptions>::new();
        for address in &self.settings.tcp.bind {
            wanted.insert(SocketAddr::new(*address, self.settings.tcp.port), ListenOptions::default());
        }
        let running = || self.neighbors.values().filter(|neighbor| neighbor.wish == Wish::Run);
        for config in running().map(|neighbor| &neighbor.config) {
            let any = match config.peer.address {
                IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            if let Some(port) = config.listen {
                let own = config.md5.as_ref().and_then(|md5| md5.address).or(config.local_address);
                wanted.entry(SocketAddr::new(own.unwrap_or(any), port)).or_default();
            }
        }
        for (address, options) in &mut wanted {
            // Whose connection it is, is known once it is accepted: what holds for all of them goes here.
            let alike = |neighbor: &&Neighbor| neighbor.config.peer.address.is_ipv4() == address.is_ipv4();
            let configs: Vec<_> = running().filter(alike).map(|neighbor| &neighbor.config).collect();
            (options.ttl, options.min_ttl) = common_ttls(&configs);
            let keys =
                configs.iter().filter_map(|config| Some((config.peer, config.md5.as_ref()?.key.clone())));
            options.md5 = keys.collect();
        }
        wanted
    }

    /// A listening socket is open.
    pub(super) fn listening(&mut self, _listener: ListenerId, local: SocketAddr) {
        self.log(Severity::Info, Party::Speaker, format!("listening on {local}"));
    }

    /// A listening socket could not be opened, or broke.
    pub(super) fn listen_failed(&mut self, listener: ListenerId, error: IoError) {
        let Some(listener) = self.listeners.open.remove(&listener) else { return };
        self.log(Severity::Error, Party::Speaker, format!("cannot listen on {}: {error}", listener.address));
        if listener.required {
            self.exit_with(life::STARTUP_FAILED);
        }
    }

    /// Dials a neighbor.
    pub(super) fn dial(&mut self, now: Now, id: NeighborId) {
        let exhausted = self.attempts_exhausted(id);
        let port = self.settings.tcp.port;
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        if exhausted {
            neighbor.outgoing.session.connection_failed(now.monotonic);
            return;
        }
        neighbor.attempts += 1;
        let stream = self.streams.open(Owner::Session(id, Direction::Outgoing));
        neighbor.outgoing.stream = Some(stream);
        let config = &neighbor.config;
        let remote = SocketAddr::new(config.peer.address, config.connect.unwrap_or(port));
        let options = TcpOptions {
            ttl: config.outgoing_ttl,
            min_ttl: config.incoming_ttl,
            md5: config.md5.as_ref().map(|md5| md5.key.clone()),
            interface: config.source_interface.clone(),
        };
        self.actions.push_back(Action::Connect { stream, local: config.local_address, remote, options });
    }

    /// Whether a neighbor was dialled as often as the settings allow.
    pub(super) fn attempts_exhausted(&self, id: NeighborId) -> bool {
        let limit = self.settings.tcp.attempts;
        limit > 0 && self.neighbors.get(&id).is_some_and(|neighbor| neighbor.attempts >= limit)
    }

    /// A listener took a connection.
    pub(super) fn accepted(
        &mut self,
        now: Now,
        stream: StreamId,
        _listener: ListenerId,
        local: SocketAddr,
        remote: SocketAddr,
    ) {
        if is_undecided(&self.candidates((local, remote))) {
            self.hold_unclaimed(now, stream, (local, remote));
        } else {
            self.hand_over(now, stream, (local, remote), None);
        }
    }

    /// Gives a connection to the session that it is for; `offered`: the families in the peer's OPEN, if that is here already.
    pub(super) fn hand_over(
        &mut self,
        now: Now,
        stream: StreamId,
        ends: Ends,
        offered: Option<&BTreeSet<Family>>,
    ) {
        let remote = ends.1;
        let Some(id) = self.neighbor_for(now, ends, offered) else {
            self.log(
                Severity::Warning,
                Party::Speaker,
                format!("refused {remote}: no neighbor has this address"),
            );
            self.turn_away(
                now,
                stream,
                sessions::cease(cease::DECONFIGURED, "no session configured for the peer"),
            );
            return;
        };
        if self.make_way(now, id) {
            self.streams.adopt(stream, Owner::Session(id, Direction::Incoming));
            if let Some(neighbor) = self.neighbors.get_mut(&id) {
                neighbor.incoming.stream = Some(stream);
                let (ttl, min_ttl) = (neighbor.config.outgoing_ttl, neighbor.config.incoming_ttl);
                if ttl.is_some() || min_ttl.is_some() {
                    self.actions.push_back(Action::SetTtl { stream, ttl, min_ttl });
                }
            }
            self.connection_up(now, id, Direction::Incoming, ends);
        } else {
            self.turn_away(now, stream, sessions::cease(cease::COLLISION, "another connection goes on"));
        }
        self.settle(now, id);
    }

    /// The neighbors with the address of a connection's peer.
    pub(super) fn candidates(&self, ends: Ends) -> Vec<&Neighbor> {
        self.suiting(ends).filter(|neighbor| neighbor.config.peer.is_single()).collect()
    }

    /// The neighbors that a connection may be for by its ends, ranges among them.
    fn suiting(&self, (local, remote): Ends) -> impl Iterator<Item = &Neighbor> {
        let (local, remote) = (local.ip().to_canonical(), remote.ip().to_canonical());
        self.neighbors.values().filter(move |neighbor| {
            let config = &neighbor.config;
            let ours = config.local_address.is_none_or(|address| address == local);
            neighbor.wish == Wish::Run && ours && config.peer.contains(remote)
        })
    }

    /// The neighbor that a connection is for. A peer from a range gets a neighbor of its own.
    fn neighbor_for(
        &mut self,
        now: Now,
        ends: Ends,
        offered: Option<&BTreeSet<Family>>,
    ) -> Option<NeighborId> {
        // Of several sessions with one peer the connection is for the one with these families, or else for the one that has
        // no connection yet.
        let suits = |neighbor: &&Neighbor| offered.map(|offered| mismatch(neighbor, offered));
        let candidates = self.candidates(ends).into_iter();
        if let Some(best) = candidates.min_by_key(|neighbor| (suits(neighbor), neighbor.state())) {
            return Some(best.id);
        }
        let range = self.suiting(ends).next()?.id;
        self.add_from_range(now, range, ends.1.ip().to_canonical())
    }

    /// Readies the incoming session for a new connection; `false`: it must not have it.
    ///
    /// A peer that dials again has given up what it dialled before, so the newer connection is kept. One that dials
    /// while the session is established is refused (RFC 4271 §6.8), unless graceful restart says that it has lost the
    /// old connection with its memory (RFC 4724 §4.2).
    fn make_way(&mut self, now: Now, id: NeighborId) -> bool {
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return false };
        if neighbor.established().is_some() {
            if !neighbor.leading().is_graceful() {
                return false;
            }
            neighbor.leading_mut().session.connection_failed(now.monotonic);
            self.settle(now, id);
        }
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return false };
        let incoming = &mut neighbor.incoming;
        if incoming.stream.is_some() {
            incoming.session.lose_collision(now.monotonic);
            self.settle(now, id);
        }
        self.neighbors.get(&id).is_some_and(|neighbor| neighbor.incoming.session.state() == State::Active)
    }

    /// Says why, and closes a connection that is nobody's.
    pub(super) fn turn_away(&mut self, now: Now, stream: StreamId, notification: Notification) {
        self.streams.adopt(stream, Owner::Leaving(now.monotonic));
        self.streams.queue(now.monotonic, stream, |out| {
            sessions::append(&Message::Notification(notification), out);
        });
        self.streams.leave(now.monotonic, stream, &mut self.actions);
    }

    /// Closes a dial that is no longer wanted.
    pub(super) fn hang_up(&mut self, stream: StreamId) {
        self.streams.close(stream, CloseKind::Reset, &mut self.actions);
    }
}
