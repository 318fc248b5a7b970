//! Why a run could not be saved any more: the point of no return, and the nearest run that passes.
//!
//! From an instant on all faults are taken off and every choice is the simplest: scheduling is fair, segments stay whole. If the run
//! fails for the same reason all the same, it was lost by then. The first such instant, of all at which something happened, is found by
//! bisection; then others are asked too, for nothing says that whoever is lost stays lost.

mod nearest;
mod point;
mod saving;
mod unexplained;

pub use nearest::{Moved, Nearest};
pub use point::Point;
pub use unexplained::Unexplained;

use crate::certificate::Key;
use crate::scenario::Scenario;
use crate::shrink::Limits;
use crate::stage::Outcome;
use crate::subject::SubjectRef;
use holdtime_machine::choices::ChoiceSource;
use saving::Saving;

/// Why a run could not be saved any more.
#[derive(Clone, Debug)]
pub struct Why {
    /// What the run shows, with its choices.
    pub outcome: Outcome,
    /// For what reason it fails.
    pub key: Key,
    /// When it was too late.
    pub point: Point,
    /// The nearest run that passes; `None`: none was found.
    pub nearest: Option<Nearest>,
    /// How many runs it took.
    pub runs: u32,
    /// Whether all was looked at: the nearest run was looked for to the end.
    pub is_whole: bool,
}

/// Explains what fails on a subject with these choices.
///
/// # Errors
/// It passes, or is not to be played; or the point of no return was not found within the limits.
pub fn explain(
    scenario: &Scenario,
    subject: SubjectRef,
    choices: &ChoiceSource,
    limits: &Limits<'_>,
) -> Result<Why, Unexplained> {
    let (mut saving, outcome, instants) =
        Saving::of(scenario, (subject, choices), limits).map_err(Unexplained::Wrong)?;
    let point = point::find(&mut saving, &instants, outcome.at)?;
    let nearest = nearest::find(&mut saving, &outcome);
    let is_whole = !saving.is_over();
    let Saving { key, runs, .. } = saving;
    Ok(Why { outcome, key, point, nearest, runs, is_whole })
}
