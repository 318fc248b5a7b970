//! What the API's selectors know of a neighbor.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::neighbor::NeighborState;
use crate::api::NeighborName;

/// See the module's documentation.
pub(super) fn selector_name(neighbor: &NeighborState) -> NeighborName {
    let config = &neighbor.config;
    let mut family_allowed = String::from("in-open");
    if config.capabilities.multi_session {
        let families = config.families.iter().map(|family| format!("{}-{}", family.afi, family.safi));
        family_allowed = families.collect::<Vec<_>>().join("/");
    }
    NeighborName {
        peer_address: config.peer.address,
        local_address: config.local_address,
        local_as: config.local_as,
        peer_as: config.peer_as,
        router_id: Some(config.router_id),
        family_allowed,
    }
}
