//! The line at which a person types commands: edited, completed, and remembered.

use std::cell::RefCell;
use std::path::PathBuf;

use holdtime_core::api::complete;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::speaker_pipes::SpeakerPipes;

/// Words that end the conversation.
pub(super) const FAREWELLS: [&str; 2] = ["exit", "quit"];

/// How many lines are remembered.
const REMEMBERED: usize = 1000;

/// A prompt on a terminal.
pub(super) struct Prompt<'a> {
    editor: Editor<Words<'a>, FileHistory>,
    /// Where lines are remembered from one conversation to the next.
    history: Option<PathBuf>,
}

impl<'a> Prompt<'a> {
    pub(super) fn new(client: &'a RefCell<SpeakerPipes>) -> rustyline::Result<Self> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(REMEMBERED)?
            .history_ignore_dups(true)?
            .auto_add_history(true)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Words { client }));
        let history = history();
        if let Some(path) = &history {
            // The first conversation finds none.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }

    /// The next line; `None`: Ctrl-D. A Ctrl-C throws away what was typed.
    pub(super) fn line(&mut self) -> rustyline::Result<Option<String>> {
        loop {
            match self.editor.readline("holdtime> ") {
                Ok(line) => return Ok(Some(line)),
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Prompt<'_> {
    fn drop(&mut self) {
        // Remembering is a convenience: where it is not possible, nothing is said.
        if let Some(path) = &self.history {
            let _ = path.parent().map(std::fs::create_dir_all);
            let _ = self.editor.save_history(path);
        }
    }
}

/// Where the XDG base directories put what a program remembers.
fn history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    Some(state.join("holdtime/history"))
}

/// Completes words; the neighbors are those that the speaker has at that moment.
struct Words<'a> {
    client: &'a RefCell<SpeakerPipes>,
}

impl Completer for Words<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..at).unwrap_or_default();
        let start = before.rfind(' ').map_or(0, |space| space + 1);
        let neighbors = if before.contains("neighbor ") {
            self.client.try_borrow_mut().map(|mut client| client.neighbors()).unwrap_or_default()
        } else {
            Vec::new()
        };
        let mut words = complete(before, &neighbors);
        if start == 0 {
            words.extend(FAREWELLS.iter().filter(|word| word.starts_with(before)).map(ToString::to_string));
        }
        if let [only] = words.as_mut_slice() {
            only.push(' ');
        }
        Ok((start, words))
    }
}

impl Helper for Words<'_> {}
impl Highlighter for Words<'_> {}
impl Validator for Words<'_> {}

impl Hinter for Words<'_> {
    type Hint = String;
}
