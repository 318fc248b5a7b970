//! A connection's one timer: when to send again, when to probe a shut window, when to let go.

use holdtime_core::time::{Duration, Instant};

/// What a connection's timer is set for. Only one is ever needed at a time: a probe has nothing in flight, and what
/// lingers has nothing left to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
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
    alarm: Option<(Instant, Alarm)>,
    /// How often the alarm has struck since the peer was last heard of.
    strikes: u32,
    /// How often the interval was doubled.
    doublings: u32,
    smoothed: Option<Duration>,
    variation: Duration,
    /// The position whose acknowledgement ends the round trip being measured, and when it was sent.
    measuring: Option<(u64, Instant)>,
}

impl Timing {
    /// RFC 6298's first timeout.
    pub(super) const FIRST_SYN: Duration = Duration::from_secs(1);
    /// How long an orphan waits for the peer's FIN, and how long TIME-WAIT lasts, in Linux.
    pub(super) const LINGER: Duration = Duration::from_secs(60);
    const MIN: Duration = Duration::from_millis(200);
    const MAX: Duration = Duration::from_secs(120);
    /// `tcp_syn_retries`: with the doubling, a connect gives up after 127 s.
    const SYN_RETRIES: u32 = 6;
    /// `tcp_retries2`: with the doubling, an unanswered segment is given up after about a quarter of an hour.
    const RETRIES: u32 = 15;

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.alarm.map(|(at, _)| at)
    }

    pub(super) fn set(&mut self, alarm: Alarm, at: Instant) {
        self.alarm = Some((at, alarm));
    }

    /// Nothing is to be watched any more.
    pub(super) fn rest(&mut self) {
        self.doublings = 0;
        if !matches!(self.alarm, Some((_, Alarm::Linger))) {
            self.alarm = None;
        }
    }

    /// Sets the alarm unless it is set for the same thing already.
    pub(super) fn watch(&mut self, alarm: Alarm, now: Instant) {
        if !matches!(self.alarm, Some((_, set)) if set == alarm) {
            self.doublings = 0;
            self.alarm = Some((now + self.interval(), alarm));
        }
    }

    /// Takes the alarm that is due.
    pub(super) fn strike(&mut self, now: Instant) -> Option<Alarm> {
        let (_, alarm) = self.alarm.take_if(|(at, _)| *at <= now)?;
        self.strikes += 1;
        self.measuring = None;
        Some(alarm)
    }

    pub(super) fn is_hopeless(&self, alarm: Alarm, handshake: bool) -> bool {
        let limit = if handshake { Self::SYN_RETRIES } else { Self::RETRIES };
        alarm != Alarm::Linger && self.strikes > limit
    }

    /// Sets the same alarm again, later than the last time.
    pub(super) fn back_off(&mut self, alarm: Alarm, now: Instant) {
        self.doublings += 1;
        self.alarm = Some((now + self.interval(), alarm));
    }

    /// The peer answered: it lives, and may keep its window shut for as long as it likes. Only an acknowledgement of
    /// something new says as much for what is in flight.
    pub(super) fn heard(&mut self) {
        if matches!(self.alarm, Some((_, Alarm::Probe))) {
            self.strikes = 0;
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
        self.strikes = 0;
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
