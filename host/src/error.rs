//! What a call on a machine can fail with, in POSIX's terms.

use core::fmt;

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

impl IoError {
    /// What it is called; `None`: only its number is known.
    pub const fn words(&self) -> Option<&'static str> {
        Some(match self {
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
            Self::Other(_) => return None,
        })
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(errno) => write!(f, "errno {errno}"),
            known => f.write_str(known.words().unwrap_or_default()),
        }
    }
}

impl core::error::Error for IoError {}
