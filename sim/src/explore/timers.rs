//! Which timers of the speakers' sessions fired, as the wire shows it. Where that is not certain nothing is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use holdtime_core::{Duration, Instant};
use holdtime_host::{IoError, StreamId};
use holdtime_machine::trace::Step;
use holdtime_machine::world::ProcessId;

use crate::scenario::codec::{KEEPALIVE, NOTIFICATION};

/// A timer that was seen to fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FiredTimer {
    /// A KEEPALIVE that answers no OPEN.
    Keepalive,
    /// The end of a session whose peer was silent (RFC 4271 §6.5).
    Hold,
    /// The end of a connection on which no OPEN came (§8.2.2, OpenSent).
    OpenWait,
    /// The end of a session whose peer took nothing (RFC 9687).
    SendHold,
    /// An OPEN that was held back, and that no OPEN of the peer's called for (§8.1.1).
    DelayOpen,
    /// A neighbor that is dialled once more: ConnectRetry, or the pause after a failure.
    Redial,
}

impl FiredTimer {
    pub(super) const ALL: [Self; 6] =
        [Self::Keepalive, Self::Hold, Self::OpenWait, Self::SendHold, Self::DelayOpen, Self::Redial];

    /// A few words for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keepalive => "keepalive",
            Self::Hold => "hold",
            Self::OpenWait => "open wait",
            Self::SendHold => "send hold",
            Self::DelayOpen => "delay open",
            Self::Redial => "redial",
        }
    }
}

/// The least OPEN delay that a world configures is a second.
const HELD_BACK: Duration = Duration::from_millis(900);
/// The least send hold time that a world configures.
const SEND_HOLD: Duration = Duration::from_secs(30);
/// Less than any hold time: who was heard within it was not given up for silence.
const LATELY: Duration = Duration::from_secs(3);
/// Hold Timer Expired, and Send Hold Timer Expired (RFC 4271 §4.5, RFC 9687 §5).
const HOLD_EXPIRED: u8 = 4;
const SEND_HOLD_EXPIRED: u8 = 8;

/// The connections of all speakers, as far as timers are told by them.
#[derive(Debug, Default)]
pub(super) struct TimerWatch {
    speakers: BTreeSet<ProcessId>,
    dialled: BTreeSet<(ProcessId, SocketAddr)>,
    connections: BTreeMap<(ProcessId, StreamId), Line>,
}

/// A connection.
#[derive(Debug)]
struct Line {
    since: Instant,
    has_spoken: bool,
    has_kept: bool,
    heard: Option<Instant>,
    /// Since when it takes nothing.
    blocked: Option<Instant>,
}

impl TimerWatch {
    /// This process is a speaker.
    pub(super) fn meet(&mut self, speaker: ProcessId) {
        self.speakers.insert(speaker);
    }

    /// The timer that this step shows to have fired.
    pub(super) fn see(&mut self, at: Instant, step: &Step<'_>) -> Option<FiredTimer> {
        match step {
            Step::Connects(process, _, remote, Ok(())) if self.speakers.contains(process) => {
                (!self.dialled.insert((*process, *remote))).then_some(FiredTimer::Redial)
            }
            Step::Connected(process, stream, Ok(_)) | Step::Accepted(process, stream, _)
                if self.speakers.contains(process) =>
            {
                let line = Line { since: at, has_spoken: false, has_kept: false, heard: None, blocked: None };
                self.connections.insert((*process, *stream), line);
                None
            }
            Step::Wrote(process, stream, outcome) => {
                self.connections.get_mut(&(*process, *stream))?.wrote(at, *outcome)
            }
            Step::Read(process, stream, Ok([_, ..])) => {
                self.connections.get_mut(&(*process, *stream))?.heard = Some(at);
                None
            }
            Step::Closed(process, stream) => {
                let line = self.connections.remove(&(*process, *stream))?;
                let is_heard = line.heard.is_some_and(|heard| at < heard + LATELY);
                let is_stuck = line.blocked.is_some_and(|blocked| at >= blocked + SEND_HOLD);
                (is_heard && is_stuck).then_some(FiredTimer::SendHold)
            }
            _ => None,
        }
    }
}

impl Line {
    fn wrote(&mut self, at: Instant, outcome: Result<&[u8], IoError>) -> Option<FiredTimer> {
        let octets = match outcome {
            Ok(octets) => octets,
            Err(IoError::WouldBlock) => {
                self.blocked.get_or_insert(at);
                return None;
            }
            Err(_) => return None,
        };
        self.blocked = None;
        let is_first = !std::mem::replace(&mut self.has_spoken, true);
        match octets.get(18..) {
            Some([KEEPALIVE]) => std::mem::replace(&mut self.has_kept, true).then_some(FiredTimer::Keepalive),
            Some([NOTIFICATION, HOLD_EXPIRED, ..]) => {
                Some(if self.heard.is_some() { FiredTimer::Hold } else { FiredTimer::OpenWait })
            }
            Some([NOTIFICATION, SEND_HOLD_EXPIRED, ..]) => Some(FiredTimer::SendHold),
            _ => (is_first && self.heard.is_none() && at >= self.since + HELD_BACK)
                .then_some(FiredTimer::DelayOpen),
        }
    }
}
