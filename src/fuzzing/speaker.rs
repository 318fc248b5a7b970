//! A whole speaker, and a world that does to it what it likes: peers, programs, listeners, signals and clocks, in any order, with
//! messages that are partly valid.
//!
//! What must hold is the contract in the crate's documentation: draining ends; looking changes nothing; a deadline that was served is
//! over; a timeout that comes early does nothing; what goes out on a connection is whole, valid messages in a row; and nothing panics.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};
use core::cell::RefCell;
use core::hint::black_box;
use core::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use super::session;
use crate::config::{Config, ConfigText, Settings};
use crate::speaker::{
    Action, CloseKind, ClosedKind, Event, ExitStatus, Identity, Input, IoError, ListenerId, Memory, Setup,
    Signal, Speaker, StreamId,
};
use crate::time::{Duration, Instant, Now, Timestamp};
use crate::wire::frame::Framer;
use crate::wire::negotiated::MAX_EXTENDED_MESSAGE;
use crate::wire::{Capability, Family, Message, Open, Update, Writer};

/// More actions, streams or events than this after one input are a drain without end.
const DRAIN: usize = 20_000;
/// More deadlines than this at one instant are a timer that is never served.
const DEADLINES: usize = 64;
/// How much happens in one run.
const STEPS: usize = 200;
/// So many configurations are read in one run, each of which costs as much as ten other steps; the file is gone after that.
const RELOADS: u32 = 2;

/// What the speaker is configured with.
const CONFIGURATIONS: [&str; 3] = [
    "neighbor 10.0.0.2 { local-address 10.0.0.1; router-id 10.0.0.1; local-as 65000; peer-as 65000; hold-time 9;
       family { ipv4 unicast; ipv6 unicast; ipv4 flow; l2vpn evpn; } capability { route-refresh; graceful-restart 30; }
       static { route 192.0.2.0/24 next-hop self; route 198.51.100.0/22 { next-hop 10.0.0.9; split /24; } } }",
    "process p { run /bin/cat; encoder json; }
     process q { run /bin/cat; encoder text; respawn false; }
     neighbor 10.0.0.2 { local-address 10.0.0.1; router-id 10.0.0.1; local-as 65000; peer-as 65000;
       capability { add-path send/receive; operational; asn4; extended-message; } listen 1790;
       api { processes [ p q ]; receive { parsed; consolidate; packets; open; update; keepalive; refresh; notification; operational; }
             send { parsed; packets; update; open; notification; } neighbor-changes; } }
     neighbor 10.0.0.3 { local-address 10.0.0.1; router-id 10.0.0.1; local-as 65000; peer-as 65001; passive true;
       group-updates false; static { route 203.0.113.0/24 next-hop 10.0.0.1 watchdog dog withdraw; } api { processes [ p ]; } }",
    "neighbor 10.0.0.0/29 { local-address 10.0.0.1; router-id 10.0.0.1; local-as 65000; peer-as 65000; passive true; hold-time 0;
       adj-rib-in true; manual-eor true; rate-limit 5; family { ipv4 unicast; } }",
];

/// What a program says, now and then. `commands` of other lines come from the input.
const LINES: [&str; 16] = [
    "announce route 10.9.0.0/24 next-hop 10.0.0.1\n",
    "announce route 10.8.0.0/16 next-hop self split /20\n",
    "withdraw route 10.9.0.0/24 next-hop 10.0.0.1\n",
    "neighbor 10.0.0.2 announce route fd00::/64 next-hop fd00::1 med 5\n",
    "announce flow route { match { source 10.0.0.0/8; } then { discard; } }\n",
    "announce eor ipv4 unicast\n",
    "announce route-refresh ipv4 unicast\n",
    "neighbor 10.0.0.2 teardown 4\n",
    "clear adj-rib out\nflush adj-rib out\n",
    "show adj-rib out extensive\nshow adj-rib in json\nshow neighbor summary\n",
    "show neighbor extensive\nversion\nhelp\n",
    "announce watchdog dog\n",
    "withdraw watchdog dog\n",
    "disable-ack\nping\nenable-ack\nbogus\n",
    "reload\n",
    "restart\n",
];

/// One thing that happens.
#[derive(Arbitrary, Debug)]
enum Step {
    /// Time passes, in milliseconds, and every deadline is served.
    Wait(u16),
    /// Time passes, in seconds, and deadlines are served late.
    Sleep(u8),
    /// The wall clock jumps, in seconds.
    WallClock(i32),
    /// A timeout comes early.
    Early,
    /// A dial succeeds, or a program starts.
    Up { stream: u8 },
    /// A dial fails, or a program does not start.
    Fail { stream: u8, error: Failure },
    /// A peer dials.
    Accept { from: u8 },
    /// A peer or a program says something.
    Say { stream: u8, what: Speech },
    /// The stream takes more.
    Writable { stream: u8, budget: u16 },
    /// The stream takes some of what waits.
    Take { stream: u8, count: u16 },
    /// From now on it takes nothing at once, or everything.
    Stall { stream: u8, stalled: bool },
    /// A direction ends, or all.
    Close { stream: u8, how: u8, error: Failure },
    /// A program ends.
    ProgramEnds { stream: u8, code: i8 },
    /// The process is signalled.
    Signal(u8),
    /// A configuration was read.
    Reload { which: u8 },
    /// A listener breaks.
    ListenFailed { listener: u8, error: Failure },
    /// A listener cannot take a connection.
    AcceptFailed { listener: u8, error: Failure },
    /// A report about a stream that nobody knows.
    Stray { raw: u16, count: u16 },
}

/// What a peer or a program says.
#[derive(Debug)]
enum Speech {
    /// An OPEN that the speaker may accept.
    Open {
        asn: u32,
        hold_time: u16,
        id: u8,
        more: Vec<Capability>,
    },
    /// OPEN and KEEPALIVE at once: an established session.
    Hello,
    Keepalive,
    /// A valid message, cut off `short` octets before its end.
    Message {
        message: Message,
        choices: u8,
        short: u8,
    },
    /// An UPDATE like those of internal peers.
    Update {
        update: Update,
        choices: u8,
    },
    /// Any octets.
    Octets(Vec<u8>),
    /// A line of a program.
    Line(u8),
}

impl<'a> Arbitrary<'a> for Speech {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=7)? {
            0 => Self::Open {
                asn: *u.choose(&[65_000, 65_000, 65_001, 0])?,
                hold_time: *u.choose(&[180, 9, 3, 0, 1])?,
                id: u.arbitrary()?,
                more: u.arbitrary()?,
            },
            1 => Self::Hello,
            2 => Self::Keepalive,
            3 => Self::Message { message: u.arbitrary()?, choices: u.arbitrary()?, short: u.arbitrary()? },
            4 => Self::Update { update: u.arbitrary()?, choices: u.arbitrary()? },
            5 => {
                let length = u.int_in_range(1..=64)?;
                Self::Octets(u.bytes(length)?.to_vec())
            }
            _ => Self::Line(u.arbitrary()?),
        })
    }
}

/// What goes wrong outside.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Failure {
    Refused,
    Reset,
    TimedOut,
    InUse,
    Other(i32),
}

impl From<Failure> for IoError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused => Self::ConnectionRefused,
            Failure::Reset => Self::ConnectionReset,
            Failure::TimedOut => Self::TimedOut,
            Failure::InUse => Self::AddressInUse,
            Failure::Other(errno) => Self::Other(errno),
        }
    }
}

/// A speaker and what happens to it.
pub fn speaker(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let Ok(which) = u.arbitrary::<u8>() else { return };
    let mut world = World::new(which);
    for _ in 0..STEPS {
        if u.is_empty() || world.is_over {
            break;
        }
        let Ok(step) = Step::arbitrary(&mut u) else { break };
        world.step(&step);
    }
    // Left alone, it comes to rest or goes on at the pace of its timers.
    world.wait(Duration::from_secs(300));
}

/// One of the configurations, read: which is done once, because it takes longer than all that follows.
fn config(which: u8) -> Config {
    static CONFIGS: OnceLock<Vec<Config>> = OnceLock::new();
    let read = |which: usize| {
        let text = configuration(String::from("fuzz.conf"), which as u8);
        let config = Config::parse(&text, &Settings::default());
        assert!(config.is_ok(), "a configuration of the world's own is refused: {config:?}");
        config.unwrap_or_default()
    };
    let configs = CONFIGS.get_or_init(|| (0..CONFIGURATIONS.len()).map(read).collect());
    configs.get(usize::from(which) % CONFIGURATIONS.len()).cloned().unwrap_or_default()
}

fn configuration(name: String, which: u8) -> ConfigText {
    let text = CONFIGURATIONS.get(usize::from(which) % CONFIGURATIONS.len()).copied().unwrap_or_default();
    ConfigText { name, text: String::from(text) }
}

/// What the world knows of a stream.
#[derive(Debug, Default)]
struct Stream {
    /// It is a connection, not a program's pipes.
    is_connection: bool,
    /// It was dialled or started, and nobody has answered yet.
    is_pending: bool,
    wants_octets: bool,
    wants_room: bool,
    is_stalled: bool,
    /// Octets sent that make no whole message yet.
    sent: Vec<u8>,
}

struct World {
    speaker: Speaker,
    at: Instant,
    wall: i64,
    /// Open streams only.
    streams: BTreeMap<StreamId, Stream>,
    accepted: u64,
    /// Configurations that may still be read.
    reloads: u32,
    is_over: bool,
}

impl World {
    fn new(which: u8) -> Self {
        let identity = Identity { host: "fuzz".into(), pid: 2, ppid: 1, version: "5.0.15".into() };
        let files = Vec::from([String::from("fuzz.conf")]);
        let (settings, config) = (Settings::default(), config(which));
        let setup = Setup { identity, settings, files, config, seed: 7, ..Setup::default() };
        let at = Instant::from_secs(1);
        let now = Now { monotonic: at, wall: Timestamp::default() };
        let speaker = Speaker::new(now, setup);
        let streams = BTreeMap::new();
        let mut world = Self { speaker, at, wall: 0, streams, accepted: 0, reloads: RELOADS, is_over: false };
        world.feed(Input::Timeout);
        world
    }

    /// One of the open streams.
    fn pick(&self, stream: u8) -> Option<StreamId> {
        let open = self.streams.len().max(1);
        self.streams.keys().nth(usize::from(stream) % open).copied()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait(milliseconds) => self.wait(Duration::from_millis(milliseconds.into())),
            Step::Sleep(seconds) => {
                self.at += Duration::from_secs(seconds.into());
                self.serve_deadlines();
            }
            Step::WallClock(seconds) => self.wall = i64::from(seconds) * 1_000_000_000,
            Step::Early => self.early(),
            Step::Up { stream } => self.up(stream),
            Step::Fail { stream, error } => self.fail(stream, error.into()),
            Step::Accept { from } => self.accept(from),
            Step::Say { stream, ref what } => self.say(stream, what),
            Step::Writable { stream, budget } => {
                let Some(stream) = self.pick(stream) else { return };
                self.feed(Input::Writable { stream, budget: budget.into() });
            }
            Step::Take { stream, count } => {
                let Some(stream) = self.pick(stream) else { return };
                self.take(stream, count.into());
                self.drain();
            }
            Step::Stall { stream, stalled } => {
                let Some(id) = self.pick(stream) else { return };
                self.streams.entry(id).or_default().is_stalled = stalled;
                self.drain();
            }
            Step::Close { stream, how, error } => self.close(stream, how, error.into()),
            Step::ProgramEnds { stream, code } => {
                let Some(stream) = self.pick(stream) else { return };
                if self.streams.get(&stream).is_some_and(|stream| !stream.is_connection) {
                    self.feed(Input::ProgramExited { stream, status: ExitStatus::Code(code.into()) });
                }
            }
            Step::Signal(signal) => self.feed(Input::Signal(match signal {
                // Most of the time it is not to end.
                0 => Signal::Terminate,
                1 => Signal::Interrupt,
                2 => Signal::Hangup,
                _ if signal & 1 == 0 => Signal::User1,
                _ if signal & 2 == 0 => Signal::User2,
                _ => Signal::Alarm,
            })),
            Step::Reload { which } => self.reload(which),
            Step::ListenFailed { listener, error } => {
                self.feed(Input::ListenFailed { listener: ListenerId(listener.into()), error: error.into() });
            }
            Step::AcceptFailed { listener, error } => {
                self.feed(Input::AcceptFailed { listener: ListenerId(listener.into()), error: error.into() });
            }
            Step::Stray { raw, count } => {
                let stream = StreamId::from_u64(u64::from(raw) + 1_000_000);
                self.feed(Input::Received { stream, data: &[0xff; 19] });
                self.feed(Input::Sent { stream, count: count.into() });
                self.feed(Input::Closed { stream, how: ClosedKind::ReadEnd });
            }
        }
    }

    /// A timeout that nothing waits for changes nothing.
    fn early(&mut self) {
        let before = self.speaker.poll_timeout();
        if before.is_none_or(|deadline| deadline > self.at) {
            self.speaker.handle_input(self.now(), Input::Timeout);
            assert_eq!(self.speaker.poll_action(), None, "an early timeout has an effect");
            assert_eq!(self.speaker.poll_timeout(), before, "an early timeout moves a deadline");
        }
    }

    fn up(&mut self, stream: u8) {
        let Some(id) = self.pick(stream) else { return };
        let Some(known) = self.streams.get_mut(&id).filter(|stream| stream.is_pending) else { return };
        known.is_pending = false;
        let (local, remote) = (address(1, 50_000), address(2, 179));
        let input = match known.is_connection {
            true => Input::Connected { stream: id, local, remote },
            false => Input::ProgramStarted { stream: id, pid: 42 },
        };
        self.feed(input);
    }

    fn fail(&mut self, stream: u8, error: IoError) {
        let Some(stream) = self.pick(stream) else { return };
        let Some(known) = self.streams.get(&stream).filter(|stream| stream.is_pending) else { return };
        let input = match known.is_connection {
            true => Input::ConnectFailed { stream, error },
            false => Input::ProgramFailed { stream, error },
        };
        self.streams.remove(&stream);
        self.feed(input);
    }

    fn accept(&mut self, from: u8) {
        let stream = StreamId::accepted(self.accepted);
        self.accepted += 1;
        self.streams.insert(stream, Stream { is_connection: true, ..Stream::default() });
        let (local, remote) = (address(1, 179), address(2 + from % 8, 40_000));
        self.feed(Input::Accepted { stream, listener: ListenerId(0), local, remote });
    }

    fn say(&mut self, stream: u8, what: &Speech) {
        let Some(id) = self.pick(stream) else { return };
        let Some(known) = self.streams.get(&id) else { return };
        // A host reads only what is wanted, from what is there.
        if known.is_pending || !known.wants_octets {
            return;
        }
        let octets = what.octets(known.is_connection);
        if !octets.is_empty() {
            self.feed(Input::Received { stream: id, data: &octets });
        }
    }

    fn close(&mut self, stream: u8, how: u8, error: IoError) {
        let Some(stream) = self.pick(stream) else { return };
        if self.streams.get(&stream).is_some_and(|stream| stream.is_pending) {
            return;
        }
        let how = match how % 3 {
            0 => ClosedKind::ReadEnd,
            1 => ClosedKind::WriteEnd,
            _ => ClosedKind::Broken(error),
        };
        self.feed(Input::Closed { stream, how });
    }

    fn reload(&mut self, which: u8) {
        let name = String::from("fuzz.conf");
        let input = match which {
            0 => Input::Reload(Err((name, IoError::NotFound))),
            1 => Input::Reload(Ok(ConfigText { name, text: String::from("neighbor {") })),
            _ => self.read_again(name, which),
        };
        self.feed(input);
    }

    /// What reading the file gives: one of the configurations, for the first few times.
    fn read_again(&mut self, name: String, which: u8) -> Input<'static> {
        let is_there = self.reloads > 0;
        self.reloads = self.reloads.saturating_sub(1);
        Input::Reload(if is_there { Ok(configuration(name, which)) } else { Err((name, IoError::NotFound)) })
    }

    /// Time passes, and every deadline is served in its time.
    fn wait(&mut self, by: Duration) {
        let end = self.at + by;
        for _ in 0..DRAIN {
            let next = self.speaker.poll_timeout().filter(|deadline| *deadline <= end && !self.is_over);
            let Some(deadline) = next else {
                self.at = end;
                return;
            };
            self.at = self.at.max(deadline);
            self.serve_deadlines();
        }
        panic!("the speaker wakes up more than {DRAIN} times in {by:?}");
    }

    /// Serves what is due: a deadline is over once it was served.
    fn serve_deadlines(&mut self) {
        for _ in 0..DEADLINES {
            if self.is_over || self.speaker.poll_timeout().is_none_or(|deadline| deadline > self.at) {
                return;
            }
            self.feed(Input::Timeout);
        }
        let owed: Vec<_> = self.speaker.obligations().collect();
        panic!("a deadline is due for ever: {:?} at {}, {owed:?}", self.speaker.poll_timeout(), self.at);
    }

    /// Takes at most `most` octets of what waits on a stream, and looks whether they are messages.
    fn take(&mut self, stream: StreamId, most: usize) {
        let Some(known) = self.streams.get_mut(&stream).filter(|stream| !stream.is_pending) else { return };
        let Some(octets) = self.speaker.poll_transmit(stream) else { return };
        assert!(!octets.is_empty(), "nothing is offered to be sent");
        let count = octets.len().min(most);
        known.sent.extend(octets.iter().take(count));
        let first = octets.first().copied();
        assert_eq!(self.speaker.poll_transmit(stream).and_then(|again| again.first().copied()), first);
        if known.is_connection {
            let mut framer = Framer::new(&known.sent, MAX_EXTENDED_MESSAGE);
            loop {
                match framer.next_frame() {
                    Ok(Some(frame)) => drop(black_box(frame)),
                    Ok(None) => break,
                    Err(error) => panic!("{error} in what was sent on {stream}"),
                }
            }
            let consumed = framer.consumed();
            known.sent.drain(..consumed);
        } else {
            known.sent.clear();
        }
        self.speaker.handle_input(self.now(), Input::Sent { stream, count });
    }
}

impl Memory for World {
    fn speaker(&mut self) -> &mut Speaker {
        &mut self.speaker
    }

    fn now(&self) -> Now {
        let wall = self.wall.saturating_add_unsigned(self.at.as_nanos());
        Now { monotonic: self.at, wall: Timestamp::from_nanos(wall) }
    }

    /// Feeds one input and drains the speaker to its end, unless it is over.
    fn feed(&mut self, input: Input<'_>) {
        if !self.is_over {
            self.speaker.handle_input(self.now(), input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        for _ in 0..DRAIN {
            if !self.drain_one() {
                return;
            }
        }
        panic!("draining does not end");
    }

    fn log(&mut self, event: Event) {
        black_box(event);
    }

    /// Offers room to whoever wants it and is not stalled, as a reactor does.
    fn room(&self) -> Option<(StreamId, usize)> {
        self.streams.iter().find_map(|(id, stream)| {
            (stream.wants_room && !stream.is_stalled && !stream.is_pending).then_some((*id, 4096))
        })
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Connect { stream, .. } => {
                let new = Stream { is_connection: true, is_pending: true, ..Stream::default() };
                assert!(self.streams.insert(stream, new).is_none(), "{stream} is used again");
            }
            Action::StartProgram { stream, .. } | Action::OpenPipes { stream, .. } => {
                let new = Stream { is_pending: true, ..Stream::default() };
                assert!(self.streams.insert(stream, new).is_none(), "{stream} is used again");
            }
            Action::Close { stream, how } => {
                let closed = self.streams.remove(&stream);
                let whole = closed.is_none_or(|stream| !stream.is_connection || stream.sent.is_empty());
                assert!(whole || how == CloseKind::Reset, "{stream} ends gracefully within a message");
            }
            Action::Interest { stream, read, write } => {
                if let Some(stream) = self.streams.get_mut(&stream) {
                    (stream.wants_octets, stream.wants_room) = (read, write);
                }
            }
            Action::Listen { listener, address, .. } => {
                self.speaker.handle_input(self.now(), Input::Listening { listener, local: address });
            }
            Action::StopProgram { stream, .. } => {
                if self.streams.contains_key(&stream) {
                    self.speaker.handle_input(
                        self.now(),
                        Input::ProgramExited { stream, status: ExitStatus::Signal(15) },
                    );
                    self.speaker.handle_input(self.now(), Input::Closed { stream, how: ClosedKind::ReadEnd });
                }
            }
            Action::LoadConfig { name } => {
                let input = self.read_again(name, 2);
                self.speaker.handle_input(self.now(), input);
            }
            Action::Exit { .. } => self.is_over = true,
            Action::Unlisten { .. } | Action::SetTtl { .. } | Action::SetKeys { .. } => {}
        }
    }

    fn transmit(&mut self, stream: StreamId) {
        if self.streams.get(&stream).is_some_and(|stream| !stream.is_stalled && !stream.is_pending) {
            self.take(stream, usize::MAX);
        }
    }
}

impl Speech {
    fn octets(&self, to_connection: bool) -> Vec<u8> {
        let keepalive = || encode(&Message::Keepalive, 0);
        match self {
            Self::Line(line) if !to_connection => {
                LINES.get(usize::from(*line) % LINES.len()).copied().unwrap_or_default().into()
            }
            Self::Octets(octets) if to_connection => octets.clone(),
            Self::Octets(octets) => [octets, &b"\n"[..]].concat(),
            Self::Open { asn, hold_time, id, more } => open(*asn, *hold_time, *id, more),
            Self::Hello | Self::Line(_) => [open(65_000, 9, 2, &[]), keepalive()].concat(),
            Self::Keepalive => keepalive(),
            Self::Message { message, choices, short } => {
                let mut octets = encode(message, *choices);
                // Most are whole.
                octets.truncate(octets.len().saturating_sub(usize::from(short.saturating_sub(224))));
                octets
            }
            Self::Update { update, choices } => encode(&Message::Update(update.clone()), *choices),
        }
    }
}

fn open(asn: u32, hold_time: u16, id: u8, more: &[Capability]) -> Vec<u8> {
    let families = [Family::IPV4_UNICAST, Family::IPV6_UNICAST].map(Capability::Multiprotocol);
    let capabilities = families.into_iter().chain([Capability::FourOctetAs(asn), Capability::RouteRefresh]);
    let id = Ipv4Addr::new(10, 0, 0, id);
    encode(&Message::Open(Open::new(asn, hold_time, id, capabilities.chain(more.iter().cloned()))), 0)
}

/// The message as a session of these terms has it; nothing where it does not fit.
fn encode(message: &Message, choices: u8) -> Vec<u8> {
    std::thread_local! {
        // One for all: clearing so much room again for each message costs more than the message.
        static BUFFER: RefCell<Vec<u8>> = RefCell::new(alloc::vec![0; MAX_EXTENDED_MESSAGE]);
    }
    BUFFER.with_borrow_mut(|buffer| {
        let mut out = Writer::new(buffer);
        let fits = message.encode(&session(choices), &mut out);
        if fits.is_ok() { out.written().to_vec() } else { Vec::new() }
    })
}

const fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), port)
}
