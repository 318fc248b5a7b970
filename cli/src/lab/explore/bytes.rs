//! Worlds as a fuzzer's octets: a crash file becomes a finding, and seeds become a corpus.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use holdtime_sim::explore;
use holdtime_sim::finding::Finding;
use holdtime_sim::report;
use holdtime_sim::subject::SubjectRef;

use crate::args;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::lab::findings;
use crate::stderr;

/// Plays the world of a file's octets, on the reactor that it draws or on this one, and keeps it in a folder.
pub(super) fn play(
    file: &Path,
    reactor: Option<SubjectRef>,
    out: Option<&Path>,
    console: &mut Console,
) -> VerbResult {
    let octets = fs::read(file)
        .map_err(|error| CliError::io(format!("cannot read \"{}\"", file.display()), &error))?;
    let world = explore::world_of_octets(&octets);
    let (world, choices) = world.map_err(|mistake| CliError::input(mistake.to_string()))?;
    let reactor = reactor.unwrap_or_else(|| explore::drawn_reactor(&world));
    let named = args::quoted(&file.display().to_string());
    let command = format!("holdtime explore --from-bytes {named} --reactor {reactor}");
    let made = Finding::of_choices(&world, reactor, &choices, (findings::BUILD, command.as_str()));
    let (outcome, files) = made.map_err(CliError::input)?;
    write!(console, "{}", report::explanation(reactor, &outcome, &command, &console.paint()))?;
    if let Some(out) = out {
        findings::put_alone(out, &findings::with_json(&outcome, files))?;
        writeln!(console, "kept     holdtime replay {}", args::quoted(&out.display().to_string()))?;
    }
    Ok(match outcome.verdict.key() {
        Some(_) => VerbStatus::Unexpected,
        None => VerbStatus::AsExpected,
    })
}

/// Writes the worlds of these seeds as octets, a file each.
pub(super) fn write_corpus(dir: &Path, seeds: Range<u64>) -> VerbResult {
    let cannot = |error| CliError::io(format!("cannot write to \"{}\"", dir.display()), &error);
    fs::create_dir_all(dir).map_err(cannot)?;
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let octets = explore::octets_of(seed).map_err(CliError::input)?;
        fs::write(dir.join(format!("world-{seed}")), octets).map_err(cannot)?;
    }
    stderr::say(&format!("{count} worlds are written to {}", dir.display()));
    Ok(VerbStatus::AsExpected)
}
