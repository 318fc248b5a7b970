//! Writes what programs are told.

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::environment::Identity;
use super::id::NeighborId;
use super::neighbor::NeighborState;
use crate::api::{self, ApiEvent, Envelope};
use crate::config::Encoder;
use crate::time::{Now, Timestamp};

/// Who tells, and how.
#[derive(Clone, Debug, Default)]
pub(super) struct Teller {
    /// Who this process is.
    pub(super) identity: Identity,
    /// Shorter JSON for unicast NLRI (`exabgp.api.compact`).
    pub(super) compact: bool,
    /// How many events of each neighbor were written in JSON.
    counters: BTreeMap<NeighborId, u64>,
}

impl Teller {
    /// What stands around an event.
    fn envelope(&self, wall: Timestamp, counter: u64) -> Envelope<'_> {
        let Identity { host, pid, ppid, .. } = &self.identity;
        Envelope { host, pid: *pid, ppid: *ppid, time: wall.as_nanos(), counter }
    }

    /// The line that tells a program that the speaker ends.
    pub(super) fn shutdown(&self, wall: Timestamp, encoder: Encoder) -> String {
        let mut line = String::new();
        let envelope = self.envelope(wall, 0);
        match encoder {
            Encoder::Json => api::json::shutdown(&mut line, &envelope),
            Encoder::Text => api::text::shutdown(&mut line, &envelope),
        }
        line
    }

    /// The line that tells a program how many events it has missed.
    pub(super) fn lost(&self, wall: Timestamp, encoder: Encoder, count: u64) -> String {
        let mut line = String::new();
        match encoder {
            Encoder::Json => api::json::lost(&mut line, &self.envelope(wall, 0), count),
            Encoder::Text => api::text::lost(&mut line, count),
        }
        line
    }

    /// Forgets a neighbor that is gone.
    pub(super) fn forget(&mut self, neighbor: NeighborId) {
        self.counters.remove(&neighbor);
    }

    /// Writes an event; `None` where there is nothing to tell in this encoding.
    pub(super) fn event(
        &mut self,
        now: Now,
        neighbor: &NeighborState,
        encoder: Encoder,
        event: &ApiEvent<'_>,
    ) -> Option<String> {
        let peer = api::Peer {
            local_address: neighbor.local_address(),
            peer_address: neighbor.config.peer.address,
            local_as: neighbor.config.local_as,
            peer_as: neighbor.config.peer_as,
            router_id: Some(neighbor.config.router_id),
        };
        let mut line = String::new();
        let told = match encoder {
            Encoder::Text => api::text::event(&mut line, &peer, event),
            Encoder::Json => {
                let counter = self.counters.get(&neighbor.id).map_or(1, |count| count + 1);
                let told = api::json::event(
                    &mut line,
                    &self.envelope(now.wall, counter),
                    &peer,
                    event,
                    self.compact,
                );
                if told {
                    self.counters.insert(neighbor.id, counter);
                }
                told
            }
        };
        told.then_some(line)
    }
}
