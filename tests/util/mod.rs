//! Harnesses for tests of the whole core: [`Lone`], one speaker whose peer is the test, and [`Pair`], two speakers in
//! lockstep over a network with a latency. Nothing here waits: time is a number.
#![allow(dead_code, unreachable_pub, reason = "two binaries have this module, and none uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]
#![allow(clippy::needless_pass_by_value, reason = "an action is carried out once")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::speaker::{
    Action, CloseKind, ClosedKind, Event, Identity, Input, IoError, ListenerId, Memory, Obligation, Setup,
    Speaker, StreamId,
};
use holdtime_core::wire::frame::Framer;
use holdtime_core::wire::{Nlri, Prefix};
use holdtime_core::{Duration, Instant, Now, Timestamp};

/// The time `at`, by both clocks.
pub fn now(at: Instant) -> Now {
    Now { monotonic: at, wall: Timestamp::from_nanos(1_700_000_000_000_000_000 + at.as_nanos() as i64) }
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A speaker's parts from a configuration's text.
pub fn setup(text: &str) -> Setup {
    setup_with(text, Settings::default())
}

/// The same with these settings, but that nothing rests at the beginning of a session.
pub fn setup_with(text: &str, settings: Settings) -> Setup {
    resting(text, settings, 0)
}

/// The same with a rest of so many milliseconds before the first UPDATE.
pub fn resting(text: &str, mut settings: Settings, millis: u32) -> Setup {
    settings.bgp.rest = millis;
    let file = ConfigText { name: "test.conf".into(), text: text.into() };
    let config = Config::parse(&file, &settings).unwrap_or_else(|error| panic!("{error}"));
    let identity = Identity { host: "test".into(), pid: 1, ppid: 0, version: "5.0.15".into() };
    Setup { identity, settings, files: vec![file.name], config, seed: 7, ..Setup::default() }
}

/// A neighbor section: `local` speaks to `peer`, both AS 65000 unless `options` say otherwise.
pub fn neighbor(local: &str, peer: &str, options: &str) -> String {
    let mut section = format!("neighbor {peer} {{ local-address {local}; router-id {local}; ");
    for (name, default) in [("local-as", "65000"), ("peer-as", "65000")] {
        if !options.contains(name) {
            section += &format!("{name} {default}; ");
        }
    }
    section + options + " }"
}

/// A BGP message.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xff; 16];
    octets.extend((19 + body.len() as u16).to_be_bytes());
    octets.push(kind);
    octets.extend(body);
    octets
}

/// An OPEN of `asn` with IPv4 unicast and four-octet AS numbers.
pub fn open(asn: u16, hold_time: u16, id: [u8; 4]) -> Vec<u8> {
    open_with(asn, hold_time, id, &[])
}

/// The same, with more capabilities: each its code and value.
pub fn open_with(asn: u16, hold_time: u16, id: [u8; 4], capabilities: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = vec![4];
    body.extend(asn.to_be_bytes());
    body.extend(hold_time.to_be_bytes());
    body.extend(id);
    let mut parameters = vec![2, 6, 1, 4, 0, 1, 0, 1, 2, 6, 65, 4, 0, 0];
    parameters.extend(asn.to_be_bytes());
    for (code, value) in capabilities {
        parameters.extend([2, value.len() as u8 + 2, *code, value.len() as u8]);
        parameters.extend(*value);
    }
    body.push(parameters.len() as u8);
    body.extend(parameters);
    message(1, &body)
}

pub fn keepalive() -> Vec<u8> {
    message(4, &[])
}

/// One speaker; the test is its host and its peer.
pub struct Lone {
    pub speaker: Speaker,
    pub at: Instant,
    pub actions: Vec<Action>,
    pub events: Vec<Event>,
    /// Messages sent, by stream.
    pub sent: Vec<(StreamId, Vec<u8>)>,
    /// Octets sent and not yet taken, by stream: what a program reads.
    pub written: BTreeMap<StreamId, Vec<u8>>,
    /// Streams that take nothing.
    pub stalled: Vec<StreamId>,
    pub writable: Vec<StreamId>,
    /// Every stream that was written to, in order.
    pub order: Vec<StreamId>,
    accepted: u64,
}

impl Memory for Lone {
    fn speaker(&mut self) -> &mut Speaker {
        &mut self.speaker
    }

    fn now(&self) -> Now {
        now(self.at)
    }

    fn carry_out(&mut self, action: Action) {
        if let Action::Interest { stream, write, .. } = action {
            self.writable.retain(|other| *other != stream);
            if write {
                self.writable.push(stream);
            }
        }
        self.actions.push(action);
    }

    fn transmit(&mut self, stream: StreamId) {
        while !self.stalled.contains(&stream) {
            let Some(octets) = self.speaker.poll_transmit(stream) else { return };
            let mut framer = Framer::new(octets, 65_535);
            while let Ok(Some(frame)) = framer.next_frame() {
                self.sent.push((stream, frame.message().to_vec()));
            }
            let count = octets.len();
            self.order.push(stream);
            self.written.entry(stream).or_default().extend(octets);
            self.speaker.handle_input(now(self.at), Input::Sent { stream, count });
        }
    }

    fn log(&mut self, event: Event) {
        self.events.push(event);
    }

    fn room(&self) -> Option<(StreamId, usize)> {
        let ready = self.writable.iter().find(|stream| !self.stalled.contains(stream))?;
        Some((*ready, 65_536))
    }
}

impl Lone {
    pub fn new(setup: Setup) -> Self {
        let at = Instant::from_secs(1);
        let speaker = Speaker::new(now(at), setup);
        let mut lone = Self {
            speaker,
            at,
            actions: vec![],
            events: vec![],
            sent: vec![],
            written: BTreeMap::new(),
            stalled: vec![],
            writable: vec![],
            order: vec![],
            accepted: 0,
        };
        lone.feed(Input::Timeout);
        lone
    }

    /// Feeds an input and drains what comes of it.
    pub fn feed(&mut self, input: Input<'_>) {
        Memory::feed(self, input);
    }

    /// Drains the speaker to its end; `most` becomes the most routes that a turn of it worked on, where that is more.
    pub fn drain_counting(&mut self, most: &mut u64) {
        loop {
            let before = self.speaker.routes_handled();
            if !self.drain_one() {
                return;
            }
            *most = (*most).max(self.speaker.routes_handled() - before);
        }
    }

    /// Starts the program that the speaker asked for last.
    pub fn start_program(&mut self) -> StreamId {
        let started = self.actions.iter().rev().find_map(|action| match action {
            Action::StartProgram { stream, .. } => Some(*stream),
            _ => None,
        });
        let stream = started.expect("the speaker has asked for a program");
        self.feed(Input::ProgramStarted { stream, pid: 42 });
        stream
    }

    /// What a program has read since the last call.
    pub fn take_written(&mut self, stream: StreamId) -> String {
        String::from_utf8(self.written.remove(&stream).unwrap_or_default()).unwrap()
    }

    /// Lets a stalled stream take everything again.
    pub fn unstall(&mut self, stream: StreamId) {
        self.stalled.retain(|other| *other != stream);
        self.transmit(stream);
        self.drain();
    }

    /// Lets time pass, firing every deadline at its time.
    pub fn advance(&mut self, by: Duration) {
        let end = self.at + by;
        while let Some(deadline) = self.speaker.poll_timeout().filter(|deadline| *deadline <= end) {
            self.at = self.at.max(deadline);
            self.feed(Input::Timeout);
        }
        self.at = end;
    }

    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// The stream of the last dial.
    pub fn dialled(&self) -> Option<StreamId> {
        self.actions.iter().rev().find_map(|action| match action {
            Action::Connect { stream, .. } => Some(*stream),
            _ => None,
        })
    }

    /// Answers the last dial.
    pub fn connect(&mut self) -> StreamId {
        let stream = self.dialled().expect("the speaker has dialled");
        self.actions.clear();
        let (local, remote) = (addr("10.0.0.1:50000"), addr("10.0.0.2:179"));
        self.feed(Input::Connected { stream, local, remote });
        stream
    }

    /// A connection from `remote` is accepted.
    pub fn accept_from(&mut self, remote: &str) -> StreamId {
        let stream = StreamId::accepted(self.accepted);
        self.accepted += 1;
        let (local, remote) = (addr("10.0.0.1:179"), addr(&format!("{remote}:40000")));
        self.feed(Input::Accepted { stream, listener: ListenerId(0), local, remote });
        stream
    }

    pub fn receive(&mut self, stream: StreamId, data: &[u8]) {
        self.feed(Input::Received { stream, data });
    }

    /// Dials, and goes all the way to Established with a peer that offers `hold_time`.
    pub fn establish(&mut self, hold_time: u16) -> StreamId {
        let stream = self.connect();
        self.receive(stream, &open(65_000, hold_time, [10, 0, 0, 2]));
        self.receive(stream, &keepalive());
        stream
    }

    /// The messages sent since the last call, in hex without markers, of every type but KEEPALIVE.
    pub fn take_sent(&mut self) -> Vec<String> {
        let sent = std::mem::take(&mut self.sent);
        sent.iter().filter(|(_, octets)| octets[18] != 4).map(|(_, octets)| hex(&octets[18..])).collect()
    }

    pub fn closed(&self, stream: StreamId) -> Option<CloseKind> {
        self.actions.iter().find_map(|action| match action {
            Action::Close { stream: closed, how } if *closed == stream => Some(*how),
            _ => None,
        })
    }

    pub fn exit(&self) -> Option<u8> {
        self.actions.iter().find_map(|action| match action {
            Action::Exit { code } => Some(*code),
            _ => None,
        })
    }

    /// The IPv4 unicast destinations that peers have announced.
    pub fn received_routes(&self) -> Vec<String> {
        let neighbors = self.speaker.neighbors();
        let destinations =
            neighbors.flat_map(|neighbor| neighbor.adj_rib_in.routes().map(|(to, _)| to.nlri.clone()));
        let name = |nlri| match nlri {
            Nlri::Unicast(Prefix::V4(prefix)) => Some(prefix.to_string()),
            _ => None,
        };
        destinations.filter_map(name).collect()
    }

    pub fn obligations(&self) -> Vec<Obligation> {
        self.speaker.obligations().collect()
    }

    pub fn log(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.text.as_str()).collect()
    }
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Octets in hex, from the message's type on.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Two speakers, `10.0.0.1` and `10.0.0.2`, in lockstep.
pub struct Pair {
    pub at: Instant,
    pub latency: Duration,
    pub sides: [Side; 2],
    wires: Vec<Wire>,
}

/// A speaker of a [`Pair`].
pub struct Side {
    pub speaker: Speaker,
    pub exit: Option<u8>,
    pub events: Vec<Event>,
    /// Takes nothing from any connection.
    pub deaf: bool,
    listeners: BTreeMap<ListenerId, SocketAddr>,
    /// The wire behind each connection.
    connections: BTreeMap<StreamId, usize>,
    wants: BTreeMap<StreamId, (bool, bool)>,
    accepted: u64,
}

/// A connection: what is under way to either side.
struct Wire {
    ends: [StreamId; 2],
    under_way: [VecDeque<(Instant, Packet)>; 2],
}

enum Packet {
    Accept(SocketAddr, SocketAddr),
    Connected(SocketAddr, SocketAddr),
    Refused,
    Data(Vec<u8>),
    Fin,
    Reset,
}

/// What a connection holds before it takes no more.
const WINDOW: usize = 65_536;

/// One speaker of a pair, and the other one as its outside.
struct OneSide<'p> {
    pair: &'p mut Pair,
    side: usize,
}

impl Memory for OneSide<'_> {
    fn speaker(&mut self) -> &mut Speaker {
        &mut self.pair.sides[self.side].speaker
    }

    fn now(&self) -> Now {
        now(self.pair.at)
    }

    fn carry_out(&mut self, action: Action) {
        self.pair.carry_out(self.side, action);
    }

    fn transmit(&mut self, stream: StreamId) {
        self.pair.transmit(self.side, stream);
    }

    fn log(&mut self, event: Event) {
        self.pair.sides[self.side].events.push(event);
    }

    /// [`Pair::turn`] offers room.
    fn room(&self) -> Option<(StreamId, usize)> {
        None
    }
}

impl Pair {
    pub fn new(setups: [Setup; 2]) -> Self {
        let at = Instant::from_secs(1);
        let sides = setups.map(|setup| Side {
            speaker: Speaker::new(now(at), setup),
            exit: None,
            events: vec![],
            deaf: false,
            listeners: BTreeMap::new(),
            connections: BTreeMap::new(),
            wants: BTreeMap::new(),
            accepted: 0,
        });
        let mut pair = Self { at, latency: Duration::from_millis(1), sides, wires: vec![] };
        for side in 0..2 {
            pair.feed(side, Input::Timeout);
        }
        pair
    }

    pub fn feed(&mut self, side: usize, input: Input<'_>) {
        OneSide { pair: self, side }.feed(input);
    }

    fn carry_out(&mut self, side: usize, action: Action) {
        match action {
            Action::Listen { listener, address, .. } => {
                self.sides[side].listeners.insert(listener, address);
                self.sides[side]
                    .speaker
                    .handle_input(now(self.at), Input::Listening { listener, local: address });
            }
            Action::Unlisten { listener } => {
                self.sides[side].listeners.remove(&listener);
            }
            Action::Connect { stream, remote, .. } => self.connect(side, stream, remote),
            Action::Close { stream, how } => {
                self.sides[side].wants.remove(&stream);
                if let Some(wire) = self.sides[side].connections.remove(&stream) {
                    let packet = if how == CloseKind::Graceful { Packet::Fin } else { Packet::Reset };
                    self.post(wire, 1 - side, packet);
                }
            }
            Action::Interest { stream, read, write } => {
                self.sides[side].wants.insert(stream, (read, write));
            }
            Action::Exit { code } => self.sides[side].exit = Some(code),
            _ => {}
        }
    }

    fn connect(&mut self, side: usize, stream: StreamId, remote: SocketAddr) {
        let local: SocketAddr = addr(&format!("10.0.0.{}:{}", side + 1, 40_000 + self.wires.len()));
        let other = &mut self.sides[1 - side];
        let listens = other.listeners.values().any(|address| *address == remote);
        let mut ends = [stream; 2];
        let wire = self.wires.len();
        if listens {
            ends[1 - side] = StreamId::accepted(other.accepted);
            other.accepted += 1;
        }
        self.wires.push(Wire { ends, under_way: Default::default() });
        self.sides[side].connections.insert(stream, wire);
        if listens {
            self.post(wire, 1 - side, Packet::Accept(remote, local));
            self.post(wire, side, Packet::Connected(local, remote));
        } else {
            self.post(wire, side, Packet::Refused);
        }
    }

    fn post(&mut self, wire: usize, to: usize, packet: Packet) {
        let latency = if matches!(packet, Packet::Connected(..)) { self.latency * 2 } else { self.latency };
        let due = self.at + latency;
        self.wires[wire].under_way[to].push_back((due, packet));
    }

    fn transmit(&mut self, side: usize, stream: StreamId) {
        let Some(wire) = self.sides[side].connections.get(&stream).copied() else { return };
        let queued: usize = self.wires[wire].under_way[1 - side]
            .iter()
            .map(|(_, packet)| if let Packet::Data(data) = packet { data.len() } else { 0 })
            .sum();
        let Some(octets) = self.sides[side].speaker.poll_transmit(stream) else { return };
        let count = octets.len().min(WINDOW.saturating_sub(queued));
        if count > 0 {
            let data = octets[..count].to_vec();
            self.post(wire, 1 - side, Packet::Data(data));
            self.feed(side, Input::Sent { stream, count });
        }
    }

    /// Delivers what is due, offers room to write, fires deadlines. Returns whether anything happened.
    fn turn(&mut self) -> bool {
        let mut busy = false;
        for wire in 0..self.wires.len() {
            for side in 0..2 {
                busy |= self.deliver(wire, side);
            }
        }
        for side in 0..2 {
            let waiting: Vec<_> = self.sides[side].connections.keys().copied().collect();
            for stream in waiting {
                self.transmit(side, stream);
                let wants = self.sides[side].wants.get(&stream).is_some_and(|(_, write)| *write);
                if wants && self.sides[side].speaker.poll_transmit(stream).is_none() {
                    self.feed(side, Input::Writable { stream, budget: 65_536 });
                    self.transmit(side, stream);
                    busy = true;
                }
            }
            if self.sides[side].speaker.poll_timeout().is_some_and(|deadline| deadline <= self.at) {
                self.feed(side, Input::Timeout);
                busy = true;
            }
        }
        busy
    }

    fn deliver(&mut self, wire: usize, side: usize) -> bool {
        let stream = self.wires[wire].ends[side];
        let queue = &mut self.wires[wire].under_way[side];
        if queue.front().is_none_or(|(due, _)| *due > self.at) {
            return false;
        }
        let deaf = self.sides[side].deaf;
        if deaf && matches!(queue.front(), Some((_, Packet::Data(_) | Packet::Fin))) {
            return false;
        }
        let Some((_, packet)) = queue.pop_front() else { return false };
        if let Packet::Accept(local, remote) = packet {
            self.sides[side].connections.insert(stream, wire);
            self.feed(side, Input::Accepted { stream, listener: ListenerId(0), local, remote });
            return true;
        }
        if !self.sides[side].connections.contains_key(&stream) {
            return true;
        }
        match packet {
            Packet::Connected(local, remote) => self.feed(side, Input::Connected { stream, local, remote }),
            Packet::Refused => {
                self.sides[side].connections.remove(&stream);
                self.feed(side, Input::ConnectFailed { stream, error: IoError::ConnectionRefused });
            }
            Packet::Data(data) => self.feed(side, Input::Received { stream, data: &data }),
            Packet::Fin => self.feed(side, Input::Closed { stream, how: ClosedKind::ReadEnd }),
            Packet::Reset => {
                self.feed(side, Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) });
            }
            Packet::Accept(..) => {}
        }
        true
    }

    /// Goes to the next instant at which something is due; `false`: nothing ever is.
    pub fn step(&mut self) -> bool {
        if self.turn() {
            return true;
        }
        let deaf = [self.sides[0].deaf, self.sides[1].deaf];
        let packets =
            self.wires.iter().flat_map(|wire| wire.under_way.iter().zip(deaf)).filter_map(|(queue, deaf)| {
                match queue.front() {
                    Some((_, Packet::Data(_) | Packet::Fin)) if deaf => None,
                    Some((due, _)) => Some(*due),
                    None => None,
                }
            });
        let deadlines = self.sides.iter().filter_map(|side| side.speaker.poll_timeout());
        let Some(next) = packets.chain(deadlines).min() else { return false };
        self.at = self.at.max(next);
        true
    }

    /// Steps for `by`.
    pub fn drive(&mut self, by: Duration) {
        let end = self.at + by;
        for _ in 0..1_000_000 {
            let before = self.at;
            if !self.step() || self.at > end {
                self.at = if self.at > end { before.max(end) } else { end };
                return;
            }
        }
        panic!("the pair is busy for ever");
    }

    /// How often `text` stands in a side's log.
    pub fn count_logged(&self, side: usize, text: &str) -> usize {
        self.sides[side].events.iter().filter(|event| event.text.contains(text)).count()
    }
}
