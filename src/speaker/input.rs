//! What enters the core.

use alloc::string::String;
use core::fmt;
use core::net::SocketAddr;

use crate::config::ConfigText;

/// A TCP connection or an API program's pair of pipes; never used again once closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl StreamId {
    /// The `n`th stream that the core opened: a connection dialled or a program started.
    pub const fn opened(n: u64) -> Self {
        Self(n << 1)
    }

    /// The `n`th stream that the host accepted.
    pub const fn accepted(n: u64) -> Self {
        Self(n << 1 | 1)
    }

    /// The number behind the id, for recordings and poll tokens.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The id with the number `raw`; the reverse of [`StreamId::as_u64`].
    pub const fn from_u64(raw: u64) -> Self {
        Self(raw)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {}", self.0)
    }
}

/// A listening socket, numbered by the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub u32);

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

/// What went wrong outside, in POSIX's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IoError {
    /// `EAGAIN`: nothing now; wait for readiness. Never handed to the core.
    WouldBlock,
    /// `ECONNREFUSED`
    ConnectionRefused,
    /// `ECONNRESET`
    ConnectionReset,
    /// `ECONNABORTED`
    ConnectionAborted,
    /// `ENOTCONN`
    NotConnected,
    /// `EPIPE`
    BrokenPipe,
    /// `ETIMEDOUT`
    TimedOut,
    /// `EHOSTUNREACH`, `ENETUNREACH`
    Unreachable,
    /// `EADDRINUSE`
    AddressInUse,
    /// `EADDRNOTAVAIL`
    AddressNotAvailable,
    /// `EACCES`, `EPERM`
    PermissionDenied,
    /// `ENOENT`
    NotFound,
    /// `EMFILE`, `ENFILE`
    TooManyFiles,
    /// `EINVAL`, or an option that this host does not have
    Unsupported,
    /// TCP-AO (RFC 5925) is asked for, and the kernel has it not, or does not take a key.
    TcpAo,
    /// Any other `errno`.
    Other(i32),
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldBlock => "operation would block",
            Self::ConnectionRefused => "connection refused",
            Self::ConnectionReset => "connection reset by peer",
            Self::ConnectionAborted => "connection aborted",
            Self::NotConnected => "not connected",
            Self::BrokenPipe => "broken pipe",
            Self::TimedOut => "connection timed out",
            Self::Unreachable => "host unreachable",
            Self::AddressInUse => "address already in use",
            Self::AddressNotAvailable => "address not available on this host",
            Self::PermissionDenied => "permission denied",
            Self::NotFound => "no such file or program",
            Self::TooManyFiles => "too many open files",
            Self::Unsupported => "not supported by this host",
            Self::TcpAo => "this kernel has no TCP-AO (RFC 5925), or does not take a key of it",
            Self::Other(errno) => return write!(f, "errno {errno}"),
        })
    }
}

impl core::error::Error for IoError {}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// The signals that a speaker answers, as ExaBGP does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// SIGTERM: shut down.
    Terminate,
    /// SIGINT (Ctrl-C): shut down.
    Interrupt,
    /// SIGHUP: shut down.
    Hangup,
    /// SIGALRM: restart (close every session, start the programs again).
    Alarm,
    /// SIGUSR1: reload the configuration.
    User1,
    /// SIGUSR2: reload the configuration and restart the programs.
    User2,
}
