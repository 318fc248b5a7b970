//! What can be seen from outside a speaker: whole messages on its sessions, whole lines on its pipes, and its wakeups.

use std::net::IpAddr;

use holdtime_core::Instant;
use holdtime_core::config::Config;

/// A TCP connection of the speaker's, in the order in which they came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub u32);

/// An API program's process, in the order in which they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramKey(pub u32);

/// One end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionEnd {
    /// The one under test.
    Speaker,
    /// The other one, or the network on its behalf.
    Peer,
}

/// A turn of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which task.
    pub task: u32,
    /// What it was woken by.
    pub cause: TurnCause,
    /// Whether something moved: octets, connections, processes.
    pub moved: bool,
}

/// What a task was woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnCause {
    /// It is its first turn.
    Start,
    /// Readiness, or another task.
    Readiness,
    /// A deadline.
    Deadline,
    /// Itself, to let others run in between.
    Itself,
}

/// One thing that can be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen<'a> {
    /// From now on the speaker is to do what this configuration says.
    Configured(&'a Config),
    /// The speaker's process was stopped (`false`), or goes on (`true`).
    Running(bool),
    /// The speaker's process is over.
    Over,
    /// The speaker began to dial this address.
    Dialled(IpAddr),
    /// A TCP connection with this address is up, and who dialled.
    Opened(SessionKey, IpAddr, SessionEnd),
    /// It is closed, and by whom.
    Closed(SessionKey, SessionEnd),
    /// The speaker handed a whole BGP message to the network.
    Sent(SessionKey, &'a [u8]),
    /// The speaker has read a whole BGP message of the peer's.
    Received(SessionKey, &'a [u8]),
    /// The network takes no more from the speaker (`true`), or does again.
    Blocked(SessionKey, bool),
    /// A program was started: its name in the configuration.
    Started(ProgramKey, &'a str),
    /// A program handed a line to its pipe, for the speaker.
    Command(ProgramKey, &'a str),
    /// The speaker took so many octets from the program's pipe.
    Took(ProgramKey, usize),
    /// The speaker handed a line to a program's pipe.
    Answer(ProgramKey, &'a str),
    /// The pipe takes no more from the speaker (`true`), or does again.
    PipeBlocked(ProgramKey, bool),
    /// Nobody reads any more what the speaker writes to the program.
    Deaf(ProgramKey),
    /// A program is over.
    Ended(ProgramKey),
    /// A task of the speaker's ran.
    Turn(Turn),
}

/// What is shown all that can be seen, in the order in which it happens.
pub trait SeenSink {
    /// This was seen then.
    fn see(&mut self, at: Instant, seen: &Seen<'_>);
}
