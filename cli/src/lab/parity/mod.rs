//! `holdtime parity`: the simulated machine beside the real one, program by program; and stalls in the lab beside the same ones live.

mod namespace;
mod peer;
mod player;
mod stalls;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use holdtime_sim::parity;

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};

/// The arguments of `holdtime parity`.
#[derive(Debug, Args)]
pub(crate) struct ParityArgs {
    /// Only the rows whose name contains this
    #[arg(value_name = "ROW", default_value = "")]
    pub(crate) only: String,
    /// The seed of the simulated side
    #[arg(long, value_parser = crate::args::seed, default_value = "1")]
    pub(crate) seed: u64,
    /// The rows that take minutes of real time (a quarter of an hour in all), side by side
    #[arg(long)]
    pub(crate) slow: bool,
    /// Stalls of whole sessions instead of rows, live in network namespaces and in the lab, with the times at which they end (about
    /// 80 seconds in all)
    #[arg(long, conflicts_with = "slow")]
    pub(crate) stalls: bool,
    /// Only what this one slow row observes on this host, or this one stall on this reactor, in real time
    #[arg(long, value_name = "HOST", hide = true)]
    pub(crate) on: Option<String>,
    /// Where a stall leaves its files
    #[arg(long, value_name = "DIR", hide = true, requires = "on")]
    pub(crate) folder: Option<PathBuf>,
    /// Only this peer of a stall
    #[arg(long, value_name = "NAME", hide = true, requires = "stalls")]
    pub(crate) peer: Option<String>,
}

pub(crate) fn run(args: &ParityArgs, console: &mut Console) -> VerbResult {
    if args.stalls {
        let wanted = stalls::StallsWanted {
            only: args.only.trim(),
            seed: args.seed,
            on: args.on.as_deref(),
            folder: args.folder.as_deref(),
            peer: args.peer.as_deref(),
        };
        return stalls::run(&wanted, console);
    }
    let only = args.only.trim().replace(' ', "_");
    let failed = |error| CliError::io("cannot use this machine's loopback", &error);
    if let Some(host) = &args.on {
        let observed = parity::run_slow(&only, host).map_err(failed)?;
        let observed =
            observed.ok_or_else(|| CliError::input(format!("no slow row \"{only}\" on {host}")))?;
        for line in observed {
            writeln!(console, "{line}")?;
        }
        return Ok(VerbStatus::AsExpected);
    }
    let table = if args.slow {
        run_side_by_side(args.seed, &only).map_err(failed)?
    } else {
        parity::compare(args.seed, &only).map_err(failed)?
    };
    if table.outcomes.is_empty() {
        return Err(CliError::input(format!("no row's name contains \"{}\"", args.only)));
    }
    writeln!(console, "{table}")?;
    Ok(if table.holds() { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}

/// Runs every slow row on every host in a process of its own, since each takes its process's signals over.
fn run_side_by_side(seed: u64, only: &str) -> io::Result<parity::ParityTable> {
    let program = std::env::current_exe()?;
    let start = |row: &str, host: &'static str| {
        let mut command = Command::new(&program);
        command.args(["parity", "--slow", "--on", host, row]).stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().map(|child| (host, child))
    };
    let mut running = Vec::new();
    for (row, hosts) in parity::slow_rows(only) {
        let children = match hosts {
            Ok(hosts) => Ok(hosts.iter().map(|host| start(row, host)).collect::<io::Result<Vec<_>>>()?),
            Err(reason) => Err(reason),
        };
        running.push((row, children));
    }
    let mut observed = Vec::new();
    for (done, (row, children)) in running.into_iter().enumerate() {
        let seen = match children {
            Err(reason) => Err(reason),
            Ok(children) => Ok(children
                .into_iter()
                .map(|(host, child)| {
                    let output = child.wait_with_output()?;
                    let text = String::from_utf8_lossy(&output.stdout);
                    Ok((host, text.lines().map(str::to_owned).collect()))
                })
                .collect::<io::Result<parity::Observed>>()?),
        };
        // stderr may be closed, and nothing is lost then.
        let _ = writeln!(io::stderr(), "parity: {} slow rows done, {}", done + 1, row.replace('_', " "));
        observed.push((row, seen));
    }
    Ok(parity::judge_slow(seed, &observed))
}
