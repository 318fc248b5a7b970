//! How far the speaker is in its life.

use crate::time::Instant;

/// See the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits for its first timeout.
    New {
        /// Since when.
        since: Instant,
    },
    /// It speaks.
    Running,
    /// It ends: what is still open by `until` is cut off.
    Leaving {
        /// Since when.
        since: Instant,
        /// The deadline.
        until: Instant,
        /// The exit status.
        code: u8,
    },
    /// It has asked for its exit.
    Gone,
}

impl Phase {
    /// When something is due.
    pub(super) fn poll_timeout(self) -> Option<Instant> {
        match self {
            Self::New { since } => Some(since),
            Self::Leaving { until, .. } => Some(until),
            Self::Running | Self::Gone => None,
        }
    }
}
