//! What lies behind a stream: one socket, or two pipes.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use socket2::Socket;

use holdtime_host::{CloseKind, IoError};

use super::{Pipes, from_errno, socket};

/// An open stream. Dropping it closes it.
#[derive(Debug)]
pub(crate) enum DescriptorStream {
    Socket(Socket),
    Pipes {
        read: OwnedFd,
        /// `None` after `shutdown`.
        write: Option<OwnedFd>,
    },
}

/// What a descriptor of a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Both,
    Read,
    Write,
}

impl DescriptorStream {
    /// The descriptors to watch.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = (Side, RawFd)> {
        let (first, second) = match self {
            Self::Socket(socket) => ((Side::Both, socket.as_raw_fd()), None),
            Self::Pipes { read, write } => {
                ((Side::Read, read.as_raw_fd()), write.as_ref().map(|write| (Side::Write, write.as_raw_fd())))
            }
        };
        std::iter::once(first).chain(second)
    }

    /// Reads; calls `blocked` where that would block.
    pub(crate) fn read(&self, into: &mut [u8], blocked: impl FnOnce()) -> Result<usize, IoError> {
        match self {
            Self::Socket(socket) => read(socket, into, blocked),
            Self::Pipes { read: pipe, .. } => read(pipe, into, blocked),
        }
    }

    /// Writes; calls `blocked` where that would block.
    pub(crate) fn write(&self, bytes: &[u8], blocked: impl FnOnce()) -> Result<usize, IoError> {
        match self {
            Self::Socket(socket) => write(socket, bytes, blocked),
            Self::Pipes { write: Some(pipe), .. } => write(pipe, bytes, blocked),
            Self::Pipes { write: None, .. } => Err(IoError::BrokenPipe),
        }
    }

    pub(crate) fn socket(&self) -> Option<&Socket> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::Pipes { .. } => None,
        }
    }

    /// Ends our direction. For a pipe this closes the descriptor, which must not be watched any more.
    pub(crate) fn shutdown(&mut self) {
        match self {
            Self::Socket(socket) => socket::shutdown(socket),
            Self::Pipes { write, .. } => *write = None,
        }
    }

    /// Begins to end the stream; the socket that must linger, where it has to.
    pub(crate) fn close(self, how: CloseKind) -> Option<Socket> {
        match self {
            Self::Socket(socket) => socket::close(&socket, how).then_some(socket),
            Self::Pipes { .. } => None,
        }
    }
}

impl From<Pipes> for DescriptorStream {
    fn from(pipes: Pipes) -> Self {
        Self::Pipes { read: pipes.read, write: Some(pipes.write) }
    }
}

/// Reads from a descriptor; calls `blocked` where that would block.
pub(crate) fn read(fd: impl AsFd, into: &mut [u8], blocked: impl FnOnce()) -> Result<usize, IoError> {
    retry(|| rustix::io::read(&fd, &mut *into), blocked)
}

/// Writes to a descriptor; calls `blocked` where that would block.
pub(crate) fn write(fd: impl AsFd, bytes: &[u8], blocked: impl FnOnce()) -> Result<usize, IoError> {
    // SIGPIPE is ignored in every Rust program, so a broken pipe is an error and nothing worse.
    retry(|| rustix::io::write(&fd, bytes), blocked)
}

fn retry(mut call: impl FnMut() -> Result<usize, Errno>, blocked: impl FnOnce()) -> Result<usize, IoError> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                blocked();
                return Err(IoError::WouldBlock);
            }
            result => return result.map_err(from_errno),
        }
    }
}
