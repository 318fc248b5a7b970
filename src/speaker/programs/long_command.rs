//! Commands that go over many routes or neighbors: they are carried out a slice at a time, so that nobody else waits for them.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::id::NeighborId;
use crate::api::command::{AdjRib, RouteAction};
use crate::grammar::Announcement;
use crate::rib::Destination;

/// A command that is under way, and how far it is.
#[derive(Clone, Debug)]
pub(in crate::speaker) enum LongCommand {
    /// Routes that are announced or withdrawn.
    Routes {
        /// Which of the two.
        action: RouteAction,
        /// The routes, and which of them is next.
        announcements: Vec<Announcement>,
        next: usize,
        /// The neighbors, and which of them is next for this route.
        neighbors: Vec<NeighborId>,
        at: usize,
    },
    /// `clear adj-rib`.
    Clear {
        side: AdjRib,
        /// Those that are still to be cleared, and whether that has begun for the first of them.
        neighbors: VecDeque<NeighborId>,
        begun: bool,
    },
    /// The routes of a watchdog are announced or withdrawn.
    Watchdog {
        action: RouteAction,
        name: String,
        /// Those that it is still to be done for.
        neighbors: VecDeque<NeighborId>,
        /// The route of the first of them up to which it is done.
        after: Option<Destination>,
    },
}
