//! Drives a scripted API program on any [`Host`], its standard input and output being one stream there.

use std::cell::RefCell;

use holdtime_core::speaker::{IoError, StreamId};
use holdtime_reactor::{Host, Ready};

use crate::actor::reading::with_room;
use crate::actor::scripted_program::{ProgramAction, ProgramInput, ScriptedProgram};

/// What a full pipe holds.
const PIPE: usize = 64 * 1024;

/// Runs a program to its end; returns its exit code.
pub async fn drive_program<H: Host>(host: &H, stdio: StreamId, program: &RefCell<ScriptedProgram>) -> i32 {
    let mut ready = Vec::new();
    let mut outbox: Option<Vec<u8>> = None;
    let (mut reading, mut ended) = (true, false);
    let feed = |input: ProgramInput<'_>| program.borrow_mut().handle(host.now().monotonic, input);
    loop {
        feed(ProgramInput::Timeout);
        loop {
            if let Some(bytes) = &mut outbox {
                match host.write(stdio, bytes) {
                    Ok(count) => drop(bytes.drain(..count)),
                    Err(IoError::WouldBlock) => break,
                    Err(_) => {
                        outbox = None;
                        feed(ProgramInput::OutputBroken);
                        continue;
                    }
                }
                if bytes.is_empty() {
                    outbox = None;
                    feed(ProgramInput::Written);
                }
                continue;
            }
            let Some(action) = program.borrow_mut().poll_action() else { break };
            match action {
                ProgramAction::Write(bytes) => outbox = Some(bytes),
                ProgramAction::Read(on) => reading = on,
                ProgramAction::CloseStdin => (reading, ended) = (false, true),
                ProgramAction::CloseStdout => host.shutdown(stdio),
                ProgramAction::Exit(code) => return code,
            }
        }
        host.set_interest(stdio, reading && !ended, outbox.is_some());
        let deadline = program.borrow().poll_timeout();
        host.wait(deadline, &mut ready).await;
        if ready.iter().any(|what| matches!(what, Ready::Readable(_))) {
            with_room(PIPE, |space| match host.read(stdio, space) {
                Ok(0) => {
                    ended = true;
                    feed(ProgramInput::InputEnded);
                }
                Ok(count) => feed(ProgramInput::Received(space.get(..count).unwrap_or_default())),
                Err(IoError::WouldBlock) => {}
                Err(_) => ended = true,
            });
        }
    }
}
