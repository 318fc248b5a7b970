//! Files that a host reads whole.

use alloc::string::String;

/// A configuration file's text and the name to call it by in errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigText {
    /// The file's name, as the user gave it.
    pub name: String,
    /// Its contents.
    pub text: String,
}
