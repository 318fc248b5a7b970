//! The messages of BGP-4 and the header before each (RFC 4271 §4.1).

use alloc::boxed::Box;

use super::notification::Notification;
use super::open::Open;
use super::operational::Operational;
use super::refresh::RouteRefresh;
use super::update::Update;

/// A message of any type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// Type 1
    Open(Open),
    /// Type 2
    Update(Update),
    /// Type 3
    Notification(Notification),
    /// Type 4
    Keepalive,
    /// Type 5 (RFC 2918)
    RouteRefresh(RouteRefresh),
    /// Type 6 (draft-ietf-idr-operational-message)
    Operational(Operational),
    /// Any other, kept whole.
    Unknown {
        /// Its type.
        kind: u8,
        /// What stands after the header.
        body: Box<[u8]>,
    },
}
