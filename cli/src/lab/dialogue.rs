//! `holdtime dialogue FILE`: a scripted API program as a real process, on its standard input and output.
//!
//! A dialogue file names this verb in its first line, so that any speaker can run it as a program:
//! `#!/usr/bin/env -S holdtime dialogue`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use holdtime_core::Instant as Moment;
use holdtime_sim::actor::{ProgramAction, ProgramInput, ScriptedProgram};
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::script::ProgramScript;

use crate::console::say;
use crate::error::{CliError, VerbResult, VerbStatus};

/// The arguments of `holdtime dialogue`.
#[derive(Debug, Args)]
pub(crate) struct DialogueArgs {
    /// The dialogue
    pub(crate) file: PathBuf,
}

pub(crate) fn run(args: &DialogueArgs) -> VerbResult {
    let name = args.file.display().to_string();
    let text = fs::read_to_string(&args.file)
        .map_err(|error| CliError::io(format!("cannot read \"{name}\""), &error))?;
    let source = Source::new(name, text);
    let script = ProgramScript::parse(&source, 0..source.text().len())
        .map_err(|mistake| CliError::input(mistake.to_string()))?;
    let mut player = Player {
        program: ScriptedProgram::new(script),
        began: Instant::now(),
        input: read_input(),
        reading: true,
    };
    let code = player.play();
    if let holdtime_sim::actor::PeerState::Failed(why) = player.program.state() {
        say(&format!("holdtime: {}: {why}", args.file.display()));
    }
    match code {
        0 => Ok(VerbStatus::AsExpected),
        1 => Ok(VerbStatus::Unexpected),
        // What the script says is not this program's to judge.
        code => std::process::exit(code),
    }
}

struct Player {
    program: ScriptedProgram,
    began: Instant,
    /// What comes through the standard input; an empty chunk is its end.
    input: Receiver<Vec<u8>>,
    reading: bool,
}

impl Player {
    fn play(&mut self) -> i32 {
        self.feed(ProgramInput::Timeout);
        loop {
            while let Some(action) = self.program.poll_action() {
                match action {
                    ProgramAction::Write(bytes) => {
                        let mut out = io::stdout().lock();
                        let wrote = out.write_all(&bytes).and_then(|()| out.flush());
                        self.feed(if wrote.is_ok() {
                            ProgramInput::Written
                        } else {
                            ProgramInput::OutputBroken
                        });
                    }
                    ProgramAction::Read(on) => self.reading = on,
                    // The process's own handles cannot be closed without unsafe code: it stops using them.
                    ProgramAction::CloseStdin => self.reading = false,
                    ProgramAction::CloseStdout => {}
                    ProgramAction::Exit(code) => return code,
                }
            }
            self.wait();
        }
    }

    /// Waits for input or for the script's deadline.
    fn wait(&mut self) {
        let until = self.program.poll_timeout().map(|at| Duration::from_nanos(at.as_nanos()));
        let limit =
            until.map_or(Duration::from_secs(3600), |until| until.saturating_sub(self.began.elapsed()));
        if !self.reading {
            // What comes meanwhile stays in the pipe, as with any program that does not read.
            thread::sleep(limit);
            return self.feed(ProgramInput::Timeout);
        }
        match self.input.recv_timeout(limit) {
            Ok(chunk) => self.receive(&chunk),
            Err(RecvTimeoutError::Timeout) => self.feed(ProgramInput::Timeout),
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(limit.min(Duration::from_millis(100)));
                self.feed(ProgramInput::Timeout);
            }
        }
    }

    fn receive(&mut self, chunk: &[u8]) {
        self.feed(if chunk.is_empty() { ProgramInput::InputEnded } else { ProgramInput::Received(chunk) });
    }

    fn feed(&mut self, input: ProgramInput<'_>) {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.program.handle(Moment::from_nanos(now), input);
    }
}

/// Reads the standard input on a thread of its own. The channel holds little: a script that stops reading fills its pipe.
fn read_input() -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let count = io::stdin().lock().read(&mut buffer).unwrap_or(0);
            let chunk = buffer.get(..count).unwrap_or_default().to_vec();
            if sender.send(chunk).is_err() || count == 0 {
                return;
            }
        }
    });
    receiver
}
