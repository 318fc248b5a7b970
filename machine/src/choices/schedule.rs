//! Strategies of scheduling: which of those that could run next does.
//!
//! What a strategy picks is a choice as any other: it is recorded with its place among those that could run, and a saved list gives the
//! same run again.

use std::collections::BTreeMap;

use super::site::Site;
use crate::rng::Rng;

/// How it is picked who runs next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// All alike.
    #[default]
    Uniform,
    /// By priorities that are drawn once, and changed now and then: S. Burckhardt et al., *A Randomized Scheduler with Probabilistic
    /// Guarantees of Finding Bugs* (2010), without its bound, for nobody knows how many steps a run has.
    Priorities,
    /// Whoever has run least of late.
    FewestRecent,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Uniform, Self::Priorities, Self::FewestRecent];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Priorities => "pct",
            Self::FewestRecent => "fewest-recently-run",
        }
    }

    /// The strategy of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// Nobody who could run is passed over more often in a row: a machine's scheduler is fair.
const PATIENCE: u32 = 16;
/// A priority is changed once in so many picks.
const CHANGES: u64 = 200;
/// After so many picks what was run before counts half.
const WINDOW: u32 = 64;

/// A strategy at work.
#[derive(Debug)]
pub(super) struct Scheduler {
    strategy: Strategy,
    rng: Rng,
    runners: BTreeMap<(Site, u32, u32), Runner>,
    picks: u32,
    /// The lowest priority that was given so far.
    lowest: i64,
}

/// Somebody who could run.
#[derive(Clone, Copy, Debug)]
struct Runner {
    priority: i64,
    runs: u32,
    passed: u32,
}

impl Scheduler {
    pub(super) fn new(strategy: Strategy, seed: u64) -> Self {
        let rng = Rng::keyed(seed, &[strategy as u64]);
        Self { strategy, rng, runners: BTreeMap::new(), picks: 0, lowest: 0 }
    }

    /// The place of who runs next among these, of whom there are at least two.
    pub(super) fn pick(&mut self, site: Site, actor: u32, ids: &[u32]) -> usize {
        let mut all: Vec<Runner> = ids.iter().map(|id| self.runner((site, actor, *id))).collect();
        let starved = all.iter().position(|runner| runner.passed >= PATIENCE);
        let picked = starved.or_else(|| match self.strategy {
            Strategy::Uniform => None,
            Strategy::Priorities => {
                (0..all.len()).max_by_key(|index| all.get(*index).map(|one| one.priority))
            }
            Strategy::FewestRecent => (0..all.len()).min_by_key(|index| all.get(*index).map(|one| one.runs)),
        });
        let picked = picked.unwrap_or_else(|| self.rng.index(ids.len()));
        for (index, (runner, id)) in all.iter_mut().zip(ids).enumerate() {
            if index == picked {
                (runner.passed, runner.runs) = (0, runner.runs + 1);
                if self.rng.below(CHANGES) == 0 {
                    self.lowest -= 1;
                    runner.priority = self.lowest;
                }
            } else {
                runner.passed += 1;
            }
            self.runners.insert((site, actor, *id), *runner);
        }
        self.picks += 1;
        if self.picks.is_multiple_of(WINDOW) {
            self.runners.values_mut().for_each(|runner| runner.runs /= 2);
        }
        picked
    }

    fn runner(&mut self, key: (Site, u32, u32)) -> Runner {
        let rng = &mut self.rng;
        *self.runners.entry(key).or_insert_with(|| {
            let priority = (rng.next_u64() >> 2) as i64;
            Runner { priority, runs: 0, passed: 0 }
        })
    }
}
