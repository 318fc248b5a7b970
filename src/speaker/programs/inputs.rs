//! What happens to programs: they start, write, read, close their pipes and end.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use holdtime_host::{CloseKind, ExitStatus, IoError, ProgramSignal, StreamId};

use super::super::action::Action;
use super::super::event::{Event, EventKind, Severity};
use super::super::input::ClosedKind;
use super::super::obligation::Party;
use super::instance::{PATIENCE, ProgramPhase};
use super::output::EVENTS_WAIT;
use super::{CLI, Programs};
use crate::time::{Duration, Instant, Now};

/// How long a program that could not be started for want of something waits for the next attempt.
const SHORTAGE: Duration = Duration::from_secs(1);
/// How long what a program wrote before it ended is waited for: its children may hold its pipe open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Inputs.
impl Programs {
    /// A program runs, or pipes are open.
    pub(in crate::speaker) fn started(&mut self, now: Instant, stream: StreamId, pid: u32) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if instance.phase != ProgramPhase::Starting {
            // It was told to end before it had begun.
            self.actions.push_back(Action::StopProgram { stream, signal: ProgramSignal::Terminate });
            return;
        }
        instance.enter(ProgramPhase::Running, now);
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
    pub(in crate::speaker) fn failed(&mut self, now: Instant, stream: StreamId, error: IoError) {
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
    pub(in crate::speaker) fn received(&mut self, now: Instant, stream: StreamId, data: &[u8]) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if matches!(instance.phase, ProgramPhase::Running | ProgramPhase::Ended(_)) {
            instance.receive(now, data);
            // The one command that does not wait its turn: it takes back what has no answer yet.
            if instance.task.is_some() && instance.input.skip_through("reset") {
                instance.task = None;
            }
        }
    }

    /// A program's pipes, or one of them, were closed.
    pub(in crate::speaker) fn closed(&mut self, now: Instant, stream: StreamId, how: ClosedKind) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        if matches!(how, ClosedKind::WriteEnd | ClosedKind::Broken(_)) {
            instance.output.close();
            instance.task = None;
        }
        if matches!(how, ClosedKind::ReadEnd | ClosedKind::Broken(_)) {
            instance.read_ended = true;
            match instance.phase {
                ProgramPhase::Ended(_) => return self.finish(now, stream),
                // Nothing more will be heard of it, so that it is of no more use. Mostly it is about to end by itself.
                ProgramPhase::Running if instance.name == CLI => return self.terminate(now, stream),
                ProgramPhase::Running => {
                    instance.cut = true;
                    return self.leave(now, stream);
                }
                ProgramPhase::Starting
                | ProgramPhase::Leaving(_)
                | ProgramPhase::Terminated(_)
                | ProgramPhase::Killed => {}
            }
        }
        self.update_interest(stream);
    }

    /// A program ended. What it wrote before is still waited for.
    pub(in crate::speaker) fn exited(&mut self, now: Instant, stream: StreamId, status: ExitStatus) {
        let Some(instance) = self.instances.get_mut(&stream) else { return };
        instance.exited = Some(status);
        if instance.phase == ProgramPhase::Running && !instance.read_ended {
            instance.output.close();
            instance.enter(ProgramPhase::Ended(now + LAST_WORDS), now);
            self.update_interest(stream);
        } else {
            self.finish(now, stream);
        }
    }

    /// So much was written.
    pub(in crate::speaker) fn sent(&mut self, now: Now, stream: StreamId, count: usize) {
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
    pub(in crate::speaker) fn handle_timeout(&mut self, now: Instant) {
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
                ProgramPhase::Leaving(_) => {
                    if instance.cut && !self.ending {
                        let text = "has closed its standard output and runs on: it is ended".to_string();
                        let (severity, kind) = (Severity::Warning, EventKind::Change);
                        let party = Party::Program(instance.name.clone());
                        self.events.push_back(Event { severity, kind, party, text });
                    }
                    self.terminate(now, stream);
                }
                ProgramPhase::Terminated(_) => {
                    instance.enter(ProgramPhase::Killed, now);
                    self.actions.push_back(Action::StopProgram { stream, signal: ProgramSignal::Kill });
                }
                ProgramPhase::Starting
                | ProgramPhase::Running
                | ProgramPhase::Killed
                | ProgramPhase::Ended(_) => {
                    self.finish(now, stream);
                }
            }
        }
    }

    /// Lets go of a run that has ended, and starts the next one where there is to be one.
    pub(super) fn finish(&mut self, now: Instant, stream: StreamId) {
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

/// Whether a program that could not be started may be startable before long: fork(2) and pipe(2) of Linux say so where
/// descriptors, processes or memory are short.
fn is_shortage(error: IoError) -> bool {
    matches!(error, IoError::TooManyFiles | IoError::WouldBlock)
}
