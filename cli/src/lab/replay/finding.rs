//! `holdtime replay FINDING`: a saved run, played again from its plan and its choices.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use holdtime_sim::finding::{Finding, PANICKED};
use holdtime_sim::report::{self, Paint};
use serde_json::json;

use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::lab::drawing::DrawingArgs;
use crate::lab::findings;

pub(super) fn run(file: &Path, json: bool, drawing: &DrawingArgs, console: &mut Console) -> VerbResult {
    let finding = findings::read(file)?;
    let again = format!("holdtime replay {}", args::quoted(&file.display().to_string()));
    let Ok(played) = catch_unwind(AssertUnwindSafe(|| finding.play())) else {
        let expected = finding.run.verdict == PANICKED;
        writeln!(console, "panicked again; again    {again}")?;
        return Ok(if expected { VerbStatus::AsExpected } else { VerbStatus::Unexpected });
    };
    let (reactor, outcome) = played.map_err(CliError::input)?;
    if drawing.any() {
        let timeline = finding.log(&again).map_err(CliError::input)?;
        drawing.write(&timeline, None)?;
    }
    let Finding { run: saved, .. } = &finding;
    let same = outcome.hash == saved.hash;
    if json {
        let mut object = json!({
            "reactor": saved.reactor,
            "seed": saved.seed,
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
        write!(console, "{}", report::explanation(reactor, &outcome, &again, &paint))?;
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
