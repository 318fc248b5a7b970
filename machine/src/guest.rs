//! Guests: processes from outside the lab, whose time, sleeping, polling and standard streams are the lab's.
//!
//! A guest runs in real time from one call to the next, and only while the lab waits for it, so that a run stays
//! deterministic. What it computes costs a fixed price for each call, never what it took.

use std::fmt;

use holdtime_host::time::{Instant, Now};
use holdtime_host::{ExitStatus, Host, IoError, ProgramSpec, Ready, Signal};

use crate::host::SimHost;

/// What starting an interpreter costs, in routes: 80 ms at the usual price, which is more than the 50 ms after which a speaker
/// ends its first table, as it is where both are real.
const START: u64 = 1 << 18;
/// What comes between two calls of an interpreted program costs, in routes.
const BETWEEN: u64 = 64;
/// How many calls without a wait a guest makes before it gives the others a turn: it cannot know that it asks for the time
/// without end.
const PATIENCE: u32 = 256;
/// What one call reads at most: a full pipe.
const PIPE: usize = 64 * 1024;

/// What a guest asks of the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestCall {
    /// What time it is.
    Clock,
    /// Read at most so many octets of its standard input, without waiting.
    Read(usize),
    /// Write of these what its standard output takes, without waiting.
    Write(Vec<u8>),
    /// Which of its standard streams are ready now.
    Look,
    /// Wait until one of these is ready, or the time has come.
    Wait {
        /// The deadline, by its machine's monotonic clock.
        until: Option<Instant>,
        /// Whether for its standard input.
        read: bool,
        /// Whether for its standard output.
        write: bool,
    },
    /// Its standard input is closed.
    CloseInput,
    /// Its standard output is closed.
    CloseOutput,
    /// It wrote this to its standard error.
    Log(String),
    /// It is over.
    Exit(ExitStatus),
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestAnswer {
    /// It is done; a guest begins with it.
    Done,
    /// These octets were read; none: the input has ended.
    Read(Vec<u8>),
    /// So many octets were written.
    Written(usize),
    /// Nothing could be read or written yet.
    WouldBlock,
    /// Nobody will read what it writes.
    Broken,
    /// Which streams are ready.
    Ready {
        /// The standard input.
        read: bool,
        /// The standard output.
        write: bool,
    },
}

/// Why a guest cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestFault {
    /// It did what the lab cannot hold: no run of it shows anything.
    Unheld(String),
    /// It computes without end.
    Spins(String),
}

impl fmt::Display for GuestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unheld(what) | Self::Spins(what) => f.write_str(what),
        }
    }
}

/// A process from outside the lab. Dropping it ends it, and all that it started.
pub trait Guest {
    /// Goes on to its next call, after this came of the last one.
    ///
    /// # Errors
    /// It cannot go on.
    fn go_on(&mut self, now: Now, answer: GuestAnswer) -> Result<GuestCall, GuestFault>;

    /// Signals it and what it started; what comes of that, its next call shows.
    fn signal(&mut self, signal: Signal);
}

/// Where guests come from.
pub trait Guests: fmt::Debug + Send + Sync {
    /// Starts a program, which stands before its first call then.
    ///
    /// # Errors
    /// It cannot be started, or is none that the lab can hold.
    fn start(&self, spec: &ProgramSpec) -> Result<Box<dyn Guest>, GuestFault>;
}

/// Where there are none: every start is refused.
#[derive(Clone, Copy, Debug)]
pub struct NoGuests;

impl Guests for NoGuests {
    fn start(&self, spec: &ProgramSpec) -> Result<Box<dyn Guest>, GuestFault> {
        let command = spec.command.first().cloned().unwrap_or_default();
        Err(GuestFault::Unheld(format!("the program {command} is a real one, and nothing here starts those")))
    }
}

impl SimHost {
    /// Runs a guest as this process to its end; `tell` hears of each of its calls, when it was made, and whether the guest has been
    /// left alone: it was told to end, or the call before found that the other end of a standard stream is gone. SIGTERM is the
    /// guest's to handle; any other signal ends it as any process.
    ///
    /// # Errors
    /// The guest cannot go on.
    pub async fn run_guest(
        &self,
        guest: &mut dyn Guest,
        tell: impl Fn(Instant, &GuestCall, bool),
    ) -> Result<ExitStatus, GuestFault> {
        let mut answer = GuestAnswer::Done;
        let mut at_once = 0;
        let mut told_to_end = false;
        self.handle_signal(Signal::Terminate);
        self.computed(START);
        loop {
            self.computed(BETWEEN);
            let now = self.now();
            while let Some(signal) = self.pending_signal() {
                told_to_end = true;
                guest.signal(signal);
            }
            let is_gone = told_to_end
                || matches!(&answer, GuestAnswer::Broken)
                || answer == GuestAnswer::Read(Vec::new());
            let call = guest.go_on(now, answer)?;
            tell(now.monotonic, &call, is_gone);
            let waits = matches!(call, GuestCall::Look | GuestCall::Wait { .. });
            at_once = if waits { 0 } else { at_once + 1 };
            answer = match call {
                GuestCall::Exit(status) => return Ok(status),
                call => self.carry_out(now, call).await,
            };
            if at_once >= PATIENCE {
                at_once = 0;
                self.wait_for(Some(now.monotonic), false, false).await;
            }
        }
    }

    async fn carry_out(&self, now: Now, call: GuestCall) -> GuestAnswer {
        match call {
            GuestCall::Clock | GuestCall::Exit(_) => {}
            GuestCall::Log(text) => self.log(&text),
            GuestCall::CloseInput => self.close_input(Self::STDIO),
            GuestCall::CloseOutput => self.shutdown(Self::STDIO),
            GuestCall::Look => return self.wait_for(Some(now.monotonic), true, true).await,
            GuestCall::Wait { until, read, write } => return self.wait_for(until, read, write).await,
            GuestCall::Read(most) => {
                let mut room = vec![0; most.min(PIPE)];
                return match self.read(Self::STDIO, &mut room) {
                    Ok(count) => {
                        room.truncate(count);
                        GuestAnswer::Read(room)
                    }
                    Err(IoError::WouldBlock) => GuestAnswer::WouldBlock,
                    Err(_) => GuestAnswer::Read(Vec::new()),
                };
            }
            GuestCall::Write(bytes) => {
                return match self.write(Self::STDIO, &bytes) {
                    Ok(count) => GuestAnswer::Written(count),
                    Err(IoError::WouldBlock) => GuestAnswer::WouldBlock,
                    Err(_) => GuestAnswer::Broken,
                };
            }
        }
        GuestAnswer::Done
    }

    async fn wait_for(&self, until: Option<Instant>, read: bool, write: bool) -> GuestAnswer {
        let mut ready = Vec::new();
        self.set_interest(Self::STDIO, read, write);
        self.wait(until, &mut ready).await;
        ready.iter().for_each(|event| {
            if let Ready::Signalled(signal) = event {
                self.keep_signal(*signal);
            }
        });
        GuestAnswer::Ready {
            read: ready.contains(&Ready::Readable(Self::STDIO)),
            write: ready.contains(&Ready::Writable(Self::STDIO)),
        }
    }
}
