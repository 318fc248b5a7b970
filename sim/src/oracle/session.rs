//! A session as the wire shows it: what both ends have said, and so the hold time they agreed on.
//!
//! Read here octet by octet, with nothing of the speaker's own decoder.

use std::collections::BTreeMap;
use std::net::IpAddr;

use holdtime_core::{Duration, Instant};

use crate::observe::life::SessionLife;
use crate::observe::{Seen, SessionEnd, SessionKey};
use crate::scenario::codec::{KEEPALIVE, OPEN, UPDATE, hold_time, kind};

/// Whether the speaker's process runs. Nothing is due from one that is stopped, and what was is due anew from when it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Awake {
    stopped: bool,
    since: Instant,
}

impl Awake {
    /// Takes in what was seen; whether it concerns the process.
    pub(super) fn see(&mut self, at: Instant, seen: &Seen<'_>) -> bool {
        let Seen::Running(running) = seen else { return false };
        *self = Self { stopped: !running, since: at };
        true
    }

    /// The later of `since` and when the process last went on; `None` while it is stopped.
    pub(super) fn from(&self, since: Instant) -> Option<Instant> {
        (!self.stopped).then_some(self.since.max(since))
    }
}

/// Which sessions something that was seen is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// None.
    Nothing,
    /// This one.
    One(SessionKey),
    /// All.
    All,
}

/// Every connection that is open, kept true to what is seen, and whether the speaker's process runs.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<SessionKey, JudgedSession>,
    pub(super) awake: Awake,
}

impl Sessions {
    /// Takes in what was seen, of whichever session.
    pub(super) fn see(&mut self, at: Instant, seen: &Seen<'_>) -> Changed {
        match seen {
            Seen::Opened(key, remote, dialler) => {
                self.open.insert(*key, JudgedSession::new(at, *remote, *dialler));
                Changed::One(*key)
            }
            Seen::Closed(key, _) => {
                self.open.remove(key);
                Changed::One(*key)
            }
            Seen::Sent(key, _) | Seen::Received(key, _) | Seen::Blocked(key, _) => {
                if let Some(session) = self.open.get_mut(key) {
                    session.see(at, seen);
                }
                Changed::One(*key)
            }
            _ if self.awake.see(at, seen) => Changed::All,
            _ => Changed::Nothing,
        }
    }

    pub(super) fn get(&self, key: SessionKey) -> Option<&JudgedSession> {
        self.open.get(&key)
    }

    /// The keys of what has changed.
    pub(super) fn which(&self, changed: Changed) -> impl Iterator<Item = SessionKey> + use<> {
        let (one, all) = match changed {
            Changed::Nothing => (None, Vec::new()),
            Changed::One(key) => (Some(key), Vec::new()),
            Changed::All => (None, self.open.keys().copied().collect()),
        };
        one.into_iter().chain(all)
    }
}

/// What the wire has shown of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct JudgedSession {
    /// The peer's address.
    pub(super) remote: IpAddr,
    /// Who dialled.
    pub(super) dialler: SessionEnd,
    /// When the connection came up.
    pub(super) opened: Instant,
    /// The hold time in each end's OPEN.
    sent_hold: Option<Duration>,
    received_hold: Option<Duration>,
    life: SessionLife,
    /// The last whole message in each direction.
    pub(super) last_sent: Instant,
    pub(super) last_received: Instant,
    /// The last one that restarts the hold timer (RFC 4271 §8.2.2, events 26 and 27).
    pub(super) last_kept: Instant,
    /// Since when the network takes no more of it.
    pub(super) blocked: Option<Instant>,
    /// Since when it does again.
    freed: Instant,
}

impl JudgedSession {
    fn new(at: Instant, remote: IpAddr, dialler: SessionEnd) -> Self {
        Self {
            remote,
            dialler,
            opened: at,
            sent_hold: None,
            received_hold: None,
            life: SessionLife::default(),
            last_sent: at,
            last_received: at,
            last_kept: at,
            blocked: None,
            freed: at,
        }
    }

    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Sent(_, message) => {
                self.last_sent = at;
                self.life.sent(at, message);
                if kind(message) == OPEN {
                    self.sent_hold = hold_time(message);
                }
            }
            Seen::Received(_, message) => {
                self.last_received = at;
                self.life.received(at, message);
                match kind(message) {
                    OPEN => self.received_hold = hold_time(message),
                    KEEPALIVE | UPDATE => self.last_kept = at,
                    _ => {}
                }
            }
            Seen::Blocked(_, true) => drop(self.blocked.get_or_insert(at)),
            Seen::Blocked(_, false) => (self.blocked, self.freed) = (None, at),
            _ => {}
        }
    }

    /// When it was established: both ends have acknowledged the other's OPEN.
    pub(super) fn established(&self) -> Option<Instant> {
        self.life.up().filter(|_| self.hold().is_some())
    }

    /// Who has sent the first NOTIFICATION, its code and subcode.
    pub(super) fn noted(&self) -> Option<(SessionEnd, u8, u8)> {
        self.life.complaint()
    }

    /// The hold time both ends agreed on (RFC 4271 §4.2), once both have sent OPEN.
    pub(super) fn hold(&self) -> Option<Duration> {
        Some(self.sent_hold?.min(self.received_hold?))
    }

    /// Whether the speaker has sent its OPEN.
    pub(super) fn open_sent(&self) -> bool {
        self.sent_hold.is_some()
    }

    /// Since when the session takes what is sent on it: it is established, nobody ends it, and the network has room.
    pub(super) fn open_since(&self) -> Option<Instant> {
        let free = self.blocked.is_none() && self.noted().is_none();
        self.established().filter(|_| free).map(|established| established.max(self.freed))
    }
}
