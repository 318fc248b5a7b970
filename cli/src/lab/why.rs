//! `holdtime why FILE`: from when on a run could not be saved any more, and the nearest run that passes.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use holdtime_sim::report;
use holdtime_sim::shrink::Limits;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::Defect;
use holdtime_sim::why::{self, Unexplained};

use super::drawing::DrawingArgs;
use super::failing::{Failing, FailingArgs};
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::{interrupt, stderr};

/// The arguments of `holdtime why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    pub(crate) failing: FailingArgs,
    #[command(flatten)]
    pub(crate) drawing: DrawingArgs,
    /// How many runs at most
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// For how long at most; what was found by then is told as after Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = args::duration)]
    pub(crate) lasts: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &WhyArgs, console: &mut Console) -> VerbResult {
    interrupt::watch()?;
    args.drawing.check(&args.failing.file, None)?;
    let failing = args.failing.read()?;
    let choices = failing.source();
    let Failing { scenario, reactor, seed, .. } = failing;
    let end = args.lasts.map(|lasts| Instant::now() + lasts);
    let is_late = || end.is_some_and(|end| Instant::now() >= end);
    let limits = Limits { runs: args.runs, stop: &|| interrupt::is_pressed() || is_late() };
    let why = why::explain(&scenario, reactor, &choices, &limits).map_err(|error| {
        let file = args.failing.file.display();
        match error {
            Unexplained::Wrong(why) => {
                CliError::input(format!("\"{file}\" on {reactor} with seed {seed}: {why}"))
            }
            Unexplained::Stopped => {
                CliError::Interrupted("the point of no return was not found by then".to_owned())
            }
        }
    })?;
    let run = Run { play: &scenario.play, subject: reactor, defect: Defect::Present, choices };
    let (outcome, mut timeline) = run.go_logged(&[]).map_err(CliError::input)?;
    let steps = why
        .point
        .saved
        .map_or_else(Vec::new, |saved| report::trace::steps_between(&timeline, saved, why.point.lost));
    if args.json {
        writeln!(console, "{}", report::why::json(&why, &steps))?;
    } else {
        write!(console, "{}", report::why::story(&why, &scenario, &steps))?;
    }
    if args.drawing.any() {
        // A finding is known by its folder: its plan is called as every plan is.
        let path = &args.failing.file;
        let folder =
            path.file_name().filter(|_| path.is_dir()).map(|name| name.to_string_lossy().into_owned());
        let named = (folder.as_ref().unwrap_or(&scenario.play.name).as_str(), scenario.title.as_str());
        let file = args::quoted(&path.display().to_string());
        let again = format!("holdtime why {file} --reactor {reactor} --seed {seed}");
        report::inscribe(&mut timeline, named, (reactor.name(), Some(seed)), &outcome, &again);
        if let Some(end) = &mut timeline.end {
            end.lost = Some(why.point.lost.as_nanos());
            end.why = format!("{}\n{}", end.why.trim_end(), report::why::story(&why, &scenario, &steps));
        }
        args.drawing.write(&timeline, None)?;
    }
    stderr::say(&format!("{} runs", why.runs));
    if !why.is_whole {
        return Err(CliError::Interrupted(
            "the nearest run that passes was not looked for to the end".to_owned(),
        ));
    }
    Ok(VerbStatus::AsExpected)
}
