//! The lab of holdtime: it runs the shipped reactors, line for line, on a simulated network under a virtual clock.
//!
//! ```text
//! Lab (executor)      which task runs next, drawn from the seed; jumps from one event to the next
//!   World             machines, processes, pipes, the agenda of what is to happen, the trace and its hash
//!     Network         addresses, links, and TCP as Linux shows it to an application
//!   SimHost           a process's handle on its machine: holdtime_reactor's Host and AsyncHost
//! ```
//!
//! Reactors, scripted peers and scripted programs are all tasks on a [`SimHost`]; none can tell it from a real machine,
//! which the parity tests check.
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
//!
//! What stays is turmoil 0.7 itself, as a [`second`] and independent host for the `async` reactor.

pub mod clock;
pub mod defective;
pub mod executor;
pub mod flight;
pub mod host;
pub mod mistake;
pub mod net;
pub mod oracle;
pub mod parity;
pub mod pcap;
pub mod reactors;
pub mod report;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod script;
pub mod second;
pub mod star;
pub mod suite;
pub mod trace;
mod twin;
pub mod verdict;
pub mod watch;
pub mod witness;
pub mod world;

pub use executor::{Lab, Stop};
pub use host::SimHost;
pub use world::{Settings, World};
