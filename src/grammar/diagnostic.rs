//! What is wrong, and where, as the user reads it.

use alloc::string::{String, ToString};
use core::fmt;

use super::fault::SyntaxError;
use super::secret::masked;

impl SyntaxError {
    /// The fault with its place in `text`, which is called `file`. Passwords in its line are not shown.
    pub(crate) fn locate(&self, file: &str, text: &str) -> Diagnostic {
        let start = boundary(text, self.span.start);
        let (before, rest) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = rest.find('\n').map_or(text.len(), |length| start + length);
        let source = masked(text, line_start, line_end);
        let offending = text.get(start..boundary(text, self.span.end.min(line_end)));
        Diagnostic {
            file: file.to_string(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |head| head.chars().count()) + 1,
            width: offending.map_or(0, |text| text.chars().count()).max(1),
            source: source.trim_end().to_string(),
            problem: self.problem.clone(),
            expected: self.expected.clone(),
            nearest: self.nearest.clone(),
        }
    }
}

/// The last place up to `at` where `text` can be cut.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Something wrong in a configuration or a command, with its place. Its `Display` is several lines:
///
/// ```text
/// edge.conf:3:2: `hold-tim` is not an option of a neighbor
///     hold-tim 180;
///     ^^^^^^^^
/// expected one of description, hold-time, …; did you mean `hold-time`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file's name; empty for a line of the API.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are at fault.
    pub width: usize,
    /// The line itself.
    pub source: String,
    /// The problem, as a clause.
    pub problem: String,
    /// What was expected; may be empty.
    pub expected: String,
    /// The nearest valid word.
    pub nearest: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
        }
        write!(f, "{}:{}: {}", self.line, self.column, self.problem)?;
        let indent = self.source.len() - self.source.trim_start().len();
        write!(f, "\n    {}\n    ", self.source.trim_start())?;
        for _ in indent..self.column.saturating_sub(1) {
            f.write_str(" ")?;
        }
        for _ in 0..self.width {
            f.write_str("^")?;
        }
        if !self.expected.is_empty() {
            write!(f, "\nexpected {}", self.expected)?;
        }
        match &self.nearest {
            Some(word) if self.expected.is_empty() => write!(f, "\ndid you mean `{word}`?"),
            Some(word) => write!(f, "; did you mean `{word}`?"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Diagnostic {}

#[cfg(test)]
mod tests {
    use super::super::fault::Span;
    use super::*;

    #[test]
    fn a_diagnostic_shows_the_place_the_line_and_the_nearest_word() {
        let text = "neighbor 10.0.0.1 {\n\thold-tim 180;\n}\n";
        let start = text.find("hold-tim").unwrap();
        let fault =
            SyntaxError::new(Span { start, end: start + 8 }, "`hold-tim` is not an option of a neighbor")
                .one_of("hold-tim", &["description", "hold-time"]);
        assert_eq!(
            fault.locate("edge.conf", text).to_string(),
            "edge.conf:2:2: `hold-tim` is not an option of a neighbor\n    \
             hold-tim 180;\n    ^^^^^^^^\n\
             expected one of description, hold-time; did you mean `hold-time`?"
        );
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        let fault = SyntaxError::new(Span { start: 99, end: 100 }, "the text ends");
        let diagnostic = fault.locate("", "é\nab");
        assert_eq!((diagnostic.line, diagnostic.column, diagnostic.width), (2, 3, 1));
    }
}
