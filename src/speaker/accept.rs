//! Connections that peers dialled: which neighbor each is for.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use holdtime_host::{CloseKind, StreamId};

use super::action::Action;
use super::awaiting_open::{Waiting, is_undecided, mismatch};
use super::event::Severity;
use super::id::NeighborId;
use super::input::{ClosedKind, Input};
use super::link::EndPair;
use super::listeners::common_ttls;
use super::message::{append, cease};
use super::neighbor::{AdminState, NeighborState};
use super::obligation::Party;
use super::sessions::SessionHandle;
use super::stream::Owner;
use crate::config;
use crate::session::{Direction, State, offers};
use crate::time::{Duration, Now};
use crate::wire::error::code;
use crate::wire::frame::{Framer, kind};
use crate::wire::negotiated::MAX_MESSAGE;
use crate::wire::notification::cease as subcode;
use crate::wire::{Family, Message, Notification, Open};

/// What accepting connections needs of the speaker.
pub(super) struct AcceptHandle<'a> {
    pub(super) sessions: SessionHandle<'a>,
}

impl AcceptHandle<'_> {
    /// A listener took a connection.
    pub(super) fn accepted(&mut self, now: Now, stream: StreamId, local: SocketAddr, remote: SocketAddr) {
        if is_undecided(&self.candidates((local, remote))) {
            self.await_open(now, stream, (local, remote));
        } else {
            self.hand_over(now, stream, (local, remote), None);
        }
    }

    /// Gives a connection to the session that it is for; `offered`: the families in the peer's OPEN, if that is here already.
    pub(super) fn hand_over(
        &mut self,
        now: Now,
        stream: StreamId,
        ends: EndPair,
        offered: Option<&BTreeSet<Family>>,
    ) {
        let remote = ends.1;
        let Some(id) = self.neighbor_for(now, ends, offered) else {
            let (address, port) = (remote.ip().to_canonical(), remote.port());
            let text = format!("refused {address}: no neighbor has this address (port {port})");
            self.sessions.contract.log_repeat(Severity::Warning, Party::Speaker, text);
            self.turn_away(now, stream, cease(subcode::DECONFIGURED, "no session configured for the peer"));
            return;
        };
        if self.make_way(now, id) {
            self.sessions.transport.streams.adopt(stream, Owner::Session(id, Direction::Incoming));
            if let Some(neighbor) = self.sessions.neighbors.get_mut(&id) {
                neighbor.incoming.stream = Some(stream);
                let (ttl, min_ttl) = (neighbor.config.outgoing_ttl, neighbor.config.incoming_ttl);
                if ttl.is_some() || min_ttl.is_some() {
                    self.sessions.contract.act(Action::SetTtl { stream, ttl, min_ttl });
                }
            }
            self.sessions.connection_up(now, id, Direction::Incoming, ends);
        } else {
            self.turn_away(now, stream, cease(subcode::COLLISION, "another connection goes on"));
        }
        self.sessions.settle(now, id);
    }

    /// The neighbors with the address of a connection's peer.
    pub(super) fn candidates(&self, ends: EndPair) -> Vec<&NeighborState> {
        self.suiting(ends).filter(|neighbor| neighbor.config.peer.is_single()).collect()
    }

    /// The neighbors that a connection may be for by its ends, ranges among them.
    fn suiting(&self, (local, remote): EndPair) -> impl Iterator<Item = &NeighborState> {
        let (local, remote) = (local.ip().to_canonical(), remote.ip().to_canonical());
        self.sessions.neighbors.values().filter(move |neighbor| {
            let config = &neighbor.config;
            let ours = config.local_address.is_none_or(|address| address == local);
            neighbor.admin == AdminState::Up && !neighbor.refused && ours && config.peer.contains(remote)
        })
    }

    /// The neighbor that a connection is for. A peer from a range gets a neighbor of its own.
    fn neighbor_for(
        &mut self,
        now: Now,
        ends: EndPair,
        offered: Option<&BTreeSet<Family>>,
    ) -> Option<NeighborId> {
        // Of several sessions with one peer the connection is for the one with these families, or else for the one that has
        // no connection yet.
        let suits = |neighbor: &&NeighborState| offered.map(|offered| mismatch(neighbor, offered));
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
        let Some(neighbor) = self.sessions.neighbors.get_mut(&id) else { return false };
        if neighbor.established().is_some() {
            if !neighbor.leading().is_graceful() {
                return false;
            }
            neighbor.leading_mut().session.connection_failed(now.monotonic);
            self.sessions.settle(now, id);
        }
        let Some(neighbor) = self.sessions.neighbors.get_mut(&id) else { return false };
        let incoming = &mut neighbor.incoming;
        if incoming.stream.is_some() {
            incoming.session.lose_collision(now.monotonic);
            self.sessions.settle(now, id);
        }
        self.sessions
            .neighbors
            .get(&id)
            .is_some_and(|neighbor| neighbor.incoming.session.state() == State::Active)
    }

    /// Says why, and closes a connection that is nobody's.
    pub(super) fn turn_away(&mut self, now: Now, stream: StreamId, notification: Notification) {
        self.sessions.transport.streams.adopt(stream, Owner::Leaving(now.monotonic));
        self.sessions.transport.streams.queue(now.monotonic, stream, |out| {
            append(&Message::Notification(notification), out);
        });
        self.sessions.transport.streams.leave(now.monotonic, stream, &mut self.sessions.contract.actions);
    }

    /// Adds a neighbor for one peer out of a range, which announces what the range does.
    pub(super) fn add_from_range(&mut self, now: Now, range: NeighborId, peer: IpAddr) -> Option<NeighborId> {
        let peer = config::PeerRange::single(peer);
        let SessionHandle { neighbors, environment, .. } = &mut self.sessions;
        let config = neighbors.get(&range)?.config.clone();
        let id = neighbors.add(now, environment, config::Neighbor { peer, ..config });
        neighbors.come_from(&id, &range);
        if let Some(neighbor) = self.sessions.neighbors.get_mut(&id) {
            neighbor.incoming.session.start(now.monotonic);
        }
        self.sessions.take_in(now);
        self.sessions.settle(now, id);
        Some(id)
    }
}

/// Connections that await the peer's OPEN.
impl AcceptHandle<'_> {
    /// Lets a connection wait for the peer's OPEN. A peer has no use for more of them than it has sessions: of those that it
    /// dialled before, the oldest makes way.
    pub(super) fn await_open(&mut self, now: Now, stream: StreamId, ends: EndPair) {
        let candidates = self.candidates(ends);
        let configs: Vec<_> = candidates.iter().map(|neighbor| &neighbor.config).collect();
        let ((ttl, min_ttl), most) = (common_ttls(&configs), candidates.len());
        let peer = ends.1.ip();
        let rivals =
            self.sessions.transport.awaiting_open.waiting.iter().filter(|(_, one)| one.ends.1.ip() == peer);
        let rivals: Vec<StreamId> = rivals.map(|(stream, _)| *stream).collect();
        for rival in rivals.iter().take((rivals.len() + 1).saturating_sub(most)) {
            self.sessions.transport.awaiting_open.waiting.remove(rival);
            self.turn_away(now, *rival, cease(subcode::COLLISION, "another connection goes on"));
        }
        self.sessions.transport.streams.adopt(stream, Owner::AwaitingOpen);
        if ttl.is_some() || min_ttl.is_some() {
            self.sessions.contract.act(Action::SetTtl { stream, ttl, min_ttl });
        }
        self.sessions.transport.streams.set_interest(
            stream,
            true,
            false,
            &mut self.sessions.contract.actions,
        );
        let since = now.monotonic;
        let until = since + Duration::from_secs(self.sessions.environment.settings.bgp.openwait.into());
        self.sessions
            .transport
            .awaiting_open
            .waiting
            .insert(stream, Waiting { ends, since, until, octets: Vec::new() });
    }

    /// An input about a connection that waits.
    pub(super) fn handle_awaiting(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        match input {
            Input::Received { data, .. } => {
                let Some(waiting) = self.sessions.transport.awaiting_open.waiting.get_mut(&stream) else {
                    return;
                };
                waiting.octets.extend_from_slice(data);
                let offered = match Framer::new(&waiting.octets, MAX_MESSAGE).next_frame() {
                    Ok(None) => return,
                    Ok(Some(frame)) if frame.kind() == kind::OPEN => Open::decode(frame.body()).ok(),
                    Ok(Some(_)) | Err(_) => None,
                };
                self.claim(now, stream, offered.as_ref().map(offers).as_ref());
            }
            Input::Closed { how, .. } => {
                let how = match how {
                    ClosedKind::Broken(_) => CloseKind::Reset,
                    ClosedKind::ReadEnd | ClosedKind::WriteEnd => CloseKind::Graceful,
                };
                self.sessions.transport.awaiting_open.waiting.remove(&stream);
                self.sessions.transport.streams.close(stream, how, &mut self.sessions.contract.actions);
            }
            // Nothing is sent on it yet, and the rest is about no accepted connection.
            Input::Writable { .. }
            | Input::Sent { .. }
            | Input::Timeout
            | Input::Listening { .. }
            | Input::ListenFailed { .. }
            | Input::AcceptFailed { .. }
            | Input::Accepted { .. }
            | Input::Signal(_)
            | Input::Reload(_)
            | Input::ProgramStarted { .. }
            | Input::ProgramFailed { .. }
            | Input::ProgramExited { .. }
            | Input::Connected { .. }
            | Input::ConnectFailed { .. } => {}
        }
    }

    /// Hands a connection to the session that it is for, with what came on it.
    fn claim(&mut self, now: Now, stream: StreamId, offered: Option<&BTreeSet<Family>>) {
        let Some(Waiting { ends, octets, .. }) =
            self.sessions.transport.awaiting_open.waiting.remove(&stream)
        else {
            return;
        };
        self.hand_over(now, stream, ends, offered);
        if let Some(Owner::Session(id, direction @ Direction::Incoming)) =
            self.sessions.transport.streams.owner(stream)
        {
            self.sessions.handle(now, id, direction, stream, &Input::Received { stream, data: &octets });
        }
    }

    /// Refuses the connections that have waited long enough.
    pub(super) fn handle_timeouts(&mut self, now: Now) {
        let late = |(stream, one): (&StreamId, &Waiting)| {
            (one.until <= now.monotonic).then_some((*stream, one.ends.1))
        };
        let late: Vec<_> = self.sessions.transport.awaiting_open.waiting.iter().filter_map(late).collect();
        for (stream, remote) in late {
            self.sessions.transport.awaiting_open.waiting.remove(&stream);
            let (address, port) = (remote.ip().to_canonical(), remote.port());
            let text = format!("refused {address}: its OPEN did not come (port {port})");
            self.sessions.contract.log_repeat(Severity::Warning, Party::Speaker, text);
            self.turn_away(now, stream, Notification::new(code::HOLD_TIMER, 0));
        }
    }

    /// Ends all of them: the speaker ends.
    pub(super) fn end_awaiting(&mut self, now: Now, notification: &Notification) {
        for stream in core::mem::take(&mut self.sessions.transport.awaiting_open.waiting).into_keys() {
            self.turn_away(now, stream, notification.clone());
        }
    }
}
