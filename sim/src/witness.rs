//! A [`Host`] that remembers what each task waits for, and since when: the raw material of certificates.
//!
//! It passes every call on and changes nothing; a reactor cannot tell it from the host inside.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use holdtime_core::config::ConfigText;
use holdtime_core::speaker::{
    CloseKind, Event, ExitStatus, IoError, ListenOptions, ListenerId, PipePaths, ProgramSignal, ProgramSpec,
    Signal, StreamId, TcpOptions,
};
use holdtime_core::time::{Instant, Now};
use holdtime_reactor::{AsyncHost, Ends, Host, Ready};

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// Everything at once, or the deadline.
    Anything(Option<Instant>),
    /// Bytes on a stream.
    Readable(StreamId),
    /// Room on a stream.
    Writable(StreamId),
    /// The outcome of dialling.
    Connected(StreamId),
    /// A connection.
    Acceptable(ListenerId),
    /// A program's end.
    Exited(StreamId),
    /// A signal to the process.
    Signalled,
    /// A time.
    Sleep(Instant),
}

/// One wait that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// For what.
    pub what: WaitFor,
    /// Since when.
    pub since: Instant,
}

/// The waits that have not ended, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Waits(Rc<RefCell<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Wait>,
}

impl Waits {
    /// What is waited for now.
    pub fn open(&self) -> Vec<Wait> {
        self.0.borrow().open.values().copied().collect()
    }

    /// Remembers a wait until what is returned is dropped.
    fn enter(&self, what: WaitFor, since: Instant) -> Entry {
        let mut table = self.0.borrow_mut();
        let number = table.next;
        table.next += 1;
        table.open.insert(number, Wait { what, since });
        Entry { waits: self.clone(), number }
    }
}

struct Entry {
    waits: Waits,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.waits.0.borrow_mut().open.remove(&self.number);
    }
}

/// A host and the memory of who waits on it.
#[derive(Clone, Debug)]
pub struct Witness<H> {
    inner: H,
    waits: Waits,
}

impl<H: Host> Witness<H> {
    /// Watches the waits on this host.
    pub fn new(inner: H) -> Self {
        Self { inner, waits: Waits::default() }
    }

    /// What is remembered.
    pub fn waits(&self) -> Waits {
        self.waits.clone()
    }

    async fn watch<T>(&self, what: WaitFor, wait: impl Future<Output = T>) -> T {
        let _entry = self.waits.enter(what, self.inner.now().monotonic);
        wait.await
    }
}

impl<H: Host> Host for Witness<H> {
    fn now(&self) -> Now {
        self.inner.now()
    }

    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        self.inner.listen(listener, address, options)
    }

    fn unlisten(&self, listener: ListenerId) {
        self.inner.unlisten(listener);
    }

    fn set_accepting(&self, listener: ListenerId, wanted: bool) {
        self.inner.set_accepting(listener, wanted);
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        self.inner.accept(listener, stream)
    }

    fn connect(
        &self,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        self.inner.connect(stream, local, remote, options)
    }

    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError> {
        self.inner.finish_connect(stream)
    }

    fn set_interest(&self, stream: StreamId, read: bool, write: bool) {
        self.inner.set_interest(stream, read, write);
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        self.inner.read(stream, into)
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        self.inner.write(stream, bytes)
    }

    fn shutdown(&self, stream: StreamId) {
        self.inner.shutdown(stream);
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        self.inner.close(stream, how);
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        self.inner.start_program(stream, spec)
    }

    fn signal_program(&self, stream: StreamId, signal: ProgramSignal) {
        self.inner.signal_program(stream, signal);
    }

    fn open_pipes(&self, stream: StreamId, paths: &PipePaths) -> Result<(), IoError> {
        self.inner.open_pipes(stream, paths)
    }

    fn read_config(&self, name: &str) -> Result<ConfigText, IoError> {
        self.inner.read_config(name)
    }

    fn log(&self, event: &Event) {
        self.inner.log(event);
    }

    fn set_ttl(&self, stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>) {
        self.inner.set_ttl(stream, ttl, min_ttl);
    }

    fn started(&self) {
        self.inner.started();
    }

    async fn farewell(&self) {
        self.inner.farewell().await;
    }

    fn computed(&self, routes: u64) {
        self.inner.computed(routes);
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        self.watch(WaitFor::Anything(deadline), self.inner.wait(deadline, ready)).await
    }
}

impl<H: AsyncHost> AsyncHost for Witness<H> {
    type Task = H::Task;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Self::Task {
        self.inner.spawn(task)
    }

    async fn readable(&self, stream: StreamId) -> Result<(), IoError> {
        self.watch(WaitFor::Readable(stream), self.inner.readable(stream)).await
    }

    async fn writable(&self, stream: StreamId) -> Result<(), IoError> {
        self.watch(WaitFor::Writable(stream), self.inner.writable(stream)).await
    }

    async fn connected(&self, stream: StreamId) -> Result<(), IoError> {
        self.watch(WaitFor::Connected(stream), self.inner.connected(stream)).await
    }

    async fn acceptable(&self, listener: ListenerId) -> Result<(), IoError> {
        self.watch(WaitFor::Acceptable(listener), self.inner.acceptable(listener)).await
    }

    async fn exited(&self, stream: StreamId) -> ExitStatus {
        self.watch(WaitFor::Exited(stream), self.inner.exited(stream)).await
    }

    async fn signalled(&self) -> Signal {
        self.watch(WaitFor::Signalled, self.inner.signalled()).await
    }

    async fn sleep_until(&self, deadline: Instant) {
        self.watch(WaitFor::Sleep(deadline), self.inner.sleep_until(deadline)).await;
    }
}
