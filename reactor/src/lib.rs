//! The reactors of holdtime: what runs the sans-IO core on a machine.
//!
//! A reactor decides *when* to feed the core, and nothing else. What it may ask of its machine is [`Host`].

pub mod host;

pub use host::{AsyncHost, Ends, Host, Ready};
