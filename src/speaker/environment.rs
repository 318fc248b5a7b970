//! What a speaker is given once and never changes: who it is, its settings and its finite state machine.

use alloc::string::String;

use crate::config::Settings;
use crate::session::Fsm;

/// Who this process is, for the JSON API; handed over because the core cannot look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The host's name, as `host` in JSON.
    pub host: String,
    /// The process id, as `pid` in JSON.
    pub pid: u32,
    /// The parent's process id, as `ppid` in JSON.
    pub ppid: u32,
    /// The version that the API announces, such as `5.0.15`.
    pub version: String,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) identity: Identity,
    pub(super) settings: Settings,
    pub(super) fsm: Fsm,
}
