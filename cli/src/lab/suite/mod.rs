//! `holdtime suite [DIR]`: the conf-* and api-* cases, a table, reactor by reactor.

mod capture;
mod folder;
mod junit;
mod live;
mod programs;
mod seeds;

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use holdtime_sim::report;
use holdtime_sim::report::Paint;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};
use holdtime_sim::suite::{Case, Folder, OwnCases, Score, expected_code, read_cases};
use serde_json::json;

use crate::args;
use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};
use crate::interrupt;
use crate::lab::run::{details, parse_reactors};

/// The arguments of `holdtime suite`.
#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// A folder of cases; without it, the project's own
    pub(crate) dir: Option<PathBuf>,
    /// Only on these reactors
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// Over real TCP with real programs, instead of in the lab
    #[arg(long)]
    pub(crate) live: bool,
    /// Live: play the cases with another speaker, started as `COMMAND CONFIGURATION…`, such as "exabgp server"
    #[arg(long, value_name = "COMMAND", requires = "live", conflicts_with = "reactor")]
    pub(crate) against: Option<String>,
    /// Only these cases
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// The seed of the lab's runs, and of what is drawn live, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", default_value = "0", value_parser = args::seed)]
    pub(crate) seed: u64,
    /// In the lab: all these seeds, without the last one, and each twice; on the shipped reactors unless others are named
    #[arg(long, value_name = "A..B", value_parser = args::seeds, conflicts_with_all = ["seed", "live", "junit"])]
    pub(crate) seeds: Option<Range<u64>>,
    /// Live: the checking peer writes each message by itself, and each up to so long after the one before it, such as 5ms; the
    /// seed draws how long
    #[arg(long, value_name = "TIME", value_parser = args::duration, requires = "live")]
    pub(crate) spread: Option<Duration>,
    /// Live: where the programs of the configurations' `run/` folder are
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: Option<PathBuf>,
    /// Live: how many cases at a time
    #[arg(long, value_name = "N", default_value = "8")]
    pub(crate) jobs: NonZeroUsize,
    /// Write the results to this file as JUnit XML
    #[arg(long, value_name = "F")]
    pub(crate) junit: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// How one case went on one reactor.
pub(crate) struct CaseResult {
    pub(crate) case: Case,
    pub(crate) reactor: SubjectRef,
    /// `pass`, an oracle's code, `failed` and so on.
    pub(crate) code: String,
    /// What was expected in its place.
    pub(crate) expected: &'static str,
    /// What went wrong, possibly on several lines; empty for a case that passes.
    pub(crate) why: String,
    /// The same as members of an object, from the lab.
    pub(crate) details: serde_json::Value,
    /// The trace's hash, in the lab.
    pub(crate) hash: Option<u64>,
    /// Wall time, for the JUnit file.
    pub(crate) took: Duration,
}

impl SuiteArgs {
    /// Who is checked: the other speaker's program, or the reactor.
    fn checked(&self, reactor: SubjectRef) -> String {
        let program = self.against.as_ref().and_then(|command| command.split_whitespace().next());
        program.map_or_else(|| reactor.to_string(), |program| folder::file_name(program).to_owned())
    }

    /// The command that shows a result again; `how` is its mode or seed.
    fn again(&self, how: &str, result: &CaseResult) -> String {
        let dir = self.dir.as_ref().map(|dir| format!(" {}", args::quoted(&dir.to_string_lossy())));
        let dir = dir.unwrap_or_default();
        let who = match &self.against {
            Some(command) => format!("--against \"{command}\""),
            None => format!("--reactor {}", result.reactor),
        };
        format!("holdtime suite{dir} {how} {who} --only {}", result.case.name)
    }
}

impl CaseResult {
    pub(crate) fn is_expected(&self) -> bool {
        self.code == self.expected
    }
}

pub(crate) fn run(args: &SuiteArgs, console: &mut Console) -> Outcome {
    interrupt::watch()?;
    let opened: Box<dyn Folder> = match &args.dir {
        Some(dir) => Box::new(folder::DiskFolder::open(dir)?),
        None => Box::new(OwnCases),
    };
    let read = |folder: &dyn Folder| {
        choose(read_cases(folder).map_err(|error| CliError::input(error.to_string()))?, &args.only)
    };
    let mut cases = read(opened.as_ref())?;
    let with_programs = programs::find(opened.as_ref(), &cases, args.programs.as_deref())?;
    let folder: &dyn Folder = match &with_programs {
        Some(folder) => {
            cases = read(folder)?;
            folder
        }
        None => opened.as_ref(),
    };
    let reactors = match args.reactor.as_slice() {
        // Another speaker has none: it is played with once.
        [] if args.against.is_some() => vec![subject::POLL],
        [] if args.live || args.seeds.is_some() || args.dir.is_some() => subject::SHIPPED.to_vec(),
        [] => subject::reactors().collect(),
        names => parse_reactors(names)?,
    };
    if let Some(defective) = reactors.iter().find(|reactor| args.live && !reactor.ships()) {
        return Err(CliError::input(format!(
            "{defective} runs in the lab only; live there are poll and async"
        )));
    }
    let captured = !args.live && capture::fill(folder, &mut cases, args, console)?;
    if let Some(seeds) = &args.seeds {
        return seeds::run(&cases, &reactors, seeds, args, console);
    }
    let count = reactors.len() * cases.len();
    let mut results = if args.live {
        live::run(folder, &cases, &reactors, args, console)?
    } else {
        in_the_lab(&cases, &reactors, args, console)?
    };
    if captured {
        // A dialogue that was captured keeps the pauses of its day, and no trace of it is like another.
        results.iter_mut().for_each(|result| result.hash = None);
    }
    if let Some(path) = &args.junit {
        junit::write(path, &results)?;
    }
    if args.json {
        print_json(&results, console)?;
    } else {
        print_table(&results, &reactors, args, console)?;
    }
    if results.len() < count {
        return Err(CliError::Interrupted(format!("{} of {count} cases are done", results.len())));
    }
    let all = results.iter().all(CaseResult::is_expected);
    Ok(if all { Verdict::AsExpected } else { Verdict::Unexpected })
}

fn choose(cases: Vec<Case>, only: &[String]) -> Result<Vec<Case>, CliError> {
    if cases.is_empty() {
        return Err(CliError::input("there are no cases: a case is a file NAME.ci beside a NAME.msg"));
    }
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(CliError::unknown("case", unknown, &names));
    }
    Ok(cases.into_iter().filter(|case| only.is_empty() || only.contains(&case.name)).collect())
}

fn in_the_lab(
    cases: &[Case],
    reactors: &[SubjectRef],
    args: &SuiteArgs,
    console: &Console,
) -> Result<Vec<CaseResult>, CliError> {
    let progress = console.progress("cases", (reactors.len() * cases.len()) as u64);
    let mut results = Vec::new();
    let jobs = reactors.iter().flat_map(|reactor| cases.iter().map(|case| (*reactor, case)));
    for (reactor, case) in jobs.take_while(|_| !interrupt::is_pressed()) {
        results.push(play_case(case, reactor, args.seed, args.dir.is_none())?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(results)
}

/// Plays one case in the lab; `own` cases have an expectation for every reactor, others must pass.
fn play_case(case: &Case, reactor: SubjectRef, seed: u64, own: bool) -> Result<CaseResult, CliError> {
    let began = Instant::now();
    let play = case.play();
    let run = Run { play: &play, subject: reactor, defect: Defect::Present, seed };
    let outcome = run.go().map_err(CliError::input)?;
    Ok(CaseResult {
        case: case.clone(),
        reactor,
        code: outcome.verdict.code().to_owned(),
        expected: if own { expected_code(reactor.name(), &case.name) } else { "pass" },
        why: report::finding(&outcome)
            .lines()
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n"),
        details: details(&outcome),
        hash: Some(outcome.hash),
        took: began.elapsed(),
    })
}

/// Folds the hash of one more trace, if it has one, into those before it.
fn add_hash(hash: u64, result: &CaseResult) -> u64 {
    hash.rotate_left(7) ^ result.hash.unwrap_or_default()
}

fn print_json(results: &[CaseResult], console: &mut Console) -> Result<(), CliError> {
    for result in results {
        let object = json!({
            "reactor": result.reactor.name(),
            "case": result.case.name,
            "verdict": result.code,
            "expected": result.expected,
            "why": result.why,
            "finding": result.details,
            "hash": result.hash.map(|hash| format!("{hash:016x}")),
        });
        writeln!(console, "{object}")?;
    }
    Ok(())
}

fn print_table(
    results: &[CaseResult],
    reactors: &[SubjectRef],
    args: &SuiteArgs,
    console: &mut Console,
) -> Result<(), CliError> {
    let paint = console.paint();
    writeln!(console, "{}", paint.bold(&Score::heading()))?;
    for &reactor in reactors {
        let own = results.iter().filter(|result| result.reactor == reactor);
        let mut score = Score::default();
        let mut hash = None;
        for result in own.clone() {
            score.add(result.case.kind, &result.case.name, &result.code);
            hash = result.hash.map(|_| add_hash(hash.unwrap_or_default(), result));
        }
        let line = format!("{:<14} {score}", args.checked(reactor));
        let line = if score.is_perfect() { paint.good(&line) } else { line };
        let trace = hash.map_or(String::new(), |hash| format!("  [{hash:016x}]"));
        writeln!(console, "{line}{trace}")?;
    }
    // Who names cases wants to know why they hang, even where that is expected; what is not stands last.
    let (expected, unexpected): (Vec<_>, Vec<_>) = results.iter().partition(|result| result.is_expected());
    let asked = expected.into_iter().filter(|result| !args.only.is_empty() && !result.why.is_empty());
    for result in asked.chain(unexpected) {
        let verdict = match result.is_expected() {
            true => format!("{}, as expected", result.code),
            false => format!("{}, expected {}", result.code, result.expected),
        };
        let heading = format!("\n{} {}: {verdict}", args.checked(result.reactor), result.case.name);
        let heading = if result.is_expected() { paint.bold(&heading) } else { paint.bad(&heading) };
        writeln!(console, "{heading}\n  {}", result.why.replace('\n', "\n  "))?;
    }
    if let Some(last) = results.iter().rev().find(|result| !result.is_expected()) {
        let how = match (args.live, args.spread) {
            (true, Some(spread)) => format!("--live --spread {spread:?} --seed {}", args.seed),
            (true, None) => "--live".to_owned(),
            (false, _) => format!("--seed {}", args.seed),
        };
        writeln!(console, "\nagain: {}", args.again(&how, last))?;
    }
    Ok(())
}
