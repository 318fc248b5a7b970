//! A [`Host`] that remembers what each task waits for, and since when: the raw material of certificates.
//!
//! It passes every call on and changes nothing; a reactor cannot tell it from the host inside.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use holdtime_core::speaker::Event;
use holdtime_host::layer::{AsyncLayer, Layer};
use holdtime_host::time::{Instant, Now};
use holdtime_host::{AsyncHost, ExitStatus, Host, IoError, ListenerId, Ready, Signal, StreamId};
use holdtime_machine::SimHost;
use holdtime_machine::executor::TaskId;
use holdtime_reactor::EventLog;

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
    /// Whose it is, once the turn in which it was begun is over.
    pub task: Option<TaskId>,
}

/// The waits that have not ended, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Waits(Rc<RefCell<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Wait>,
    /// From here on waits were begun in a turn that is not over.
    fresh: u64,
}

impl Waits {
    /// What is waited for now.
    pub fn open(&self) -> Vec<Wait> {
        self.0.borrow().open.values().copied().collect()
    }

    /// The same, each with a number that no other wait has.
    pub(crate) fn numbered(&self) -> Vec<(u64, Wait)> {
        self.0.borrow().open.iter().map(|(number, wait)| (*number, *wait)).collect()
    }

    /// Which kinds of things are waited for now, a bit each.
    pub(crate) fn kinds(&self) -> u64 {
        let kind = |wait: &Wait| match wait.what {
            WaitFor::Anything(None) => 1,
            WaitFor::Anything(Some(_)) => 2,
            WaitFor::Readable(_) => 4,
            WaitFor::Writable(_) => 8,
            WaitFor::Connected(_) => 16,
            WaitFor::Acceptable(_) => 32,
            WaitFor::Exited(_) => 64,
            WaitFor::Signalled => 128,
            WaitFor::Sleep(_) => 256,
        };
        self.0.borrow().open.values().fold(0, |all, wait| all | kind(wait))
    }

    /// The turn of this task is over: what was begun in it is its own.
    pub(crate) fn belong_to(&self, task: TaskId) {
        let mut table = self.0.borrow_mut();
        let (fresh, next) = (table.fresh, table.next);
        table.fresh = next;
        table.open.range_mut(fresh..next).for_each(|(_, wait)| wait.task = Some(task));
    }

    /// Remembers a wait until what is returned is dropped.
    pub(crate) fn enter(&self, what: WaitFor, since: Instant) -> WaitEntry {
        let mut table = self.0.borrow_mut();
        let number = table.next;
        table.next += 1;
        table.open.insert(number, Wait { what, since, task: None });
        WaitEntry { waits: self.clone(), number }
    }
}

/// A wait that lasts until this is dropped.
pub(crate) struct WaitEntry {
    waits: Waits,
    number: u64,
}

impl Drop for WaitEntry {
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

impl<H: Host> Layer for Witness<H> {
    type Inner = H;

    fn inner(&self) -> &H {
        &self.inner
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        self.watch(WaitFor::Anything(deadline), self.inner.wait(deadline, ready)).await
    }
}

impl EventLog for Witness<SimHost> {
    fn log(&self, event: &Event) {
        self.inner.log(&event.text);
    }
}

impl<H: AsyncHost> AsyncLayer for Witness<H> {
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
