//! `holdtime dialogue FILE`: a scripted API program as a real process, on its standard input and output.
//!
//! A dialogue file names this verb in its first line, so that any speaker can run it as a program:
//! `#!/usr/bin/env -S holdtime dialogue`.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use holdtime_core::speaker::StreamId;
use holdtime_reactor::HostOptions;
use holdtime_reactor::mio_host::{MioHost, run_blocking};
use holdtime_sim::actor::{PeerState, ScriptedProgram, drive_program};
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::script::ProgramScript;

use crate::console::say;
use crate::error::{CliError, VerbResult, VerbStatus};
use crate::interrupt;

/// The arguments of `holdtime dialogue`.
#[derive(Debug, Args)]
pub(crate) struct DialogueArgs {
    /// The dialogue
    pub(crate) file: PathBuf,
}

pub(crate) fn run(args: &DialogueArgs) -> VerbResult {
    // One that neither reads nor writes would never hear of the end of a speaker that was killed.
    interrupt::die_with_parent()?;
    let name = args.file.display().to_string();
    let text = fs::read_to_string(&args.file)
        .map_err(|error| CliError::io(format!("cannot read \"{name}\""), &error))?;
    let source = Source::new(name, text);
    let script = ProgramScript::parse(&source, 0..source.text().len())
        .map_err(|mistake| CliError::input(mistake.to_string()))?;
    let program = RefCell::new(ScriptedProgram::new(script));
    let code =
        play(&program).map_err(|error| CliError::io("cannot take standard input and output", &error))?;
    if let PeerState::Failed(why) = program.borrow().state() {
        say(&format!("holdtime: {}: {why}", args.file.display()));
    }
    match code {
        0 => Ok(VerbStatus::AsExpected),
        1 => Ok(VerbStatus::Unexpected),
        // What the script says is not this program's to judge.
        code => std::process::exit(code),
    }
}

/// Plays a program to its end; returns its exit code.
fn play(program: &RefCell<ScriptedProgram>) -> std::io::Result<i32> {
    // A signal does to it what it does to any program.
    let host = MioHost::without_signals(HostOptions::new(PathBuf::new(), |_| {}))?;
    let stdio = StreamId::opened(0);
    host.open_stdio(stdio)?;
    Ok(run_blocking(drive_program(&host, stdio, program)))
}
