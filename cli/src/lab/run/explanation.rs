//! What is said of a run: to people why it did not pass, to programs an object.

use std::io::Write;

use holdtime_sim::report::{self, Experiment};

use super::run_args::RunArgs;
use super::worker::PlayedJob;
use crate::console::Console;
use crate::error::CliError;

/// Says why a run did not pass, that it was another one the second time, or that it passes and should not.
pub(super) fn explain(
    args: &RunArgs,
    experiment: &Experiment,
    played: &PlayedJob,
    console: &mut Console,
) -> Result<(), CliError> {
    let paint = console.paint();
    let again = args.again(played.reactor, played.seed);
    let PlayedJob { reactor, outcome, second, .. } = played;
    write!(console, "{}", report::explanation(*reactor, outcome, &again, &paint))?;
    write!(console, "{}", report::surprise(*reactor, outcome, second.as_ref(), experiment, &again, &paint))?;
    Ok(())
}

pub(super) fn as_json(experiment: &Experiment, played: &PlayedJob) -> serde_json::Value {
    report::json::run(experiment, played.reactor, played.seed, &played.outcome, played.second.as_ref())
}
