//! O1 and O7 at work: two questions about one ledger.

use holdtime_core::{Duration, Instant};

use crate::observe::Seen;
use crate::oracle::alarm::{Alarm, Judge};
use crate::oracle::ledger::Ledger;
use crate::oracle::{divergence, unsent};

/// O1 and O7 at work.
#[derive(Debug)]
pub(super) struct RouteJudge {
    pub(super) ledger: Ledger,
}

impl RouteJudge {
    /// Routes are due on the wire within this time; programs' commands are answered, or are not.
    pub(super) fn new(within: Duration, acknowledged: bool) -> Self {
        Self { ledger: Ledger::new(within, acknowledged) }
    }
}

impl Judge for RouteJudge {
    fn see(&mut self, at: Instant, seen: &Seen<'_>) {
        self.ledger.see(at, seen);
    }

    fn deadline(&self) -> Option<Instant> {
        self.ledger.due.first().map(|(at, _)| at)
    }

    fn judge(&mut self, now: Instant) -> Option<Alarm> {
        unsent::judge(&mut self.ledger, now)
    }

    fn judge_at_rest(&mut self, now: Instant) -> Option<Alarm> {
        self.judge(now).or_else(|| divergence::judge(&mut self.ledger, now))
    }
}
