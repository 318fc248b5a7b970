//! `holdtime parity --slow`: rows that take minutes, each on each host in a process of its own, since each takes its process's signals
//! over; all side by side.

use std::io::{self, Write};
use std::process::Command;
use std::thread::sleep;

use holdtime_sim::parity;

use super::part::Part;
use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;

/// Plays one row on one host, and prints what it observes.
pub(super) fn play(row: &str, host: &str, console: &mut Console) -> VerbResult {
    let observed = parity::run_slow(row, host)
        .map_err(|error| CliError::io("cannot use this machine's loopback", &error))?
        .ok_or_else(|| CliError::input(format!("no slow row \"{row}\" on {host}")))?;
    for line in observed {
        writeln!(console, "{line}")?;
    }
    Ok(VerbStatus::AsExpected)
}

/// What a row observed, or why it was not played.
type ObservedRow = (&'static str, Result<parity::Observed, String>);

/// Runs the rows whose names contain `only`; those that came to their end before Ctrl-C.
pub(super) fn run_side_by_side(seed: u64, only: &str) -> io::Result<parity::ParityTable> {
    let mut running = Vec::new();
    for (index, (name, hosts)) in parity::slow_rows(only).into_iter().enumerate() {
        running.push((index, SlowRow::start(name, hosts)?));
    }
    // stderr may be closed, and nothing is lost then.
    let _ = writeln!(io::stderr(), "parity: {} slow rows have begun", running.len());
    let mut observed: Vec<(usize, ObservedRow)> = Vec::new();
    while !running.is_empty() && !interrupt::is_pressed() {
        let mut still = Vec::new();
        for (index, mut row) in running {
            if row.has_ended()? {
                observed.push((index, row.observed()?));
                let name = observed.last().map_or("", |(_, (name, _))| name).replace('_', " ");
                let _ = writeln!(io::stderr(), "parity: {} slow rows done, {name}", observed.len());
            } else {
                still.push((index, row));
            }
        }
        running = still;
        sleep(interrupt::LOOK);
    }
    observed.sort_by_key(|(index, _)| *index);
    let observed: Vec<_> = observed.into_iter().map(|(_, row)| row).collect();
    Ok(parity::judge_slow(seed, &observed))
}

/// A row while it is played: a part for each host, or why there are none.
struct SlowRow {
    name: &'static str,
    parts: Result<Vec<(&'static str, Part)>, String>,
}

impl SlowRow {
    fn start(name: &'static str, hosts: Result<&[&'static str], String>) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let start = |host: &&'static str| {
            let mut command = Command::new(&program);
            Part::start(command.args(["parity", "--slow", "--on", host, name])).map(|part| (*host, part))
        };
        let parts = match hosts {
            Ok(hosts) => Ok(hosts.iter().map(start).collect::<io::Result<_>>()?),
            Err(reason) => Err(reason),
        };
        Ok(Self { name, parts })
    }

    fn has_ended(&mut self) -> io::Result<bool> {
        for (_, part) in self.parts.iter_mut().flatten() {
            if !part.has_ended()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What it observed, once it has ended.
    fn observed(self) -> io::Result<ObservedRow> {
        let seen = |(host, part): (&'static str, Part)| {
            let (text, well) = part.printed()?;
            if !well {
                return Err(io::Error::other(format!("{} failed on {host}", self.name.replace('_', " "))));
            }
            Ok((host, text.lines().map(str::to_owned).collect()))
        };
        let observed = match self.parts {
            Ok(parts) => Ok(parts.into_iter().map(seen).collect::<io::Result<_>>()?),
            Err(reason) => Err(reason),
        };
        Ok((self.name, observed))
    }
}
