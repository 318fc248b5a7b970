//! What a table knows of a destination.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::change::Change;
use super::path::{Destination, Path};
use crate::wire::{FamilyTerms, Nlri, Writer};

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

    /// Whether `change` is still to be sent: it is the last change, or the last one is not sent yet and says something
    /// else.
    pub(super) fn awaits(&self, change: &Change) -> bool {
        match &change.superseded {
            None => self.place == change.place,
            Some(superseded) => self.place != 0 && !Arc::ptr_eq(&superseded.path, &self.path),
        }
    }

    /// The NLRI of one of its changes as a peer with these terms reads it; `None`: `buffer`, which has room for a message, has
    /// none for it.
    pub(super) fn nlri_octets<'b>(
        &self,
        change: &Change,
        agreed: &FamilyTerms,
        buffer: &'b mut [u8],
    ) -> Option<&'b [u8]> {
        let exact = change.superseded.as_ref().map_or(&self.exact, |superseded| &superseded.exact);
        let nlri = exact.as_deref().unwrap_or(&change.destination.nlri);
        let other_form = agreed.flow_form.rewrite(nlri);
        let nlri = other_form.as_ref().unwrap_or(nlri);
        let mut writer = Writer::new(buffer);
        if agreed.add_path_send {
            writer.u32(change.destination.path_id.unwrap_or_default()).ok()?;
        }
        nlri.encode(&mut writer).ok()?;
        let length = writer.written().len();
        buffer.get(..length)
    }

    /// Goes into the batch: out of the queue, and known by its new place until it is sent.
    pub(super) fn take_place(&mut self, next_place: &mut u64, destination: Destination) -> Change {
        self.place = *next_place;
        *next_place += 1;
        let (place, withdrawn) = (self.place, self.withdrawn);
        Change { place, destination, withdrawn, superseded: None }
    }
}
