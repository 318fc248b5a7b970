//! poll(2) and select(2): the descriptors that a guest waits for, and what is answered once some are ready.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use holdtime_host::time::{Duration, Instant, Now};

use crate::ends::{GuestEnd, StandardStreams};
use crate::memory::{duration, word};
use crate::tracee::Tracee;

/// A guest asks for no more descriptors than this.
const MOST: u64 = 1024;

/// What is waited for.
#[derive(Clone, Debug)]
pub(crate) struct PollSet {
    entries: Vec<Entry>,
    form: Form,
    /// The deadline; `None`: without end.
    pub(crate) until: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Entry {
    fd: RawFd,
    events: i16,
    end: GuestEnd,
}

/// Where the answer goes.
#[derive(Clone, Debug)]
enum Form {
    /// An array of `struct pollfd`.
    Poll { at: u64 },
    /// Three sets of bits, of so many octets each; 0: there is none.
    Select { sets: [u64; 3], octets: usize },
}

/// What select's sets are for.
const KINDS: [i16; 3] = [libc::POLLIN, libc::POLLOUT, libc::POLLPRI];
/// What each of them also takes, as in the kernel.
const READY: [i16; 3] =
    [libc::POLLIN | libc::POLLHUP | libc::POLLERR, libc::POLLOUT | libc::POLLERR, libc::POLLPRI];

impl PollSet {
    pub(crate) fn decode(
        tracee: &Tracee,
        ends: &StandardStreams,
        number: libc::c_long,
        arguments: &[u64; 6],
        now: Now,
    ) -> io::Result<Self> {
        let [first, second, third, fourth, fifth, _] = *arguments;
        let is_select = matches!(number, libc::SYS_select | libc::SYS_pselect6);
        let time = match number {
            libc::SYS_poll => u64::try_from(third as i32).ok().map(Duration::from_millis),
            libc::SYS_ppoll => time(tracee, third, 1)?,
            libc::SYS_select => time(tracee, fifth, 1_000)?,
            _ => time(tracee, fifth, 1)?,
        };
        let until = time.map(|time| now.monotonic + time);
        let count = if is_select { first } else { second };
        if count > MOST {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let (asked, form) = if is_select {
            select(tracee, count as usize, [second, third, fourth])?
        } else {
            let bytes = tracee.read_whole(first, count as usize * 8)?;
            let asked = bytes.chunks_exact(8).map(|one| {
                let word = word(one, 0);
                (word as RawFd, (word >> 32) as i16)
            });
            (asked.collect(), Form::Poll { at: first })
        };
        let entry = |(fd, events): (RawFd, i16)| Entry { fd, events, end: ends.of(tracee, fd) };
        Ok(Self { entries: asked.into_iter().map(entry).collect(), form, until })
    }

    /// Whether the lab's streams are among what is waited for: its input, its output.
    pub(crate) fn wants(&self) -> (bool, bool) {
        let wants =
            |end, event| self.entries.iter().any(|entry| entry.end == end && entry.events & event != 0);
        (wants(GuestEnd::Input, libc::POLLIN), wants(GuestEnd::Output, libc::POLLOUT))
    }

    /// Whether there is something that the lab cannot tell of.
    pub(crate) fn is_unheld(&self) -> bool {
        self.entries.iter().any(|entry| entry.end == GuestEnd::Other)
    }

    /// What is ready, given the lab's streams; `None`: nothing.
    pub(crate) fn ready(&self, tracee: &Tracee, (read, write): (bool, bool)) -> Option<Vec<i16>> {
        let found: Vec<i16> = self.entries.iter().map(|entry| entry.ready(tracee, read, write)).collect();
        found.iter().any(|events| *events != 0).then_some(found)
    }

    /// Nothing is ready, in the form of [`ready`](Self::ready).
    pub(crate) fn none(&self) -> Vec<i16> {
        vec![0; self.entries.len()]
    }

    /// Writes the answer to the guest's memory, and returns what the call does.
    pub(crate) fn answer(&self, tracee: &Tracee, found: &[i16]) -> io::Result<i64> {
        match &self.form {
            Form::Poll { at } => {
                for (index, events) in found.iter().enumerate() {
                    tracee.write(at + index as u64 * 8 + 6, &events.to_ne_bytes())?;
                }
                Ok(found.iter().filter(|events| **events != 0).count() as i64)
            }
            Form::Select { sets, octets } => {
                let mut count = 0;
                for (kind, set) in sets.iter().enumerate().filter(|(_, set)| **set != 0) {
                    let mut bits = vec![0_u8; *octets];
                    for (entry, events) in self.entries.iter().zip(found) {
                        if entry.events & KINDS[kind] != 0 && events & READY[kind] != 0 {
                            bits[entry.fd as usize / 8] |= 1 << (entry.fd % 8);
                            count += 1;
                        }
                    }
                    tracee.write(*set, &bits)?;
                }
                Ok(count)
            }
        }
    }
}

impl Entry {
    fn ready(&self, tracee: &Tracee, read: bool, write: bool) -> i16 {
        let lab = |is_ready: bool, event: i16| if is_ready { self.events & event } else { 0 };
        match self.end {
            _ if self.fd < 0 => 0,
            GuestEnd::Closed => libc::POLLNVAL,
            GuestEnd::Input => lab(read, libc::POLLIN | libc::POLLRDNORM),
            GuestEnd::Output => lab(write, libc::POLLOUT | libc::POLLWRNORM),
            GuestEnd::Log | GuestEnd::File => self.events & (libc::POLLIN | libc::POLLOUT),
            GuestEnd::OwnPipe | GuestEnd::Other => ready_now(tracee, self.fd, self.events),
        }
    }
}

/// What a descriptor of another process is ready for now.
pub(crate) fn ready_now(tracee: &Tracee, fd: RawFd, events: i16) -> i16 {
    let Ok(ours) = borrowed(tracee, fd) else { return libc::POLLNVAL };
    let mut one = libc::pollfd { fd: ours.as_raw_fd(), events, revents: 0 };
    // SAFETY: the kernel writes to `one` only.
    unsafe { libc::poll(&mut one, 1, 0) };
    one.revents
}

/// Another process's descriptor as one of ours.
fn borrowed(tracee: &Tracee, fd: RawFd) -> io::Result<OwnedFd> {
    let own = |result: libc::c_long| {
        let fd = RawFd::try_from(result).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
        // SAFETY: the kernel has just made this descriptor, for us alone.
        Ok::<_, io::Error>(unsafe { OwnedFd::from_raw_fd(fd) })
    };
    // SAFETY: neither call touches memory of ours.
    let process = own(unsafe { libc::syscall(libc::SYS_pidfd_open, tracee.pid, 0) })?;
    // SAFETY: as above.
    own(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) })
}

/// A time to wait, in seconds and units of so many nanoseconds; `None`: without end.
fn time(tracee: &Tracee, at: u64, unit: u64) -> io::Result<Option<Duration>> {
    if at == 0 {
        return Ok(None);
    }
    let bytes = tracee.read_whole(at, 16)?;
    duration(word(&bytes, 0), word(&bytes, 8), unit).map(Some)
}

type Asked = Vec<(RawFd, i16)>;

fn select(tracee: &Tracee, count: usize, sets: [u64; 3]) -> io::Result<(Asked, Form)> {
    // The kernel moves whole words.
    let octets = count.div_ceil(64) * 8;
    let mut asked: Asked = Vec::new();
    for (kind, set) in KINDS.iter().zip(sets).filter(|(_, set)| *set != 0) {
        let bits = tracee.read_whole(set, octets)?;
        for fd in (0..count).filter(|fd| bits[fd / 8] & (1 << (fd % 8)) != 0) {
            match asked.iter_mut().find(|(known, _)| *known == fd as RawFd) {
                Some((_, events)) => *events |= kind,
                None => asked.push((fd as RawFd, *kind)),
            }
        }
    }
    Ok((asked, Form::Select { sets, octets }))
}
