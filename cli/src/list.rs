//! `holdtime list`: the scenarios, reactors and cases that there are, one line each.

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(_args: ListArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("list"))
}
