//! The TCP connections of a capture: their two directions, and what the OPENs in them agreed on.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use holdtime_core::session::negotiate;
use holdtime_core::wire::frame::{HEADER, kind};
use holdtime_core::wire::{Negotiated, Open};

use super::messages::{Framed, MessageScanner};
use super::reassembly::{MAX_HELD, Reassembly};
use super::segment::CapturedSegment;
use super::stamp::Stamp;
use crate::item::Endpoints;

/// BGP's port.
const PORT: u16 = 179;
/// Connections that are kept. Those that were silent for longest are let go of first.
const MAX_CONNECTIONS: usize = 16_384;
/// Octets that wait for others, in all connections.
const MAX_HELD_IN_ALL: usize = 64 << 20;
/// A sequence number so far from what is expected begins another connection between the same ports.
const FAR: u64 = 64 << 20;
/// How long octets may be missing after their receiver acknowledged them, in nanoseconds of the capture: packets are
/// not always captured in their order.
const LATE: i64 = 1_000_000_000;

/// What is found in a connection.
pub(super) enum FromConnection<'a> {
    /// A message, header included.
    Message {
        octets: &'a [u8],
        stamp: Stamp,
        session: Endpoints,
        /// What the OPENs agreed on, seen from the receiver.
        terms: Option<Arc<Negotiated>>,
    },
    /// What could not be read.
    Trouble { what: String, stamp: Stamp },
}

/// Every connection of a capture.
#[derive(Debug, Default)]
pub(super) struct Connections {
    connections: HashMap<[SocketAddr; 2], Connection>,
    /// Connections so far: the next one's number.
    count: u64,
    /// What waits in all of them, in octets.
    held: usize,
}

#[derive(Debug)]
struct Connection {
    /// Which connection it is, in the order of their first packets.
    number: u64,
    /// The last packet's number.
    last: u64,
    halves: [Half; 2],
    talk: Talk,
}

/// Who talks, and what they agreed on.
#[derive(Debug)]
struct Talk {
    /// Where each direction comes from.
    ends: [SocketAddr; 2],
    opens: [Option<Open>; 2],
    /// What the OPENs agreed on, seen from each end.
    terms: [Option<Arc<Negotiated>>; 2],
}

/// One direction.
#[derive(Debug)]
struct Half {
    /// The sequence number of its SYN, and what that acknowledged.
    syn: Option<u32>,
    syn_acknowledges: Option<u32>,
    /// Where its FIN stands.
    fin: Option<u64>,
    octets: Reassembly,
    messages: MessageScanner,
    /// Since when the other side has acknowledged what was not captured.
    acknowledged: Option<i64>,
}

impl Connections {
    /// Takes a segment, and tells of what is complete with it.
    pub(super) fn take(
        &mut self,
        segment: &CapturedSegment<'_>,
        stamp: Stamp,
        tell: &mut impl FnMut(FromConnection<'_>),
    ) {
        if segment.rst {
            // Its numbers need not fit, and what was sent before it may still be on its way.
            return;
        }
        let (key, side) = match segment.from <= segment.to {
            true => ([segment.from, segment.to], 0),
            false => ([segment.to, segment.from], 1),
        };
        if !self.connections.contains_key(&key) {
            if segment.payload.is_empty() && segment.missing == 0 && !segment.syn {
                return;
            }
            self.make_room(tell);
            self.count += 1;
            self.connections.insert(key, Connection::new(key, self.count));
        }
        let Some(connection) = self.connections.get_mut(&key) else { return };
        self.held -= connection.held();
        connection.last = stamp.place.number;
        connection.take(side, segment, stamp, tell);
        if connection.held() + self.held > MAX_HELD_IN_ALL {
            connection.give_up(tell);
        }
        self.held += connection.held();
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, tell: &mut impl FnMut(FromConnection<'_>)) {
        let mut left: Vec<Connection> = self.connections.drain().map(|(_, connection)| connection).collect();
        left.sort_by_key(|connection| connection.number);
        left.iter_mut().for_each(|connection| connection.end(tell));
        self.held = 0;
    }

    /// Lets go of half of the connections if there are too many: of those that are no BGP first, then of those that were silent for longest.
    fn make_room(&mut self, tell: &mut impl FnMut(FromConnection<'_>)) {
        if self.connections.len() < MAX_CONNECTIONS {
            return;
        }
        let mut order: Vec<_> =
            self.connections.iter().map(|(key, one)| (!one.is_other(), one.last, *key)).collect();
        order.sort_unstable();
        for (_, _, key) in order.into_iter().take(MAX_CONNECTIONS / 2) {
            if let Some(mut connection) = self.connections.remove(&key) {
                self.held -= connection.held();
                connection.end(tell);
            }
        }
    }
}

impl Connection {
    fn new(ends: [SocketAddr; 2], number: u64) -> Self {
        let trusted = ends.iter().any(|end| end.port() == PORT);
        let half = || Half {
            syn: None,
            syn_acknowledges: None,
            fin: None,
            octets: Reassembly::default(),
            messages: MessageScanner::new(false, trusted),
            acknowledged: None,
        };
        let talk = Talk { ends, opens: [None, None], terms: [None, None] };
        Self { number, last: 0, halves: [half(), half()], talk }
    }

    fn held(&self) -> usize {
        self.halves.iter().map(|half| half.octets.held()).sum()
    }

    fn is_other(&self) -> bool {
        self.halves.iter().all(|half| half.messages.is_other())
    }

    fn take(
        &mut self,
        side: usize,
        segment: &CapturedSegment<'_>,
        stamp: Stamp,
        tell: &mut impl FnMut(FromConnection<'_>),
    ) {
        let far = self.halves.get(side).is_some_and(|half| half.octets.distance(segment.sequence) > FAR);
        if far || segment.syn && !self.has(side, segment) {
            self.end(tell);
            *self = Self { last: self.last, ..Self::new(self.talk.ends, self.number) };
        }
        self.transfer(side, segment, stamp, tell);
        if let (Some(acknowledged), Some(time)) = (segment.acknowledges, stamp.time) {
            self.acknowledge(1 - side, acknowledged, time, tell);
        }
    }

    /// Whether a SYN belongs to the connection at hand, rather than to the next one between the same ports.
    fn has(&self, side: usize, segment: &CapturedSegment<'_>) -> bool {
        let [low, high] = &self.halves;
        let (half, other) = if side == 0 { (low, high) } else { (high, low) };
        if half.octets.has_begun() {
            return half.syn == Some(segment.sequence);
        }
        let after = |sequence: u32| Some(sequence.wrapping_add(1));
        match segment.acknowledges {
            Some(acknowledged) => other.syn.is_none_or(|syn| after(syn) == Some(acknowledged)),
            None => !other.octets.has_begun() || other.syn_acknowledges == after(segment.sequence),
        }
    }

    /// Takes the octets of a segment, and gives up those before them where too many wait.
    fn transfer(
        &mut self,
        side: usize,
        segment: &CapturedSegment<'_>,
        stamp: Stamp,
        tell: &mut impl FnMut(FromConnection<'_>),
    ) {
        let Some(half) = self.halves.get_mut(side) else { return };
        if segment.syn && half.syn != Some(segment.sequence) {
            half.syn = Some(segment.sequence);
            half.syn_acknowledges = segment.acknowledges;
            half.octets.begin(segment.sequence.wrapping_add(1));
            half.messages = MessageScanner::new(true, half.messages.is_trusted());
        }
        let start = segment.sequence.wrapping_add(u32::from(segment.syn));
        self.run(side, tell, |half, found| {
            let Half { octets, messages, .. } = half;
            if !segment.payload.is_empty() || segment.missing > 0 {
                octets.take(start, segment.payload, segment.missing, stamp, &mut |piece| {
                    messages.take(piece, found);
                });
            }
            while octets.held() > MAX_HELD && octets.give_up(&mut |piece| messages.take(piece, found)) {}
            if segment.fin {
                let length = segment.payload.len() as u32 + segment.missing;
                half.fin = half.octets.place(start.wrapping_add(length));
            }
            if half.is_finished() {
                half.messages.end(true, found);
            }
        });
    }

    /// The octets before `sequence` have arrived where they were sent to. Those of them that were not captured will not come.
    fn acknowledge(
        &mut self,
        side: usize,
        sequence: u32,
        time: i64,
        tell: &mut impl FnMut(FromConnection<'_>),
    ) {
        let Some(half) = self.halves.get_mut(side) else { return };
        if !half.octets.place(sequence).is_some_and(|place| half.octets.lacks(place)) {
            half.acknowledged = None;
            return;
        }
        let since = *half.acknowledged.get_or_insert(time);
        if time.saturating_sub(since) > LATE {
            half.acknowledged = None;
            self.run(side, tell, |half, found| {
                let Half { octets, messages, .. } = half;
                octets.give_up(&mut |piece| messages.take(piece, found));
            });
        }
    }

    /// Gives up everything that is missing.
    fn give_up(&mut self, tell: &mut impl FnMut(FromConnection<'_>)) {
        for side in [0, 1] {
            self.run(side, tell, |half, found| {
                let Half { octets, messages, .. } = half;
                while octets.give_up(&mut |piece| messages.take(piece, found)) {}
            });
        }
    }

    /// Nothing more comes.
    fn end(&mut self, tell: &mut impl FnMut(FromConnection<'_>)) {
        self.give_up(tell);
        for side in [0, 1] {
            self.run(side, tell, |half, found| {
                let closed = half.is_finished();
                half.messages.end(closed, found);
            });
        }
    }

    /// Does something to one direction, and tells of what it finds there.
    fn run(
        &mut self,
        side: usize,
        tell: &mut impl FnMut(FromConnection<'_>),
        act: impl FnOnce(&mut Half, &mut dyn FnMut(Framed<'_>)),
    ) {
        let Self { halves, talk, .. } = self;
        if let Some(half) = halves.get_mut(side) {
            act(half, &mut |found| talk.tell(side, found, tell));
        }
    }
}

impl Half {
    /// Whether every octet up to the FIN has been looked at.
    fn is_finished(&self) -> bool {
        self.fin.is_some_and(|fin| self.octets.reached(fin))
    }
}

impl Talk {
    /// Tells of what was found in the octets that the end `side` sent.
    fn tell(&mut self, side: usize, found: Framed<'_>, tell: &mut impl FnMut(FromConnection<'_>)) {
        let [low, high] = self.ends;
        let (from, to) = if side == 0 { (low, high) } else { (high, low) };
        match found {
            Framed::Trouble(what, stamp) => {
                tell(FromConnection::Trouble { what: format!("{from} > {to}: {what}"), stamp });
            }
            Framed::Message(octets, stamp) => {
                if octets.get(HEADER - 1) == Some(&kind::OPEN) {
                    self.hear(side, octets);
                }
                let open = |side: usize| self.opens.get(side).and_then(Option::as_ref);
                let session = Endpoints {
                    local_address: Some(to.ip()),
                    peer_address: from.ip(),
                    local_as: open(1 - side).map(Open::asn),
                    peer_as: open(side).map(Open::asn),
                    peer_id: open(side).map(|open| open.router_id),
                };
                let terms = self.terms.get(1 - side).cloned().flatten();
                tell(FromConnection::Message { octets, stamp, session, terms });
            }
        }
    }

    /// Takes an OPEN.
    fn hear(&mut self, side: usize, message: &[u8]) {
        let open = Open::decode(message.get(HEADER..).unwrap_or_default()).ok();
        if let Some(place) = self.opens.get_mut(side) {
            *place = open;
        }
        if let [Some(low), Some(high)] = &self.opens {
            self.terms = [Some(Arc::new(negotiate(low, high))), Some(Arc::new(negotiate(high, low)))];
        } else {
            self.terms = [None, None];
        }
    }
}
