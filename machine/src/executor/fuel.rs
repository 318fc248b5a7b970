//! How a turn ends that makes too many calls.

/// Unwinds a task whose turn has used up its fuel.
#[derive(Debug)]
pub(crate) struct OutOfFuel;
