//! What a soak is told.

use std::path::PathBuf;
use std::time::Duration;

/// What a soak is told.
#[derive(Clone, Debug)]
pub(crate) struct SoakOptions {
    pub(crate) binary: PathBuf,
    pub(crate) reactor: &'static str,
    pub(crate) seed: u64,
    pub(crate) lasts: Duration,
    pub(crate) round: Duration,
    /// How many rounds at most.
    pub(crate) rounds: Option<u32>,
    /// Seconds.
    pub(crate) hold_time: u16,
    /// The speaker itself is ended and started every so many rounds; 0: never.
    pub(crate) restart_every: u32,
}
