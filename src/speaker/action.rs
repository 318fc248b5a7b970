//! What the core asks of its host.

use alloc::string::String;
use core::net::{IpAddr, SocketAddr};

use holdtime_host::{
    CloseKind, KeyChange, ListenOptions, ListenerId, PipePaths, ProgramSignal, ProgramSpec, StreamId,
    TcpOptions,
};

/// One thing to carry out. Every action is non-blocking; its outcome comes back as an [`Input`](super::Input).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a listening socket; answered by `Listening` or `ListenFailed`.
    Listen {
        /// Its number.
        listener: ListenerId,
        /// Where; port 0 lets the host choose.
        address: SocketAddr,
        /// Options, set before listening.
        options: ListenOptions,
    },
    /// Close a listening socket.
    Unlisten {
        /// Which.
        listener: ListenerId,
    },
    /// Dial; answered by `Connected` or `ConnectFailed`.
    Connect {
        /// The number of the new stream.
        stream: StreamId,
        /// The address to bind before dialling.
        local: Option<IpAddr>,
        /// Whom to dial.
        remote: SocketAddr,
        /// Options, set before dialling.
        options: TcpOptions,
    },
    /// Set the TTLs of a connection that was accepted (those of a dial are among its options). Not answered.
    SetTtl {
        /// Which.
        stream: StreamId,
        /// `IP_TTL` of what is sent; `None`: the system's.
        ttl: Option<u8>,
        /// `IP_MINTTL`, the least TTL of what is accepted (RFC 5082); `None`: any.
        min_ttl: Option<u8>,
    },
    /// End a stream. Not answered: nothing more is said of it.
    Close {
        /// Which.
        stream: StreamId,
        /// How.
        how: CloseKind,
    },
    /// Start a program whose standard input and output are this stream; answered by `ProgramStarted` or `ProgramFailed`.
    StartProgram {
        /// The number of the new stream.
        stream: StreamId,
        /// What to start.
        spec: ProgramSpec,
    },
    /// Change the TCP-AO keys of a connection that is signed. Where that fails the connection is closed, and reported as `Closed`.
    SetKeys {
        /// Which.
        stream: StreamId,
        /// How.
        change: KeyChange,
    },
    /// Signal the program behind this stream; answered by `ProgramExited` once it ends.
    StopProgram {
        /// Its pipes.
        stream: StreamId,
        /// With what.
        signal: ProgramSignal,
    },
    /// Open a pair of named pipes for a command-line client; answered as a program is.
    OpenPipes {
        /// The number of the new stream.
        stream: StreamId,
        /// The pipes.
        paths: PipePaths,
    },
    /// From now on report readability or writability, or stop to. A stream starts with neither.
    Interest {
        /// Which.
        stream: StreamId,
        /// Whether its bytes are wanted. A reactor must not read while they are not: this is the backpressure.
        read: bool,
        /// Whether `Writable` is wanted.
        write: bool,
    },
    /// Read this configuration file; answered by `Reload`.
    LoadConfig {
        /// Its name, as the user gave it.
        name: String,
    },
    /// The speaker has finished: every stream is closed, every program has ended.
    Exit {
        /// The process's exit status.
        code: u8,
    },
}
