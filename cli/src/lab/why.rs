//! `holdtime why FILE`: from when on a run could not be saved any more, and the nearest run that passes.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use clap::Args;
use holdtime_machine::trace::Observer;
use holdtime_sim::report::{self, TraceLines};
use holdtime_sim::scenario::Scenario;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{Defect, SubjectRef};
use holdtime_sim::why;

use super::failing::{Failing, FailingArgs};
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::stderr;

/// The arguments of `holdtime why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    pub(crate) failing: FailingArgs,
}

pub(crate) fn run(args: &WhyArgs, console: &mut Console) -> VerbResult {
    let Failing { scenario, reactor, seed } = args.failing.read()?;
    let why = why::explain(&scenario, reactor, &seed.into()).map_err(|error| {
        let file = args.failing.file.display();
        CliError::input(format!("\"{file}\" on {reactor} with seed {seed}: {error}"))
    })?;
    let trace = trace(&scenario, reactor, seed).map_err(CliError::input)?;
    let steps = why.point.saved.map_or_else(Vec::new, |saved| trace.steps_between(saved, why.point.lost));
    write!(console, "{}", report::why::story(&why, &scenario, &steps))?;
    stderr::say(&format!("{} runs", why.runs));
    Ok(VerbStatus::AsExpected)
}

/// The steps of the run as text.
fn trace(scenario: &Scenario, subject: SubjectRef, seed: u64) -> Result<TraceLines, String> {
    let lines = Rc::new(RefCell::new(TraceLines::default()));
    let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: seed.into() };
    let observer: Rc<RefCell<dyn Observer>> = lines.clone();
    run.go_watched(&[observer])?;
    Ok(lines.take())
}
