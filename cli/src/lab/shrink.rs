//! `holdtime shrink FILE`: the smallest scenario that fails for the same reason.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::{self, Expected, Scenario};
use holdtime_sim::shrink::{self, Ended, LedgerLine, Limits, Shrunk};
use holdtime_sim::subject::{self, SubjectRef};

use super::run;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::{interrupt, stderr};

/// The arguments of `holdtime shrink`.
#[derive(Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// A scenario file that fails, such as `explore --dump SEED` prints
    pub(crate) file: PathBuf,
    /// On which reactor it fails; without it, the first one that it expects a hang of, or else the first that it names
    #[arg(long, value_name = "R")]
    pub(crate) reactor: Option<String>,
    /// From which seed, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", value_parser = args::seed, default_value = "0")]
    pub(crate) seed: u64,
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
    /// Print that test instead of the scenario
    #[arg(long)]
    pub(crate) print_test: bool,
}

pub(crate) fn run(args: &ShrinkArgs, console: &mut Console) -> VerbResult {
    interrupt::watch()?;
    let scenario = read(&args.file)?;
    let reactor = reactor(args.reactor.as_ref(), &scenario)?;
    let end = args.lasts.map(|lasts| Instant::now() + lasts);
    let is_late = || end.is_some_and(|end| Instant::now() >= end);
    let limits = Limits { runs: args.runs, stop: &|| interrupt::is_pressed() || is_late() };
    stderr::say("pass      tried   kept  size");
    let shrunk = shrink::shrink(&scenario, reactor, args.seed, &limits, &mut tell).map_err(|error| {
        let file = args.file.display();
        CliError::input(format!("\"{file}\" on {reactor} with seed {}: {error}", args.seed))
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

pub(super) fn read(path: &Path) -> Result<Scenario, CliError> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| CliError::io(format!("cannot read \"{name}\""), &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let open = |file: &str| fs::read_to_string(folder.join(file)).ok();
    scenario::read(&Source::new(name, text), open, &subject::names())
        .map_err(|mistake| CliError::input(mistake.to_string()))
}

/// The reactor that is named, or else the first that the scenario expects a hang of, or names.
pub(super) fn reactor(name: Option<&String>, scenario: &Scenario) -> Result<SubjectRef, CliError> {
    if let Some(name) = name {
        let named = run::parse_reactors(std::slice::from_ref(name))?;
        return named.first().copied().ok_or_else(|| CliError::input("which reactor?"));
    }
    let is_hang = |expected: &Expected| matches!(expected, Expected::Hang(_));
    let hangs = scenario.expect.iter().find(|(_, expected)| is_hang(expected));
    let named = hangs.or_else(|| scenario.expect.first());
    Ok(named.and_then(|(name, _)| subject::find(name).ok()).unwrap_or(subject::POLL))
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
    let file = args.out.as_ref().map_or("FILE".to_owned(), |out| args::quoted(&out.display().to_string()));
    stderr::say(&format!("again holdtime run {file} --reactor {reactor} --seed {seed}"));
}
