//! The speaker: the core's contract with the reactor that runs it. See the crate's documentation for the loop.
//!
//! This file is the door. Behind it a speaker is made of parts, each with its own data: `contract` (what waits to be polled), `neighbors` with
//! their sessions and RIBs, `transport` (streams, sockets that listen), `lifecycle` (how far it is, its configuration) and `programs`. What spans
//! several of them is done by handles that borrow no more than they need:
//!
//! ```text
//!            CommandHandle      what programs write
//!                 │
//!           LifecycleHandle     start, reload, end
//!              │     │
//!      AcceptHandle  │          whose a connection is that a peer dialled
//!              │     │
//!           SessionHandle       what neighbors do with inputs, and what their sessions ask for
//!                 │
//!            ListenHandle       the sockets that peers dial
//! ```
//!
//! [`record`] is about recordings of all that comes in.

mod accept;
mod action;
mod advisory;
mod awaiting_open;
mod cause;
mod commands;
mod complaints;
mod contract;
mod dial;
mod effects;
mod environment;
mod event;
mod graceful;
mod hold_back;
mod id;
mod input;
mod intake;
mod lifecycle;
mod link;
mod listeners;
mod long_answers;
mod long_commands;
mod memory;
mod message;
mod neighbor;
mod neighbors;
mod notice;
mod notify;
mod obligation;
mod open;
mod owed;
mod phase;
mod programs;
pub mod record;
mod selection;
mod sessions;
mod setup;
mod show;
mod stale;
mod stream;
mod teller;
mod transport;
mod unsent;
mod update;

pub use action::Action;
pub use environment::Identity;
pub use event::{Event, EventKind, Severity};
pub use holdtime_host::{
    CloseKind, ConfigText, ExitStatus, IoError, KeyChange, ListenOptions, ListenerId, PipePaths,
    ProgramSignal, ProgramSpec, Signal, StreamId, TcpOptions,
};
pub use id::NeighborId;
pub use input::{ClosedKind, Input, OwnedInput};
pub use memory::Memory;
pub use neighbor::{Counters, NeighborStatus};
pub use notice::{MessageContent, Notice};
pub use obligation::{Obligation, ObligationKind, Party};
pub use setup::Setup;

use crate::rib::MAX_WORK;
use crate::time::{Instant, Now};

use accept::AcceptHandle;
use commands::CommandHandle;
use contract::Contract;
use environment::Environment;
use lifecycle::{Lifecycle, LifecycleHandle, STARTUP_FAILED};
use listeners::ListenHandle;
use neighbor::NeighborState;
use neighbors::Neighbors;
use phase::Phase;
use programs::Programs;
use sessions::SessionHandle;
use stream::Owner;
use transport::Transport;

/// How many routes a turn works on at most, each counted once for each neighbor: what it reads, takes in, packs and walks by, of
/// which each has [`MAX_WORK`]. Whatever may be more has to be done a slice at a time: see `long_commands` and `intake`.
const TURN_WORK: u64 = 8 * MAX_WORK as u64;

/// A BGP speaker: sessions, RIBs and API behind one door.
#[derive(Debug)]
pub struct Speaker {
    environment: Environment,
    contract: Contract,
    neighbors: Neighbors,
    transport: Transport,
    lifecycle: Lifecycle,
    programs: Programs,
}

impl Speaker {
    /// A speaker that has not begun; the first [`Input::Timeout`] starts it.
    pub fn new(now: Now, setup: Setup) -> Self {
        let Setup { identity, settings, files, config, seed, pipes, fsm } = setup;
        Self {
            environment: Environment { identity, settings, fsm },
            contract: Contract::default(),
            neighbors: Neighbors::new(seed),
            transport: Transport::default(),
            lifecycle: Lifecycle::new(now, files, config, pipes),
            programs: Programs::default(),
        }
    }

    /// Feeds one input. Never fails: a peer's garbage becomes a NOTIFICATION and an [`Event`].
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) {
        let worked = self.neighbors.routes_handled();
        match input {
            Input::Timeout => self.timeout(now),
            Input::Listening { listener, local } => self.listening().listening(listener, local),
            Input::ListenFailed { listener, error } => {
                if !self.listening().listen_failed(now, listener, error) {
                    self.lifecycle().exit_with(STARTUP_FAILED);
                }
            }
            Input::AcceptFailed { listener, error } => self.listening().accept_failed(now, listener, error),
            Input::Accepted { stream, local, remote, .. } => {
                self.accepting().accepted(now, stream, local, remote);
            }
            Input::Signal(signal) => self.lifecycle().signalled(now, signal),
            Input::Reload(text) => {
                self.lifecycle().begin_reload(text);
                self.go_on_with_reload(now);
            }
            Input::Connected { stream, .. }
            | Input::ConnectFailed { stream, .. }
            | Input::Received { stream, .. }
            | Input::Writable { stream, .. }
            | Input::Sent { stream, .. }
            | Input::Closed { stream, .. }
            | Input::ProgramStarted { stream, .. }
            | Input::ProgramFailed { stream, .. }
            | Input::ProgramExited { stream, .. } => self.stream_input(now, stream, &input),
        }
        self.run_settled(now);
        self.lifecycle().serve_programs(now);
        self.sessions().release(now);
        self.transport.streams.close_departed(now.monotonic, &mut self.contract.actions);
        self.lifecycle().conclude(now);
        if self.programs.busy().is_empty() {
            // Nobody is about to give them more: the program that was may have ended.
            self.commands().ask_for_room(now);
        }
        self.neighbors.account();
        let worked = self.neighbors.routes_handled() - worked;
        debug_assert!(
            worked <= TURN_WORK,
            "{worked} routes were worked on in one turn, more than {TURN_WORK}"
        );
    }

    fn stream_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        match self.transport.streams.owner(stream) {
            Some(Owner::Session(neighbor, direction)) => {
                self.sessions().handle(now, neighbor, direction, stream, input);
            }
            Some(Owner::AwaitingOpen) => self.accepting().handle_awaiting(now, stream, input),
            Some(Owner::Leaving(_)) => self.leaving_input(now, stream, input),
            None if self.programs.owns(stream) => self.commands().handle(now, stream, input),
            // A late report about a stream that is closed.
            None => {}
        }
    }

    fn leaving_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        match input {
            Input::Sent { count, .. } => {
                self.transport.streams.consume(now.monotonic, stream, *count);
            }
            Input::Closed { how: ClosedKind::Broken(_), .. } => {
                self.transport.streams.close(stream, CloseKind::Reset, &mut self.contract.actions);
            }
            // What still comes is not read, and nothing more is written.
            _ => {}
        }
    }

    fn timeout(&mut self, now: Now) {
        if matches!(self.lifecycle.phase, Phase::New { .. }) {
            self.lifecycle().begin(now);
        }
        self.sessions().take_in(now);
        self.neighbors.forget_gone();
        self.go_on_with_reload(now);
        self.run_settled(now);
        self.sessions().handle_timeouts(now);
        self.accepting().handle_timeouts(now);
        self.commands().go_on_with_effects(now);
        self.programs.handle_timeout(now.monotonic);
        let running = self.lifecycle.phase == Phase::Running;
        self.listening().handle_timeout(now, running);
        self.lifecycle().handle_timeout(now);
    }

    /// Reads on in a configuration that was loaded, and goes over to it once it is read.
    fn go_on_with_reload(&mut self, now: Now) {
        let Some((taken_over, asked)) = self.lifecycle().go_on_with_reload(now) else { return };
        if taken_over {
            self.run_settled(now);
            self.lifecycle().finish_reload(now);
        }
        asked.into_iter().for_each(|stream| self.commands().run(now, stream));
    }

    /// Carries out the commands that have waited for the configuration, once all of that is taken in: they were written by
    /// somebody who knows it, and have the last word over it.
    fn run_settled(&mut self, now: Now) {
        if core::mem::take(&mut self.neighbors.intakes.settled) {
            self.commands().run_all(now);
        }
    }

    /// The next thing to carry out, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.contract.actions.pop_front()
    }

    /// A stream that has bytes to send and has not been reported since its last [`Input`]; each is returned once a drain.
    /// Programs come last: their answers follow what was written to connections before.
    pub fn poll_stream(&mut self) -> Option<StreamId> {
        let connection = self.transport.streams.poll_ready();
        if connection.is_none() {
            self.commands().release_answers();
        }
        connection.or_else(|| self.programs.poll_stream())
    }

    /// The bytes to send next on `stream`: whole messages, as many as are ready. Looking changes nothing;
    /// [`Input::Sent`] consumes.
    pub fn poll_transmit(&mut self, stream: StreamId) -> Option<&[u8]> {
        self.transport.streams.transmit(stream).or_else(|| self.programs.poll_transmit(stream))
    }

    /// The next deadline of any kind.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.neighbors.poll_timeout(),
            self.lifecycle.phase.poll_timeout(),
            self.neighbors.intakes.poll_timeout(),
            (self.neighbors.has_gone() || self.lifecycle.is_reloading()).then_some(Instant::ZERO),
            self.transport.streams.poll_timeout(),
            self.transport.awaiting_open.poll_timeout(),
            self.transport.listeners.poll_timeout(),
            self.programs.poll_timeout(),
            self.programs.effects_due,
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The next event for the log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.contract.events.pop_front()
    }

    /// How many routes were worked on so far: each time that one was read from a program, put into a RIB or looked at
    /// there, grouped, packed or shown. It only grows, and says how much computing an [`Input`] has led to.
    pub fn routes_handled(&self) -> u64 {
        self.neighbors.routes_handled() + self.contract.routes_handled
    }

    /// Every neighbor, in the order of the configuration.
    pub fn neighbors(&self) -> impl Iterator<Item = NeighborStatus<'_>> {
        self.neighbors.values().map(NeighborState::status)
    }

    /// What is owed, to whom, since when, until when, and by which clause.
    pub fn obligations(&self) -> impl Iterator<Item = Obligation> {
        let neighbors =
            self.neighbors.values().flat_map(|neighbor| neighbor.obligations(&self.transport.streams));
        let remaining = owed::remaining(self.lifecycle.phase, &self.transport.streams);
        neighbors
            .chain(self.transport.awaiting_open.obligations())
            .chain(remaining)
            .chain(self.programs.obligations())
    }
}

/// Handles.
impl Speaker {
    fn listening(&mut self) -> ListenHandle<'_> {
        let Self { environment, contract, neighbors, transport, .. } = self;
        ListenHandle { environment, contract, neighbors, listeners: &mut transport.listeners }
    }

    fn sessions(&mut self) -> SessionHandle<'_> {
        let Self { environment, contract, neighbors, transport, programs, .. } = self;
        SessionHandle { environment, contract, neighbors, transport, programs }
    }

    fn accepting(&mut self) -> AcceptHandle<'_> {
        AcceptHandle { sessions: self.sessions() }
    }

    fn lifecycle(&mut self) -> LifecycleHandle<'_> {
        let Self { environment, contract, neighbors, transport, lifecycle, programs } = self;
        LifecycleHandle { environment, contract, neighbors, transport, lifecycle, programs }
    }

    fn commands(&mut self) -> CommandHandle<'_> {
        let Self { environment, contract, neighbors, transport, lifecycle, programs } = self;
        CommandHandle { environment, contract, neighbors, transport, lifecycle, programs }
    }
}
