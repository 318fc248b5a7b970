//! What was recorded, again: a speaker's inputs, the dialogues of its programs, and all of it as a scenario.

pub mod captured;
pub mod course;
mod lines;
pub mod log;
pub mod recorded;
pub mod restage;
#[cfg(test)]
mod testing;
