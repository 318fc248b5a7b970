//! The run that a picture shows beside another one: the same on another reactor, or from another seed.

use holdtime_sim::report::{self, Experiment};
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};
use holdtime_sim::timeline::Timeline;

use super::run_args::RunArgs;
use crate::args;
use crate::error::CliError;

/// Plays it, and returns its log.
pub(super) fn log(
    args: &RunArgs,
    experiment: &Experiment,
    beside: &str,
    (reactor, seed): (SubjectRef, u64),
) -> Result<Timeline, CliError> {
    let (reactor, seed) = match (subject::find(beside), args::seed(beside)) {
        (Ok(other), _) => (other, seed),
        (Err(_), Ok(other)) => (reactor, other),
        (Err(_), Err(_)) => {
            return Err(CliError::unknown("reactor or seed", beside, &subject::names()));
        }
    };
    let run = Run { play: &experiment.play, subject: reactor, defect: Defect::Present, choices: seed.into() };
    let (outcome, mut timeline) = run.go_logged(&[]).map_err(CliError::input)?;
    let named = (experiment.name.as_str(), experiment.title.as_str());
    let again = args.again(reactor, seed);
    report::inscribe(&mut timeline, named, (reactor.name(), Some(seed)), &outcome, &again);
    Ok(timeline)
}
