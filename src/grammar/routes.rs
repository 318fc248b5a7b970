//! Where routes go as they are read: what is equal is kept once, however many routes share it.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::announcement::{Announcement, Watchdog};
use super::attribute::RouteDraft;
use super::fault::Span;
use super::prefix_route::PrefixStatement;
use crate::wire::{Attributes, Family, NextHop, Nlri, Route};

/// The routes read so far, and what they share.
#[derive(Debug, Default)]
pub(crate) struct RouteCollector {
    pub(crate) announcements: Vec<Announcement>,
    /// Where the first route of each family stands, and the first with `next-hop self`.
    pub(crate) first: Vec<(Family, Span)>,
    pub(crate) first_self: Vec<(Family, Span)>,
    /// How many routes came out of a `split`.
    pub(super) from_splits: u32,
    /// What the options of the last `route` came to, and where they stand.
    pub(super) repeat: Option<(Span, PrefixStatement)>,
    /// The statement being read.
    place: Span,
    attributes: BTreeSet<Arc<Attributes>>,
    watchdogs: BTreeSet<Arc<Watchdog>>,
}

/// What the routes of one statement have in common: everything but the destination.
#[derive(Debug)]
pub(crate) struct SharedParts {
    path_id: Option<u32>,
    next_hop: Option<NextHop>,
    next_hop_self: bool,
    attributes: Arc<Attributes>,
    watchdog: Option<Arc<Watchdog>>,
}

impl RouteCollector {
    /// What a complete draft says of each of its routes.
    pub(crate) fn common(&mut self, draft: RouteDraft) -> SharedParts {
        let withdrawn = draft.withdrawn;
        let watchdog = draft.watchdog.map(|name| shared(&mut self.watchdogs, Watchdog { name, withdrawn }));
        SharedParts {
            path_id: draft.path_id,
            next_hop: draft.next_hop,
            next_hop_self: draft.next_hop_self,
            attributes: shared(&mut self.attributes, draft.attributes),
            watchdog,
        }
    }

    /// Begins a statement at `place`.
    pub(crate) fn begin(&mut self, place: Span) {
        self.place = place;
    }

    /// Adds the route to `nlri`.
    pub(crate) fn add(&mut self, common: &SharedParts, nlri: Nlri) {
        let family = nlri.family();
        let unknown = |first: &[(Family, Span)]| !first.iter().any(|(known, _)| *known == family);
        if unknown(&self.first) {
            self.first.push((family, self.place));
        }
        if common.next_hop_self && unknown(&self.first_self) {
            self.first_self.push((family, self.place));
        }
        self.announcements.push(Announcement {
            route: Route {
                path_id: common.path_id,
                nlri,
                next_hop: common.next_hop,
                attributes: Arc::clone(&common.attributes),
            },
            next_hop_self: common.next_hop_self,
            watchdog: common.watchdog.clone(),
        });
    }

    /// Adds the one route that a statement is about.
    pub(crate) fn add_one(&mut self, draft: RouteDraft, nlri: Nlri) {
        let common = self.common(draft);
        self.add(&common, nlri);
    }
}

fn shared<T: Ord>(known: &mut BTreeSet<Arc<T>>, value: T) -> Arc<T> {
    if let Some(shared) = known.get(&value) {
        return Arc::clone(shared);
    }
    let shared = Arc::new(value);
    known.insert(Arc::clone(&shared));
    shared
}
