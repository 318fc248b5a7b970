//! Lines in, lines out: commands that are taken, answers and events that are queued, and the order between them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use holdtime_host::StreamId;

use super::super::action::Action;
use super::super::event::{Event, EventKind, Severity};
use super::super::id::NeighborId;
use super::super::obligation::Party;
use super::Programs;
use super::instance::{Instance, PATIENCE, ProgramPhase};
use super::long_command::LongCommand;
use super::task::Task;
use crate::api::{Line, answer, line};
use crate::time::{Instant, Now};

/// How much of a line that is not text is logged, in octets.
const SHOWN: usize = 64;

impl Programs {
    /// The next command of a program, normalised, where it may be carried out now. It is to be answered before the
    /// next one is taken, or a [`Task`] is to be set that answers it. A line that cannot be read is answered here.
    pub(in crate::speaker) fn take_line(&mut self, stream: StreamId) -> Option<String> {
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

    /// Whether a command of this program could be carried out now.
    pub(in crate::speaker) fn has_line(&self, stream: StreamId) -> bool {
        self.instances.get(&stream).is_some_and(|instance| {
            instance.may_command() && (instance.postponed.is_some() || instance.input.has_line())
        })
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
    pub(in crate::speaker) fn answer(&mut self, stream: StreamId, line: &str) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if instance.output.len() == 0 {
            instance.taken = instance.taken.max(instance.asked);
        }
        instance.output.answer(line);
        self.dirty.insert(stream);
    }

    /// Answers a command with `done` or `error`, where the program wants that.
    pub(in crate::speaker) fn acknowledge(&mut self, stream: StreamId, done: bool) {
        if self.instances.get(&stream).is_some_and(|instance| instance.acknowledge) {
            self.answer(stream, if done { answer::DONE } else { answer::ERROR });
        }
    }

    /// From now on answers this run's commands with `done` and `error`, or does not.
    pub(in crate::speaker) fn set_acknowledge(&mut self, stream: StreamId, acknowledge: bool) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.acknowledge = acknowledge;
        }
    }

    /// Carries out a command slice by slice: the program's next command waits for its end.
    pub(in crate::speaker) fn set_long_command(&mut self, stream: StreamId, command: LongCommand) {
        self.long_commands.insert(stream, command);
        self.set_busy(stream, true);
    }

    /// The command that is carried out slice by slice, to go on with it: it is to be set again, or to be answered.
    pub(in crate::speaker) fn take_long_command(&mut self, stream: StreamId) -> Option<LongCommand> {
        let command = self.long_commands.remove(&stream)?;
        self.set_busy(stream, false);
        Some(command)
    }

    /// Whether a program's `clear adj-rib` is under way.
    pub(in crate::speaker) fn is_clearing(&self, stream: StreamId) -> bool {
        matches!(self.long_commands.get(&stream), Some(LongCommand::Clear { .. }))
    }

    /// Whether a command of this program is carried out slice by slice.
    pub(in crate::speaker) fn has_long_command(&self, stream: StreamId) -> bool {
        self.long_commands.contains_key(&stream)
    }

    /// Whether one turn was too short for what a program wrote: nothing more is read from it before the rest is carried out.
    pub(in crate::speaker) fn set_busy(&mut self, stream: StreamId, busy: bool) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.busy = busy;
        }
    }

    /// The programs that turns were too short for, and those whose last command outlives them.
    pub(in crate::speaker) fn busy(&self) -> Vec<StreamId> {
        let busy = self.instances.values().filter(|instance| instance.busy).map(|instance| instance.stream);
        let orphans =
            self.long_commands.keys().copied().filter(|stream| !self.instances.contains_key(stream));
        busy.chain(orphans).collect()
    }

    /// Gives a long answer piece by piece: the program's next command waits for its end.
    pub(in crate::speaker) fn set_task(&mut self, stream: StreamId, task: Task) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.task = Some(task);
            self.update_interest(stream);
        }
    }

    /// Answers this run's `reload` once it is known what comes of it; its next command waits for that.
    pub(in crate::speaker) fn await_reload(&mut self, stream: StreamId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.reloading = true;
        }
    }

    /// Answers every `reload`; returns whose they were.
    pub(in crate::speaker) fn answer_reloads(&mut self, done: bool) -> Vec<StreamId> {
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
    pub(in crate::speaker) fn take_task(&mut self, stream: StreamId) -> Option<Task> {
        self.instances.get_mut(&stream)?.task.take()
    }

    /// Whether a program with this name runs, or is about to, so that it can be told of something.
    pub(in crate::speaker) fn is_listening(&self, name: &str) -> bool {
        let stream = self.entries.get(name).and_then(|entry| entry.stream);
        stream.and_then(|stream| self.instances.get(&stream)).is_some_and(Instance::takes_events)
    }

    /// Whether a program reads, and has so much to read that it should not be told of much more.
    pub(in crate::speaker) fn is_behind(&self, now: Instant, name: &str) -> bool {
        let stream = self.entries.get(name).and_then(|entry| entry.stream);
        stream.and_then(|stream| self.instances.get(&stream)).is_some_and(|instance| {
            let reads = instance.phase == ProgramPhase::Running && now < instance.taken + PATIENCE;
            reads && instance.output.is_behind()
        })
    }

    /// Whether a program has caught up since this was last asked.
    pub(in crate::speaker) fn take_relief(&mut self) -> bool {
        core::mem::take(&mut self.relief)
    }

    /// Tells a program of an event, unless it has too much to read already.
    pub(in crate::speaker) fn tell(&mut self, now: Now, name: &str, line: &str) {
        let Some(entry) = self.entries.get(name) else { return };
        let Some(stream) = entry.stream else { return };
        let Some(instance) = self.instances.get_mut(&stream).filter(|instance| instance.takes_events())
        else {
            return;
        };
        if instance.output.len() == 0 {
            instance.taken = now.monotonic;
        }
        let before = instance.output.lost();
        instance.output.event(line, |count| self.teller.lost(now.wall, entry.what.encoder(), count));
        if before == 0 && instance.output.lost() > 0 {
            let text = "does not read; from now on events are lost".to_string();
            let party = Party::Program(instance.name.clone());
            self.events.push_back(Event {
                severity: Severity::Warning,
                kind: EventKind::Change,
                party,
                text,
            });
        }
        if instance.phase == ProgramPhase::Running {
            self.dirty.insert(stream);
        }
    }

    /// A command has an effect for this neighbor: what is answered from now on waits for it.
    pub(in crate::speaker) fn touch(&mut self, stream: StreamId, neighbor: NeighborId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.touched.insert(neighbor);
            instance.output.hold();
        }
    }

    /// The neighbors for which commands of this program have had an effect since it was last released, and since when they
    /// are waited for.
    pub(in crate::speaker) fn touched(&self, stream: StreamId) -> (Vec<NeighborId>, Option<Instant>) {
        let instance = self.instances.get(&stream);
        instance.map_or_else(Default::default, |one| (one.touched.iter().copied().collect(), one.held))
    }

    /// The neighbor that is to be served first, since there was no room for it the last time.
    pub(in crate::speaker) fn next_served(&self, stream: StreamId) -> Option<NeighborId> {
        self.instances.get(&stream)?.next_served
    }

    /// There was no room for this neighbor.
    pub(in crate::speaker) fn serve_next(&mut self, stream: StreamId, neighbor: NeighborId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.next_served = Some(neighbor);
        }
    }

    /// Whether commands of this program have had any such effect.
    pub(in crate::speaker) fn has_touched(&self, stream: StreamId) -> bool {
        self.instances.get(&stream).is_some_and(|instance| !instance.touched.is_empty())
    }

    /// Nothing more can be done for this neighbor for now.
    pub(in crate::speaker) fn untouch(&mut self, stream: StreamId, neighbor: NeighborId) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.touched.remove(&neighbor);
        }
    }

    /// Whether the next effect must not be joined with those before it; says so for the one after it.
    pub(in crate::speaker) fn set_apart(&mut self, stream: StreamId, apart: bool) -> bool {
        self.instances.get_mut(&stream).is_some_and(|one| core::mem::replace(&mut one.apart, apart))
    }

    /// Takes no commands of this program until it is [released](Self::release), if its commands have had an effect.
    pub(in crate::speaker) fn hold(&mut self, now: Instant, stream: StreamId) {
        if let Some(instance) = self.instances.get_mut(&stream).filter(|one| !one.touched.is_empty()) {
            instance.held.get_or_insert(now);
            self.held.insert(stream);
        }
    }

    /// Puts back a command that was taken, for the next time.
    pub(in crate::speaker) fn put_back(&mut self, stream: StreamId, line: String) {
        if let Some(instance) = self.instances.get_mut(&stream) {
            instance.postponed = Some(line);
        }
    }

    /// Whether this program's answers wait for their effects.
    pub(in crate::speaker) fn is_held(&self, stream: StreamId) -> bool {
        self.held.contains(&stream)
    }

    /// The programs whose answers wait for their effects.
    pub(in crate::speaker) fn held(&self) -> Vec<StreamId> {
        self.held.iter().copied().collect()
    }

    /// Gives the answers that have waited; whether there is more to do for the program.
    pub(in crate::speaker) fn release(&mut self, stream: StreamId) -> bool {
        self.held.remove(&stream);
        let Some(instance) = self.instances.get_mut(&stream) else { return false };
        instance.touched.clear();
        (instance.held, instance.apart, instance.next_served) = (None, false, None);
        instance.output.release();
        self.dirty.insert(stream);
        let waits = instance.postponed.is_some() || !instance.input.is_empty();
        waits || instance.interest != instance.wanted_interest()
    }

    /// Asks the reactor for what is wanted of a stream, where that has changed.
    pub(in crate::speaker) fn update_interest(&mut self, stream: StreamId) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        let (read, write) = instance.wanted_interest();
        if instance.interest != (read, write) {
            instance.interest = (read, write);
            self.actions.push_back(Action::Interest { stream, read, write });
        }
    }
}
