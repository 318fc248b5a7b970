//! One process under ptrace(2): its stops, its registers and its memory. All of this package's unsafe code is here and in
//! `start.rs`.

use std::io;

use libc::{c_int, c_void, pid_t, user_regs_struct};

/// How much processor time a process has from one call of the lab's to the next, in whole seconds.
pub(crate) const PROCESSOR_SECONDS: u64 = 2;

/// Its stack holds no more than this for arguments, environment and auxiliary vector.
const MOST_STACK: usize = 1 << 20;
/// Types in the auxiliary vector.
const AT_IGNORE: u64 = 1;
const AT_RANDOM: u64 = 25;
const AT_SYSINFO_EHDR: u64 = 33;

/// A process that this thread traces.
#[derive(Debug)]
pub(crate) struct Tracee {
    pub(crate) pid: pid_t,
}

/// Why a process stands still.
#[derive(Debug)]
pub(crate) enum TraceeStop {
    /// It is about to make a call that is not free.
    Call(Box<user_regs_struct>),
    /// It has become another program.
    Executed,
    /// It has a child, which stands at its beginning; whether it waits until that is another program.
    Forked { child: pid_t, waits: bool },
    /// The child for which it waited is another program, or over.
    Released,
    /// This signal is about to be delivered.
    Signal(c_int),
    /// It has exited with this code.
    Exited(c_int),
    /// This signal killed it.
    Killed(c_int),
}

impl Tracee {
    /// Waits until it stands still.
    pub(crate) fn wait(&self) -> io::Result<TraceeStop> {
        let mut status = 0;
        loop {
            // SAFETY: `status` is an int of ours that the call writes to.
            let waited = unsafe { libc::waitpid(self.pid, &mut status, libc::__WALL) };
            if waited == self.pid {
                break;
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        if libc::WIFEXITED(status) {
            return Ok(TraceeStop::Exited(libc::WEXITSTATUS(status)));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(TraceeStop::Killed(libc::WTERMSIG(status)));
        }
        Ok(match status >> 16 {
            libc::PTRACE_EVENT_SECCOMP => TraceeStop::Call(Box::new(self.registers()?)),
            libc::PTRACE_EVENT_EXEC => TraceeStop::Executed,
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE => {
                TraceeStop::Forked { child: self.event_message()?, waits: false }
            }
            libc::PTRACE_EVENT_VFORK => TraceeStop::Forked { child: self.event_message()?, waits: true },
            libc::PTRACE_EVENT_VFORK_DONE => TraceeStop::Released,
            _ => TraceeStop::Signal(libc::WSTOPSIG(status)),
        })
    }

    /// Lets it run, after delivering this signal; 0: none.
    pub(crate) fn resume(&self, signal: c_int) -> io::Result<()> {
        // SAFETY: PTRACE_CONT touches no memory of ours.
        check(unsafe { libc::ptrace(libc::PTRACE_CONT, self.pid, 0, libc::c_long::from(signal)) })
    }

    /// Has its stops told apart, its children traced as well, and everything killed with this thread.
    pub(crate) fn set_options(&self) -> io::Result<()> {
        let options = libc::PTRACE_O_EXITKILL
            | libc::PTRACE_O_TRACESECCOMP
            | libc::PTRACE_O_TRACEEXEC
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACEVFORK
            | libc::PTRACE_O_TRACEVFORKDONE
            | libc::PTRACE_O_TRACECLONE;
        // SAFETY: PTRACE_SETOPTIONS touches no memory of ours.
        check(unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, self.pid, 0, libc::c_long::from(options)) })
    }

    pub(crate) fn registers(&self) -> io::Result<user_regs_struct> {
        // SAFETY: the structure is plain integers, for which zero is a value.
        let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes one `user_regs_struct` to where `registers` is.
        check(unsafe {
            libc::ptrace(
                libc::PTRACE_GETREGS,
                self.pid,
                0,
                std::ptr::from_mut(&mut registers).cast::<c_void>(),
            )
        })?;
        Ok(registers)
    }

    pub(crate) fn set_registers(&self, registers: &user_regs_struct) -> io::Result<()> {
        // SAFETY: the kernel reads one `user_regs_struct` from where `registers` is.
        check(unsafe {
            libc::ptrace(libc::PTRACE_SETREGS, self.pid, 0, std::ptr::from_ref(registers).cast::<c_void>())
        })
    }

    fn event_message(&self) -> io::Result<pid_t> {
        let mut message: libc::c_ulong = 0;
        // SAFETY: the kernel writes one unsigned long to where `message` is.
        check(unsafe {
            libc::ptrace(
                libc::PTRACE_GETEVENTMSG,
                self.pid,
                0,
                std::ptr::from_mut(&mut message).cast::<c_void>(),
            )
        })?;
        Ok(message as pid_t)
    }

    /// Its memory from this address on; less than was asked for where it ends before.
    pub(crate) fn read(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let own = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: length };
        let theirs = libc::iovec { iov_base: from as *mut c_void, iov_len: length };
        // SAFETY: the kernel writes at most `length` octets to `bytes`, and reads the other process's memory only.
        let count = unsafe { libc::process_vm_readv(self.pid, &own, 1, &theirs, 1, 0) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Its memory from this address on, all of it.
    pub(crate) fn read_whole(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let bytes = self.read(from, length)?;
        if bytes.len() == length { Ok(bytes) } else { Err(io::Error::from_raw_os_error(libc::EFAULT)) }
    }

    /// Writes to its memory.
    pub(crate) fn write(&self, to: u64, bytes: &[u8]) -> io::Result<()> {
        let own = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let theirs = libc::iovec { iov_base: to as *mut c_void, iov_len: bytes.len() };
        // SAFETY: the kernel reads `bytes` only, and writes to the other process's memory.
        let count = unsafe { libc::process_vm_writev(self.pid, &own, 1, &theirs, 1, 0) };
        let whole = usize::try_from(count).is_ok_and(|count| count == bytes.len());
        if whole { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EFAULT)) }
    }

    /// Takes the vDSO out of its auxiliary vector, so that asking for the time is a system call, and makes its random
    /// octets the same in every run.
    pub(crate) fn hide_vdso(&self) -> io::Result<()> {
        let stack = self.registers()?.rsp;
        let mut bytes = Vec::new();
        while bytes.len() < MOST_STACK {
            let more = self.read(stack + bytes.len() as u64, 4096 - (stack as usize + bytes.len()) % 4096)?;
            bytes.extend(more);
            if let Some(pairs) = auxiliary(&bytes) {
                for (at, kind, value) in pairs {
                    match kind {
                        AT_SYSINFO_EHDR => self.write(stack + at as u64, &AT_IGNORE.to_ne_bytes())?,
                        AT_RANDOM => self.write(value, b"holdtime's guest")?,
                        _ => {}
                    }
                }
                return Ok(());
            }
        }
        Err(io::Error::from(io::ErrorKind::InvalidData))
    }

    /// Gives it [`PROCESSOR_SECONDS`] of processor time from now on, after which it gets SIGXCPU.
    pub(crate) fn allow_processor_time(&self) -> io::Result<()> {
        let mut used = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // What clock_getcpuclockid(3) makes of a process.
        let clock = (!self.pid << 3) | 2;
        // SAFETY: the kernel writes one timespec to where `used` is.
        if unsafe { libc::clock_gettime(clock, &mut used) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let most = used.tv_sec as u64 + 1 + PROCESSOR_SECONDS;
        let limit = libc::rlimit64 { rlim_cur: most, rlim_max: libc::RLIM64_INFINITY };
        // SAFETY: the kernel reads one rlimit64 from where `limit` is, and writes none.
        let set = unsafe { libc::prlimit64(self.pid, libc::RLIMIT_CPU, &limit, std::ptr::null_mut()) };
        if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Skips the call at which it stands: that returns `value`.
    pub(crate) fn skip_call(&self, value: i64) -> io::Result<()> {
        let mut registers = self.registers()?;
        registers.orig_rax = u64::MAX;
        registers.rax = value as u64;
        self.set_registers(&registers)
    }

    /// Whether a signal does something to it now: it neither ignores nor blocks it.
    pub(crate) fn takes(&self, signal: c_int) -> bool {
        let [ignored, blocked] = self.signals(["SigIgn:", "SigBlk:"]);
        !(1..=64).contains(&signal) || (ignored | blocked) & (1 << (signal - 1)) == 0
    }

    /// The process group it is in; `None`: it is over.
    pub(crate) fn group(&self) -> Option<pid_t> {
        // SAFETY: no memory is touched.
        let group = unsafe { libc::getpgid(self.pid) };
        (group > 0).then_some(group)
    }

    /// Whether it has a signal that this mask does not block; `None`: its own mask.
    pub(crate) fn has_signal(&self, mask: Option<u64>) -> bool {
        let [own, shared, blocked] = self.signals(["SigPnd:", "ShdPnd:", "SigBlk:"]);
        (own | shared) & !mask.unwrap_or(blocked) != 0
    }

    /// Sets of signals, by their names in /proc.
    fn signals<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let set = |name| status.lines().find_map(|line| line.strip_prefix(name));
        names.map(|name| {
            set(name).and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or_default()
        })
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: c_int) {
        // SAFETY: no memory is touched; as long as it is not waited for, the number is this process's.
        unsafe { libc::kill(self.pid, signal) };
    }
}

/// The pairs of the auxiliary vector at the end of a new program's stack: where each is, its type and its value; `None`: it
/// goes on.
fn auxiliary(stack: &[u8]) -> Option<Vec<(usize, u64, u64)>> {
    let word = |index: usize| {
        let bytes = stack.get(index * 8..index * 8 + 8)?;
        bytes.try_into().ok().map(u64::from_ne_bytes)
    };
    // The count of arguments, the arguments, 0, the environment, 0, pairs.
    let mut at = 1 + usize::try_from(word(0)?).ok()? + 1;
    while word(at)? != 0 {
        at += 1;
    }
    at += 1;
    let mut pairs = Vec::new();
    loop {
        let (kind, value) = (word(at)?, word(at + 1)?);
        if kind == 0 {
            return Some(pairs);
        }
        pairs.push((at * 8, kind, value));
        at += 2;
    }
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
