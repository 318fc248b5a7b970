//! From `errno` to the core's terms.

use std::io;

use rustix::io::Errno;

use holdtime_host::IoError;

use super::socket::NoTcpAo;

/// What an operating system's error means to the core.
pub(crate) fn io_error(error: &io::Error) -> IoError {
    if error.get_ref().is_some_and(|inner| inner.is::<NoTcpAo>()) {
        return IoError::TcpAo;
    }
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(errno) => from_errno(errno),
        None => match error.kind() {
            io::ErrorKind::NotFound => IoError::NotFound,
            io::ErrorKind::PermissionDenied => IoError::PermissionDenied,
            io::ErrorKind::WouldBlock => IoError::WouldBlock,
            io::ErrorKind::BrokenPipe => IoError::BrokenPipe,
            io::ErrorKind::ConnectionAborted => IoError::ConnectionAborted,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
                IoError::Unsupported
            }
            _ => IoError::Other(0),
        },
    }
}

/// What an `errno` means to the core.
pub(crate) fn from_errno(errno: Errno) -> IoError {
    match errno {
        Errno::AGAIN => IoError::WouldBlock,
        Errno::CONNREFUSED => IoError::ConnectionRefused,
        Errno::CONNRESET => IoError::ConnectionReset,
        Errno::CONNABORTED => IoError::ConnectionAborted,
        Errno::NOTCONN => IoError::NotConnected,
        Errno::PIPE => IoError::BrokenPipe,
        Errno::TIMEDOUT => IoError::TimedOut,
        Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::NETDOWN | Errno::HOSTDOWN => IoError::Unreachable,
        Errno::ADDRINUSE => IoError::AddressInUse,
        Errno::ADDRNOTAVAIL => IoError::AddressNotAvailable,
        Errno::ACCESS | Errno::PERM => IoError::PermissionDenied,
        Errno::NOENT | Errno::NOTDIR => IoError::NotFound,
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => IoError::TooManyFiles,
        Errno::INVAL | Errno::NOPROTOOPT | Errno::OPNOTSUPP | Errno::AFNOSUPPORT | Errno::NODEV => {
            IoError::Unsupported
        }
        other => IoError::Other(other.raw_os_error()),
    }
}
