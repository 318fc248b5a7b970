//! The smallest scenario that fails for the same reason: delta debugging over the plan.
//!
//! What is taken away is typed: actors with whatever refers to them, faults, steps of scripts, statements of configurations; then
//! values become the usual ones, then times what a person would write. A candidate is kept only if it is *smaller*
//! ([`Measure`], a total order) and its run has the same [`Key`](crate::certificate::Key). Every candidate is written and read back before it is
//! played, so that each is a scenario a person could have written; one that is none is passed over and costs no run.
//!
//! The passes are repeated until none of them changes anything. So shrinking the result again changes nothing: the passes would
//! propose what they proposed in their last round.
//!
//! Source: A. Zeller, R. Hildebrandt, *Simplifying and Isolating Failure-Inducing Input* (2002), for the halves and the singles;
//! Hypothesis, for the one order that every step must go down and the passes that are repeated until they all rest.

mod actors;
mod chances;
mod config;
mod measure;
pub(crate) mod number;
mod repro;
mod rounds;
mod script;
mod search;
mod statement;
mod steps;
mod times;
mod trial;
mod usual;

pub use measure::{Measure, size};
pub use repro::{Shrunk, test_of};
pub use search::{Ended, LedgerLine, Limits, Unshrinkable};
pub use trial::Trial;

use crate::scenario::Scenario;
use crate::subject::SubjectRef;
use search::Search;

/// A pass: its name in the ledger, and what it does.
type Pass = (&'static str, fn(&mut Search<'_>));

/// The passes, what takes away most first.
const PASSES: [Pass; 11] = [
    ("seed", usual::seed),
    ("end", times::bound_loosely),
    ("after", steps::cut_after_the_alarm),
    ("actors", actors::remove),
    ("faults", steps::remove_faults),
    ("rounds", rounds::gather),
    ("steps", steps::remove),
    ("choices", chances::simplify),
    ("config", config::remove),
    ("values", usual::values),
    ("times", times::round),
];

/// Shrinks what fails on a subject from a seed; `tell` is told of every pass that tried something.
///
/// # Errors
/// It does not fail, or is not to be played.
pub fn shrink(
    scenario: &Scenario,
    subject: SubjectRef,
    seed: u64,
    limits: &Limits<'_>,
    tell: &mut dyn FnMut(&LedgerLine),
) -> Result<Shrunk, Unshrinkable> {
    shrink_trial(&Trial { scenario: scenario.clone(), seed, choices: None }, subject, limits, tell)
}

/// Shrinks what fails on a subject with choices of any origin.
///
/// # Errors
/// As [`shrink`].
pub fn shrink_trial(
    trial: &Trial,
    subject: SubjectRef,
    limits: &Limits<'_>,
    tell: &mut dyn FnMut(&LedgerLine),
) -> Result<Shrunk, Unshrinkable> {
    let before = size(&trial.scenario);
    let mut search = Search::start(trial, subject, limits)?;
    loop {
        let kept = search.kept;
        for (name, pass) in PASSES {
            let line = search.pass(name, pass);
            if line.tried > 0 {
                tell(&line);
            }
        }
        if search.kept == kept || search.ended.is_some() {
            break;
        }
    }
    let Search { best, outcome, key, runs, ended, .. } = search;
    let scenario = repro::named(best.scenario, subject, &outcome);
    let ended = ended.unwrap_or(Ended::Smallest);
    Ok(Shrunk { scenario, seed: best.seed, choices: best.choices, outcome, key, runs, before, ended })
}
