//! What the log says of routes of which a peer does not learn what was announced.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::neighbor::NeighborState;
use crate::print::nlri_text;
use crate::rib::{Destination, RouteTrouble};
use crate::wire::PathNlri;

/// So many characters of a route are shown.
const SHOWN: usize = 120;

impl NeighborState {
    /// What is to be said of routes that were packed since this was last asked.
    pub(super) fn take_troubles(&mut self) -> Vec<String> {
        let (named, others) = self.rib_out.take_troubles();
        let mut sentences: Vec<String> =
            named.iter().map(|(route, trouble)| sentence(route, *trouble)).collect();
        if others > 0 {
            sentences.push(format!("{others} more routes are not sent, for reasons like these"));
        }
        sentences
    }
}

fn sentence(Destination { nlri, path_id }: &Destination, trouble: RouteTrouble) -> String {
    let mut route = String::new();
    nlri_text(&mut route, &PathNlri { path_id: *path_id, nlri: nlri.clone() }, None);
    if let Some((cut, _)) = route.char_indices().nth(SHOWN) {
        route.truncate(cut);
        route.push('…');
    }
    match trouble {
        RouteTrouble::TooLarge { needs: Some(needs), max } => format!(
            "is not sent {route}: with its attributes it is a message of {needs} octets, and those of this session have at most {max}"
        ),
        RouteTrouble::TooLarge { needs: None, max } => format!(
            "is not sent {route}: its attributes alone are far more than the {max} octets of this session's messages"
        ),
        RouteTrouble::NoNextHop => {
            format!("is not sent {route}: it has no next hop that its family could have")
        }
        RouteTrouble::ForeignNextHop(next_hop) => format!(
            "is sent {route} with the next hop {}, and has not said that it takes one of that address family (RFC 8950): it may take such routes for withdrawn; others are not named",
            next_hop.address()
        ),
    }
}
