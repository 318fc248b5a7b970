//! The real host for the `poll` reactor: one `epoll` (through mio), waited for by blocking.
//!
//! mio reports edges, the [`Host`] promises levels. So each stream keeps what the last edge said until a call
//! finds that it would block, and a stream of which something is both possible and wanted is *hot*: while any
//! is, waiting only looks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant as Clock};

use holdtime_core::speaker::Event;
use holdtime_core::time::{Instant, Now};
use mio::unix::SourceFd;
use mio::{Events, Interest, Registry, Token};
use socket2::Socket;

use holdtime_host::{
    CloseKind, ConfigText, Ends, Host, IoError, KeyChange, ListenOptions, ListenerId, PipePaths,
    ProgramSignal, ProgramSpec, Ready, StreamId, TcpOptions,
};

use crate::event_log::EventLog;
use crate::unix::{self, DescriptorStream, HostOptions, Side, Signals, UnixHost, io_error};

/// How many events one look at the kernel collects.
const EVENTS: usize = 1024;

/// This process's machine, for one reactor that waits for everything at once.
#[derive(Debug)]
pub struct MioHost {
    machine: UnixHost,
    /// `None`: they are left to whoever has them.
    signals: Option<ProcessSignals>,
    watch: RefCell<Watch>,
}

#[derive(Debug)]
struct ProcessSignals {
    signals: Signals,
    bell: UnixStream,
}

/// Runs the future of a reactor whose host blocks: it completes the first time it is polled.
///
/// # Panics
/// When it does not, which means that it waited for something else than its host.
pub fn run_blocking<T>(reactor: impl Future<Output = T>) -> T {
    match pin!(reactor).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a blocking host never leaves a reactor waiting"),
    }
}

impl MioHost {
    /// Takes over the process's signals; one such host a process.
    ///
    /// # Errors
    /// No file descriptor or no memory left.
    pub fn new(host_options: HostOptions) -> io::Result<Self> {
        let signals = Signals::install()?;
        let bell = signals.bell()?;
        let host = Self::without_signals(host_options)?;
        register(host.watch.borrow().poll.registry(), bell.as_raw_fd(), SIGNALS, Side::Read)?;
        Ok(Self { signals: Some(ProcessSignals { signals, bell }), ..host })
    }

    /// A host that leaves the process's signals alone: a process may have many, one a thread. It reports neither signals
    /// nor the ends of programs.
    ///
    /// # Errors
    /// No file descriptor or no memory left.
    pub fn without_signals(host_options: HostOptions) -> io::Result<Self> {
        let watch = Watch {
            poll: mio::Poll::new()?,
            events: Events::with_capacity(EVENTS),
            streams: BTreeMap::new(),
            lingering: BTreeMap::new(),
            listeners: BTreeMap::new(),
            hot: BTreeSet::new(),
            once: VecDeque::new(),
        };
        Ok(Self { machine: UnixHost::new(host_options), signals: None, watch: RefCell::new(watch) })
    }

    /// Calls the process's own standard input and output `stream`, once: afterwards nothing else in this process reads or
    /// writes them. Neither reading nor writing is wanted at first.
    ///
    /// # Errors
    /// No file descriptor left.
    pub fn open_stdio(&self, stream: StreamId) -> io::Result<()> {
        let pipes = unix::take_stdio()?;
        self.watch.borrow_mut().open(stream, pipes.into(), false).map_err(io::Error::other)
    }

    /// Loses what arrives for a stream, or for a listener: segments of more than `above` octets of data, all of them with
    /// `Some(0)`, none with `None`. A bad path, for those who compare machines.
    ///
    /// # Errors
    /// The stream or listener is not known, or the kernel has no socket filters.
    pub fn lose_arrivals(&self, at: Result<StreamId, ListenerId>, above: Option<u32>) -> io::Result<()> {
        let watch = self.watch.borrow();
        let socket = match at {
            Ok(stream) => watch.streams.get(&stream).and_then(|state| state.channel.socket()),
            Err(listener) => watch.listeners.get(&listener).map(|state| &state.socket),
        };
        unix::lose_arrivals(socket.ok_or(io::ErrorKind::NotConnected)?, above)
    }

    fn with_stream<T>(
        &self,
        stream: StreamId,
        call: impl FnOnce(&mut Stream) -> Result<T, IoError>,
    ) -> Result<T, IoError> {
        let mut watch = self.watch.borrow_mut();
        let state = watch.streams.get_mut(&stream).ok_or(IoError::NotConnected)?;
        let result = call(state);
        watch.settle(stream);
        result
    }

    /// Looks at the kernel, for at most `timeout`, and takes all that it has to say: a stream whose turn came only after
    /// the next deadline would be judged unheard.
    fn look(&self, timeout: Option<Duration>) {
        let all = self.watch.borrow().streams.len() * 2 / EVENTS;
        let mut filled = self.look_once(timeout);
        for _ in 0..all {
            filled = filled && self.look_once(Some(Duration::ZERO));
        }
    }

    /// Looks at the kernel once; whether there may be more.
    fn look_once(&self, timeout: Option<Duration>) -> bool {
        let mut watch = self.watch.borrow_mut();
        let watch = &mut *watch;
        // Interrupted by a signal: its bell is readable now, and found the next time.
        if watch.poll.poll(&mut watch.events, timeout).is_err() {
            return false;
        }
        let mut found = 0;
        for event in &watch.events {
            found += 1;
            match decode(event.token()) {
                Source::Signals => {
                    let Some(ProcessSignals { signals, bell }) = &self.signals else { continue };
                    while matches!((&*bell).read(&mut [0; 64]), Ok(1..)) {}
                    let once = &mut watch.once;
                    let mut exited = Vec::new();
                    self.machine.answer(
                        signals,
                        |signal| once.push_back(Ready::Signalled(signal)),
                        |stream, status| exited.push(Ready::Exited(stream, status)),
                    );
                    once.extend(exited);
                }
                Source::Listener(listener) => {
                    if let Some(state) = watch.listeners.get_mut(&listener) {
                        state.ready = true;
                        watch.hot.insert(Hot::Listener(listener));
                    }
                }
                Source::Stream(stream, side) => {
                    if let Some(state) = watch.streams.get_mut(&stream) {
                        let (closed, failed) = (event.is_read_closed(), event.is_error());
                        state.can_read |= side != Side::Write && (event.is_readable() || closed || failed);
                        let closed = event.is_write_closed();
                        state.can_write |= side != Side::Read && (event.is_writable() || closed || failed);
                        watch.hot.insert(Hot::Stream(stream));
                    } else if watch.lingering.get(&stream).is_some_and(|(socket, _)| !unix::discard(socket)) {
                        watch.lingering.remove(&stream);
                    }
                }
            }
        }
        watch.stop_lingering();
        found >= EVENTS
    }

    /// How long to wait at most: until `deadline`, or until a connection has lingered long enough.
    fn patience(&self, deadline: Option<Instant>) -> Option<Duration> {
        let left = deadline.map(|deadline| deadline.saturating_since(self.machine.now().monotonic));
        let watch = self.watch.borrow();
        let lingers =
            watch.lingering.values().map(|(_, until)| until.saturating_duration_since(Clock::now()));
        left.into_iter().chain(lingers).min()
    }
}

/// What is being waited for.
#[derive(Debug)]
struct Watch {
    poll: mio::Poll,
    events: Events,
    streams: BTreeMap<StreamId, Stream>,
    /// Connections that were closed gracefully, until the peer has closed them too or this time has come.
    lingering: BTreeMap<StreamId, (Socket, Clock)>,
    listeners: BTreeMap<ListenerId, Listener>,
    /// Everything that may be ready and wanted.
    hot: BTreeSet<Hot>,
    /// What is reported once: signals, and the ends of programs.
    once: VecDeque<Ready>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hot {
    Listener(ListenerId),
    Stream(StreamId),
}

#[derive(Debug)]
struct Stream {
    channel: DescriptorStream,
    connecting: bool,
    can_read: bool,
    can_write: bool,
    wants_read: bool,
    wants_write: bool,
}

#[derive(Debug)]
struct Listener {
    socket: Socket,
    ready: bool,
    wanted: bool,
}

impl Watch {
    /// Takes up a new stream; the kernel says at the next look what it can do.
    fn open(&mut self, stream: StreamId, channel: DescriptorStream, connecting: bool) -> Result<(), IoError> {
        let registry = self.poll.registry();
        let (mut can_read, mut can_write) = (false, false);
        for (side, fd) in channel.descriptors() {
            match register(registry, fd, encode(stream, side), side) {
                Ok(()) => {}
                // A regular file or /dev/null, which the kernel does not watch because they never block.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => match side {
                    Side::Read => can_read = true,
                    Side::Write => can_write = true,
                    Side::Both => (can_read, can_write) = (true, true),
                },
                Err(error) => return Err(io_error(&error)),
            }
        }
        let (wants_read, wants_write) = (false, false);
        let state = Stream { channel, connecting, can_read, can_write, wants_read, wants_write };
        self.streams.insert(stream, state);
        Ok(())
    }

    /// Takes a stream away. Its descriptors stay registered until they are closed.
    fn forget(&mut self, stream: StreamId) -> Option<Stream> {
        self.hot.remove(&Hot::Stream(stream));
        self.streams.remove(&stream)
    }

    fn stop_lingering(&mut self) {
        if !self.lingering.is_empty() {
            let now = Clock::now();
            self.lingering.retain(|_, (_, until)| *until > now);
        }
    }

    /// Keeps `hot` true to a stream's state.
    fn settle(&mut self, stream: StreamId) {
        if self.streams.get(&stream).is_some_and(Stream::is_hot) {
            self.hot.insert(Hot::Stream(stream));
        } else {
            self.hot.remove(&Hot::Stream(stream));
        }
    }

    /// Everything that is ready now. What turned out not to be is no longer hot.
    fn collect(&mut self, ready: &mut Vec<Ready>) {
        ready.extend(self.once.drain(..));
        let (streams, listeners) = (&self.streams, &self.listeners);
        self.hot.retain(|&hot| {
            let before = ready.len();
            match hot {
                Hot::Listener(id) => {
                    if listeners.get(&id).is_some_and(|state| state.ready && state.wanted) {
                        ready.push(Ready::Acceptable(id));
                    }
                }
                Hot::Stream(id) => {
                    if let Some(state) = streams.get(&id) {
                        state.report(id, ready);
                    }
                }
            }
            ready.len() > before
        });
    }
}

impl Stream {
    fn is_hot(&self) -> bool {
        let decided = self.connecting && self.can_write;
        decided || (self.can_read && self.wants_read) || (self.can_write && self.wants_write)
    }

    fn report(&self, id: StreamId, ready: &mut Vec<Ready>) {
        if self.connecting {
            if self.can_write {
                ready.push(Ready::Connected(id));
            }
            return;
        }
        if self.can_read && self.wants_read {
            ready.push(Ready::Readable(id));
        }
        if self.can_write && self.wants_write {
            ready.push(Ready::Writable(id));
        }
    }
}

impl EventLog for MioHost {
    fn log(&self, event: &Event) {
        self.machine.log(event);
    }
}

impl Host for MioHost {
    fn now(&self) -> Now {
        self.machine.now()
    }

    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        let open = || {
            let socket = unix::listen(address, options)?;
            let local = unix::local(&socket)?;
            let mut watch = self.watch.borrow_mut();
            let token = encode_listener(listener);
            register(watch.poll.registry(), socket.as_raw_fd(), token, Side::Read)?;
            watch.listeners.insert(listener, Listener { socket, ready: false, wanted: true });
            Ok(local)
        };
        open().map_err(|error| io_error(&error))
    }

    fn unlisten(&self, listener: ListenerId) {
        let mut watch = self.watch.borrow_mut();
        watch.hot.remove(&Hot::Listener(listener));
        watch.listeners.remove(&listener);
    }

    fn set_accepting(&self, listener: ListenerId, wanted: bool) {
        let mut watch = self.watch.borrow_mut();
        if let Some(state) = watch.listeners.get_mut(&listener) {
            state.wanted = wanted;
            watch.hot.insert(Hot::Listener(listener));
        }
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        let mut watch = self.watch.borrow_mut();
        let state = watch.listeners.get_mut(&listener).ok_or(IoError::NotConnected)?;
        match unix::accept(&state.socket).map_err(|error| io_error(&error)) {
            Ok((socket, ends)) => {
                watch.open(stream, DescriptorStream::Socket(socket), false)?;
                Ok(ends)
            }
            Err(IoError::WouldBlock) => {
                state.ready = false;
                watch.hot.remove(&Hot::Listener(listener));
                Err(IoError::WouldBlock)
            }
            Err(error) => Err(error),
        }
    }

    fn connect(
        &self,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        let socket = unix::dial(local, remote, options).map_err(|error| io_error(&error))?;
        self.watch.borrow_mut().open(stream, DescriptorStream::Socket(socket), true)
    }

    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError> {
        let outcome = self.with_stream(stream, |state| {
            let socket = state.channel.socket().ok_or(IoError::NotConnected)?;
            let outcome = unix::connected(socket).map_err(|error| io_error(&error));
            match outcome {
                Err(IoError::WouldBlock) => state.can_write = false,
                _ => state.connecting = false,
            }
            outcome
        });
        if outcome.is_err_and(|error| error != IoError::WouldBlock) {
            self.watch.borrow_mut().forget(stream);
        }
        outcome
    }

    fn set_interest(&self, stream: StreamId, read: bool, write: bool) {
        // An unknown stream has no interests.
        let _ = self.with_stream(stream, |state| {
            (state.wants_read, state.wants_write) = (read, write);
            Ok(())
        });
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        self.with_stream(stream, |state| state.channel.read(into, || state.can_read = false))
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        self.with_stream(stream, |state| state.channel.write(bytes, || state.can_write = false))
    }

    fn shutdown(&self, stream: StreamId) {
        let _ = self.with_stream(stream, |state| {
            state.channel.shutdown();
            Ok(())
        });
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        let mut watch = self.watch.borrow_mut();
        if let Some(socket) = watch.forget(stream).and_then(|state| state.channel.close(how)) {
            watch.lingering.insert(stream, (socket, Clock::now() + unix::LINGER));
        }
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        let started = self.machine.start_program(stream, spec);
        let (pid, pipes) = started.map_err(|error| io_error(&error))?;
        self.watch.borrow_mut().open(stream, pipes.into(), false)?;
        Ok(pid)
    }

    fn signal_program(&self, stream: StreamId, signal: ProgramSignal) {
        self.machine.signal_program(stream, signal);
    }

    fn open_pipes(&self, stream: StreamId, paths: &PipePaths) -> Result<(), IoError> {
        let pipes = unix::open_fifos(paths).map_err(|error| io_error(&error))?;
        self.watch.borrow_mut().open(stream, pipes.into(), false)
    }

    fn read_config(&self, name: &str) -> Result<ConfigText, IoError> {
        self.machine.read_config(name)
    }

    fn set_ttl(&self, stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>) {
        // One that is gone needs no TTL.
        let _ = self.with_stream(stream, |state| {
            let socket = state.channel.socket().ok_or(IoError::NotConnected)?;
            unix::set_accepted_ttl(socket, ttl, min_ttl).map_err(|error| io_error(&error))
        });
    }

    fn set_keys(&self, stream: StreamId, change: &KeyChange) -> Result<(), IoError> {
        self.with_stream(stream, |state| {
            let socket = state.channel.socket().ok_or(IoError::NotConnected)?;
            unix::set_keys(socket, change).map_err(|error| io_error(&error))
        })
    }

    fn started(&self) {
        self.machine.started();
    }

    /// Blocks the thread.
    async fn farewell(&self) {
        while !self.watch.borrow().lingering.is_empty() {
            self.look(self.patience(None));
        }
    }

    /// Blocks the thread.
    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        ready.clear();
        // What is hot already goes together with what the kernel has to say, but does not wait for it.
        self.watch.borrow_mut().collect(ready);
        let hot = !ready.is_empty();
        loop {
            self.look(if hot { Some(Duration::ZERO) } else { self.patience(deadline) });
            let now = self.machine.now();
            let due = deadline.is_some_and(|deadline| deadline <= now.monotonic);
            if due {
                // What is judged at this time comes after what had come by then.
                self.look(Some(Duration::ZERO));
            }
            ready.clear();
            self.watch.borrow_mut().collect(ready);
            if due || hot || !ready.is_empty() {
                return now;
            }
        }
    }
}

/// What an event is about. A token is the stream's or listener's number and, in its two lowest bits, what the
/// descriptor is for.
enum Source {
    Signals,
    Listener(ListenerId),
    Stream(StreamId, Side),
}

const SIGNALS: Token = Token(usize::MAX);

fn encode(stream: StreamId, side: Side) -> Token {
    Token((stream.as_u64() as usize) << 2 | side as usize)
}

fn encode_listener(listener: ListenerId) -> Token {
    Token((listener.0 as usize) << 2 | 3)
}

fn decode(token: Token) -> Source {
    let number = token.0 >> 2;
    match token.0 & 3 {
        _ if token == SIGNALS => Source::Signals,
        0 => Source::Stream(StreamId::from_u64(number as u64), Side::Both),
        1 => Source::Stream(StreamId::from_u64(number as u64), Side::Read),
        2 => Source::Stream(StreamId::from_u64(number as u64), Side::Write),
        _ => Source::Listener(ListenerId(number as u32)),
    }
}

fn register(registry: &Registry, fd: RawFd, token: Token, side: Side) -> io::Result<()> {
    let interest = match side {
        Side::Both => Interest::READABLE | Interest::WRITABLE,
        Side::Read => Interest::READABLE,
        Side::Write => Interest::WRITABLE,
    };
    registry.register(&mut SourceFd(&fd), token, interest)
}
