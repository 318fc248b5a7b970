//! The timers of a session: one enum, one small table of deadlines.

use crate::time::Instant;

/// A timer of the finite state machine (RFC 4271 §8, §10; RFC 9687 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// How long a connection may take to come up, or how long to wait for one.
    ConnectRetry,
    /// How long the peer may stay silent once its OPEN is here.
    Hold,
    /// When to send the next KEEPALIVE.
    Keepalive,
    /// How long to stay in Idle after a failure (RFC 4271 §8.1.1).
    IdleHold,
    /// How long to wait for the peer's OPEN, and with a hold time of 0 for its first KEEPALIVE too: RFC 4271 §8.2.2's
    /// "large value" of the hold timer in OpenSent.
    OpenWait,
    /// How long to hold back our OPEN, so that the peer's may come first (RFC 4271 §8.1.1).
    DelayOpen,
    /// How long the peer may take no message from us (RFC 9687).
    SendHold,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Self; 7] = [
        Self::ConnectRetry,
        Self::Hold,
        Self::Keepalive,
        Self::IdleHold,
        Self::OpenWait,
        Self::DelayOpen,
        Self::SendHold,
    ];
}

/// When each timer fires; a timer that does not run never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    deadlines: [Option<Instant>; Timer::ALL.len()],
}

impl Timers {
    /// Starts `timer`, or starts it anew.
    pub fn set(&mut self, timer: Timer, deadline: Instant) {
        self.deadlines[timer as usize] = Some(deadline);
    }

    /// Stops `timer`.
    pub fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    /// Stops all of them.
    pub fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// When `timer` fires; `None`: it does not run.
    pub fn deadline(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer as usize]
    }

    /// The timers that run, and when each fires.
    pub fn running(&self) -> impl Iterator<Item = (Timer, Instant)> {
        Timer::ALL.into_iter().filter_map(|timer| Some((timer, self.deadline(timer)?)))
    }

    /// The earliest deadline of all.
    pub fn next(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Stops and returns the timer that is due at `now`; of several the one due longest, with its deadline.
    pub fn take_expired(&mut self, now: Instant) -> Option<(Timer, Instant)> {
        let (deadline, timer) = Timer::ALL
            .into_iter()
            .filter_map(|timer| Some((self.deadline(timer)?, timer)))
            .filter(|(deadline, _)| *deadline <= now)
            .min()?;
        self.stop(timer);
        Some((timer, deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_that_is_due_longest_fires_first_and_only_once() {
        let mut timers = Timers::default();
        timers.set(Timer::Keepalive, Instant::from_secs(2));
        timers.set(Timer::Hold, Instant::from_secs(1));
        timers.set(Timer::SendHold, Instant::from_secs(9));
        assert_eq!(timers.next(), Some(Instant::from_secs(1)));
        let now = Instant::from_secs(3);
        assert_eq!(timers.take_expired(now), Some((Timer::Hold, Instant::from_secs(1))));
        assert_eq!(timers.take_expired(now), Some((Timer::Keepalive, Instant::from_secs(2))));
        assert_eq!(timers.take_expired(now), None);
        assert_eq!(timers.next(), Some(Instant::from_secs(9)));
    }
}
