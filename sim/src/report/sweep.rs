//! A reactor's line of a sweep over many seeds.

use std::ops::Range;

use super::Paint;
use crate::subject::Subject;

/// What all seeds showed on one reactor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepSums {
    /// Different runs.
    pub runs: u64,
    /// Those that were not as expected.
    pub unexpected: u64,
    /// The hashes of all traces, folded in their order.
    pub hash: u64,
}

impl SweepSums {
    /// Counts one more run.
    pub fn add(&mut self, hash: u64, expected: bool) {
        self.runs += 1;
        self.unexpected += u64::from(!expected);
        self.hash = fold(self.hash, hash);
    }
}

/// Folds the hash of one more trace into those before it.
pub(super) const fn fold(hashes: u64, hash: u64) -> u64 {
    hashes.rotate_left(7) ^ hash
}

/// The line of one reactor; `twice`: each run was played twice.
pub fn sweep_row(
    subject: &dyn Subject,
    seeds: &Range<u64>,
    sums: &SweepSums,
    twice: bool,
    paint: &dyn Paint,
) -> String {
    let SweepSums { runs, unexpected, hash } = sums;
    let twice = if twice { " twice" } else { "" };
    let line = format!(
        "{subject:<13} seeds {}..{}: {runs} runs{twice}, {unexpected} unexpected",
        seeds.start, seeds.end
    );
    let line = if *unexpected == 0 { paint.good(&line) } else { paint.bad(&line) };
    format!("{line}  [{hash:016x}]\n")
}
