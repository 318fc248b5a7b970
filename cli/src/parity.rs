//! `holdtime parity`: the simulated machine beside the real one, program by program.

use std::io::Write;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};

/// The arguments of `holdtime parity`.
#[derive(Debug, Args)]
pub(crate) struct ParityArgs {
    /// Only the rows whose name contains this
    #[arg(value_name = "ROW", default_value = "")]
    pub(crate) only: String,
    /// The seed of the simulated side
    #[arg(long, value_parser = crate::args::seed, default_value = "1")]
    pub(crate) seed: u64,
}

pub(crate) fn run(args: &ParityArgs, console: &mut Console) -> Outcome {
    let only = args.only.trim().replace(' ', "_");
    let table = holdtime_sim::parity::compare(args.seed, &only)
        .map_err(|error| CliError::io("cannot use this machine's loopback", &error))?;
    if table.outcomes.is_empty() {
        return Err(CliError::input(format!("no row's name contains \"{}\"", args.only)));
    }
    writeln!(console, "{table}")?;
    Ok(if table.holds() { Verdict::AsExpected } else { Verdict::Unexpected })
}
