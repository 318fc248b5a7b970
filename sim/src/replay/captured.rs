//! Dialogues of API programs that ran for real, read out of the recording of the speaker that ran them.
//!
//! Of a [recording](crate::replay::recorded) both sides of every pipe are known, and when they said what. What a program was told before
//! it wrote is what it may have waited for, and becomes `expect`; what is left of the time between becomes `wait`.

use holdtime_core::Instant;
use holdtime_core::speaker::{Action, ClosedKind, ExitStatus, Input, Signal, StreamId};

use crate::replay::recorded::Replay;

/// What one run of a program said and heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// The command that starts it.
    pub command: String,
    /// The script, in the vocabulary of [`ProgramStep`](crate::scenario::script::ProgramStep).
    pub text: String,
}

/// The dialogues in a recording, in the order in which the programs were started.
///
/// # Errors
/// The text is no recording, or what it begins with is wrong.
pub fn dialogues(recording: &str) -> Result<Vec<Dialogue>, String> {
    let mut runs: Vec<Run> = Vec::new();
    for step in Replay::open(recording)? {
        let step = step?;
        let (at, input) = (step.now().monotonic, step.input());
        if matches!(input, Input::Signal(Signal::Terminate | Signal::Interrupt | Signal::Hangup)) {
            // What programs do from now on is to end.
            break;
        }
        let mut note = |stream: &StreamId, what: &dyn Fn(&mut Run)| {
            runs.iter_mut().filter(|run| run.stream == *stream).for_each(what);
        };
        match &input {
            Input::ProgramStarted { stream, .. } => note(stream, &|run| run.since = at),
            Input::Received { stream, data } => note(stream, &|run| run.wrote(at, data)),
            Input::Sent { stream, .. } => note(stream, &|run| run.was_told(at, &step.sent)),
            Input::Closed { stream, how: ClosedKind::ReadEnd | ClosedKind::Broken(_) } => {
                note(stream, &|run| run.leaves(at));
            }
            Input::ProgramExited { stream, status } => note(stream, &|run| run.exited(at, *status)),
            _ => {}
        }
        for action in &step.actions {
            match action {
                Action::StartProgram { stream, spec } => {
                    runs.push(Run::new(*stream, spec.command.first().cloned().unwrap_or_default()));
                }
                Action::StopProgram { stream, .. } => {
                    runs.iter_mut().filter(|run| run.stream == *stream).for_each(|run| run.stopped = true);
                }
                _ => {}
            }
        }
    }
    Ok(runs.into_iter().map(|run| Dialogue { command: run.command, text: run.steps }).collect())
}

/// One run of a program.
struct Run {
    stream: StreamId,
    command: String,
    steps: String,
    /// When it last wrote or was told something.
    since: Instant,
    /// Lines that it was told since it last wrote.
    told: Vec<String>,
    /// The beginnings of a line to it and of a line from it.
    to: Vec<u8>,
    from: Vec<u8>,
    /// When its pipe ended, where that was its own doing.
    left: Option<Instant>,
    /// The speaker has told it to end.
    stopped: bool,
}

impl Run {
    fn new(stream: StreamId, command: String) -> Self {
        Self {
            stream,
            command,
            steps: String::new(),
            since: Instant::ZERO,
            told: Vec::new(),
            to: Vec::new(),
            from: Vec::new(),
            left: None,
            stopped: false,
        }
    }

    fn was_told(&mut self, at: Instant, octets: &[u8]) {
        self.to.extend_from_slice(octets);
        let lines = take_lines(&mut self.to);
        if !lines.is_empty() {
            self.told.extend(lines.into_iter().filter(|line| !line.is_empty()));
            self.since = at;
        }
    }

    fn wrote(&mut self, at: Instant, octets: &[u8]) {
        self.from.extend_from_slice(octets);
        let lines = take_lines(&mut self.from);
        if lines.is_empty() {
            return;
        }
        self.pause(at);
        // What the speaker read at once arrives at once in the lab too.
        let at_once = lines.len() > 1;
        if at_once {
            self.step("buffer");
        }
        lines.iter().for_each(|line| self.step(&format!("send {line}")));
        if at_once {
            self.step("flush");
        }
    }

    /// Its pipe ended before anybody had told it to end.
    fn leaves(&mut self, at: Instant) {
        if !self.stopped {
            self.left.get_or_insert(at);
        }
    }

    fn exited(&mut self, at: Instant, status: ExitStatus) {
        self.leaves(at);
        if let (Some(left), ExitStatus::Code(code)) = (self.left, status) {
            self.pause(left);
            self.step(&format!("exit {code}"));
        }
    }

    /// What it was told, and how long it took to go on after that.
    fn pause(&mut self, at: Instant) {
        let told = std::mem::take(&mut self.told);
        let last = told.len().saturating_sub(1);
        let mattering = told.iter().enumerate().filter(|(index, line)| *index == last || is_answer(line));
        for (nth, (_, line)) in mattering.enumerate() {
            // Of lines that came between two of its own, a program may have waited for any.
            let verb = if nth == 0 { "expect" } else { "also" };
            self.step(&format!("{verb} {}", lasting(line)));
        }
        let micros = (at - self.since).as_micros();
        if micros > 0 {
            self.step(&format!("wait {micros}us"));
        }
        self.since = at;
    }

    fn step(&mut self, step: &str) {
        self.steps.push_str(step);
        self.steps.push('\n');
    }
}

/// Whether a line ends the answer to a command, for which a program waits.
fn is_answer(line: &str) -> bool {
    matches!(line, "done" | "error") || line.contains("\"answer\"")
}

/// What is the same in every run: not the time, the process and the counter with which a JSON line begins.
fn lasting(line: &str) -> &str {
    line.find("\"type\"").and_then(|start| line.get(start..)).unwrap_or(line)
}

fn take_lines(octets: &mut Vec<u8>) -> Vec<String> {
    let Some(end) = octets.iter().rposition(|octet| *octet == b'\n') else { return Vec::new() };
    let whole: Vec<u8> = octets.drain(..=end).collect();
    String::from_utf8_lossy(&whole).lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::testing::Recorded;

    #[test]
    fn a_dialogue_has_what_was_said_in_one_breath_what_was_heard_before_it_and_the_pauses() {
        let mut recorded = Recorded::begin();
        let stream = recorded.program.unwrap();
        recorded.feed(10, Input::ProgramStarted { stream, pid: 7 });
        recorded.program_writes(210, "version\nver");
        recorded.speaker_answers(211);
        recorded.program_writes(230, "sion\n# one\n");
        recorded.feed(500, Input::ProgramExited { stream, status: ExitStatus::Code(3) });
        let [dialogue] = <[Dialogue; 1]>::try_from(dialogues(&recorded.text).unwrap()).unwrap();
        assert_eq!(dialogue.command, "./feed");
        assert_eq!(
            dialogue.text,
            "wait 200000us\nsend version\nexpect done\nwait 19000us\nbuffer\nsend version\nsend # one\nflush\nwait 270000us\nexit 3\n"
        );
    }

    #[test]
    fn nothing_is_heard_of_a_program_once_the_speaker_was_told_to_end() {
        let mut recorded = Recorded::begin();
        let stream = recorded.program.unwrap();
        recorded.feed(0, Input::ProgramStarted { stream, pid: 7 });
        recorded.feed(100, Input::Signal(Signal::Terminate));
        recorded.program_writes(101, "version\n");
        recorded.feed(102, Input::ProgramExited { stream, status: ExitStatus::Code(0) });
        assert_eq!(dialogues(&recorded.text).unwrap()[0].text, "");
    }

    #[test]
    fn what_is_no_recording_is_said_to_be_none() {
        assert!(dialogues("holdtime-record 2\n").unwrap_err().contains("line 1"));
    }
}
