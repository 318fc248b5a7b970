//! Between the sessions and the API's programs: what programs write reaches [`commands`](super::commands), what happens
//! on sessions reaches programs.

use super::neighbor::Neighbor;
use super::notice::Notice;
use super::programs::{ProgramSettings, Programs};
use super::{Input, Speaker, StreamId};
use crate::time::Now;

impl Programs {
    /// Tells the programs that want to hear it what happened on a neighbor's session.
    pub(super) fn notify(&mut self, now: Now, neighbor: &Neighbor, notice: &Notice<'_>) {
        let _ = (now, neighbor, notice, &self);
    }
}

impl Speaker {
    /// Starts the configuration's programs that do not run and ends those that are no longer in it; with `restart` all are
    /// started anew.
    pub(super) fn configure_programs(&mut self, now: Now, restart: bool) {
        let api = &self.settings.api;
        let settings =
            ProgramSettings { acknowledge: api.ack, respawn: api.respawn, terminate: api.terminate };
        self.programs.configure(now.monotonic, settings, &self.config.processes, None, restart);
    }

    /// Tells every program that the speaker ends, and ends it.
    pub(super) fn end_programs(&mut self, now: Now) {
        self.programs.shut_down(now.monotonic, |_| alloc::string::String::from("shutdown"));
    }

    /// An input about a program's stream.
    pub(super) fn program_input(&mut self, now: Now, stream: StreamId, input: &Input<'_>) {
        let at = now.monotonic;
        match *input {
            Input::ProgramStarted { pid, .. } => self.programs.started(at, stream, pid),
            Input::ProgramFailed { error, .. } => self.programs.failed(stream, error),
            Input::ProgramExited { status, .. } => self.programs.exited(at, stream, status),
            Input::Received { data, .. } => self.programs.received(stream, data),
            Input::Sent { count, .. } => {
                self.programs.sent(at, stream, count, |_| alloc::string::String::new());
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
