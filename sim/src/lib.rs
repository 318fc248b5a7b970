//! The lab of holdtime: it runs the shipped reactors, line for line, on a simulated network under a virtual clock.
//!
//! The machines are `holdtime-machine`'s, which knows no BGP. Here is what makes a test of them: scenarios, the peers and programs
//! that play them, the oracles that judge from outside, and the story of a hang.
//!
//! Reactors, scripted peers and scripted programs are all tasks on a [`SimHost`](holdtime_machine::SimHost); none can tell it from a
//! real machine, which the parity tests check.
//!
//! turmoil 0.7 is a [`second`] and independent host for the `async` reactor.

pub mod defective;
pub mod flight;
pub mod mistake;
pub mod oracle;
pub mod parity;
pub mod pcap;
pub mod reactors;
pub mod report;
pub mod run;
pub mod scenario;
pub mod script;
pub mod second;
pub mod star;
pub mod suite;
mod twin;
pub mod verdict;
pub mod watch;
pub mod witness;
