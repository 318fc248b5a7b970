//! The `async` reactor: a task for everything that can be waited for.
//!
//! ```text
//! each stream     reader: readable → read_stream          writer: writable → fill_stream
//! each dialling   connected → finish_connect              each listener: acceptable → accept_all
//! each program    exited → program_exited                 signals: signalled → signalled
//! the reactor     the deadline or a notification → timeouts
//! ```
//!
//! A task waits for readiness, then does its piece and the canonical drain without waiting for anything, and
//! lets the others run. So the driver is never borrowed across an await, nothing that was read can be lost,
//! and no read is ever timed out: timers belong to the core and wait beside the streams, not around them.
//!
//! What a reactor of tasks can decide otherwise is a [`Policy`]. [`DefaultPolicy`] is all of its defaults, and ships.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdtime_core::speaker::Speaker;
use holdtime_core::time::{Instant, Now};

use holdtime_host::{AsyncHost, ListenerId, StreamId};

use crate::driver::{Driver, NewSource, Recorder, StreamKind};
use crate::event_log::EventLog;
use crate::turns::{Notify, either, yield_now};

/// Runs a speaker until it has finished; returns the exit status. Tasks that still wait then, wait for ever.
pub async fn run<H: AsyncHost + EventLog>(host: H, speaker: Speaker, recorder: Option<Recorder>) -> u8 {
    run_with(host, speaker, recorder, DefaultPolicy).await
}

/// The same with another policy.
pub async fn run_with<H: AsyncHost + EventLog, P: Policy>(
    host: H,
    speaker: Speaker,
    recorder: Option<Recorder>,
    policy: P,
) -> u8 {
    let mut driver = Driver::new(host.clone(), speaker);
    if let Some(recorder) = recorder {
        driver.record(recorder);
    }
    let shared = Rc::new(Shared { driver: RefCell::new(driver), host, notify: Notify::default(), policy });
    drop(shared.host.spawn(signals(shared.clone())));
    shared.work(Driver::start);
    if shared.exit_code().is_none() {
        shared.host.started();
    }
    loop {
        if let Some(code) = shared.exit_code() {
            shared.host.farewell().await;
            return code;
        }
        P::turn(&shared).await;
        // What is overdue is done a slice at a time, and between two slices everybody else has a turn.
        yield_now().await;
    }
}

/// What a reactor of tasks decides. The lab's defective reactors decide one thing otherwise.
pub trait Policy: Sized + 'static {
    /// Starts the tasks of a stream that can be read and written from now on.
    fn attend<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>, stream: StreamId, kind: StreamKind) {
        let _ = kind;
        shared.attend_stream(stream);
    }

    /// Whether the drain passes over what there is to send on a stream, so that only its own tasks send it.
    fn withholds(&self, stream: StreamId) -> bool {
        let _ = stream;
        false
    }

    /// One turn of the main task: waits for something, and does it.
    fn turn<H: AsyncHost + EventLog>(shared: &Rc<Shared<H, Self>>) -> impl Future<Output = ()> {
        shared.wait_for_timeouts()
    }
}

/// What ships: all is as [`Policy`] has it by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPolicy;

impl Policy for DefaultPolicy {}

/// What the tasks share.
#[derive(Debug)]
pub struct Shared<H, P> {
    driver: RefCell<Driver<H>>,
    host: H,
    /// Wakes the main task: the deadline has come closer, or the speaker has finished.
    notify: Notify,
    policy: P,
}

impl<H: AsyncHost + EventLog, P: Policy> Shared<H, P> {
    /// Does one piece and drains; starts the tasks of what is new. The only place that borrows the driver for
    /// change, and it never waits.
    pub fn work(self: &Rc<Self>, piece: impl FnOnce(&mut Driver<H>, Now)) {
        let mut driver = self.driver.borrow_mut();
        let now = self.host.now();
        let before = driver.deadline().unwrap_or(Instant::MAX);
        piece(&mut driver, now);
        driver.drain_where(now, |stream| !self.policy.withholds(stream));
        while let Some(source) = driver.poll_new_source() {
            self.attend(&driver, source);
        }
        if driver.exit_code().is_some() || driver.deadline().unwrap_or(Instant::MAX) < before {
            self.notify.notify();
        }
    }

    /// Starts the tasks that wait for something new.
    fn attend(self: &Rc<Self>, driver: &Driver<H>, source: NewSource) {
        match source {
            NewSource::Dialling(stream) => drop(self.host.spawn(dialler(self.clone(), stream))),
            NewSource::Program(stream) => drop(self.host.spawn(exit_waiter(self.clone(), stream))),
            NewSource::Listener(listener) => drop(self.host.spawn(acceptor(self.clone(), listener))),
            NewSource::Stream(stream) => {
                // One that is closed already has nothing to wait for.
                if let Some(kind) = driver.kind(stream) {
                    P::attend(self, stream, kind);
                }
            }
        }
    }

    /// Gives a stream a reader and a writer.
    pub fn attend_stream(self: &Rc<Self>, stream: StreamId) {
        drop(self.host.spawn(reader(self.clone(), stream)));
        drop(self.host.spawn(writer(self.clone(), stream)));
    }

    /// Waits until timers are due, and serves them; or for a notification.
    pub async fn wait_for_timeouts(self: &Rc<Self>) {
        let due = Cell::new(false);
        either(self.notify.notified(), async {
            self.sleep().await;
            due.set(true);
        })
        .await;
        // A notification alone says that there is another deadline, and not that whoever is ready has had its turn before it.
        if due.get() {
            self.work(Driver::timeouts);
        }
    }

    /// Resolves when timers are due, or with a notification.
    pub async fn deadline_or_notification(&self) {
        either(self.notify.notified(), self.sleep()).await;
    }

    /// Wakes the main task.
    pub fn notify(&self) {
        self.notify.notify();
    }

    /// The machine.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// What decides.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// What lies behind a stream; `None` once it is closed.
    pub fn kind(&self, stream: StreamId) -> Option<StreamKind> {
        self.driver.borrow().kind(stream)
    }

    fn exit_code(&self) -> Option<u8> {
        self.driver.borrow().exit_code()
    }

    /// Sleeps until the deadline; for ever without one.
    async fn sleep(&self) {
        let deadline = self.driver.borrow().deadline();
        match deadline {
            Some(deadline) => self.host.sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

/// Reads a stream until it is closed.
async fn reader<H: AsyncHost + EventLog, P: Policy>(shared: Rc<Shared<H, P>>, stream: StreamId) {
    while shared.host.readable(stream).await.is_ok() {
        shared.work(|driver, now| driver.read_stream(now, stream));
        yield_now().await;
    }
}

/// Fills a stream whenever it can take more, until it is closed.
pub async fn writer<H: AsyncHost + EventLog, P: Policy>(shared: Rc<Shared<H, P>>, stream: StreamId) {
    while shared.host.writable(stream).await.is_ok() {
        shared.work(|driver, now| driver.fill_stream(now, stream));
        yield_now().await;
    }
}

/// Waits for an attempt to connect.
async fn dialler<H: AsyncHost + EventLog, P: Policy>(shared: Rc<Shared<H, P>>, stream: StreamId) {
    if shared.host.connected(stream).await.is_ok() {
        shared.work(|driver, now| driver.finish_connect(now, stream));
    }
}

/// Takes connections until the listener is closed.
async fn acceptor<H: AsyncHost + EventLog, P: Policy>(shared: Rc<Shared<H, P>>, listener: ListenerId) {
    while shared.host.acceptable(listener).await.is_ok() {
        shared.work(|driver, now| driver.accept_all(now, listener));
        yield_now().await;
    }
}

/// Waits for a program's end.
async fn exit_waiter<H: AsyncHost + EventLog, P: Policy>(shared: Rc<Shared<H, P>>, stream: StreamId) {
    let status = shared.host.exited(stream).await;
    shared.work(|driver, now| driver.program_exited(now, stream, status));
}

/// Waits for signals to the process.
async fn signals<H: AsyncHost + EventLog, P: Policy>(shared: Rc<Shared<H, P>>) {
    loop {
        let signal = shared.host.signalled().await;
        shared.work(|driver, now| driver.signalled(now, signal));
    }
}
