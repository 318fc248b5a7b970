//! What a world is drawn from: each draw is keyed by the seed, what is drawn, for whom, and how many were drawn so before.

use std::collections::BTreeMap;

use holdtime_core::Duration;
use holdtime_machine::rng::{Rng, word_of};

/// What a world is drawn from. Of every list the first is the simplest.
#[derive(Debug)]
pub(super) struct Draw {
    seed: u64,
    /// How many draws there were of each thing for each actor.
    made: BTreeMap<(u64, u64), u64>,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, made: BTreeMap::new() }
    }

    /// A number in `0..bound`.
    pub(super) fn below(&mut self, site: &str, actor: &str, bound: u64) -> u64 {
        let key = (word_of(site), word_of(actor));
        let made = self.made.entry(key).or_default();
        let mut rng = Rng::keyed(self.seed, &[key.0, key.1, *made]);
        *made += 1;
        rng.below(bound)
    }

    /// A number in `from..=to`.
    pub(super) fn between(&mut self, site: &str, actor: &str, from: u64, to: u64) -> u64 {
        from + self.below(site, actor, to.saturating_sub(from) + 1)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, site: &str, actor: &str, percent: u64) -> bool {
        self.below(site, actor, 100) >= 100 - percent
    }

    /// One of these; none where there are none.
    pub(super) fn one_of<T: Copy>(&mut self, site: &str, actor: &str, all: &[T]) -> Option<T> {
        let index = self.below(site, actor, all.len() as u64);
        all.get(usize::try_from(index).ok()?).copied()
    }

    /// How long something lasts, to the millisecond: for a third a part of the hold time or that itself, for a third the time of a
    /// retransmission, each now and then a millisecond off; otherwise any time up to two minutes.
    pub(super) fn span(&mut self, site: &str, actor: &str, hold: u64) -> Duration {
        const RETRANSMISSIONS: [u64; 6] = [1_000, 200, 400, 3_000, 7_000, 15_000];
        let millis = match self.below(site, actor, 3) {
            0 => self.one_of(site, actor, &RETRANSMISSIONS).unwrap_or(1_000),
            1 => {
                self.one_of(site, actor, &[hold * 1_000 / 3, hold * 2_000 / 3, hold * 1_000]).unwrap_or(1_000)
            }
            _ => return Duration::from_millis(self.between(site, actor, 100, 120_000)),
        };
        let off = self.one_of(site, actor, &[0, 0, 1]).unwrap_or(0);
        let early = self.percent(site, actor, 50);
        Duration::from_millis(if early { millis.saturating_sub(off) } else { millis + off }.max(1))
    }
}
