//! A scripted API program at work: an interpreter without I/O, driven like [`ScriptedPeer`](crate::actor::ScriptedPeer).

use std::collections::VecDeque;

use holdtime_core::Instant;

use crate::actor::peer_run::{Awaited, PeerState, ScriptPhase};
use crate::scenario::pipe_lines::take_lines;
use crate::scenario::script::{ProgramScript, ProgramStep, Rounds};

/// What happens to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramInput<'a> {
    /// It was started, or the deadline has come.
    Timeout,
    /// These octets came through its standard input.
    Received(&'a [u8]),
    /// Its standard input ended.
    InputEnded,
    /// All of the last [`ProgramAction::Write`] is in the pipe.
    Written,
    /// Nobody reads its standard output any more.
    OutputBroken,
}

/// What a program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramAction {
    /// Write all of this and answer with [`ProgramInput::Written`]; like any simple program it blocks until then.
    Write(Vec<u8>),
    /// Read its standard input, or stop to.
    Read(bool),
    /// Close its standard input.
    CloseStdin,
    /// Close its standard output.
    CloseStdout,
    /// End with this code; the last action.
    Exit(i32),
}

/// A program that follows a [`ProgramScript`].
#[derive(Clone, Debug)]
pub struct ScriptedProgram {
    script: ProgramScript,
    at: usize,
    since: Instant,
    begun: bool,
    wake: Option<Instant>,
    /// Rounds of the `send` at work that are written.
    sent: u32,
    rounds: Rounds,
    writing: bool,
    /// What was sent since `buffer`.
    held: Option<Vec<u8>>,
    unread: Vec<u8>,
    lines: VecDeque<String>,
    /// Lines that were passed over since the last `expect`.
    passed: Vec<String>,
    input_ended: bool,
    exited: bool,
    actions: VecDeque<ProgramAction>,
    failed: Option<String>,
}

impl ScriptedProgram {
    /// A program at the first step of its script.
    pub fn new(script: ProgramScript) -> Self {
        Self {
            script,
            at: 0,
            since: Instant::ZERO,
            begun: false,
            wake: None,
            sent: 0,
            rounds: Rounds::default(),
            writing: false,
            held: None,
            unread: Vec::new(),
            lines: VecDeque::new(),
            passed: Vec::new(),
            input_ended: false,
            exited: false,
            actions: VecDeque::new(),
            failed: None,
        }
    }

    /// Feeds one input; drain the actions afterwards.
    pub fn handle(&mut self, now: Instant, input: ProgramInput<'_>) {
        match input {
            ProgramInput::Timeout => {}
            ProgramInput::Received(bytes) => self.receive(bytes),
            ProgramInput::InputEnded => self.input_ended = true,
            ProgramInput::Written => self.writing = false,
            ProgramInput::OutputBroken => self.fail("nobody reads what this program says", 1),
        }
        // A loop of steps that take no time must not hang the lab: one of them an input is enough.
        let mut budget = 100_000_u32;
        while !self.exited && !self.writing && budget > 0 && self.perform(now) {
            budget -= 1;
            let next = self.step_after();
            (self.at, self.since, self.begun, self.wake, self.sent) = (next, now, false, None, 0);
        }
    }

    /// The next thing to carry out.
    pub fn poll_action(&mut self) -> Option<ProgramAction> {
        self.actions.pop_front()
    }

    /// When to feed [`ProgramInput::Timeout`] next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wake.filter(|_| !self.exited)
    }

    /// How far it is, which is asked for at every instant.
    pub fn phase(&self) -> ScriptPhase {
        match self.script.step(self.at) {
            _ if self.failed.is_some() => ScriptPhase::Failed,
            Some((step, _)) => {
                let expects = matches!(step, ProgramStep::Expect { .. } | ProgramStep::Also(_));
                ScriptPhase::Waiting { expects }
            }
            None => ScriptPhase::Finished,
        }
    }

    /// How far it is.
    pub fn state(&self) -> PeerState {
        let step = self.script.step(self.at).map_or("", |(_, text)| text);
        PeerState::of(self.phase(), step, self.since, self.failed.as_deref())
    }

    /// What it waits for that the speaker has to do.
    pub fn awaits(&self) -> Option<Awaited> {
        if self.writing {
            return Some(Awaited::Room);
        }
        match self.script.step(self.at)?.0 {
            ProgramStep::Expect { .. } | ProgramStep::Also(_) => Some(Awaited::Line),
            _ => None,
        }
    }

    /// When it says something or goes on by itself; `None`: never.
    pub fn speaks_at(&self) -> Option<Instant> {
        let expects = matches!(self.script.step(self.at), Some((ProgramStep::Expect { .. }, _)) | None);
        self.poll_timeout().filter(|_| !expects)
    }

    /// Which step comes after the one at hand, which is done.
    fn step_after(&mut self) -> usize {
        let next = self.at + 1;
        match self.script.step(self.at).map(|(step, _)| step) {
            Some(ProgramStep::Loop(_)) => self.rounds.begin(next),
            Some(ProgramStep::End) => {
                let opening = self.rounds.first().and_then(|first| self.script.step(first.checked_sub(1)?));
                let times = opening.and_then(|(step, _)| match step {
                    ProgramStep::Loop(times) => *times,
                    _ => None,
                });
                return self.rounds.turn(times).unwrap_or(next);
            }
            _ => {}
        }
        next
    }

    /// Works on the step at hand; `true` once it is done.
    fn perform(&mut self, now: Instant) -> bool {
        let script = self.script.clone();
        let Some((step, _)) = script.step(self.at) else {
            let told = self.lines.drain(..).any(|line| line.contains("shutdown"));
            if told || self.input_ended {
                self.exit(0);
            }
            return false;
        };
        let first = !std::mem::replace(&mut self.begun, true);
        match step {
            ProgramStep::Send { times, text } => self.perform_send(*times, text),
            ProgramStep::Buffer => {
                self.held.get_or_insert_default();
                true
            }
            ProgramStep::Flush => {
                let held = self.held.take().filter(|held| !held.is_empty());
                self.writing = held.is_some();
                self.actions.extend(held.map(ProgramAction::Write));
                true
            }
            ProgramStep::Expect { text, within } => {
                if first {
                    self.wake = within.map(|within| now + within);
                    self.passed.clear();
                }
                self.perform_expect(text, now)
            }
            ProgramStep::Also(text) => {
                let came = self.passed.iter().position(|line| line.contains(text));
                came.map(|index| self.passed.swap_remove(index)).is_some() || self.perform_expect(text, now)
            }
            ProgramStep::ExpectNothing(time) => {
                if first {
                    self.wake = Some(now + *time);
                }
                if let Some(line) = self.lines.pop_front() {
                    self.fail(&format!("`{line}` came"), 1);
                }
                self.due(now)
            }
            ProgramStep::Wait(time) => {
                if first {
                    self.wake = Some(now + *time);
                }
                self.due(now)
            }
            ProgramStep::Reading(on) => self.act(ProgramAction::Read(*on)),
            ProgramStep::Loop(_) | ProgramStep::End => true,
            ProgramStep::CloseStdin => self.act(ProgramAction::CloseStdin),
            ProgramStep::CloseStdout => self.act(ProgramAction::CloseStdout),
            ProgramStep::Exit(code) => {
                self.at += 1;
                self.exit(*code);
                false
            }
        }
    }

    fn perform_send(&mut self, times: u32, text: &str) -> bool {
        // In a loop one line at a time counts the loop's rounds.
        let round = self.rounds.innermost().filter(|_| times == 1);
        if let Some(held) = &mut self.held {
            let rounds = round.map_or(0..times, |round| round..round + 1);
            rounds.for_each(|round| held.extend(ProgramStep::line(text, round).into_bytes()));
            return true;
        }
        if self.sent < times {
            self.send_round(text, round.unwrap_or(self.sent));
            return false;
        }
        true
    }

    fn send_round(&mut self, text: &str, round: u32) {
        self.writing = true;
        self.actions.push_back(ProgramAction::Write(ProgramStep::line(text, round).into_bytes()));
        self.sent += 1;
    }

    fn perform_expect(&mut self, text: &str, now: Instant) -> bool {
        while let Some(line) = self.lines.pop_front() {
            if line.contains(text) {
                return true;
            }
            if line.contains("shutdown") {
                self.fail("the speaker shut down first", 1);
                return false;
            }
            self.passed.push(line);
        }
        if self.input_ended {
            self.fail("the input ended", 1);
        } else if self.due(now) {
            self.fail("no such line came in time", 1);
        }
        false
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        take_lines(&mut self.unread, |line| self.lines.push_back(line.to_owned()));
    }

    fn act(&mut self, action: ProgramAction) -> bool {
        self.actions.push_back(action);
        true
    }

    fn due(&self, now: Instant) -> bool {
        self.wake.is_some_and(|wake| wake <= now) && !self.exited
    }

    fn fail(&mut self, why: &str, code: i32) {
        let step = self.script.step(self.at).map_or("the end", |(_, text)| text);
        // A program whose work is done and whose speaker is gone has not failed.
        if self.script.step(self.at).is_some() && self.failed.is_none() {
            self.failed = Some(format!("at `{step}`: {why}"));
        }
        self.exit(code);
    }

    fn exit(&mut self, code: i32) {
        if !std::mem::replace(&mut self.exited, true) {
            self.actions.push_back(ProgramAction::Exit(code));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::mistake::Source;

    fn program(script: &str) -> ScriptedProgram {
        let source = Source::new("program", script);
        let mut program = ScriptedProgram::new(ProgramScript::parse(&source, 0..script.len()).unwrap());
        program.handle(Instant::ZERO, ProgramInput::Timeout);
        program
    }

    fn drain(program: &mut ScriptedProgram) -> Vec<ProgramAction> {
        std::iter::from_fn(|| program.poll_action()).collect()
    }

    #[test]
    fn a_program_announces_waits_for_its_answer_and_leaves_at_shutdown() {
        let mut program = program("send announce route 10.0.0.0/24 next-hop 1.1.1.1\nexpect done\n");
        assert_eq!(
            drain(&mut program),
            [ProgramAction::Write(b"announce route 10.0.0.0/24 next-hop 1.1.1.1\n".to_vec())]
        );
        program.handle(Instant::ZERO, ProgramInput::Written);
        program.handle(Instant::from_secs(1), ProgramInput::Received(b"do"));
        assert!(matches!(program.state(), PeerState::Waiting { .. }));
        program.handle(Instant::from_secs(1), ProgramInput::Received(b"ne\n"));
        assert_eq!(program.state(), PeerState::Finished);
        assert_eq!(drain(&mut program), []);
        program.handle(Instant::from_secs(2), ProgramInput::Received(b"shutdown\n"));
        assert_eq!(drain(&mut program), [ProgramAction::Exit(0)]);
    }

    #[test]
    fn a_loop_counts_its_rounds() {
        let mut program = program("buffer\nloop 3 times\nsend x {i}\nend\nflush\nexit 0\n");
        assert_eq!(drain(&mut program), [ProgramAction::Write(b"x 0\nx 1\nx 2\n".to_vec())]);
        program.handle(Instant::ZERO, ProgramInput::Written);
        assert_eq!(drain(&mut program), [ProgramAction::Exit(0)]);
    }

    #[test]
    fn a_program_blocks_while_its_pipe_is_full() {
        let mut program = program("send 2 times version\nexit 0\n");
        assert_eq!(drain(&mut program).len(), 1);
        program.handle(Instant::from_secs(9), ProgramInput::Timeout);
        assert_eq!(drain(&mut program), []);
        program.handle(Instant::from_secs(9), ProgramInput::Written);
        assert_eq!(drain(&mut program).len(), 1);
        program.handle(Instant::from_secs(9), ProgramInput::Written);
        assert_eq!(drain(&mut program), [ProgramAction::Exit(0)]);
    }

    #[test]
    fn a_line_where_none_may_come_fails_the_program() {
        let mut program = program("expect nothing for 1s\n");
        program.handle(Instant::from_millis(500), ProgramInput::Received(b"done\n"));
        assert_eq!(drain(&mut program), [ProgramAction::Exit(1)]);
        assert_eq!(program.state(), PeerState::Failed("at `expect nothing for 1s`: `done` came".into()));
    }

    #[test]
    fn an_answer_that_never_comes_fails_at_its_deadline() {
        let mut program = program("expect within 2s done\n");
        assert_eq!(program.poll_timeout(), Some(Instant::from_secs(2)));
        program.handle(Instant::from_secs(2), ProgramInput::Timeout);
        assert_eq!(drain(&mut program), [ProgramAction::Exit(1)]);
    }
}
