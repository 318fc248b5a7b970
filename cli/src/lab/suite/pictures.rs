//! Pictures of the cases that did not pass, a page each in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use holdtime_core::Instant;
use holdtime_sim::probe::ProbeLog;
use holdtime_sim::replay::log::ReplayLog;
use holdtime_sim::report;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::Defect;
use holdtime_sim::suite::CaseResult;
use holdtime_sim::timeline::{Timeline, TimelineEnd, TimelineHead};

use super::suite_args::SuiteArgs;
use crate::error::CliError;
use crate::lab::drawing;

/// Draws those of the lab: each is played again, with its log.
pub(super) fn of_the_lab(folder: &Path, results: &[CaseResult], args: &SuiteArgs) -> Result<(), CliError> {
    make(folder)?;
    for result in results.iter().filter(|result| result.code != "pass") {
        let play = result.case.play();
        let run =
            Run { play: &play, subject: result.reactor, defect: Defect::Present, choices: args.seed.into() };
        let (outcome, mut timeline) = run.go_logged(&[]).map_err(CliError::input)?;
        let named = (result.case.name.as_str(), result.case.title.as_str());
        let again = args.again(&format!("--seed {}", args.seed), result);
        report::inscribe(&mut timeline, named, (result.reactor.name(), Some(args.seed)), &outcome, &again);
        write(&file(folder, result), &timeline)?;
    }
    Ok(())
}

/// Draws one that was played live, from the recording of its speaker.
pub(super) fn of_a_recording(
    folder: &Path,
    result: &CaseResult,
    recording: &str,
    args: &SuiteArgs,
) -> Result<(), CliError> {
    if result.code == "pass" || recording.is_empty() {
        return Ok(());
    }
    make(folder)?;
    let again = args.again("--live", result);
    let mut timeline = ReplayLog::of(recording, &result.case.name, &again).map_err(CliError::input)?;
    timeline.head.title.clone_from(&result.case.title);
    timeline.head.reactor = result.reactor.name().to_owned();
    if let Some(end) = &mut timeline.end {
        end.verdict.clone_from(&result.code);
        end.summary = format!("fails: {}", result.code);
        end.why.clone_from(&result.why);
    }
    write(&file(folder, result), &timeline)
}

/// Draws one that was played with another speaker, as the checking peer saw it.
pub(super) fn of_a_peer(
    folder: &Path,
    result: &CaseResult,
    log: ProbeLog,
    until: Instant,
    args: &SuiteArgs,
) -> Result<(), CliError> {
    if result.code == "pass" {
        return Ok(());
    }
    make(folder)?;
    let head = TimelineHead {
        name: result.case.name.clone(),
        title: result.case.title.clone(),
        reactor: args.checked(result.reactor),
        seed: None,
        again: args.again("--live", result),
    };
    let end = TimelineEnd {
        at: until.as_nanos(),
        verdict: result.code.clone(),
        summary: format!("fails: {}", result.code),
        why: result.why.clone(),
        ..TimelineEnd::default()
    };
    let path = folder.join(format!("{}-{}.html", args.checked(result.reactor), result.case.name));
    write(&path, &log.conclude(head, end))
}

fn make(folder: &Path) -> Result<(), CliError> {
    fs::create_dir_all(folder)
        .map_err(|error| CliError::io(format!("cannot make the folder \"{}\"", folder.display()), &error))
}

fn file(folder: &Path, result: &CaseResult) -> PathBuf {
    folder.join(format!("{}-{}.html", result.reactor, result.case.name))
}

fn write(path: &Path, timeline: &Timeline) -> Result<(), CliError> {
    let page = report::html::page(timeline, None).map_err(|error| CliError::input(error.to_string()))?;
    drawing::write(path, page.as_bytes())
}
