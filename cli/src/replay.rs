//! `holdtime replay FILE`: a saved run or a flight recording again.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The saved run or the flight recording
    pub(crate) file: PathBuf,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(_args: ReplayArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("replay"))
}
