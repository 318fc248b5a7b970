//! Between the sessions and the API's programs: what programs write reaches [`commands`](super::commands), what happens
//! on sessions reaches programs through [`notify`](super::notify).

use holdtime_host::StreamId;

use super::programs::ProgramSettings;
use super::{Input, Speaker};
use crate::time::Now;

impl Speaker {
    /// Starts the configuration's programs that do not run and ends those that are no longer in it; with `restart` all are
    /// started anew.
    pub(super) fn configure_programs(&mut self, now: Now, restart: bool) {
        let api = &self.settings.api;
        let settings =
            ProgramSettings { acknowledge: api.ack, respawn: api.respawn, terminate: api.terminate };
        self.programs.teller.identity.clone_from(&self.identity);
        self.programs.teller.compact = api.compact;
        let pipes = self.pipes.as_ref().filter(|_| api.cli);
        self.programs.configure(now.monotonic, settings, &self.config.processes, pipes, restart);
    }

    /// Tells every program that the speaker ends, and ends it.
    pub(super) fn end_programs(&mut self, now: Now) {
        self.programs.shut_down(now);
    }

    /// An input about a program's stream.
    pub(super) fn program_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        let at = now.monotonic;
        match *input {
            Input::ProgramStarted { pid, .. } => self.programs.started(at, stream, pid),
            Input::ProgramFailed { error, .. } => self.programs.failed(at, stream, error),
            Input::ProgramExited { status, .. } => self.programs.exited(at, stream, status),
            Input::Received { data, .. } => {
                self.programs.received(at, stream, data);
                self.run_commands(now, stream);
            }
            Input::Sent { count, .. } => {
                self.programs.sent(now, stream, count);
                // Answers to further commands may find room now.
                self.run_commands(now, stream);
            }
            Input::Writable { budget, .. } => {
                self.go_on(now, stream, budget);
                self.run_commands(now, stream);
            }
            Input::Closed { how, .. } => self.programs.closed(at, stream, how),
            _ => {}
        }
    }

    /// Starts what programs are to be started, and takes over what they ask for.
    pub(super) fn serve_programs(&mut self, now: Now) {
        while let Some(name) = self.programs.poll_start() {
            let stream = self.streams.next_id();
            self.programs.start(now.monotonic, &name, stream);
        }
        while let Some(action) = self.programs.poll_action() {
            self.actions.push_back(action);
        }
        while let Some(event) = self.programs.poll_event() {
            self.events.push_back(event);
        }
    }
}
