//! A session with one peer over one connection at a time: RFC 4271 §8's machine with its timers, the OPEN exchange, and
//! the framing of what is received. It knows nothing of routes, sockets or the other session of the same neighbor.
//!
//! It follows the core's contract in small: hand it an input with the time, then drain [`Session::poll_output`].

mod fsm;
mod inbox;
mod jitter;
mod negotiate;
#[cfg(test)]
mod rfc4271;
mod table;
mod terms;
mod timer;

pub use fsm::{Direction, FsmAction, FsmEvent, State};
pub use inbox::ReceivedFrame;
pub use jitter::Jitter;
pub use negotiate::{check_open, graceful_restart, long_lived_restart, negotiate, offers};
pub use table::{Collision, Fsm, FsmTable, Period, Periods, Shipped, Transition};
pub use terms::{SendHold, Terms};
pub use timer::{Timer, Timers};

use alloc::collections::VecDeque;
use alloc::format;

use crate::time::{Duration, Instant};
use crate::wire::error::code;
use crate::wire::frame::kind;
use crate::wire::{Family, Message, Negotiated, Notification, Open};

use inbox::Inbox;

/// What a session asks for, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOutput {
    /// Dial the peer.
    Dial,
    /// Send this message; of a NOTIFICATION nothing follows but [`SessionOutput::Close`].
    Send(Message),
    /// End the connection, once what was sent before is out.
    Close,
    /// The machine has changed its state.
    Changed {
        /// From here.
        from: State,
        /// By this.
        event: FsmEvent,
        /// To here.
        to: State,
    },
}

/// How long a session must have been established not to count as one that flaps.
const CALM: Duration = Duration::from_secs(60);

/// One machine of §8 with its data. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Session {
    fsm: Fsm,
    direction: Direction,
    terms: Terms,
    jitter: Jitter,
    state: State,
    since: Instant,
    timers: Timers,
    /// Attempts that failed in a row.
    failures: u32,
    /// Sessions in a row that were established, and not for long.
    flaps: u32,
    inbox: Inbox,
    our_open: Open,
    peer_open: Option<Open>,
    negotiated: Negotiated,
    last_received: Instant,
    last_keepalive: Instant,
    outputs: VecDeque<SessionOutput>,
}

impl Session {
    /// A session in Idle, where it stays until [`Session::start`].
    pub fn new(fsm: Fsm, now: Instant, direction: Direction, terms: Terms, seed: u64) -> Self {
        Self {
            fsm,
            direction,
            our_open: terms.open.clone(),
            terms,
            jitter: Jitter::new(seed),
            state: State::Idle,
            since: now,
            timers: Timers::default(),
            failures: 0,
            flaps: 0,
            inbox: Inbox::default(),
            peer_open: None,
            negotiated: Negotiated::default(),
            last_received: now,
            last_keepalive: now,
            outputs: VecDeque::new(),
        }
    }

    /// Which side dials.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Where the machine stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Since when it stands there.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// When the hold timer was last started: by a message of the peer's.
    pub fn last_received(&self) -> Instant {
        self.last_received
    }

    /// When a KEEPALIVE was last sent.
    pub fn last_keepalive(&self) -> Instant {
        self.last_keepalive
    }

    /// The timers, for whoever explains what is waited for.
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Our OPEN of this connection.
    pub fn our_open(&self) -> &Open {
        &self.our_open
    }

    /// The peer's OPEN; `None` until it is here.
    pub fn peer_open(&self) -> Option<&Open> {
        self.peer_open.as_ref()
    }

    /// What the OPENs agreed on; what no OPEN is needed for before that.
    pub fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    /// Takes nothing more of a family from the peer, for as long as the session lasts (RFC 7606 §2); whether it was taken so far.
    pub fn ignore(&mut self, family: Family) -> bool {
        self.negotiated.ignore(family)
    }

    /// Whether a connection belongs to this session.
    pub fn is_connected(&self) -> bool {
        self.state >= State::OpenSent || self.timers.deadline(Timer::DelayOpen).is_some()
    }

    /// The next deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether it asks for something.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// What it asks for next.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }
}

/// Inputs.
impl Session {
    /// Changes what the next connection is set up with.
    pub fn set_terms(&mut self, terms: Terms) {
        self.terms = terms;
    }

    /// Leaves Idle, at once: whatever failed before is forgotten.
    pub fn start(&mut self, now: Instant) {
        self.failures = 0;
        self.begin(now);
    }

    /// Ends the session and stays in Idle. On a connection where an OPEN was sent, `notification` says why.
    pub fn stop(&mut self, now: Instant, notification: Notification) {
        self.failures = 0;
        self.apply(now, FsmEvent::Stop, Some(notification));
    }

    /// Ends the session without a word, as graceful restart wants it (RFC 4724 §4); it stays in Idle.
    pub fn abandon(&mut self, now: Instant) {
        self.apply(now, FsmEvent::Stop, None);
    }

    /// Leaves Idle again after a moment.
    pub fn rest(&mut self, now: Instant) {
        if self.state == State::Idle {
            self.start_timer_after(now, Timer::IdleHold, 0);
        }
    }

    /// The connection that it asked for, or one that the peer dialled, is up.
    pub fn connected(&mut self, now: Instant) {
        self.inbox = Inbox::default();
        self.our_open = self.terms.open.clone();
        self.peer_open = None;
        self.negotiated = Negotiated::default();
        let delayed = self.terms.mirror_as || self.terms.delay_open.is_some();
        let event = if delayed { FsmEvent::ConnectedDelayOpen } else { FsmEvent::Connected };
        self.apply(now, event, None);
    }

    /// The connection did not come up, or is gone.
    pub fn connection_failed(&mut self, now: Instant) {
        self.apply(now, FsmEvent::ConnectionFails, None);
    }

    /// Takes what was read. Drain [`Session::next_frame`] afterwards.
    pub fn receive(&mut self, data: &[u8]) {
        if self.is_connected() {
            self.inbox.push(data);
        }
    }

    /// The next whole message received. The machine has already seen it, with one exception: a valid OPEN waits for
    /// [`Session::accept_open`] or [`Session::lose_collision`], since only the neighbor knows of a collision. What an UPDATE,
    /// ROUTE-REFRESH or OPERATIONAL says is for the caller to decode; [`Session::refuse`] if it cannot be.
    pub fn next_frame(&mut self, now: Instant) -> Option<ReceivedFrame> {
        if !self.is_connected() {
            // What the last message left behind.
            self.inbox = Inbox::default();
            return None;
        }
        let frame = match self.inbox.next_frame(self.negotiated.max_message())? {
            Ok(frame) => frame,
            Err(notification) => {
                self.refuse(now, notification);
                return None;
            }
        };
        match frame.kind {
            kind::OPEN => match Open::decode(self.body(&frame)) {
                Ok(open) => self.receive_open(now, open),
                Err(error) => {
                    let notification = error.notification(self.octets(&frame));
                    self.refuse(now, notification);
                }
            },
            kind::NOTIFICATION => self.apply(now, FsmEvent::Notification, None),
            kind::KEEPALIVE => self.apply(now, FsmEvent::Keepalive, Some(self.unexpected())),
            kind::UPDATE | kind::ROUTE_REFRESH | kind::OPERATIONAL => {
                self.apply(now, FsmEvent::Update, Some(self.unexpected()));
            }
            unknown => {
                // RFC 4271 §6.1 wants the type octet for data; ExaBGP's users know this text.
                let text = format!("can not decode message of type \"{unknown}\"");
                let data = text.into_bytes().into_boxed_slice();
                self.refuse(now, Notification { code: code::HEADER, subcode: BAD_TYPE, data });
            }
        }
        Some(frame)
    }

    /// All of a message that was received, header included, until more is received.
    pub fn octets(&self, frame: &ReceivedFrame) -> &[u8] {
        self.inbox.octets(frame)
    }

    /// What stands after its header.
    pub fn body(&self, frame: &ReceivedFrame) -> &[u8] {
        inbox::body(self.octets(frame))
    }

    /// Goes on with the OPEN that was received.
    pub fn accept_open(&mut self, now: Instant) {
        let Some(peer) = &self.peer_open else { return };
        if self.terms.mirror_as {
            self.our_open = negotiate::mirror_as(&self.our_open, peer);
        }
        self.negotiated = negotiate(&self.our_open, peer);
        negotiate::lay_out_flows(&mut self.negotiated, self.terms.flow_form);
        let delayed = self.timers.deadline(Timer::DelayOpen).is_some();
        self.apply(now, if delayed { FsmEvent::OpenWhileDelayed } else { FsmEvent::Open }, None);
    }

    /// Gives way to the neighbor's other connection (RFC 4271 §6.8).
    pub fn lose_collision(&mut self, now: Instant) {
        self.apply(now, FsmEvent::CollisionDump, Some(Notification::new(code::CEASE, COLLISION)));
    }

    /// Ends the session over something received that the wire refuses.
    pub fn refuse(&mut self, now: Instant, notification: Notification) {
        self.apply(now, FsmEvent::Malformed, Some(notification));
    }

    /// Fires the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((timer, _)) = self.timers.take_expired(now) {
            let notification = match timer {
                Timer::Hold | Timer::OpenWait => Some(Notification::new(code::HOLD_TIMER, 0)),
                Timer::SendHold => Some(Notification::new(code::SEND_HOLD_TIMER, 0)),
                _ => None,
            };
            match timer {
                Timer::IdleHold => self.begin(now),
                // Nobody's AS number to put into our OPEN.
                Timer::DelayOpen if self.terms.mirror_as => {
                    self.refuse(now, Notification::new(code::HOLD_TIMER, 0));
                }
                _ => self.apply(now, FsmEvent::Expired(timer), notification),
            }
        }
    }

    /// Whole messages were handed to TCP, and `waiting` says whether there are octets left that were not. It is this
    /// that the send hold timer watches (RFC 9687 §4.3). Without a hold time nothing is sent regularly, so the timer
    /// runs only while something waits.
    pub fn note_progress(&mut self, now: Instant, whole_message: bool, waiting: bool) {
        if self.state != State::Established {
            return;
        }
        let running = self.timers.deadline(Timer::SendHold).is_some();
        if self.negotiated.hold_time == 0 && !waiting {
            self.timers.stop(Timer::SendHold);
        } else if whole_message || !running {
            self.start_timer(now, Timer::SendHold);
        }
    }
}

/// The inside: one event at a time, step by step.
impl Session {
    fn begin(&mut self, now: Instant) {
        let event = match self.direction {
            Direction::Outgoing => FsmEvent::Start,
            Direction::Incoming => FsmEvent::StartPassive,
        };
        self.apply(now, event, None);
    }

    fn receive_open(&mut self, now: Instant, open: Open) {
        let expected = self.state == State::OpenSent || self.timers.deadline(Timer::DelayOpen).is_some();
        if !expected {
            self.apply(now, FsmEvent::Open, Some(self.unexpected()));
            return;
        }
        match check_open(&self.terms, &open) {
            Ok(()) => self.peer_open = Some(open),
            Err(notification) => self.refuse(now, notification),
        }
    }

    /// The NOTIFICATION for a message that this state does not allow (RFC 6608).
    fn unexpected(&self) -> Notification {
        let subcode = match self.state {
            State::OpenSent => 1,
            State::OpenConfirm => 2,
            State::Established => 3,
            State::Idle | State::Connect | State::Active => 0,
        };
        Notification::new(code::FSM, subcode)
    }

    fn apply(&mut self, now: Instant, event: FsmEvent, mut notification: Option<Notification>) {
        let Some((to, steps)) = (self.fsm.transition)(self.state, event) else { return };
        for step in steps.iter().chain([&FsmAction::Enter]) {
            match step {
                FsmAction::Enter => self.enter(now, event, to),
                step => self.carry_out(now, *step, &mut notification),
            }
        }
    }

    fn enter(&mut self, now: Instant, event: FsmEvent, to: State) {
        let from = core::mem::replace(&mut self.state, to);
        if from != to {
            self.since = now;
            self.outputs.push_back(SessionOutput::Changed { from, event, to });
        }
    }

    fn carry_out(&mut self, now: Instant, step: FsmAction, notification: &mut Option<Notification>) {
        match step {
            FsmAction::Dial => self.outputs.push_back(SessionOutput::Dial),
            FsmAction::SendOpen => {
                self.outputs.push_back(SessionOutput::Send(Message::Open(self.our_open.clone())));
            }
            FsmAction::SendKeepalive => self.outputs.push_back(SessionOutput::Send(Message::Keepalive)),
            FsmAction::Notify if self.is_connected() => {
                if let Some(notification) = notification.take() {
                    self.outputs.push_back(SessionOutput::Send(Message::Notification(notification)));
                }
            }
            FsmAction::Notify => {}
            FsmAction::Drop => {
                self.timers.stop_all();
                self.inbox.end();
                self.outputs.push_back(SessionOutput::Close);
            }
            FsmAction::Damp => self.damp(now),
            FsmAction::Start(timer) => self.start_timer(now, timer),
            FsmAction::Stop(timer) => self.timers.stop(timer),
            // It is the change of state that says so.
            FsmAction::Up | FsmAction::Enter => {}
        }
    }

    /// Lets the next attempt wait, the longer the more attempts failed in a row. A session that was established begins a new row,
    /// unless there were several of which none lasted.
    fn damp(&mut self, now: Instant) {
        if self.state == State::Established {
            self.flaps = if now - self.since >= CALM { 0 } else { self.flaps.saturating_add(1) };
            self.failures = self.flaps.saturating_sub(self.terms.flaps);
        }
        self.start_timer(now, Timer::IdleHold);
        self.failures = self.failures.saturating_add(1);
    }

    fn start_timer(&mut self, now: Instant, timer: Timer) {
        self.start_timer_after(now, timer, self.failures);
    }

    /// Starts a timer as after so many failures.
    fn start_timer_after(&mut self, now: Instant, timer: Timer, failures: u32) {
        let (terms, direction, state) = (&self.terms, self.direction, self.state);
        let hold = Duration::from_secs(self.negotiated.hold_time.into());
        let periods = Periods { terms, hold, direction, state, failures };
        let Some(period) = (self.fsm.period)(timer, &periods) else { return };
        match timer {
            Timer::Hold => {
                self.last_received = now;
                self.timers.stop(Timer::OpenWait);
            }
            Timer::Keepalive => self.last_keepalive = now,
            Timer::ConnectRetry | Timer::IdleHold | Timer::OpenWait | Timer::DelayOpen | Timer::SendHold => {}
        }
        self.timers.set(timer, now + period.draw(&mut self.jitter));
    }
}

/// Message Header Error, Bad Message Type (RFC 4271 §6.1).
const BAD_TYPE: u8 = 3;
/// Cease, Connection Collision Resolution (RFC 4486).
const COLLISION: u8 = 7;
