//! turmoil's machines as hosts: what the lab's second engine runs reactors, peers and programs on.

mod channel;
mod host;

pub use host::TurmoilHost;
pub(crate) use host::{Common, Program};
