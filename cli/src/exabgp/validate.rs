//! `holdtime validate CONF…`: configuration files checked, nothing started.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use holdtime_core::config::Config;
use holdtime_reactor::try_keys;

use crate::console::{Console, say};
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::exabgp::{mirror, serve, settings};

/// The arguments of `holdtime validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The configuration files
    #[arg(required = true, value_name = "CONF")]
    pub(crate) configurations: Vec<PathBuf>,
}

/// One line for each file: what is in it, or what is wrong with it and where, as `serve` would say it. A neighbor whose session this
/// kernel cannot sign is a fault: there would be no session with it.
pub(crate) fn run(args: &ValidateArgs, console: &mut Console) -> VerbResult {
    let found = settings::find()?;
    if let Some(sentence) = found.idle() {
        say(&format!("warning: {sentence}"));
    }
    let settings = found.settings;
    let mut wrong = Vec::new();
    for path in &args.configurations {
        match serve::configuration(path, &settings) {
            Err(CliError::Input(sentence)) => wrong.push(sentence),
            Err(other) => return Err(other),
            Ok(config) => {
                for warning in &config.warnings {
                    say(&format!("warning: {warning}"));
                }
                let mut faults: Vec<String> = serve::faulty_programs(&config, path).collect();
                faults.extend(unsigned(&config, path));
                if !faults.is_empty() {
                    wrong.extend(faults);
                    continue;
                }
                if config.neighbors.is_empty() {
                    say(&format!("warning: {}: there is no neighbor in it", path.display()));
                }
                let routes = config.neighbors.iter().map(|neighbor| neighbor.routes.len()).sum();
                let counts = [
                    count(config.neighbors.len(), "neighbor"),
                    count(routes, "route"),
                    count(config.processes.len(), "program"),
                ];
                for warning in mirror::play(config, settings.clone()).warnings {
                    say(&format!("warning: {}: {warning}", path.display()));
                }
                writeln!(console, "{}: valid ({})", path.display(), counts.join(", "))?;
            }
        }
    }
    if wrong.is_empty() { Ok(VerbStatus::AsExpected) } else { Err(CliError::input(wrong.join("\n"))) }
}

/// The neighbors whose sessions this kernel cannot sign: `serve` has none with them.
fn unsigned(config: &Config, path: &Path) -> Vec<String> {
    let signed = config.neighbors.iter().filter(|neighbor| !neighbor.tcp_ao.is_empty());
    let refused = signed.filter_map(|neighbor| {
        let error = try_keys(neighbor.peer, &neighbor.tcp_ao).err()?;
        Some(format!("{}: neighbor {} is refused: {error}", path.display(), neighbor.peer))
    });
    refused.collect()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
