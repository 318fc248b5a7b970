//! `Host` and `AsyncHost` over turmoil's sockets and tokio's paused clock.
//!
//! turmoil's sockets are futures, a `Host` wants calls that return at once: so every stream has two tasks that move
//! octets between its socket and a [`Channel`] of 64 KiB in each direction.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use holdtime_core::speaker::{
    CloseKind, ConfigText, Event, ExitStatus, IoError, ListenOptions, ListenerId, PipePaths, ProgramSignal,
    ProgramSpec, Signal, StreamId, TcpOptions,
};
use holdtime_core::time::{Duration, Instant, Now, Timestamp};
use holdtime_host::layer::Layer;
use holdtime_reactor::EventLog;
use holdtime_reactor::{AsyncHost, Ends, Host, Ready};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{JoinHandle, spawn_local};
use turmoil::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use turmoil::net::{TcpListener, TcpStream};

use crate::observe::witness::Witness;
use crate::turmoil::channel::{Changes, Channel};
use holdtime_machine::clock::EPOCH;
use holdtime_machine::host::SimHost;
use holdtime_machine::trace::{Step, Trace};
use holdtime_machine::world::ProcessId;

/// From sending a signal to its arrival.
const SIGNAL_DELAY: Duration = Duration::from_millis(1);

/// Runs a program on its own process; resolves with its exit code.
pub(crate) type Program = Rc<dyn Fn(TurmoilHost, &ProgramSpec) -> Pin<Box<dyn Future<Output = i32>>>>;

/// What all processes of a run share.
#[derive(Default)]
pub(crate) struct Common {
    pub(crate) changes: Changes,
    pub(crate) programs: BTreeMap<String, Program>,
    pub(crate) files: Vec<ConfigText>,
    pub(crate) trace: RefCell<Trace>,
    pub(crate) processes: Cell<u32>,
}

/// A process on a machine of turmoil's.
#[derive(Clone)]
pub struct TurmoilHost {
    common: Rc<Common>,
    process: ProcessId,
    table: Rc<RefCell<Table>>,
}

#[derive(Default)]
struct Table {
    streams: BTreeMap<StreamId, Stream>,
    listeners: BTreeMap<ListenerId, Listening>,
    children: BTreeMap<StreamId, Child>,
    signals: VecDeque<Signal>,
}

struct Stream {
    incoming: Channel,
    outgoing: Channel,
    /// `None`: not decided yet.
    connected: Option<Result<Ends, IoError>>,
    connecting: bool,
    wants_read: bool,
    wants_write: bool,
    reader: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

struct Listening {
    waiting: VecDeque<TcpStream>,
    wanted: bool,
    acceptor: JoinHandle<()>,
}

struct Child {
    status: Option<ExitStatus>,
    main: JoinHandle<()>,
}

impl Stream {
    fn new(incoming: Channel, outgoing: Channel) -> Self {
        Self {
            incoming,
            outgoing,
            connected: None,
            connecting: false,
            wants_read: false,
            wants_write: false,
            reader: None,
            writer: None,
        }
    }

    fn attach(&mut self, changes: &Changes, socket: TcpStream) {
        let (reading, writing) = socket.into_split();
        self.reader = Some(spawn_local(pump_in(reading, self.incoming.clone(), changes.clone())));
        self.writer = Some(spawn_local(pump_out(writing, self.outgoing.clone(), changes.clone())));
    }
}

impl TurmoilHost {
    pub(crate) fn new(common: &Rc<Common>) -> Self {
        let process = ProcessId(common.processes.get());
        common.processes.set(process.0 + 1);
        Self { common: common.clone(), process, table: Rc::default() }
    }

    pub(crate) fn process(&self) -> ProcessId {
        self.process
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.table.borrow_mut().signals.push_back(signal);
        self.common.changes.announce();
    }

    fn tell(&self, step: &Step<'_>) {
        self.common.trace.borrow_mut().record(elapsed(), step);
    }

    fn with<T>(
        &self,
        stream: StreamId,
        call: impl FnOnce(&mut Stream) -> Result<T, IoError>,
    ) -> Result<T, IoError> {
        call(self.table.borrow_mut().streams.get_mut(&stream).ok_or(IoError::NotConnected)?)
    }

    fn collect(&self, ready: &mut Vec<Ready>) {
        ready.clear();
        let mut table = self.table.borrow_mut();
        for (id, stream) in &table.streams {
            if stream.connecting {
                ready.extend(stream.connected.is_some().then_some(Ready::Connected(*id)));
                continue;
            }
            let readable = stream.wants_read && stream.incoming.is_readable();
            ready.extend(readable.then_some(Ready::Readable(*id)));
            let writable = stream.wants_write && stream.outgoing.is_writable();
            ready.extend(writable.then_some(Ready::Writable(*id)));
        }
        for (id, listening) in &table.listeners {
            let acceptable = listening.wanted && !listening.waiting.is_empty();
            ready.extend(acceptable.then_some(Ready::Acceptable(*id)));
        }
        table.children.retain(|id, child| {
            ready.extend(child.status.map(|status| Ready::Exited(*id, status)));
            child.status.is_none()
        });
        ready.extend(table.signals.drain(..).map(Ready::Signalled));
    }

    async fn until_stream(
        &self,
        stream: StreamId,
        is_ready: impl Fn(&Stream) -> bool,
    ) -> Result<(), IoError> {
        let answer = || match self.table.borrow().streams.get(&stream) {
            None => Some(Err(IoError::NotConnected)),
            Some(known) if is_ready(known) => Some(Ok(())),
            Some(_) => None,
        };
        self.common.changes.until(answer).await
    }

    fn end_of_child(&self, stream: StreamId, child: &Self, status: ExitStatus) {
        child.close(SimHost::STDIO, CloseKind::Graceful);
        child.tell(&Step::Exited(child.process, status));
        if let Some(known) = self.table.borrow_mut().children.get_mut(&stream) {
            known.status.get_or_insert(status);
        }
        self.common.changes.announce();
    }
}

impl EventLog for Witness<TurmoilHost> {
    fn log(&self, event: &Event) {
        let host = self.inner();
        host.tell(&Step::Logged(host.process, &event.text));
    }
}

impl Host for TurmoilHost {
    fn now(&self) -> Now {
        let monotonic = elapsed();
        let wall = EPOCH.as_nanos().saturating_add_unsigned(monotonic.as_nanos());
        Now { monotonic, wall: Timestamp::from_nanos(wall) }
    }

    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        if !options.ao.is_empty() {
            return Err(IoError::TcpAo);
        }
        // turmoil binds to every address of a machine or to its loopback, and to nothing between.
        let any = if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        } else {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        };
        let bound = if address.ip().is_loopback() { address } else { SocketAddr::new(any, address.port()) };
        let host = self.clone();
        let acceptor = spawn_local(async move {
            let Ok(socket) = TcpListener::bind(bound).await else { return };
            while let Ok((stream, _)) = socket.accept().await {
                if let Some(listening) = host.table.borrow_mut().listeners.get_mut(&listener) {
                    listening.waiting.push_back(stream);
                }
                host.common.changes.announce();
            }
        });
        let listening = Listening { waiting: VecDeque::new(), wanted: true, acceptor };
        self.table.borrow_mut().listeners.insert(listener, listening);
        self.tell(&Step::Listens(self.process, listener, Ok(address)));
        Ok(address)
    }

    fn unlisten(&self, listener: ListenerId) {
        if let Some(listening) = self.table.borrow_mut().listeners.remove(&listener) {
            listening.acceptor.abort();
        }
        self.common.changes.announce();
    }

    fn set_accepting(&self, listener: ListenerId, wanted: bool) {
        if let Some(listening) = self.table.borrow_mut().listeners.get_mut(&listener) {
            listening.wanted = wanted;
        }
        self.common.changes.announce();
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        let mut table = self.table.borrow_mut();
        let listening = table.listeners.get_mut(&listener).ok_or(IoError::NotConnected)?;
        let socket = listening.waiting.pop_front().ok_or(IoError::WouldBlock)?;
        let ends = ends_of(&socket)?;
        let mut known = Stream::new(Channel::default(), Channel::default());
        known.attach(&self.common.changes, socket);
        table.streams.insert(stream, known);
        drop(table);
        self.tell(&Step::Accepted(self.process, stream, ends.remote));
        Ok(ends)
    }

    fn connect(
        &self,
        stream: StreamId,
        _local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        if !options.ao.is_empty() {
            return Err(IoError::TcpAo);
        }
        let mut known = Stream::new(Channel::default(), Channel::default());
        known.connecting = true;
        let host = self.clone();
        known.writer = Some(spawn_local(async move {
            let outcome = TcpStream::connect(remote).await;
            if let Some(known) = host.table.borrow_mut().streams.get_mut(&stream) {
                known.connected = Some(match outcome {
                    Ok(socket) => ends_of(&socket).inspect(|_| known.attach(&host.common.changes, socket)),
                    Err(error) => Err(meaning(error.kind())),
                });
            }
            host.common.changes.announce();
        }));
        self.table.borrow_mut().streams.insert(stream, known);
        self.tell(&Step::Connects(self.process, stream, remote, Ok(())));
        Ok(())
    }

    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError> {
        let outcome = self.with(stream, |known| {
            known.connecting = known.connected.is_none();
            known.connected.unwrap_or(Err(IoError::WouldBlock))
        });
        if matches!(outcome, Err(IoError::WouldBlock)) {
            return outcome;
        }
        if outcome.is_err() {
            self.table.borrow_mut().streams.remove(&stream);
        }
        self.tell(&Step::Connected(self.process, stream, outcome.map(|ends| ends.local)));
        outcome
    }

    fn set_interest(&self, stream: StreamId, read: bool, write: bool) {
        let _ = self.with(stream, |known| {
            (known.wants_read, known.wants_write) = (read, write);
            Ok(())
        });
        self.common.changes.announce();
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        let outcome = self.with(stream, |known| known.incoming.read(into));
        if outcome != Err(IoError::WouldBlock) {
            self.common.changes.announce();
        }
        let octets = outcome.map(|count| into.get(..count).unwrap_or_default());
        self.tell(&Step::Read(self.process, stream, octets));
        outcome
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        let outcome = self.with(stream, |known| known.outgoing.write(bytes));
        if outcome != Err(IoError::WouldBlock) {
            self.common.changes.announce();
        }
        let octets = outcome.map(|count| bytes.get(..count).unwrap_or_default());
        self.tell(&Step::Wrote(self.process, stream, octets));
        outcome
    }

    fn shutdown(&self, stream: StreamId) {
        let _ = self.with(stream, |known| {
            known.outgoing.end_writing();
            Ok(())
        });
        self.tell(&Step::Shut(self.process, stream));
        self.common.changes.announce();
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        let Some(known) = self.table.borrow_mut().streams.remove(&stream) else { return };
        known.outgoing.end_writing();
        known.incoming.end_reading();
        known.reader.iter().for_each(JoinHandle::abort);
        if how == CloseKind::Reset {
            known.writer.iter().for_each(JoinHandle::abort);
        }
        self.tell(&Step::Closed(self.process, stream));
        self.common.changes.announce();
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        let path = spec.command.first().ok_or(IoError::NotFound)?;
        let program = self.common.programs.get(path).ok_or(IoError::NotFound)?;
        let child = Self::new(&self.common);
        let (down, up) = (Channel::default(), Channel::default());
        let own = Stream::new(up.clone(), down.clone());
        child.table.borrow_mut().streams.insert(SimHost::STDIO, Stream::new(down, up));
        self.table.borrow_mut().streams.insert(stream, own);
        self.tell(&Step::Started(self.process, stream, child.process, &spec.name));
        let (run, host, process) = (program(child.clone(), spec), self.clone(), child.process);
        let main = spawn_local(async move {
            let code = run.await;
            host.end_of_child(stream, &child, ExitStatus::Code(code));
        });
        self.table.borrow_mut().children.insert(stream, Child { status: None, main });
        Ok(process.0)
    }

    fn signal_program(&self, stream: StreamId, signal: ProgramSignal) {
        let number = if signal == ProgramSignal::Kill { 9 } else { 15 };
        let host = self.clone();
        drop(spawn_local(async move {
            // A program that has something to read gets the processor before the signal reaches it.
            tokio::time::sleep(SIGNAL_DELAY).await;
            if let Some(child) = host.table.borrow_mut().children.get_mut(&stream)
                && child.status.is_none()
            {
                child.main.abort();
                child.status = Some(ExitStatus::Signal(number));
            }
            host.common.changes.announce();
        }));
    }

    fn open_pipes(&self, _stream: StreamId, _paths: &PipePaths) -> Result<(), IoError> {
        Err(IoError::Unsupported)
    }

    fn read_config(&self, name: &str) -> Result<ConfigText, IoError> {
        let file = self.common.files.iter().find(|file| file.name == name).ok_or(IoError::NotFound)?;
        self.tell(&Step::Loaded(self.process, name, &file.text));
        Ok(file.clone())
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        tokio::task::yield_now().await;
        let mut sleep = Box::pin(sleep(deadline));
        poll_fn(|context: &mut Context<'_>| {
            self.collect(ready);
            if !ready.is_empty() {
                return Poll::Ready(());
            }
            self.common.changes.listen(context.waker());
            sleep.as_mut().poll(context)
        })
        .await;
        // No time has passed since it looked.
        self.now()
    }
}

impl AsyncHost for TurmoilHost {
    type Task = Pin<Box<dyn Future<Output = ()>>>;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Self::Task {
        let handle = spawn_local(task);
        Box::pin(async move { drop(handle.await) })
    }

    async fn readable(&self, stream: StreamId) -> Result<(), IoError> {
        self.until_stream(stream, |known| known.wants_read && known.incoming.is_readable()).await
    }

    async fn writable(&self, stream: StreamId) -> Result<(), IoError> {
        self.until_stream(stream, |known| known.wants_write && known.outgoing.is_writable()).await
    }

    async fn connected(&self, stream: StreamId) -> Result<(), IoError> {
        self.until_stream(stream, |known| known.connected.is_some()).await
    }

    async fn acceptable(&self, listener: ListenerId) -> Result<(), IoError> {
        let answer = || match self.table.borrow().listeners.get(&listener) {
            None => Some(Err(IoError::NotConnected)),
            Some(listening) if listening.wanted && !listening.waiting.is_empty() => Some(Ok(())),
            Some(_) => None,
        };
        self.common.changes.until(answer).await
    }

    async fn exited(&self, stream: StreamId) -> ExitStatus {
        let answer = || {
            let mut table = self.table.borrow_mut();
            let status = table.children.get(&stream)?.status?;
            table.children.remove(&stream);
            Some(status)
        };
        self.common.changes.until(answer).await
    }

    async fn signalled(&self) -> Signal {
        self.common.changes.until(|| self.table.borrow_mut().signals.pop_front()).await
    }

    async fn sleep_until(&self, deadline: Instant) {
        sleep(Some(deadline)).await;
    }
}

/// Reads a socket for as long as there is room for what it brings.
async fn pump_in(mut socket: OwnedReadHalf, channel: Channel, changes: Changes) {
    let mut buffer = vec![0; 4096];
    loop {
        let read = socket.read(&mut buffer).await;
        let count = match read {
            Ok(0) => {
                channel.end_writing();
                return changes.announce();
            }
            Ok(count) => count,
            Err(error) => {
                channel.fail(meaning(error.kind()));
                return changes.announce();
            }
        };
        let mut rest = buffer.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            changes.until(|| channel.is_writable().then_some(())).await;
            let Ok(count) = channel.write(rest) else { return };
            rest = rest.get(count..).unwrap_or_default();
            changes.announce();
        }
    }
}

/// Writes to a socket whatever there is, and its end.
async fn pump_out(mut socket: OwnedWriteHalf, channel: Channel, changes: Changes) {
    let mut buffer = vec![0; 4096];
    loop {
        changes.until(|| channel.is_readable().then_some(())).await;
        let Ok(count @ 1..) = channel.read(&mut buffer) else {
            drop(socket.shutdown().await);
            return;
        };
        changes.announce();
        if let Err(error) = socket.write_all(buffer.get(..count).unwrap_or_default()).await {
            channel.fail(meaning(error.kind()));
            return changes.announce();
        }
    }
}

async fn sleep(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(deadline - elapsed()).await,
        None => std::future::pending().await,
    }
}

/// The time of the simulation, which every machine of turmoil's shares.
fn elapsed() -> Instant {
    Instant::ZERO + turmoil::sim_elapsed().unwrap_or_default()
}

fn ends_of(socket: &TcpStream) -> Result<Ends, IoError> {
    let failed = |error: std::io::Error| meaning(error.kind());
    Ok(Ends { local: socket.local_addr().map_err(failed)?, remote: socket.peer_addr().map_err(failed)? })
}

fn meaning(kind: ErrorKind) -> IoError {
    match kind {
        ErrorKind::ConnectionRefused => IoError::ConnectionRefused,
        ErrorKind::ConnectionReset => IoError::ConnectionReset,
        ErrorKind::BrokenPipe => IoError::BrokenPipe,
        ErrorKind::TimedOut => IoError::TimedOut,
        ErrorKind::AddrInUse => IoError::AddressInUse,
        ErrorKind::AddrNotAvailable => IoError::AddressNotAvailable,
        _ => IoError::NotConnected,
    }
}
