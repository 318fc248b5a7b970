//! `holdtime parity`: the simulated machine beside the real one, program by program; and stalls in the lab beside the same ones live.

pub(in crate::lab) mod namespace;
mod part;
mod peer;
mod player;
mod slow;
mod stalls;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use holdtime_sim::parity;

use crate::console::Console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;

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
    if args.on.is_some() || args.peer.is_some() {
        interrupt::end_with_parent()?;
    } else {
        interrupt::watch()?;
    }
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
        return slow::play(&only, host, console);
    }
    let (table, rows) = if args.slow {
        (slow::run_side_by_side(args.seed, &only).map_err(failed)?, parity::slow_rows(&only).len())
    } else {
        let stop = interrupt::is_pressed;
        (parity::compare(args.seed, &only, &stop).map_err(failed)?, parity::quick_rows(&only))
    };
    if rows == 0 {
        return Err(CliError::input(format!("no row's name contains \"{}\"", args.only)));
    }
    let done = table.outcomes.len();
    if done > 0 {
        writeln!(console, "{table}")?;
    }
    if done < rows {
        return Err(CliError::Interrupted(format!("{done} of {rows} rows are done")));
    }
    Ok(if table.holds() { VerbStatus::AsExpected } else { VerbStatus::Unexpected })
}
