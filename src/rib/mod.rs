//! What is announced to a peer and what was announced by it: one [`AdjRibOut`] and one [`AdjRibIn`] for each neighbor.
//!
//! Nothing here knows of sessions: it is told what one negotiated, when it packs.

mod batch;
mod incoming;
mod line;
mod outgoing;
mod packing;
mod path;
mod update;
mod watchdog;

pub use batch::{MAX_WORK, Packed};
pub use incoming::{AdjRibIn, Received};
pub use outgoing::{AdjRibOut, Announced};
pub use packing::{Own, Packing, PeerTerms};
pub use path::{Destination, Hop, Path};
pub use watchdog::{Watchdogs, Watched};
