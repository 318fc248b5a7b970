//! What the defective reactors share with the `async` one: a driver, tasks for everything but the peers, a bell.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use holdtime_core::speaker::{ListenerId, StreamId};
use holdtime_core::time::{Instant, Now};
use holdtime_core::{Duration, Speaker};
use holdtime_reactor::AsyncHost;
use holdtime_reactor::EventLog;
use holdtime_reactor::driver::{Birth, Driver, Recorder, StreamKind};
use holdtime_reactor::turns::{Bell, either, yield_now};

use crate::subject::defective::Defect;

/// What a reactor's tasks share.
pub(super) struct Shared<H> {
    pub(super) host: H,
    /// Whether the reactor's single deviation is in force.
    pub(super) deviates: bool,
    driver: RefCell<Driver<H>>,
    streams: RefCell<BTreeSet<StreamId>>,
    /// Streams whose output waits for their own task.
    withheld: RefCell<BTreeSet<StreamId>>,
    bell: Bell,
}

impl<H: AsyncHost + EventLog> Shared<H> {
    pub(super) fn new(host: H, speaker: Speaker, recorder: Recorder, defect: Defect) -> Rc<Self> {
        let mut driver = Driver::new(host.clone(), speaker);
        driver.record(recorder);
        Rc::new(Self {
            host,
            deviates: defect == Defect::Present,
            driver: RefCell::new(driver),
            streams: RefCell::default(),
            withheld: RefCell::default(),
            bell: Bell::default(),
        })
    }

    /// Does one piece and drains, as the `async` reactor does; `attend` starts the tasks of a new connection.
    pub(super) fn work(self: &Rc<Self>, attend: Attend<H>, piece: impl FnOnce(&mut Driver<H>, Now)) {
        let mut driver = self.driver.borrow_mut();
        let now = self.host.now();
        let before = driver.deadline().unwrap_or(Instant::MAX);
        piece(&mut driver, now);
        self.drain(&mut driver, now);
        let mut born = false;
        while let Some(birth) = driver.poll_birth() {
            born = true;
            let connection =
                matches!(birth, Birth::Stream(stream) if driver.kind(stream) == Some(StreamKind::Connection));
            self.attend(birth, connection, attend);
        }
        if born || driver.exit_code().is_some() || driver.deadline().unwrap_or(Instant::MAX) < before {
            self.bell.ring();
        }
    }

    /// The canonical drain, but for the output of streams that is withheld.
    fn drain(&self, driver: &mut Driver<H>, now: Now) {
        let withheld = self.withheld.borrow();
        loop {
            driver.perform(now);
            if !driver.transmit_where(now, |stream| !withheld.contains(&stream)) {
                break;
            }
        }
        driver.log();
    }

    fn attend(self: &Rc<Self>, birth: Birth, connection: bool, attend: Attend<H>) {
        match birth {
            Birth::Stream(stream) => {
                self.streams.borrow_mut().insert(stream);
                let begin = if connection { attend.connection } else { attend.program };
                begin(self, stream);
            }
            Birth::Dialling(stream) => drop(self.host.spawn(dialler(self.clone(), attend, stream))),
            Birth::Program(stream) => drop(self.host.spawn(undertaker(self.clone(), attend, stream))),
            Birth::Listener(listener) => drop(self.host.spawn(acceptor(self.clone(), attend, listener))),
        }
    }

    /// From now on only the stream's own task sends what there is to send on it.
    pub(super) fn withhold(&self, stream: StreamId) {
        self.withheld.borrow_mut().insert(stream);
    }

    /// The streams of one kind that are open.
    pub(super) fn open(&self, kind: StreamKind) -> Vec<StreamId> {
        let driver = self.driver.borrow();
        self.streams.borrow_mut().retain(|stream| driver.kind(*stream).is_some());
        self.streams.borrow().iter().copied().filter(|stream| driver.kind(*stream) == Some(kind)).collect()
    }

    /// Reads from a stream, then sends on it: a peer's turn.
    pub(super) fn read_and_send(self: &Rc<Self>, attend: Attend<H>, stream: StreamId) {
        self.work(attend, |driver, now| {
            driver.read_stream(now, stream);
            driver.perform(now);
            driver.fill_stream(now, stream);
        });
    }

    pub(super) fn exit_code(&self) -> Option<u8> {
        self.driver.borrow().exit_code()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.driver.borrow().deadline()
    }

    /// Starts the speaker and what waits for signals.
    pub(super) fn start(self: &Rc<Self>, attend: Attend<H>) {
        drop(self.host.spawn(signals(self.clone(), attend)));
        self.work(attend, Driver::start);
    }

    /// The main task of the `async` reactor: timers, until the speaker has finished.
    pub(super) async fn run_timers(self: &Rc<Self>, attend: Attend<H>) -> u8 {
        self.start(attend);
        loop {
            if let Some(code) = self.exit_code() {
                return code;
            }
            either(self.bell.rung(), sleep_until(&self.host, self.deadline())).await;
            self.work(attend, Driver::timeouts);
        }
    }

    /// Resolves when the deadline has come, or the bell was rung.
    pub(super) async fn deadline_or_bell(&self) {
        either(self.bell.rung(), sleep_until(&self.host, self.deadline())).await;
    }
}

/// Which tasks a new stream is given.
pub(super) struct Attend<H> {
    pub(super) connection: fn(&Rc<Shared<H>>, StreamId),
    pub(super) program: fn(&Rc<Shared<H>>, StreamId),
}

impl<H> Clone for Attend<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Attend<H> {}

/// Gives a stream a reader and a writer, as the `async` reactor does.
pub(super) fn as_shipped<H: AsyncHost + EventLog>(
    shared: &Rc<Shared<H>>,
    attend: Attend<H>,
    stream: StreamId,
) {
    drop(shared.host.spawn(reader(shared.clone(), attend, stream)));
    drop(shared.host.spawn(writer(shared.clone(), attend, stream)));
}

async fn reader<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, attend: Attend<H>, stream: StreamId) {
    while shared.host.readable(stream).await.is_ok() {
        shared.work(attend, |driver, now| driver.read_stream(now, stream));
        yield_now().await;
    }
}

async fn writer<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, attend: Attend<H>, stream: StreamId) {
    while shared.host.writable(stream).await.is_ok() {
        shared.work(attend, |driver, now| driver.fill_stream(now, stream));
        yield_now().await;
    }
}

async fn dialler<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, attend: Attend<H>, stream: StreamId) {
    if shared.host.connected(stream).await.is_ok() {
        shared.work(attend, |driver, now| driver.finish_connect(now, stream));
    }
}

async fn acceptor<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, attend: Attend<H>, listener: ListenerId) {
    while shared.host.acceptable(listener).await.is_ok() {
        shared.work(attend, |driver, now| driver.accept_all(now, listener));
        yield_now().await;
    }
}

async fn undertaker<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, attend: Attend<H>, stream: StreamId) {
    let status = shared.host.exited(stream).await;
    shared.work(attend, |driver, now| driver.program_exited(now, stream, status));
}

async fn signals<H: AsyncHost + EventLog>(shared: Rc<Shared<H>>, attend: Attend<H>) {
    loop {
        let signal = shared.host.signalled().await;
        shared.work(attend, |driver, now| driver.signalled(now, signal));
    }
}

/// Waits for bytes, but not for longer than this. `Ok(false)`: it took too long. `Err`: the stream is closed.
pub(super) async fn readable_within<H: AsyncHost + EventLog>(
    host: &H,
    stream: StreamId,
    limit: Duration,
) -> Result<bool, ()> {
    let deadline = host.now().monotonic + limit;
    let (mut readable, mut late) = (pin!(host.readable(stream)), pin!(host.sleep_until(deadline)));
    poll_fn(|context| match readable.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map(|()| true).map_err(drop)),
        Poll::Pending => late.as_mut().poll(context).map(|()| Ok(false)),
    })
    .await
}

/// Waits for bytes, or for room where there is something to write. `Err`: the stream is closed.
pub(super) async fn readable_or_writable<H: AsyncHost + EventLog>(
    host: &H,
    stream: StreamId,
) -> Result<(), ()> {
    let (mut readable, mut writable) = (pin!(host.readable(stream)), pin!(host.writable(stream)));
    poll_fn(|context| match readable.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map_err(drop)),
        Poll::Pending => writable.as_mut().poll(context).map_err(drop),
    })
    .await
}

/// Resolves with the first of several futures; asks them in order.
pub(super) async fn first(mut futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|context| {
        let ready = futures.iter_mut().any(|future| future.as_mut().poll(context).is_ready());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn sleep_until<H: AsyncHost + EventLog>(host: &H, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => host.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
