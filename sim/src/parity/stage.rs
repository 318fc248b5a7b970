//! What a parity program stands on: one host that plays both ends, and a list of what was observed.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;

use holdtime_core::speaker::{
    CloseKind, ExitStatus, IoError, ListenOptions, ListenerId, ProgramSignal, ProgramSpec, StreamId,
    TcpOptions,
};
use holdtime_core::time::Duration;
use holdtime_reactor::{Host, MioHost, Ready, TokioHost};

use holdtime_machine::host::SimHost;

/// A host, and what a program has seen of it.
pub(super) struct ParityStage<H> {
    pub(super) host: H,
    seen: RefCell<Vec<String>>,
    names: Cell<u64>,
    /// The ends of programs, reported once and perhaps not asked for yet.
    exits: RefCell<Vec<(StreamId, ExitStatus)>>,
}

/// Two ends of one connection.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) client: StreamId,
    pub(super) server: StreamId,
}

/// A machine on which a process can be made to stand still, as SIGSTOP and a suspended machine do: the world goes on.
pub(super) trait StandStill {
    /// Does nothing for this long.
    fn stand_still(&self, span: Duration);
}

impl StandStill for SimHost {
    fn stand_still(&self, span: Duration) {
        // A route costs a microsecond.
        self.computed(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
    }
}

#[expect(clippy::disallowed_methods, reason = "it is the real machine that is to stand still")]
fn stand_still(span: Duration) {
    std::thread::sleep(span);
}

impl StandStill for MioHost {
    fn stand_still(&self, span: Duration) {
        stand_still(span);
    }
}

impl StandStill for TokioHost {
    fn stand_still(&self, span: Duration) {
        stand_still(span);
    }
}

/// How far away a deadline is that passes while the process stands still.
pub(super) const SOON: Duration = Duration::from_millis(20);
/// How long it then stands still.
pub(super) const PAUSE: Duration = Duration::from_millis(60);
/// The same, while a program says something late.
pub(super) const LONG_PAUSE: Duration = Duration::from_millis(600);
/// So many connections are a crowd: more than tokio serves before it looks around.
pub(super) const CROWD: usize = 150;

/// How long anything on loopback may take. Nothing that succeeds waits for so long.
const PATIENCE: Duration = Duration::from_secs(5);

impl<H: Host> ParityStage<H> {
    pub(super) fn new(host: H) -> Self {
        Self { host, seen: RefCell::default(), names: Cell::new(0), exits: RefCell::default() }
    }

    pub(super) fn into_seen(self) -> Vec<String> {
        self.seen.into_inner()
    }

    /// Notes an observation.
    pub(super) fn see(&self, what: impl Into<String>) {
        self.seen.borrow_mut().push(what.into());
    }

    /// Notes how a call went, with what it returned.
    pub(super) fn see_count(&self, what: &str, outcome: Result<usize, IoError>) {
        self.see(match outcome {
            Ok(count) => format!("{what}: {count}"),
            Err(error) => format!("{what}: {error}"),
        });
    }

    /// Notes whether a call went well.
    pub(super) fn see_outcome<T>(&self, what: &str, outcome: &Result<T, IoError>) {
        self.see(match outcome {
            Ok(_) => format!("{what}: ok"),
            Err(error) => format!("{what}: {error}"),
        });
    }

    /// Notes that a call did not go well.
    pub(super) fn see_failure<T>(&self, what: &str, outcome: &Result<T, IoError>) {
        if outcome.is_err() {
            self.see_outcome(what, outcome);
        }
    }

    pub(super) fn stream(&self) -> StreamId {
        self.names.set(self.names.get() + 1);
        StreamId::opened(self.names.get())
    }

    pub(super) fn listener(&self) -> ListenerId {
        self.names.set(self.names.get() + 1);
        ListenerId(self.names.get() as u32)
    }

    // Listening and connecting.

    /// Opens a listener on this address, which must work.
    pub(super) fn listen(&self, address: &str) -> (ListenerId, SocketAddr) {
        let listener = self.listener();
        let address = address.parse().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let bound = self.host.listen(listener, address, &ListenOptions::default());
        if let Err(error) = &bound {
            self.see(format!("cannot listen: {error}"));
        }
        self.host.set_accepting(listener, false);
        (listener, bound.unwrap_or(address))
    }

    pub(super) fn begin_to_dial(&self, to: SocketAddr) -> Result<StreamId, IoError> {
        let stream = self.stream();
        self.host.connect(stream, None, to, &TcpOptions::default())?;
        Ok(stream)
    }

    pub(super) async fn dial(&self, to: SocketAddr) -> Result<StreamId, IoError> {
        let stream = self.begin_to_dial(to)?;
        if !self.until(|ready| ready == Ready::Connected(stream)).await {
            return Err(IoError::WouldBlock);
        }
        self.host.finish_connect(stream).map(|_| stream)
    }

    pub(super) async fn accept(&self, listener: ListenerId) -> Result<StreamId, IoError> {
        let stream = self.stream();
        self.host.set_accepting(listener, true);
        self.until(|ready| ready == Ready::Acceptable(listener)).await;
        self.host.set_accepting(listener, false);
        self.host.accept(listener, stream).map(|_| stream)
    }

    /// A connection on loopback.
    pub(super) async fn pair(&self) -> Pair {
        let (listener, address) = self.listen("127.0.0.1:0");
        let client = self.dial(address).await;
        let server = self.accept(listener).await;
        self.host.unlisten(listener);
        match (client, server) {
            (Ok(client), Ok(server)) => Pair { client, server },
            (client, server) => {
                self.see(format!("no connection: {client:?} {server:?}"));
                Pair { client: self.stream(), server: self.stream() }
            }
        }
    }

    /// Many connections.
    pub(super) async fn crowd(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for _ in 0..CROWD {
            pairs.push(self.pair().await);
        }
        pairs
    }

    // Waiting.

    /// Notes whether `wanted` is found by a wait whose deadline passes while the process stands still.
    pub(super) async fn see_after_a_pause(&self, what: &str, pause: Duration, wanted: Ready)
    where
        H: StandStill,
    {
        let deadline = self.host.now().monotonic + SOON;
        self.host.stand_still(pause);
        let mut ready = Vec::new();
        self.host.wait(Some(deadline), &mut ready).await;
        self.see(format!("{what} is found: {}", ready.contains(&wanted)));
    }

    /// Lets everything that is on its way arrive.
    pub(super) async fn pause(&self) {
        self.pause_for(Duration::from_millis(40)).await;
    }

    pub(super) async fn pause_for(&self, span: Duration) {
        let until = self.host.now().monotonic + span;
        let mut ready = Vec::new();
        while self.host.now().monotonic < until {
            self.host.wait(Some(until), &mut ready).await;
            self.keep_exits(&ready);
        }
    }

    /// Finishes every attempt to connect that is decided within `span`; how many went well.
    pub(super) async fn finish_for(&self, span: Duration) -> usize {
        let until = self.host.now().monotonic + span;
        let mut ready = Vec::new();
        let mut up = 0;
        while self.host.now().monotonic < until {
            self.host.wait(Some(until), &mut ready).await;
            for ready in &ready {
                if let Ready::Connected(stream) = ready {
                    up += usize::from(self.host.finish_connect(*stream).is_ok());
                }
            }
        }
        up
    }

    /// Waits until `wanted` is reported; says whether it was.
    pub(super) async fn until(&self, wanted: impl Fn(Ready) -> bool) -> bool {
        let deadline = self.host.now().monotonic + PATIENCE;
        let mut ready = Vec::new();
        while self.host.now().monotonic < deadline {
            self.host.wait(Some(deadline), &mut ready).await;
            self.keep_exits(&ready);
            if ready.iter().any(|ready| wanted(*ready)) {
                return true;
            }
        }
        false
    }

    fn keep_exits(&self, ready: &[Ready]) {
        self.exits.borrow_mut().extend(ready.iter().filter_map(|ready| match ready {
            Ready::Exited(stream, status) => Some((*stream, *status)),
            _ => None,
        }));
    }

    /// Notes what a look without waiting reports of a stream of which everything is wanted.
    pub(super) async fn see_readiness(&self, what: &str, stream: StreamId) {
        let (read, write) = self.is_ready(stream).await;
        self.see(format!("{what}: readable {read}, writable {write}"));
    }

    /// Whether a look without waiting reports a stream as readable, and as writable.
    pub(super) async fn is_ready(&self, stream: StreamId) -> (bool, bool) {
        self.host.set_interest(stream, true, true);
        let mut ready = Vec::new();
        let now = self.host.now().monotonic;
        self.host.wait(Some(now), &mut ready).await;
        self.keep_exits(&ready);
        self.host.set_interest(stream, false, false);
        (ready.contains(&Ready::Readable(stream)), ready.contains(&Ready::Writable(stream)))
    }

    // Reading and writing.

    /// Reads once, as soon as that will not block.
    pub(super) async fn read(&self, stream: StreamId, octets: usize) -> Result<usize, IoError> {
        let deadline = self.host.now().monotonic + PATIENCE;
        loop {
            self.host.set_interest(stream, true, false);
            self.until(|ready| ready == Ready::Readable(stream)).await;
            self.host.set_interest(stream, false, false);
            // Readiness is a hint: a host may say it once too often.
            match self.read_now(stream, octets) {
                Err(IoError::WouldBlock) if self.host.now().monotonic < deadline => {}
                outcome => return outcome,
            }
        }
    }

    pub(super) fn read_now(&self, stream: StreamId, octets: usize) -> Result<usize, IoError> {
        self.host.read(stream, &mut vec![0; octets])
    }

    /// Reads until the end, an error, or until nothing has come for a while; how many octets, and why it ended.
    pub(super) async fn drain(&self, stream: StreamId) -> (usize, Result<usize, IoError>) {
        let mut total = 0;
        loop {
            self.host.set_interest(stream, true, false);
            let deadline = self.host.now().monotonic + Duration::from_millis(400);
            let mut ready = Vec::new();
            self.host.wait(Some(deadline), &mut ready).await;
            self.keep_exits(&ready);
            self.host.set_interest(stream, false, false);
            match self.read_now(stream, 65_536) {
                Ok(count @ 1..) => total += count,
                Err(IoError::WouldBlock) if !ready.is_empty() => {}
                end => return (total, end),
            }
        }
    }

    pub(super) fn write(&self, stream: StreamId, octets: usize) -> Result<usize, IoError> {
        self.host.write(stream, &vec![b'x'; octets])
    }

    /// Writes `chunk` octets at a time until nothing more is taken, not even after a while; how many, and why.
    pub(super) async fn fill(&self, stream: StreamId, chunk: usize) -> (usize, IoError) {
        let mut total = 0;
        let mut refused = 0;
        loop {
            match self.write(stream, chunk) {
                Ok(count) => {
                    total += count;
                    refused = 0;
                }
                Err(IoError::WouldBlock) if refused < 3 => {
                    refused += 1;
                    self.pause().await;
                }
                Err(error) => return (total, error),
            }
        }
    }

    pub(super) fn close(&self, stream: StreamId) {
        self.host.close(stream, CloseKind::Graceful);
    }

    pub(super) fn reset(&self, stream: StreamId) {
        self.host.close(stream, CloseKind::Reset);
    }

    // Programs.

    pub(super) fn start(&self, command: &[&str]) -> Result<StreamId, IoError> {
        let stream = self.stream();
        let spec = ProgramSpec {
            name: "program".to_owned(),
            command: command.iter().map(ToString::to_string).collect(),
            environment: Vec::new(),
        };
        self.host.start_program(stream, &spec).map(|_| stream)
    }

    /// Starts what must start.
    pub(super) fn started(&self, command: &[&str]) -> StreamId {
        let outcome = self.start(command);
        if let Err(error) = &outcome {
            self.see(format!("cannot start {}: {error}", command.join(" ")));
        }
        outcome.unwrap_or_else(|_| self.stream())
    }

    pub(super) fn signal(&self, program: StreamId, signal: ProgramSignal) {
        self.host.signal_program(program, signal);
    }

    /// Notes how a program ended, once it has.
    pub(super) async fn see_exit(&self, program: StreamId) {
        let known = |stage: &Self| stage.exits.borrow().iter().position(|(stream, _)| *stream == program);
        if known(self).is_none() {
            self.until(|ready| matches!(ready, Ready::Exited(stream, _) if stream == program)).await;
        }
        let found = known(self).map(|index| self.exits.borrow_mut().swap_remove(index).1);
        self.see(found.map_or("it does not end".to_owned(), |status| format!("it ends: {status}")));
    }
}
