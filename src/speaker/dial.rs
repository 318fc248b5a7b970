//! How a session dials its peer.

use core::net::SocketAddr;

use holdtime_host::{CloseKind, StreamId, TcpOptions};

use super::action::Action;
use super::id::NeighborId;
use super::sessions::SessionHandle;
use super::stream::Owner;
use crate::session::Direction;
use crate::time::Now;

impl SessionHandle<'_> {
    /// Dials a neighbor.
    pub(super) fn dial(&mut self, now: Now, id: NeighborId) {
        let exhausted = self.attempts_exhausted(id);
        let port = self.environment.settings.tcp.port;
        let Some(neighbor) = self.neighbors.get_mut(&id) else { return };
        if exhausted || neighbor.refused {
            neighbor.outgoing.session.connection_failed(now.monotonic);
            return;
        }
        neighbor.attempts += 1;
        let stream = self.transport.streams.open(Owner::Session(id, Direction::Outgoing));
        neighbor.outgoing.stream = Some(stream);
        let config = &neighbor.config;
        let remote = SocketAddr::new(config.peer.address, config.connect.unwrap_or(port));
        let options = TcpOptions {
            ttl: config.outgoing_ttl,
            min_ttl: config.incoming_ttl,
            md5: config.md5.as_ref().map(|md5| md5.key.clone()),
            ao: config.tcp_ao.clone(),
            interface: config.source_interface.clone(),
        };
        self.contract.act(Action::Connect { stream, local: config.local_address, remote, options });
    }

    /// Whether a neighbor was dialled as often as the settings allow.
    pub(super) fn attempts_exhausted(&self, id: NeighborId) -> bool {
        let limit = self.environment.settings.tcp.attempts;
        limit > 0 && self.neighbors.get(&id).is_some_and(|neighbor| neighbor.attempts >= limit)
    }

    /// Closes a dial that is no longer wanted.
    pub(super) fn hang_up(&mut self, stream: StreamId) {
        self.transport.streams.close(stream, CloseKind::Reset, &mut self.contract.actions);
    }
}
