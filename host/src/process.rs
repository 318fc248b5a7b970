//! Child programs, signals and named pipes.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A program and what it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramSpec {
    /// The name it has in the configuration.
    pub name: String,
    /// The program's path and its arguments. A relative path is resolved against the configuration's folder by the host.
    pub command: Vec<String>,
    /// Variables set beside those inherited.
    pub environment: Vec<(String, String)>,
}

/// A signal for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramSignal {
    /// SIGTERM
    Terminate,
    /// SIGKILL
    Kill,
}

/// A pair of named pipes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipePaths {
    /// The pipe that the speaker reads.
    pub read: String,
    /// The pipe that the speaker writes.
    pub write: String,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// The signals that a speaker answers, as ExaBGP does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// SIGTERM: shut down.
    Terminate,
    /// SIGINT (Ctrl-C): shut down.
    Interrupt,
    /// SIGHUP: shut down.
    Hangup,
    /// SIGALRM: restart (close every session, start the programs again).
    Alarm,
    /// SIGUSR1: reload the configuration.
    User1,
    /// SIGUSR2: reload the configuration and restart the programs.
    User2,
}

impl Signal {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Terminate, Self::Interrupt, Self::Hangup, Self::Alarm, Self::User1, Self::User2];

    /// Its name in POSIX.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
            Self::Hangup => "SIGHUP",
            Self::Alarm => "SIGALRM",
            Self::User1 => "SIGUSR1",
            Self::User2 => "SIGUSR2",
        }
    }

    /// Its number on Linux.
    pub const fn number(self) -> u8 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::User1 => 10,
            Self::User2 => 12,
            Self::Alarm => 14,
            Self::Terminate => 15,
        }
    }
}
