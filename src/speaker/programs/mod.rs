//! API programs: starting them, their pipes, and ending them.
//!
//! This is a core in small, like a session: hand it what happened with the time, then drain [`Programs::poll_start`],
//! [`Programs::poll_action`] and [`Programs::poll_event`]. It takes lines and queues answers; what a line means is
//! [`commands`](super::commands)'s part.
//!
//! **A program that does not read stalls nobody.** While more than [`COMMANDS_WAIT`](output::COMMANDS_WAIT) octets wait for it, its commands are no
//! longer read: at most what was read before, [`MAX_LINE`](crate::api::line::MAX_LINE) and one reading, waits here, and the
//! rest in its pipe. While it reads, the peers that it is told of are read [more slowly](super::hold_back) once
//! [`EVENTS_WAIT`](output::EVENTS_WAIT) octets wait. Where it does not, events go on to be queued, up to [`EVENTS_LOST`](output::EVENTS_LOST)
//! octets; beyond that they are dropped and counted, and when the program has read half of it a line says how many.

mod inputs;
mod instance;
mod lines;
mod long_command;
mod output;
mod owed;
mod respawn;
mod task;

pub(super) use long_command::LongCommand;
pub(super) use task::{RouteForm, ShowRoutes, Task};

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use instance::{Instance, ProgramPhase};
use respawn::Respawns;

use holdtime_host::{PipePaths, ProgramSignal, ProgramSpec, StreamId};

use super::action::Action;
use super::event::Event;
use super::obligation::Obligation;
use super::teller::Teller;
use crate::config::{Encoder, Process};
use crate::time::{Duration, Instant, Now};

/// How long a program may take to read that the speaker ends, before it is sent SIGTERM.
const LEAVE: Duration = Duration::from_millis(100);
/// How long a program may take to end after SIGTERM, before it is sent SIGKILL.
const TERMINATE: Duration = Duration::from_secs(2);

/// The name under which the command-line client's pipes are known; it may command every neighbor.
pub(super) const CLI: &str = "api-internal-cli";

/// Every program of the configuration, and every run that has not ended.
#[derive(Debug, Default)]
pub(super) struct Programs {
    entries: BTreeMap<String, Entry>,
    instances: BTreeMap<StreamId, Instance>,
    /// Commands that are carried out slice by slice, by the stream of who wrote them: they are carried out even if that one ends.
    long_commands: BTreeMap<StreamId, LongCommand>,
    settings: ProgramSettings,
    /// Writes what they are told.
    pub(super) teller: Teller,
    /// Programs to start, by name.
    starts: VecDeque<String>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
    /// Streams that have something new to be written.
    dirty: BTreeSet<StreamId>,
    /// Those whose answers wait for their effects.
    held: BTreeSet<StreamId>,
    ending: bool,
    /// When to go on with effects that take more than one turn: at once.
    pub(super) effects_due: Option<Instant>,
    /// Some program has caught up.
    relief: bool,
    /// A program ended that the speaker was told not to live without.
    lost_required: bool,
}

/// What `exabgp.env` says of programs.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramSettings {
    /// Whether commands are answered with `done` and `error`, until a program says otherwise.
    pub(super) acknowledge: bool,
    /// Whether a program that ends is started again.
    pub(super) respawn: bool,
    /// Whether the speaker ends when a program does.
    pub(super) terminate: bool,
}

impl Default for ProgramSettings {
    fn default() -> Self {
        Self { acknowledge: true, respawn: true, terminate: false }
    }
}

/// A program of the configuration.
#[derive(Debug)]
struct Entry {
    what: What,
    /// Its current run.
    stream: Option<StreamId>,
    respawns: Respawns,
    /// It could not be started for want of something: when it was or is tried again, and whether that is still to come.
    again: Option<(Instant, bool)>,
}

impl Entry {
    /// When it is to be tried again.
    fn due(&self) -> Option<Instant> {
        self.again.and_then(|(at, waits)| waits.then_some(at))
    }
}

/// What stands behind a name.
#[derive(Clone, Debug)]
enum What {
    Program(Process),
    Pipes(PipePaths),
}

impl What {
    fn encoder(&self) -> Encoder {
        match self {
            Self::Program(process) => process.encoder,
            Self::Pipes(_) => Encoder::Text,
        }
    }

    fn respawn(&self) -> bool {
        match self {
            Self::Program(process) => process.respawn,
            Self::Pipes(_) => true,
        }
    }
}

/// Outputs.
impl Programs {
    /// A program to start; give its stream a number with [`Programs::start`].
    pub(super) fn poll_start(&mut self) -> Option<String> {
        self.starts.pop_front()
    }

    /// Starts a program that [`Programs::poll_start`] named.
    pub(super) fn start(&mut self, now: Instant, name: &str, stream: StreamId) {
        let Some(entry) = self.entries.get_mut(name).filter(|_| !self.ending) else { return };
        entry.stream = Some(stream);
        self.actions.push_back(match &entry.what {
            What::Program(process) => {
                let spec = ProgramSpec {
                    name: process.name.clone(),
                    command: process.run.clone(),
                    environment: Vec::new(),
                };
                Action::StartProgram { stream, spec }
            }
            What::Pipes(paths) => Action::OpenPipes { stream, paths: paths.clone() },
        });
        // The command-line client waits for the end of every answer, whatever programs are used to.
        let acknowledge = name == CLI || self.settings.acknowledge;
        let instance = Instance::new(name.to_string(), stream, now, acknowledge);
        self.instances.insert(stream, instance);
    }

    /// The next thing to carry out.
    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next event for the log.
    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A stream that has something to be written and was not reported since.
    pub(super) fn poll_stream(&mut self) -> Option<StreamId> {
        self.dirty.pop_first()
    }

    /// What to write next.
    pub(super) fn poll_transmit(&self, stream: StreamId) -> Option<&[u8]> {
        self.instances.get(&stream).filter(|instance| instance.phase != ProgramPhase::Starting)?.output.next()
    }

    /// When [`Programs::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let again = self.entries.values().filter_map(Entry::due);
        let reports = self.instances.values().filter_map(Instance::report_at);
        self.instances.values().filter_map(Instance::deadline).chain(again).chain(reports).min()
    }

    /// Whether this stream is a program's.
    pub(super) fn owns(&self, stream: StreamId) -> bool {
        self.instances.contains_key(&stream)
    }

    /// The streams of all programs.
    pub(super) fn streams(&self) -> Vec<StreamId> {
        self.instances.keys().copied().collect()
    }

    /// Whether every program has ended.
    pub(super) fn is_done(&self) -> bool {
        self.instances.is_empty() && self.starts.is_empty()
    }

    /// Whether the speaker is to end because a program has (`exabgp.api.terminate`).
    pub(super) fn has_lost_required(&self) -> bool {
        self.lost_required
    }

    /// The name of the program behind a stream.
    pub(super) fn name(&self, stream: StreamId) -> Option<&str> {
        self.instances.get(&stream).map(|instance| instance.name.as_str())
    }

    /// How the program with this name is spoken to; `None` where there is no such program.
    pub(super) fn encoder(&self, name: &str) -> Option<Encoder> {
        self.entries.get(name).map(|entry| entry.what.encoder())
    }

    /// What is owed to programs and by them.
    pub(super) fn obligations(&self) -> impl Iterator<Item = Obligation> {
        self.instances.values().filter_map(owed::obligation)
    }
}

/// The configuration, and the end.
impl Programs {
    /// Takes over the programs of a configuration: those that are new or changed are started, those that are gone are ended.
    /// With `restart` all are started anew.
    pub(super) fn configure(
        &mut self,
        now: Instant,
        settings: ProgramSettings,
        processes: &[Process],
        cli: Option<&PipePaths>,
        restart: bool,
    ) {
        self.settings = settings;
        let programs = processes.iter().map(|process| (process.name.clone(), What::Program(process.clone())));
        let pipes = cli.map(|paths| (CLI.to_string(), What::Pipes(paths.clone())));
        let mut wanted: BTreeMap<String, What> = programs.chain(pipes).collect();
        let gone: Vec<String> =
            self.entries.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
        for name in gone {
            if let Some(stream) = self.entries.remove(&name).and_then(|entry| entry.stream) {
                self.leave(now, stream);
            }
        }
        // In the order in which they start: that of the configuration, after the pipes, which a host may open only before
        // it gives up its privileges for the first program.
        let order = cli.map(|_| CLI).into_iter().chain(processes.iter().map(|process| process.name.as_str()));
        for name in order {
            let Some(what) = wanted.remove(name) else { continue };
            let known = self.entries.get(name);
            let keep = known.is_some_and(|entry| entry.stream.is_some() && same(&entry.what, &what));
            let pipes = matches!(what, What::Pipes(_));
            if keep && (!restart || pipes) {
                continue;
            }
            if let Some(stream) = known.and_then(|entry| entry.stream) {
                self.leave(now, stream);
            }
            let respawns = self.entries.get(name).map_or_else(Respawns::default, |entry| entry.respawns);
            self.entries.insert(name.to_string(), Entry { what, stream: None, respawns, again: None });
            self.starts.push_back(name.to_string());
        }
    }

    /// Tells every program that the speaker ends, and ends it.
    pub(super) fn shut_down(&mut self, now: Now) {
        if core::mem::replace(&mut self.ending, true) {
            return;
        }
        self.starts.clear();
        self.entries.values_mut().for_each(|entry| entry.again = None);
        for stream in self.streams() {
            let Some(encoder) = self.name(stream).and_then(|name| self.encoder(name)) else {
                self.terminate(now.monotonic, stream);
                continue;
            };
            let line = self.teller.shutdown(now.wall, encoder);
            let Some(instance) = self.instances.get_mut(&stream) else { continue };
            if instance.phase == ProgramPhase::Running {
                instance.output.answer(&line);
                self.dirty.insert(stream);
                self.leave(now.monotonic, stream);
            } else if instance.phase == ProgramPhase::Starting {
                self.terminate(now.monotonic, stream);
            }
        }
    }

    /// Takes nothing more from a run, and sends it SIGTERM once it has had time to read what it was told: the answer to the
    /// command that ends it, for one.
    fn leave(&mut self, now: Instant, stream: StreamId) {
        let Some(instance) = self.instances.get_mut(&stream).filter(|one| one.phase == ProgramPhase::Running)
        else {
            return self.terminate(now, stream);
        };
        instance.task = None;
        instance.input.clear();
        instance.postponed = None;
        instance.enter(ProgramPhase::Leaving(now + LEAVE), now);
        self.update_interest(stream);
    }

    /// Sends SIGTERM, and takes nothing more from this run and tells it nothing more.
    fn terminate(&mut self, now: Instant, stream: StreamId) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        match instance.phase {
            ProgramPhase::Starting | ProgramPhase::Running | ProgramPhase::Leaving(_) => {}
            ProgramPhase::Terminated(_) | ProgramPhase::Killed | ProgramPhase::Ended(_) => return,
        }
        instance.task = None;
        instance.output.close();
        let entry = self.entries.get(&instance.name);
        if matches!(entry.map(|entry| &entry.what), Some(What::Pipes(_))) {
            return self.finish(now, stream);
        }
        instance.enter(ProgramPhase::Terminated(now + TERMINATE), now);
        self.actions.push_back(Action::StopProgram { stream, signal: ProgramSignal::Terminate });
        self.update_interest(stream);
    }
}

/// Whether a reload leaves a program running.
fn same(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Program(a), What::Program(b)) => a == b,
        (What::Pipes(a), What::Pipes(b)) => a == b,
        (What::Program(_), What::Pipes(_)) | (What::Pipes(_), What::Program(_)) => false,
    }
}

#[cfg(test)]
mod tests;
