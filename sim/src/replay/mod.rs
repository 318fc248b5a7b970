//! What was recorded, again: a speaker's inputs, and the dialogues of its programs.

pub mod captured;
pub mod course;
pub mod flight;
pub mod log;
