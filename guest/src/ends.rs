//! The pipes that stand for a guest's standard streams. Nothing ever goes through them: they are what the guest holds, so that
//! the kernel knows who has closed what.

use std::fs;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsRawFd, RawFd};
use std::os::linux::fs::MetadataExt;

use crate::tracee::Tracee;

/// A device and an inode: what a descriptor is open on.
type Place = (u64, u64);

/// Our ends of a guest's standard streams.
#[derive(Debug)]
pub(crate) struct StandardStreams {
    input: PipeWriter,
    output: PipeReader,
    /// Kept open: a guest that writes to its standard error is not to find it broken.
    _log: PipeReader,
    places: [Place; 3],
    input_closed: bool,
    output_closed: bool,
}

/// What a descriptor of a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuestEnd {
    /// The lab's standard input.
    Input,
    /// The lab's standard output.
    Output,
    /// The lab's standard error.
    Log,
    /// A pipe between processes of the guest.
    OwnPipe,
    /// A file, a folder or a device that never waits.
    File,
    /// Nothing is open there.
    Closed,
    /// Something else.
    Other,
}

/// What a guest has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    Input,
    Output,
}

impl StandardStreams {
    pub(crate) fn new(input: PipeWriter, output: PipeReader, log: PipeReader) -> io::Result<Self> {
        let places = [place(input.as_raw_fd())?, place(output.as_raw_fd())?, place(log.as_raw_fd())?];
        Ok(Self { input, output, _log: log, places, input_closed: false, output_closed: false })
    }

    /// What this descriptor of a guest's process is.
    pub(crate) fn of(&self, tracee: &Tracee, fd: RawFd) -> GuestEnd {
        let Ok(metadata) = fs::metadata(format!("/proc/{}/fd/{fd}", tracee.pid)) else {
            return GuestEnd::Closed;
        };
        let place = (metadata.st_dev(), metadata.st_ino());
        match self.places.iter().position(|known| *known == place) {
            Some(0) => GuestEnd::Input,
            Some(1) => GuestEnd::Output,
            Some(_) => GuestEnd::Log,
            None => match metadata.st_mode() & libc::S_IFMT {
                libc::S_IFIFO => GuestEnd::OwnPipe,
                libc::S_IFREG | libc::S_IFDIR => GuestEnd::File,
                libc::S_IFCHR if NEVER_WAIT.contains(&metadata.st_rdev()) => GuestEnd::File,
                _ => GuestEnd::Other,
            },
        }
    }

    /// What no process of the guest holds open any more, each once.
    pub(crate) fn closing(&mut self) -> Option<Closing> {
        let mut ends = [
            libc::pollfd { fd: self.input.as_raw_fd(), events: 0, revents: 0 },
            libc::pollfd { fd: self.output.as_raw_fd(), events: 0, revents: 0 },
        ];
        // SAFETY: the kernel writes to the two structures of `ends` only.
        unsafe { libc::poll(ends.as_mut_ptr(), 2, 0) };
        if ends[0].revents & libc::POLLERR != 0 && !std::mem::replace(&mut self.input_closed, true) {
            return Some(Closing::Input);
        }
        let closed = ends[1].revents & libc::POLLHUP != 0;
        (closed && !std::mem::replace(&mut self.output_closed, true)).then_some(Closing::Output)
    }
}

/// /dev/null, zero, full, random and urandom, as `makedev` has them.
const NEVER_WAIT: &[u64] = &[0x103, 0x105, 0x107, 0x108, 0x109];

fn place(fd: RawFd) -> io::Result<Place> {
    let metadata = fs::metadata(format!("/proc/self/fd/{fd}"))?;
    Ok((metadata.st_dev(), metadata.st_ino()))
}
