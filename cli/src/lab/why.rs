//! `holdtime why FILE`: from when on a run could not be saved any more, and the nearest run that passes.

use std::io::Write;

use clap::Args;
use holdtime_sim::report;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::Defect;
use holdtime_sim::why;

use super::drawing::DrawingArgs;
use super::failing::{Failing, FailingArgs};
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::stderr;

/// The arguments of `holdtime why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    pub(crate) failing: FailingArgs,
    #[command(flatten)]
    pub(crate) drawing: DrawingArgs,
}

pub(crate) fn run(args: &WhyArgs, console: &mut Console) -> VerbResult {
    let Failing { scenario, reactor, seed } = args.failing.read()?;
    let why = why::explain(&scenario, reactor, &seed.into()).map_err(|error| {
        let file = args.failing.file.display();
        CliError::input(format!("\"{file}\" on {reactor} with seed {seed}: {error}"))
    })?;
    let run = Run { play: &scenario.play, subject: reactor, defect: Defect::Present, choices: seed.into() };
    let (outcome, mut timeline) = run.go_logged(&[]).map_err(CliError::input)?;
    let steps = why
        .point
        .saved
        .map_or_else(Vec::new, |saved| report::trace::steps_between(&timeline, saved, why.point.lost));
    write!(console, "{}", report::why::story(&why, &scenario, &steps))?;
    if args.drawing.any() {
        let named = (scenario.play.name.as_str(), scenario.title.as_str());
        let file = args::quoted(&args.failing.file.display().to_string());
        let again = format!("holdtime why {file} --reactor {reactor} --seed {seed}");
        report::inscribe(&mut timeline, named, (reactor.name(), Some(seed)), &outcome, &again);
        if let Some(end) = &mut timeline.end {
            end.lost = Some(why.point.lost.as_nanos());
        }
        args.drawing.write(&timeline, None)?;
    }
    stderr::say(&format!("{} runs", why.runs));
    Ok(VerbStatus::AsExpected)
}
