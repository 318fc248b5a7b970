//! `holdtime validate CONF…`: configuration files checked, nothing started.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::console::{Console, say};
use crate::error::{CliError, Outcome, Verdict};
use crate::{serve, settings};

/// The arguments of `holdtime validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The configuration files
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
}

/// One line for each file: what is in it, or what is wrong with it and where. Programs that are not on this machine are a
/// warning: the configuration may be another one's.
pub(crate) fn run(args: &ValidateArgs, console: &mut Console) -> Outcome {
    let settings = settings::find()?.settings;
    let mut wrong = Vec::new();
    for path in &args.configurations {
        match serve::configuration(path, &settings) {
            Err(CliError::Input(sentence)) => wrong.push(sentence),
            Err(other) => return Err(other),
            Ok(config) => {
                for warning in &config.warnings {
                    say(&format!("warning: {warning}"));
                }
                for sentence in serve::faulty_programs(&config, path) {
                    say(&format!("warning: {sentence}"));
                }
                let routes = config.neighbors.iter().map(|neighbor| neighbor.routes.len()).sum();
                let counts = [
                    count(config.neighbors.len(), "neighbor"),
                    count(routes, "route"),
                    count(config.processes.len(), "program"),
                ];
                writeln!(console, "{}: valid ({})", path.display(), counts.join(", "))?;
            }
        }
    }
    if wrong.is_empty() { Ok(Verdict::AsExpected) } else { Err(CliError::input(wrong.join("\n"))) }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
