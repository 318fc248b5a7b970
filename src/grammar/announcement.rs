//! A route as somebody wrote it.

use alloc::string::String;
use alloc::sync::Arc;

use crate::wire::Route;

/// What a statement does with its routes. To withdraw a route, its destination is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteAction {
    /// Announce them.
    Announce,
    /// Withdraw them.
    Withdraw,
}

/// A route as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The route. Attributes that were not written are not there: what a session adds depends on its peer.
    pub route: Route,
    /// `next-hop self` whose address only the session knows; `route.next_hop` is `None` then.
    pub next_hop_self: bool,
    /// The watchdog that announces and withdraws it.
    pub watchdog: Option<Arc<Watchdog>>,
}

/// `watchdog NAME`, perhaps with `withdraw`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watchdog {
    /// Its name, as in `announce watchdog NAME`.
    pub name: String,
    /// Whether the route waits for `announce watchdog` before it is announced.
    pub withdrawn: bool,
}
