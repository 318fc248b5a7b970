//! What can be seen from outside a speaker: whole messages on its sessions, whole lines on its pipes, and its wakeups.

/// A TCP connection of the speaker's, in the order in which they came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub u32);

/// An API program's process, in the order in which they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramKey(pub u32);

/// One thing that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A TCP connection is up.
    Opened(SessionKey),
    /// The speaker closed it, or was told that it is gone.
    Closed(SessionKey),
    /// The speaker handed a whole BGP message to the network.
    Sent(SessionKey, &'a [u8]),
    /// A peer handed a whole BGP message to the network, for the speaker.
    Received(SessionKey, &'a [u8]),
    /// The network takes no more from the speaker (`true`), or does again.
    Blocked(SessionKey, bool),
    /// A program was started, which may command all of the speaker's neighbors (`true`) or only some of them.
    Started(ProgramKey, bool),
    /// A program handed a line to its pipe, for the speaker.
    Command(ProgramKey, &'a str),
    /// The speaker handed a line to a program's pipe.
    Answer(ProgramKey, &'a str),
    /// The pipe takes no more from the speaker (`true`), or does again.
    PipeBlocked(ProgramKey, bool),
    /// A program is over.
    Ended(ProgramKey),
    /// A task of the speaker's ran, and something moved (`true`) or nothing did.
    Turn(bool),
}
