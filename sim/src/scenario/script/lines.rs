//! The words of a script's line, each with its place.

use std::ops::Range;

use holdtime_core::Duration;
use holdtime_core::speaker::Signal;

use crate::scenario::mistake::{Mistake, Source};

/// The words left on a line. Every word knows where it stands, so that every complaint points at it.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    source: &'a Source,
    rest: Range<usize>,
}

/// A word and its place.
#[derive(Clone, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) range: Range<usize>,
}

/// The lines of the script that stands at `range` of `source`, without blank lines and comments.
pub(crate) fn lines(source: &Source, range: Range<usize>) -> impl Iterator<Item = Words<'_>> {
    let mut start = range.start;
    source.at(range).split('\n').filter_map(move |line| {
        let rest = start..start + line.len();
        start += line.len() + 1;
        let words = Words { source, rest };
        let first = words.clone().next()?;
        (!first.text.starts_with('#')).then_some(words)
    })
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.source.at(self.rest.clone());
        let skipped = rest.len() - rest.trim_start().len();
        let length = rest.trim_start().find(char::is_whitespace).unwrap_or(rest.len() - skipped);
        let start = self.rest.start + skipped;
        if length == 0 {
            return None;
        }
        self.rest.start = start + length;
        let range = start..start + length;
        Some(Word { text: self.source.at(range.clone()), range })
    }
}

impl<'a> Words<'a> {
    /// The words at `range`, all on one line.
    pub(super) fn new(source: &'a Source, range: Range<usize>) -> Self {
        Self { source, rest: range }
    }

    /// The next word, or a complaint that `what` is missing at the end of the line.
    pub(crate) fn demand(&mut self, what: &str) -> Result<Word<'a>, Mistake> {
        self.next().ok_or_else(|| self.mistake_here("the line ends too early").expected(what))
    }

    /// The next word if it is `keyword`.
    pub(crate) fn skip_word(&mut self, keyword: &str) -> bool {
        let mut ahead = self.clone();
        let found = ahead.next().is_some_and(|word| word.text == keyword);
        if found {
            *self = ahead;
        }
        found
    }

    /// A duration, such as `200ms`.
    pub(crate) fn duration(&mut self) -> Result<Duration, Mistake> {
        let word = self.demand("a time such as `200ms`, `5s` or `2m`")?;
        parse_duration(word.text).ok_or_else(|| {
            self.mistake(&word, "not a time").expected("a number and ns, us, ms, s, m or h, such as `200ms`")
        })
    }

    /// The same, but not zero: what happens every `0s` never lets anything else happen.
    pub(crate) fn positive_duration(&mut self) -> Result<Duration, Mistake> {
        let word = self.clone().next();
        match (self.duration()?, word) {
            (Duration::ZERO, Some(word)) => Err(self
                .mistake(&word, "this is no time at all")
                .expected("a time above zero, such as `1ms`")),
            (time, _) => Ok(time),
        }
    }

    /// A value that `what` describes.
    pub(crate) fn value<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, Mistake> {
        let word = self.demand(what)?;
        word.text
            .parse()
            .map_err(|_| self.mistake(&word, format!("`{}` does not fit here", word.text)).expected(what))
    }

    /// A signal, by its name.
    pub(crate) fn signal(&mut self) -> Result<Signal, Mistake> {
        let names = Signal::ALL.map(Signal::name);
        let name = self.demand("a signal")?;
        let signal = Signal::ALL.into_iter().find(|signal| signal.name() == name.text);
        signal.ok_or_else(|| self.mistake(&name, "unknown signal").one_of(name.text, &names))
    }

    /// What is left of the line, verbatim but for the blanks around it.
    pub(crate) fn remainder(&mut self) -> &'a str {
        let rest = self.source.at(self.rest.clone()).trim();
        self.rest.start = self.rest.end;
        rest
    }

    /// Complains if anything is left.
    pub(crate) fn end(mut self) -> Result<(), Mistake> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(self
                .mistake(&word, format!("`{}` is one word too many", word.text))
                .expected("the end of the line")),
        }
    }

    pub(crate) fn mistake(&self, word: &Word<'_>, problem: impl Into<String>) -> Mistake {
        self.source.mistake(word.range.clone(), problem)
    }

    pub(crate) fn mistake_here(&self, problem: &str) -> Mistake {
        self.source.mistake(self.rest.clone(), problem)
    }
}

/// A time as scripts and scenarios write it: `1us`, `200ms`, `5s`, `2m`, `1h`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let nanos = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    number.checked_mul(nanos).map(Duration::from_nanos)
}

/// The shortest way to write a time so that [`parse_duration`] reads it back.
pub fn format_duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    [(3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")]
        .into_iter()
        .find(|(unit, _)| nanos > 0 && nanos.is_multiple_of(*unit))
        .map_or_else(|| format!("{nanos}ns"), |(unit, name)| format!("{}{name}", nanos / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        for text in ["1ns", "20us", "200ms", "5s", "90m", "3h"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("5"), None);
        assert_eq!(parse_duration("s"), None);
        assert_eq!(parse_duration("99999999999999h"), None);
    }

    #[test]
    fn words_know_their_place_and_comments_are_skipped() {
        let source = Source::new("x", "# no\n\n  send  open\n");
        let all: Vec<Vec<_>> = lines(&source, 0..source.text().len())
            .map(|line| line.map(|w| (w.text, w.range)).collect())
            .collect();
        assert_eq!(all, [[("send", 8..12), ("open", 14..18)]]);
    }
}
