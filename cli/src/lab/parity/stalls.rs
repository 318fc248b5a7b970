//! `holdtime parity --stalls`: each stall on this machine's network stack and in the lab, on both reactors, all side by side.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use holdtime_core::Instant;
use holdtime_sim::parity::stalls::{self, StallRow, StallSide, StallTable, Stood};
use holdtime_sim::replay::course::RecordedCourse;
use holdtime_sim::scenario::Play;
use holdtime_sim::subject::{SHIPPED, SubjectRef};

use super::part::Part;
use super::{namespace, peer, player};
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;

/// How long after one stall the next one begins: a few processes begin with each.
const APART: Duration = Duration::from_millis(200);

/// Which stalls are played, and which part of one where this is a process of its own for it.
pub(super) struct StallsWanted<'a> {
    /// Those whose name contains this; the whole name for a part of one.
    pub(super) only: &'a str,
    /// The seed of the lab's side.
    pub(super) seed: u64,
    /// The reactor that is played live, and the folder for its files.
    pub(super) on: Option<&'a str>,
    pub(super) folder: Option<&'a Path>,
    /// The peer that is played.
    pub(super) peer: Option<&'a str>,
}

pub(super) fn run(args: &StallsWanted<'_>, console: &mut Console) -> VerbResult {
    if let Some(name) = args.peer {
        let play = find(args.only)?;
        return match peer::play(&play, name) {
            Ok(()) => Ok(VerbStatus::AsExpected),
            Err(error) => Err(CliError::io(format!("cannot play the peer \"{name}\""), &error)),
        };
    }
    if let (Some(reactor), Some(folder)) = (args.on, args.folder) {
        let stood = player::play(&find(args.only)?, reactor, folder)
            .map_err(|error| CliError::io(format!("cannot play \"{}\" live", args.only), &error))?;
        for (name, stood) in stood {
            writeln!(console, "{}", as_line(&name, &stood))?;
        }
        return Ok(VerbStatus::AsExpected);
    }
    compare(args, console)
}

fn compare(args: &StallsWanted<'_>, console: &mut Console) -> VerbResult {
    let names: Vec<&str> = stalls::names().filter(|name| name.contains(args.only)).collect();
    if names.is_empty() {
        return Err(CliError::input(format!("no stall's name contains \"{}\"", args.only)));
    }
    let Some(unshare) = namespace::unshare() else {
        let why = "this user may not make network namespaces, or `unshare` and `ip` are not installed";
        writeln!(console, "skipped  {} stalls: {why}", names.len())?;
        return Ok(VerbStatus::AsExpected);
    };
    let root = StallsFolder::make().map_err(|error| CliError::io("cannot make a folder", &error))?;
    let mut table = StallTable::default();
    let (mut running, mut count) = (Vec::new(), 0);
    for name in names {
        let play = find(name)?;
        if let Some(what) = stalls::refused(&play) {
            table.skipped.push((name.to_owned(), format!("{what} is only the lab's to play")));
            continue;
        }
        for reactor in SHIPPED {
            count += 1;
            if interrupt::is_pressed() {
                continue;
            }
            let folder = root.0.join(format!("{name}-{reactor}"));
            let started = start(unshare, name, reactor, &folder);
            let part =
                started.map_err(|error| CliError::io(format!("cannot play \"{name}\" live"), &error))?;
            running.push((play.clone(), reactor, folder, part));
            sleep(APART);
        }
    }
    for (done, (play, reactor, folder, mut part)) in running.into_iter().enumerate() {
        let name = &play.name;
        let cannot_wait = |error: io::Error| CliError::io(format!("cannot wait for \"{name}\""), &error);
        while !interrupt::is_pressed() && !part.has_ended().map_err(cannot_wait)? {
            sleep(interrupt::LOOK);
        }
        if interrupt::is_pressed() {
            if done > 0 {
                writeln!(console, "{table}")?;
            }
            return Err(CliError::Interrupted(format!("{done} of {count} stalls are done")));
        }
        let live = finish(&play, &folder, part)
            .map_err(|why| CliError::input(format!("cannot play \"{name}\" live on {reactor}: {why}")))?;
        let lab = StallSide::in_lab(&play, reactor, args.seed).map_err(CliError::input)?;
        // stderr may be closed, and nothing is lost then.
        let _ = writeln!(io::stderr(), "parity: {} stalls done, {name} on {reactor}", done + 1);
        table.rows.push(StallRow { name: name.clone(), reactor, live, lab });
    }
    writeln!(console, "{table}")?;
    Ok(if table.holds() { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

fn find(name: &str) -> Result<Play, CliError> {
    stalls::find(name)
        .map(|found| found.play)
        .map_err(|why| CliError::input(format!("no stall \"{name}\": {why:?}")))
}

fn start(unshare: &[&str], name: &str, reactor: SubjectRef, folder: &Path) -> io::Result<Part> {
    fs::create_dir(folder)?;
    let mut command = Command::new("unshare");
    command.args(unshare).arg(std::env::current_exe()?);
    command.args(["parity", "--stalls", "--on", reactor.name(), "--folder"]).arg(folder).arg(name);
    Part::start(command.stderr(fs::File::create(folder.join("errors"))?))
}

/// Judges what a stall that has ended left behind.
fn finish(play: &Play, folder: &Path, part: Part) -> Result<StallSide, String> {
    let (said, well) = part.printed().map_err(|error| error.to_string())?;
    if !well {
        let said = fs::read_to_string(folder.join("errors")).unwrap_or_default();
        return Err(said.trim_end().to_owned());
    }
    let stood: Vec<(String, Stood)> = said.lines().filter_map(from_line).collect();
    let recording = fs::read_to_string(folder.join(player::RECORDING)).map_err(|error| error.to_string())?;
    let recorded = RecordedCourse::read(&recording, Instant::ZERO + play.run_for)?;
    Ok(StallSide::live(play, &recorded, &stood))
}

fn as_line(name: &str, stood: &Stood) -> String {
    match stood {
        Stood::Finished => format!("{name}\tfinished\t"),
        Stood::Waiting(step) => format!("{name}\twaiting\t{step}"),
        Stood::Failed(why) => format!("{name}\tfailed\t{why}"),
    }
}

fn from_line(line: &str) -> Option<(String, Stood)> {
    let mut parts = line.splitn(3, '\t');
    let (name, word, rest) = (parts.next()?, parts.next()?, parts.next()?.to_owned());
    let stood = match word {
        "finished" => Stood::Finished,
        "waiting" => Stood::Waiting(rest),
        _ => Stood::Failed(rest),
    };
    Some((name.to_owned(), stood))
}

/// A folder for the time of the command.
struct StallsFolder(PathBuf);

impl StallsFolder {
    fn make() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("holdtime-parity-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for StallsFolder {
    fn drop(&mut self) {
        // A leftover in the temporary folder is nobody's problem.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_peer_came_reads_back_as_it_was_said() {
        for stood in [
            Stood::Finished,
            Stood::Waiting("expect route 10.0.0.0/8".to_owned()),
            Stood::Failed("at `expect eor`: the connection was closed".to_owned()),
        ] {
            assert_eq!(from_line(&as_line("far", &stood)), Some(("far".to_owned(), stood)));
        }
    }
}
