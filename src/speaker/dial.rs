//! How connections come to be: dials, and connections that are accepted.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;
use core::net::SocketAddr;

use holdtime_host::{CloseKind, ListenerId, StreamId, TcpOptions};

use super::Speaker;
use super::action::Action;
use super::event::Severity;
use super::neighbor::{Neighbor, NeighborId, Wish};
use super::obligation::Party;
use super::sessions;
use super::stream::Owner;
use super::unclaimed::{Ends, is_undecided, mismatch};
use crate::session::{Direction, State};
use crate::time::Now;
use crate::wire::notification::cease;
use crate::wire::{Family, Message, Notification};

impl Speaker {
    /// Dials a neighbor.
    pub(super) fn dial(&mut self, now: Now, id: NeighborId) {
        let exhausted = self.attempts_exhausted(id);
        let port = self.settings.tcp.port;
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        if exhausted || neighbor.refused {
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
            ao: config.tcp_ao.clone(),
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
            let (address, port) = (remote.ip().to_canonical(), remote.port());
            let text = format!("refused {address}: no neighbor has this address (port {port})");
            self.log_repeat(Severity::Warning, Party::Speaker, text);
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
            neighbor.wish == Wish::Run && !neighbor.refused && ours && config.peer.contains(remote)
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
