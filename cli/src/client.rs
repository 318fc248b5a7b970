//! `holdtime cli [COMMAND…]`: one command, or a conversation, with a running speaker over its named pipes.

mod prompt;

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use clap::Args;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustyline::error::ReadlineError;
use serde_json::Value;

use crate::console::{self, Console};
use crate::error::{CliError, Outcome, Verdict};
use crate::{pipes, settings};
use prompt::Prompt;

/// How long a speaker may be silent before its answer is given up.
const PATIENCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

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

pub(crate) fn run(args: &ClientArgs, console: &mut Console) -> Outcome {
    let name = match &args.pipename {
        Some(name) => name.clone(),
        None => settings::find()?.settings.api.pipename,
    };
    let mut client = Client::connect(&name)?;
    if args.command.is_empty() {
        return converse(client, console);
    }
    client.ask(&args.command.join(" "), console)
}

/// Asks every line of the standard input, with a prompt where a person types; the verdict of the last one.
fn converse(client: Client, console: &mut Console) -> Outcome {
    let client = RefCell::new(client);
    let mut verdict = Verdict::AsExpected;
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
            command => verdict = client.borrow_mut().ask(command, console)?,
        }
        console.flush()?;
    }
    Ok(verdict)
}

/// Both pipes of a running speaker.
struct Client {
    commands: File,
    answers: File,
}

impl Client {
    fn connect(name: &str) -> Result<Self, CliError> {
        let Some(paths) = pipes::find(name) else {
            let folders: Vec<String> =
                pipes::folders().iter().map(|folder| folder.display().to_string()).collect();
            let folders = folders.join(", ");
            return Err(CliError::input(format!(
                "there are no named pipes {name}.in and {name}.out in {folders}"
            )));
        };
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let answers = OpenOptions::new().read(true).custom_flags(flags).open(&paths.write);
        let answers =
            answers.map_err(|error| CliError::io(format_args!("cannot read {}", paths.write), &error))?;
        let commands = OpenOptions::new().write(true).custom_flags(flags).open(&paths.read);
        let commands = commands.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::NXIO) => CliError::input(format!("no speaker reads {}", paths.read)),
            _ => CliError::io(format_args!("cannot write {}", paths.read), &error),
        })?;
        Ok(Self { commands, answers })
    }

    /// The addresses of the neighbors that the speaker has; none where it does not say.
    fn neighbors(&mut self) -> Vec<String> {
        let mut answer = Vec::new();
        let asked = self.ask("show neighbor json", &mut answer);
        let told: Option<Vec<Value>> = asked.ok().and_then(|_| serde_json::from_slice(&answer).ok());
        let address = |neighbor: &Value| neighbor.pointer("/peer/address")?.as_str().map(str::to_owned);
        told.unwrap_or_default().iter().filter_map(address).collect()
    }

    /// Sends one command and prints its answer, up to the line that ends it.
    fn ask(&mut self, command: &str, console: &mut impl Write) -> Outcome {
        self.forget_old_answers();
        writeln!(self.commands, "{command}")
            .map_err(|error| CliError::io("cannot send the command", &error))?;
        let mut unfinished = Vec::new();
        loop {
            self.wait()?;
            let mut bytes = [0; 4096];
            let count = match self.answers.read(&mut bytes) {
                Ok(0) => return Err(CliError::input("the speaker has ended")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(CliError::io("cannot read the answer", &error)),
            };
            unfinished.extend_from_slice(&bytes[..count]);
            while let Some(end) = unfinished.iter().position(|&octet| octet == b'\n') {
                let line: Vec<u8> = unfinished.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                match verdict(line.trim_end()) {
                    Some(verdict) => return Ok(verdict),
                    None => write!(console, "{line}")?,
                }
            }
        }
    }

    /// Throws away what an earlier client did not read to its end.
    fn forget_old_answers(&mut self) {
        let mut bytes = [0; 4096];
        while matches!(self.answers.read(&mut bytes), Ok(1..)) {}
    }

    fn wait(&self) -> Result<(), CliError> {
        let mut answers = [PollFd::new(&self.answers, PollFlags::IN)];
        match poll(&mut answers, Some(&PATIENCE)) {
            Ok(0) => Err(CliError::input("the speaker does not answer")),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(CliError::io("cannot wait for the answer", &error.into())),
        }
    }
}

/// What a line says of the command, if it is the last of the answer.
fn verdict(line: &str) -> Option<Verdict> {
    match line {
        "done" => Some(Verdict::AsExpected),
        "error" => {
            console::say("holdtime: the speaker refused the command");
            Some(Verdict::Unexpected)
        }
        "shutdown" => Some(Verdict::AsExpected),
        _ if line.starts_with('{') => json_verdict(line),
        _ => None,
    }
}

fn json_verdict(line: &str) -> Option<Verdict> {
    let answers = |word: &str| line.contains(&format!("\"answer\": \"{word}\""));
    if answers("done") || answers("shutdown") {
        Some(Verdict::AsExpected)
    } else {
        answers("error").then_some(Verdict::Unexpected)
    }
}
