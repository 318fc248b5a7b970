//! `holdtime run [SCENARIO]`: one scenario in the lab; without a name, the report's hang on every reactor.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use holdtime_core::Instant;
use holdtime_sim::defective::Defect;
use holdtime_sim::mistake::Source;
use holdtime_sim::pcap::Capture;
use holdtime_sim::reactors::ReactorName;
use holdtime_sim::report;
use holdtime_sim::run::{Outcome as RunOutcome, Play, Run, TraceLines};
use holdtime_sim::scenario::{self, NoScenario, Scenario};
use holdtime_sim::trace::Observer;
use holdtime_sim::verdict::Verdict as LabVerdict;
use serde_json::json;

use crate::args;
use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};

/// The scenario of the report that started this project.
const REPORT: &str = "silent-peer";

/// The arguments of `holdtime run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A scenario's name, or the path of a scenario file
    pub(crate) scenario: Option<String>,
    /// Only on these reactors; without it, on those the scenario names
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// The seed, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", value_parser = args::seed)]
    pub(crate) seed: Option<u64>,
    /// Run the seed twice and compare the traces' hashes
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the trace to this file
    #[arg(long, value_name = "F")]
    pub(crate) trace: Option<PathBuf>,
    /// Write what the network carried to this file
    #[arg(long, value_name = "F")]
    pub(crate) pcap: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &RunArgs, console: &mut Console) -> Outcome {
    let name = args.scenario.as_deref().unwrap_or(REPORT);
    let scenario = find_scenario(name)?;
    let reactors = match args.reactor.as_slice() {
        [] => named_reactors(&scenario),
        names => parse_reactors(names)?,
    };
    if (args.trace.is_some() || args.pcap.is_some()) && reactors.len() != 1 {
        return Err(CliError::input("a trace or a capture is of one run: choose one reactor with --reactor"));
    }
    let play = Play::from(&scenario);
    let seed = args.seed.unwrap_or(0);
    let paint = console.paint();
    let mut told = Vec::new();
    for (index, reactor) in reactors.into_iter().enumerate() {
        let run = Run { play: &play, reactor, defect: Defect::Present, seed };
        if index == 0 && !args.json {
            write!(console, "{}", report::opening(&scenario, &run.plan(), &paint))?;
        }
        let outcome = play_one(&run, args)?;
        let expected = scenario.expected(reactor);
        if args.json {
            writeln!(
                console,
                "{}",
                as_json(&scenario, &run, &outcome, report::is_expected(&outcome.verdict, expected))
            )?;
        } else {
            write!(console, "{}", report::row(reactor, &outcome, &scenario, &paint))?;
        }
        told.push((reactor, outcome));
    }
    let again = |reactor: ReactorName| format!("holdtime run {name} --reactor {reactor} --seed {seed}");
    // What was not expected stands last: the last line is the command that reproduces it.
    let is_expected = |(reactor, outcome): &&(ReactorName, RunOutcome)| {
        report::is_expected(&outcome.verdict, scenario.expected(*reactor))
    };
    let (expected, unexpected): (Vec<_>, Vec<_>) = told.iter().partition(is_expected);
    if !args.json {
        for (reactor, outcome) in expected.iter().chain(&unexpected) {
            write!(console, "{}", report::explanation(*reactor, outcome, &again(*reactor), &paint))?;
        }
    }
    Ok(if unexpected.is_empty() { Verdict::AsExpected } else { Verdict::Unexpected })
}

/// Plays a run, twice if it is to be checked, and writes the files that were asked for.
fn play_one(run: &Run<'_>, args: &RunArgs) -> Result<RunOutcome, CliError> {
    let lines = Rc::new(RefCell::new(TraceLines::default()));
    let capture = Rc::new(RefCell::new(Capture::default()));
    let mut observers: Vec<Rc<RefCell<dyn Observer>>> = Vec::new();
    if args.trace.is_some() {
        observers.push(lines.clone());
    }
    if args.pcap.is_some() {
        observers.push(capture.clone());
    }
    let outcome = run.go_watched(&observers).map_err(CliError::input)?;
    if args.check {
        let again = run.go().map_err(CliError::input)?;
        if again != outcome {
            return Err(CliError::input(format!(
                "seed {} on {} is not deterministic: its trace is {:016x} once and {:016x} then",
                run.seed, run.reactor, outcome.hash, again.hash
            )));
        }
    }
    if let Some(path) = &args.trace {
        fs::write(path, lines.borrow().text()).map_err(|error| cannot_write(path, &error))?;
    }
    if let Some(path) = &args.pcap {
        let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
        capture.borrow().write_to(file).map_err(|error| cannot_write(path, &error))?;
    }
    Ok(outcome)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    CliError::io(format!("cannot write \"{}\"", path.display()), error)
}

fn as_json(scenario: &Scenario, run: &Run<'_>, outcome: &RunOutcome, expected: bool) -> serde_json::Value {
    let mut object = json!({
        "scenario": scenario.name,
        "reactor": run.reactor.name(),
        "seed": run.seed,
        "verdict": outcome.verdict.code(),
        "expected": expected,
        "at": outcome.at.as_nanos(),
        "hash": format!("{:016x}", outcome.hash),
        "steps": outcome.steps,
        "up": outcome.course.up.map(Instant::as_nanos),
        "end": outcome.course.end.map(|end| end.to_string()),
        "is-up": outcome.course.is_up,
    });
    let more = match &outcome.verdict {
        LabVerdict::Pass => return object,
        LabVerdict::Hang { alarm, certificate } => {
            let links: Vec<_> = certificate
                .links
                .iter()
                .map(|link| json!({ "who": link.who, "waits-for": link.what, "since": link.since.map(|since| since.as_nanos()) }))
                .collect();
            json!({ "missing": alarm.what, "clause": alarm.clause, "since": alarm.since.as_nanos(), "because": links, "circle": certificate.cycle })
        }
        LabVerdict::Failed { who, why } => json!({ "who": who, "why": why }),
        LabVerdict::Crashed(why) => json!({ "why": why }),
        LabVerdict::Unfinished { waiting } => json!({ "waiting": waiting }),
    };
    if let (Some(object), Some(more)) = (object.as_object_mut(), more.as_object()) {
        object.extend(more.clone());
    }
    object
}

/// A scenario that comes with the lab, or the user's own file.
pub(crate) fn find_scenario(name: &str) -> Result<Scenario, CliError> {
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1 {
        let text = fs::read_to_string(path)
            .map_err(|error| CliError::io(format!("cannot read \"{name}\""), &error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let open = |file: &str| fs::read_to_string(folder.join(file)).ok();
        return scenario::read(&Source::new(name, text), open)
            .map_err(|mistake| CliError::input(mistake.to_string()));
    }
    scenario::find(name).map_err(|error| match error {
        NoScenario::Unknown { .. } => {
            CliError::unknown("scenario", name, &scenario::embedded().collect::<Vec<_>>())
        }
        NoScenario::Wrong(mistake) => CliError::input(mistake.to_string()),
    })
}

/// Reactors by their names.
pub(crate) fn parse_reactors(names: &[String]) -> Result<Vec<ReactorName>, CliError> {
    let known = ReactorName::ALL.map(ReactorName::name);
    names.iter().map(|name| name.parse().map_err(|_| CliError::unknown("reactor", name, &known))).collect()
}

fn named_reactors(scenario: &Scenario) -> Vec<ReactorName> {
    let named = |reactor: &ReactorName| scenario.expect.iter().any(|(name, _)| name == reactor);
    let named: Vec<ReactorName> = ReactorName::ALL.into_iter().filter(named).collect();
    if named.is_empty() { ReactorName::SHIPPED.to_vec() } else { named }
}
