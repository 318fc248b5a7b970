//! With which packet something was found.

use crate::place::Place;

/// The packet that something was found with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    pub(super) place: Place,
    /// In nanoseconds since the Unix epoch.
    pub(super) time: Option<i64>,
}
