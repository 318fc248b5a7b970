//! What is seen of a daemon from outside: connections, whole messages in both directions, ends; and its own sockets, where they can be
//! looked at.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use holdtime_core::speaker::StreamId;
use holdtime_core::{Duration, Instant};

use super::log::ProbeLog;
use super::sockets::SocketSeen;
use crate::actor::PeerState;
use crate::observe::life::SessionLife;
use crate::scenario::codec::{self, KEEPALIVE, OPEN, UPDATE};

/// How many of a peer's connections are told one by one.
const MOST_TOLD: usize = 4;

/// Everything that was seen of one run so far.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    /// In the order in which they came up.
    pub connections: Vec<SeenConnection>,
    /// How far each peer is.
    pub scripts: Vec<SeenScript>,
    /// When the daemon's process was signalled.
    pub signalled: Option<Instant>,
    /// When the daemon's process ended, and how.
    pub exited: Option<(Instant, String)>,
    /// Whether the daemon's own sockets could be looked at.
    pub sees_sockets: bool,
    /// Why the last connection that a peer dialled did not come up, and since when none does.
    pub refused: Option<(Instant, String)>,
    /// The first octets that came and that no BGP message has (RFC 4271 §4.1).
    pub foreign: Option<String>,
    /// The same in the order of time.
    pub log: ProbeLog,
}

/// How far a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenScript {
    /// The peer's name.
    pub peer: String,
    /// How far it is.
    pub state: PeerState,
}

/// One connection between a peer and the daemon.
#[derive(Clone, Debug)]
pub struct SeenConnection {
    /// Whose, by its place among the peers.
    pub peer: usize,
    stream: StreamId,
    /// Whether the daemon dialled it.
    pub is_dialled_by_daemon: bool,
    /// The peer's end.
    pub local: SocketAddr,
    /// The daemon's end.
    pub remote: SocketAddr,
    /// When it came up.
    pub at: Instant,
    /// The daemon's OPEN.
    pub open: Option<SeenOpen>,
    /// The last whole message that the peer sent, and what kind it was of.
    pub sent: Option<(Instant, u8)>,
    /// What both ends have said of a session's life.
    life: SessionLife,
    /// How many KEEPALIVEs came.
    pub keepalives: u32,
    /// When the last whole message came.
    pub heard: Option<Instant>,
    /// The longest time between two messages that came since the session was established.
    pub gap: Duration,
    /// The prefixes that were announced.
    pub prefixes: BTreeSet<(Ipv4Addr, u8)>,
    /// How often one was announced that had been before.
    pub again: usize,
    /// How it ended, where the daemon ended it.
    pub end: Option<SeenEnd>,
    /// Whether the peer has closed it.
    pub is_closed: bool,
    /// Since when nothing more leaves the daemon's socket, and how many octets are in it.
    pub stalled: Option<(Instant, u64)>,
    /// Whether an octet came.
    pub has_spoken: bool,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
}

/// A daemon's OPEN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenOpen {
    /// When it came.
    pub at: Instant,
    /// The hold time that it offers, in seconds.
    pub hold: u16,
    /// Its identifier.
    pub identifier: Ipv4Addr,
    /// Whether it offers route refresh (RFC 2918).
    pub refresh: bool,
}

/// How a daemon ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEnd {
    /// When that was seen.
    pub at: Instant,
    /// How.
    pub how: HowEnded,
}

/// How a daemon ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HowEnded {
    /// With a NOTIFICATION of this code and subcode.
    Notification(u8, u8),
    /// With FIN alone.
    Fin,
    /// With RST alone.
    Reset,
    /// Its socket is not open any more, which the peer cannot see, since it does not read; the state that it was seen in.
    Socket(String),
}

impl fmt::Display for HowEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notification(code, subcode) => write!(f, "NOTIFICATION {code}/{subcode}"),
            Self::Fin => f.write_str("closed without a word (FIN)"),
            Self::Reset => f.write_str("reset without a word (RST)"),
            Self::Socket(state) => write!(f, "its socket closed ({state})"),
        }
    }
}

impl SeenConnection {
    /// When the session was established.
    pub fn up(&self) -> Option<Instant> {
        self.life.up()
    }

    /// Whether the session is established, as far as anybody knows.
    pub fn is_up(&self) -> bool {
        self.up().is_some() && self.end.is_none() && !self.is_closed
    }

    fn take(&mut self, now: Instant, message: &[u8]) {
        if self.up().is_some() {
            let heard = self.heard.unwrap_or(now);
            self.gap = self.gap.max(now.saturating_since(heard));
        }
        self.heard = Some(now);
        self.life.sent(now, message);
        match codec::kind(message) {
            OPEN if self.open.is_none() => self.open = seen_open(now, codec::body(message)),
            KEEPALIVE => {
                self.keepalives += 1;
            }
            UPDATE => {
                for prefix in codec::announced_ipv4(codec::body(message)) {
                    self.again += usize::from(!self.prefixes.insert(prefix));
                }
            }
            _ => {
                if let Some((code, subcode)) = codec::notification(message) {
                    self.end_with(now, HowEnded::Notification(code, subcode));
                }
            }
        }
    }

    /// What happened on it, each with its time.
    fn told(&self, name: &str) -> Vec<(Instant, String)> {
        let mut lines = Vec::new();
        let mut say = |at: Instant, what: String| lines.push((at, what));
        let who = if self.is_dialled_by_daemon { "the daemon" } else { name };
        let (from, to) = (self.local, self.remote);
        say(self.at, format!("{who} has dialled: {name} {from}, the daemon {to}"));
        if let Some(open) = self.open {
            let (hold, identifier) = (open.hold, open.identifier);
            say(open.at, format!("OPEN to {name}: hold time {hold}, identifier {identifier}"));
        }
        if let Some(up) = self.up() {
            say(up, format!("the session with {name} is established"));
        }
        if let Some((at, kind)) = self.sent {
            say(at, format!("{name}'s last whole message: {}", kind_name(kind)));
        }
        if let Some((since, octets)) = self.stalled {
            say(since, format!("nothing more leaves the daemon's socket to {name}: {octets} octets"));
        }
        if let Some(heard) = self.heard {
            let (keepalives, gap) = (self.keepalives, self.gap.as_secs_f64());
            let (prefixes, again) = (self.prefixes.len(), self.again);
            let counts = format!("{keepalives} KEEPALIVEs, {prefixes} prefixes, {again} announced again");
            say(
                heard,
                format!("the daemon's last message to {name}; in all {counts}, at most {gap:.1} s apart"),
            );
        }
        if let Some(end) = &self.end {
            say(end.at, format!("the daemon has ended its connection with {name}: {}", end.how));
        }
        lines
    }

    fn end_with(&mut self, at: Instant, how: HowEnded) {
        let is_closed = self.is_closed;
        match &mut self.end {
            None if is_closed => {}
            None => self.end = Some(SeenEnd { at, how }),
            // Only the socket was seen to close, and here is what it said.
            Some(end) if matches!(end.how, HowEnded::Socket(_)) => end.how = how,
            Some(_) => {}
        }
    }
}

/// Version, AS number, hold time, identifier and capabilities of an OPEN's body (RFC 4271 §4.2).
fn seen_open(at: Instant, body: &[u8]) -> Option<SeenOpen> {
    let &[_, _, _, high, low, a, b, c, d, _, ref parameters @ ..] = body else { return None };
    let mut refresh = false;
    let mut rest = parameters;
    while let &[kind, length, ref tail @ ..] = rest {
        let (mut capabilities, others) = tail.split_at_checked(length.into())?;
        while let (2, &[code, length, ref tail @ ..]) = (kind, capabilities) {
            refresh |= code == 2;
            capabilities = tail.get(usize::from(length)..).unwrap_or_default();
        }
        rest = others;
    }
    Some(SeenOpen {
        at,
        hold: u16::from_be_bytes([high, low]),
        identifier: Ipv4Addr::new(a, b, c, d),
        refresh,
    })
}

impl Sightings {
    /// A connection of this peer came up.
    pub fn connected(&mut self, at: Instant, peer: usize, stream: StreamId, ends: (SocketAddr, SocketAddr)) {
        self.refused = None;
        let is_dialled_by_daemon = stream == StreamId::accepted(stream.as_u64() >> 1);
        let name = self.name(peer);
        self.log.connected(at, (peer, &name), stream, is_dialled_by_daemon, ends);
        self.connections.push(SeenConnection {
            peer,
            stream,
            is_dialled_by_daemon,
            local: ends.0,
            remote: ends.1,
            at,
            open: None,
            sent: None,
            life: SessionLife::default(),
            keepalives: 0,
            heard: None,
            gap: Duration::ZERO,
            prefixes: BTreeSet::new(),
            again: 0,
            end: None,
            is_closed: false,
            stalled: None,
            has_spoken: false,
            inbox: Vec::new(),
            outbox: Vec::new(),
        });
    }

    fn name(&self, peer: usize) -> String {
        self.scripts.get(peer).map_or_else(|| "somebody".to_owned(), |script| script.peer.clone())
    }

    /// A peer is here in its script.
    pub fn stands(&mut self, at: Instant, peer: usize, state: PeerState) {
        let Some(script) = self.scripts.get_mut(peer) else { return };
        self.log.stands(at, &script.peer, &state);
        script.state = state;
    }

    /// The daemon's process was sent a signal.
    pub fn signalled(&mut self, at: Instant, signal: &str) {
        self.log.process(at, format!("signal {signal}"));
        self.signalled.get_or_insert(at);
    }

    /// The daemon's process has ended.
    pub fn exited(&mut self, at: Instant, how: &str) {
        if self.exited.is_none() {
            self.log.process(at, format!("over: {how}"));
            self.exited = Some((at, how.to_owned()));
        }
    }

    /// A connection that a peer dialled did not come up.
    pub fn refused(&mut self, at: Instant, peer: usize, why: String) {
        let name = self.name(peer);
        self.log.refused(at, &name, &why);
        let since = self.refused.take().map_or(at, |(since, _)| since);
        self.refused = Some((since, why));
    }

    /// Why whoever is there can be no BGP speaker, or none that knows its peer, in one sentence about "it"; `patience` is how long it
    /// may say nothing.
    pub fn stranger(&self, now: Instant, patience: Duration) -> Option<String> {
        if let Some(octets) = &self.foreign {
            return Some(format!("is no BGP speaker: what it says begins with `{octets}`"));
        }
        if self.has_shown_itself() {
            return None;
        }
        let (first, last) = (self.connections.first(), self.connections.last());
        let waited = |since: Instant| now.saturating_since(since) > patience;
        match (first, last, &self.refused) {
            (None, _, Some((since, why))) if waited(*since) => Some(format!("takes no connection: {why}")),
            (Some(first), Some(last), _) if waited(first.at) && last.end.is_some() => Some(
                "ends every connection without a word: it is no BGP speaker, or does not know its peer"
                    .to_owned(),
            ),
            (_, Some(last), _) if waited(last.at) && last.end.is_none() => {
                let seconds = patience.as_secs();
                Some(format!(
                    "takes the connection and says nothing for {seconds} s: it is no BGP speaker, or does not know its peer"
                ))
            }
            _ => None,
        }
    }

    /// Whether peers have been let in, and nobody has heard anything yet.
    pub fn is_starting(&self) -> bool {
        !self.connections.is_empty() && !self.has_shown_itself()
    }

    /// Whether the daemon has said something, or dialled.
    fn has_shown_itself(&self) -> bool {
        self.connections.iter().any(|one| one.has_spoken || one.is_dialled_by_daemon)
    }

    fn connection(&mut self, peer: usize, stream: StreamId) -> Option<&mut SeenConnection> {
        self.connections.iter_mut().rev().find(|one| one.peer == peer && one.stream == stream)
    }

    /// The peer wrote these octets.
    pub fn sent(&mut self, at: Instant, peer: usize, stream: StreamId, octets: &[u8]) {
        self.log.said(at, (peer, stream), false, octets);
        let Some(connection) = self.connection(peer, stream) else { return };
        connection.outbox.extend_from_slice(octets);
        let SeenConnection { outbox, sent, life, .. } = connection;
        codec::take_messages(outbox, |message| {
            *sent = Some((at, codec::kind(message)));
            life.received(at, message);
        });
    }

    /// The peer read these octets.
    pub fn received(&mut self, at: Instant, peer: usize, stream: StreamId, octets: &[u8]) {
        let Some(connection) = self.connection(peer, stream) else { return };
        connection.has_spoken = true;
        let mut inbox = std::mem::take(&mut connection.inbox);
        inbox.extend_from_slice(octets);
        if !codec::MARKER.starts_with(inbox.get(..inbox.len().min(16)).unwrap_or_default()) {
            let text = inbox.get(..inbox.len().min(16)).unwrap_or_default();
            self.foreign.get_or_insert(String::from_utf8_lossy(text).escape_debug().to_string());
            return;
        }
        codec::take_messages(&mut inbox, |message| connection.take(at, message));
        connection.inbox = inbox;
        self.log.said(at, (peer, stream), true, octets);
    }

    /// The peer read the end: FIN, or RST.
    pub fn ended(&mut self, at: Instant, peer: usize, stream: StreamId, is_reset: bool) {
        let how = if is_reset { HowEnded::Reset } else { HowEnded::Fin };
        self.log.ended(at, (peer, stream), &how.to_string());
        if let Some(connection) = self.connection(peer, stream) {
            connection.end_with(at, how);
        }
    }

    /// The peer closed it.
    pub fn closed(&mut self, at: Instant, peer: usize, stream: StreamId) {
        self.log.ended(at, (peer, stream), "by the peer");
        if let Some(connection) = self.connection(peer, stream) {
            connection.is_closed = true;
        }
    }

    /// The daemon's sockets were these at this time, or later.
    pub fn look_at(&mut self, at: Instant, sockets: &[SocketSeen]) {
        self.sees_sockets = true;
        // The list may be older than what has come up since.
        let is_told_of = |one: &&mut SeenConnection| one.at <= at && one.end.is_none() && !one.is_closed;
        for connection in self.connections.iter_mut().filter(is_told_of) {
            let of = (connection.peer, connection.stream);
            let ends = (connection.remote, connection.local);
            let state = match sockets.iter().find(|socket| (socket.local, socket.remote) == ends) {
                Some(socket) if socket.is_open() => {
                    self.log.unsent(at, of, socket.unsent);
                    connection.stalled = match connection.stalled {
                        _ if socket.unsent == 0 => None,
                        Some((since, unsent)) if unsent == socket.unsent => Some((since, unsent)),
                        _ => Some((at, socket.unsent)),
                    };
                    continue;
                }
                Some(socket) => format!("{}, {} octets unsent", socket.state_name(), socket.unsent),
                // It may have come up since the list was read, and its daemon may be slow to take it.
                None if at.saturating_since(connection.at) < Duration::from_secs(1) => continue,
                None => "gone".to_owned(),
            };
            let how = HowEnded::Socket(state);
            self.log.ended(at, of, &how.to_string());
            connection.end_with(at, how);
        }
    }

    /// What happened, in lines: what a person who was not there wants to know.
    pub fn told(&self) -> Vec<String> {
        let mut lines: Vec<(Instant, String)> = Vec::new();
        for (peer, script) in self.scripts.iter().enumerate() {
            let own: Vec<&SeenConnection> = self.connections.iter().filter(|one| one.peer == peer).collect();
            // Of many attempts the first ones and the last tell it all.
            let (first, rest) = own.split_at(own.len().min(MOST_TOLD - 1));
            let (folded, last) = rest.split_at(rest.len().saturating_sub(1));
            for connection in first.iter().chain(last) {
                lines.extend(connection.told(&script.peer));
            }
            if let Some(one) = folded.first() {
                let count = folded.len();
                lines.push((one.at, format!("and so on: {count} more connections with {}", script.peer)));
            }
        }
        let signalled = self.signalled.map(|at| (at, "the daemon's process is signalled".to_owned()));
        let exited =
            self.exited.as_ref().map(|(at, how)| (*at, format!("the daemon's process has ended: {how}")));
        lines.extend(signalled.into_iter().chain(exited));
        lines.sort_by_key(|(at, _)| *at);
        lines.into_iter().map(|(at, what)| format!("{at}  {what}")).collect()
    }
}

/// What a message of this type is called.
pub(super) fn kind_name(kind: u8) -> &'static str {
    match kind {
        OPEN => "OPEN",
        UPDATE => "UPDATE",
        KEEPALIVE => "KEEPALIVE",
        codec::NOTIFICATION => "NOTIFICATION",
        codec::REFRESH => "ROUTE-REFRESH",
        _ => "an unknown one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_is_still_on_its_way_has_not_been_ended() {
        let ends: (SocketAddr, SocketAddr) =
            ("10.0.0.2:179".parse().unwrap(), "10.0.0.1:42079".parse().unwrap());
        let connected = || {
            let mut seen = Sightings::default();
            seen.connected(Instant::from_secs(5), 0, StreamId::accepted(0), ends);
            seen
        };
        let socket = |state| SocketSeen { local: ends.1, remote: ends.0, state, unsent: 1 };
        for (at, state, is_ended) in [
            // SYN_SENT, in a list that is older than the connection.
            (4, 2, false),
            // SYN_SENT, SYN_RECV, ESTABLISHED, CLOSE_WAIT.
            (6, 2, false),
            (6, 3, false),
            (6, 1, false),
            (6, 8, false),
            // FIN_WAIT1, TIME_WAIT, LAST_ACK.
            (6, 4, true),
            (6, 6, true),
            (6, 9, true),
        ] {
            let mut seen = connected();
            seen.look_at(Instant::from_secs(at), &[socket(state)]);
            assert_eq!(seen.connections[0].end.is_some(), is_ended, "state {state} at {at} s");
        }
    }
}
