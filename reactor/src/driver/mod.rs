//! The pieces of a reactor: each carries out one thing between the core and its host, and none of them waits.
//!
//! A reactor is the order in which these are called, and what it waits for in between. The canonical order
//! after every input is [`Driver::drain`]; what to do about one ready thing is [`Driver::handle`].

mod actions;
mod streams;

use crate::event_log::EventLog;
use holdtime_host::{ExitStatus, Host, ListenerId, Ready, Signal, StreamId};

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;

use holdtime_core::speaker::{Input, Speaker};
use holdtime_core::time::{Duration, Instant, Now};

/// At most this many octets are read from one stream before every other has had its turn.
pub const READ_BUDGET: usize = 64 * 1024;

/// At most about this many octets are written to one stream before every other has had its turn.
pub const WRITE_BUDGET: usize = 64 * 1024;

/// At most this many connections are taken from one backlog before everything else has had its turn.
pub const ACCEPT_BUDGET: usize = 64;

/// At most this many readings of an older connection before a new one of the same machine is taken.
pub const LAST_READS: usize = 16;

/// How long a listener rests when the process has no file descriptor left for the connection that waits
/// there.
pub const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// A speaker and its host, and what must be remembered between one call and the next.
pub struct Driver<H> {
    host: H,
    speaker: Speaker,
    streams: BTreeMap<StreamId, Stream>,
    listeners: BTreeMap<ListenerId, Listener>,
    accepted: u64,
    buffer: Vec<u8>,
    new_sources: VecDeque<NewSource>,
    exit: Option<u8>,
    recorder: Option<Recorder>,
    /// How many routes of the core's the host was told of.
    computed: u64,
}

/// Is shown every input with its time, before the core is.
pub type Recorder = Box<dyn FnMut(Now, &Input<'_>)>;

/// What lies behind a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// A TCP connection.
    Connection,
    /// The pipes of an API program.
    Program,
    /// A pair of named pipes.
    Pipes,
}

/// Something new to wait for. `poll` waits for everything at once and need not look; `tasks` gives each its
/// tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NewSource {
    /// An attempt to connect that will be decided.
    Dialling(StreamId),
    /// A stream that can be read and written.
    Stream(StreamId),
    /// A program that will end.
    Program(StreamId),
    /// A listening socket.
    Listener(ListenerId),
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    kind: StreamKind,
    /// The machine at the other end of a connection.
    remote: Option<IpAddr>,
    /// The core wants its bytes.
    read: bool,
    /// The core wants to hear when it can take more.
    write: bool,
    /// It did not take all that was ready: write on as soon as it can, whatever the core wants.
    blocked: bool,
    /// It will never be read again: its end was read.
    ended: bool,
    /// It will never be written again: nobody reads it.
    refused: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Listener {
    /// Not asked before then.
    rests_until: Option<Instant>,
}

impl<H: Host + EventLog> Driver<H> {
    /// Puts a speaker on a host. Nothing happens before [`start`](Driver::start).
    pub fn new(host: H, speaker: Speaker) -> Self {
        Self {
            host,
            speaker,
            streams: BTreeMap::new(),
            listeners: BTreeMap::new(),
            accepted: 0,
            buffer: vec![0; READ_BUDGET],
            new_sources: VecDeque::new(),
            exit: None,
            recorder: None,
            computed: 0,
        }
    }

    /// Shows every input to `recorder` from now on: together with its time it is a complete recording.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Feeds the first [`Input::Timeout`], which starts the speaker.
    pub fn start(&mut self, now: Now) {
        self.feed(now, Input::Timeout);
    }

    /// Does what one ready thing asks for, and feeds the core the outcome. [`drain`](Driver::drain)
    /// afterwards.
    pub fn handle(&mut self, now: Now, ready: Ready) {
        match ready {
            Ready::Readable(stream) => self.read_stream(now, stream),
            Ready::Writable(stream) => self.fill_stream(now, stream),
            Ready::Connected(stream) => self.finish_connect(now, stream),
            Ready::Acceptable(listener) => self.accept_all(now, listener),
            Ready::Exited(stream, status) => self.program_exited(now, stream, status),
            Ready::Signalled(signal) => self.signalled(now, signal),
        }
    }

    /// The canonical order after an input: everything the core asks for, then everything it has to send,
    /// again while that led to more, then its log.
    pub fn drain(&mut self, now: Now) {
        self.drain_where(now, |_| true);
    }

    /// The same, passing over the streams that may not be written now, as if they could take nothing.
    pub fn drain_where(&mut self, now: Now, may: impl Fn(StreamId) -> bool) {
        loop {
            self.perform(now);
            if !self.transmit(now, &may) {
                break;
            }
        }
        self.log();
    }

    /// Carries out every action of the core, and those that their outcomes lead to.
    pub fn perform(&mut self, now: Now) {
        while let Some(action) = self.speaker.poll_action() {
            self.carry_out(now, action);
        }
    }

    /// Writes what the core has ready, on every stream that may be written and can take it. Returns whether there was any such
    /// stream, since the core may have more to ask for then.
    fn transmit(&mut self, now: Now, may: impl Fn(StreamId) -> bool) -> bool {
        let mut any = false;
        while let Some(stream) = self.speaker.poll_stream() {
            any |= may(stream) && self.write_stream(now, stream);
        }
        any
    }

    /// Hands the core's events to the log.
    pub fn log(&mut self) {
        while let Some(event) = self.speaker.poll_event() {
            self.host.log(&event);
        }
    }

    /// Feeds [`Input::Timeout`] where the core's deadline has come, and wakes listeners that have rested.
    pub fn timeouts(&mut self, now: Now) {
        for (&listener, state) in &mut self.listeners {
            if state.rests_until.is_some_and(|until| until <= now.monotonic) {
                state.rests_until = None;
                self.host.set_accepting(listener, true);
            }
        }
        if self.speaker.poll_timeout().is_some_and(|deadline| deadline <= now.monotonic) {
            self.feed(now, Input::Timeout);
        }
    }

    /// When [`timeouts`](Driver::timeouts) has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let rested = self.listeners.values().filter_map(|state| state.rests_until);
        rested.chain(self.speaker.poll_timeout()).min()
    }

    /// Tells the core that a program ended.
    pub fn program_exited(&mut self, now: Now, stream: StreamId, status: ExitStatus) {
        self.feed(now, Input::ProgramExited { stream, status });
    }

    /// Tells the core that the process was signalled.
    pub fn signalled(&mut self, now: Now, signal: Signal) {
        self.feed(now, Input::Signal(signal));
    }

    /// The next thing to wait for that was not there before.
    pub fn poll_new_source(&mut self) -> Option<NewSource> {
        self.new_sources.pop_front()
    }

    /// The exit status, once the speaker has finished.
    pub fn exit_code(&self) -> Option<u8> {
        self.exit
    }

    /// What lies behind a stream; `None` once it is closed.
    pub fn kind(&self, stream: StreamId) -> Option<StreamKind> {
        self.streams.get(&stream).map(|state| state.kind)
    }

    /// The machine.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// The core.
    pub fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// The one door into the core: every input goes through here.
    fn feed(&mut self, now: Now, input: Input<'_>) {
        if let Some(recorder) = &mut self.recorder {
            recorder(now, &input);
        }
        self.speaker.handle_input(now, input);
        let handled = self.speaker.routes_handled();
        let routes = handled - std::mem::replace(&mut self.computed, handled);
        if routes > 0 {
            self.host.computed(routes);
        }
    }

    /// Tells the host what is wanted of a stream: what the core wants, as far as the stream can still do it.
    fn update_interest(&self, stream: StreamId) {
        if let Some(state) = self.streams.get(&stream) {
            let read = state.read && !state.ended;
            let write = (state.write || state.blocked) && !state.refused;
            self.host.set_interest(stream, read, write);
        }
    }
}

impl Stream {
    /// A new stream, of which nothing is wanted yet.
    fn new(kind: StreamKind, remote: Option<IpAddr>) -> Self {
        Self { kind, remote, read: false, write: false, blocked: false, ended: false, refused: false }
    }
}

impl<H> fmt::Debug for Driver<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("streams", &self.streams)
            .field("listeners", &self.listeners)
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}
