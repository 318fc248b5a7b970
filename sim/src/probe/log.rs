//! A probe as a log of events: what its peers saw of the daemon, as it happened. Every trace and every picture of a probe is made from it.
//!
//! Only the peers' side is known. What a peer has sent is told as having arrived when it was written, and what the daemon has sent when the peer
//! read it; a session's state, and the deadline of the daemon's hold timer, are what follows from that.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use holdtime_core::speaker::StreamId;
use holdtime_core::{Duration, Instant};

use crate::actor::PeerState;
use crate::observe::life::SessionLife;
use crate::scenario::codec::{OPEN, hold_time, kind, take_messages};
use crate::timeline::{
    ChannelEnd, ChannelLog, Happening, LaneKind, Lanes, Timeline, TimelineEnd, TimelineEvent, TimelineHead,
    Way,
};

/// What the daemon is called.
pub(super) const DAEMON: &str = "the daemon";
/// The session's timer that can be told from outside.
const HOLD: &str = "hold";

/// The log of a probe while it is played.
#[derive(Clone, Debug, Default)]
pub struct ProbeLog {
    lanes: Lanes,
    events: Vec<TimelineEvent>,
    connections: BTreeMap<(usize, StreamId), LoggedConnection>,
    /// At which step each peer waits, and the number of that wait.
    steps: BTreeMap<String, (PeerState, Option<u64>)>,
    /// Why the last connection that was dialled did not come up.
    refused: Option<String>,
    next_wait: u64,
    next_message: u64,
}

/// A connection, the daemon's end first.
#[derive(Clone, Debug)]
struct LoggedConnection {
    channel: ChannelLog,
    session: usize,
    peer: usize,
    unsent: u64,
    /// The message that each end has sent in part, the daemon first, and the hold times in their OPENs.
    parts: [Vec<u8>; 2],
    holds: [Option<Duration>; 2],
    life: SessionLife,
    is_over: bool,
}

impl ProbeLog {
    fn tell(&mut self, at: Instant, lane: usize, what: Happening) {
        self.events.push(TimelineEvent { at, lane, with: None, what });
    }

    fn daemon(&mut self) -> usize {
        self.lanes.named(LaneKind::Speaker, DAEMON, None)
    }

    fn peer(&mut self, name: &str) -> usize {
        // It stands first, whoever is heard of first.
        self.daemon();
        self.lanes.named(LaneKind::Peer, &peer_name(name), None)
    }

    fn session(&mut self, name: &str) -> usize {
        let daemon = self.daemon();
        self.lanes.named(LaneKind::Session, &session_name(name), Some(daemon))
    }

    /// A connection came up between the peer of this name and place and the daemon; `ends` are the peer's and the daemon's.
    pub fn connected(
        &mut self,
        at: Instant,
        (index, name): (usize, &str),
        stream: StreamId,
        by_daemon: bool,
        ends: (SocketAddr, SocketAddr),
    ) {
        let (peer, session) = (self.peer(name), self.session(name));
        let call = if by_daemon { "accept" } else { "connect" };
        let outcome = format!("done: its end {}, the daemon's {}", ends.0, ends.1);
        self.tell(at, peer, Happening::Call { call: call.to_owned(), outcome });
        self.state(at, session, "Connected");
        let connection = LoggedConnection {
            channel: ChannelLog::new(true),
            session,
            peer,
            unsent: 0,
            parts: Default::default(),
            holds: [None; 2],
            life: SessionLife::default(),
            is_over: false,
        };
        self.connections.insert((index, stream), connection);
    }

    /// A connection that the peer of this name dialled did not come up.
    pub(super) fn refused(&mut self, at: Instant, name: &str, why: &str) {
        // It dials again and again.
        if self.refused.as_deref() != Some(why) {
            let lane = self.peer(name);
            self.tell(at, lane, Happening::Call { call: "connect".to_owned(), outcome: why.to_owned() });
            self.refused = Some(why.to_owned());
        }
    }

    /// The daemon (`true`) or the peer said these octets.
    pub fn said(&mut self, at: Instant, of: (usize, StreamId), by_daemon: bool, octets: &[u8]) {
        let Some(connection) = self.connections.get_mut(&of) else { return };
        let (end, lanes) = match by_daemon {
            true => (ChannelEnd::First, (connection.session, connection.peer)),
            false => (ChannelEnd::Second, (connection.peer, connection.session)),
        };
        self.events.extend(connection.channel.pass(at, end, octets, lanes, &mut self.next_message));
        let was_up = connection.is_up();
        let heard = connection.take(at, by_daemon, octets) && !by_daemon;
        let (session, is_up, hold) = (connection.session, connection.is_up(), connection.hold());
        let is_over = connection.is_over;
        if is_up && !was_up {
            self.state(at, session, "Established");
        }
        // Every whole message of the peer's restarts the daemon's hold timer (RFC 4271 §8.2.2), which begins with the OPENs.
        if let Some(hold) = hold.filter(|hold| heard && !is_over && !hold.is_zero()) {
            let until = Some((at + hold).as_nanos());
            self.tell(at, session, Happening::Timer { timer: HOLD.to_owned(), until });
        }
    }

    /// So many octets wait in the daemon's socket.
    pub(super) fn unsent(&mut self, at: Instant, of: (usize, StreamId), octets: u64) {
        let Some(connection) = self.connections.get_mut(&of) else { return };
        if std::mem::replace(&mut connection.unsent, octets) != octets {
            let session = connection.session;
            self.tell(at, session, Happening::Level { way: Way::Out, octets });
        }
    }

    /// A connection is over.
    pub fn ended(&mut self, at: Instant, of: (usize, StreamId), how: &str) {
        let Some(connection) = self.connections.get_mut(&of).filter(|connection| !connection.is_over) else {
            return;
        };
        connection.is_over = true;
        let (session, peer, unsent) = (connection.session, connection.peer, connection.unsent);
        self.tell(at, session, Happening::Call { call: "close".to_owned(), outcome: how.to_owned() });
        // Another connection with the same peer may go on.
        if self.connections.values().all(|other| other.peer != peer || other.is_over) {
            self.state(at, session, "Ended");
            self.tell(at, session, Happening::Timer { timer: HOLD.to_owned(), until: None });
        }
        if unsent > 0 {
            self.tell(at, session, Happening::Level { way: Way::Out, octets: 0 });
        }
    }

    /// The peer of this name is here in its script.
    pub fn stands(&mut self, at: Instant, name: &str, state: &PeerState) {
        let known = self.steps.get(name);
        if known.is_some_and(|(known, _)| known == state) {
            return;
        }
        let wait = known.and_then(|(_, wait)| *wait);
        let lane = self.peer(name);
        if let Some(id) = wait {
            self.tell(at, lane, Happening::Waited { id });
        }
        let mut wait = None;
        match state {
            PeerState::Waiting { step, since, .. } => {
                self.next_wait += 1;
                wait = Some(self.next_wait);
                let what = Happening::Wait { id: self.next_wait, text: format!("`{step}`"), until: None };
                self.tell(*since, lane, what);
            }
            PeerState::Failed(why) => {
                self.tell(at, lane, Happening::Process { text: format!("its script fails: {why}") });
            }
            PeerState::Finished => {}
        }
        self.steps.insert(name.to_owned(), (state.clone(), wait));
    }

    /// Something happens to the daemon's process.
    pub(super) fn process(&mut self, at: Instant, text: String) {
        let lane = self.daemon();
        self.tell(at, lane, Happening::Process { text });
    }

    fn state(&mut self, at: Instant, session: usize, state: &str) {
        self.tell(at, session, Happening::State { state: state.to_owned() });
    }

    /// Nothing gets through between the daemon and the peer of this name.
    pub(super) fn fault(&mut self, at: Instant, name: &str, text: String, until: Option<Instant>) {
        let (lane, daemon) = (self.peer(name), self.daemon());
        let what = Happening::Fault { text, until: until.map(Instant::as_nanos) };
        self.events.push(TimelineEvent { at, lane, with: Some(daemon), what });
    }

    /// What came of it was not what has to be.
    pub(super) fn alarm(&mut self, at: Instant, what: Happening) {
        let daemon = self.daemon();
        self.tell(at, daemon, what);
    }

    /// The whole log, with what was played and what came of it; the lanes of the chain are found by their names.
    pub fn conclude(mut self, head: TimelineHead, mut end: TimelineEnd) -> Timeline {
        self.daemon();
        self.events.retain(|event| event.at.as_nanos() <= end.at);
        self.events.sort_by_key(|event| event.at);
        let lanes = self.lanes.settle(&mut self.events);
        let lane_of = |name: &str| lanes.iter().position(|lane| lane.name == name);
        let mut last = None;
        for link in &mut end.chain {
            let own = lane_of(&peer_name(&link.who));
            if own.is_some() {
                last = Some(session_name(&link.who));
            }
            // What the daemon waits for is told behind the peer that it is about.
            let session = last.as_ref().and_then(|name| lane_of(name));
            link.lane = own.or(session).or_else(|| lane_of(DAEMON));
        }
        Timeline { head, lanes, events: self.events, end: Some(end) }
    }
}

impl LoggedConnection {
    /// The daemon (`true`) or the peer said these octets; whether a whole message came of them.
    fn take(&mut self, at: Instant, by_daemon: bool, octets: &[u8]) -> bool {
        let Self { parts, holds, life, .. } = self;
        let end = usize::from(!by_daemon);
        let mut is_whole = false;
        parts[end].extend_from_slice(octets);
        take_messages(&mut parts[end], |message| {
            is_whole = true;
            if by_daemon {
                life.sent(at, message);
            } else {
                life.received(at, message);
            }
            if kind(message) == OPEN {
                holds[end] = hold_time(message).or(holds[end]);
            }
        });
        is_whole
    }

    /// Whether both ends have answered the other's OPEN.
    fn is_up(&self) -> bool {
        self.life.up().is_some() && self.hold().is_some()
    }

    /// The hold time that both OPENs agree on.
    fn hold(&self) -> Option<Duration> {
        let [daemon, peer] = self.holds;
        Some(daemon?.min(peer?))
    }
}

fn peer_name(peer: &str) -> String {
    format!("peer {peer}")
}

fn session_name(peer: &str) -> String {
    format!("{DAEMON}: session with peer {peer}")
}

#[cfg(test)]
mod tests {
    use super::super::{Judgement, ProbeOutcome, ProbeVerdict, SeenScript, Sightings, find};
    use super::*;
    use crate::scenario::codec::{KEEPALIVE, framed};

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn what_the_peers_saw_of_a_daemon_is_a_log_with_the_chain_of_who_waits_for_whom() {
        let probe = find("silent-when-established").unwrap();
        let name = probe.scenario.play.peers[0].name.clone();
        let stream = StreamId::opened(0);
        let waiting = |since: u64| PeerState::Waiting {
            step: "expect notification 4/0".to_owned(),
            since: at(since),
            expects: true,
        };
        let scripts = vec![SeenScript { peer: name.clone(), state: waiting(0) }];
        let mut seen = Sightings { scripts, ..Sightings::default() };
        let ends = ("127.0.2.1:40000".parse().unwrap(), "127.0.1.1:179".parse().unwrap());
        seen.connected(at(5), 0, stream, ends);
        let open = framed(OPEN, &[4, 0xfd, 0xea, 0, 9, 10, 0, 0, 2, 0]);
        let keepalive = framed(KEEPALIVE, &[]);
        seen.sent(at(6), 0, stream, &open);
        seen.received(at(7), 0, stream, &open);
        seen.received(at(7), 0, stream, keepalive.get(..10).unwrap());
        seen.received(at(8), 0, stream, keepalive.get(10..).unwrap());
        seen.sent(at(9), 0, stream, &keepalive);
        seen.stands(at(9), 0, waiting(9));
        let judgement = Judgement::new(ProbeVerdict::Fail, "it stays", "");
        let outcome = ProbeOutcome::new(&probe, &seen, judgement);
        let timeline = outcome.timeline(&probe, seen.log, at(0), at(20_000));
        let names: Vec<&str> = timeline.lanes.iter().map(|lane| lane.name.as_str()).collect();
        let (session, peer) = (session_name(&name), format!("peer {name}"));
        assert_eq!(names, [DAEMON, session.as_str(), peer.as_str()]);
        let has = |millis: u64, lane: &str, wanted: &dyn Fn(&Happening) -> bool| {
            let here = |event: &&TimelineEvent| event.at == at(millis) && timeline.name(event.lane) == lane;
            timeline.events.iter().filter(here).any(|event| wanted(&event.what))
        };
        assert!(has(
            8,
            &session,
            &|what| matches!(what, Happening::Sent { text, .. } if text.contains("KEEPALIVE"))
        ));
        assert!(has(9, &session, &|what| *what == Happening::State { state: "Established".to_owned() }));
        let until = Some(at(9_009).as_nanos());
        assert!(has(9, &session, &|what| *what == Happening::Timer { timer: HOLD.to_owned(), until }));
        assert!(has(9, &peer, &|what| matches!(what, Happening::Wait { text, .. } if text.contains("4/0"))));
        assert!(has(
            20_000,
            DAEMON,
            &|what| matches!(what, Happening::Alarm { text, .. } if text == "it stays")
        ));
        let end = timeline.end.as_ref().unwrap();
        let chain: Vec<_> = end.chain.iter().map(|link| link.lane.map(|lane| timeline.name(lane))).collect();
        assert_eq!(chain, [Some(peer.as_str()), Some(session.as_str())]);
        assert_eq!(end.verdict, "FAIL");
    }

    #[test]
    fn a_socket_that_does_not_empty_is_a_level_and_a_connection_that_ends_lets_it_fall() {
        let mut log = ProbeLog::default();
        let of = (0, StreamId::opened(0));
        let ends = ("127.0.2.1:40000".parse().unwrap(), "127.0.1.1:179".parse().unwrap());
        log.connected(at(1), (0, "far"), of.1, false, ends);
        log.unsent(at(2), of, 700);
        log.unsent(at(3), of, 700);
        log.ended(at(4), of, "its socket closed");
        log.ended(at(5), of, "again");
        let levels: Vec<u64> = log
            .events
            .iter()
            .filter_map(|event| match event.what {
                Happening::Level { octets, .. } => Some(octets),
                _ => None,
            })
            .collect();
        assert_eq!(levels, [700, 0]);
        assert!(log.events.iter().all(|event| event.at <= at(4)));
    }
}
