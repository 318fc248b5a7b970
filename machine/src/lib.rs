//! Simulated machines under a virtual clock: programs written against [`Host`](holdtime_host::Host) run on them unchanged.
//!
//! ```text
//! Lab (executor)      which task runs next, drawn from the seed; jumps from one event to the next
//!   World             machines, processes, pipes, the agenda of what is to happen, the trace and its hash
//!     Network         addresses, links, and TCP as Linux shows it to an application
//!   SimHost           a process's handle on its machine: holdtime_host's Host and AsyncHost
//! ```
//!
//! Nothing in this package knows of BGP or of any other protocol above TCP.
//!
//! # Time
//!
//! The lab has one true time. A process sees it through its machine's [`clock`]. A turn of a task costs virtual time
//! ([`world::Prices`]): its process's processor is busy for so long, and what the turn sends leaves as much
//! later, while other processes go on. Nothing ticks: an idle hour is one jump.
//!
//! # Why the network is our own
//!
//! The parity tests of `holdtime-sim` run small programs here and on Linux, and both must see the same. turmoil-net 0.1 was the first
//! choice and was set aside, because its TCP shows an application what Linux does not: `docs/decisions.md` has the list.

pub mod choices;
pub mod clock;
pub mod executor;
pub mod guest;
pub mod host;
mod id;
pub mod net;
mod octets;
pub mod rng;
pub mod trace;
pub mod world;

pub use executor::{Lab, Stop};
pub use host::SimHost;
pub use world::{LabSettings, World};
