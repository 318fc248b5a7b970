//! `holdtime replay RECORDING --to-finding DIR`: from production to the lab.

use std::io::Write;
use std::path::Path;

use holdtime_sim::certificate::{SESSION, Verdict};
use holdtime_sim::explore::ExploredWorld;
use holdtime_sim::finding::Finding;
use holdtime_sim::replay::restage;
use holdtime_sim::report::{self, Paint};
use holdtime_sim::subject::POLL;

use super::replay_args::ReplayArgs;
use super::series::RecordedRun;
use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::lab::{failing, findings};

pub(super) fn write(given: &ReplayArgs, run: &RecordedRun, dir: &Path, console: &mut Console) -> VerbResult {
    let wrong = |error: String| CliError::input(format!("{}: {error}", run.name()));
    if !run.is_whole {
        return Err(wrong("the beginning of this run is gone, and with it the configuration".to_owned()));
    }
    let text = run.text()?;
    let (scenario, recorded) = restage::scenario_of(&text, &run.name()).map_err(wrong)?;
    let reactor = given.reactor.as_ref().map_or(Ok(POLL), failing::named)?;
    let (file, folder) = (given.file.display().to_string(), dir.display().to_string());
    let command = format!("holdtime replay {} --to-finding {}", args::quoted(&file), args::quoted(&folder));
    let world = ExploredWorld { scenario, behaviours: Vec::new() };
    let made = Finding::of_world(&world, reactor, &0.into(), (findings::BUILD, command.as_str()));
    let (outcome, files) = made.map_err(wrong)?;
    findings::put_alone(dir, &findings::with_json(&outcome, files))?;
    let again = format!("holdtime replay {}", args::quoted(&folder));
    write!(console, "{}", report::explanation(reactor, &outcome, &again, &console.paint()))?;
    let paint = console.paint();
    writeln!(console, "recorded {}", recorded.as_deref().unwrap_or("no session was lost"))?;
    let line = match outcome.verdict.key() {
        Some(_) => format!("to make it small: holdtime shrink {}", args::quoted(&folder)),
        None => format!("it passes in the lab on {reactor}"),
    };
    writeln!(console, "{}", paint.bold(&line))?;
    // On the reactor that was recorded the lab has to show what the recording does.
    let is_same = same_verdict(recorded, &outcome.verdict);
    if !is_same && reactor.ships() {
        writeln!(console, "{}", paint.bad("the lab does not show what was recorded"))?;
    }
    Ok(if is_same || !reactor.ships() { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// Whether a session was lost in the lab as it was in the recording, whenever that was; or in neither.
fn same_verdict(recorded: Option<String>, verdict: &Verdict) -> bool {
    let recorded = recorded.map(|why| Verdict::Failed { who: SESSION.to_owned(), why });
    recorded.and_then(|recorded| recorded.key()) == verdict.key()
}
