//! `holdtime serve CONF…`: the speaker, for real.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The configuration; several are a rotation, the next one at each reload
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
    /// The reactor: poll or async
    #[arg(long, value_name = "R", default_value = "poll")]
    pub(crate) reactor: String,
    /// Record every input to this file, for `holdtime replay`
    #[arg(long, value_name = "F")]
    pub(crate) record: Option<PathBuf>,
}

pub(crate) fn run(_args: ServeArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("serve"))
}
