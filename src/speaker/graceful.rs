//! Graceful restart (RFC 4724, RFC 8538) as the side that helps: the routes of a peer that restarts are kept for a while.

use super::neighbor::{Link, Neighbor};
use crate::session::{Event, Timer, graceful_restart};
use crate::time::{Duration, Instant};
use crate::wire::Family;
use crate::wire::capability::GracefulRestart;
use crate::wire::notification::cease;

/// How long a peer that is back may take to announce its routes again, until End-of-RIB.
const STALE: Duration = Duration::from_secs(360);
/// The flag of a family whose forwarding state was preserved.
const PRESERVED: u8 = 0x80;

impl Link {
    /// Whether both sides have offered graceful restart on this connection.
    pub(super) fn is_graceful(&self) -> bool {
        let peer = self.session.peer_open().and_then(graceful_restart);
        graceful_restart(self.session.our_open()).is_some() && peer.is_some()
    }

    /// Whether both sides go on with graceful restart after a NOTIFICATION (RFC 8538 §2).
    pub(super) fn notifies_gracefully(&self) -> bool {
        let flagged = |open| {
            graceful_restart(open).is_some_and(|offer| offer.flags & GracefulRestart::NOTIFICATION != 0)
        };
        flagged(self.session.our_open()) && self.session.peer_open().is_some_and(flagged)
    }

    /// Whether a session that ended by `event` is one that the peer may come back to (RFC 4724 §4.2, RFC 8538 §4).
    pub(super) fn may_come_back(&self, event: Event) -> bool {
        let without_notification = event == Event::ConnectionFails;
        let with_notification = match event {
            Event::Notification => !self.reason.starts_with(HARD_RESET),
            Event::Expired(Timer::Hold | Timer::SendHold) => true,
            _ => false,
        };
        self.is_graceful() && (without_notification || (with_notification && self.notifies_gracefully()))
    }
}

/// How [`Link::reason`] begins after a Hard Reset (RFC 8538 §3).
const HARD_RESET: &str = "notification received (6,9)";
const _: () = assert!(cease::HARD_RESET == 9);

impl Neighbor {
    /// Keeps what the peer announced, for as long as it said that its restart may take.
    pub(super) fn keep_stale(&mut self, now: Instant, link_offer: &GracefulRestart) {
        let families: alloc::vec::Vec<Family> = link_offer.families.iter().map(|one| one.family).collect();
        self.rib_in.mark_stale(&families);
        self.stale_until =
            (!self.rib_in.is_empty()).then(|| now + Duration::from_secs(link_offer.time.into()));
    }

    /// The peer is back: of the families whose forwarding state it has lost nothing is kept, the others wait for their
    /// End-of-RIB.
    pub(super) fn resume_stale(&mut self, now: Instant) {
        let offer = self.established().and_then(|link| graceful_restart(link.session.peer_open()?)).cloned();
        let preserved = |family: Family| {
            let offered = offer.iter().flat_map(|offer| &offer.families);
            offered.clone().any(|one| one.family == family && one.flags & PRESERVED != 0)
        };
        for family in self.config.families.clone() {
            if !preserved(family) {
                self.rib_in.sweep_stale(Some(family));
            }
        }
        self.stale_until = self.rib_in.has_stale().then(|| now + STALE);
    }

    /// Forgets what is stale, if its time has come.
    pub(super) fn expire_stale(&mut self, now: Instant) {
        if self.stale_until.is_some_and(|until| until <= now) {
            self.rib_in.sweep_stale(None);
            self.stale_until = None;
        }
    }
}
