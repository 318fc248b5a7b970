//! The point of no return, by bisection over the instants of a run.

use holdtime_core::{Duration, Instant};
use holdtime_machine::choices::ChoiceSource;

use crate::certificate::Verdict;
use crate::why::saving::Saving;
use crate::why::unexplained::Unexplained;

/// How many instants on each side of the point are asked whether they are on it.
const ASKED: usize = 8;
/// From how many other seeds the lost run is tried.
const SEEDS: u64 = 8;

/// When it was too late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The last instant from which on faults off and the simplest choices save it: what it was lost by happened from then on, and at
    /// `lost` at the latest. `None`: it is lost from the start.
    pub saved: Option<Instant>,
    /// Whether it passes when it is saved then; otherwise it fails for another reason.
    pub passes: bool,
    /// The first instant from which on nothing helps, to the millisecond.
    pub lost: Instant,
    /// Of so many runs that draw anew from `lost` on, with all faults off …
    pub reseeded: u32,
    /// … so many fail for the same reason.
    pub hung: u32,
    /// Instants that are on the wrong side: lost before it, or saved after it.
    pub exceptions: Vec<Instant>,
}

pub(super) fn find(
    saving: &mut Saving<'_>,
    instants: &[Instant],
    alarm: Instant,
) -> Result<Point, Unexplained> {
    let mut all: Vec<Instant> = instants.iter().copied().filter(|at| *at <= alarm).collect();
    // From then on nothing is changed that the alarm could hang on.
    all.push(alarm + Duration::from_nanos(1));
    let at = |index: usize| all.get(index).copied().unwrap_or(alarm);
    let mut is_lost = |index: usize| -> Result<bool, Unexplained> {
        let verdict = saving.from(at(index), fair())?;
        Ok(verdict.key().as_ref() == Some(&saving.key))
    };
    let mut exceptions = Vec::new();
    let lost = if is_lost(0)? {
        0
    } else {
        let (mut saved, mut lost) = (0, all.len() - 1);
        while lost - saved > 1 {
            let middle = usize::midpoint(saved, lost);
            if is_lost(middle)? { lost = middle } else { saved = middle }
        }
        for index in between(0, saved) {
            exceptions.extend(is_lost(index)?.then(|| at(index)));
        }
        lost
    };
    for index in between(lost, all.len() - 1) {
        exceptions.extend((!is_lost(index)?).then(|| at(index)));
    }
    let (mut lost, mut saved) = (at(lost), lost.checked_sub(1).map(at));
    if let Some(saved) = &mut saved {
        narrow(saving, saved, &mut lost)?;
    }
    let passes = match saved {
        Some(saved) => saving.from(saved, fair())? == Verdict::Pass,
        None => false,
    };
    let mut hung = 0;
    for seed in 1..=SEEDS {
        let verdict = saving.from(lost, seed.into())?;
        hung += u32::from(verdict.key().as_ref() == Some(&saving.key));
    }
    Ok(Point { saved, passes, lost, reseeded: SEEDS as u32, hung, exceptions })
}

/// Between two instants at which something happens faults can end as well: halves the time between them as long as it is a millisecond.
fn narrow(saving: &mut Saving<'_>, saved: &mut Instant, lost: &mut Instant) -> Result<(), Unexplained> {
    while *lost - *saved > Duration::from_millis(1) {
        let middle = *saved + (*lost - *saved) / 2;
        let verdict = saving.from(middle, fair())?;
        if verdict.key().as_ref() == Some(&saving.key) { *lost = middle } else { *saved = middle }
    }
    Ok(())
}

/// Every choice is the simplest.
fn fair() -> ChoiceSource {
    ChoiceSource::Saved(Vec::new())
}

/// Some indices between two, evenly.
fn between(from: usize, to: usize) -> impl Iterator<Item = usize> {
    let step = ((to - from) / (ASKED + 1)).max(1);
    (from + 1..to).step_by(step).take(ASKED)
}
