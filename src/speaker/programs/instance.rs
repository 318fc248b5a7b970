//! One run of a program: its stream, from the moment it is asked for until the program has ended.

use alloc::collections::BTreeSet;
use alloc::collections::VecDeque;
use alloc::string::String;

use holdtime_host::{ExitStatus, StreamId};

use super::super::id::NeighborId;
use super::output::{COMMANDS_WAIT, Output};
use super::task::Task;
use crate::api::{Line, LineBuffer};
use crate::time::{Duration, Instant};

/// How long a program may take nothing of what waits for it, before nobody waits for it any more.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// At most so many arrivals of what waits are told apart.
const ARRIVALS: usize = 1024;

/// A program that runs, or is about to, or is ending. What one run asked for is never answered to the next.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// The program's name in the configuration.
    pub(super) name: String,
    /// Its pipes.
    pub(super) stream: StreamId,
    /// How far it is.
    pub(super) phase: ProgramPhase,
    /// Since when.
    pub(super) since: Instant,
    /// What it wrote and was not yet taken.
    pub(super) input: LineBuffer,
    /// What it is to read.
    pub(super) output: Output,
    /// A long answer that is under way.
    pub(super) task: Option<Task>,
    /// The neighbors for which its commands have an effect of which nobody knows yet that it was handed over.
    pub(super) touched: BTreeSet<NeighborId>,
    /// Since when its commands and their answers wait for that.
    pub(super) held: Option<Instant>,
    /// The neighbor that is to be handed something first, since a turn had no room for it.
    pub(super) next_served: Option<NeighborId>,
    /// One turn was too short for what it wrote.
    pub(super) busy: bool,
    /// The next effect must not be joined with those before it.
    pub(super) apart: bool,
    /// A command that was taken, and waits until what came before it has had its effect.
    pub(super) postponed: Option<String>,
    /// Whether its commands are answered with `done` and `error`.
    pub(super) acknowledge: bool,
    /// It will write no more.
    pub(super) read_ended: bool,
    /// It is to end because it closed its standard output while it ran.
    pub(super) cut: bool,
    /// How it ended, once it has.
    pub(super) exited: Option<ExitStatus>,
    /// When it last took something of what waits for it.
    pub(super) taken: Instant,
    /// It waits for the answer to its `reload`.
    pub(super) reloading: bool,
    /// When each piece of what it wrote came, and how much it had written with it; up to what is taken, the pieces are forgotten.
    arrivals: VecDeque<(u64, Instant)>,
    /// How many octets it has written.
    written: u64,
    /// When the command came that was taken last.
    pub(super) asked: Instant,
    /// That it does not read has been told.
    pub(super) reported: bool,
    /// What was last asked of the reactor: read, write.
    pub(super) interest: (bool, bool),
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProgramPhase {
    /// It was asked for.
    Starting,
    /// It runs.
    Running,
    /// It is to end, and is given until then to read what waits for it.
    Leaving(Instant),
    /// It was sent SIGTERM, and is sent SIGKILL then.
    Terminated(Instant),
    /// It was sent SIGKILL.
    Killed,
    /// It has ended, and what it wrote before is read until then.
    Ended(Instant),
}

impl Instance {
    /// A run that was just asked for.
    pub(super) fn new(name: String, stream: StreamId, now: Instant, acknowledge: bool) -> Self {
        Self {
            name,
            stream,
            phase: ProgramPhase::Starting,
            since: now,
            input: LineBuffer::default(),
            output: Output::default(),
            task: None,
            touched: BTreeSet::new(),
            held: None,
            next_served: None,
            busy: false,
            apart: false,
            postponed: None,
            acknowledge,
            read_ended: false,
            cut: false,
            exited: None,
            taken: now,
            reloading: false,
            arrivals: VecDeque::new(),
            written: 0,
            asked: now,
            reported: false,
            interest: (false, false),
        }
    }

    /// Goes on to `phase`.
    pub(super) fn enter(&mut self, phase: ProgramPhase, now: Instant) {
        self.phase = phase;
        self.since = now;
    }

    /// Keeps what it wrote.
    pub(super) fn receive(&mut self, now: Instant, data: &[u8]) {
        self.input.push(data);
        self.written += data.len() as u64;
        let taken = self.written - self.input.len() as u64;
        while self.arrivals.front().is_some_and(|(end, _)| *end <= taken) {
            self.arrivals.pop_front();
        }
        // Whoever writes an octet at a time does not fill the memory with their times.
        let full = self.arrivals.len() >= ARRIVALS;
        match self.arrivals.back_mut().filter(|_| full) {
            Some(last) => last.0 = self.written,
            None => self.arrivals.push_back((self.written, now)),
        }
    }

    /// The next whole line that it wrote.
    pub(super) fn next_line(&mut self) -> Option<Line<'_>> {
        if self.input.has_line() {
            self.asked = self.first_arrival().unwrap_or(self.asked);
        }
        self.input.next_line()
    }

    /// When the first octet came that is not taken yet.
    fn first_arrival(&self) -> Option<Instant> {
        let taken = self.written - self.input.len() as u64;
        self.arrivals.iter().find(|(end, _)| *end > taken).map(|(_, at)| *at)
    }

    /// Since when its oldest command waits for its answer; `None`: there is none.
    pub(super) fn unanswered_since(&self) -> Option<Instant> {
        match (&self.task, self.held) {
            (Some(_), _) => Some(self.asked),
            (None, _) if self.reloading || self.busy => Some(self.asked),
            (None, Some(since)) => Some(since),
            (None, None) => self.first_arrival().filter(|_| self.input.has_line()),
        }
    }

    /// When it is to be told that it has read nothing for long, where something waits for it.
    pub(super) fn report_at(&self) -> Option<Instant> {
        let waits = self.phase == ProgramPhase::Running && self.output.next().is_some() && !self.reported;
        waits.then(|| self.taken + PATIENCE)
    }

    /// Whether it is told of events: what happens before it runs is told when it does.
    pub(super) fn takes_events(&self) -> bool {
        matches!(self.phase, ProgramPhase::Starting | ProgramPhase::Running)
    }

    /// Whether commands are taken from it: it runs, or has ended and left some behind.
    pub(super) fn may_command(&self) -> bool {
        matches!(self.phase, ProgramPhase::Running | ProgramPhase::Ended(_))
            && self.task.is_none()
            && !self.reloading
            && self.held.is_none()
            && self.output.has_room()
    }

    /// What is wanted of its stream: reading while few commands wait for their turn, one turn was enough for them, and their answers would find room;
    /// writing while a long answer is under way.
    pub(super) fn wanted_interest(&self) -> (bool, bool) {
        let running = matches!(self.phase, ProgramPhase::Running | ProgramPhase::Ended(_));
        let few = (self.task.is_none() && self.held.is_none()) || self.input.len() <= COMMANDS_WAIT;
        let read = running && !self.read_ended && !self.busy && self.output.has_room() && few;
        (read, running && self.task.is_some() && !self.output.is_held())
    }

    /// When something must be done about it, whatever it does.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            ProgramPhase::Leaving(until) | ProgramPhase::Terminated(until) | ProgramPhase::Ended(until) => {
                Some(until)
            }
            ProgramPhase::Starting | ProgramPhase::Running | ProgramPhase::Killed => None,
        }
    }
}
