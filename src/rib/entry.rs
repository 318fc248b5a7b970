//! What a table knows of a destination.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::path::Path;
use crate::wire::Nlri;

/// What is known of a destination.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key: labels.
    pub(super) exact: Option<Box<Nlri>>,
    /// Its place in the queue or in the batch; 0: it waits for nothing.
    pub(super) place: u64,
    /// The place that it had when something was first announced to its destination: its age.
    pub(super) since: u64,
    /// The session in which the route was advertised; 0: none.
    pub(super) advertised_in: u32,
    /// Which reading of the configuration it is from; 0: none, a program announced it.
    pub(super) generation: u32,
    /// What the peer is to know: the route, or its absence.
    pub(super) withdrawn: bool,
    /// No message of the session could hold it when it was last to be sent.
    pub(super) refused: bool,
}

/// An entry as it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryView<'a> {
    pub(super) path: &'a Arc<Path>,
    pub(super) exact: Option<&'a Nlri>,
    pub(super) place: u64,
    pub(super) since: u64,
    pub(super) advertised_in: u32,
    pub(super) generation: u32,
    pub(super) withdrawn: bool,
    pub(super) refused: bool,
}

impl Entry {
    pub(super) fn new(
        path: Arc<Path>,
        exact: Option<Box<Nlri>>,
        place: u64,
        generation: u32,
        withdrawn: bool,
    ) -> Self {
        Self { path, exact, place, since: place, advertised_in: 0, generation, withdrawn, refused: false }
    }

    /// Whether it is as it was first announced, and waits to be sent.
    pub(super) fn is_fresh(&self) -> bool {
        self.place == self.since && self.advertised_in == 0 && !(self.withdrawn || self.refused)
    }

    /// Whether the route was advertised in this session, and nothing waits.
    pub(super) fn rests_since(&self, session: u32) -> bool {
        self.place == 0 && session != 0 && self.advertised_in == session && !(self.withdrawn || self.refused)
    }

    /// To be looked at.
    pub(super) fn view(&self) -> EntryView<'_> {
        let Self { path, exact, place, since, advertised_in, generation, withdrawn, refused } = self;
        EntryView {
            path,
            exact: exact.as_deref(),
            place: *place,
            since: *since,
            advertised_in: *advertised_in,
            generation: *generation,
            withdrawn: *withdrawn,
            refused: *refused,
        }
    }
}
