//! What a program has asked for and not been answered: which line an answer is the answer to.
//!
//! What counts as an answer is the API's own: `done`, `error`, or a JSON object with an `answer`. A program may have asked for no
//! answers (`disable-ack`, `silence-ack`), and some commands have none.

use std::collections::VecDeque;

use holdtime_core::Instant;
use holdtime_core::api::command::Acknowledge;
use holdtime_core::api::line::normalise;
use holdtime_core::api::{Command, parse};

use crate::observe::COMMAND_LINE;

/// A command that awaits its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Since when.
    pub(super) since: Instant,
    /// The line.
    pub(super) line: String,
    /// How many octets the program had written before it.
    pub(super) before: u64,
}

/// What commands begin with that are about no answers.
const PLAIN: [&str; 3] = ["announce ", "withdraw ", "version"];

/// One program's commands and the answers to them.
#[derive(Debug)]
pub(super) struct Conversation {
    open: VecDeque<Asked>,
    acknowledged: bool,
    written: u64,
    /// How many commands were to be answered, and of how many the answer has come or will never.
    asked: u64,
    settled: u64,
}

impl Conversation {
    /// A program that has said nothing yet; whether its commands are answered.
    pub(super) fn new(acknowledged: bool) -> Self {
        Self { open: VecDeque::new(), acknowledged, written: 0, asked: 0, settled: 0 }
    }

    /// The one who goes by this name; whether programs' commands are answered. A command-line client's always are.
    pub(super) fn of(name: &str, acknowledged: bool) -> Self {
        Self::new(acknowledged || name == COMMAND_LINE)
    }

    /// Takes in a line of the program's; whether it is to be answered.
    pub(super) fn command(&mut self, at: Instant, line: &str) -> bool {
        let before = self.written;
        self.written += line.len() as u64 + 1;
        let answered = self.is_answered(line.trim());
        if answered {
            self.asked += 1;
            self.open.push_back(Asked { since: at, line: line.trim().to_owned(), before });
        }
        answered
    }

    /// Whether a command is answered, and does what it asks for in that respect.
    fn is_answered(&mut self, line: &str) -> bool {
        // Nearly all are about routes, and none of those is about answers.
        if PLAIN.iter().any(|word| line.starts_with(word)) {
            return self.acknowledged;
        }
        let normal = normalise(line);
        match parse(&normal).map(|request| request.command) {
            // It takes back what has no answer yet, and has none of its own.
            Some(Command::Reset) => {
                self.open.clear();
                self.settled = self.asked;
                false
            }
            Some(Command::Debug(_)) => false,
            Some(Command::Acknowledge(how)) => {
                self.acknowledged = how == Acknowledge::Enable;
                how != Acknowledge::Silence
            }
            _ => self.acknowledged,
        }
    }

    /// Takes in a line of the speaker's: the command that it answers, and whether that is done.
    pub(super) fn answer(&mut self, line: &str) -> Option<(Asked, bool)> {
        let done = verdict(line.trim())?;
        let asked = self.open.pop_front()?;
        self.settled += 1;
        Some((asked, done))
    }

    /// How many commands were to be answered so far: the place of one without an answer among them.
    pub(super) fn place(&self) -> u64 {
        self.asked
    }

    /// Whether everything before such a place has been answered.
    pub(super) fn has_come_to(&self, place: u64) -> bool {
        self.settled >= place
    }

    /// Whether one of the commands without an answer asks for the configuration to be read again.
    pub(super) fn awaits_reload(&self) -> bool {
        let reloads = |asked: &Asked| {
            parse(&normalise(&asked.line)).is_some_and(|request| request.command == Command::Reload)
        };
        self.open.iter().any(reloads)
    }

    /// The command that has waited longest.
    pub(super) fn oldest(&self) -> Option<&Asked> {
        self.open.front()
    }

    /// How many octets the program has written before the first command that has no answer.
    pub(super) fn settled(&self) -> u64 {
        self.oldest().map_or(self.written, |asked| asked.before)
    }
}

/// Whether a line says that a command is done; `None`: it is no answer.
fn verdict(line: &str) -> Option<bool> {
    match line {
        "done" => Some(true),
        "error" => Some(false),
        _ if !line.contains("\"answer\"") || line.contains("\"shutdown\"") => None,
        _ if line.contains("\"done\"") => Some(true),
        _ => line.contains("\"error\"").then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::testing::at;

    /// Which of the lines, each written a second after the one before, have no answer.
    fn open(lines: &[&str]) -> Vec<u64> {
        let mut dialogue = Conversation::new(true);
        for (second, line) in (0..).zip(lines) {
            dialogue.command(at(second), line);
        }
        dialogue.open.iter().map(|asked| asked.since.as_nanos() / 1_000_000_000).collect()
    }

    #[test]
    fn every_line_is_to_be_answered_also_one_that_is_no_command() {
        assert_eq!(
            open(&["version", "nonsense", "", "# a comment", "announce route 10.0.0.0/24"]),
            [0, 1, 2, 3, 4]
        );
    }

    #[test]
    fn a_program_that_asked_for_no_answers_is_owed_none_until_it_asks_for_them_again() {
        assert_eq!(open(&["disable-ack", "version", "enable-ack", "version"]), [0, 2, 3]);
        assert_eq!(open(&["silence-ack", "version", "enable-ack"]), [2]);
        let mut quiet = Conversation::new(false);
        assert!(!quiet.command(at(0), "version"));
        assert!(quiet.command(at(0), "enable-ack") && quiet.command(at(0), "version"));
    }

    #[test]
    fn a_reset_is_owed_no_answer_and_neither_is_what_it_takes_back() {
        assert_eq!(open(&["version", "reset", "version"]), [2]);
        assert_eq!(open(&["debug reset", "debug version"]), [0; 0]);
    }

    #[test]
    fn an_answer_belongs_to_the_command_that_has_waited_longest() {
        let mut dialogue = Conversation::new(true);
        dialogue.command(at(1), " version ");
        dialogue.command(at(2), "help");
        for chatter in
            ["exabgp 5.0.0", "shutdown in progress", "{ \"answer\": \"shutdown\" }", "{ \"type\": \"done\" }"]
        {
            assert_eq!(dialogue.answer(chatter), None, "{chatter}");
        }
        let (asked, done) = dialogue.answer("done").unwrap();
        assert_eq!((asked.since, asked.line.as_str(), done), (at(1), "version", true));
        assert_eq!(dialogue.oldest().unwrap().line, "help");
        assert!(!dialogue.answer(" error\n").unwrap().1);
        assert_eq!(dialogue.answer("done"), None, "nothing was asked");
    }

    #[test]
    fn what_a_plain_command_asks_for_is_never_about_answers() {
        // So that to look no further leaves nothing out.
        let words =
            ["reset", "debug x", "enable-ack", "disable-ack", "silence-ack", "route 10.0.0.0/24", "eor", ""];
        let is_about = |line: &str| {
            let line = normalise(line);
            let command = parse(&line).map(|request| request.command);
            matches!(command, Some(Command::Reset | Command::Debug(_) | Command::Acknowledge(_)))
        };
        for (plain, word) in PLAIN.iter().flat_map(|plain| words.iter().map(move |word| (plain, word))) {
            for line in [format!("{plain}{word}"), format!("{plain} {word}"), format!("{plain}{word} reset")]
            {
                assert!(!is_about(&line), "{line}");
            }
        }
    }

    #[test]
    fn a_command_line_client_is_always_answered_and_a_program_where_programs_are() {
        for (name, acknowledged, answered) in [
            (COMMAND_LINE, false, true),
            (COMMAND_LINE, true, true),
            ("feed", false, false),
            ("feed", true, true),
        ] {
            let mut dialogue = Conversation::of(name, acknowledged);
            assert_eq!(dialogue.command(at(1), "version"), answered, "{name} {acknowledged}");
        }
    }

    #[test]
    fn json_answers_are_answers() {
        for (line, done) in
            [("{ \"answer\": \"done\" }", true), ("{ \"answer\": \"error\", \"message\": \"x\" }", false)]
        {
            let mut dialogue = Conversation::new(true);
            dialogue.command(at(1), "version");
            assert_eq!(dialogue.answer(line).map(|(_, done)| done), Some(done), "{line}");
        }
    }

    #[test]
    fn what_was_written_before_the_first_unanswered_command_is_settled() {
        let mut dialogue = Conversation::new(true);
        dialogue.command(at(1), "version");
        assert_eq!(dialogue.settled(), 0);
        dialogue.command(at(1), "help");
        dialogue.answer("done");
        assert_eq!(dialogue.settled(), 8);
        dialogue.answer("done");
        assert_eq!(dialogue.settled(), 13);
    }
}
