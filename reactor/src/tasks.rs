//! The `async` reactor: a task for everything that can be waited for.
//!
//! ```text
//! each stream     reader: readable → read_stream          writer: writable → fill_stream
//! each dialling   connected → finish_connect              each listener: acceptable → accept_all
//! each program    exited → program_exited                 signals: signalled → signalled
//! the reactor     the deadline or the bell → timeouts
//! ```
//!
//! A task waits for readiness, then does its piece and the canonical drain without waiting for anything, and
//! lets the others run. So the driver is never borrowed across an await, nothing that was read can be lost,
//! and no read is ever timed out: timers belong to the core and wait beside the streams, not around them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holdtime_core::speaker::Speaker;
use holdtime_core::time::{Instant, Now};

use holdtime_host::{AsyncHost, ListenerId, StreamId};

use crate::driver::{Birth, Driver, Recorder};
use crate::event_log::EventLog;
use crate::turns::{Bell, either, yield_now};

/// Runs a speaker until it has finished; returns the exit status. Tasks that still wait then, wait for ever.
pub async fn run<H: AsyncHost + EventLog>(host: H, speaker: Speaker, recorder: Option<Recorder>) -> u8 {
    let mut driver = Driver::new(host.clone(), speaker);
    if let Some(recorder) = recorder {
        driver.record(recorder);
    }
    let shared = Rc::new(Shared { driver: RefCell::new(driver), host: host.clone(), bell: Bell::default() });
    drop(host.spawn(signals(shared.clone())));
    shared.work(Driver::start);
    if shared.driver.borrow().exit_code().is_none() {
        host.started();
    }
    loop {
        let exit = shared.driver.borrow().exit_code();
        if let Some(code) = exit {
            host.farewell().await;
            return code;
        }
        let deadline = shared.driver.borrow().deadline();
        let due = Cell::new(false);
        either(shared.bell.rung(), async {
            sleep(&host, deadline).await;
            due.set(true);
        })
        .await;
        // The bell alone says that there is another deadline, and not that whoever is ready has had its turn before it.
        if due.get() {
            shared.work(Driver::timeouts);
        }
        // What is overdue is done a slice at a time, and between two slices everybody else has a turn.
        yield_now().await;
    }
}

/// What the tasks share.
struct Shared<H> {
    driver: RefCell<Driver<H>>,
    host: H,
    /// Wakes the reactor's own task: the deadline has come closer, or the speaker has finished.
    bell: Bell,
}

impl<H: AsyncHost + EventLog> Shared<H> {
    /// Does one piece and drains; starts the tasks of what is new. The only place that borrows the driver for
    /// change, and it never waits.
    fn work(self: &Rc<Self>, piece: impl FnOnce(&mut Driver<H>, Now)) {
        let mut driver = self.driver.borrow_mut();
        let now = self.host.now();
        let before = driver.deadline().unwrap_or(Instant::MAX);
        piece(&mut driver, now);
        driver.drain(now);
        while let Some(birth) = driver.poll_birth() {
            self.attend(birth);
        }
        if driver.exit_code().is_some() || driver.deadline().unwrap_or(Instant::MAX) < before {
            self.bell.ring();
        }
    }

    /// Starts the tasks that wait for something new.
    fn attend(self: &Rc<Self>, birth: Birth) {
        drop(match birth {
            Birth::Dialling(stream) => self.host.spawn(dialler(self.clone(), stream)),
            Birth::Program(stream) => self.host.spawn(undertaker(self.clone(), stream)),
            Birth::Listener(listener) => self.host.spawn(acceptor(self.clone(), listener)),
            Birth::Stream(stream) => {
                drop(self.host.spawn(reader(self.clone(), stream)));
                self.host.spawn(writer(self.clone(), stream))
            }
        });
    }
}

/// Reads a stream until it is closed.
async fn reader<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    while shared.host.readable(stream).await.is_ok() {
        shared.work(|driver, now| driver.read_stream(now, stream));
        yield_now().await;
    }
}

/// Fills a stream whenever it can take more, until it is closed.
async fn writer<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    while shared.host.writable(stream).await.is_ok() {
        shared.work(|driver, now| driver.fill_stream(now, stream));
        yield_now().await;
    }
}

/// Waits for an attempt to connect.
async fn dialler<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    if shared.host.connected(stream).await.is_ok() {
        shared.work(|driver, now| driver.finish_connect(now, stream));
    }
}

/// Takes connections until the listener is closed.
async fn acceptor<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, listener: ListenerId) {
    while shared.host.acceptable(listener).await.is_ok() {
        shared.work(|driver, now| driver.accept_all(now, listener));
        yield_now().await;
    }
}

/// Waits for a program's end.
async fn undertaker<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, stream: StreamId) {
    let status = shared.host.exited(stream).await;
    shared.work(|driver, now| driver.program_exited(now, stream, status));
}

/// Waits for signals to the process.
async fn signals<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>) {
    loop {
        let signal = shared.host.signalled().await;
        shared.work(|driver, now| driver.signalled(now, signal));
    }
}

/// Sleeps until the deadline; for ever without one.
async fn sleep<H: AsyncHost + EventLog>(host: &H, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => host.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
