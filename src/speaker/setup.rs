//! All that a speaker is made from.

use alloc::string::String;
use alloc::vec::Vec;

use holdtime_host::PipePaths;

use super::environment::Identity;
use crate::config::{Config, Settings};
use crate::session::Fsm;

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Who runs it.
    pub identity: Identity,
    /// The environment's settings.
    pub settings: Settings,
    /// The configuration files named on the command line; each reload takes the next one.
    pub files: Vec<String>,
    /// What stands in the first of them.
    pub config: Config,
    /// For jitter, and nothing else (RFC 4271 §10).
    pub seed: u64,
    /// The pipes of the command-line client, where there are any.
    pub pipes: Option<PipePaths>,
    /// The finite state machine's table: the one that ships, but in a defective build.
    pub fsm: Fsm,
}
