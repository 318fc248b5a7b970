//! The calls a process makes on its machine, with the meaning that `holdtime_host::Host` gives them.

use std::net::{IpAddr, SocketAddr};

use holdtime_host::time::Now;

use holdtime_host::{
    CloseKind, Ends, ExitStatus, IoError, ListenOptions, ListenerId, Ready, StreamId, TcpOptions,
};

use super::process::Listening;
use super::{Descriptor, Due, OpenStream, PipeId, ProcessId, StreamEnds, World};
use crate::choices::Site;
use crate::executor::DueClass;
use crate::net::{ListenerOptions, Readiness, SocketId, SocketOptions};
use crate::trace::Step;

impl World {
    pub(crate) fn read_clock(&self, id: ProcessId) -> Now {
        let machine = self.process(id).machine;
        let at = self.local_time(id);
        self.clocks.get(machine.0 as usize).map_or(Now::default(), |clock| clock.read(at))
    }

    /// The lab's time at which a process's monotonic clock shows `deadline`.
    pub(crate) fn lab_time_of(
        &self,
        id: ProcessId,
        deadline: holdtime_host::time::Instant,
    ) -> holdtime_host::time::Instant {
        let machine = self.process(id).machine;
        self.clocks.get(machine.0 as usize).map_or(deadline, |clock| clock.lab_time_of(deadline))
    }

    // Listeners.

    pub(crate) fn listen(
        &mut self,
        id: ProcessId,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        let outcome = self.open_listener(id, listener, address, options);
        self.record(id, &Step::Listens(id, listener, outcome));
        outcome
    }

    fn open_listener(
        &mut self,
        id: ProcessId,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        let process = self.process(id);
        if !process.has_file_to_spare() {
            return Err(IoError::TooManyFiles);
        }
        // As most kernels.
        if !options.ao.is_empty() {
            return Err(IoError::TcpAo);
        }
        let socket =
            SocketOptions { min_ttl: options.min_ttl.unwrap_or(0), ..process.socket_options.clone() };
        let keys = options.md5.iter().map(|(peer, key)| (*peer, digest(key))).collect();
        let options =
            ListenerOptions { socket, backlog: process.backlog, keys, ..ListenerOptions::default() };
        let (socket, bound) = self.network.listen(process.machine, address, options)?;
        self.own(socket, id, Descriptor::Listener(listener));
        let listening = Listening { socket, wanted: true, accepter: None };
        self.process_mut(id).listeners.insert(listener, listening);
        Ok(bound)
    }

    pub(crate) fn unlisten(&mut self, id: ProcessId, listener: ListenerId) {
        let Some(listening) = self.process_mut(id).listeners.remove(&listener) else { return };
        self.process_mut(id).maybe_ready.retain(|name| *name != Descriptor::Listener(listener));
        let now = self.local_time(id);
        self.network.close(now, listening.socket);
        self.absorb();
        if let Some(waker) = listening.accepter {
            waker.wake();
        }
    }

    pub(crate) fn set_accepting(&mut self, id: ProcessId, listener: ListenerId, wanted: bool) {
        if let Some(listening) = self.process_mut(id).listeners.get_mut(&listener) {
            listening.wanted = wanted;
            self.announce(id, Descriptor::Listener(listener));
        }
    }

    pub(crate) fn accept(
        &mut self,
        id: ProcessId,
        listener: ListenerId,
        stream: StreamId,
    ) -> Result<Ends, IoError> {
        let process = self.process(id);
        let listening = process.listeners.get(&listener).ok_or(IoError::NotConnected)?.socket;
        if !self.network.readiness(listening).read {
            self.process_mut(id).tally.blocked += 1;
            self.record(id, &Step::AcceptFailed(id, listener, IoError::WouldBlock));
            return Err(IoError::WouldBlock);
        }
        if !self.process(id).has_file_to_spare() {
            self.record(id, &Step::AcceptFailed(id, listener, IoError::TooManyFiles));
            return Err(IoError::TooManyFiles);
        }
        let socket = self.network.accept(listening)?;
        let Some(ends) = self.ends(socket).filter(|_| self.network.is_alive(socket)) else {
            let now = self.local_time(id);
            self.network.close(now, socket);
            self.absorb();
            self.record(id, &Step::AcceptFailed(id, listener, IoError::ConnectionAborted));
            return Err(IoError::ConnectionAborted);
        };
        self.record(id, &Step::Accepted(id, stream, ends.remote));
        self.own(socket, id, Descriptor::Stream(stream));
        self.process_mut(id).streams.insert(stream, OpenStream::new(StreamEnds::Socket(socket), false));
        Ok(ends)
    }

    // Connecting.

    pub(crate) fn connect(
        &mut self,
        id: ProcessId,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        let outcome = self.open_connection(id, stream, local, remote, options);
        self.record(id, &Step::Connects(id, stream, remote, outcome));
        outcome
    }

    fn open_connection(
        &mut self,
        id: ProcessId,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        let now = self.local_time(id);
        let process = self.process(id);
        if !process.has_file_to_spare() {
            return Err(IoError::TooManyFiles);
        }
        if !options.ao.is_empty() {
            return Err(IoError::TcpAo);
        }
        let base = process.socket_options.clone();
        let options = SocketOptions {
            ttl: options.ttl.unwrap_or(base.ttl),
            min_ttl: options.min_ttl.unwrap_or(base.min_ttl),
            key: options.md5.as_deref().map(digest),
            ..base
        };
        let socket = self.network.connect(now, process.machine, local, remote, options)?;
        self.own(socket, id, Descriptor::Stream(stream));
        self.process_mut(id).streams.insert(stream, OpenStream::new(StreamEnds::Socket(socket), true));
        self.absorb();
        Ok(())
    }

    pub(crate) fn finish_connect(&mut self, id: ProcessId, stream: StreamId) -> Result<Ends, IoError> {
        let StreamEnds::Socket(socket) = self.stream(id, stream)?.ends else {
            return Err(IoError::NotConnected);
        };
        if !self.network.readiness(socket).connected {
            self.process_mut(id).tally.blocked += 1;
            self.record(id, &Step::Connected(id, stream, Err(IoError::WouldBlock)));
            return Err(IoError::WouldBlock);
        }
        let outcome = match self.network.take_error(socket) {
            Some(error) => Err(error),
            None => self.ends(socket).ok_or(IoError::NotConnected),
        };
        self.record(id, &Step::Connected(id, stream, outcome.map(|ends| ends.local)));
        match outcome {
            Ok(_) => self.stream_mut(id, stream)?.connecting = false,
            Err(_) => self.let_go(id, stream),
        }
        outcome
    }

    // Reading and writing.

    pub(crate) fn set_interest(&mut self, id: ProcessId, stream: StreamId, read: bool, write: bool) {
        if let Ok(known) = self.stream_mut(id, stream) {
            known.wants_read = read;
            known.wants_write = write;
            self.announce(id, Descriptor::Stream(stream));
        }
    }

    pub(crate) fn read(
        &mut self,
        id: ProcessId,
        stream: StreamId,
        into: &mut [u8],
    ) -> Result<usize, IoError> {
        let now = self.local_time(id);
        let outcome = match self.stream(id, stream)?.ends {
            StreamEnds::Socket(socket) => self.network.read(now, socket, into),
            StreamEnds::Pipes { read: Some(pipe), .. } => self.read_pipe(id, pipe, into),
            StreamEnds::Pipes { read: None, .. } => Ok(0),
        };
        let step = Step::Read(id, stream, outcome.map(|count| into.get(..count).unwrap_or_default()));
        self.conclude(id, outcome, &step)
    }

    pub(crate) fn write(&mut self, id: ProcessId, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        let now = self.local_time(id);
        let outcome = match self.stream(id, stream)?.ends {
            StreamEnds::Socket(socket) => self.network.write(now, socket, bytes),
            StreamEnds::Pipes { write: Some(pipe), .. } => self.write_pipe(id, pipe, bytes),
            StreamEnds::Pipes { write: None, .. } => Err(IoError::BrokenPipe),
        };
        if outcome == Err(IoError::WouldBlock) {
            self.stream_mut(id, stream)?.write_blocked = true;
        }
        let step = Step::Wrote(id, stream, outcome.map(|count| bytes.get(..count).unwrap_or_default()));
        self.conclude(id, outcome, &step)
    }

    /// Charges, counts and records a call that moved octets, or could not.
    fn conclude(
        &mut self,
        id: ProcessId,
        outcome: Result<usize, IoError>,
        step: &Step<'_>,
    ) -> Result<usize, IoError> {
        self.absorb();
        match outcome {
            Ok(count) => {
                self.charge(id, self.settings.prices.octets(count));
                self.process_mut(id).tally.octets += count as u64;
            }
            Err(IoError::WouldBlock) => self.process_mut(id).tally.blocked += 1,
            Err(_) => {}
        }
        self.record(id, step);
        outcome
    }

    fn read_pipe(&mut self, id: ProcessId, pipe: PipeId, into: &mut [u8]) -> Result<usize, IoError> {
        let now = self.local_time(id);
        let ends = self.pipes.get_mut(pipe.0 as usize).ok_or(IoError::NotConnected)?;
        let was_full = !ends.pipe.writable();
        let outcome = ends.pipe.read(into);
        if was_full && ends.pipe.writable() {
            self.agenda.enter(now, DueClass::Outside, Due::Room(pipe));
        }
        outcome
    }

    fn write_pipe(&mut self, id: ProcessId, pipe: PipeId, bytes: &[u8]) -> Result<usize, IoError> {
        let now = self.local_time(id);
        let ends = self.pipes.get_mut(pipe.0 as usize).ok_or(IoError::NotConnected)?;
        let written = ends.pipe.write(bytes)?;
        self.agenda.enter(now, DueClass::Outside, Due::Show(pipe, written));
        Ok(written)
    }

    pub(crate) fn shutdown(&mut self, id: ProcessId, stream: StreamId) {
        let now = self.local_time(id);
        let Ok(known) = self.stream_mut(id, stream) else { return };
        match &mut known.ends {
            StreamEnds::Socket(socket) => {
                let socket = *socket;
                self.network.shutdown(now, socket);
                self.absorb();
            }
            StreamEnds::Pipes { write, .. } => {
                if let Some(pipe) = write.take() {
                    self.close_writer(id, pipe);
                }
            }
        }
        self.record(id, &Step::Shut(id, stream));
    }

    pub(crate) fn set_ttl(&mut self, id: ProcessId, stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>) {
        if let Some(socket) = self.socket_of(id, stream) {
            self.network.set_ttl(socket, ttl, min_ttl);
        }
    }

    pub(crate) fn close(&mut self, id: ProcessId, stream: StreamId, how: CloseKind) {
        let now = self.local_time(id);
        let Ok(known) = self.stream(id, stream) else { return };
        if let StreamEnds::Socket(socket) = known.ends {
            match how {
                CloseKind::Graceful => self.network.close_and_linger(now, socket),
                CloseKind::Reset => self.network.reset(now, socket),
            }
        }
        self.let_go(id, stream);
        self.record(id, &Step::Closed(id, stream));
    }

    /// Closes the reading end of a pair of pipes alone.
    pub(crate) fn close_input(&mut self, id: ProcessId, stream: StreamId) {
        if let Ok(known) = self.stream_mut(id, stream)
            && let StreamEnds::Pipes { read, .. } = &mut known.ends
            && let Some(pipe) = read.take()
        {
            self.close_reader(id, pipe);
        }
    }

    /// Closes a stream as the end of its process would, and forgets its name.
    pub(crate) fn let_go(&mut self, id: ProcessId, stream: StreamId) {
        let now = self.local_time(id);
        let Some(mut known) = self.process_mut(id).streams.remove(&stream) else { return };
        self.process_mut(id).maybe_ready.retain(|name| *name != Descriptor::Stream(stream));
        known.wake_all();
        match known.ends {
            StreamEnds::Socket(socket) => {
                self.network.close(now, socket);
                self.absorb();
            }
            StreamEnds::Pipes { read, write } => {
                if let Some(pipe) = read {
                    self.close_reader(id, pipe);
                }
                if let Some(pipe) = write {
                    self.close_writer(id, pipe);
                }
            }
        }
    }

    /// Closes a process's reading end; the writers hear of it once nobody holds one.
    fn close_reader(&mut self, id: ProcessId, pipe: PipeId) {
        let now = self.local_time(id);
        let Some(ends) = self.pipes.get_mut(pipe.0 as usize) else { return };
        ends.readers.retain(|(holder, _)| *holder != id);
        if !ends.named && ends.readers.is_empty() {
            self.agenda.enter(now, DueClass::Outside, Due::ReaderGone(pipe));
        }
    }

    /// Closes a process's writing end; the readers hear of it once nobody holds one.
    fn close_writer(&mut self, id: ProcessId, pipe: PipeId) {
        let now = self.local_time(id);
        let Some(ends) = self.pipes.get_mut(pipe.0 as usize) else { return };
        ends.writers.retain(|(holder, _)| *holder != id);
        if !ends.named && ends.writers.is_empty() {
            self.agenda.enter(now, DueClass::Outside, Due::WriterGone(pipe));
        }
    }

    // Waiting.

    /// What is ready of what may be, in an order that is drawn; what is told once is collected.
    pub(crate) fn collect_ready(&mut self, id: ProcessId, ready: &mut Vec<Ready>) {
        ready.clear();
        let mut names = std::mem::take(&mut self.process_mut(id).maybe_ready);
        names.retain(|name| {
            let before = ready.len();
            ready.extend(self.ready_of(id, *name));
            ready.len() > before
        });
        self.process_mut(id).maybe_ready = names;
        let actor = self.process(id).actor;
        for index in (1..ready.len()).rev() {
            let other = index - self.choices.index(Site::Ready, actor, index + 1);
            ready.swap(index, other);
        }
        let process = self.process_mut(id);
        process.children.retain(|stream, child| {
            ready.extend(child.status.map(|status| Ready::Exited(*stream, status)));
            child.status.is_none()
        });
        ready.extend(process.signals.drain(..).map(Ready::Signalled));
    }

    /// Whether the next [`collect_ready`](Self::collect_ready) would find something.
    pub(crate) fn has_ready(&self, id: ProcessId) -> bool {
        let process = self.process(id);
        !process.signals.is_empty()
            || process.children.values().any(|child| child.status.is_some())
            || process.maybe_ready.iter().any(|name| self.ready_of(id, *name).next().is_some())
    }

    /// What something is ready for.
    pub(super) fn ready_of(&self, id: ProcessId, name: Descriptor) -> impl Iterator<Item = Ready> + use<> {
        let found = match name {
            Descriptor::Listener(listener) => {
                let acceptable = self.is_acceptable(id, listener) == Ok(true);
                [acceptable.then_some(Ready::Acceptable(listener)), None, None]
            }
            Descriptor::Stream(stream) => [
                (self.is_connected(id, stream) == Ok(true)).then_some(Ready::Connected(stream)),
                (self.is_readable(id, stream) == Ok(true)).then_some(Ready::Readable(stream)),
                (self.is_writable(id, stream) == Ok(true)).then_some(Ready::Writable(stream)),
            ],
        };
        found.into_iter().flatten()
    }

    pub(crate) fn is_acceptable(&self, id: ProcessId, listener: ListenerId) -> Result<bool, IoError> {
        let listening = self.process(id).listeners.get(&listener).ok_or(IoError::NotConnected)?;
        Ok(listening.wanted && self.network.readiness(listening.socket).read)
    }

    pub(crate) fn is_connected(&self, id: ProcessId, stream: StreamId) -> Result<bool, IoError> {
        let known = self.stream(id, stream)?;
        Ok(known.connecting && self.readiness(known.ends).connected)
    }

    pub(crate) fn is_readable(&self, id: ProcessId, stream: StreamId) -> Result<bool, IoError> {
        let known = self.stream(id, stream)?;
        Ok(known.wants_read && !known.connecting && self.readiness(known.ends).read)
    }

    pub(crate) fn is_writable(&self, id: ProcessId, stream: StreamId) -> Result<bool, IoError> {
        let known = self.stream(id, stream)?;
        Ok(known.wants_write && !known.connecting && !known.write_blocked)
    }

    /// Takes note of an edge: the kernel tells of room, which a stream keeps until a write blocks again.
    pub(super) fn note_edge(&mut self, id: ProcessId, name: Descriptor) {
        let Descriptor::Stream(stream) = name else { return };
        let has_room = self.stream(id, stream).is_ok_and(|known| self.readiness(known.ends).write);
        if has_room && let Ok(known) = self.stream_mut(id, stream) {
            known.write_blocked = false;
        }
    }

    fn readiness(&self, ends: StreamEnds) -> Readiness {
        match ends {
            StreamEnds::Socket(socket) => self.network.readiness(socket),
            StreamEnds::Pipes { read, write } => {
                let pipe = |id: PipeId| self.pipes.get(id.0 as usize).map(|ends| &ends.pipe);
                Readiness {
                    read: read.and_then(pipe).is_none_or(super::Pipe::readable),
                    write: write.and_then(pipe).is_none_or(super::Pipe::writable),
                    connected: false,
                }
            }
        }
    }

    /// Takes the end of a program, once.
    pub(crate) fn take_exit(&mut self, id: ProcessId, stream: StreamId) -> Option<ExitStatus> {
        let status = self.process(id).children.get(&stream)?.status?;
        self.process_mut(id).children.remove(&stream);
        Some(status)
    }

    // Helpers.

    fn own(&mut self, socket: SocketId, id: ProcessId, name: Descriptor) {
        let index = socket.0 as usize;
        if self.socket_owners.len() <= index {
            self.socket_owners.resize(index + 1, None);
        }
        self.socket_owners[index] = Some((id, name));
        self.process_mut(id).may_be_ready(name);
    }

    fn ends(&self, socket: SocketId) -> Option<Ends> {
        self.network.tcp(socket).map(|tcp| Ends { local: tcp.local, remote: tcp.remote })
    }

    fn stream(&self, id: ProcessId, stream: StreamId) -> Result<&OpenStream, IoError> {
        self.process(id).streams.get(&stream).ok_or(IoError::NotConnected)
    }

    pub(crate) fn stream_mut(&mut self, id: ProcessId, stream: StreamId) -> Result<&mut OpenStream, IoError> {
        self.process_mut(id).streams.get_mut(&stream).ok_or(IoError::NotConnected)
    }

    /// The socket behind a stream, for those who look at the world from outside.
    pub fn socket_of(&self, id: ProcessId, stream: StreamId) -> Option<SocketId> {
        match self.stream(id, stream).ok()?.ends {
            StreamEnds::Socket(socket) => Some(socket),
            StreamEnds::Pipes { .. } => None,
        }
    }
}

/// FNV-1a: which key it is, not a secret.
fn digest(key: &[u8]) -> u64 {
    key.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
