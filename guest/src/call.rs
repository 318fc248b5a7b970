//! System calls that stop a guest, as they were made: what each asks for, before anything is known of when it will be answered.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use holdtime_host::time::{Duration, Instant, Now};
use libc::user_regs_struct;

use crate::ends::{GuestEnd, StandardStreams};
use crate::memory::{TimeForm, duration, word};
use crate::names;
use crate::poll::PollSet;
use crate::tracee::Tracee;

/// A call at its beginning.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    /// It is answered with this at once, a negative errno among them.
    Answered(i64),
    /// The kernel may carry it out: it waits for nothing.
    Free,
    /// What time it is, to be written where and how.
    Clock { wall: bool, to: u64, form: TimeForm },
    /// Wait until then.
    Sleep { until: Instant },
    /// Read from the lab.
    Read { into: Vec<(u64, usize)>, waits: bool },
    /// Write to the lab; so many octets are written.
    Write { bytes: Vec<u8>, written: usize, waits: bool },
    /// Write to the lab's log.
    Log(Vec<u8>),
    /// Wait for readiness.
    Poll(PollSet),
    /// Let the kernel carry it out once this descriptor, a pipe of the guest's own, is ready for it.
    Own { fd: RawFd, events: i16 },
    /// Set the timer that sends SIGALRM, and tell what it was set to: the time from now on, and from each to the next; `None`: off.
    Alarm { first: Option<Duration>, interval: Duration, told: AlarmForm },
    /// Let the kernel carry it out once there is a signal that this mask does not block; `None`: its own.
    Suspend { mask: Option<u64> },
    /// Let the kernel carry it out once this child, or any, is over.
    Child(Option<i32>),
    /// Send a signal to a process of the guest: the call's own number, the process, the signal.
    Kill { pid: i32, signal: i32 },
    /// Its own number, or its parent's.
    Identity { parent: bool },
    /// This many random octets.
    Random { to: u64, count: usize },
    /// What the lab cannot hold.
    Unheld(String),
}

/// How the timer that sends SIGALRM is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlarmForm {
    /// In seconds, as what the call returns.
    Seconds,
    /// As a `struct itimerval` at this address; 0: not at all.
    Interval(u64),
}

/// A call's arguments.
struct Arguments([u64; 6]);

impl Arguments {
    fn descriptor(&self) -> RawFd {
        self.0[0] as RawFd
    }
}

/// What a process asks for at `now`.
///
/// # Errors
/// EFAULT and the like, which are the call's answer.
pub(crate) fn decode(
    tracee: &Tracee,
    ends: &StandardStreams,
    registers: &user_regs_struct,
    now: Now,
) -> io::Result<Pending> {
    let user_regs_struct { rdi, rsi, rdx, r10, r8, r9, .. } = *registers;
    let arguments = Arguments([rdi, rsi, rdx, r10, r8, r9]);
    let number = registers.orig_rax as libc::c_long;
    Ok(match number {
        libc::SYS_clock_gettime => {
            // CLOCK_REALTIME, its coarse twin, and TAI.
            Pending::Clock { wall: matches!(rdi, 0 | 5 | 11), to: rsi, form: TimeForm::Spec }
        }
        libc::SYS_gettimeofday => Pending::Clock { wall: true, to: rdi, form: TimeForm::Val },
        libc::SYS_time => Pending::Clock { wall: true, to: rdi, form: TimeForm::Seconds },
        libc::SYS_nanosleep => Pending::Sleep { until: after(now, timespec(tracee, rdi)?) },
        libc::SYS_clock_nanosleep => {
            let asked = timespec(tracee, rdx)?;
            let is_absolute = rsi as i32 & libc::TIMER_ABSTIME != 0;
            let until = if is_absolute { absolute(now, rdi == 0, asked) } else { after(now, asked) };
            Pending::Sleep { until }
        }
        libc::SYS_pause => Pending::Suspend { mask: None },
        libc::SYS_rt_sigsuspend => Pending::Suspend { mask: Some(word(&tracee.read_whole(rdi, 8)?, 0)) },
        libc::SYS_alarm => Pending::Alarm {
            first: Some(Duration::from_secs(rdi & 0xffff_ffff)).filter(|time| !time.is_zero()),
            interval: Duration::ZERO,
            told: AlarmForm::Seconds,
        },
        libc::SYS_setitimer if rdi == libc::ITIMER_REAL as u64 && rsi != 0 => {
            let bytes = tracee.read_whole(rsi, 32)?;
            let first = duration(word(&bytes, 16), word(&bytes, 24), 1_000)?;
            let interval = duration(word(&bytes, 0), word(&bytes, 8), 1_000)?;
            let first = Some(first).filter(|time| !time.is_zero());
            Pending::Alarm { first, interval, told: AlarmForm::Interval(rdx) }
        }
        libc::SYS_read | libc::SYS_readv => read(tracee, ends, &arguments, number == libc::SYS_readv)?,
        libc::SYS_write | libc::SYS_writev => write(tracee, ends, &arguments, number == libc::SYS_writev)?,
        libc::SYS_poll | libc::SYS_ppoll | libc::SYS_select | libc::SYS_pselect6 => {
            Pending::Poll(PollSet::decode(tracee, ends, number, &arguments.0, now)?)
        }
        libc::SYS_wait4 if rdx as i32 & libc::WNOHANG != 0 => Pending::Free,
        libc::SYS_wait4 => Pending::Child(Some(rdi as i32).filter(|pid| *pid > 0)),
        libc::SYS_waitid if r10 as i32 & libc::WNOHANG != 0 => Pending::Free,
        libc::SYS_waitid => Pending::Child(Some(rsi as i32).filter(|_| rdi as u32 == libc::P_PID)),
        libc::SYS_kill | libc::SYS_tkill => Pending::Kill { pid: rdi as i32, signal: rsi as i32 },
        libc::SYS_tgkill => Pending::Kill { pid: rdi as i32, signal: rdx as i32 },
        libc::SYS_getpid | libc::SYS_gettid => Pending::Identity { parent: false },
        libc::SYS_getppid => Pending::Identity { parent: true },
        libc::SYS_getrandom => Pending::Random { to: rdi, count: rsi as usize },
        libc::SYS_sched_yield => Pending::Answered(0),
        libc::SYS_clone if rdi as i32 & libc::CLONE_THREAD != 0 => {
            Pending::Unheld("starts a thread".to_owned())
        }
        libc::SYS_clone => Pending::Free,
        libc::SYS_open => open(tracee, libc::AT_FDCWD, rdi),
        libc::SYS_openat => open(tracee, rdi as RawFd, rsi),
        libc::SYS_prctl => Pending::Answered(-i64::from(libc::EINVAL)),
        // The C library has other ways to the same, which are looked at.
        libc::SYS_clone3
        | libc::SYS_copy_file_range
        | libc::SYS_splice
        | libc::SYS_tee
        | libc::SYS_vmsplice
        | libc::SYS_sendfile => Pending::Answered(-i64::from(libc::ENOSYS)),
        other => Pending::Unheld(format!("makes the system call {}", names::of(other))),
    })
}

/// So much later; far away where that is beyond all time.
fn after(now: Now, by: Duration) -> Instant {
    Instant::from_nanos(now.monotonic.as_nanos().saturating_add(by.as_nanos() as u64))
}

/// A time of one of a guest's clocks as an instant.
fn absolute(now: Now, wall: bool, at: Duration) -> Instant {
    let at = at.as_nanos() as u64;
    match wall {
        true => after(now, Duration::from_nanos(at.saturating_sub(now.wall.as_nanos() as u64))),
        false => Instant::from_nanos(at),
    }
}

fn timespec(tracee: &Tracee, at: u64) -> io::Result<Duration> {
    let bytes = tracee.read_whole(at, 16)?;
    duration(word(&bytes, 0), word(&bytes, 8), 1)
}

/// Where a call's octets are to go or come from: one place, or a vector of them.
fn places(tracee: &Tracee, arguments: &Arguments, is_vector: bool) -> io::Result<Vec<(u64, usize)>> {
    let [_, at, count, ..] = arguments.0;
    if !is_vector {
        return Ok(vec![(at, count.min(MOST) as usize)]);
    }
    if count > libc::UIO_MAXIOV as u64 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let bytes = tracee.read_whole(at, count as usize * 16)?;
    Ok(bytes.chunks_exact(16).map(|pair| (word(pair, 0), word(pair, 8).min(MOST) as usize)).collect())
}

/// What one call moves at most.
const MOST: u64 = 1 << 24;

fn read(
    tracee: &Tracee,
    ends: &StandardStreams,
    arguments: &Arguments,
    is_vector: bool,
) -> io::Result<Pending> {
    let fd = arguments.descriptor();
    Ok(match ends.of(tracee, fd) {
        GuestEnd::Input => {
            Pending::Read { into: places(tracee, arguments, is_vector)?, waits: !is_nonblocking(tracee, fd) }
        }
        GuestEnd::OwnPipe => Pending::Own { fd, events: libc::POLLIN },
        GuestEnd::File | GuestEnd::Closed | GuestEnd::Output | GuestEnd::Log => Pending::Free,
        GuestEnd::Other => Pending::Unheld("reads from what is neither a file nor a pipe".to_owned()),
    })
}

fn write(
    tracee: &Tracee,
    ends: &StandardStreams,
    arguments: &Arguments,
    is_vector: bool,
) -> io::Result<Pending> {
    let fd = arguments.descriptor();
    let end = ends.of(tracee, fd);
    Ok(match end {
        GuestEnd::Output | GuestEnd::Log => {
            let mut bytes = Vec::new();
            for (at, count) in places(tracee, arguments, is_vector)? {
                bytes.extend(tracee.read_whole(at, count)?);
            }
            match end {
                GuestEnd::Log => Pending::Log(bytes),
                _ => Pending::Write { bytes, written: 0, waits: !is_nonblocking(tracee, fd) },
            }
        }
        GuestEnd::OwnPipe => Pending::Own { fd, events: libc::POLLOUT },
        GuestEnd::File | GuestEnd::Closed | GuestEnd::Input => Pending::Free,
        GuestEnd::Other => Pending::Unheld("writes to what is neither a file nor a pipe".to_owned()),
    })
}

/// What never tells the same twice.
const UNHELD_FILES: &[&str] = &["/dev/random", "/dev/urandom", "/proc/uptime", "/proc/stat", "/proc/loadavg"];

fn open(tracee: &Tracee, folder: RawFd, path: u64) -> Pending {
    let Ok(bytes) = tracee.read(path, libc::PATH_MAX as usize) else { return Pending::Free };
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = PathBuf::from(OsStr::from_bytes(bytes));
    let folder = match folder {
        libc::AT_FDCWD => format!("/proc/{}/cwd", tracee.pid),
        fd => format!("/proc/{}/fd/{fd}", tracee.pid),
    };
    if UNHELD_FILES.iter().any(|name| path == Path::new(name)) {
        return Pending::Unheld(format!("reads {}", path.display()));
    }
    let is_pipe =
        || fs::metadata(Path::new(&folder).join(&path)).is_ok_and(|file| file.file_type().is_fifo());
    // A pipe's own descriptor, as /dev/stdin leads to, is one more of what is there already.
    let is_new = !path.starts_with("/dev") && !path.starts_with("/proc");
    match is_new && is_pipe() {
        true => Pending::Unheld(format!("opens the named pipe {}", path.display())),
        false => Pending::Free,
    }
}

/// Whether a descriptor has O_NONBLOCK, as the kernel shows it.
fn is_nonblocking(tracee: &Tracee, fd: RawFd) -> bool {
    let info = fs::read_to_string(format!("/proc/{}/fdinfo/{fd}", tracee.pid)).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & libc::O_NONBLOCK != 0)
}
