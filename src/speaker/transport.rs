//! Every connection: the streams that are open, the sockets that listen, and what was accepted and awaits its OPEN.

use super::awaiting_open::AwaitingOpen;
use super::listeners::Listeners;
use super::stream::Streams;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Transport {
    pub(super) streams: Streams,
    pub(super) listeners: Listeners,
    pub(super) awaiting_open: AwaitingOpen,
}
