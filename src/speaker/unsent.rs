//! What the log says of routes of which a peer does not learn what was announced.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::commands::CommandHandle;
use super::id::NeighborId;
use super::neighbor::NeighborState;
use crate::grammar::Announcement;
use crate::print::nlri_text;
use crate::rib::{self, Destination, RouteTrouble};
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

impl CommandHandle<'_> {
    /// What is wrong with a command that announces a route for which none of these neighbors has a message that is large enough. How many
    /// were looked at for that is taken from the `room` of the turn.
    pub(super) fn too_large_for_all(
        &self,
        announcements: &[Announcement],
        neighbors: &[NeighborId],
        room: &mut usize,
    ) -> Option<String> {
        let mut large = announcements.iter().filter(|one| !rib::fits_every_session(&one.route));
        large.find_map(|one| self.too_large_for_each(one, neighbors, room))
    }

    fn too_large_for_each(
        &self,
        announcement: &Announcement,
        neighbors: &[NeighborId],
        room: &mut usize,
    ) -> Option<String> {
        let family = announcement.route.nlri.family();
        let mut first = None;
        for neighbor in neighbors.iter().filter_map(|id| self.neighbors.get(id)) {
            if !neighbor.families().contains(&family) {
                continue;
            }
            *room = room.saturating_sub(1);
            let trouble = neighbor.too_large(announcement)?;
            first.get_or_insert((neighbor, trouble));
        }
        let (neighbor, trouble) = first?;
        let destination = Destination::new(&announcement.route.nlri, announcement.route.path_id);
        Some(format!(
            "announces what no peer can be told of: {} {}",
            neighbor.party(),
            sentence(&destination, trouble)
        ))
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
