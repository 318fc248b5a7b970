//! Graceful restart (RFC 4724, RFC 8538) as the side that helps: the routes of a peer that restarts are kept for a while, with
//! RFC 9494 for a long one.
//!
//! As the side that restarts there is nothing to defer (RFC 4724 §4.1): what is announced comes from the configuration and from
//! programs, and no route is selected that other peers would have to announce first.

use alloc::vec::Vec;

use super::link::SessionLink;
use super::neighbor::NeighborState;
use super::stale::{Kept, Stale};
use crate::session::{FsmEvent, graceful_restart, long_lived_restart};
use crate::time::{Duration, Instant};
use crate::wire::Family;

/// How long a peer that is back may take to announce its routes again, until End-of-RIB.
const STALE: Duration = Duration::from_secs(360);
/// The flag of a family whose forwarding state was preserved.
const PRESERVED: u8 = 0x80;

impl SessionLink {
    /// What the peer has asked to be kept if a session ended by `event`, which it did now.
    pub(super) fn offer_to_keep(&self, now: Instant, event: FsmEvent) -> Option<Kept> {
        let open = self.session.peer_open().filter(|_| self.may_come_back(event))?;
        let offer = graceful_restart(open)?;
        let until = now + Duration::from_secs(offer.time.into());
        let families: Vec<Family> = offer.families.iter().map(|one| one.family).collect();
        let ours = long_lived_restart(self.session.our_open());
        let agreed = long_lived_restart(open).iter().filter_map(|theirs| {
            let ours = ours.iter().find(|ours| ours.family == theirs.family)?;
            let time = Duration::from_secs(theirs.stale_time.min(ours.stale_time).into());
            // Where the peer offers nothing but the long life, it begins at once.
            let from = if families.contains(&theirs.family) { until } else { now };
            (!time.is_zero()).then_some((theirs.family, from + time))
        });
        Some(Kept { long_lived: agreed.collect(), families, until })
    }
}

impl NeighborState {
    /// Keeps what the peer announced, for as long as it said that its restart may take.
    pub(super) fn keep_stale(&mut self, kept: Kept) {
        let Kept { families, until, long_lived } = kept;
        let at_once: Vec<Family> = long_lived
            .iter()
            .map(|(family, _)| *family)
            .filter(|family| !families.contains(family))
            .collect();
        self.rib_in.mark_stale(&[families, at_once.clone()].concat());
        for family in at_once {
            self.rib_in.mark_long_lived(family);
        }
        self.stale = (!self.rib_in.is_empty()).then_some(Stale::Restarting(until, long_lived));
    }

    /// The peer is back: of the families whose forwarding state it has lost nothing is kept, the others wait for their
    /// End-of-RIB.
    pub(super) fn resume_stale(&mut self, now: Instant) {
        let mut preserved: Vec<Family> = Vec::new();
        if let Some(open) = self.established().and_then(|link| link.session.peer_open()) {
            let graceful = graceful_restart(open).into_iter().flat_map(|offer| &offer.families);
            let graceful = graceful.map(|one| (one.family, one.flags));
            let long_lived = long_lived_restart(open).iter().map(|one| (one.family, one.flags));
            let flagged = graceful.chain(long_lived).filter(|(_, flags)| flags & PRESERVED != 0);
            preserved.extend(flagged.map(|(family, _)| family));
        }
        for family in self.config.families.iter().filter(|family| !preserved.contains(family)) {
            self.rib_in.sweep_stale(Some(*family));
        }
        self.stale = self.rib_in.has_stale().then(|| Stale::Back(now + STALE));
    }

    /// Forgets what is stale, if its time has come, or gives it a longer one.
    pub(super) fn expire_stale(&mut self, now: Instant) {
        if self.stale_until().is_none_or(|until| until > now) {
            return;
        }
        let mut families = match self.stale.take() {
            Some(Stale::Restarting(_, families) | Stale::LongLived(families)) => families,
            Some(Stale::Back(_)) | None => Vec::new(),
        };
        families.retain(|(_, until)| *until > now);
        for family in self.config.families.clone() {
            match families.iter().any(|(known, _)| *known == family) {
                true => self.rib_in.mark_long_lived(family),
                false => self.rib_in.sweep_stale(Some(family)),
            }
        }
        if self.rib_in.has_stale() {
            self.stale = Some(Stale::LongLived(families));
        }
    }
}
