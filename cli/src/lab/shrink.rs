//! `holdtime shrink FILE`: the smallest repro of a saved run.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, VerbResult};

/// The arguments of `holdtime shrink`.
#[derive(Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// The saved run
    pub(crate) file: PathBuf,
}

pub(crate) fn run(_args: ShrinkArgs, _console: &mut Console) -> VerbResult {
    Err(CliError::not_built("shrink"))
}
