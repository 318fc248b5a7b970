//! The reactors of holdtime: what runs the sans-IO core on a machine.
//!
//! A reactor decides *when* to feed the core, and nothing else. What it may ask of its machine is [`Host`], where its log goes is [`EventLog`];
//! what it does there is made of the pieces of [`Driver`]. Two ship:
//!
//! - [`poll`]: one loop, and one wait over everything at once;
//! - [`tasks`], called `async` on the command line: a task for everything that can be waited for.

pub mod driver;
pub mod event_log;
pub mod mio_host;
pub mod poll;
pub mod tasks;
pub mod tokio_host;
pub mod turns;
mod unix;

pub use driver::Driver;
pub use event_log::EventLog;
pub use holdtime_host::{AsyncHost, Ends, Host, Ready, layer};
pub use mio_host::MioHost;
pub use tokio_host::TokioHost;
pub use unix::{HostOptions, find_program, try_keys, user};
