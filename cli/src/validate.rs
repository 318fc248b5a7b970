//! `holdtime validate CONF…`: configuration files checked, nothing started.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};
use crate::{serve, settings};

/// The arguments of `holdtime validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The configuration files
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
}

/// One line for each file: what is in it, or what is wrong with it and where.
pub(crate) fn run(args: &ValidateArgs, console: &mut Console) -> Outcome {
    let settings = settings::find()?.settings;
    let mut wrong = Vec::new();
    for path in &args.configurations {
        match serve::configuration(path, &settings) {
            Err(CliError::Input(sentence)) => wrong.push(sentence),
            Err(other) => return Err(other),
            Ok(config) => {
                for warning in &config.warnings {
                    tracing::warn!("{warning}");
                }
                let (neighbors, programs) = (config.neighbors.len(), config.processes.len());
                let routes: usize = config.neighbors.iter().map(|neighbor| neighbor.routes.len()).sum();
                let path = path.display();
                let counts = format!("{neighbors} neighbors, {routes} routes, {programs} programs");
                writeln!(console, "{path}: valid ({counts})")?;
            }
        }
    }
    if wrong.is_empty() { Ok(Verdict::AsExpected) } else { Err(CliError::input(wrong.join("\n"))) }
}
