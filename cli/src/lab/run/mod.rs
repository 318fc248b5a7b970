//! `holdtime run [SCENARIO|CASE]`: one scenario in the lab, or one case of the suite; without a name, the report's hang on every
//! reactor.

mod beside;
mod explanation;
mod run_args;
mod sweep;
mod worker;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use holdtime_guest::RealPrograms;
use holdtime_machine::choices::ChoiceSource;
use holdtime_sim::report;
use holdtime_sim::report::Experiment;
use holdtime_sim::scenario;
use holdtime_sim::scenario::Plan;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::{NoScenario, Scenario};
use holdtime_sim::subject::{self, SubjectRef};
use holdtime_sim::suite::{OwnCases, read_cases};

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;
use crate::lab::drawing;
use explanation::{as_json, explain};
pub(crate) use run_args::RunArgs;
use worker::{Job, PlayedJob, Wanted};

pub(crate) fn run(args: &RunArgs, console: &mut Console) -> VerbResult {
    interrupt::watch()?;
    args.drawing.check(Path::new(args.name()), args.pcap.as_deref())?;
    let experiment = Arc::new(find(args.name())?);
    let reactors = reactors(args, &experiment)?;
    match &args.seeds {
        Some(seeds) => sweep::run(args, &experiment, &reactors, seeds, console),
        None => once(args, &experiment, &reactors, console),
    }
}

/// One seed, a line for each reactor and what is to be said of each hang.
fn once(
    args: &RunArgs,
    experiment: &Arc<Experiment>,
    reactors: &[SubjectRef],
    console: &mut Console,
) -> VerbResult {
    let seed = args.seed.unwrap_or(0);
    let paint = console.paint();
    if !args.json {
        let source = ChoiceSource::Seed(seed);
        let plan = Plan::of(&source, experiment.play.latency);
        write!(console, "{}", report::opening(experiment, Some((&source, &plan)), &paint))?;
        writeln!(console, "{}", report::heading(&paint))?;
    }
    let jobs: Vec<Job> = reactors.iter().map(|reactor| Job { reactor: *reactor, seed }).collect();
    let count = jobs.len();
    let wanted = Wanted { check: args.check, log: args.drawing.any(), pcap: args.pcap.is_some() };
    let bound = experiment.play.run_for.as_secs().max(1);
    let progress = Arc::new(console.progress("s", bound.saturating_mul(count as u64)));
    let done = worker::start(experiment.clone(), jobs, wanted, progress.clone(), bound);
    let mut told = Vec::new();
    while let Some(played) = interrupt::next(&done) {
        let mut played = played.map_err(CliError::input)?;
        write_files(args, experiment, &mut played)?;
        if args.json {
            writeln!(console, "{}", as_json(experiment, &played))?;
        } else {
            write!(console, "{}", report::row(played.reactor, &played.outcome, experiment, &paint))?;
        }
        told.push(played);
    }
    progress.finish_and_clear();
    // What was not expected stands last: the last line is the command that reproduces it.
    let (expected, unexpected): (Vec<_>, Vec<_>) =
        told.iter().partition(|played| played.is_expected(experiment));
    if !args.json {
        for played in expected.iter().chain(&unexpected) {
            explain(args, experiment, played, console)?;
        }
    }
    if told.len() < count {
        return Err(CliError::Interrupted(format!("{} of {count} runs are done", told.len())));
    }
    Ok(if unexpected.is_empty() { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

fn write_files(args: &RunArgs, experiment: &Experiment, played: &mut PlayedJob) -> Result<(), CliError> {
    let PlayedJob { reactor, seed, outcome, timeline: Some(timeline), capture, .. } = played else {
        return Ok(());
    };
    let named = (experiment.name.as_str(), experiment.title.as_str());
    let again = args.again(*reactor, *seed);
    report::inscribe(timeline, named, (reactor.name(), Some(*seed)), outcome, &again);
    let beside =
        args.beside.as_deref().map(|beside| beside::log(args, experiment, beside, (*reactor, *seed)));
    args.drawing.write(timeline, beside.transpose()?.as_ref())?;
    if let (Some(path), Some(capture)) = (&args.pcap, capture) {
        let mut octets = Vec::new();
        capture.write_to(&mut octets, timeline).map_err(|error| CliError::input(error.to_string()))?;
        drawing::write(path, &octets)?;
    }
    Ok(())
}

/// A scenario that comes with the lab, one of its cases, or the user's own file.
fn find(name: &str) -> Result<Experiment, CliError> {
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml")
        || path.components().count() > 1
        || path.is_dir()
    {
        return own_file(name, path);
    }
    match scenario::find(name) {
        Ok(scenario) => Ok(Experiment::from(&scenario)),
        Err(NoScenario::Wrong(mistake)) => Err(CliError::input(mistake.to_string())),
        Err(NoScenario::Unknown { .. }) => {
            let cases = read_cases(&OwnCases).map_err(|error| CliError::input(error.to_string()))?;
            let mut known: Vec<&str> = scenario::embedded().map(|name| name as &str).collect();
            known.extend(cases.iter().map(|case| case.name.as_str()));
            let case = cases.iter().find(|case| case.name == name);
            case.map(Experiment::from).ok_or_else(|| CliError::unknown("scenario or case", name, &known))
        }
    }
}

fn own_file(name: &str, path: &Path) -> Result<Experiment, CliError> {
    if path.is_dir() {
        return Err(CliError::input(format!(
            "\"{name}\" is a folder: `run` takes a scenario's file or name, and `suite` a folder of cases"
        )));
    }
    Ok(Experiment::from(&read_scenario(path)?))
}

/// Reads a scenario file; what it names stands beside it.
pub(super) fn read_scenario(path: &Path) -> Result<Scenario, CliError> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| CliError::io(format!("cannot read \"{name}\""), &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let open = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let mut scenario = scenario::read(&Source::new(name, text), open, &subject::names())
        .map_err(|mistake| CliError::input(mistake.to_string()))?;
    if let Some(guests) = &mut scenario.play.guests {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let absolute = fs::canonicalize(folder)
            .map_err(|error| CliError::io(format!("cannot find \"{}\"", folder.display()), &error))?;
        guests.source = Arc::new(RealPrograms::of(absolute));
    }
    Ok(scenario)
}

/// A scenario that comes with the lab.
pub(crate) fn find_scenario(name: &str) -> Result<Scenario, CliError> {
    scenario::find(name).map_err(|error| match error {
        NoScenario::Unknown { .. } => {
            CliError::unknown("scenario", name, &scenario::embedded().collect::<Vec<_>>())
        }
        NoScenario::Wrong(mistake) => CliError::input(mistake.to_string()),
    })
}

/// Reactors by their names, each once.
pub(crate) fn parse_reactors(names: &[String]) -> Result<Vec<SubjectRef>, CliError> {
    let mut reactors: Vec<SubjectRef> = Vec::new();
    for name in names {
        let reactor =
            subject::find(name).map_err(|_| CliError::unknown("reactor", name, &subject::names()))?;
        if !reactors.contains(&reactor) {
            reactors.push(reactor);
        }
    }
    Ok(reactors)
}

/// Those that the command line names; without, those that the scenario does, or one where one is to be recorded.
fn reactors(args: &RunArgs, experiment: &Experiment) -> Result<Vec<SubjectRef>, CliError> {
    let recorded = args.is_recorded();
    if !args.reactor.is_empty() {
        let reactors = parse_reactors(&args.reactor)?;
        if recorded && reactors.len() != 1 {
            return Err(CliError::input(
                "a trace, a picture or a capture is of one run: choose one reactor with --reactor",
            ));
        }
        return Ok(reactors);
    }
    if recorded {
        return Ok(vec![subject::POLL]);
    }
    let named = |reactor: &SubjectRef| experiment.expect.iter().any(|(name, _)| name == reactor.name());
    let named: Vec<SubjectRef> = subject::ALL.iter().copied().filter(named).collect();
    Ok(if named.is_empty() { subject::SHIPPED.to_vec() } else { named })
}
