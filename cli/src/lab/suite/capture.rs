//! What programs that are no dialogues say, for the lab: each runs for real once, and its dialogue is written down.

use holdtime_sim::replay::captured::dialogues;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::script::ProgramScript;
use holdtime_sim::suite::{Case, Folder};

use super::live;
use super::programs::misses_program;
use super::suite_args::SuiteArgs;
use crate::console::Console;
use crate::error::CliError;

/// Gives every program of `cases` that has no dialogue the one of a live run; returns whether there was any such.
pub(super) fn fill(
    folder: &dyn Folder,
    cases: &mut [Case],
    args: &SuiteArgs,
    console: &Console,
) -> Result<bool, CliError> {
    let missing: Vec<&Case> = cases.iter().filter(|case| misses_program(case)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let recorded = live::record(folder, &missing, args, console)?;
    for (result, recording) in recorded {
        let name = &result.case.name;
        if result.code != "pass" {
            return Err(CliError::input(format!(
                "{name} failed where its programs ran for real, so that there is nothing to play in the lab: {}",
                result.why
            )));
        }
        let captured = dialogues(&recording).map_err(|why| CliError::input(format!("{name}: {why}")))?;
        let Some(case) = cases.iter_mut().find(|case| case.name == *name) else { continue };
        case.captured = true;
        for (command, scripts) in case.programs.iter_mut().filter(|(_, scripts)| scripts.is_empty()) {
            for dialogue in captured.iter().filter(|dialogue| dialogue.command == *command) {
                let source = Source::new(format!("{name}: {command}"), dialogue.text.as_str());
                let script = ProgramScript::parse(&source, 0..source.text().len());
                scripts.push(script.map_err(|mistake| CliError::input(mistake.to_string()))?);
            }
        }
    }
    Ok(true)
}
