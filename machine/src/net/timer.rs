//! A connection's one timer: when to send again, when to probe a shut window, when to let go.

use holdtime_host::time::{Duration, Instant};

/// What a connection's timer is set for. Only one is ever needed at a time: a probe has nothing in flight, and what
/// lingers has nothing left to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerKind {
    /// The oldest octet in flight is overdue.
    Retransmit,
    /// The window is shut and nothing is in flight: ask.
    Probe,
    /// TIME-WAIT, or an orphan in FIN-WAIT-2, is over.
    Linger,
}

/// The timer, its back-off and the round trip it is derived from (RFC 6298, with Linux's bounds).
#[derive(Debug, Default)]
pub(super) struct Timing {
    alarm: Option<(Instant, TimerKind)>,
    /// How often the timer has expired since the peer was last heard of.
    expirations: u32,
    /// How often the interval was doubled.
    doublings: u32,
    smoothed: Option<Duration>,
    variation: Duration,
    /// The position whose acknowledgement ends the round trip being measured, and when it was sent.
    measuring: Option<(u64, Instant)>,
    /// How many timeouts of a SYN in a row are not doubled (`tcp_syn_linear_timeouts`).
    syn_linear: u32,
}

/// Whom an alarm watches over, which decides for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionPhase {
    /// A connection that we dial.
    Dialled,
    /// A handshake that we answer.
    Answered,
    /// A connection that an application holds.
    Held,
    /// One that no application holds any more.
    Orphan,
}

impl Timing {
    /// RFC 6298's first timeout.
    pub(super) const FIRST_SYN: Duration = Duration::from_secs(1);
    /// How long an orphan waits for the peer's FIN, and how long TIME-WAIT lasts, in Linux.
    pub(super) const LINGER: Duration = Duration::from_secs(60);
    const MIN: Duration = Duration::from_millis(200);
    const MAX: Duration = Duration::from_secs(120);
    /// `tcp_syn_retries`, to which the timeouts that are not doubled come: with four of them a connect gives up after about 133 s,
    /// without any after 127 s.
    const SYN_RETRIES: u32 = 6;
    /// `tcp_synack_retries`: with the doubling, an answer that stays without one is given up after 63 s.
    const SYN_ACK_RETRIES: u32 = 5;
    /// `tcp_retries2`: with the doubling, an unanswered segment is given up after about a quarter of an hour.
    const RETRIES: u32 = 15;
    /// `tcp_orphan_retries` 0, which stands for 8: an orphan is given up after about 102 s.
    const ORPHAN_RETRIES: u32 = 8;

    /// A timer on a kernel with this `tcp_syn_linear_timeouts`.
    pub(super) fn new(syn_linear: u32) -> Self {
        Self { syn_linear, ..Self::default() }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.alarm.map(|(at, _)| at)
    }

    pub(super) fn set(&mut self, alarm: TimerKind, at: Instant) {
        self.alarm = Some((at, alarm));
    }

    /// Nothing is to be watched any more.
    pub(super) fn rest(&mut self) {
        self.doublings = 0;
        if !matches!(self.alarm, Some((_, TimerKind::Linger))) {
            self.alarm = None;
        }
    }

    /// Sets the alarm unless it is set for the same thing already.
    pub(super) fn watch(&mut self, alarm: TimerKind, now: Instant) {
        if !matches!(self.alarm, Some((_, set)) if set == alarm) {
            self.doublings = 0;
            self.alarm = Some((now + self.interval(), alarm));
        }
    }

    /// Takes the alarm that is due.
    pub(super) fn expire(&mut self, now: Instant) -> Option<TimerKind> {
        let (_, alarm) = self.alarm.take_if(|(at, _)| *at <= now)?;
        self.expirations += 1;
        self.measuring = None;
        Some(alarm)
    }

    /// Whether the timer that expired is the last one. A shut window is probed for as long as the peer answers, but for an
    /// orphan only until its back-off has reached the longest interval: `tcp_probe_timer` then lets it go.
    pub(super) fn is_hopeless(&self, alarm: TimerKind, watched: ConnectionPhase) -> bool {
        let limit = match watched {
            ConnectionPhase::Dialled => Self::SYN_RETRIES + self.syn_linear,
            ConnectionPhase::Answered => Self::SYN_ACK_RETRIES,
            ConnectionPhase::Held => Self::RETRIES,
            ConnectionPhase::Orphan => Self::ORPHAN_RETRIES,
        };
        let worn_out =
            watched == ConnectionPhase::Orphan && alarm == TimerKind::Probe && self.interval() >= Self::MAX;
        alarm != TimerKind::Linger && (self.expirations > limit || worn_out)
    }

    /// Sets the alarm of a SYN again: the first few times after the same interval.
    pub(super) fn back_off_syn(&mut self, now: Instant) {
        if self.expirations > self.syn_linear {
            self.doublings += 1;
        }
        let interval = self.interval();
        // Kernels that have linear timeouts were measured: their timer wheel is late by this much.
        let late = if self.syn_linear > 0 { interval / 64 } else { Duration::ZERO };
        self.alarm = Some((now + interval + late, TimerKind::Retransmit));
    }

    /// Sets the same alarm again, later than the last time.
    pub(super) fn back_off(&mut self, alarm: TimerKind, now: Instant) {
        self.doublings += 1;
        self.alarm = Some((now + self.interval(), alarm));
    }

    /// The peer answered: it lives, and may keep its window shut for as long as it likes. Only an acknowledgement of
    /// something new says as much for what is in flight.
    pub(super) fn heard(&mut self) {
        if matches!(self.alarm, Some((_, TimerKind::Probe))) {
            self.expirations = 0;
        }
    }

    /// A segment that ends before `position` went out.
    pub(super) fn sent(&mut self, position: u64, now: Instant) {
        if self.measuring.is_none() {
            self.measuring = Some((position, now));
        }
    }

    /// Everything before `position` has arrived: what is still in flight gets a full interval.
    pub(super) fn acknowledged(&mut self, position: u64, now: Instant) {
        if let Some((_, sent)) = self.measuring.take_if(|(until, _)| *until <= position) {
            self.measure(now - sent);
        }
        self.expirations = 0;
        self.rest();
    }

    fn measure(&mut self, round_trip: Duration) {
        match self.smoothed {
            None => {
                self.smoothed = Some(round_trip);
                self.variation = round_trip / 2;
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(round_trip)) / 4;
                self.smoothed = Some((smoothed * 7 + round_trip) / 8);
            }
        }
    }

    fn interval(&self) -> Duration {
        let base =
            self.smoothed.map_or(Self::FIRST_SYN, |smoothed| smoothed + (self.variation * 4).max(Self::MIN));
        base.saturating_mul(1 << self.doublings.min(16)).min(Self::MAX)
    }
}
