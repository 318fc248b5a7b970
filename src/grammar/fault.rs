//! What is wrong, and where, as the parser raises it.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use super::words::nearest;

/// A stretch of the text, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The parser's results. A fault is boxed because it is rare and results are many.
pub(crate) type Result<T, E = Box<SyntaxError>> = core::result::Result<T, E>;

/// Something wrong at a place of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) span: Span,
    /// The problem, as a clause; the offending text is quoted by its place.
    pub(crate) problem: String,
    /// What should stand there.
    pub(crate) expected: String,
    /// The nearest valid word.
    pub(crate) nearest: Option<String>,
}

impl SyntaxError {
    pub(crate) fn new(span: Span, problem: impl Into<String>) -> Box<Self> {
        Box::new(Self { span, problem: problem.into(), expected: String::new(), nearest: None })
    }

    pub(crate) fn expected(mut self: Box<Self>, expected: impl Into<String>) -> Box<Self> {
        self.expected = expected.into();
        self
    }

    /// One of these words was expected, and `found` stands there.
    pub(crate) fn one_of(mut self: Box<Self>, found: &str, words: &[&str]) -> Box<Self> {
        self.expected = match words {
            [] => return self,
            [word] => word.to_string(),
            words => alloc::format!("one of {}", words.join(", ")),
        };
        self.nearest = nearest(found, words).map(ToString::to_string);
        self
    }
}
