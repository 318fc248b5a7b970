//! Long answers, which are given a piece at a time so that nothing else waits for them.

use alloc::collections::VecDeque;
use alloc::string::String;

/// An answer that is under way.
#[derive(Clone, Debug)]
pub(in crate::speaker) enum Task {
    /// Lines that are known already, and then `done`.
    Lines(VecDeque<String>),
}
