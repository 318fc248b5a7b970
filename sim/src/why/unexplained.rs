//! Why nothing is explained.

use std::fmt;

/// Why nothing is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unexplained {
    /// It passes, or it is not to be played; the text says so.
    Wrong(String),
    /// It was told to stop, or all runs were used up, before the point of no return was found.
    Stopped,
}

impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(why) => f.write_str(why),
            Self::Stopped => f.write_str("the point of no return was not found within the runs"),
        }
    }
}

impl std::error::Error for Unexplained {}
