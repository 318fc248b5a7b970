//! A peer that keeps a session, a table and an account of what it saw.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use crate::link::{self, Arrival, ForwardedLink, PathWeather, is_nothing};
use crate::wire::{self, BenchPrefix, HEADER, KEEPALIVE, NOTIFICATION, OPEN, UPDATE};

/// How a peer comes by its connection.
#[derive(Debug)]
pub(crate) enum ConnectionWay {
    /// It dials the speaker.
    Dials(SocketAddr),
    /// The speaker dials it.
    Listens(TcpListener),
}

/// What a peer is, apart from its session.
#[derive(Debug)]
pub(crate) struct BenchPeerTerms {
    pub(crate) address: [u8; 4],
    pub(crate) asn: u32,
    /// Seconds.
    pub(crate) hold_time: u16,
    pub(crate) way: ConnectionWay,
    /// Octets of receive buffer, if not the system's.
    pub(crate) buffer: Option<usize>,
    /// Keeps a table, and not only a number.
    pub(crate) keeps_table: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BenchPeerState {
    Idle,
    Connecting,
    OpenSent,
    OpenConfirm,
    Established,
}

/// How a session, or an attempt at one, ended.
#[derive(Clone, Debug)]
pub(crate) struct PeerEnd {
    pub(crate) at: Instant,
    pub(crate) was: BenchPeerState,
    pub(crate) why: String,
}

/// Silences that were looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gaps {
    /// The longest time without any message.
    pub(crate) any: Duration,
    /// The longest time between two KEEPALIVEs.
    pub(crate) keepalive: Duration,
}

#[derive(Debug)]
pub(crate) struct BenchPeer {
    pub(crate) terms: BenchPeerTerms,
    pub(crate) state: BenchPeerState,
    pub(crate) link: Option<ForwardedLink>,
    /// The weather of the next link too.
    pub(crate) weather: PathWeather,
    pub(crate) table: BTreeMap<BenchPrefix, u32>,
    /// Prefixes announced so far.
    pub(crate) routes: u64,
    /// Prefixes that are looked for, and when each was seen last.
    pub(crate) looked_for: BTreeMap<BenchPrefix, Option<Instant>>,
    pub(crate) ends: Vec<PeerEnd>,
    pub(crate) ups: u32,
    /// When it may have a connection again; `None`: not of its own accord.
    pub(crate) back_at: Option<Instant>,
    /// The pause before it is back after an end that was not its own.
    pub(crate) redial: Duration,
    /// What it announces once it is established.
    pub(crate) announces: Vec<Vec<u8>>,
    buffer: Vec<u8>,
    gaps: Gaps,
    last_message: Instant,
    last_keepalive: Instant,
    last_sent: Instant,
}

impl BenchPeer {
    pub(crate) fn new(terms: BenchPeerTerms) -> Self {
        let now = Instant::now();
        Self {
            terms,
            state: BenchPeerState::Idle,
            link: None,
            weather: PathWeather::default(),
            table: BTreeMap::new(),
            routes: 0,
            looked_for: BTreeMap::new(),
            ends: Vec::new(),
            ups: 0,
            back_at: Some(now),
            redial: Duration::from_millis(200),
            announces: Vec::new(),
            buffer: Vec::new(),
            gaps: Gaps::default(),
            last_message: now,
            last_keepalive: now,
            last_sent: now,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state == BenchPeerState::Established
    }

    /// What to wait for in the kernel.
    pub(crate) fn waits_for(&self, now: Instant) -> Option<(BorrowedFd<'_>, PollFlags)> {
        match (&self.link, &self.terms.way) {
            (Some(link), _) if self.state == BenchPeerState::Connecting => {
                Some((link.as_fd(), PollFlags::OUT))
            }
            (Some(link), _) => Some((link.as_fd(), link.interest(now))),
            (None, ConnectionWay::Listens(listener)) if self.back_at.is_some_and(|at| at <= now) => {
                Some((listener.as_fd(), PollFlags::IN))
            }
            _ => None,
        }
    }

    /// When it has something to do by itself.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        let Some(link) = &self.link else {
            // One that listens waits for the speaker.
            return self.back_at.filter(|at| *at > now || matches!(self.terms.way, ConnectionWay::Dials(_)));
        };
        let timers = self.is_up().then(|| {
            // Who reads nothing judges nobody.
            let hold_timer = (!self.weather.is_deaf()).then(|| self.hold_timer());
            hold_timer.into_iter().fold(self.next_keepalive(), Instant::min)
        });
        timers.into_iter().chain(link.deadline(now)).min()
    }

    /// Does what is ready or due.
    pub(crate) fn turn(&mut self, now: Instant, buffer: &mut Vec<u8>) {
        if self.link.is_none() && self.back_at.is_some_and(|at| at <= now) {
            self.come_back(now);
        }
        if self.state == BenchPeerState::Connecting {
            self.finish_connect(now);
        }
        let Some(link) = &mut self.link else { return };
        for arrival in link.turn(now, buffer) {
            match arrival {
                Arrival::Octets(octets) => self.take_apart(now, &octets),
                Arrival::End(why) => self.lost(now, &why),
            }
            if self.link.is_none() {
                return;
            }
        }
        if self.is_up() && now >= self.hold_timer() && !self.weather.is_deaf() {
            self.send(now, wire::notification(4, 0));
            self.lost(now, "its own hold timer");
        } else if self.is_up() && now >= self.next_keepalive() {
            self.send(now, wire::keepalive());
        }
    }

    /// Ends the session of its own accord; it is back at `back_at`.
    pub(crate) fn leave(&mut self, now: Instant, reset: bool, back_at: Option<Instant>) {
        if let Some(link) = self.link.take() {
            link.close(reset);
            self.ended(now, "left");
        }
        self.back_at = back_at;
    }

    /// Begins anew without ending its connection, which is left to the caller.
    pub(crate) fn abandon(&mut self, now: Instant) -> Option<ForwardedLink> {
        let link = self.link.take()?;
        self.ended(now, "began anew");
        self.back_at = Some(now);
        Some(link)
    }

    /// Says something, if it has a connection.
    pub(crate) fn send(&mut self, now: Instant, octets: Vec<u8>) {
        self.last_sent = now;
        if let Some(link) = &mut self.link {
            link.send(now, octets);
        }
    }

    /// Sets the weather of its path, from now on.
    pub(crate) fn set_weather(&mut self, weather: PathWeather) {
        self.weather = weather;
        if let Some(link) = &mut self.link {
            link.weather = weather;
        }
    }

    /// The silences since this was asked last, the one that still lasts included.
    pub(crate) fn take_gaps(&mut self, now: Instant) -> Gaps {
        if !self.is_up() {
            return std::mem::take(&mut self.gaps);
        }
        let gaps = Gaps {
            any: self.gaps.any.max(now - self.last_message),
            keepalive: self.gaps.keepalive.max(now - self.last_keepalive),
        };
        self.gaps = Gaps::default();
        (self.last_message, self.last_keepalive) = (now, now);
        gaps
    }

    fn next_keepalive(&self) -> Instant {
        self.last_sent + Duration::from_millis(u64::from(self.terms.hold_time) * 1000 / 3 - 100)
    }

    /// A second late, so that it never forestalls the speaker's own.
    fn hold_timer(&self) -> Instant {
        let parted = self.link.as_ref().and_then(|link| link.weather.parted_until);
        let hold = Duration::from_secs(u64::from(self.terms.hold_time) + 1);
        parted.unwrap_or(self.last_message).max(self.last_message) + hold
    }

    fn come_back(&mut self, now: Instant) {
        let taken = match &self.terms.way {
            ConnectionWay::Dials(speaker) => link::dial(self.terms.address, *speaker, self.terms.buffer)
                .map(|socket| (socket, BenchPeerState::Connecting)),
            ConnectionWay::Listens(listener) => {
                listener.accept().map(|(socket, _)| (socket, BenchPeerState::OpenSent))
            }
        };
        match taken.and_then(|(socket, state)| self.begin(now, socket, state)) {
            Err(error) if is_nothing(&error) => {}
            Err(error) => self.lost(now, &error.to_string()),
            Ok(()) => {}
        }
    }

    fn begin(&mut self, now: Instant, socket: TcpStream, state: BenchPeerState) -> io::Result<()> {
        self.link = Some(ForwardedLink::new(socket, self.weather)?);
        (self.state, self.back_at) = (state, None);
        if state == BenchPeerState::OpenSent {
            self.send_open(now);
        }
        Ok(())
    }

    fn finish_connect(&mut self, now: Instant) {
        let Some(link) = &self.link else { return };
        match rustix::net::sockopt::socket_error(link) {
            Ok(Ok(())) if rustix::net::getpeername(link).is_ok() => {
                self.state = BenchPeerState::OpenSent;
                self.send_open(now);
            }
            Ok(Ok(())) => {}
            Ok(Err(error)) | Err(error) => self.lost(now, &error.to_string()),
        }
    }

    fn send_open(&mut self, now: Instant) {
        let BenchPeerTerms { asn, hold_time, address, .. } = self.terms;
        self.send(now, wire::open(asn, hold_time, address));
    }

    fn take_apart(&mut self, now: Instant, octets: &[u8]) {
        let whole = [std::mem::take(&mut self.buffer), octets.to_vec()].concat();
        let mut at = 0;
        while let Some(message) = wire::message(whole.get(at..).unwrap_or_default()) {
            at += message.len();
            self.hear(now, message);
            if self.link.is_none() {
                return;
            }
        }
        self.buffer = whole.get(at..).unwrap_or_default().to_vec();
    }

    fn hear(&mut self, now: Instant, message: &[u8]) {
        if self.is_up() {
            self.gaps.any = self.gaps.any.max(now - self.last_message);
        }
        self.last_message = now;
        match message.get(HEADER - 1) {
            Some(&OPEN) if self.state == BenchPeerState::OpenSent => {
                self.state = BenchPeerState::OpenConfirm;
                self.send(now, wire::keepalive());
            }
            Some(&KEEPALIVE) if self.state == BenchPeerState::OpenConfirm => {
                (self.state, self.last_keepalive) = (BenchPeerState::Established, now);
                self.ups += 1;
                for octets in self.announces.clone() {
                    self.send(now, octets);
                }
            }
            Some(&KEEPALIVE) => {
                self.gaps.keepalive = self.gaps.keepalive.max(now - self.last_keepalive);
                self.last_keepalive = now;
            }
            Some(&UPDATE) => self.hear_update(now, message),
            Some(&NOTIFICATION) => {
                let code = message.get(HEADER..).unwrap_or_default();
                let text = String::from_utf8_lossy(code.get(3..).unwrap_or_default()).into_owned();
                self.lost(now, &format!("NOTIFICATION {:?} {text}", code.get(..2).unwrap_or_default()));
            }
            kind => self.lost(now, &format!("a message of type {kind:?} as {:?}", self.state)),
        }
    }

    fn hear_update(&mut self, now: Instant, message: &[u8]) {
        if !self.terms.keeps_table && self.looked_for.is_empty() {
            self.routes += u64::from(wire::routes(message).unwrap_or(0));
            return;
        }
        let Self { terms, table, looked_for, routes, .. } = self;
        let read = wire::changes(message, |(prefix, announced)| {
            *routes += u64::from(announced.is_some());
            if let Some(seen) = looked_for.get_mut(&prefix) {
                *seen = Some(now);
            }
            match announced {
                _ if !terms.keeps_table => {}
                Some(med) => drop(table.insert(prefix, med)),
                None => drop(table.remove(&prefix)),
            }
        });
        if read.is_none() {
            self.lost(now, "an UPDATE that cannot be read");
        }
    }

    /// The session is over, and not of its own accord.
    fn lost(&mut self, now: Instant, why: &str) {
        if let Some(link) = self.link.take() {
            link.close(false);
        }
        self.ended(now, why);
        self.back_at = Some(now + self.redial);
    }

    fn ended(&mut self, now: Instant, why: &str) {
        self.ends.push(PeerEnd { at: now, was: self.state, why: why.to_owned() });
        self.state = BenchPeerState::Idle;
        self.table.clear();
        self.buffer.clear();
    }
}
