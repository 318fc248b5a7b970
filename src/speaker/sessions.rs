//! What neighbors do with inputs, and what their sessions ask for.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::net::SocketAddr;

use holdtime_host::{CloseKind, IoError, StreamId};

use super::cause::{EndCause, Reason};
use super::complaints::complaint;
use super::contract::Contract;
use super::environment::Environment;
use super::event::{Event as LogEvent, EventKind, Severity};
use super::id::NeighborId;
use super::input::{ClosedKind, Input};
use super::link::SessionLink;
use super::listeners::ListenHandle;
use super::message::append;
use super::neighbor::{AdminState, NeighborState, PAUSE};
use super::neighbors::Neighbors;
use super::notice::{MessageContent, Notice};
use super::open;
use super::programs::Programs;
use super::transport::Transport;
use super::update::remember;
use crate::session::{Collision, Direction, FsmEvent, ReceivedFrame, SessionOutput, State, Timer};
use crate::time::{Duration, Now};
use crate::wire::frame::{Framer, kind};
use crate::wire::update::UpdateView;
use crate::wire::{Message, Notification};

/// How much it matters that an attempt at a session ended by `event`; `None`: it did not, or as it should. A peer that is not
/// there yet is no news, but one that is there and does not agree will not come to agree by itself.
fn severity_of(event: FsmEvent, to: State, link: &SessionLink) -> Option<Severity> {
    match event {
        _ if to != State::Idle => None,
        // Where both sides dial, this is how one of two connections ends.
        FsmEvent::Notification if link.cause.is_lost_collision() => None,
        FsmEvent::Stop | FsmEvent::CollisionDump => None,
        FsmEvent::ConnectionFails => Some(Severity::Info),
        FsmEvent::Start
        | FsmEvent::StartPassive
        | FsmEvent::Expired(_)
        | FsmEvent::Connected
        | FsmEvent::ConnectedDelayOpen
        | FsmEvent::Open
        | FsmEvent::OpenWhileDelayed
        | FsmEvent::Malformed
        | FsmEvent::Notification
        | FsmEvent::Keepalive
        | FsmEvent::Update => Some(Severity::Warning),
    }
}

/// What the sessions of neighbors need of the speaker.
pub(super) struct SessionHandle<'a> {
    pub(super) environment: &'a Environment,
    pub(super) contract: &'a mut Contract,
    pub(super) neighbors: &'a mut Neighbors,
    pub(super) transport: &'a mut Transport,
    pub(super) programs: &'a mut Programs,
}

impl SessionHandle<'_> {
    /// What listens for their peers.
    pub(super) fn listening(&mut self) -> ListenHandle<'_> {
        let Self { environment, contract, neighbors, transport, .. } = self;
        ListenHandle { environment, contract, neighbors, listeners: &mut transport.listeners }
    }
}

/// Inputs.
impl SessionHandle<'_> {
    /// An input about a connection of a neighbor's session.
    pub(super) fn handle(
        &mut self,
        now: Now,
        id: NeighborId,
        direction: Direction,
        stream: StreamId,
        input: &Input<'_>,
    ) {
        let at = now.monotonic;
        match *input {
            Input::Connected { local, remote, .. } => self.connection_up(now, id, direction, (local, remote)),
            Input::ConnectFailed { error, .. } => {
                self.transport.streams.forget(stream);
                if error == IoError::TcpAo {
                    let mut listening = self.listening();
                    listening.refuse(id);
                    listening.update(false);
                }
                self.connection_lost(now, id, direction, EndCause::NotConnected(error), true);
            }
            Input::Received { data, .. } => return self.received(now, id, direction, data),
            Input::Writable { budget, .. } => {
                let mut work = self.neighbors.share();
                self.fill(now, id, direction, stream, budget, &mut work);
            }
            Input::Sent { count, .. } => {
                let completed = self.transport.streams.consume(at, stream, count);
                let waiting = self.transport.streams.unsent(stream) > 0;
                if let Some(neighbor) = self.neighbors.get_mut(&id) {
                    neighbor.link_mut(direction).session.note_progress(at, completed, waiting);
                }
                return;
            }
            Input::Closed { how, .. } => {
                let cause = match how {
                    ClosedKind::ReadEnd => EndCause::ClosedByPeer,
                    ClosedKind::WriteEnd => EndCause::UnreadByPeer,
                    ClosedKind::Broken(error) => EndCause::Broken(error),
                };
                if matches!(how, ClosedKind::Broken(_)) {
                    self.hang_up(stream);
                }
                self.connection_lost(now, id, direction, cause, matches!(how, ClosedKind::Broken(_)));
            }
            // About no session's connection.
            Input::Timeout
            | Input::Listening { .. }
            | Input::ListenFailed { .. }
            | Input::AcceptFailed { .. }
            | Input::Accepted { .. }
            | Input::Signal(_)
            | Input::Reload(_)
            | Input::ProgramStarted { .. }
            | Input::ProgramFailed { .. }
            | Input::ProgramExited { .. } => return,
        }
        self.settle(now, id);
    }

    fn connection_lost(
        &mut self,
        now: Now,
        id: NeighborId,
        direction: Direction,
        cause: EndCause,
        gone: bool,
    ) {
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        let link = neighbor.link_mut(direction);
        if gone {
            link.stream = None;
        }
        link.cause = cause;
        link.session.connection_failed(now.monotonic);
    }

    /// A connection of the session is up.
    pub(super) fn connection_up(
        &mut self,
        now: Now,
        id: NeighborId,
        direction: Direction,
        ends: (SocketAddr, SocketAddr),
    ) {
        let Self { neighbors, programs, environment, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        let Environment { settings, identity, .. } = environment;
        let terms = open::terms(&neighbor.config, settings, identity, neighbor.restarted);
        let link = neighbor.link_mut(direction);
        link.ends = Some(ends);
        link.cause = EndCause::default();
        link.session.set_terms(terms);
        link.session.connected(now.monotonic);
        programs.notify(now, neighbor, &Notice::Connected);
    }

    fn received(&mut self, now: Now, id: NeighborId, direction: Direction, data: &[u8]) {
        if let Some(neighbor) = self.neighbors.get_mut(&id) {
            neighbor.link_mut(direction).session.receive(data);
        }
        loop {
            let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
            let Some(frame) = neighbor.link_mut(direction).session.next_frame(now.monotonic) else { break };
            self.frame(now, id, direction, &frame);
            self.settle(now, id);
        }
        self.hold_back(now.monotonic, id);
        self.settle(now, id);
    }

    /// A whole message came, which the session has seen already.
    fn frame(&mut self, now: Now, id: NeighborId, direction: Direction, frame: &ReceivedFrame) {
        let Self { neighbors, programs, contract, .. } = self;
        let Some((neighbor, catalogue)) = neighbors.get_with_catalogue(&id) else { return };
        let counted = neighbor.counters.received.get_mut(usize::from(frame.kind));
        *counted.unwrap_or(&mut 0) += 1;
        let established = neighbor.state() == State::Established;
        neighbor.repeat(catalogue);
        if frame.kind == kind::UPDATE && established {
            return update(now, neighbor, direction, frame, programs, contract);
        }
        let session = &neighbor.link(direction).session;
        let (octets, negotiated) = (session.octets(frame), session.negotiated());
        let content = MessageContent::Undecoded;
        let notice = Notice::Message { sent: false, kind: frame.kind, octets, content, negotiated };
        programs.notify(now, neighbor, &notice);
        match frame.kind {
            kind::OPEN => self.resolve_collision(now, id, direction),
            kind::NOTIFICATION => {
                let link = neighbor.link_mut(direction);
                let received = Notification::decode(link.session.body(frame));
                let received = received.unwrap_or_else(|_| Notification::new(0, 0));
                link.cause = EndCause::Received(Reason::from(&received));
            }
            kind::ROUTE_REFRESH if established => {
                if let Err(notification) = neighbor.refresh(frame) {
                    neighbor.link_mut(direction).session.refuse(now.monotonic, notification);
                }
            }
            _ => {}
        }
    }

    /// Both of a neighbor's sessions may have got the peer's OPEN: one of them is closed (RFC 4271 §6.8).
    fn resolve_collision(&mut self, now: Now, id: NeighborId, direction: Direction) {
        let at = now.monotonic;
        let Self { neighbors, programs, environment, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        let Some(peer) = neighbor.link(direction).session.peer_open() else { return };
        let ours = neighbor.link(direction).session.our_open();
        let closed = environment.fsm.closes(&Collision {
            opened: direction,
            other: neighbor.link(direction.other()).session.state(),
            local: (ours.router_id, ours.asn()),
            remote: (peer.router_id, peer.asn()),
        });
        if let Some(closed) = closed {
            neighbor.link_mut(closed).session.lose_collision(at);
        }
        if closed != Some(direction) {
            neighbor.link_mut(direction).session.accept_open(at);
        }
        let session = &neighbor.link(direction).session;
        if let (State::OpenConfirm, Some(received)) = (session.state(), session.peer_open()) {
            let (sent, negotiated) = (session.our_open(), session.negotiated());
            programs.notify(now, neighbor, &Notice::Negotiated { sent, received, negotiated });
        }
    }

    /// The connection takes more: routes, until `budget` octets wait, or so many were looked at. Whether anything came of it.
    pub(super) fn fill(
        &mut self,
        now: Now,
        id: NeighborId,
        direction: Direction,
        stream: StreamId,
        budget: usize,
        work: &mut usize,
    ) -> bool {
        let at = now.monotonic;
        let room = budget.saturating_sub(self.transport.streams.unsent(stream));
        let Self { neighbors, programs, transport, contract, .. } = self;
        let Some((neighbor, catalogue)) = neighbors.get_with_catalogue(&id) else { return false };
        let established = neighbor.link(direction).session.state() == State::Established;
        if !established || room == 0 || neighbor.rests_until.is_some() {
            return false;
        }
        let mut packed = Vec::new();
        let done = neighbor.pack(at, catalogue, (room, *work), &mut packed).work;
        *work = work.saturating_sub(done);
        for text in neighbor.take_troubles() {
            contract.log_repeat(Severity::Warning, neighbor.party(), text);
        }
        if packed.is_empty() {
            return done > 0;
        }
        transport.streams.queue(at, stream, |out| out.extend_from_slice(&packed));
        neighbor.link_mut(direction).session.note_progress(at, false, true);
        let negotiated = neighbor.link(direction).session.negotiated().clone();
        let as_peer_reads = OnceCell::new();
        let mut framer = Framer::new(&packed, negotiated.max_message());
        while let Ok(Some(frame)) = framer.next_frame() {
            let counted = neighbor.counters.sent.get_mut(usize::from(frame.kind()));
            *counted.unwrap_or(&mut 0) += 1;
            let content = MessageContent::Packed(&as_peer_reads);
            let (kind, octets) = (frame.kind(), frame.message());
            let notice = Notice::Message { sent: true, kind, octets, content, negotiated: &negotiated };
            programs.notify(now, neighbor, &notice);
        }
        true
    }

    /// Fires the timers of every session that are due.
    pub(super) fn handle_timeouts(&mut self, now: Now) {
        for id in self.neighbors.due(now.monotonic) {
            if let Some(neighbor) = self.neighbors.get_mut(&id) {
                neighbor.renew_rate(now.monotonic);
                neighbor.rests_until = neighbor.rests_until.filter(|until| *until > now.monotonic);
                neighbor.expire_stale(now.monotonic);
                neighbor.held_back = neighbor.held_back.filter(|since| *since + PAUSE > now.monotonic);
                neighbor.outgoing.session.handle_timeout(now.monotonic);
                neighbor.incoming.session.handle_timeout(now.monotonic);
            }
            self.settle(now, id);
        }
    }
}

/// What sessions ask for.
impl SessionHandle<'_> {
    /// Carries out what a neighbor's sessions ask for, and sees to it that the right ones run. To be called after
    /// anything was done to them.
    pub(super) fn settle(&mut self, now: Now, id: NeighborId) {
        loop {
            let mut idle = true;
            for direction in [Direction::Outgoing, Direction::Incoming] {
                while let Some(output) = self.poll_output(id, direction) {
                    self.carry_out(now, id, direction, output);
                    idle = false;
                }
            }
            self.supervise(now, id);
            if idle && !self.has_output(id) {
                break;
            }
        }
        self.update_interest(now, id);
    }

    fn poll_output(&mut self, id: NeighborId, direction: Direction) -> Option<SessionOutput> {
        self.neighbors.get_mut(&id)?.link_mut(direction).session.poll_output()
    }

    fn has_output(&self, id: NeighborId) -> bool {
        self.neighbors.get(&id).is_some_and(|neighbor| {
            neighbor.outgoing.session.has_output() || neighbor.incoming.session.has_output()
        })
    }

    fn carry_out(&mut self, now: Now, id: NeighborId, direction: Direction, output: SessionOutput) {
        match output {
            SessionOutput::Dial => self.dial(now, id),
            SessionOutput::Send(message) => self.send(now, id, direction, &message),
            SessionOutput::Close => self.close_link(now, id, direction),
            SessionOutput::Changed { from, event, to } => self.changed(now, id, direction, (from, event, to)),
        }
    }

    fn send(&mut self, now: Now, id: NeighborId, direction: Direction, message: &Message) {
        let Self { neighbors, programs, transport, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        let link = neighbor.link_mut(direction);
        let (Some(stream), streams) = (link.stream, &mut transport.streams) else { return };
        if let Message::Notification(notification) = message {
            // What the peer does not take is no use to it any more, as far as it has not begun to leave.
            streams.discard_refused(stream);
            link.cause = EndCause::Sent(Reason::from(notification));
        }
        let mut octets = Vec::new();
        append(message, &mut octets);
        if *message == Message::Keepalive && streams.waits_last(stream, &octets) {
            // A peer that takes nothing for a while is not to be told of it once for each third of the hold time.
            return;
        }
        streams.queue(now.monotonic, stream, |out| out.extend_from_slice(&octets));
        link.session.note_progress(now.monotonic, false, true);
        let kind = octets.get(18).copied().unwrap_or_default();
        *neighbor.counters.sent.get_mut(usize::from(kind)).unwrap_or(&mut 0) += 1;
        let negotiated = neighbor.link(direction).session.negotiated();
        let content = MessageContent::Message(message);
        let notice = Notice::Message { sent: true, kind, octets: &octets, content, negotiated };
        programs.notify(now, neighbor, &notice);
    }

    fn close_link(&mut self, now: Now, id: NeighborId, direction: Direction) {
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        if neighbor.link(direction.other()).ends.is_none() {
            neighbor.reset_counters();
        }
        let link = neighbor.link_mut(direction);
        let was_up = link.ends.take().is_some();
        match link.stream.take() {
            Some(stream) if was_up => {
                self.transport.streams.leave(now.monotonic, stream, &mut self.contract.actions);
            }
            Some(stream) => {
                self.transport.streams.close(stream, CloseKind::Reset, &mut self.contract.actions);
            }
            None => {}
        }
        let Self { neighbors, programs, .. } = self;
        let Some(neighbor) = neighbors.get(&id) else { return };
        if was_up && neighbor.link(direction.other()).ends.is_none() {
            let reason = neighbor.link(direction).cause.in_exabgps_words();
            programs.notify(now, neighbor, &Notice::Down { reason: &reason });
        }
    }

    fn changed(
        &mut self,
        now: Now,
        id: NeighborId,
        direction: Direction,
        (from, event, to): (State, FsmEvent, State),
    ) {
        let Self { neighbors, programs, contract, environment, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        let party = neighbor.party();
        let mut log = |severity, kind, text| {
            contract.events.push_back(LogEvent { severity, kind, party: party.clone(), text });
        };
        log(Severity::Debug, EventKind::Remark, format!("{} session: {from} to {to}", direction.name()));
        if let (true, Some(severity)) =
            (from < State::Established, severity_of(event, to, neighbor.link(direction)))
        {
            let why = &neighbor.link(direction).cause;
            log(severity, EventKind::Repeat, format!("{} connection given up: {why}", direction.name()));
        }
        if from == State::Established {
            let text = format!("session down: {}", neighbor.link(direction).cause);
            log(Severity::Warning, EventKind::Change, text);
            neighbor.session_down(now.monotonic, direction, event);
        }
        if to == State::Established {
            log(Severity::Info, EventKind::Change, String::from("session established"));
            neighbor.session_up(now, Duration::from_millis(environment.settings.bgp.rest.into()));
        }
        let state = neighbor.state();
        if core::mem::replace(&mut neighbor.told, state) != state {
            programs.notify(now, neighbor, &Notice::State { state });
        }
        if to == State::Established {
            programs.notify(now, neighbor, &Notice::Up);
        }
    }

    /// Starts the sessions that should run and ends those that should not.
    fn supervise(&mut self, now: Now, id: NeighborId) {
        let at = now.monotonic;
        let exhausted = self.attempts_exhausted(id);
        let passive = self.environment.settings.bgp.passive;
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        if neighbor.established().is_some() {
            let other = neighbor.leading().session.direction().other();
            let link = neighbor.link_mut(other);
            if link.ends.is_some() {
                link.session.lose_collision(at);
            } else if link.session.state() != State::Idle || link.session.timers().next().is_some() {
                link.session.abandon(at);
            }
            return;
        }
        let dials = !(passive || neighbor.config.passive || neighbor.range.is_some());
        let (outgoing, incoming) = (neighbor.outgoing.session.state(), neighbor.incoming.session.state());
        let connected = neighbor.incoming.ends.is_some() || neighbor.outgoing.ends.is_some();
        let over = outgoing == State::Idle && !connected;
        let leaves = neighbor.admin == AdminState::Removed && incoming == State::Idle;
        let gives_up = neighbor.admin == AdminState::Up && dials && exhausted;
        let was_generated = neighbor.range.is_some() && incoming == State::Idle;
        if over && (leaves || gives_up || was_generated) {
            self.remove(id);
            return;
        }
        if neighbor.admin == AdminState::Removed {
            return;
        }
        if incoming == State::Idle {
            neighbor.incoming.session.start(at);
        }
        let waits = neighbor.outgoing.session.timers().deadline(Timer::IdleHold).is_some();
        if dials && outgoing == State::Idle && !waits && !connected && !exhausted {
            match neighbor.attempts {
                0 => neighbor.outgoing.session.start(at),
                _ => neighbor.outgoing.session.rest(at),
            }
        }
    }

    /// Ends the sessions of a neighbor. With graceful restart no NOTIFICATION is sent, since it would end that too, unless
    /// RFC 8538 was agreed on.
    pub(super) fn end(&mut self, now: Now, id: NeighborId, notification: &Notification) {
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        for direction in [Direction::Outgoing, Direction::Incoming] {
            let link = neighbor.link_mut(direction);
            let silent = link.is_graceful() && !link.notifies_gracefully();
            let session = &mut link.session;
            if silent && session.state() == State::Established {
                session.abandon(now.monotonic);
            } else {
                session.stop(now.monotonic, notification.clone());
            }
        }
        self.settle(now, id);
    }

    /// Tells the reactor what is wanted of a neighbor's connections.
    pub(super) fn update_interest(&mut self, now: Now, id: NeighborId) {
        let Self { neighbors, transport, contract, .. } = self;
        let Some(neighbor) = neighbors.get_mut(&id) else { return };
        neighbor.pending_since = match neighbor.wants_to_send() {
            true => neighbor.pending_since.or(Some(now.monotonic)),
            false => None,
        };
        for link in [&neighbor.outgoing, &neighbor.incoming] {
            if let (Some(stream), Some(_)) = (link.stream, link.ends) {
                let write = link.session.state() == State::Established && neighbor.may_send();
                let read = neighbor.held_back.is_none();
                transport.streams.set_interest(stream, read, write, &mut contract.actions);
            }
        }
    }

    /// Forgets a neighbor whose sessions have ended.
    fn remove(&mut self, id: NeighborId) {
        if let Some(neighbor) = self.neighbors.remove(&id) {
            self.programs.teller.forget(id);
            debug_assert_eq!(neighbor.state().min(State::Active), neighbor.state());
            self.contract.log(Severity::Info, neighbor.party(), String::from("is given up"));
        }
    }
}

/// An UPDATE came on an established session. It is decoded once, for programs and for Adj-RIB-In.
fn update(
    now: Now,
    neighbor: &mut NeighborState,
    direction: Direction,
    frame: &ReceivedFrame,
    programs: &mut Programs,
    contract: &mut Contract,
) {
    let link = match direction {
        Direction::Outgoing => &neighbor.outgoing,
        Direction::Incoming => &neighbor.incoming,
    };
    let (octets, negotiated) = (link.session.octets(frame), link.session.negotiated());
    let view = UpdateView::decode(link.session.body(frame), negotiated);
    let content = view.as_ref().map_or(MessageContent::Unreadable, MessageContent::Update);
    let notice = Notice::Message { sent: false, kind: frame.kind, octets, content, negotiated };
    programs.notify(now, neighbor, &notice);
    let view = match view {
        Ok(view) => view,
        Err(error) => {
            let notification = error.notification(octets);
            return neighbor.link_mut(direction).session.refuse(now.monotonic, notification);
        }
    };
    if neighbor.config.adj_rib_in {
        let aigp = neighbor.accepts_aigp();
        remember(&mut neighbor.rib_in, &view, aigp);
    }
    if view.end_of_rib().is_some() && !neighbor.rib_in.has_stale() {
        neighbor.stale = None;
    }
    // Each kind of mistake is told once already.
    if let Some(problem) = view.problem() {
        let (severity, text) = complaint(&mut neighbor.complaints, &problem);
        contract.log_remark(severity, neighbor.party(), text);
    }
    let disabled: Vec<_> = view.disabled().collect();
    for family in disabled {
        neighbor.link_mut(direction).session.ignore(family);
        neighbor.rib_in.clear_family(family);
    }
}
