//! `holdtime cli [COMMAND…]`: one command, or a conversation, with a running speaker over its named pipes.

mod prompt;
mod shorthand;
mod speaker_pipes;

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use clap::Args;
use rustyline::error::ReadlineError;

use crate::console::{self, Console};
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::exabgp::settings;
use prompt::Prompt;
use speaker_pipes::SpeakerPipes;

/// The arguments of `holdtime cli`.
#[derive(Debug, Args)]
pub(crate) struct ClientArgs {
    /// The command; without one, commands are read from the standard input
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// The name of the pipes
    #[arg(long, value_name = "NAME")]
    pipename: Option<String>,
}

pub(crate) fn run(args: &ClientArgs, console: &mut Console) -> VerbResult {
    let name = match &args.pipename {
        Some(name) => name.clone(),
        None => settings::find()?.settings.api.pipename,
    };
    let mut client = SpeakerPipes::connect(&name)?;
    if args.command.is_empty() {
        return converse(client, console);
    }
    client.ask(&in_full(&args.command.join(" ")), console)
}

/// The command without abbreviations; a person is told what was understood.
fn in_full(command: &str) -> Cow<'_, str> {
    let full = shorthand::expand(command);
    if matches!(full, Cow::Owned(_)) {
        console::say(&format!("command: {full}"));
    }
    full
}

/// Asks every line of the standard input, with a prompt where a person types. Unexpected if any was refused.
fn converse(client: SpeakerPipes, console: &mut Console) -> VerbResult {
    let client = RefCell::new(client);
    let mut verdict = VerbStatus::AsExpected;
    let cannot_read = |error: &io::Error| CliError::io("cannot read the standard input", error);
    let mut next: Box<dyn FnMut() -> Result<Option<String>, CliError>> =
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            let odd = |error: ReadlineError| cannot_read(&io::Error::other(error));
            let mut prompt = Prompt::new(&client).map_err(odd)?;
            Box::new(move || prompt.line().map_err(odd))
        } else {
            let mut lines = io::stdin().lines();
            Box::new(move || lines.next().transpose().map_err(|error| cannot_read(&error)))
        };
    while let Some(line) = next()? {
        match line.trim() {
            "" => {}
            word if prompt::FAREWELLS.contains(&word) => break,
            command => {
                if client.borrow_mut().ask(&in_full(command), console)? == VerbStatus::Unexpected {
                    verdict = VerbStatus::Unexpected;
                }
            }
        }
        console.flush()?;
    }
    Ok(verdict)
}
