//! How often a program that dies is started again.

use crate::time::{Duration, Instant};

/// So many times within [`WINDOW`], and no more.
pub(super) const LIMIT: u32 = 5;
/// The time in which deaths are counted together.
pub(super) const WINDOW: Duration = Duration::from_secs(64);

/// The restarts of one program since a window began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Respawns {
    began: Option<Instant>,
    count: u32,
}

impl Respawns {
    /// Counts a restart; false where it would be one too many.
    pub(super) fn allow(&mut self, now: Instant) -> bool {
        if self.began.is_none_or(|began| now - began >= WINDOW) {
            *self = Self { began: Some(now), count: 0 };
        }
        self.count += 1;
        self.count <= LIMIT
    }
}
