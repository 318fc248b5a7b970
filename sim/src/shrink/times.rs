//! Times and counts that become as small as they may be, and such that a person would write them.

use holdtime_core::{Duration, Instant};

use crate::shrink::number::{SECOND, TIMES, sites, with};
use crate::shrink::search::Search;

/// The run is over some time after the alarm, so that candidates that do not fail do not take long.
pub(super) fn bound_loosely(search: &mut Search<'_>) {
    bound(search, (search.outcome.at - Instant::ZERO) * 2 + Duration::from_secs(10));
}

/// The least time that a person would write from `least` on.
fn bound(search: &mut Search<'_>, least: Duration) {
    let even = TIMES.into_iter().map(Duration::from_nanos);
    for run_for in even.filter(|time| *time > least).take(2) {
        let mut candidate = search.best.scenario.clone();
        candidate.play.run_for = run_for;
        if search.offer(Some(candidate)) {
            return;
        }
    }
}

/// Makes every number as small as it may be, and even.
pub(super) fn round(search: &mut Search<'_>) {
    for index in 0..sites(&search.best.scenario).len() {
        minimize(search, index);
    }
    bound(search, search.outcome.at - Instant::ZERO);
}

/// The smallest even number that will do at a site, by bisection; otherwise the next even one.
fn minimize(search: &mut Search<'_>, index: usize) {
    let Some((site, kind, number)) = sites(&search.best.scenario).into_iter().nth(index) else { return };
    let try_out = |search: &mut Search<'_>, number: u64| {
        let candidate = with(&search.best.scenario, site, number);
        search.offer(candidate)
    };
    let even = kind.even();
    let smaller = even.partition_point(|even| *even < number);
    // Nobody minds a second.
    let first = even.iter().position(|even| *even == SECOND).filter(|first| *first < smaller).unwrap_or(0);
    if first == smaller || even.get(first).is_some_and(|least| try_out(search, *least)) {
        return;
    }
    let (mut fails, mut does) = (first, smaller);
    while does - fails > 1 {
        let middle = usize::midpoint(fails, does);
        match even.get(middle) {
            Some(number) if try_out(search, *number) => does = middle,
            _ => fails = middle,
        }
    }
    if does == smaller
        && kind.uneven(number) > 0
        && let Some(next) = even.get(smaller)
    {
        try_out(search, *next);
    }
}
