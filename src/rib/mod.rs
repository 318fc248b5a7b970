//! What is announced to a peer and what was announced by it: one [`AdjRibOut`] and one [`AdjRibIn`] for each neighbor.
//!
//! Nothing here knows of sessions: it is told what one negotiated, when it packs.

mod batch;
mod catalogue;
mod change;
mod entries;
mod entry;
mod fit;
mod incoming;
mod listed;
mod number_set;
mod order;
mod outgoing;
mod packing;
mod path;
mod queue;
mod runs;
mod shelf;
mod table;
mod trouble;
mod update;
mod walk;
mod watchdog;

pub use batch::{MAX_WORK, PackLimits, Packed};
pub use catalogue::{Catalogue, Resolved};
pub use fit::{fits_every_session, too_large};
pub use incoming::{AdjRibIn, Received};
pub use outgoing::{AdjRibOut, Announced};
pub use packing::{Packing, PeerTerms};
pub use path::{Destination, Hop, Own, Path};
pub use trouble::RouteTrouble;
pub use watchdog::{Watchdogs, Watched};
