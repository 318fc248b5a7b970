//! The states and timers of a speaker's sessions, read off the speaker after each of its inputs.

use std::collections::BTreeMap;
use std::net::IpAddr;

use holdtime_core::session::{State, Timer, Timers};
use holdtime_core::{Instant, Speaker};

use crate::timeline::Happening;

/// What was seen of each session last.
#[derive(Debug, Default)]
pub struct SessionTrack {
    known: BTreeMap<String, (State, Timers)>,
}

impl SessionTrack {
    /// Says what has changed since the last look: of which peer, and what.
    pub fn look(&mut self, speaker: &Speaker, mut tell: impl FnMut(IpAddr, Happening)) {
        for neighbor in speaker.neighbors() {
            let is_new = !self.known.contains_key(neighbor.name);
            let known = self.known.entry(neighbor.name.to_owned()).or_default();
            let before = std::mem::replace(known, (neighbor.state, *neighbor.timers));
            if is_new || before.0 != neighbor.state {
                tell(neighbor.peer, Happening::State { state: neighbor.state.name().to_owned() });
            }
            for timer in Timer::ALL {
                let until = neighbor.timers.deadline(timer);
                if before.1.deadline(timer) != until {
                    let until = until.map(Instant::as_nanos);
                    tell(neighbor.peer, Happening::Timer { timer: name(timer).to_owned(), until });
                }
            }
        }
    }
}

const fn name(timer: Timer) -> &'static str {
    match timer {
        Timer::ConnectRetry => "connect retry",
        Timer::Hold => "hold",
        Timer::Keepalive => "keepalive",
        Timer::IdleHold => "idle hold",
        Timer::OpenWait => "open wait",
        Timer::DelayOpen => "delay open",
        Timer::SendHold => "send hold",
    }
}
