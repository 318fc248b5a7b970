//! The named pipes of the command-line client.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use holdtime_host::PipePaths;

use super::program::Pipes;

/// Opens both pipes, making those that do not exist.
pub(crate) fn open(paths: &PipePaths) -> io::Result<Pipes> {
    Ok(Pipes { read: open_one(Path::new(&paths.read))?, write: open_one(Path::new(&paths.write))? })
}

/// Opened for reading and writing although only one is done: so the pipe always has both ends, and a client
/// that comes and goes means neither an end nor a broken pipe.
fn open_one(path: &Path) -> io::Result<OwnedFd> {
    match rustix::fs::mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    if FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) != FileType::Fifo {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(fd)
}
