//! `holdtime encode CONF`: the messages that a configuration would send, in hex.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime encode`.
#[derive(Debug, Args)]
pub(crate) struct EncodeArgs {
    /// The configuration
    #[arg(value_name = "CONF")]
    pub(crate) configuration: PathBuf,
}

pub(crate) fn run(_args: EncodeArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("encode"))
}
