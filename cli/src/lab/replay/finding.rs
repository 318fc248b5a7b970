//! `holdtime replay FINDING`: a saved run, played again from its plan and its choices.

use std::io::Write;
use std::time::Duration;

use holdtime_core::Instant;
use holdtime_machine::choices::ChoiceSource;
use holdtime_sim::finding::{Finding, LATE, PANICKED};
use holdtime_sim::report::{self, Paint};
use holdtime_sim::stage::{Detour, Outcome, Run};
use holdtime_sim::subject::{Defect, SubjectRef};
use serde_json::json;

use super::replay_args::ReplayArgs;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::lab::crew::{self, Done};
use crate::lab::{self, failing, findings};

/// How long it may take in real time.
const LIMIT: Duration = Duration::from_secs(300);

/// A scenario, played from a seed to its end or to an instant.
pub(super) fn run_scenario(given: &ReplayArgs, console: &mut Console) -> VerbResult {
    let scenario = lab::run::read_scenario(&given.file)?;
    let reactor = match &given.reactor {
        Some(name) => failing::named(name)?,
        None => failing::expected(&scenario),
    };
    let choices = ChoiceSource::Seed(given.seed.unwrap_or(0));
    let run = Run { play: &scenario.play, subject: reactor, defect: Defect::Present, choices };
    if let Some(until) = given.until {
        return tell_state(&run, &[], until, given.json, console);
    }
    let seed = given.seed.unwrap_or(0);
    let file = args::quoted(&given.file.display().to_string());
    let again = format!("holdtime replay {file} --reactor {reactor} --seed {seed}");
    let outcome = if given.drawing.any() {
        let (outcome, mut timeline) = run.go_logged_turned(&[], &[]).map_err(CliError::input)?;
        let named = (scenario.play.name.as_str(), scenario.title.as_str());
        report::inscribe(&mut timeline, named, (reactor.name(), Some(seed)), &outcome, &again);
        given.drawing.write(&timeline, None)?;
        outcome
    } else {
        run.go().map_err(CliError::input)?
    };
    if given.json {
        let mut object = json!({
            "reactor": reactor.name(),
            "verdict": outcome.verdict.code(),
            "at": outcome.at.as_nanos(),
            "hash": format!("{:016x}", outcome.hash),
        });
        report::json::extend(&mut object, report::json::details(&outcome));
        writeln!(console, "{object}")?;
    } else if outcome.verdict.key().is_none() {
        writeln!(console, "{reactor} passes at {}, trace {:016x}", outcome.at, outcome.hash)?;
    } else {
        write!(console, "{}", report::explanation(reactor, &outcome, &again, &console.paint()))?;
    }
    Ok(VerbStatus::AsExpected)
}

/// How everybody and everything stands so many seconds after the start.
fn tell_state(run: &Run<'_>, turns: &[Detour], until: f64, json: bool, console: &mut Console) -> VerbResult {
    let until = Instant::ZERO + Duration::from_nanos((until * 1e9) as u64);
    let snapshot = run.go_until(turns, until).map_err(CliError::input)?;
    if json {
        writeln!(console, "{}", report::snapshot::json(&snapshot))?;
    } else {
        write!(console, "{}", report::snapshot::text(&snapshot))?;
    }
    Ok(VerbStatus::AsExpected)
}

pub(super) fn run(given: &ReplayArgs, console: &mut Console) -> VerbResult {
    let (file, json) = (&given.file, given.json);
    if given.reactor.is_some() || given.seed.is_some() {
        return Err(CliError::input("--reactor and --seed are for scenarios: a finding has its own"));
    }
    let finding = findings::read(file)?;
    if let Some(until) = given.until {
        let subject = failing::named(&finding.run.reactor)?;
        let choices = finding.run.source();
        let run = Run { play: &finding.scenario.play, subject, defect: Defect::Present, choices };
        return tell_state(&run, &finding.run.detours(), until, json, console);
    }
    let again = format!("holdtime replay {}", args::quoted(&file.display().to_string()));
    let own = finding.clone();
    let (verdict, what) = match crew::within(LIMIT, move |()| own.play())? {
        Done::Came(played) => {
            let played = played.map_err(CliError::input)?;
            if given.drawing.any() {
                let mut timeline = finding.log(&again).map_err(CliError::input)?;
                // Its plan is called as every plan is.
                if let Some(folder) = file.file_name() {
                    timeline.head.name = folder.to_string_lossy().into_owned();
                }
                given.drawing.write(&timeline, None)?;
            }
            return tell(&finding, &again, played, json, console);
        }
        Done::Panicked(message) => (PANICKED, message.lines().next().unwrap_or_default().to_owned()),
        Done::Late => (LATE, format!("it makes no end within {} s of real time", LIMIT.as_secs())),
    };
    if json {
        let object = json!({ "reactor": finding.run.reactor, "seed": finding.run.lineage.to_string(), "verdict": verdict, "message": what });
        writeln!(console, "{object}")?;
    } else {
        writeln!(console, "{verdict}: {what}\nagain    {again}")?;
    }
    let same = finding.run.verdict == verdict;
    Ok(if same { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// What came of it, and whether it is the run that was saved.
fn tell(
    finding: &Finding,
    again: &str,
    (reactor, outcome): (SubjectRef, Outcome),
    json: bool,
    console: &mut Console,
) -> VerbResult {
    let Finding { run: saved, .. } = finding;
    let same = outcome.hash == saved.hash;
    if json {
        let mut object = json!({
            "reactor": saved.reactor,
            "seed": saved.lineage.to_string(),
            "build": saved.build,
            "verdict": outcome.verdict.code(),
            "at": outcome.at.as_nanos(),
            "hash": format!("{:016x}", outcome.hash),
            "saved-hash": format!("{:016x}", saved.hash),
            "same": same,
        });
        report::json::extend(&mut object, report::json::details(&outcome));
        writeln!(console, "{object}")?;
    } else {
        let paint = console.paint();
        write!(console, "{}", report::explanation(reactor, &outcome, again, &paint))?;
        let line = if same {
            paint.good(&format!("the same run: trace {:016x}", outcome.hash))
        } else {
            paint.bad(&format!(
                "the world has changed since build {} wrote this: trace {:016x} then, {:016x} now",
                saved.build, saved.hash, outcome.hash
            ))
        };
        writeln!(console, "\n{line}")?;
    }
    Ok(if same { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}
