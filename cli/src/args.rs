//! What arguments of several verbs have in common: seeds, ranges of seeds, shards, and how a mistake is reported.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use holdtime_sim::scenario::script::parse_duration;

use crate::console;
use crate::error::CliError;

/// A seed: decimal, or hexadecimal after `0x`.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    }
    .map_err(|_| "expected a whole number, decimal or hexadecimal after 0x".to_owned())
}

/// A span of time, as scenarios write it.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a time with its unit, such as 5ms".to_owned())
}

/// `A..B`: the seeds from A up to, but not including, B.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("expected two seeds, such as 0..1000")?;
    let range = seed(from)?..seed(to)?;
    if range.is_empty() { Err("the range is empty".to_owned()) } else { Ok(range) }
}

/// A word as a shell takes it, quoted where it must be.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// One of several processes that share a range of seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Which, from 1.
    pub(crate) index: u64,
    /// Of how many.
    pub(crate) count: u64,
}

/// `I/N`: the Ith of N shards.
pub(crate) fn shard(text: &str) -> Result<Shard, String> {
    let expected = || "expected a shard and their number, such as 1/4".to_owned();
    let (index, count) = text.split_once('/').ok_or_else(expected)?;
    let index = index.parse().map_err(|_| expected())?;
    let count = count.parse().map_err(|_| expected())?;
    if (1..=count).contains(&index) { Ok(Shard { index, count }) } else { Err(expected()) }
}

/// Prints what clap has to say: help and the version as they are, a mistake as one sentence.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return match error.print() {
            Err(error) => console::report(&CliError::from(error), false),
            Ok(()) if error.use_stderr() => ExitCode::from(2),
            Ok(()) => ExitCode::SUCCESS,
        };
    }
    console::say(&format!("holdtime: {}", sentence(error)));
    ExitCode::from(2)
}

/// The first paragraph of clap's message on one line, and the nearest valid name.
pub(crate) fn sentence(error: &clap::Error) -> String {
    let message = error.to_string();
    let paragraph: Vec<&str> = message.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let what = paragraph.strip_prefix("error: ").unwrap_or(&paragraph);
    let given = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg, ContextKind::InvalidValue]
        .into_iter()
        .find_map(|kind| error.get(kind))
        .map(ToString::to_string)
        .unwrap_or_default();
    let likeness = |name: &str| strsim::jaro_winkler(&given, name);
    let nearest = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .filter_map(|kind| error.get(kind))
        .find_map(|value| match value {
            ContextValue::String(name) => Some(name),
            // clap orders them its own way.
            ContextValue::Strings(names) => names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))),
            _ => None,
        });
    match nearest {
        Some(name) => format!("{what}; did you mean \"{name}\"?"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shard, quoted, seed, seeds, shard};

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("my/own.toml"), "my/own.toml");
        assert_eq!(quoted("my own.toml"), "'my own.toml'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }

    #[test]
    fn a_seed_is_decimal_or_hexadecimal() {
        assert_eq!(seed("42"), Ok(42));
        assert_eq!(seed("0xff"), Ok(255));
        assert!(seed("forty-two").is_err());
    }

    #[test]
    fn a_range_of_seeds_excludes_its_end_and_is_never_empty() {
        assert_eq!(seeds("1..4"), Ok(1..4));
        assert!(seeds("4..4").is_err());
        assert!(seeds("4").is_err());
    }

    #[test]
    fn a_shard_is_one_of_as_many_as_there_are() {
        assert_eq!(shard("2/2"), Ok(Shard { index: 2, count: 2 }));
        assert!(shard("0/2").is_err());
        assert!(shard("3/2").is_err());
    }
}
