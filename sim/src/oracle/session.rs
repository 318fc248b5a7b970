//! A session as the wire shows it: what both ends have said, and so the hold time they agreed on.

use std::collections::BTreeMap;

use holdtime_core::{Duration, Instant};

use crate::observe::{Seen, SessionKey};

pub(super) const OPEN: u8 = 1;
pub(super) const UPDATE: u8 = 2;
pub(super) const NOTIFICATION: u8 = 3;
pub(super) const KEEPALIVE: u8 = 4;

/// Every connection that is open, kept true to what is seen.
pub(super) type Sessions = BTreeMap<SessionKey, Session>;

/// Takes in what was seen, of whichever session.
pub(super) fn track(sessions: &mut Sessions, at: Instant, seen: &Seen<'_>) {
    match seen {
        Seen::Opened(key) => drop(sessions.insert(*key, Session::new(at))),
        Seen::Closed(key) => drop(sessions.remove(key)),
        Seen::Sent(key, _) | Seen::Received(key, _) | Seen::Blocked(key, _) => {
            if let Some(session) = sessions.get_mut(key) {
                session.see(at, seen);
            }
        }
        _ => {}
    }
}

/// What the wire has shown of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// When the connection came up.
    pub(super) opened: Instant,
    /// The hold time in each end's OPEN.
    sent_hold: Option<Duration>,
    received_hold: Option<Duration>,
    kept_sent: bool,
    kept_received: bool,
    /// When both ends had acknowledged the other's OPEN.
    pub(super) established: Option<Instant>,
    /// The last whole message in each direction.
    pub(super) last_sent: Instant,
    pub(super) last_received: Instant,
    /// Since when the network takes no more of it.
    pub(super) blocked: Option<Instant>,
    /// Either end has sent a NOTIFICATION.
    pub(super) ending: bool,
}

impl Session {
    pub(super) fn new(at: Instant) -> Self {
        Self {
            opened: at,
            sent_hold: None,
            received_hold: None,
            kept_sent: false,
            kept_received: false,
            established: None,
            last_sent: at,
            last_received: at,
            blocked: None,
            ending: false,
        }
    }

    /// Takes in what was seen of this very session.
    pub(super) fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Sent(_, message) => {
                self.last_sent = at;
                match kind(message) {
                    OPEN => self.sent_hold = hold_time(message),
                    KEEPALIVE => self.kept_sent = true,
                    NOTIFICATION => self.ending = true,
                    _ => {}
                }
            }
            Seen::Received(_, message) => {
                self.last_received = at;
                match kind(message) {
                    OPEN => self.received_hold = hold_time(message),
                    KEEPALIVE => self.kept_received = true,
                    NOTIFICATION => self.ending = true,
                    _ => {}
                }
            }
            Seen::Blocked(_, blocked) => self.blocked = blocked.then(|| self.blocked.unwrap_or(at)),
            _ => {}
        }
        if self.kept_sent && self.kept_received && self.hold().is_some() {
            self.established.get_or_insert(at);
        }
    }

    /// The hold time both ends agreed on (RFC 4271 §4.2), once both have sent OPEN.
    pub(super) fn hold(&self) -> Option<Duration> {
        Some(self.sent_hold?.min(self.received_hold?))
    }

    /// Whether the speaker has sent its OPEN.
    pub(super) fn open_sent(&self) -> bool {
        self.sent_hold.is_some()
    }
}

pub(super) fn kind(message: &[u8]) -> u8 {
    message.get(18).copied().unwrap_or_default()
}

/// The hold time in an OPEN (RFC 4271 §4.2): octets 22 and 23 of the message.
fn hold_time(open: &[u8]) -> Option<Duration> {
    let seconds = open.get(22..24)?.iter().fold(0, |n, octet| n << 8 | u64::from(*octet));
    Some(Duration::from_secs(seconds))
}
