//! The nearest run that passes: one choice, or one moved time, apart.

use holdtime_core::Duration;
use holdtime_machine::choices::{Choice, ChoiceSource};

use crate::certificate::Verdict;
use crate::scenario::Scenario;
use crate::shrink::number::{NumberAt, NumberKind, sites, with};
use crate::stage::Outcome;
use crate::why::saving::Saving;

/// How many times a distance is halved.
const HALVES: u32 = 8;
/// Nobody cares for less.
const LEAST: u64 = 1_000_000;

/// A run that passes and differs in one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nearest {
    /// This choice is 0 there.
    Choice(Choice),
    /// A time is another one there.
    Moved(Moved),
}

/// A line of the scenario that is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Whose line it is; `None`: a fault.
    pub who: Option<String>,
    /// The line.
    pub from: String,
    /// The line as it passes.
    pub to: String,
    /// By how much the time is another one, in nanoseconds.
    by: u64,
}

pub(super) fn find(saving: &mut Saving<'_>, outcome: &Outcome) -> Option<Nearest> {
    choice(saving, &outcome.choices).map(Nearest::Choice).or_else(|| moved(saving).map(Nearest::Moved))
}

/// The one choice that makes the difference: where it passes without all of them, without which half, and so on.
fn choice(saving: &mut Saving<'_>, all: &[Choice]) -> Option<Choice> {
    let play = &saving.scenario.play;
    let mut passes_without = |some: &[Choice]| {
        let left = all.iter().filter(|choice| !some.contains(choice)).cloned().collect();
        saving.instead(play, &ChoiceSource::Adapted(left)) == Some(Verdict::Pass)
    };
    if all.is_empty() || !passes_without(all) {
        return None;
    }
    let mut some = all;
    while some.len() > 1 {
        let (first, second) = some.split_at(some.len() / 2);
        some = [first, second].into_iter().find(|half| passes_without(half))?;
    }
    some.first().cloned()
}

/// The time that has to be moved least for the run to pass.
fn moved(saving: &mut Saving<'_>) -> Option<Moved> {
    let all = sites(saving.scenario);
    let times = all.into_iter().filter(|(_, kind, _)| *kind == NumberKind::Time);
    times.filter_map(|(at, _, time)| move_one(saving, at, time)).min_by_key(|one| one.by)
}

/// The least move of a time in nanoseconds after which the run passes, down or up.
fn move_one(saving: &mut Saving<'_>, at: NumberAt, time: u64) -> Option<Moved> {
    let bound = u64::try_from(saving.scenario.play.run_for.as_nanos()).unwrap_or(u64::MAX);
    let ends = [LEAST, bound.saturating_sub(LEAST)];
    let passing: Vec<u64> = ends.into_iter().filter_map(|end| bisect(saving, at, time, end)).collect();
    let passing = passing.into_iter().min_by_key(|passing| passing.abs_diff(time))?;
    let before = at.line(saving.scenario)?;
    let after = at.line(&with(saving.scenario, at, passing)?)?;
    Some(Moved { who: at.who(saving.scenario), from: before, to: after, by: passing.abs_diff(time) })
}

/// The time nearest to one that fails on the way to an end that passes.
fn bisect(saving: &mut Saving<'_>, at: NumberAt, time: u64, end: u64) -> Option<u64> {
    let mut passes = |time: u64| {
        let scenario = with(saving.scenario, at, time).filter(is_in_time)?;
        (saving.instead(&scenario.play, saving.choices)? == Verdict::Pass).then_some(time)
    };
    let (mut fails, mut passing) = (time, passes(end)?);
    for _ in 0..HALVES {
        // Rounded to what a person can read.
        let middle = u64::midpoint(fails, passing) / LEAST * LEAST;
        if middle == fails || middle == passing {
            break;
        }
        match passes(middle) {
            Some(middle) => passing = middle,
            None => fails = middle,
        }
    }
    Some(passing)
}

/// Whether every fault begins before the run is over.
fn is_in_time(scenario: &Scenario) -> bool {
    let bound: Duration = scenario.play.run_for;
    scenario.play.faults.iter().all(|fault| fault.at < bound)
}
