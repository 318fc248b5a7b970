//! `holdtime validate CONF…`: configuration files checked, nothing started.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The configuration files
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
}

pub(crate) fn run(_args: ValidateArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("validate"))
}
