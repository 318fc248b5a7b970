//! The named pipes of a running speaker: a command goes in, and its answer comes out up to the line that ends it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, ioctl_fionread};
use serde_json::Value;

use crate::console;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::exabgp::pipes;

/// How long a speaker may be silent before its answer is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long another client may be answered before this one gives up.
const TURN: Duration = Duration::from_secs(30);

/// How long nothing comes any more where an answer was taken back.
const QUIET: Duration = Duration::from_millis(100);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// The command that takes back what has no answer yet.
const RESET: &str = "reset";

/// Both pipes of a running speaker.
pub(super) struct SpeakerPipes {
    commands: File,
    answers: File,
    /// Where the first of them stands.
    path: String,
}

impl SpeakerPipes {
    pub(super) fn connect(name: &str) -> Result<Self, CliError> {
        let Some(paths) = pipes::find(name) else {
            let folders: Vec<String> =
                pipes::folders().iter().map(|folder| folder.display().to_string()).collect();
            let folders = folders.join(", ");
            return Err(CliError::input(format!(
                "there are no named pipes {name}.in and {name}.out in {folders}; this makes them: {}",
                pipes::how_to_make(name)
            )));
        };
        let answers = at_once().read(true).open(&paths.write);
        let answers =
            answers.map_err(|error| CliError::io(format_args!("cannot read {}", paths.write), &error))?;
        let commands = at_once().write(true).open(&paths.read);
        let commands = commands.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::NXIO) => CliError::input(format!("no speaker reads {}", paths.read)),
            _ => CliError::io(format_args!("cannot write {}", paths.read), &error),
        })?;
        Ok(Self { commands, answers, path: paths.read })
    }

    /// The addresses of the neighbors that the speaker has; none where it does not say.
    pub(super) fn neighbors(&mut self) -> Vec<String> {
        let mut answer = Vec::new();
        let asked = self.ask("show neighbor json", &mut answer);
        let told: Option<Vec<Value>> = asked.ok().and_then(|_| serde_json::from_slice(&answer).ok());
        let address = |neighbor: &Value| neighbor.pointer("/peer/address")?.as_str().map(str::to_owned);
        told.unwrap_or_default().iter().filter_map(address).collect()
    }

    /// Sends one command and prints its answer, up to the line that ends it.
    pub(super) fn ask(&mut self, command: &str, console: &mut impl Write) -> VerbResult {
        let _turn = Turn::wait_for(&self.answers)?;
        self.forget_old_answers()?;
        self.send(command)?;
        if is_unanswered(command) {
            return Ok(VerbStatus::AsExpected);
        }
        let mut unfinished = Vec::new();
        let mut heard = Instant::now();
        loop {
            let mut bytes = [0; 4096];
            match self.answers.read(&mut bytes) {
                Ok(0) => self.wait_for_writer(heard)?,
                Ok(count) => {
                    heard = Instant::now();
                    unfinished.extend_from_slice(&bytes[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait()?,
                Err(error) => return Err(CliError::io("cannot read the answer", &error)),
            }
            while let Some(end) = unfinished.iter().position(|&octet| octet == b'\n') {
                let line: Vec<u8> = unfinished.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                match verdict(line.trim_end_matches('\n')) {
                    Some(verdict) => return Ok(verdict),
                    None => write!(console, "{line}")?,
                }
            }
        }
    }

    fn send(&mut self, command: &str) -> Result<(), CliError> {
        writeln!(self.commands, "{command}").map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => ended(),
            _ => CliError::io("cannot send the command", &error),
        })
    }

    /// Throws away what an earlier client did not read to its end, and what it would still be answered.
    fn forget_old_answers(&mut self) -> Result<(), CliError> {
        let mut bytes = [0; 4096];
        // The speaker may not have read yet what that client asked for.
        let unread = ioctl_fionread(&self.commands).is_ok_and(|octets| octets > 0);
        if !matches!(self.answers.read(&mut bytes), Ok(1..)) && !unread {
            return Ok(());
        }
        self.send(RESET)?;
        let mut more = || matches!(self.answers.read(&mut bytes), Ok(1..));
        let begun = Instant::now();
        let mut quiet = Instant::now();
        while quiet.elapsed() < QUIET && begun.elapsed() < PATIENCE {
            if more() {
                quiet = Instant::now();
            } else {
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// ExaBGP opens the pipe anew for each line: that nobody writes it need not be the end.
    fn wait_for_writer(&self, heard: Instant) -> Result<(), CliError> {
        let nobody = at_once().write(true).open(&self.path).err();
        if nobody.and_then(|error| Errno::from_io_error(&error)) == Some(Errno::NXIO) {
            return Err(ended());
        }
        if heard.elapsed() > PATIENCE {
            return Err(silent());
        }
        thread::sleep(PAUSE);
        Ok(())
    }

    fn wait(&self) -> Result<(), CliError> {
        let mut answers = [PollFd::new(&self.answers, PollFlags::IN)];
        let patience = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
        match poll(&mut answers, Some(&patience)) {
            Ok(0) => Err(silent()),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(CliError::io("cannot wait for the answer", &error.into())),
        }
    }
}

/// How the pipes are opened: without waiting for anybody.
fn at_once() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options
}

fn ended() -> CliError {
    CliError::input("the speaker has ended")
}

fn silent() -> CliError {
    CliError::input("the speaker does not answer")
}

/// A client's turn. An answer does not say to whom it is, so that only one may wait for one; ended when dropped.
struct Turn(File);

impl Turn {
    fn wait_for(pipe: &File) -> Result<Self, CliError> {
        let cannot = |error: &io::Error| CliError::io("cannot wait for another client", error);
        let pipe = pipe.try_clone().map_err(|error| cannot(&error))?;
        let begun = Instant::now();
        loop {
            match flock(&pipe, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(pipe)),
                Err(Errno::AGAIN) if begun.elapsed() < TURN => thread::sleep(PAUSE),
                Err(Errno::AGAIN) => return Err(CliError::input("another client waits for its answer")),
                Err(error) => return Err(cannot(&error.into())),
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // It ends with the process in any case.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Whether a command has no answer, whatever becomes of it.
fn is_unanswered(command: &str) -> bool {
    matches!(command.split_whitespace().next(), Some(RESET | "silence-ack" | "debug"))
}

/// What a line says of the command, if it is the last of the answer.
fn verdict(line: &str) -> Option<VerbStatus> {
    match line {
        "done" => Some(VerbStatus::AsExpected),
        "error" => {
            console::say("holdtime: the speaker refused the command");
            Some(VerbStatus::Unexpected)
        }
        "shutdown" => Some(VerbStatus::AsExpected),
        _ if line.starts_with('{') => json_verdict(line),
        _ => None,
    }
}

fn json_verdict(line: &str) -> Option<VerbStatus> {
    let answers = |word: &str| line.contains(&format!("\"answer\": \"{word}\""));
    if answers("done") || answers("shutdown") {
        Some(VerbStatus::AsExpected)
    } else {
        answers("error").then_some(VerbStatus::Unexpected)
    }
}
