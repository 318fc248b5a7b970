//! What the core asks of its host.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::input::{ListenerId, StreamId};
use crate::config::{AoKey, PeerRange};

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

/// How to end a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseKind {
    /// What the kernel already holds is still delivered (FIN).
    Graceful,
    /// At once; what is unsent is lost (RST).
    Reset,
}

/// Options of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// `IP_TTL` of what is sent.
    pub ttl: Option<u8>,
    /// `IP_MINTTL`, the least TTL of what is accepted (RFC 5082).
    pub min_ttl: Option<u8>,
    /// The key of `TCP_MD5SIG` (RFC 2385).
    pub md5: Option<Vec<u8>>,
    /// The keys of `TCP_AO_ADD_KEY` (RFC 5925); with the first one is signed. A host without that option refuses the connection
    /// with [`IoError::TcpAo`](super::IoError::TcpAo): it never makes one that is not signed.
    pub ao: Vec<AoKey>,
    /// `SO_BINDTODEVICE`.
    pub interface: Option<String>,
}

/// A roll-over of TCP-AO keys (RFC 5925 §6.1), in the order in which it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Keys that are new.
    pub add: Vec<AoKey>,
    /// The key to sign with (Current_key) and to ask for (RNext_key) from now on.
    pub first: Option<AoKey>,
    /// Keys that go.
    pub remove: Vec<AoKey>,
}

/// Options of a listening socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenOptions {
    /// Keys of `TCP_MD5SIG`, by the peers they are for.
    pub md5: Vec<(PeerRange, Vec<u8>)>,
    /// Keys of `TCP_AO_ADD_KEY`, by the peers they are for. A host that cannot set one refuses the listener with
    /// [`IoError::TcpAo`](super::IoError::TcpAo).
    pub ao: Vec<(PeerRange, AoKey)>,
    /// `IP_TTL` of what is sent before the peer is known: the greatest that any neighbor asks for.
    pub ttl: Option<u8>,
    /// `IP_MINTTL`, where every neighbor asks for one: the least of them.
    pub min_ttl: Option<u8>,
}

/// A program and what it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramSpec {
    /// The name it has in the configuration.
    pub name: String,
    /// The program's path and its arguments. A relative path is resolved against the configuration's folder by the host.
    pub command: Vec<String>,
    /// Variables set beside those inherited.
    pub environment: Vec<(String, String)>,
}

/// A signal for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramSignal {
    /// SIGTERM
    Terminate,
    /// SIGKILL
    Kill,
}

/// A pair of named pipes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipePaths {
    /// The pipe that the speaker reads.
    pub read: String,
    /// The pipe that the speaker writes.
    pub write: String,
}
