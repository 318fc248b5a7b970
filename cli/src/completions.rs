//! `holdtime completions SHELL`: a completion script for a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::console::Console;
use crate::error::{Outcome, Verdict};

/// The arguments of `holdtime completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, console: &mut Console) -> Outcome {
    // Generated into memory first: clap_complete panics when its writer fails, and a reader may go away.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "holdtime", &mut script);
    std::io::Write::write_all(console, &script)?;
    Ok(Verdict::AsExpected)
}
