//! What is kept of a peer that restarts, and until when (RFC 4724, RFC 9494).

use alloc::vec::Vec;

use crate::time::Instant;
use crate::wire::Family;

/// What is kept of a peer whose session is gone or has just come back, and until when.
#[derive(Clone, Debug)]
pub(super) enum Stale {
    /// It restarts (RFC 4724 §4.2), and may take longer in these families, each until then (RFC 9494 §4.2).
    Restarting(Instant, Vec<(Family, Instant)>),
    /// It takes longer.
    LongLived(Vec<(Family, Instant)>),
    /// It is back, and announces its routes again.
    Back(Instant),
}

/// What a peer has asked to be kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The families of its graceful restart.
    pub(super) families: Vec<Family>,
    /// Until when.
    pub(super) until: Instant,
    /// Those for longer, and until when.
    pub(super) long_lived: Vec<(Family, Instant)>,
}

impl Stale {
    /// Until when it is kept as it is.
    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Self::Restarting(until, _) | Self::Back(until) => Some(*until),
            Self::LongLived(families) => families.iter().map(|(_, until)| *until).min(),
        }
    }
}
