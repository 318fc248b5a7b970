//! The process's own standard input and output, as a stream.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::program::{Pipes, set_nonblocking};

/// Takes both over. In their place the process has `/dev/null`, so that closing the stream really closes them.
pub(crate) fn take() -> io::Result<Pipes> {
    let read = non_blocking(&io::stdin(), "/dev/stdin", OFlags::RDONLY)?;
    let write = non_blocking(&io::stdout(), "/dev/stdout", OFlags::WRONLY)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    Ok(Pipes { read, write })
}

/// A descriptor of our own for `standard`. Whether it blocks is a property that all descriptors of one opened file share: a
/// terminal, which the shell goes on to use, is opened once more.
fn non_blocking(standard: &impl AsFd, path: &str, access: OFlags) -> io::Result<OwnedFd> {
    if rustix::termios::isatty(standard) {
        let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        return Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    }
    let own = rustix::io::fcntl_dupfd_cloexec(standard, 0)?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&own)?.st_mode);
    if matches!(kind, FileType::Fifo | FileType::Socket) {
        set_nonblocking(&own)?;
    }
    Ok(own)
}
