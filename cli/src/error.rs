//! How a verb ends: as expected, not as expected, or without an answer because of what it was given.

pub(crate) use holdtime_core::grammar::nearest;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// What every verb returns.
pub(crate) type VerbResult = Result<VerbStatus, CliError>;

/// The answer of a verb that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerbStatus {
    /// Everything was as expected; a defective reactor that hangs as its scenario says is as expected. Status 0.
    AsExpected,
    /// A hang, a broken oracle or a failed case that was not expected. Status 1.
    Unexpected,
}

impl From<VerbStatus> for ExitCode {
    fn from(verdict: VerbStatus) -> Self {
        match verdict {
            VerbStatus::AsExpected => Self::SUCCESS,
            VerbStatus::Unexpected => Self::from(1),
        }
    }
}

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) enum CliError {
    /// Bad usage or bad input, said in one sentence without a final full stop. Status 2.
    Input(String),
    /// Ctrl-C came; what was done until then, in one sentence without a final full stop. Status 130.
    Interrupted(String),
    /// Whoever read the standard output has gone (`holdtime list | head -1`), which is not an error. Status 0.
    ReaderGone,
}

impl CliError {
    /// Bad usage or bad input, said in one sentence without a final full stop.
    pub(crate) fn input(sentence: impl Into<String>) -> Self {
        Self::Input(sentence.into())
    }

    /// What could not be done, such as `cannot read "a.conf"`, and why.
    pub(crate) fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::Input(format!("{what}: {error}"))
    }

    /// `name` is not among `valid`, which are things of the kind `what`.
    pub(crate) fn unknown(what: &str, name: &str, valid: &[impl AsRef<str>]) -> Self {
        let valid: Vec<&str> = valid.iter().map(AsRef::as_ref).collect();
        Self::Input(match nearest(name, &valid) {
            Some(near) => format!("there is no {what} \"{name}\"; did you mean \"{near}\"?"),
            None => format!("there is no {what} \"{name}\"; try one of {}", valid.join(", ")),
        })
    }
}

impl From<io::Error> for CliError {
    /// An error of writing to the standard output.
    fn from(error: io::Error) -> Self {
        Self::io("cannot write to the standard output", &error)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(sentence) => f.write_str(sentence),
            Self::Interrupted(done) => write!(f, "interrupted: {done}"),
            Self::ReaderGone => f.write_str("the reader of the standard output has gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CliError, nearest};

    #[test]
    fn a_slip_of_the_pen_is_answered_with_the_nearest_name() {
        assert_eq!(nearest("pol", &["async", "poll", "await-peers"]), Some("poll"));
        assert_eq!(nearest("awaitpeers", &["async", "poll", "await-peers"]), Some("await-peers"));
    }

    #[test]
    fn a_name_like_none_is_answered_with_all_of_them() {
        let error = CliError::unknown("reactor", "qqq", &["poll", "async"]).to_string();
        assert_eq!(error, "there is no reactor \"qqq\"; try one of poll, async");
    }

    #[test]
    fn a_reader_that_went_away_is_not_an_input_error() {
        let error = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(matches!(CliError::from(error), CliError::ReaderGone));
    }
}
