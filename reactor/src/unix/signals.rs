//! Signals to the process, turned into something that can be waited for.

use holdtime_host::Signal;

use std::cell::Cell;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::low_level;

/// A signal's number beside what it means to the core.
const SIGNALS: [(i32, Signal); 6] = [
    (SIGTERM, Signal::Terminate),
    (SIGINT, Signal::Interrupt),
    (SIGHUP, Signal::Hangup),
    (SIGALRM, Signal::Alarm),
    (SIGUSR1, Signal::User1),
    (SIGUSR2, Signal::User2),
];

/// The status with which a second Ctrl-C ends the process: 128 and the signal's number, as a shell has it.
pub(super) const INTERRUPTED: i32 = 130;

/// A handler for every signal that a speaker answers and for `SIGCHLD`. Each raises its flag and writes one
/// octet to a socket, which becomes readable.
#[derive(Debug)]
pub(crate) struct Signals {
    bell: UnixStream,
    flags: [Arc<AtomicBool>; SIGNALS.len()],
    child: Arc<AtomicBool>,
    /// A Ctrl-C came and was not collected: the process hangs, and the next one ends it from the handler.
    uncollected: Arc<AtomicBool>,
    interrupted: Cell<bool>,
    handlers: Vec<SigId>,
}

/// What was collected beside the signals themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collected {
    /// A child may have ended.
    pub(crate) child_ended: bool,
    /// A second Ctrl-C came: somebody does not want to wait.
    pub(crate) again: bool,
}

impl Signals {
    /// Installs the handlers; they are removed on drop.
    pub(crate) fn install() -> io::Result<Self> {
        let (bell, ring) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let mut signals = Self {
            bell,
            flags: Default::default(),
            child: Arc::default(),
            uncollected: Arc::default(),
            interrupted: Cell::new(false),
            handlers: Vec::new(),
        };
        for (index, (number, _)) in SIGNALS.into_iter().enumerate() {
            let flag = Arc::clone(&signals.flags[index]);
            signals.handle(number, flag, &ring)?;
        }
        let child = Arc::clone(&signals.child);
        signals.handle(SIGCHLD, child, &ring)?;
        // Last: a signal that comes in the middle of this is collected all the same.
        let flag = || Arc::clone(&signals.uncollected);
        let second = signal_hook::flag::register_conditional_shutdown(SIGINT, INTERRUPTED, flag())?;
        let first = signal_hook::flag::register(SIGINT, flag())?;
        signals.handlers.extend([second, first]);
        Ok(signals)
    }

    /// The flag is raised before the bell rings: handlers run in the order in which they were installed.
    fn handle(&mut self, number: i32, flag: Arc<AtomicBool>, ring: &UnixStream) -> io::Result<()> {
        self.handlers.push(signal_hook::flag::register(number, flag)?);
        self.handlers.push(low_level::pipe::register(number, ring.try_clone()?)?);
        Ok(())
    }

    /// Becomes readable when there is something to collect.
    pub(crate) fn bell(&self) -> io::Result<UnixStream> {
        self.bell.try_clone()
    }

    /// Collects what came, after the bell was read empty: a signal that comes later rings again.
    pub(crate) fn collect(&self, mut signalled: impl FnMut(Signal)) -> Collected {
        let mut again = false;
        for (flag, (_, signal)) in self.flags.iter().zip(SIGNALS) {
            if flag.swap(false, Ordering::SeqCst) {
                if signal == Signal::Interrupt {
                    self.uncollected.store(false, Ordering::SeqCst);
                    again |= self.interrupted.replace(true);
                }
                signalled(signal);
            }
        }
        Collected { child_ended: self.child.swap(false, Ordering::SeqCst), again }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for &handler in &self.handlers {
            low_level::unregister(handler);
        }
    }
}
