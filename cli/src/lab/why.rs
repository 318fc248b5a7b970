//! `holdtime why FILE`: from when on a run could not be saved any more, and the nearest run that passes.

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;
use holdtime_machine::trace::Observer;
use holdtime_sim::report::{self, TraceLines};
use holdtime_sim::scenario::Scenario;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{Defect, SubjectRef};
use holdtime_sim::why;

use super::shrink;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::stderr;

/// The arguments of `holdtime why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// A scenario file that fails, such as `shrink` prints
    pub(crate) file: PathBuf,
    /// On which reactor it fails; without it, the first one that it expects a hang of, or else the first that it names
    #[arg(long, value_name = "R")]
    pub(crate) reactor: Option<String>,
    /// From which seed, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", value_parser = args::seed, default_value = "0")]
    pub(crate) seed: u64,
}

pub(crate) fn run(args: &WhyArgs, console: &mut Console) -> VerbResult {
    let scenario = shrink::read(&args.file)?;
    let reactor = shrink::reactor(args.reactor.as_ref(), &scenario)?;
    let why = why::explain(&scenario, reactor, &args.seed.into()).map_err(|error| {
        let file = args.file.display();
        CliError::input(format!("\"{file}\" on {reactor} with seed {}: {error}", args.seed))
    })?;
    let trace = trace(&scenario, reactor, args.seed).map_err(CliError::input)?;
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
