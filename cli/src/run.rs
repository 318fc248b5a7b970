//! `holdtime run [SCENARIO]`: one scenario in the lab; without a name, the report's hang on every reactor.

use std::path::PathBuf;

use clap::Args;

use crate::args;
use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A scenario's name, or the path of a scenario file
    pub(crate) scenario: Option<String>,
    /// Only on these reactors; without it, on those the scenario names
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// The seed, decimal or hexadecimal after 0x
    #[arg(long, value_name = "N", value_parser = args::seed)]
    pub(crate) seed: Option<u64>,
    /// Run the seed twice and compare the traces' hashes
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the trace to this file
    #[arg(long, value_name = "F")]
    pub(crate) trace: Option<PathBuf>,
    /// Write what the network carried to this file
    #[arg(long, value_name = "F")]
    pub(crate) pcap: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(_args: RunArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("run"))
}
