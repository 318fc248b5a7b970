//! Long answers, which are given a piece at a time so that nothing else waits for them.

use alloc::collections::VecDeque;
use alloc::string::String;

use super::super::id::NeighborId;
use crate::api::command::{AdjRib, RouteFilter};
use crate::rib::Destination;

/// An answer that is under way.
#[derive(Clone, Debug)]
pub(in crate::speaker) enum Task {
    /// Lines that are known already, and then `done`.
    Lines(VecDeque<String>),
    /// `show adj-rib`: neighbor by neighbor, route by route, and then `done`.
    Routes(ShowRoutes),
}

/// How `show adj-rib` writes a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::speaker) enum RouteForm {
    /// As the configuration would.
    Text,
    /// As JSON, the prefix alone (`exabgp.api.show-routes-format` v1).
    Prefix,
    /// As JSON, all of it (v2).
    Whole,
}

/// What `show adj-rib` was asked for, and where it stands.
#[derive(Clone, Debug)]
pub(in crate::speaker) struct ShowRoutes {
    /// Which of the two.
    pub(in crate::speaker) side: AdjRib,
    /// Which kinds of routes.
    pub(in crate::speaker) routes: RouteFilter,
    /// The neighbor's whole name, and the attributes.
    pub(in crate::speaker) extensive: bool,
    /// How they are written.
    pub(in crate::speaker) form: RouteForm,
    /// The neighbors that are still to be shown, the current one first.
    pub(in crate::speaker) neighbors: VecDeque<NeighborId>,
    /// The route of the current neighbor that was shown last.
    pub(in crate::speaker) after: Option<Destination>,
}
