//! The end of probes: what is printed, what is written, and the status.

use std::io::Write;
use std::path::Path;

use holdtime_sim::probe::ProbeVerdict;
use holdtime_sim::report::probe::{self as report, ProbeRow};

use super::folders;
use super::probe_args::ProbeArgs;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};

/// Prints what was seen, writes the files that are wanted, a table as a page among them, and says how it all ends.
pub(super) fn conclude(
    args: &ProbeArgs,
    rows: &[ProbeRow],
    table: Option<&Path>,
    console: &mut Console,
) -> VerbResult {
    if args.json {
        for row in rows {
            writeln!(console, "{}", report::object(row))?;
        }
    } else {
        let paint = console.paint();
        write!(console, "{}", report::told(rows, &paint))?;
        if rows.iter().any(|row| row.daemon != rows.first().map_or("", |first| &first.daemon)) {
            write!(console, "\n{}", report::table(rows))?;
        }
        writeln!(console, "\n{}", report::sums(rows))?;
        write!(console, "{}", report::agreement(rows))?;
    }
    if let Some(path) = &args.junit {
        let text = report::junit(rows).map_err(|error| CliError::input(error.to_string()))?;
        folders::write(path, text.as_bytes())?;
    }
    if let Some(path) = table {
        folders::write(path, report::html(rows).as_bytes())?;
    }
    if let Some(row) = rows.iter().find(|row| row.outcome().is_err()) {
        return Err(CliError::input(format!("{}: {}", row.scenario, row.line())));
    }
    let verdicts = || rows.iter().filter_map(|row| row.outcome().ok()).map(|outcome| outcome.verdict);
    let failed = verdicts().any(|verdict| verdict == ProbeVerdict::Fail);
    Ok(if failed || rows.iter().any(|row| !row.agrees()) {
        VerbStatus::Unexpected
    } else {
        VerbStatus::AsExpected
    })
}
