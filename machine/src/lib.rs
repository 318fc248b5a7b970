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
//! turmoil-net 0.1 was the first choice and was set aside, for what its TCP shows to an application is not what Linux
//! shows, in places that no caller can mend. Read in its `kernel/tcp.rs`, and seen when running it:
//!
//! - no persist timer, and no window update when a reader makes room in small steps: a stream stalls for ever;
//! - buffer sizes and MSS per network, not per socket, and an unscaled window of 64 KiB;
//! - retransmission, the handshake's included, counts passes of the harness instead of time and gives up after a fixed
//!   number of them; every pass visits every socket of a host;
//! - RST throws away what was received and not yet read; Linux delivers it first. Afterwards every call reports the
//!   reset; Linux reports it once, then the end or `EPIPE`;
//! - an orphaned connection takes data for ever; Linux answers it with RST. There is no TIME-WAIT;
//! - one backlog for handshakes and connections together; Linux's client believes it is connected when the accept queue
//!   is full, and its data are acknowledged only once there is room.

pub mod clock;
pub mod executor;
pub mod host;
pub mod net;
pub mod rng;
pub mod trace;
pub mod world;

pub use executor::{Lab, Stop};
pub use host::SimHost;
pub use world::{Settings, World};
