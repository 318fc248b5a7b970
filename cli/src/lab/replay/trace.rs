//! `holdtime replay TRACE`: the log of a run, as `--trace-json` wrote it, as text or drawn.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use holdtime_sim::report::{trace, trace_json};
use holdtime_sim::timeline::Timeline;

use crate::console::{Console, say};
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::lab::drawing::DrawingArgs;

/// How much of a file says what it is.
const BEGINNING: usize = 64;

/// The log in a file; `None`: it is something else.
pub(super) fn read(path: &Path) -> Result<Option<Timeline>, CliError> {
    let cannot = |error| CliError::io(format!("cannot read \"{}\"", path.display()), &error);
    // What cannot be opened may be the first file of a series that is gone.
    let Ok(file) = fs::File::open(path) else { return Ok(None) };
    let mut beginning = Vec::new();
    file.take(BEGINNING as u64).read_to_end(&mut beginning).map_err(cannot)?;
    let beginning = String::from_utf8_lossy(&beginning);
    // No recording begins with JSON: what is no log of ours is told to be none.
    if !beginning.trim_start_matches('\u{feff}').starts_with('{') {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&fs::read(path).map_err(cannot)?).into_owned();
    let wrong = |error: String| CliError::input(format!("\"{}\": {error}", path.display()));
    trace_json::read(&text).map(Some).map_err(wrong)
}

pub(super) fn run(
    path: &Path,
    timeline: &Timeline,
    drawing: &DrawingArgs,
    console: &mut Console,
) -> VerbResult {
    if timeline.end.is_none() {
        say(&format!("\"{}\" is cut short at {}", path.display(), timeline.until()));
    }
    if drawing.any() {
        drawing.write(timeline, None)?;
    } else {
        write!(console, "{}", trace::text(timeline))?;
    }
    Ok(VerbStatus::AsExpected)
}
