//! `holdtime shrink FILE`: the smallest scenario that fails for the same reason.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use holdtime_machine::choices::ChoiceSource;
use holdtime_sim::explore::ExploredWorld;
use holdtime_sim::finding::Finding;
use holdtime_sim::scenario;
use holdtime_sim::shrink::{self, Ended, LedgerLine, Limits, Shrunk, Trial};
use holdtime_sim::subject::SubjectRef;

use super::failing::{Failing, FailingArgs};
use super::findings;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::{interrupt, stderr};

/// The arguments of `holdtime shrink`.
#[derive(Debug, Args)]
pub(crate) struct ShrinkArgs {
    #[command(flatten)]
    pub(crate) failing: FailingArgs,
    /// How many runs at most
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// For how long at most; what was found by then is printed as after Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = args::duration)]
    pub(crate) lasts: Option<Duration>,
    /// Write the scenario to this file instead of printing it
    #[arg(long, value_name = "F")]
    pub(crate) out: Option<PathBuf>,
    /// Write a Rust test that asserts its verdict to this file
    #[arg(long, value_name = "F")]
    pub(crate) test: Option<PathBuf>,
    /// Write it as a finding, with the choices that it needs, into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) finding: Option<PathBuf>,
    /// Print that test instead of the scenario
    #[arg(long)]
    pub(crate) print_test: bool,
}

pub(crate) fn run(args: &ShrinkArgs, console: &mut Console) -> VerbResult {
    interrupt::watch()?;
    let Failing { scenario, reactor, seed, choices } = args.failing.read()?;
    let trial = Trial { scenario, seed, choices };
    let end = args.lasts.map(|lasts| Instant::now() + lasts);
    let is_late = || end.is_some_and(|end| Instant::now() >= end);
    let limits = Limits { runs: args.runs, stop: &|| interrupt::is_pressed() || is_late() };
    stderr::say("pass      tried   kept  size");
    let shrunk = shrink::shrink_trial(&trial, reactor, &limits, &mut tell).map_err(|error| {
        let file = args.failing.file.display();
        CliError::input(format!("\"{file}\" on {reactor} with seed {seed}: {error}"))
    })?;
    hand_out(args, reactor, &shrunk, console)?;
    conclude(args, reactor, &shrunk);
    match shrunk.ended {
        Ended::Stopped => {
            Err(CliError::Interrupted(format!("the smallest scenario of {} runs is printed", shrunk.runs)))
        }
        Ended::Smallest | Ended::Runs => Ok(VerbStatus::AsExpected),
    }
}

fn tell(line: &LedgerLine) {
    let LedgerLine { pass, tried, kept, before, after } = line;
    stderr::say(&format!("{pass:<8} {tried:>6} {kept:>6}  {before} → {after}"));
}

fn hand_out(
    args: &ShrinkArgs,
    reactor: SubjectRef,
    shrunk: &Shrunk,
    console: &mut Console,
) -> Result<(), CliError> {
    let unwritable = |error: scenario::Unwritable| CliError::input(error.to_string());
    let scenario = shrunk.scenario.write().map_err(unwritable)?;
    let test = shrink::test_of(shrunk, reactor).map_err(unwritable)?;
    for (path, content) in [(&args.out, &scenario), (&args.test, &test)] {
        if let Some(path) = path {
            fs::write(path, content)
                .map_err(|error| CliError::io(format!("cannot write \"{}\"", path.display()), &error))?;
        }
    }
    if let Some(folder) = &args.finding {
        let source = shrunk.choices.clone().map_or(shrunk.seed.into(), ChoiceSource::Adapted);
        let world = ExploredWorld { scenario: shrunk.scenario.clone(), behaviours: Vec::new() };
        let file = args::quoted(&args.failing.file.display().to_string());
        let command = format!("holdtime shrink {file}");
        let made = Finding::of_choices(&world, reactor, &source, (findings::BUILD, command.as_str()));
        let (outcome, files) = made.map_err(CliError::input)?;
        findings::put_alone(folder, &findings::with_json(&outcome, files))?;
    }
    if args.print_test {
        write!(console, "{test}")?;
    } else if args.out.is_none() {
        write!(console, "{scenario}")?;
    }
    Ok(())
}

/// What came of it, for whoever watches; the last line is the command that shows the run.
fn conclude(args: &ShrinkArgs, reactor: SubjectRef, shrunk: &Shrunk) {
    let after = shrink::size(&shrunk.scenario);
    let Shrunk { before, runs, key, seed, .. } = shrunk;
    let why = match shrunk.ended {
        Ended::Smallest => "nothing smaller was found",
        Ended::Runs => "all runs are used up; --runs gives it more",
        Ended::Stopped => "stopped before its end",
    };
    stderr::say(&format!("size {before} → {after} in {runs} runs: {why}"));
    stderr::say(&format!("key   {key}"));
    if let Some(choices) = &shrunk.choices {
        let folder = args.finding.as_ref().map(|folder| args::quoted(&folder.display().to_string()));
        let again = match folder {
            Some(folder) => format!("holdtime replay {folder}"),
            None => "--finding DIR keeps them".to_owned(),
        };
        return stderr::say(&format!(
            "again {} choices are needed, which no seed draws: {again}",
            choices.len()
        ));
    }
    let file = args.out.as_ref().map_or("FILE".to_owned(), |out| args::quoted(&out.display().to_string()));
    stderr::say(&format!("again holdtime run {file} --reactor {reactor} --seed {seed}"));
}
