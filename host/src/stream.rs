//! Streams and listening sockets: their names, and how they end.

use core::fmt;
use core::net::SocketAddr;

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

/// How to end a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseKind {
    /// What the kernel already holds is still delivered (FIN).
    Graceful,
    /// At once; what is unsent is lost (RST).
    Reset,
}

/// The two ends of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ends {
    /// Ours: `getsockname`.
    pub local: SocketAddr,
    /// The peer's: `getpeername`.
    pub remote: SocketAddr,
}
