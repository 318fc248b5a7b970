//! The real host for the `async` reactor: tokio on one thread, a task for everything that is waited for.
//!
//! tokio's sockets and pipes keep what the kernel said about them until a call finds that it would block.
//! What is added here is interest: a task that waits for something that is not wanted, or no longer there, is
//! woken when that changes.

mod stream;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker, ready};

use holdtime_core::speaker::Event;
use holdtime_core::time::{Instant, Now};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Builder;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use holdtime_host::{
    AsyncHost, CloseKind, ConfigText, Ends, ExitStatus, Host, IoError, KeyChange, ListenOptions, ListenerId,
    PipePaths, ProgramSignal, ProgramSpec, Ready, Signal, StreamId, TcpOptions,
};

use crate::event_log::EventLog;
use crate::turns::either;
use crate::unix::{self, HostOptions, Signals, UnixHost, io_error};
use stream::{Io, Listener, ReadinessWatch, TokioStream};

/// This process's machine, for a reactor made of tasks.
#[derive(Clone, Debug)]
pub struct TokioHost {
    inner: Rc<Inner>,
}

/// Runs a reactor on a runtime of its own, on this thread.
///
/// # Errors
/// The runtime or the host could not be made: no file descriptor or no memory left.
pub fn run_tokio<T, F: Future<Output = T>>(
    host_options: HostOptions,
    reactor: impl FnOnce(TokioHost) -> F,
) -> io::Result<T> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async { Ok(reactor(TokioHost::new(host_options)?).await) })
}

#[derive(Debug)]
struct Inner {
    machine: UnixHost,
    signals: Signals,
    table: RefCell<Table>,
    /// The connections that were closed gracefully and whose peers have not closed them yet.
    lingering: RefCell<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Table {
    streams: BTreeMap<StreamId, TokioStream>,
    listeners: BTreeMap<ListenerId, Listener>,
    /// Signals that nobody has collected yet, oldest first.
    signalled: VecDeque<Signal>,
    /// Ends of programs that nobody has collected yet.
    exited: BTreeMap<StreamId, ExitStatus>,
    /// Who waits for one of these; all look when the bell rings.
    waiting: Vec<Waker>,
}

impl TokioHost {
    /// Takes over the process's signals; one such host a process. Inside a runtime with I/O and time, and a
    /// [`LocalSet`].
    ///
    /// # Errors
    /// No file descriptor or no memory left.
    pub fn new(host_options: HostOptions) -> io::Result<Self> {
        let signals = Signals::install()?;
        let bell = UnixStream::from_std(signals.bell()?)?;
        let inner = Rc::new(Inner {
            machine: UnixHost::new(host_options),
            signals,
            table: RefCell::default(),
            lingering: RefCell::default(),
        });
        spawn_local(answer_bell(bell, Rc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// As [`MioHost::lose_arrivals`](crate::mio_host::MioHost::lose_arrivals).
    ///
    /// # Errors
    /// The stream or listener is not known, or the kernel has no socket filters.
    pub fn lose_arrivals(&self, at: Result<StreamId, ListenerId>, above: Option<u32>) -> io::Result<()> {
        let table = self.inner.table.borrow();
        let socket = match at {
            Ok(stream) => match table.streams.get(&stream).map(|state| &state.io) {
                Some(Io::Socket(socket)) => SockRef::from(socket),
                _ => return Err(io::ErrorKind::NotConnected.into()),
            },
            Err(listener) => match table.listeners.get(&listener) {
                Some(state) => SockRef::from(&state.socket),
                None => return Err(io::ErrorKind::NotConnected.into()),
            },
        };
        unix::lose_arrivals(&socket, above)
    }

    /// Takes up a new stream. One that connects is waited for as writable.
    fn open(&self, stream: StreamId, io: Io, connecting: bool) {
        let write = ReadinessWatch { wanted: connecting, waiting: None };
        let state = TokioStream { io, connecting, read: ReadinessWatch::default(), write };
        self.inner.table.borrow_mut().streams.insert(stream, state);
    }

    /// Polls one thing of a stream; an error once the stream is gone.
    fn poll_stream(
        &self,
        stream: StreamId,
        poll: impl FnOnce(&mut TokioStream) -> Poll<()>,
    ) -> Poll<Result<(), IoError>> {
        match self.inner.table.borrow_mut().streams.get_mut(&stream) {
            Some(state) => poll(state).map(Ok),
            None => Poll::Ready(Err(IoError::NotConnected)),
        }
    }

    /// Everything that is ready now.
    fn collect(&self, cx: &mut Context<'_>, found: &mut Vec<Ready>) {
        if let Poll::Ready(signal) = self.poll_bell(cx, |table| table.signalled.pop_front()) {
            found.push(Ready::Signalled(signal));
        }
        if let Poll::Ready((stream, status)) = self.poll_bell(cx, |table| table.exited.pop_first()) {
            found.push(Ready::Exited(stream, status));
        }
        let table = &mut *self.inner.table.borrow_mut();
        for (&listener, state) in &mut table.listeners {
            if state.poll_acceptable(cx).is_ready() {
                found.push(Ready::Acceptable(listener));
            }
        }
        for (&stream, state) in &mut table.streams {
            if state.poll_readable(cx).is_ready() {
                found.push(Ready::Readable(stream));
            }
            if state.poll_writable(cx).is_ready() {
                found.push(if state.connecting { Ready::Connected(stream) } else { Ready::Writable(stream) });
            }
        }
    }

    /// Ready when `wanted` finds what it looks for among what came from signals.
    fn poll_bell<T>(&self, cx: &mut Context<'_>, wanted: impl Fn(&mut Table) -> Option<T>) -> Poll<T> {
        let mut table = self.inner.table.borrow_mut();
        if let Some(found) = wanted(&mut table) {
            return Poll::Ready(found);
        }
        if !table.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            table.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// How many events tokio takes from the kernel at a time.
const EVENTS: usize = 1024;

/// Lets every task go first for which the kernel has something by now.
///
/// tokio finds I/O and timers in one look at the kernel, and runs the task that called [`run_tokio`] before all others that
/// this has woken. So whoever is ready goes on to its next wait, the kernel is asked once more, and whoever that has woken
/// goes too. Tasks run in the order in which they were woken: an empty one that is started now comes behind them.
async fn after_the_ready(streams: usize) {
    let everybody = || async { drop(spawn_local(async {}).await) };
    everybody().await;
    for _ in 0..=2 * streams / EVENTS {
        tokio::task::yield_now().await;
        everybody().await;
    }
}

/// Keeps a connection that was closed gracefully until the peer has closed it too, or for long enough.
async fn linger(socket: TcpStream) {
    let ended = async {
        while socket.readable().await.is_ok() && unix::discard(&socket) {
            // It would block, perhaps: the runtime is to forget that it was readable.
            let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        }
    };
    either(ended, tokio::time::sleep(unix::LINGER)).await;
}

/// Collects signals and the ends of programs when the bell rings, and wakes whoever waits for them.
async fn answer_bell(bell: UnixStream, host: Weak<Inner>) {
    while bell.readable().await.is_ok() {
        // Until it would block: then the runtime forgets that it was readable.
        while matches!(bell.try_read(&mut [0; 64]), Ok(1..)) {}
        let Some(inner) = host.upgrade() else { return };
        let table = &mut *inner.table.borrow_mut();
        let Table { signalled, exited, .. } = table;
        inner.machine.answer(
            &inner.signals,
            |signal| signalled.push_back(signal),
            |stream, status| {
                exited.insert(stream, status);
            },
        );
        table.waiting.drain(..).for_each(Waker::wake);
    }
}

impl EventLog for TokioHost {
    fn log(&self, event: &Event) {
        self.inner.machine.log(event);
    }
}

impl Host for TokioHost {
    fn now(&self) -> Now {
        self.inner.machine.now()
    }

    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        let open = || {
            let socket = TcpListener::from_std(unix::listen(address, options)?.into())?;
            let local = socket.local_addr()?;
            let watch = ReadinessWatch { wanted: true, waiting: None };
            let listeners = &mut self.inner.table.borrow_mut().listeners;
            listeners.insert(listener, Listener { socket, watch, taken: None });
            Ok(local)
        };
        open().map_err(|error: io::Error| io_error(&error))
    }

    fn unlisten(&self, listener: ListenerId) {
        if let Some(mut state) = self.inner.table.borrow_mut().listeners.remove(&listener) {
            state.watch.wake();
        }
    }

    fn set_accepting(&self, listener: ListenerId, wanted: bool) {
        if let Some(state) = self.inner.table.borrow_mut().listeners.get_mut(&listener) {
            state.watch.want(wanted);
        }
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        let taken = {
            let mut table = self.inner.table.borrow_mut();
            let state = table.listeners.get_mut(&listener).ok_or(IoError::NotConnected)?;
            // Whoever accepts waits again before long, so the waker need not be a real one. tokio would stop a task after 128.
            let taking = tokio::task::unconstrained(poll_fn(|cx| state.poll_taken(cx)));
            let _ = std::pin::pin!(taking).poll(&mut Context::from_waker(Waker::noop()));
            state.taken.take().ok_or(IoError::WouldBlock)?
        };
        let accept = || {
            let socket = taken?;
            let ends = unix::accepted(&SockRef::from(&socket))?;
            self.open(stream, Io::Socket(socket), false);
            Ok(ends)
        };
        accept().map_err(|error: io::Error| io_error(&error))
    }

    fn connect(
        &self,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        let dial = || Io::socket(unix::dial(local, remote, options)?.into());
        self.open(stream, dial().map_err(|error| io_error(&error))?, true);
        Ok(())
    }

    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError> {
        let mut table = self.inner.table.borrow_mut();
        let state = table.streams.get_mut(&stream).ok_or(IoError::NotConnected)?;
        let Io::Socket(socket) = &state.io else { return Err(IoError::NotConnected) };
        // `try_io` forgets that the socket was writable where the attempt is not decided.
        let outcome = socket.try_io(Interest::WRITABLE, || unix::connected(&SockRef::from(socket)));
        match outcome.map_err(|error| io_error(&error)) {
            Ok(ends) => {
                state.connecting = false;
                state.write.wanted = false;
                Ok(ends)
            }
            Err(IoError::WouldBlock) => Err(IoError::WouldBlock),
            Err(error) => {
                table.streams.remove(&stream);
                Err(error)
            }
        }
    }

    fn set_interest(&self, stream: StreamId, read: bool, write: bool) {
        if let Some(state) = self.inner.table.borrow_mut().streams.get_mut(&stream) {
            state.read.want(read);
            state.write.want(write);
        }
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        let table = self.inner.table.borrow();
        let state = table.streams.get(&stream).ok_or(IoError::NotConnected)?;
        state.io.read(into)
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        let table = self.inner.table.borrow();
        let state = table.streams.get(&stream).ok_or(IoError::NotConnected)?;
        state.io.write(bytes)
    }

    fn shutdown(&self, stream: StreamId) {
        if let Some(state) = self.inner.table.borrow_mut().streams.get_mut(&stream) {
            match &mut state.io {
                Io::Socket(socket) => unix::shutdown(&SockRef::from(&*socket)),
                Io::Pipes { write, .. } => *write = None,
            }
        }
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        let state = self.inner.table.borrow_mut().streams.remove(&stream);
        if let Some(mut state) = state {
            state.read.wake();
            state.write.wake();
            if let Io::Socket(socket) = state.io
                && unix::close(&SockRef::from(&socket), how)
            {
                let mut lingering = self.inner.lingering.borrow_mut();
                lingering.retain(|task| !task.is_finished());
                lingering.push(spawn_local(linger(socket)));
            }
        }
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        let machine = &self.inner.machine;
        let start = || {
            let (pid, pipes) = machine.start_program(stream, spec)?;
            self.open(stream, Io::pipes(pipes)?, false);
            Ok(pid)
        };
        start().map_err(|error: io::Error| io_error(&error))
    }

    fn signal_program(&self, stream: StreamId, signal: ProgramSignal) {
        self.inner.machine.signal_program(stream, signal);
    }

    fn open_pipes(&self, stream: StreamId, paths: &PipePaths) -> Result<(), IoError> {
        let open = || Io::pipes(unix::open_fifos(paths)?);
        self.open(stream, open().map_err(|error| io_error(&error))?, false);
        Ok(())
    }

    fn read_config(&self, name: &str) -> Result<ConfigText, IoError> {
        self.inner.machine.read_config(name)
    }

    fn set_ttl(&self, stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>) {
        if let Some(TokioStream { io: Io::Socket(socket), .. }) =
            self.inner.table.borrow().streams.get(&stream)
        {
            // One that is gone needs no TTL.
            let _ = unix::set_accepted_ttl(&SockRef::from(socket), ttl, min_ttl);
        }
    }

    fn set_keys(&self, stream: StreamId, change: &KeyChange) -> Result<(), IoError> {
        match self.inner.table.borrow().streams.get(&stream) {
            Some(TokioStream { io: Io::Socket(socket), .. }) => {
                unix::set_keys(&SockRef::from(socket), change).map_err(|error| io_error(&error))
            }
            _ => Err(IoError::NotConnected),
        }
    }

    fn started(&self) {
        self.inner.machine.started();
    }

    async fn farewell(&self) {
        let lingering = self.inner.lingering.take();
        for task in lingering {
            // Its end, however it came.
            let _ = task.await;
        }
    }

    /// Looks at every stream each time it is woken; a reactor of tasks does not use it.
    async fn wait(&self, deadline: Option<Instant>, found: &mut Vec<Ready>) -> Now {
        let mut sleep = std::pin::pin!(async {
            match deadline {
                Some(deadline) => self.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        });
        found.clear();
        // What is ready already goes together with what the kernel has to say, but does not wait for it.
        tokio::task::yield_now().await;
        // tokio lets a task look at no more than 128 things at a time, unless it says that it knows what it does.
        tokio::task::unconstrained(async {
            poll_fn(|cx| {
                self.collect(cx, found);
                if found.is_empty() { sleep.as_mut().poll(cx) } else { Poll::Ready(()) }
            })
            .await;
            let now = self.now();
            if deadline.is_some_and(|deadline| deadline <= now.monotonic) {
                // What came no later than that; the kernel is asked before the task runs again.
                tokio::task::yield_now().await;
                found.clear();
                poll_fn(|cx| {
                    self.collect(cx, found);
                    Poll::Ready(())
                })
                .await;
            }
            now
        })
        .await
    }
}

impl AsyncHost for TokioHost {
    type Task = Joined;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Joined {
        Joined(spawn_local(task))
    }

    async fn readable(&self, stream: StreamId) -> Result<(), IoError> {
        // tokio runs dozens of tasks that are ready before it asks the kernel who else is: those that always are, such as
        // readers of programs that write without end, let it ask first.
        tokio::task::yield_now().await;
        poll_fn(|cx| self.poll_stream(stream, |state| state.poll_readable(cx))).await
    }

    async fn writable(&self, stream: StreamId) -> Result<(), IoError> {
        poll_fn(|cx| self.poll_stream(stream, |state| state.poll_writable(cx))).await
    }

    async fn connected(&self, stream: StreamId) -> Result<(), IoError> {
        self.writable(stream).await
    }

    async fn acceptable(&self, listener: ListenerId) -> Result<(), IoError> {
        poll_fn(|cx| match self.inner.table.borrow_mut().listeners.get_mut(&listener) {
            Some(state) => state.poll_acceptable(cx).map(Ok),
            None => Poll::Ready(Err(IoError::NotConnected)),
        })
        .await
    }

    async fn exited(&self, stream: StreamId) -> ExitStatus {
        poll_fn(|cx| self.poll_bell(cx, |table| table.exited.remove(&stream))).await
    }

    async fn signalled(&self) -> Signal {
        poll_fn(|cx| self.poll_bell(cx, |table| table.signalled.pop_front())).await
    }

    async fn sleep_until(&self, deadline: Instant) {
        match self.inner.machine.clock(deadline) {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
        let streams = self.inner.table.borrow().streams.len();
        after_the_ready(streams).await;
    }
}

/// The end of a task.
#[derive(Debug)]
pub struct Joined(JoinHandle<()>);

impl Future for Joined {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A task that panicked has ended too; the panic was printed.
        drop(ready!(Pin::new(&mut self.0).poll(cx)));
        Poll::Ready(())
    }
}
