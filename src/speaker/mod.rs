//! The speaker: the core's contract with the reactor that runs it. See the crate's documentation for the loop.

mod action;
mod event;
mod input;
mod obligation;
mod programs;

pub use crate::config::ConfigText;
pub use action::{Action, CloseKind, ListenOptions, PipePaths, ProgramSignal, ProgramSpec, TcpOptions};
pub use event::{Event, Severity};
pub use input::{ClosedKind, ExitStatus, Input, IoError, ListenerId, Signal, StreamId};
pub use obligation::{Obligation, Party};

use alloc::string::String;

use crate::time::{Instant, Now};

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

/// A BGP speaker: sessions, RIBs and API behind one door.
#[derive(Debug)]
pub struct Speaker {
    _identity: Identity,
}

impl Speaker {
    /// Feeds one input. Never fails: a peer's garbage becomes a NOTIFICATION and an [`Event`].
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) {
        let _ = (now, input);
    }

    /// The next thing to carry out, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        None
    }

    /// A stream that has bytes to send and has not been reported since its last [`Input`]; each is returned once a drain.
    pub fn poll_stream(&mut self) -> Option<StreamId> {
        None
    }

    /// The bytes to send next on `stream`: whole messages, as many as are ready. Looking changes nothing;
    /// [`Input::Sent`] consumes.
    pub fn poll_transmit(&mut self, stream: StreamId) -> Option<&[u8]> {
        let _ = stream;
        None
    }

    /// The next deadline of any kind.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next event for the log.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// What is owed, to whom, since when, until when, and by which clause.
    pub fn obligations(&self) -> impl Iterator<Item = Obligation> {
        core::iter::empty()
    }
}
