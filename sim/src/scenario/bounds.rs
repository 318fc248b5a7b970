//! What a run is held to: when oracles sound, when its session must be up, and how it must end.

use std::fmt;

use holdtime_core::{Duration, Instant};

use crate::scenario::script::{Pattern, format_duration};

/// When an oracle sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// O1: how long a route may be on its way to the wire.
    pub route: Duration,
    /// O3: how long a command may go unanswered.
    pub answer: Duration,
    /// O2: how many wakeups without progress a virtual second may hold.
    pub wakeups: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { route: Duration::from_secs(5), answer: Duration::from_secs(5), wakeups: 10 }
    }
}

/// How a session must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedEnd {
    /// Not at all: it is up when everything has finished.
    Never,
    /// With a NOTIFICATION or the connection's end, as the network saw it leave the speaker.
    With(Pattern, Window),
}

/// When something must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Since the start of the run.
    pub at: Duration,
    /// How much later it may be.
    pub within: Duration,
}

impl Window {
    /// How late timers, latencies and computing may make something seem early.
    const EARLY: Duration = Duration::from_millis(1);

    /// Whether this is in time.
    pub fn has(&self, at: Instant) -> bool {
        let due = Instant::ZERO + self.at;
        at + Self::EARLY >= due && at <= due + self.within
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (due, within) = (Instant::ZERO + self.at, format_duration(self.within));
        write!(f, "{due}, at most {within} later")
    }
}
