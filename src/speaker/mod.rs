//! The speaker: the core's contract with the reactor that runs it. See the crate's documentation for the loop.
//!
//! This file is the door. Behind it: `sessions` is what neighbors do with inputs, `dial` how connections come to be, `listeners` where the peers dial,
//! and `unclaimed` those whose neighbor the peer's OPEN decides, `life` how a speaker starts, reloads and ends, `programs` and
//! `commands` the API's side, [`record`] recordings.

mod action;
mod advisory;
mod api;
mod cause;
mod commands;
mod dial;
mod effects;
mod event;
mod graceful;
mod hold_back;
mod input;
mod intake;
mod life;
mod listeners;
mod neighbor;
mod neighbors;
mod notice;
mod notify;
mod obligation;
mod open;
mod owed;
mod programs;
pub mod record;
mod sessions;
mod show;
mod stream;
mod unclaimed;
mod unsent;
mod update;

pub use action::Action;
pub use event::{Event, EventKind, Severity};
pub use holdtime_host::{
    CloseKind, ConfigText, ExitStatus, IoError, KeyChange, ListenOptions, ListenerId, PipePaths,
    ProgramSignal, ProgramSpec, Signal, StreamId, TcpOptions,
};
pub use input::{ClosedKind, Input};
pub use neighbor::{Counters, NeighborId, NeighborStatus};
pub use notice::Notice;
pub use obligation::{Obligation, ObligationKind, Party};

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::{Config, Settings};
use crate::session::{Fsm, Jitter};
use crate::time::{Instant, Now};

use intake::Intakes;
use life::{Anew, Phase};
use listeners::Listeners;
use neighbor::Neighbor;
use neighbors::Neighbors;
use programs::Programs;
use stream::{Owner, Streams};
use unclaimed::Unclaimed;

/// Who this process is, for the JSON API; handed over because the core cannot look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The host's name, as `host` in JSON.
    pub host: String,
    /// The process id, as `pid` in JSON.
    pub pid: u32,
    /// The parent's process id, as `ppid` in JSON.
    pub ppid: u32,
    /// The version that the API announces, such as `5.0.15`.
    pub version: String,
}

/// All that a speaker is made from.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Who runs it.
    pub identity: Identity,
    /// The environment's settings.
    pub settings: Settings,
    /// The configuration files named on the command line; each reload takes the next one.
    pub files: Vec<String>,
    /// What stands in the first of them.
    pub config: Config,
    /// For jitter, and nothing else (RFC 4271 §10).
    pub seed: u64,
    /// The pipes of the command-line client, where there are any.
    pub pipes: Option<PipePaths>,
    /// The finite state machine's table: the one that ships, but in a defective build.
    pub fsm: Fsm,
}

/// A BGP speaker: sessions, RIBs and API behind one door.
#[derive(Debug)]
pub struct Speaker {
    identity: Identity,
    settings: Settings,
    files: Vec<String>,
    /// Which of `files` is loaded.
    file: usize,
    /// The configuration but for its neighbors, which are in `neighbors`.
    config: Config,
    seeds: Jitter,
    fsm: Fsm,
    phase: Phase,
    neighbors: Neighbors,
    next_neighbor: u32,
    intakes: Intakes,
    streams: Streams,
    unclaimed: Unclaimed,
    listeners: Listeners,
    programs: Programs,
    pipes: Option<PipePaths>,
    /// The neighbors that are, or were, not read because of a program that lags behind.
    held_back: BTreeSet<NeighborId>,
    /// How often the configuration was read, from 1.
    generation: u32,
    /// What the reload that is under way is to start anew.
    anew: Anew,
    /// When to go on with effects that take more than one turn: at once.
    effects_due: Option<Instant>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    /// Routes that programs wrote, and routes that they were shown.
    routes_told: u64,
}

impl Speaker {
    /// A speaker that has not begun; the first [`Input::Timeout`] starts it.
    pub fn new(now: Now, setup: Setup) -> Self {
        let Setup { identity, settings, files, config, seed, pipes, fsm } = setup;
        Self {
            identity,
            settings,
            files,
            file: 0,
            config,
            seeds: Jitter::new(seed),
            fsm,
            phase: Phase::New { since: now.monotonic },
            neighbors: Neighbors::default(),
            next_neighbor: 0,
            intakes: Intakes::default(),
            streams: Streams::default(),
            unclaimed: Unclaimed::default(),
            listeners: Listeners::default(),
            programs: Programs::default(),
            pipes,
            held_back: BTreeSet::new(),
            generation: 1,
            anew: Anew::default(),
            effects_due: None,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            routes_told: 0,
        }
    }

    /// Feeds one input. Never fails: a peer's garbage becomes a NOTIFICATION and an [`Event`].
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Timeout => self.timeout(now),
            Input::Listening { listener, local } => self.listening(listener, local),
            Input::ListenFailed { listener, error } => self.listen_failed(now, listener, error),
            Input::AcceptFailed { listener, error } => self.accept_failed(now, listener, error),
            Input::Accepted { stream, listener, local, remote } => {
                self.accepted(now, stream, listener, local, remote);
            }
            Input::Signal(signal) => self.signalled(now, signal),
            Input::Reload(text) => self.reload(now, text),
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
        self.serve_programs(now);
        self.release(now);
        self.streams.close_departed(now.monotonic, &mut self.actions);
        self.conclude(now);
        self.neighbors.account();
    }

    fn stream_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        match self.streams.owner(stream) {
            Some(Owner::Session(neighbor, direction)) => {
                self.session_input(now, neighbor, direction, stream, input);
            }
            Some(Owner::Unclaimed) => self.unclaimed_input(now, stream, input),
            Some(Owner::Leaving(_)) => self.leaving_input(now, stream, input),
            None if self.programs.owns(stream) => self.program_input(now, stream, input),
            // A late report about a stream that is closed.
            None => {}
        }
    }

    fn leaving_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        match input {
            Input::Sent { count, .. } => {
                self.streams.consume(now.monotonic, stream, *count);
            }
            Input::Closed { how: ClosedKind::Broken(_), .. } => {
                self.streams.close(stream, CloseKind::Reset, &mut self.actions);
            }
            _ => {}
        }
    }

    fn timeout(&mut self, now: Now) {
        if matches!(self.phase, Phase::New { .. }) {
            self.begin(now);
        }
        self.take_in(now);
        self.session_timeouts(now);
        self.unclaimed_timeouts(now);
        self.go_on_with_effects(now);
        self.programs.handle_timeout(now.monotonic);
        self.listen_again(now);
        self.life_timeout(now);
    }

    /// The next thing to carry out, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// A stream that has bytes to send and has not been reported since its last [`Input`]; each is returned once a drain.
    /// Programs come last: their answers follow what was written to connections before.
    pub fn poll_stream(&mut self) -> Option<StreamId> {
        let connection = self.streams.poll_ready();
        if connection.is_none() {
            self.release_answers();
        }
        connection.or_else(|| self.programs.poll_stream())
    }

    /// The bytes to send next on `stream`: whole messages, as many as are ready. Looking changes nothing;
    /// [`Input::Sent`] consumes.
    pub fn poll_transmit(&mut self, stream: StreamId) -> Option<&[u8]> {
        self.streams.transmit(stream).or_else(|| self.programs.poll_transmit(stream))
    }

    /// The next deadline of any kind.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.neighbors.poll_timeout(),
            self.phase.poll_timeout(),
            self.intakes.poll_timeout(),
            self.streams.poll_timeout(),
            self.unclaimed.poll_timeout(),
            self.listeners.poll_timeout(),
            self.programs.poll_timeout(),
            self.effects_due,
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The next event for the log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many routes were worked on so far: each time that one was read from a program, put into a RIB or looked at
    /// there, grouped, packed or shown. It only grows, and says how much computing an [`Input`] has led to.
    pub fn routes_handled(&self) -> u64 {
        self.neighbors.routes_handled() + self.routes_told
    }

    /// Every neighbor, in the order of the configuration.
    pub fn neighbors(&self) -> impl Iterator<Item = NeighborStatus<'_>> {
        self.neighbors.values().map(Neighbor::status)
    }

    /// What is owed, to whom, since when, until when, and by which clause.
    pub fn obligations(&self) -> impl Iterator<Item = Obligation> {
        let neighbors = self.neighbors.values().flat_map(|neighbor| neighbor.obligations(&self.streams));
        let remaining = owed::remaining(self.phase, &self.streams);
        neighbors.chain(self.unclaimed.obligations()).chain(remaining).chain(self.programs.obligations())
    }

    /// Logs that something has changed, or how a signal was answered.
    fn log(&mut self, severity: Severity, party: Party, text: String) {
        self.events.push_back(Event { severity, kind: EventKind::Change, party, text });
    }

    /// Logs what was tried or refused in vain, and may come again at once.
    fn log_repeat(&mut self, severity: Severity, party: Party, text: String) {
        self.events.push_back(Event { severity, kind: EventKind::Repeat, party, text });
    }
}
