//! What is wrong with a file a person wrote, and where: the place, the line itself, what was expected, the nearest
//! valid name. Scenarios, scripts, dialogues and cases all complain through here.

use holdtime_core::grammar::Diagnostic;
pub use holdtime_core::grammar::nearest;

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;

/// A file's name and its text. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    name: Rc<str>,
    text: Rc<str>,
}

impl Source {
    /// The text of the file that the user calls `name`.
    pub fn new(name: impl Into<Rc<str>>, text: impl Into<Rc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The name, as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a string's content stands, its quotes left out. Escapes would shift places: scripts are best written in `'''`.
    pub(super) fn inside(&self, text: &Spanned<String>) -> Range<usize> {
        let span = text.span();
        let written = self.at(span.clone());
        let quote = ["'''", "\"\"\"", "'", "\""]
            .into_iter()
            .find(|quote| written.starts_with(quote))
            .map_or(0, str::len);
        let newline =
            written.get(quote..).map_or(0, |rest| usize::from(quote == 3 && rest.starts_with('\n')));
        span.start + quote + newline..span.end.saturating_sub(quote)
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands at `range` (octets); empty where the range is not one of this text's.
    pub fn at(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// A complaint about the text at `range`.
    pub fn mistake(&self, range: Range<usize>, problem: impl Into<String>) -> Mistake {
        let start = range.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        Mistake(Box::new(Diagnostic {
            file: self.name.to_string(),
            line: before.matches('\n').count() + 1,
            column: self.text.get(line_start..start).unwrap_or_default().chars().count() + 1,
            width: self.at(range).lines().next().unwrap_or_default().trim_end().chars().count().max(1),
            source: line.to_owned(),
            problem: problem.into(),
            expected: String::new(),
            nearest: None,
        }))
    }
}

/// One complaint, complete: it reads without the file at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake(Box<Diagnostic>);

impl std::ops::Deref for Mistake {
    type Target = Diagnostic;

    fn deref(&self) -> &Diagnostic {
        &self.0
    }
}

impl Mistake {
    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, what: impl Into<String>) -> Self {
        self.0.expected = what.into();
        self
    }

    /// Adds the valid name that was probably meant.
    #[must_use]
    pub fn nearest(mut self, name: Option<&str>) -> Self {
        self.0.nearest = name.map(str::to_owned);
        self
    }

    /// Adds the valid names: lists them as expected, and suggests the nearest to `found`.
    #[must_use]
    pub fn one_of(mut self, found: &str, names: &[&str]) -> Self {
        self.0.nearest = nearest(found, names).map(str::to_owned);
        match names {
            [name] => self.expected(*name),
            names => self.expected(format!("one of {}", names.join(", "))),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Mistake {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_shows_its_line_and_points_at_the_text() {
        let source = Source::new("silent.toml", "title = 1\n  acept\n");
        let mistake = source.mistake(12..17, "unknown step `acept`").one_of("acept", &["accept", "connect"]);
        assert_eq!(
            mistake.to_string(),
            "silent.toml:2:3: unknown step `acept`\n    acept\n    ^^^^^\nexpected one of accept, connect; did you mean `accept`?"
        );
    }

    #[test]
    fn a_name_that_is_near_nothing_gets_no_suggestion() {
        assert_eq!(nearest("xyzzy", &["accept", "connect"]), None);
        assert_eq!(nearest("pol", &["async", "poll"]), Some("poll"));
    }
}
