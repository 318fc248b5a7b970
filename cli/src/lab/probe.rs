//! `holdtime probe ADDRESS [SCENARIO…]`: the scripted peers live against a BGP daemon.

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, VerbResult};

/// The arguments of `holdtime probe`.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// The daemon's address
    pub(crate) address: String,
    /// The scenarios; without one, all that can be run live
    pub(crate) scenarios: Vec<String>,
}

pub(crate) fn run(_args: ProbeArgs, _console: &mut Console) -> VerbResult {
    Err(CliError::not_built("probe"))
}
