//! Carrying out what the core asks for.

use std::net::IpAddr;

use holdtime_core::speaker::{Action, ClosedKind, Input};
use holdtime_core::time::Now;

use holdtime_host::{CloseKind, Host, ProgramSpec, StreamId};

use super::{Driver, Listener, NewSource, Stream, StreamKind};
use crate::event_log::EventLog;

impl<H: Host + EventLog> Driver<H> {
    /// Carries out one action and feeds the core its outcome, where that is known at once.
    pub fn carry_out(&mut self, now: Now, action: Action) {
        match action {
            Action::Listen { listener, address, options } => {
                match self.host.listen(listener, address, &options) {
                    Ok(local) => {
                        self.listeners.insert(listener, Listener::default());
                        self.new_sources.push_back(NewSource::Listener(listener));
                        self.feed(now, Input::Listening { listener, local });
                    }
                    Err(error) => self.feed(now, Input::ListenFailed { listener, error }),
                }
            }
            Action::Unlisten { listener } => {
                self.listeners.remove(&listener);
                self.host.unlisten(listener);
            }
            Action::Connect { stream, local, remote, options } => {
                match self.host.connect(stream, local, remote, &options) {
                    Ok(()) => {
                        self.streams.insert(stream, Stream::new(StreamKind::Connection, None));
                        self.new_sources.push_back(NewSource::Dialling(stream));
                    }
                    Err(error) => self.feed(now, Input::ConnectFailed { stream, error }),
                }
            }
            Action::Close { stream, how } => self.close(stream, how),
            Action::StartProgram { stream, spec } => self.start_program(now, stream, &spec),
            Action::SetTtl { stream, ttl, min_ttl } => self.host.set_ttl(stream, ttl, min_ttl),
            Action::SetKeys { stream, change } => {
                if let Err(error) = self.host.set_keys(stream, &change) {
                    self.close(stream, CloseKind::Reset);
                    self.feed(now, Input::Closed { stream, how: ClosedKind::Broken(error) });
                }
            }
            Action::StopProgram { stream, signal } => self.host.signal_program(stream, signal),
            Action::OpenPipes { stream, paths } => match self.host.open_pipes(stream, &paths) {
                Ok(()) => {
                    self.open(stream, StreamKind::Pipes, None);
                    self.feed(now, Input::ProgramStarted { stream, pid: 0 });
                }
                Err(error) => self.feed(now, Input::ProgramFailed { stream, error }),
            },
            Action::Interest { stream, read, write } => {
                if let Some(state) = self.streams.get_mut(&stream) {
                    (state.read, state.write) = (read, write);
                }
                self.update_interest(stream);
            }
            Action::LoadConfig { name } => {
                let text = self.host.read_config(&name).map_err(|error| (name, error));
                self.feed(now, Input::Reload(text));
            }
            Action::Exit { code } => self.exit = Some(code),
        }
    }

    fn start_program(&mut self, now: Now, stream: StreamId, spec: &ProgramSpec) {
        match self.host.start_program(stream, spec) {
            Ok(pid) => {
                self.open(stream, StreamKind::Program, None);
                self.new_sources.push_back(NewSource::Program(stream));
                self.feed(now, Input::ProgramStarted { stream, pid });
            }
            Err(error) => self.feed(now, Input::ProgramFailed { stream, error }),
        }
    }

    fn close(&mut self, stream: StreamId, how: CloseKind) {
        if self.streams.remove(&stream).is_some() {
            self.host.close(stream, how);
        }
    }

    /// Remembers a stream that can be read and written from now on, and the machine at its other end.
    pub(super) fn open(&mut self, stream: StreamId, kind: StreamKind, remote: Option<IpAddr>) {
        self.streams.insert(stream, Stream::new(kind, remote));
        self.new_sources.push_back(NewSource::Stream(stream));
    }
}
