//! `holdtime completions SHELL`: a completion script for a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::console::Console;
use crate::error::{VerbResult, VerbStatus};

/// The arguments of `holdtime completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for `cli`, which is the whole command line.
pub(crate) fn run(args: &CompletionsArgs, mut cli: Command, console: &mut Console) -> VerbResult {
    // Generated into memory first: clap_complete panics when its writer fails, and a reader may go away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli, "holdtime", &mut script);
    std::io::Write::write_all(console, &script)?;
    Ok(VerbStatus::AsExpected)
}
