//! What is printed, and where. What a program reads goes to the standard output and is the same on every run; what
//! a person watches (progress, errors) goes to the standard error.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use crate::colours::{Colours, is_coloured};
use crate::error::CliError;
use crate::log;
use crate::progress::Progress;
pub(crate) use crate::stderr::say;

/// The two standard outputs, as a verb sees them. Written to with `writeln!`, it is the standard output.
#[derive(Debug)]
pub(crate) struct Console {
    out: BufWriter<io::Stdout>,
    colour: bool,
    is_terminal: bool,
}

impl Console {
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        let (colour, is_terminal) = (is_coloured(&out), out.is_terminal());
        Self { out: BufWriter::new(out), colour, is_terminal }
    }

    /// The colours of the standard output, where it takes any.
    pub(crate) fn paint(&self) -> Colours {
        Colours { wanted: self.colour }
    }

    /// How far `total` steps of `what` have come, on the standard error.
    pub(crate) fn progress(&self, what: &'static str, total: u64) -> Progress {
        Progress::new(what, total)
    }

    /// How many columns a line may have; none where nobody looks at them.
    pub(crate) fn width(&self) -> Option<usize> {
        self.is_terminal.then_some(80)
    }

    /// Writes out what is still buffered.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Says on the standard error why the command failed; returns the exit status. `json`: the standard error is JSON, line by line.
pub(crate) fn report(error: &CliError, json: bool) -> ExitCode {
    match error {
        CliError::ReaderGone => ExitCode::SUCCESS,
        CliError::Input(_) | CliError::Interrupted(_) => {
            let sentence = error.to_string();
            say(&if json { log::json_line("ERROR", &sentence) } else { format!("holdtime: {sentence}") });
            ExitCode::from(if matches!(error, CliError::Input(_)) { 2 } else { 130 })
        }
    }
}
