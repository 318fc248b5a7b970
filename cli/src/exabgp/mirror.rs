//! A speaker on its own: everybody whom it knows answers at once, offers what it offers, and says nothing else. Time passes only where
//! the speaker waits for it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use holdtime_core::api::Peer;
use holdtime_core::config::{self, Config, Settings};
use holdtime_core::session::{State, negotiate};
use holdtime_core::speaker::{Action, Event, Input, ListenerId, Memory, Party, Setup, Severity, StreamId};
use holdtime_core::wire::frame::kind;
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;
use holdtime_core::wire::{Capability, Framer, Message, Negotiated, Open, Writer};
use holdtime_core::{Instant, Now, Speaker, Timestamp};

use crate::exabgp::serve;

/// The AS of both ends where the configuration leaves both to the peer: the first one for private use (RFC 6996).
const ANY_AS: u32 = 64_512;
/// What a session is filled with at once, in octets.
const ROOM: usize = 65_536;
/// After so many deadlines nothing more is waited for: a rate limit that lets a million messages through is enough.
const PATIENCE: usize = 1_000_000;

/// What was sent to one neighbor.
#[derive(Debug)]
pub(crate) struct MirrorSession {
    /// Between whom.
    pub(crate) peer: Peer,
    /// What its messages must be read with: what was agreed on, seen from the peer.
    pub(crate) read_with: Negotiated,
    /// Every message but KEEPALIVE, in order.
    pub(crate) sent: Vec<Vec<u8>>,
    /// Octets that make no whole message yet.
    rest: Vec<u8>,
    /// It wants to be filled.
    wants_room: bool,
    /// The AS that the peer says it is in, where the configuration has an opinion.
    peer_as: Option<u32>,
}

/// What came of the sessions of a configuration.
#[derive(Debug)]
pub(crate) struct MirrorOutcome {
    /// All of them, in the order of the configuration.
    pub(crate) sessions: Vec<MirrorSession>,
    /// What the speaker warned of: routes that it does not send, and why.
    pub(crate) warnings: Vec<String>,
}

/// Plays the sessions of all neighbors until each is established and everything is sent.
pub(crate) fn play(mut config: Config, settings: Settings) -> MirrorOutcome {
    for neighbor in &mut config.neighbors {
        // `auto` is the peer's number, which its OPEN would say before ours.
        neighbor.local_as = neighbor.local_as.or(neighbor.peer_as).or(Some(ANY_AS));
    }
    let neighbors = config.neighbors.clone();
    let setup = Setup { identity: serve::identity(&settings), settings, config, ..Setup::default() };
    let at = Instant::ZERO;
    let speaker = Speaker::new(Now { monotonic: at, wall: Timestamp::default() }, setup);
    let waiting = neighbors.iter().map(Some).collect();
    let mut mirror = Mirror { speaker, at, waiting, sessions: BTreeMap::new(), warnings: Vec::new() };
    mirror.feed(Input::Timeout);
    mirror.dial_the_others();
    mirror.wait();
    let warnings = mirror.warnings;
    let mut sessions: Vec<_> = mirror.sessions.into_values().collect();
    sessions.sort_by_key(|(place, _)| *place);
    MirrorOutcome { sessions: sessions.into_iter().map(|(_, session)| session).collect(), warnings }
}

struct Mirror<'a> {
    speaker: Speaker,
    at: Instant,
    /// The neighbors that have no connection yet.
    waiting: Vec<Option<&'a config::Neighbor>>,
    /// The connections, each with the place of its neighbor in the configuration.
    sessions: BTreeMap<StreamId, (usize, MirrorSession)>,
    warnings: Vec<String>,
}

impl Memory for Mirror<'_> {
    fn speaker(&mut self) -> &mut Speaker {
        &mut self.speaker
    }

    fn now(&self) -> Now {
        Now { monotonic: self.at, wall: Timestamp::default() }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Connect { stream, remote, .. } => {
                let dialled =
                    |one: &Option<&config::Neighbor>| one.is_some_and(|one| one.peer.address == remote.ip());
                if let Some(place) = self.waiting.iter().position(dialled) {
                    self.connect(place, stream, |local| Input::Connected { stream, local, remote });
                }
            }
            Action::Interest { stream, write, .. } => {
                if let Some((_, session)) = self.sessions.get_mut(&stream) {
                    session.wants_room = write;
                }
            }
            Action::Close { stream, .. } => {
                if let Some((_, session)) = self.sessions.get_mut(&stream) {
                    session.wants_room = false;
                }
            }
            // Nobody listens, and no program is started.
            _ => {}
        }
    }

    /// Takes everything that waits on a connection, and answers it.
    fn transmit(&mut self, stream: StreamId) {
        let Some(octets) = self.speaker.poll_transmit(stream) else { return };
        let count = octets.len();
        let answer = match self.sessions.get_mut(&stream) {
            Some((_, session)) => session.take(octets),
            None => Vec::new(),
        };
        self.speaker.handle_input(self.now(), Input::Sent { stream, count });
        if !answer.is_empty() {
            self.speaker.handle_input(self.now(), Input::Received { stream, data: &answer });
        }
    }

    fn log(&mut self, event: Event) {
        if event.severity >= Severity::Warning && matches!(event.party, Party::Neighbor(_)) {
            self.warnings.push(format!("{} {}", event.party, event.text));
        }
    }

    fn room(&self) -> Option<(StreamId, usize)> {
        self.sessions.iter().find_map(|(id, (_, one))| one.wants_room.then_some((*id, ROOM)))
    }
}

impl Mirror<'_> {
    /// The neighbors that the speaker does not dial dial it.
    fn dial_the_others(&mut self) {
        for place in 0..self.waiting.len() {
            let Some(neighbor) = self.waiting.get(place).copied().flatten() else { continue };
            if neighbor.passive {
                let (stream, listener) = (StreamId::accepted(place as u64), ListenerId(0));
                let remote = SocketAddr::new(neighbor.peer.address, 179);
                self.connect(place, stream, |local| Input::Accepted { stream, listener, local, remote });
                self.drain();
            }
        }
    }

    /// A neighbor has its connection.
    fn connect(&mut self, place: usize, stream: StreamId, input: impl FnOnce(SocketAddr) -> Input<'static>) {
        let Some(neighbor) = self.waiting.get_mut(place).and_then(Option::take) else { return };
        let any = match neighbor.peer.address {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        let local = neighbor.local_address.unwrap_or(any);
        let peer = Peer {
            local_address: Some(local),
            peer_address: neighbor.peer.address,
            local_as: neighbor.local_as.or(neighbor.peer_as),
            peer_as: neighbor.peer_as.or(neighbor.local_as),
            router_id: Some(neighbor.router_id),
        };
        let session = MirrorSession {
            peer,
            read_with: Negotiated::default(),
            sent: Vec::new(),
            rest: Vec::new(),
            wants_room: false,
            peer_as: neighbor.peer_as.or(neighbor.local_as),
        };
        self.sessions.insert(stream, (place, session));
        self.speaker.handle_input(self.now(), input(SocketAddr::new(local, 179)));
    }

    /// Lets time pass until everything is sent, or nothing more is going to be.
    fn wait(&mut self) {
        for _ in 0..PATIENCE {
            let established = self.speaker.neighbors().filter(|one| one.state == State::Established);
            let done = established.filter(|one| !one.adj_rib_out.has_pending()).count();
            let Some(deadline) = self.speaker.poll_timeout() else { return };
            // A deadline that has come already is work that the speaker does in slices: routes that are not in a table yet.
            let idle = deadline > self.at;
            if idle && done >= self.sessions.len() && self.waiting.iter().all(Option::is_none) {
                return;
            }
            self.at = self.at.max(deadline);
            self.feed(Input::Timeout);
        }
    }
}

impl MirrorSession {
    /// Keeps the messages, and returns what a peer answers: the same OPEN, and KEEPALIVEs.
    fn take(&mut self, octets: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(octets);
        let rest = std::mem::take(&mut self.rest);
        let mut framer = Framer::new(&rest, MAX_EXTENDED_MESSAGE);
        let mut answer = Vec::new();
        while let Ok(Some(frame)) = framer.next_frame() {
            if frame.kind() == kind::KEEPALIVE {
                append(&Message::Keepalive, &mut answer);
                continue;
            }
            if let (kind::OPEN, Ok(ours)) = (frame.kind(), Open::decode(frame.body())) {
                let theirs = mirrored(&ours, self.peer_as.unwrap_or(ours.asn()));
                self.read_with = negotiate(&theirs, &ours);
                append(&Message::Open(theirs), &mut answer);
            }
            self.sent.push(frame.message().to_vec());
        }
        self.rest = rest.get(framer.consumed()..).unwrap_or_default().to_vec();
        answer
    }
}

/// The OPEN of a peer in AS `asn` that offers what ours offers.
fn mirrored(ours: &Open, asn: u32) -> Open {
    let capabilities = ours.capabilities().cloned().map(|capability| match capability {
        Capability::FourOctetAs(_) => Capability::FourOctetAs(asn),
        other => other,
    });
    let identifier = ours.router_id.to_bits().checked_add(1).unwrap_or(1);
    Open::new(asn, ours.hold_time, Ipv4Addr::from_bits(identifier), capabilities)
}

fn append(message: &Message, out: &mut Vec<u8>) {
    let mut buffer = vec![0; MAX_EXTENDED_MESSAGE];
    let mut writer = Writer::new(&mut buffer);
    if message.encode(&Negotiated::default(), &mut writer).is_ok() {
        out.extend_from_slice(writer.written());
    }
}
