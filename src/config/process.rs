//! An API program.

use alloc::string::String;
use alloc::vec::Vec;

use super::settings::Encoder;

/// A `process` section: a program that drives the speaker through its standard input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name, unique in the configuration.
    pub name: String,
    /// The program's path and its arguments. A relative path is the host's to resolve.
    pub run: Vec<String>,
    /// How it is spoken to.
    pub encoder: Encoder,
    /// Whether it is started again when it ends.
    pub respawn: bool,
}
