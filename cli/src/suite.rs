//! `holdtime suite [DIR]`: the conf-* and api-* cases, a table, reactor by reactor.

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome};

/// The arguments of `holdtime suite`.
#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// A folder of cases; without it, the project's own
    pub(crate) dir: Option<PathBuf>,
    /// Only on these reactors
    #[arg(long, value_name = "R", value_delimiter = ',')]
    pub(crate) reactor: Vec<String>,
    /// Over real TCP with real programs, instead of in the lab
    #[arg(long)]
    pub(crate) live: bool,
    /// Only these cases
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Write the results to this file as JUnit XML
    #[arg(long, value_name = "F")]
    pub(crate) junit: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(_args: SuiteArgs, _console: &mut Console) -> Outcome {
    Err(CliError::not_built("suite"))
}
