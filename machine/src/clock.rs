//! A machine's clocks, as functions of the lab's time.
//!
//! The lab has one true time, which nobody inside can read. Every machine sees it through a [`Clock`]: a monotonic
//! reading that may run fast or slow, and a wall clock that is also set wrong and jumps. A wall clock's jump never
//! touches the monotonic reading; a suspended process is not this file's business, its clocks run on.

use holdtime_host::time::{Duration, Instant, Now, Timestamp};

/// One machine's view of time.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Nanoseconds gained per second of lab time (1,000 = one part per million), positive when the clock runs fast.
    drift: i64,
    /// What the wall clock shows at the lab's time zero.
    epoch: Timestamp,
    /// The sum of the wall clock's jumps so far, in nanoseconds.
    jumped: i64,
    /// What the monotonic clock shows at the lab's time zero: a machine has been up for a while.
    uptime: Duration,
}

/// 2026-01-01T00:00:00Z, where every wall clock of the lab starts unless its scenario says otherwise.
pub const EPOCH: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

impl Default for Clock {
    fn default() -> Self {
        Self { drift: 0, epoch: EPOCH, jumped: 0, uptime: Duration::ZERO }
    }
}

impl Clock {
    /// A clock whose wall reading starts `skew` nanoseconds away from [`EPOCH`], and which gains `drift` nanoseconds
    /// per second.
    pub const fn new(skew: i64, drift: i64, uptime: Duration) -> Self {
        let epoch = Timestamp::from_nanos(EPOCH.as_nanos().saturating_add(skew));
        Self { drift, epoch, jumped: 0, uptime }
    }

    /// What the machine reads at the lab's time `at`.
    pub fn read(&self, at: Instant) -> Now {
        let elapsed = self.stretch(at.as_nanos());
        let wall = self.epoch.as_nanos().saturating_add(self.jumped).saturating_add_unsigned(elapsed);
        Now { monotonic: Instant::from_nanos(elapsed) + self.uptime, wall: Timestamp::from_nanos(wall) }
    }

    /// The first lab time at which the monotonic reading is `deadline` or later.
    pub fn lab_time_of(&self, deadline: Instant) -> Instant {
        if deadline == Instant::MAX {
            return Instant::MAX;
        }
        let elapsed = deadline.saturating_since(Instant::ZERO + self.uptime).as_nanos() as u64;
        if self.drift == 0 {
            return Instant::from_nanos(elapsed);
        }
        let elapsed = u128::from(elapsed);
        let rate = u128::from(1_000_000_000_u64.saturating_add_signed(self.drift).max(1));
        let lab = (elapsed * 1_000_000_000).div_ceil(rate);
        Instant::from_nanos(u64::try_from(lab).unwrap_or(u64::MAX))
    }

    /// Sets the wall clock forward, or back when `by` is negative, by so many nanoseconds.
    pub const fn jump(&mut self, by: i64) {
        self.jumped = self.jumped.saturating_add(by);
    }

    fn stretch(&self, lab: u64) -> u64 {
        if self.drift == 0 {
            return lab;
        }
        let gained = i128::from(lab) * i128::from(self.drift) / 1_000_000_000;
        u64::try_from(i128::from(lab) + gained).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_wall_clock_and_nothing_else() {
        let mut clock = Clock::default();
        let before = clock.read(Instant::from_secs(10));
        clock.jump(-3_600_000_000_000);
        let after = clock.read(Instant::from_secs(10));
        assert_eq!(after.monotonic, before.monotonic);
        assert_eq!(after.wall.as_nanos(), before.wall.as_nanos() - 3_600_000_000_000);
    }

    #[test]
    fn a_fast_clock_reaches_its_deadline_early() {
        let clock = Clock::new(0, 100_000, Duration::ZERO);
        let lab = clock.lab_time_of(Instant::from_secs(180));
        assert!(lab < Instant::from_secs(180), "{lab}");
        assert!(clock.read(lab).monotonic >= Instant::from_secs(180));
    }

    #[test]
    fn a_deadline_is_never_reported_early_whatever_the_drift() {
        for drift in [-40_000, -1, 0, 1, 7, 333, 40_000] {
            let clock = Clock::new(0, drift, Duration::from_millis(1_500));
            for nanos in [1, 999, 1_500_000_001, 90_000_000_000, 3_599_999_999_999] {
                let deadline = Instant::from_nanos(nanos);
                assert!(clock.read(clock.lab_time_of(deadline)).monotonic >= deadline);
            }
        }
    }
}
