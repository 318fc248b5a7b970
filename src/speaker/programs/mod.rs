//! API programs: starting them, their pipes, and ending them.
//!
//! This is a core in small, like a session: hand it what happened with the time, then drain [`Programs::poll_start`],
//! [`Programs::poll_action`] and [`Programs::poll_event`]. It takes lines and queues answers; what a line means is
//! [`commands`](super::commands)'s part.
//!
//! **A program that does not read stalls nobody.** While more than [`COMMANDS_WAIT`](output::COMMANDS_WAIT) octets wait for it, its commands are no
//! longer read: at most what was read before, [`MAX_LINE`](crate::api::line::MAX_LINE) and one reading, waits here, and the
//! rest in its pipe. While it reads, the peers that it is told of are read [more slowly](super::hold_back) once
//! [`EVENTS_WAIT`] octets wait. Where it does not, events go on to be queued, up to [`EVENTS_LOST`](output::EVENTS_LOST)
//! octets; beyond that they are dropped and counted, and when the program has read half of it a line says how many.

mod instance;
mod output;
mod owed;
mod respawn;
mod task;

#[cfg(test)]
use output::{COMMANDS_WAIT, EVENTS_LOST};
pub(super) use task::{RouteForm, ShowRoutes, Task};

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use instance::{Instance, PATIENCE, Phase};
use output::EVENTS_WAIT;
use respawn::Respawns;

use holdtime_host::{CloseKind, ExitStatus, IoError, PipePaths, ProgramSignal, ProgramSpec, StreamId};

use super::action::Action;
use super::event::{Event, EventKind, Severity};
use super::id::NeighborId;
use super::input::ClosedKind;
use super::obligation::{Obligation, Party};
use super::teller::Teller;
use crate::api::{Line, answer, line};
use crate::config::{Encoder, Process};
use crate::time::{Duration, Instant, Now};

/// How long a program may take to read that the speaker ends, before it is sent SIGTERM.
const LEAVE: Duration = Duration::from_millis(100);
/// How long a program may take to end after SIGTERM, before it is sent SIGKILL.
const TERMINATE: Duration = Duration::from_secs(2);
/// How long a program that could not be started for want of something waits for the next attempt.
const SHORTAGE: Duration = Duration::from_secs(1);
/// How long what a program wrote before it ended is waited for: its children may hold its pipe open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How much of a line that is not text is logged, in octets.
const SHOWN: usize = 64;

/// The name under which the command-line client's pipes are known; it may command every neighbor.
pub(super) const CLI: &str = "api-internal-cli";

/// Every program of the configuration, and every run that has not ended.
#[derive(Debug, Default)]
pub(super) struct Programs {
    entries: BTreeMap<String, Entry>,
    instances: BTreeMap<StreamId, Instance>,
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

/// Whether a program that could not be started may be startable before long: fork(2) and pipe(2) of Linux say so where
/// descriptors, processes or memory are short.
fn is_shortage(error: IoError) -> bool {
    matches!(error, IoError::TooManyFiles | IoError::WouldBlock)
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
        self.instances.get(&stream).filter(|instance| instance.phase != Phase::Starting)?.output.next()
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
            if instance.phase == Phase::Running {
                instance.output.answer(&line);
                self.dirty.insert(stream);
                self.leave(now.monotonic, stream);
            } else if instance.phase == Phase::Starting {
                self.terminate(now.monotonic, stream);
            }
        }
    }

    /// Takes nothing more from a run, and sends it SIGTERM once it has had time to read what it was told: the answer to the
    /// command that ends it, for one.
    fn leave(&mut self, now: Instant, stream: StreamId) {
        let Some(instance) = self.instances.get_mut(&stream).filter(|one| one.phase == Phase::Running) else {
            return self.terminate(now, stream);
        };
        instance.task = None;
        instance.input.clear();
        instance.postponed = None;
        instance.enter(Phase::Leaving(now + LEAVE), now);
        self.update_interest(stream);
    }

    /// Sends SIGTERM, and takes nothing more from this run and tells it nothing more.
    fn terminate(&mut self, now: Instant, stream: StreamId) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        match instance.phase {
            Phase::Starting | Phase::Running | Phase::Leaving(_) => {}
            Phase::Terminated(_) | Phase::Killed | Phase::Ended(_) => return,
        }
        instance.task = None;
        instance.output.close();
        let entry = self.entries.get(&instance.name);
        if matches!(entry.map(|entry| &entry.what), Some(What::Pipes(_))) {
            return self.finish(now, stream);
        }
        instance.enter(Phase::Terminated(now + TERMINATE), now);
        self.actions.push_back(Action::StopProgram { stream, signal: ProgramSignal::Terminate });
        self.update_interest(stream);
    }
}

/// Whether a reload leaves a program running.
fn same(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Program(a), What::Program(b)) => a == b,
        (What::Pipes(a), What::Pipes(b)) => a == b,
        _ => false,
    }
}

/// Inputs.
impl Programs {
    /// A program runs, or pipes are open.
    pub(super) fn started(&mut self, now: Instant, stream: StreamId, pid: u32) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if instance.phase != Phase::Starting {
            // It was told to end before it had begun.
            self.actions.push_back(Action::StopProgram { stream, signal: ProgramSignal::Terminate });
            return;
        }
        instance.enter(Phase::Running, now);
        if let Some(entry) = self.entries.get_mut(&instance.name) {
            entry.again = None;
        }
        if instance.output.len() > 0 {
            self.dirty.insert(stream);
        }
        let text =
            if instance.name == CLI { "opened".to_string() } else { format!("started, process {pid}") };
        let party = Party::Program(instance.name.clone());
        self.events.push_back(Event { severity: Severity::Info, kind: EventKind::Change, party, text });
        self.update_interest(stream);
    }

    /// A program could not be started. Where the machine was short of something, it is tried again; nothing else will have
    /// changed.
    pub(super) fn failed(&mut self, now: Instant, stream: StreamId, error: IoError) {
        let Some(instance) = self.instances.remove(&stream) else { return };
        let entry = self.entries.get_mut(&instance.name).filter(|entry| entry.stream == Some(stream));
        let mut text = format!("could not be started: {error}");
        let mut severity = Severity::Error;
        if let Some(entry) = entry {
            entry.stream = None;
            if !self.ending && is_shortage(error) {
                let first = entry.again.is_none();
                entry.again = Some((now + SHORTAGE, true));
                if !first {
                    return;
                }
                (severity, text) = (Severity::Warning, text + "; it is tried again until it can be");
            } else {
                self.lost_required |= self.settings.terminate;
            }
        }
        self.events.push_back(Event {
            severity,
            kind: EventKind::Change,
            party: Party::Program(instance.name),
            text,
        });
    }

    /// A program wrote. [`Programs::take_line`] afterwards.
    pub(super) fn received(&mut self, now: Instant, stream: StreamId, data: &[u8]) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if matches!(instance.phase, Phase::Running | Phase::Ended(_)) {
            instance.hear(now, data);
            // The one command that does not wait its turn: it takes back what has no answer yet.
            if instance.task.is_some() && instance.input.skip_through("reset") {
                instance.task = None;
            }
        }
    }

    /// A program's pipes, or one of them, were closed.
    pub(super) fn closed(&mut self, now: Instant, stream: StreamId, how: ClosedKind) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if matches!(how, ClosedKind::WriteEnd | ClosedKind::Broken(_)) {
            instance.output.close();
            instance.task = None;
        }
        if matches!(how, ClosedKind::ReadEnd | ClosedKind::Broken(_)) {
            instance.read_ended = true;
            match instance.phase {
                Phase::Ended(_) => return self.finish(now, stream),
                // Nothing more will be heard of it, so that it is of no more use. Mostly it is about to end by itself.
                Phase::Running if instance.name == CLI => return self.terminate(now, stream),
                Phase::Running => {
                    instance.cut = true;
                    return self.leave(now, stream);
                }
                _ => {}
            }
        }
        self.update_interest(stream);
    }

    /// A program ended. What it wrote before is still waited for.
    pub(super) fn exited(&mut self, now: Instant, stream: StreamId, status: ExitStatus) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        instance.exited = Some(status);
        if instance.phase == Phase::Running && !instance.read_ended {
            instance.output.close();
            instance.enter(Phase::Ended(now + LAST_WORDS), now);
            self.update_interest(stream);
        } else {
            self.finish(now, stream);
        }
    }

    /// So much was written.
    pub(super) fn sent(&mut self, now: Now, stream: StreamId, count: usize) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        let before = instance.output.len();
        instance.output.consume(count);
        if count > 0 {
            instance.taken = now.monotonic;
            if core::mem::take(&mut instance.reported) {
                let (party, text) = (Party::Program(instance.name.clone()), "reads again".to_string());
                self.events.push_back(Event {
                    severity: Severity::Info,
                    kind: EventKind::Change,
                    party,
                    text,
                });
            }
        }
        self.relief |= before > EVENTS_WAIT / 2 && instance.output.len() <= EVENTS_WAIT / 2;
        if let Some(entry) = self.entries.get(&instance.name) {
            let report = |count| self.teller.lost(now.wall, entry.what.encoder(), count);
            if let Some(line) = instance.output.report(report) {
                instance.output.answer(&line);
            }
        }
        // One that is to end is not sent SIGTERM yet: what was written stands in its pipe, and is still to be read.
        self.update_interest(stream);
    }

    /// Sends the signals that are due, gives up on last words, and tries again what could not be started.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for (name, entry) in &mut self.entries {
            if let Some((at, waits @ true)) = &mut entry.again
                && *at <= now
            {
                *waits = false;
                self.starts.push_back(name.clone());
            }
        }
        for instance in self.instances.values_mut().filter(|one| one.report_at().is_some_and(|at| at <= now))
        {
            instance.reported = true;
            let text = format!(
                "has read nothing for {} s: {} octets wait for it",
                PATIENCE.as_secs(),
                instance.output.len()
            );
            let party = Party::Program(instance.name.clone());
            self.events.push_back(Event {
                severity: Severity::Warning,
                kind: EventKind::Change,
                party,
                text,
            });
        }
        let due: Vec<StreamId> = self
            .instances
            .values()
            .filter(|instance| instance.deadline().is_some_and(|deadline| deadline <= now))
            .map(|instance| instance.stream)
            .collect();
        for stream in due {
            let Some(instance) = self.instances.get_mut(&stream) else { continue };
            match instance.phase {
                Phase::Leaving(_) => {
                    if instance.cut && !self.ending {
                        let text = "has closed its standard output and runs on: it is ended".to_string();
                        let (severity, kind) = (Severity::Warning, EventKind::Change);
                        let party = Party::Program(instance.name.clone());
                        self.events.push_back(Event { severity, kind, party, text });
                    }
                    self.terminate(now, stream);
                }
                Phase::Terminated(_) => {
                    instance.enter(Phase::Killed, now);
                    self.actions.push_back(Action::StopProgram { stream, signal: ProgramSignal::Kill });
                }
                _ => self.finish(now, stream),
            }
        }
    }

    /// Lets go of a run that has ended, and starts the next one where there is to be one.
    fn finish(&mut self, now: Instant, stream: StreamId) {
        let Some(instance) = self.instances.remove(&stream) else { return };
        self.actions.push_back(Action::Close { stream, how: CloseKind::Graceful });
        let mut say = |severity, text: String| {
            self.events.push_back(Event {
                severity,
                kind: EventKind::Change,
                party: Party::Program(instance.name.clone()),
                text,
            });
        };
        let how =
            instance.exited.map_or_else(|| "closed".to_string(), |status| format!("ended with {status}"));
        // A run that was told to end has been replaced, or is not to be.
        let Some(entry) = self.entries.get_mut(&instance.name).filter(|entry| entry.stream == Some(stream))
        else {
            return say(Severity::Info, how);
        };
        entry.stream = None;
        if self.ending {
            return say(Severity::Info, how);
        }
        if !(self.settings.respawn && entry.what.respawn()) {
            say(Severity::Warning, how);
        } else if entry.respawns.allow(now) {
            say(Severity::Warning, format!("{how}; it is started again"));
            self.starts.push_back(instance.name);
            return;
        } else {
            say(Severity::Error, format!("{how}; it dies too often and is not started again"));
        }
        self.lost_required |= self.settings.terminate;
    }
}

/// Lines in, lines out.
impl Programs {
    /// The next command of a program, normalised, where it may be carried out now. It is to be answered before the
    /// next one is taken, or a [`Task`] is to be set that answers it. A line that cannot be read is answered here.
    pub(super) fn take_line(&mut self, stream: StreamId) -> Option<String> {
        while let Some(instance) = self.instances.get_mut(&stream).filter(|instance| instance.may_command()) {
            if let Some(line) = instance.postponed.take() {
                return Some(line);
            }
            match instance.next_line()? {
                Line::Text(text) => return Some(line::normalise(text).into_owned()),
                Line::NotUtf8(octets) => {
                    let shown = octets.get(..SHOWN).unwrap_or(octets).escape_ascii();
                    let more = if octets.len() > SHOWN { "…" } else { "" };
                    let text = format!("is no command: a line that is not UTF-8: {shown}{more}");
                    self.refuse_line(stream, text);
                }
                Line::TooLong(length) => {
                    let longest = line::MAX_LINE;
                    let text = format!("is no command: a line of {length} octets, longer than {longest}");
                    self.refuse_line(stream, text);
                }
            }
        }
        None
    }

    /// Answers a line that cannot be read, and says why.
    fn refuse_line(&mut self, stream: StreamId, text: String) {
        if let Some(name) = self.name(stream) {
            let (severity, kind) = (Severity::Warning, EventKind::Repeat);
            let party = Party::Program(name.to_string());
            self.events.push_back(Event { severity, kind, party, text });
        }
        self.acknowledge(stream, false);
    }

    /// Queues one line of an answer.
    pub(super) fn answer(&mut self, stream: StreamId, line: &str) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if instance.output.len() == 0 {
            instance.taken = instance.taken.max(instance.asked);
        }
        instance.output.answer(line);
        self.dirty.insert(stream);
    }

    /// Answers a command with `done` or `error`, where the program wants that.
    pub(super) fn acknowledge(&mut self, stream: StreamId, done: bool) {
        if self.instances.get(&stream).is_some_and(|instance| instance.acknowledge) {
            self.answer(stream, if done { answer::DONE } else { answer::ERROR });
        }
    }

    /// From now on answers this run's commands with `done` and `error`, or does not.
    pub(super) fn set_acknowledge(&mut self, stream: StreamId, acknowledge: bool) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.acknowledge = acknowledge;
        }
    }

    /// Gives a long answer piece by piece: the program's next command waits for its end.
    pub(super) fn set_task(&mut self, stream: StreamId, task: Task) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.task = Some(task);
            self.update_interest(stream);
        }
    }

    /// Answers this run's `reload` once it is known what comes of it; its next command waits for that.
    pub(super) fn await_reload(&mut self, stream: StreamId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.reloading = true;
        }
    }

    /// Answers every `reload`; returns whose they were.
    pub(super) fn answer_reloads(&mut self, done: bool) -> Vec<StreamId> {
        let waiting = self.instances.values_mut().filter(|instance| instance.reloading);
        let streams: Vec<StreamId> = waiting
            .map(|instance| {
                instance.reloading = false;
                instance.stream
            })
            .collect();
        streams.iter().for_each(|stream| self.acknowledge(*stream, done));
        streams
    }

    /// Takes the long answer that is under way, to go on with it.
    pub(super) fn take_task(&mut self, stream: StreamId) -> Option<Task> {
        self.instances.get_mut(&stream)?.task.take()
    }

    /// Whether a program with this name runs, or is about to, so that it can be told of something.
    pub(super) fn is_listening(&self, name: &str) -> bool {
        let stream = self.entries.get(name).and_then(|entry| entry.stream);
        stream.and_then(|stream| self.instances.get(&stream)).is_some_and(Instance::may_be_told)
    }

    /// Whether a program reads, and has so much to read that it should not be told of much more.
    pub(super) fn is_behind(&self, now: Instant, name: &str) -> bool {
        let stream = self.entries.get(name).and_then(|entry| entry.stream);
        stream.and_then(|stream| self.instances.get(&stream)).is_some_and(|instance| {
            let reads = instance.phase == Phase::Running && now < instance.taken + PATIENCE;
            reads && instance.output.is_behind()
        })
    }

    /// Whether a program has caught up since this was last asked.
    pub(super) fn take_relief(&mut self) -> bool {
        core::mem::take(&mut self.relief)
    }

    /// Tells a program of an event, unless it has too much to read already.
    pub(super) fn tell(&mut self, now: Now, name: &str, line: &str) {
        let Some(entry) = self.entries.get(name) else { return };
        let Some(stream) = entry.stream else { return };
        let Some(instance) = self.instances.get_mut(&stream).filter(|instance| instance.may_be_told()) else {
            return;
        };
        if instance.output.len() == 0 {
            instance.taken = now.monotonic;
        }
        let before = instance.output.lost();
        instance.output.event(line, |count| self.teller.lost(now.wall, entry.what.encoder(), count));
        if before == 0 && instance.output.lost() > 0 {
            let text = "does not read what it is told; from now on events are lost".to_string();
            let party = Party::Program(instance.name.clone());
            self.events.push_back(Event {
                severity: Severity::Warning,
                kind: EventKind::Change,
                party,
                text,
            });
        }
        if instance.phase == Phase::Running {
            self.dirty.insert(stream);
        }
    }

    /// A command has an effect for this neighbor: what is answered from now on waits for it.
    pub(super) fn touch(&mut self, stream: StreamId, neighbor: NeighborId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.touched.insert(neighbor);
            instance.output.hold();
        }
    }

    /// The neighbors for which commands of this program have had an effect since it was last released, and since when they
    /// are waited for.
    pub(super) fn touched(&self, stream: StreamId) -> (Vec<NeighborId>, Option<Instant>) {
        let instance = self.instances.get(&stream);
        instance.map_or_else(Default::default, |one| (one.touched.iter().copied().collect(), one.held))
    }

    /// Whether commands of this program have had any such effect.
    pub(super) fn has_touched(&self, stream: StreamId) -> bool {
        self.instances.get(&stream).is_some_and(|instance| !instance.touched.is_empty())
    }

    /// Nothing more can be done for this neighbor for now.
    pub(super) fn untouch(&mut self, stream: StreamId, neighbor: NeighborId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.touched.remove(&neighbor);
        }
    }

    /// Whether the next effect must not be joined with those before it; says so for the one after it.
    pub(super) fn set_apart(&mut self, stream: StreamId, apart: bool) -> bool {
        self.instances.get_mut(&stream).is_some_and(|one| core::mem::replace(&mut one.apart, apart))
    }

    /// Takes no commands of this program until it is [released](Self::release), if its commands have had an effect.
    pub(super) fn hold(&mut self, now: Instant, stream: StreamId) {
        if let Some(instance) = self.instances.get_mut(&stream).filter(|one| !one.touched.is_empty()) {
            instance.held.get_or_insert(now);
            self.held.insert(stream);
        }
    }

    /// Puts back a command that was taken, for the next time.
    pub(super) fn put_back(&mut self, stream: StreamId, line: String) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.postponed = Some(line);
        }
    }

    /// The programs whose answers wait for their effects.
    pub(super) fn held(&self) -> Vec<StreamId> {
        self.held.iter().copied().collect()
    }

    /// Gives the answers that have waited; whether there is more to do for the program.
    pub(super) fn release(&mut self, stream: StreamId) -> bool {
        self.held.remove(&stream);
        let Some(instance) = self.instances.get_mut(&stream) else { return false };
        instance.touched.clear();
        (instance.held, instance.apart) = (None, false);
        instance.output.release();
        self.dirty.insert(stream);
        let waits = instance.postponed.is_some() || !instance.input.is_empty();
        waits || instance.interest != instance.wanted_interest()
    }

    /// Asks the reactor for what is wanted of a stream, where that has changed.
    pub(super) fn update_interest(&mut self, stream: StreamId) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        let (read, write) = instance.wanted_interest();
        if instance.interest != (read, write) {
            instance.interest = (read, write);
            self.actions.push_back(Action::Interest { stream, read, write });
        }
    }
}

#[cfg(test)]
mod tests;
