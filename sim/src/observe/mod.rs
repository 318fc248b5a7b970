//! What is seen from outside a speaker, and what its tasks wait for.

pub mod course;
pub mod coverage;
pub mod life;
pub(crate) mod recording;
mod seen;
pub mod tasks;
pub mod twin;
pub mod watch;
pub mod witness;

/// What a speaker calls whoever commands it over its named pipes: `holdtime cli`, or another command-line client.
pub const COMMAND_LINE: &str = "api-internal-cli";

pub use seen::{ProgramKey, Seen, SeenSink, SessionEnd, SessionKey, Turn, TurnCause};
