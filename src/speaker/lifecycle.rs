//! How a speaker starts, reloads and ends.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use holdtime_host::{CloseKind, IoError, KeyChange, PipePaths, Signal, StreamId};

use super::accept::AcceptHandle;
use super::action::Action;
use super::contract::Contract;
use super::environment::Environment;
use super::event::{Event, EventKind, Severity};
use super::id::NeighborId;
use super::listeners::ListenHandle;
use super::message::cease;
use super::neighbor::AdminState;
use super::neighbors::Neighbors;
use super::notice::Notice;
use super::obligation::Party;
use super::phase::Phase;
use super::programs::{ProgramSettings, Programs};
use super::sessions::SessionHandle;
use super::transport::Transport;
use crate::config::{self, Config, ConfigReading, ConfigText};
use crate::rib::MAX_WORK;
use crate::time::{Duration, Now};
use crate::wire::notification::cease as subcode;

/// The exit status of a speaker that could not do what it was started for, such as to listen.
pub(super) const STARTUP_FAILED: u8 = 2;
/// How long a shutdown may take at most, whoever stalls it.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// What a reload restarts even where nothing has changed.
#[derive(Clone, Copy, Debug, Default)]
struct RestartScope {
    programs: bool,
    sessions: bool,
}

/// Where the speaker is in its life, and the configuration that it lives by.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) phase: Phase,
    /// The configuration files; each reload takes the next one.
    files: Vec<String>,
    /// Which of them is loaded.
    file: usize,
    /// The configuration but for its neighbors, which are on their own.
    config: Config,
    /// The pipes of the command-line client, where there are any.
    pipes: Option<PipePaths>,
    /// What the reload that is under way is to restart.
    restarts: RestartScope,
    /// The configuration files that were loaded, or could not be, and are to be read: the first may be read in part.
    reloads: VecDeque<Result<ConfigReading, (String, IoError)>>,
}

impl Lifecycle {
    pub(super) fn new(now: Now, files: Vec<String>, config: Config, pipes: Option<PipePaths>) -> Self {
        let phase = Phase::New { since: now.monotonic };
        Self {
            phase,
            files,
            file: 0,
            config,
            pipes,
            restarts: RestartScope::default(),
            reloads: VecDeque::new(),
        }
    }

    /// Whether a configuration file that was loaded is to be read, or read on.
    pub(super) fn is_reloading(&self) -> bool {
        !self.reloads.is_empty()
    }
}

/// What the speaker's life needs of it: everything.
pub(super) struct LifecycleHandle<'a> {
    pub(super) environment: &'a Environment,
    pub(super) contract: &'a mut Contract,
    pub(super) neighbors: &'a mut Neighbors,
    pub(super) transport: &'a mut Transport,
    pub(super) lifecycle: &'a mut Lifecycle,
    pub(super) programs: &'a mut Programs,
}

impl LifecycleHandle<'_> {
    pub(super) fn sessions(&mut self) -> SessionHandle<'_> {
        let Self { environment, contract, neighbors, transport, programs, .. } = self;
        SessionHandle { environment, contract, neighbors, transport, programs }
    }

    pub(super) fn accepting(&mut self) -> AcceptHandle<'_> {
        AcceptHandle { sessions: self.sessions() }
    }

    pub(super) fn listening(&mut self) -> ListenHandle<'_> {
        let Self { environment, contract, neighbors, transport, .. } = self;
        ListenHandle { environment, contract, neighbors, listeners: &mut transport.listeners }
    }
}

/// The beginning and the end.
impl LifecycleHandle<'_> {
    /// Starts everything that the configuration names.
    pub(super) fn begin(&mut self, now: Now) {
        self.lifecycle.phase = Phase::Running;
        let neighbors = core::mem::take(&mut self.lifecycle.config.neighbors);
        for neighbor in neighbors {
            self.neighbors.add(now, self.environment, neighbor);
        }
        self.sessions().take_in(now);
        self.listening().update(true);
        self.configure_programs(now, false);
        // Programs first: they are to hear of the sessions from the beginning.
        self.serve_programs(now);
        self.settle_all(now);
    }

    fn settle_all(&mut self, now: Now) {
        let ids: Vec<_> = self.neighbors.keys().copied().collect();
        for id in ids {
            self.sessions().settle(now, id);
        }
    }

    /// Begins to end, with `code` as the exit status: sessions with a NOTIFICATION, programs with a word and a signal.
    pub(super) fn shut_down(&mut self, now: Now, code: u8) {
        if !matches!(self.lifecycle.phase, Phase::New { .. } | Phase::Running) {
            return;
        }
        self.lifecycle.reloads.clear();
        self.lifecycle.phase = Phase::Leaving { since: now.monotonic, until: now.monotonic + SHUTDOWN, code };
        self.contract.events.push_back(Event {
            severity: Severity::Info,
            kind: EventKind::Shutdown,
            party: Party::Speaker,
            text: String::from("shutting down"),
        });
        let ids: Vec<_> = self.neighbors.keys().copied().collect();
        let notification = cease(subcode::SHUTDOWN, "");
        for id in ids {
            if let Some(neighbor) = self.neighbors.get_mut(&id) {
                neighbor.admin = AdminState::Removed;
            }
            self.sessions().end(now, id, &notification);
        }
        self.accepting().end_awaiting(now, &notification);
        self.listening().update(false);
        self.end_programs(now);
    }

    /// Ends at once: there is nothing to be wound up.
    pub(super) fn exit_with(&mut self, code: u8) {
        if self.lifecycle.phase != Phase::Gone {
            self.lifecycle.phase = Phase::Gone;
            self.contract.act(Action::Exit { code });
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Now) {
        if let Phase::Leaving { until, code, .. } = self.lifecycle.phase
            && until <= now.monotonic
        {
            let open: Vec<_> = self.transport.streams.iter().map(|(id, _)| id).collect();
            for stream in open {
                self.transport.streams.close(stream, CloseKind::Reset, &mut self.contract.actions);
            }
            self.contract.log(Severity::Warning, Party::Speaker, String::from("not everybody ended in time"));
            self.exit_with(code);
        }
    }

    /// Exits once everything has ended, or when a limited number of attempts has used up every peer.
    pub(super) fn conclude(&mut self, now: Now) {
        let used_up = self.lifecycle.phase == Phase::Running
            && self.environment.settings.tcp.attempts > 0
            && self.neighbors.is_empty()
            && self.transport.streams.is_empty();
        if used_up || (self.lifecycle.phase == Phase::Running && self.programs.has_lost_required()) {
            self.shut_down(now, 0);
        }
        if let Phase::Leaving { code, .. } = self.lifecycle.phase
            && self.neighbors.is_empty()
            && self.transport.streams.is_empty()
            && self.programs.is_done()
        {
            self.exit_with(code);
        }
    }

    /// The process was signalled.
    pub(super) fn signalled(&mut self, now: Now, signal: Signal) {
        self.tell_of_signal(now, Some(signal));
        match signal {
            Signal::Terminate | Signal::Interrupt | Signal::Hangup => self.shut_down(now, 0),
            Signal::Alarm => self.restart(now),
            Signal::User1 | Signal::User2 => {
                self.request_reload(signal == Signal::User2);
            }
        }
    }

    /// Tells programs of a signal; `None`: a command asks for what a signal would.
    pub(super) fn tell_of_signal(&mut self, now: Now, signal: Option<Signal>) {
        let Self { neighbors, programs, .. } = self;
        for neighbor in neighbors.values() {
            programs.notify(now, neighbor, &Notice::Signal(signal));
        }
    }

    /// Reads the configuration again, and starts every session and every program anew, whether or not it could be read.
    pub(super) fn restart(&mut self, now: Now) {
        self.lifecycle.restarts.sessions = true;
        if !self.request_reload(true) {
            self.restart_now(now);
        }
    }

    /// Starts anew what is to be, under the configuration as it is.
    fn restart_now(&mut self, now: Now) {
        let restarts = core::mem::take(&mut self.lifecycle.restarts);
        let ids: Vec<_> = self.neighbors.keys().copied().filter(|_| restarts.sessions).collect();
        for id in ids {
            self.restart_sessions(now, id);
        }
        if restarts.programs {
            self.configure_programs(now, true);
        }
    }

    /// Ends the sessions with a neighbor, as ExaBGP does when they are to begin again with other terms.
    fn restart_sessions(&mut self, now: Now, id: NeighborId) {
        if let Some(neighbor) = self.neighbors.get_mut(&id) {
            neighbor.restarted = true;
        }
        self.sessions().end(now, id, &cease(subcode::DECONFIGURED, "Peer De-configured"));
    }

    /// Ends the sessions with a neighbor with a Cease of this subcode; they begin again at once.
    pub(super) fn teardown(&mut self, now: Now, id: NeighborId, subcode: u8) {
        let text = match subcode {
            1 => "Maximum Number of Prefixes Reached",
            2 => "Administrative Shutdown",
            3 => "Peer De-configured",
            4 => "Administrative Reset",
            5 => "Connection Rejected",
            6 => "Other Configuration Change",
            7 => "Connection Collision Resolution",
            8 => "Out of Resources",
            _ => "unknown notification type",
        };
        self.sessions().end(now, id, &cease(subcode, text));
    }
}

/// The configuration.
impl LifecycleHandle<'_> {
    /// Asks for the next configuration file; with `programs` they are started anew once it is read. Returns whether there
    /// is one.
    pub(super) fn request_reload(&mut self, programs: bool) -> bool {
        self.lifecycle.restarts.programs |= programs;
        let next = (self.lifecycle.file + 1) % self.lifecycle.files.len().max(1);
        let name = self.lifecycle.files.get(next).cloned();
        match &name {
            Some(name) => self.contract.act(Action::LoadConfig { name: name.clone() }),
            None => self.contract.log(
                Severity::Warning,
                Party::Speaker,
                String::from("there is no file to reload"),
            ),
        }
        name.is_some()
    }

    /// A configuration file was loaded, or could not be: it is to be read.
    pub(super) fn begin_reload(&mut self, text: Result<ConfigText, (String, IoError)>) {
        if self.lifecycle.phase == Phase::Running {
            self.lifecycle.reloads.push_back(text.map(ConfigReading::new));
        }
    }

    /// Reads on in a configuration file that was loaded. One that is refused leaves the running one as it is. Once it is read
    /// through, what comes back is whether it was taken over, which [`LifecycleHandle::finish_reload`] is to follow, and the programs
    /// that asked for it.
    pub(super) fn go_on_with_reload(&mut self, now: Now) -> Option<(bool, Vec<StreamId>)> {
        let settings = &self.environment.settings;
        let mut room = MAX_WORK;
        let refused = match self.lifecycle.reloads.front_mut()? {
            Ok(reading) => {
                let read = reading.go_on(settings, &mut room);
                self.contract.routes_handled += (MAX_WORK - room) as u64;
                match read? {
                    Ok(config) => {
                        let text = format!("loaded {}", reading.name());
                        self.lifecycle.reloads.pop_front();
                        self.lifecycle.file = (self.lifecycle.file + 1) % self.lifecycle.files.len().max(1);
                        self.contract.log(Severity::Info, Party::Speaker, text);
                        // Before it is done: afterwards the program may be another.
                        let asked = self.answer_reloads(now, true);
                        self.apply(now, config);
                        return Some((true, asked));
                    }
                    Err(error) => format!("{error}"),
                }
            }
            Err((name, error)) => format!("cannot read {name}: {error}"),
        };
        self.lifecycle.reloads.pop_front();
        let text = format!("the configuration stays as it is: {refused}");
        self.contract.log(Severity::Error, Party::Speaker, text);
        let asked = self.answer_reloads(now, false);
        self.lifecycle.restarts.programs &= self.lifecycle.restarts.sessions;
        self.restart_now(now);
        Some((false, asked))
    }

    /// Goes over to the sockets and the programs of a configuration that was taken over.
    pub(super) fn finish_reload(&mut self, now: Now) {
        let restarts = core::mem::take(&mut self.lifecycle.restarts);
        self.listening().update(false);
        self.configure_programs(now, restarts.programs);
    }

    /// Answers the programs that asked for the configuration to be read again; returns them. Their next commands wait for it.
    pub(super) fn answer_reloads(&mut self, now: Now, done: bool) -> Vec<StreamId> {
        let asked = self.programs.answer_reloads(done);
        asked.iter().for_each(|_| self.tell_of_signal(now, None));
        asked
    }

    /// Goes over to `config`: who is in both and speaks alike is not disturbed.
    fn apply(&mut self, now: Now, mut config: Config) {
        let restarts = self.lifecycle.restarts;
        let wanted = core::mem::take(&mut config.neighbors);
        self.lifecycle.config = config;
        self.neighbors.generation += 1;
        let mut known: BTreeMap<String, NeighborId> = self
            .neighbors
            .values()
            .filter(|neighbor| neighbor.admin == AdminState::Up && neighbor.range.is_none())
            .map(|neighbor| (neighbor.name.clone(), neighbor.id))
            .collect();
        let mut new = Vec::new();
        for config in wanted {
            let Some(id) = known.remove(&config.name()) else {
                new.push(config);
                continue;
            };
            for made in self.made_from(id) {
                let Some(peer) = self.neighbors.get(&made).map(|made| made.config.peer) else { continue };
                self.reconfigure(now, made, config::Neighbor { peer, ..config.clone() }, restarts.sessions);
            }
            self.reconfigure(now, id, config, restarts.sessions);
        }
        // Who is gone leaves before anybody takes its address.
        for id in known.into_values() {
            for made in self.made_from(id) {
                self.dismiss(now, made);
            }
            self.dismiss(now, id);
        }
        for config in new {
            let id = self.neighbors.add(now, self.environment, config);
            self.sessions().settle(now, id);
        }
        self.sessions().take_in(now);
    }

    /// Ends the sessions with a neighbor for good.
    fn dismiss(&mut self, now: Now, id: NeighborId) {
        if let Some(neighbor) = self.neighbors.get_mut(&id) {
            neighbor.admin = AdminState::Removed;
        }
        self.sessions().end(now, id, &cease(subcode::DECONFIGURED, "Peer De-configured"));
    }

    /// Goes over to a neighbor's new configuration. Its session goes on unless it is to `restart`, or what was negotiated
    /// depends on the change.
    fn reconfigure(&mut self, now: Now, id: NeighborId, config: config::Neighbor, restart: bool) {
        let generation = self.neighbors.generation;
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        let same_session = neighbor.config.same_session(&config);
        let keys = neighbor.config.tcp_ao.clone();
        neighbor.configure(config, generation);
        self.neighbors.intakes.begin(id);
        if restart || !same_session {
            self.restart_sessions(now, id);
        } else {
            self.roll_over(id, &keys);
        }
        self.sessions().settle(now, id);
    }

    /// Goes over to new TCP-AO keys on the connections that are up: first both are known, then the new one is used, then the old one is
    /// forgotten.
    fn roll_over(&mut self, id: NeighborId, before: &[config::AoKey]) {
        let Some(neighbor) = self.neighbors.get(&id) else { return };
        let after = &neighbor.config.tcp_ao;
        if before == after.as_slice() {
            return;
        }
        let without = |keys: &[config::AoKey], others: &[config::AoKey]| {
            keys.iter().filter(|key| !others.contains(key)).cloned().collect()
        };
        let change = KeyChange {
            add: without(after, before),
            first: after.first().cloned(),
            remove: without(before, after),
        };
        // A dial that is under way fails where the peer does not know its key, and the next one has the new ones.
        for link in [&neighbor.outgoing, &neighbor.incoming] {
            if let (Some(stream), Some(_)) = (link.stream, link.ends) {
                self.contract.act(Action::SetKeys { stream, change: change.clone() });
            }
        }
    }

    /// The neighbors for single peers out of a range.
    fn made_from(&self, range: NeighborId) -> Vec<NeighborId> {
        self.neighbors.values().filter(|made| made.range == Some(range)).map(|made| made.id).collect()
    }
}

/// Programs.
impl LifecycleHandle<'_> {
    /// Starts the configuration's programs that do not run and ends those that are no longer in it; with `restart` all are
    /// started anew.
    pub(super) fn configure_programs(&mut self, now: Now, restart: bool) {
        let api = &self.environment.settings.api;
        let settings =
            ProgramSettings { acknowledge: api.ack, respawn: api.respawn, terminate: api.terminate };
        self.programs.teller.identity.clone_from(&self.environment.identity);
        self.programs.teller.compact = api.compact;
        let pipes = self.lifecycle.pipes.as_ref().filter(|_| api.cli);
        self.programs.configure(now.monotonic, settings, &self.lifecycle.config.processes, pipes, restart);
    }

    /// Tells every program that the speaker ends, and ends it.
    pub(super) fn end_programs(&mut self, now: Now) {
        self.programs.shut_down(now);
    }

    /// Starts what programs are to be started, and takes over what they ask for.
    pub(super) fn serve_programs(&mut self, now: Now) {
        while let Some(name) = self.programs.poll_start() {
            let stream = self.transport.streams.next_id();
            self.programs.start(now.monotonic, &name, stream);
        }
        while let Some(action) = self.programs.poll_action() {
            self.contract.act(action);
        }
        while let Some(event) = self.programs.poll_event() {
            self.contract.events.push_back(event);
        }
    }
}
