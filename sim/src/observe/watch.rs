//! Watches one speaker's process in the lab, and shows a sink what can be seen of it from outside: the oracles judge that.
//!
//! It turns the trace's steps into whole messages, whole lines and turns. Nothing here knows what is inside the speaker.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use holdtime_core::Instant;
use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::speaker::{ExitStatus, IoError, Setup, StreamId};

use crate::observe::life::{Ending, SessionLife};
use crate::observe::tasks::TaskBook;
use crate::observe::witness::Waits;
use crate::observe::{COMMAND_LINE, ProgramKey, Seen, SeenSink, SessionEnd, SessionKey, Turn, TurnCause};
use crate::scenario::codec::take_messages;
use crate::scenario::pipe_lines::take_lines;
use holdtime_machine::SimHost;
use holdtime_machine::executor::TaskId;
use holdtime_machine::trace::{Observer, Step, Woken};
use holdtime_machine::world::ProcessId;

/// The end of a process by SIGKILL, or with its machine's power.
const KILLED: ExitStatus = ExitStatus::Signal(9);

/// The observer of one speaker.
#[derive(Debug)]
pub struct Watch<S> {
    speaker: ProcessId,
    /// With which it reads configurations.
    settings: Settings,
    sink: S,
    sessions: Vec<WatchedSession>,
    programs: Vec<WatchedProgram>,
    /// The speaker's streams that are open, and the place in `sessions` of each.
    near: BTreeMap<StreamId, usize>,
    /// Whom the speaker dials.
    dialled: BTreeMap<StreamId, SocketAddr>,
    /// Connections by the address of the end that dialled, seen from either end.
    by_dialler: BTreeMap<SocketAddr, usize>,
    /// The peers' streams, and the place in `sessions` of each.
    far: BTreeMap<(ProcessId, StreamId), usize>,
    endings: Vec<Ending>,
    /// Which tasks have had a turn, by their numbers.
    tasks: Vec<bool>,
    moved: bool,
    book: TaskBook,
    /// Processes that are over.
    over: BTreeSet<ProcessId>,
    /// The speaker's process was killed.
    killed: bool,
    /// Who writes to the speaker's named pipes.
    client: Option<ProcessId>,
}

/// A connection of the speaker's.
#[derive(Clone, Debug)]
pub struct WatchedSession {
    /// Its number for the sink.
    pub key: SessionKey,
    /// The speaker's name for it; `None` until the speaker knows it.
    pub stream: Option<StreamId>,
    /// The peer's process, once it is known.
    pub peer: Option<ProcessId>,
    /// The peer's address.
    pub remote: Option<SocketAddr>,
    /// Octets that the speaker has written and has read, and that the peer has written, not framed yet.
    sent: Vec<u8>,
    received: Vec<u8>,
    spoken: Vec<u8>,
    blocked: bool,
    life: SessionLife,
}

impl WatchedSession {
    /// When the session was established, as seen from outside.
    pub fn up(&self) -> Option<Instant> {
        self.life.up()
    }

    /// The first NOTIFICATION on it: who sent it, its code and its subcode.
    pub fn complaint(&self) -> Option<(SessionEnd, u8, u8)> {
        self.life.complaint()
    }

    /// Whether it is established now.
    pub fn is_up(&self) -> bool {
        self.stream.is_some() && self.life.is_up()
    }
}

/// An API program of the speaker's.
#[derive(Clone, Debug)]
pub struct WatchedProgram {
    /// Its number for the sink.
    pub key: ProgramKey,
    /// The speaker's name for its pipes.
    pub stream: StreamId,
    /// Its process.
    pub process: ProcessId,
    /// Octets it wrote that the speaker has not read, and since when there are any.
    pub unread: usize,
    /// Since when there are any.
    pub unread_since: Instant,
    command: Vec<u8>,
    answer: Vec<u8>,
    blocked: bool,
}

impl<S> Watch<S> {
    /// What is shown all of it.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// The speaker's connections so far.
    pub fn sessions(&self) -> &[WatchedSession] {
        &self.sessions
    }

    /// Whom the speaker dialled on this stream.
    pub fn dialled(&self, stream: StreamId) -> Option<SocketAddr> {
        self.dialled.get(&stream).copied()
    }

    /// How sessions ended so far: each that got as far as a message, in order.
    pub fn endings(&self) -> &[Ending] {
        &self.endings
    }

    /// Whether a process, of whomever, is over.
    pub fn is_over(&self, process: ProcessId) -> bool {
        self.over.contains(&process)
    }

    /// Whether this process is a program of the speaker's, which was killed.
    pub fn is_orphan(&self, process: ProcessId) -> bool {
        self.killed && self.programs.iter().any(|program| program.process == process)
    }

    /// The speaker's programs so far.
    pub fn programs(&self) -> &[WatchedProgram] {
        &self.programs
    }

    /// What its tasks did last.
    pub fn book(&self) -> &TaskBook {
        &self.book
    }

    /// Ties the waits of its tasks to them from now on.
    pub(crate) fn tie(&mut self, waits: Waits) {
        self.book.tie(waits);
    }
}

impl<S: SeenSink> Watch<S> {
    /// Watches this process, whose speaker was made from `setup`, for this sink.
    pub fn new(speaker: ProcessId, setup: &Setup, mut sink: S) -> Self {
        sink.see(Instant::ZERO, &Seen::Configured(&setup.config));
        Self {
            speaker,
            settings: setup.settings.clone(),
            sink,
            sessions: Vec::new(),
            programs: Vec::new(),
            near: BTreeMap::new(),
            dialled: BTreeMap::new(),
            by_dialler: BTreeMap::new(),
            far: BTreeMap::new(),
            endings: Vec::new(),
            tasks: Vec::new(),
            moved: false,
            book: TaskBook::default(),
            over: BTreeSet::new(),
            killed: false,
            client: None,
        }
    }

    /// This process writes to its named pipes, of which the first speaker on its machine takes everything from the start.
    pub(crate) fn meet_client(&mut self, client: ProcessId, is_first: bool) {
        self.client = Some(client);
        if is_first {
            self.hear_client(Instant::ZERO, SimHost::STDIO);
        }
    }

    /// Its named pipes are open under this name, or will be.
    fn hear_client(&mut self, at: Instant, stream: StreamId) {
        let Some(client) = self.client else { return };
        if let Some(seat) = self.programs.iter_mut().find(|seat| seat.process == client) {
            seat.stream = stream;
            return;
        }
        let key = self.add_program(at, stream, client);
        self.sink.see(at, &Seen::Started(key, COMMAND_LINE));
    }

    fn near_step(&mut self, at: Instant, step: &Step<'_>) {
        self.book.see(at, step, self.moved);
        match step {
            Step::Connects(_, stream, remote, begun) => {
                if begun.is_ok() {
                    self.dialled.insert(*stream, *remote);
                }
                self.sink.see(at, &Seen::Dialled(remote.ip()));
            }
            Step::Connected(_, stream, Ok(local)) => {
                let Some(remote) = self.dialled.get(stream).copied() else { return };
                self.open(at, *stream, *local, remote, SessionEnd::Speaker);
            }
            Step::Accepted(_, stream, remote) => self.open(at, *stream, *remote, *remote, SessionEnd::Peer),
            Step::Wrote(_, stream, outcome) => self.wrote(at, *stream, *outcome),
            Step::Read(_, stream, outcome) => self.read(at, *stream, *outcome),
            Step::Closed(_, stream) => self.closed(at, *stream, SessionEnd::Speaker),
            Step::Loaded(_, name, text) => self.loaded(at, name, text),
            Step::Runs(_, runs) => self.sink.see(at, &Seen::Running(*runs)),
            Step::Exited(_, status) => {
                if *status == KILLED {
                    self.killed(at);
                }
                self.sink.see(at, &Seen::Over);
            }
            Step::Started(_, stream, process, name) => {
                let key = self.add_program(at, *stream, *process);
                self.sink.see(at, &Seen::Started(key, name));
            }
            Step::Piped(_, stream) => self.hear_client(at, *stream),
            Step::Polled(_, task, _, woken) => {
                let cause = match woken {
                    _ if self.is_first_turn(*task) => TurnCause::Start,
                    Woken::Readiness => TurnCause::Readiness,
                    Woken::Deadline => TurnCause::Deadline,
                    Woken::Itself => TurnCause::Itself,
                };
                let moved = std::mem::take(&mut self.moved);
                return self.sink.see(at, &Seen::Turn(Turn { task: task.0, cause, moved }));
            }
            _ => {}
        }
        self.moved |= moves(step);
    }

    fn add_program(&mut self, at: Instant, stream: StreamId, process: ProcessId) -> ProgramKey {
        let key = ProgramKey(self.programs.len() as u32);
        self.programs.push(WatchedProgram {
            key,
            stream,
            process,
            unread: 0,
            unread_since: at,
            command: Vec::new(),
            answer: Vec::new(),
            blocked: false,
        });
        key
    }

    fn is_first_turn(&mut self, TaskId(task): TaskId) -> bool {
        let task = task as usize;
        if self.tasks.len() <= task {
            self.tasks.resize(task + 1, false);
        }
        self.tasks.get_mut(task).is_some_and(|had_one| !std::mem::replace(had_one, true))
    }

    /// The speaker has read a configuration file; it goes by it unless something is wrong with it.
    fn loaded(&mut self, at: Instant, name: &str, text: &str) {
        let text = ConfigText { name: name.to_owned(), text: text.to_owned() };
        if let Ok(config) = Config::parse(&text, &self.settings) {
            self.sink.see(at, &Seen::Configured(&config));
        }
    }

    fn open(
        &mut self,
        at: Instant,
        stream: StreamId,
        dialler: SocketAddr,
        remote: SocketAddr,
        by: SessionEnd,
    ) {
        let seat = self.seat(dialler);
        let Some(session) = self.sessions.get_mut(seat) else { return };
        if let Some(before) = session.stream.replace(stream) {
            self.near.remove(&before);
        }
        session.remote = Some(remote);
        self.near.insert(stream, seat);
        self.sink.see(at, &Seen::Opened(session.key, remote.ip(), by));
    }

    /// The session that the end at this address dialled.
    fn seat(&mut self, dialler: SocketAddr) -> usize {
        *self.by_dialler.entry(dialler).or_insert_with(|| {
            self.sessions.push(WatchedSession {
                key: SessionKey(self.sessions.len() as u32),
                stream: None,
                peer: None,
                remote: None,
                sent: Vec::new(),
                received: Vec::new(),
                spoken: Vec::new(),
                blocked: false,
                life: SessionLife::default(),
            });
            self.sessions.len() - 1
        })
    }

    fn wrote(&mut self, at: Instant, stream: StreamId, outcome: Result<&[u8], IoError>) {
        let octets = outcome.unwrap_or_default();
        // Only a write that would have blocked says that no more is taken; half a message may be the writer's own choice.
        let blocked = outcome == Err(IoError::WouldBlock);
        if let Some(session) = self.near.get(&stream).and_then(|seat| self.sessions.get_mut(*seat)) {
            session.sent.extend_from_slice(octets);
            take_messages(&mut session.sent, |message| {
                self.endings.extend(session.life.sent(at, message));
                self.sink.see(at, &Seen::Sent(session.key, message));
            });
            if std::mem::replace(&mut session.blocked, blocked) != blocked {
                self.sink.see(at, &Seen::Blocked(session.key, blocked));
            }
        } else if let Some(program) = self.programs.iter_mut().find(|seat| seat.stream == stream) {
            program.answer.extend_from_slice(octets);
            take_lines(&mut program.answer, |line| self.sink.see(at, &Seen::Answer(program.key, line)));
            if outcome.is_err_and(|error| error != IoError::WouldBlock) {
                self.sink.see(at, &Seen::Deaf(program.key));
            }
            if std::mem::replace(&mut program.blocked, blocked) != blocked {
                self.sink.see(at, &Seen::PipeBlocked(program.key, blocked));
            }
        }
    }

    fn read(&mut self, at: Instant, stream: StreamId, outcome: Result<&[u8], IoError>) {
        if let Some(program) = self.programs.iter_mut().find(|seat| seat.stream == stream)
            && let Ok(octets) = outcome
        {
            program.unread = program.unread.saturating_sub(octets.len());
            program.unread_since = at;
            return self.sink.see(at, &Seen::Took(program.key, octets.len()));
        }
        if let Some(session) = self.near.get(&stream).and_then(|seat| self.sessions.get_mut(*seat)) {
            session.received.extend_from_slice(outcome.unwrap_or_default());
            let key = session.key;
            take_messages(&mut session.received, |message| self.sink.see(at, &Seen::Received(key, message)));
        }
        let gone = match outcome {
            Ok(octets) => octets.is_empty(),
            Err(error) => error != IoError::WouldBlock,
        };
        if gone {
            self.closed(at, stream, SessionEnd::Peer);
        }
    }

    /// A connection is over for the speaker; its own later `close` is no news.
    fn closed(&mut self, at: Instant, stream: StreamId, by: SessionEnd) {
        if let Some(session) = self.near.remove(&stream).and_then(|seat| self.sessions.get_mut(seat)) {
            session.stream = None;
            let key = session.key;
            self.endings.extend(session.life.closed(at, by));
            self.by_dialler.retain(|_, seat| self.sessions.get(*seat).is_some_and(|seat| seat.key != key));
            self.sink.see(at, &Seen::Closed(key, by));
        }
    }

    /// The speaker's sessions end with it, though it closes none.
    fn killed(&mut self, at: Instant) {
        self.killed = true;
        for seat in std::mem::take(&mut self.near).into_values() {
            if let Some(session) = self.sessions.get_mut(seat) {
                session.stream = None;
                self.endings.extend(session.life.closed(at, SessionEnd::Speaker));
            }
        }
    }

    fn far_step(&mut self, at: Instant, process: ProcessId, step: &Step<'_>) {
        match step {
            Step::Accepted(_, stream, remote) => self.meet(process, *stream, *remote),
            Step::Connected(_, stream, Ok(local)) => self.meet(process, *stream, *local),
            Step::Wrote(_, stream, Ok(octets)) if *stream == SimHost::STDIO => {
                self.commanded(at, process, octets);
            }
            Step::Wrote(_, stream, Ok(octets)) => {
                let seat = self.far.get(&(process, *stream)).copied();
                let Some(session) = seat.and_then(|seat| self.sessions.get_mut(seat)) else { return };
                session.spoken.extend_from_slice(octets);
                take_messages(&mut session.spoken, |message| session.life.received(at, message));
            }
            Step::Exited(_, _) => {
                if let Some(program) = self.programs.iter().find(|seat| seat.process == process) {
                    self.sink.see(at, &Seen::Ended(program.key));
                }
            }
            _ => {}
        }
    }

    fn meet(&mut self, process: ProcessId, stream: StreamId, dialler: SocketAddr) {
        let seat = self.seat(dialler);
        self.far.insert((process, stream), seat);
        if let Some(session) = self.sessions.get_mut(seat) {
            session.peer = Some(process);
        }
    }

    fn commanded(&mut self, at: Instant, process: ProcessId, octets: &[u8]) {
        let Some(program) = self.programs.iter_mut().find(|seat| seat.process == process) else { return };
        if program.unread == 0 {
            program.unread_since = at;
        }
        program.unread += octets.len();
        program.command.extend_from_slice(octets);
        take_lines(&mut program.command, |line| self.sink.see(at, &Seen::Command(program.key, line)));
    }
}

impl<S: SeenSink> Observer for Watch<S> {
    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        if let Step::Exited(process, _) = step {
            self.over.insert(*process);
        }
        match actor(step) {
            Some(process) if process == self.speaker => self.near_step(at, step),
            Some(process) => self.far_step(at, process, step),
            None => {}
        }
    }
}

/// Who did it.
fn actor(step: &Step<'_>) -> Option<ProcessId> {
    match step {
        Step::Polled(process, ..)
        | Step::TaskEnded(process, ..)
        | Step::Listens(process, ..)
        | Step::Connects(process, ..)
        | Step::Connected(process, ..)
        | Step::Accepted(process, ..)
        | Step::AcceptFailed(process, ..)
        | Step::Read(process, ..)
        | Step::Wrote(process, ..)
        | Step::Shut(process, ..)
        | Step::Closed(process, ..)
        | Step::Started(process, ..)
        | Step::Loaded(process, ..)
        | Step::Piped(process, ..)
        | Step::Runs(process, ..)
        | Step::Signalled(process, ..)
        | Step::Exited(process, ..)
        | Step::Logged(process, ..) => Some(*process),
        Step::Sent(..) | Step::Fault(_) => None,
    }
}

/// Whether something moved. A call that got nothing moves nothing: neither reading the end once more, nor writing nothing, nor a
/// connection that did not come about.
fn moves(step: &Step<'_>) -> bool {
    match step {
        Step::Read(_, _, outcome) | Step::Wrote(_, _, outcome) => {
            outcome.is_ok_and(|octets| !octets.is_empty())
        }
        Step::Connected(_, _, outcome) => *outcome != Err(IoError::WouldBlock),
        Step::Polled(..) | Step::AcceptFailed(..) | Step::Logged(..) | Step::Fault(_) | Step::Runs(..) => {
            false
        }
        _ => true,
    }
}
