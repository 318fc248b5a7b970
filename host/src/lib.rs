//! What a reactor may ask of its machine, and the words for it.
//!
//! [`Host`] is POSIX with everything that can block taken out, and [`AsyncHost`] adds what tasks need. The shipped hosts are in
//! `holdtime-reactor` (mio, tokio); `holdtime-machine` has a simulated one; a [`layer`] wraps any of them. Time is plain data here ([`time`]): whoever needs it is
//! handed it.
//!
//! Nothing in this package knows of BGP, and it imports nothing of ours.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;
mod file;
mod host;
pub mod layer;
mod options;
mod process;
pub mod rng;
mod stream;
pub mod time;

pub use error::IoError;
pub use file::ConfigText;
pub use host::{AsyncHost, Host, Ready};
pub use options::{AoAlgorithm, AoKey, KeyChange, ListenOptions, PeerRange, TcpOptions};
pub use process::{ExitStatus, PipePaths, ProgramSignal, ProgramSpec, Signal};
pub use stream::{CloseKind, Ends, ListenerId, StreamId};
