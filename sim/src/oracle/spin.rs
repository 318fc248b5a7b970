//! O2: the speaker sleeps when there is nothing to do. A wakeup after which nothing moved is forgiven; many in one
//! virtual second, with nothing that moved between them, are a busy-wait.

use std::collections::VecDeque;

use holdtime_core::{Duration, Instant};

use crate::observe::Seen;
use crate::oracle::{Alarm, Creditor, Judge, Oracle};

/// O2 at work.
#[derive(Debug)]
pub(super) struct Spin {
    allowed: usize,
    /// The wakeups of the last second, all since something moved.
    idle: VecDeque<Instant>,
    alarm: Option<Alarm>,
}

impl Spin {
    pub(super) fn new(allowed: u32) -> Self {
        Self { allowed: usize::try_from(allowed).unwrap_or(usize::MAX), idle: VecDeque::new(), alarm: None }
    }
}

impl Judge for Spin {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        match seen {
            Seen::Turn(false) => {
                self.idle.push_back(at);
                while self.idle.front().is_some_and(|first| at - *first >= Duration::from_secs(1)) {
                    self.idle.pop_front();
                }
            }
            Seen::Turn(true) => self.idle.clear(),
            _ => {}
        }
        if self.idle.len() > self.allowed && self.alarm.is_none() {
            self.alarm = Some(Alarm {
                oracle: Oracle::Spin,
                at,
                since: self.idle.front().copied().unwrap_or(at),
                creditor: Creditor::Machine,
                what: format!(
                    "rest: more than {} wakeups within one second, and nothing moved",
                    self.allowed
                ),
                clause: "bound of the scenario: wakeups without progress per virtual second",
            });
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.alarm.as_ref().map(|alarm| alarm.at)
    }

    fn judge(&mut self, _now: Instant) -> Option<Alarm> {
        self.alarm.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(wakeups: u64, every: u64, progress_at: Option<u64>) -> Option<Alarm> {
        let mut judge = Spin::new(10);
        for round in 0..wakeups {
            judge.see(Instant::from_millis(round * every), &Seen::Turn(progress_at == Some(round)));
        }
        judge.judge(Instant::from_secs(60))
    }

    #[test]
    fn a_read_retried_every_50_ms_is_a_busy_wait() {
        assert_eq!(after(100, 50, None).map(|alarm| alarm.at), Some(Instant::from_millis(500)));
    }

    #[test]
    fn a_few_wakeups_a_second_and_wakeups_that_moved_something_are_not() {
        assert_eq!(after(100, 100, None), None);
        assert_eq!(after(20, 1, Some(10)), None);
    }
}
