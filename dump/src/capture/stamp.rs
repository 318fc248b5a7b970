//! With which packet something was found.

use crate::place::Position;

/// The packet that something was found with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub(super) place: Position,
    /// In nanoseconds since the Unix epoch.
    pub(super) time: Option<i64>,
}
