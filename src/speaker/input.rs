//! What enters the core.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use holdtime_host::{ConfigText, ExitStatus, IoError, ListenerId, Signal, StreamId};

/// One thing that happened outside the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The deadline of [`Speaker::poll_timeout`](super::Speaker::poll_timeout) has come. Harmless when early. The first one
    /// starts the speaker.
    Timeout,
    /// A listening socket is open, on this address.
    Listening {
        /// Which.
        listener: ListenerId,
        /// Where, with the port that was really bound.
        local: SocketAddr,
    },
    /// A listening socket could not be opened, or broke and is closed.
    ListenFailed {
        /// Which.
        listener: ListenerId,
        /// Why.
        error: IoError,
    },
    /// A connection waits at a listening socket and could not be taken: it is gone, or (`TooManyFiles`) has to wait. The
    /// socket goes on listening.
    AcceptFailed {
        /// Which.
        listener: ListenerId,
        /// Why.
        error: IoError,
    },
    /// A connection that the core dialled is up.
    Connected {
        /// Which.
        stream: StreamId,
        /// Our end.
        local: SocketAddr,
        /// The peer's end.
        remote: SocketAddr,
    },
    /// A connection that the core dialled did not come up.
    ConnectFailed {
        /// Which.
        stream: StreamId,
        /// Why.
        error: IoError,
    },
    /// A listener took a connection; the host numbers it with [`StreamId::accepted`].
    Accepted {
        /// The new stream.
        stream: StreamId,
        /// The listener that took it.
        listener: ListenerId,
        /// Our end.
        local: SocketAddr,
        /// The peer's end.
        remote: SocketAddr,
    },
    /// Bytes were read.
    Received {
        /// From where.
        stream: StreamId,
        /// What, never empty.
        data: &'a [u8],
    },
    /// The stream can take more: the core packs UPDATEs and answers for it, up to about `budget` octets.
    Writable {
        /// Which.
        stream: StreamId,
        /// How many octets are worth preparing now.
        budget: usize,
    },
    /// The first `count` octets of what [`Speaker::poll_transmit`](super::Speaker::poll_transmit) showed were written.
    Sent {
        /// Where.
        stream: StreamId,
        /// How many octets.
        count: usize,
    },
    /// A direction of the stream, or all of it, has ended.
    Closed {
        /// Which.
        stream: StreamId,
        /// How.
        how: ClosedKind,
    },
    /// A program runs; its pipes are the stream that [`Action::StartProgram`](super::Action::StartProgram) named.
    ProgramStarted {
        /// Its pipes.
        stream: StreamId,
        /// Its process id.
        pid: u32,
    },
    /// A program could not be started.
    ProgramFailed {
        /// The pipes it would have had.
        stream: StreamId,
        /// Why.
        error: IoError,
    },
    /// A program ended. Its pipes may still hold bytes; they end with [`Input::Closed`].
    ProgramExited {
        /// Its pipes.
        stream: StreamId,
        /// How it ended.
        status: ExitStatus,
    },
    /// The process was signalled.
    Signal(Signal),
    /// A configuration that [`Action::LoadConfig`](super::Action::LoadConfig) asked for was read, or could not be.
    Reload(Result<ConfigText, (String, IoError)>),
}

/// How a stream, or one direction of it, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClosedKind {
    /// The other side will send no more (FIN, or a program closed its standard output).
    ReadEnd,
    /// The other side will read no more (EPIPE: a program closed its standard input).
    WriteEnd,
    /// The whole stream is gone (RST, a timeout of the kernel's, any other error).
    Broken(IoError),
}

/// An [`Input`] that owns its octets: what a recording keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedInput(Owned);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Received { stream: StreamId, data: Vec<u8> },
    Other(Input<'static>),
}

impl OwnedInput {
    /// The input, which borrows its octets from here.
    pub fn borrow(&self) -> Input<'_> {
        match &self.0 {
            Owned::Received { stream, data } => Input::Received { stream: *stream, data },
            Owned::Other(input) => input.clone(),
        }
    }

    /// These octets from a stream.
    pub const fn received(stream: StreamId, data: Vec<u8>) -> Self {
        Self(Owned::Received { stream, data })
    }
}

impl From<Input<'_>> for OwnedInput {
    fn from(input: Input<'_>) -> Self {
        Self(match input {
            Input::Received { stream, data } => Owned::Received { stream, data: data.to_vec() },
            Input::Timeout => Owned::Other(Input::Timeout),
            Input::Listening { listener, local } => Owned::Other(Input::Listening { listener, local }),
            Input::ListenFailed { listener, error } => Owned::Other(Input::ListenFailed { listener, error }),
            Input::AcceptFailed { listener, error } => Owned::Other(Input::AcceptFailed { listener, error }),
            Input::Connected { stream, local, remote } => {
                Owned::Other(Input::Connected { stream, local, remote })
            }
            Input::ConnectFailed { stream, error } => Owned::Other(Input::ConnectFailed { stream, error }),
            Input::Accepted { stream, listener, local, remote } => {
                Owned::Other(Input::Accepted { stream, listener, local, remote })
            }
            Input::Writable { stream, budget } => Owned::Other(Input::Writable { stream, budget }),
            Input::Sent { stream, count } => Owned::Other(Input::Sent { stream, count }),
            Input::Closed { stream, how } => Owned::Other(Input::Closed { stream, how }),
            Input::ProgramStarted { stream, pid } => Owned::Other(Input::ProgramStarted { stream, pid }),
            Input::ProgramFailed { stream, error } => Owned::Other(Input::ProgramFailed { stream, error }),
            Input::ProgramExited { stream, status } => Owned::Other(Input::ProgramExited { stream, status }),
            Input::Signal(signal) => Owned::Other(Input::Signal(signal)),
            Input::Reload(text) => Owned::Other(Input::Reload(text)),
        })
    }
}
