//! A way through a whole table, a slice at a time, so that a large one keeps nothing else waiting.

use alloc::collections::BTreeMap;
use core::ops::Bound;

use super::change::Aged;
use super::entry::Entry;
use super::path::Destination;
use super::runs::{Merged, Runs};

/// A way through the whole table: it is looked through first, and what was found is then taken by its age. A call of either kind
/// goes on as long as there is room, and takes from it what it has used.
#[derive(Clone, Debug)]
pub(super) enum Walk {
    Looking { after: Option<Destination>, found: Runs<Aged> },
    Taking(Merged<Aged>),
}

impl Default for Walk {
    fn default() -> Self {
        Self::Looking { after: None, found: Runs::default() }
    }
}

impl Walk {
    /// Looks further; `wanted` says what is to be found.
    pub(super) fn look(
        &mut self,
        entries: &BTreeMap<Destination, Entry>,
        room: &mut usize,
        wanted: impl Fn(&Destination, &Entry) -> bool,
    ) {
        let Self::Looking { after, found } = self else { return };
        let from = after.take();
        let start = from.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut last: Option<&Destination> = None;
        for (destination, entry) in entries.range((start, Bound::Unbounded)) {
            if *room == 0 {
                *after = last.cloned().or(from);
                return;
            }
            *room -= 1;
            last = Some(destination);
            if wanted(destination, entry) {
                found.push(Aged { since: entry.since, destination: destination.clone() });
            }
        }
        *self = Self::Taking(core::mem::take(found).merged());
    }

    /// The next one that was found; `None` also while there is more to look through, and where there is no room.
    pub(super) fn take(&mut self, room: &mut usize) -> Option<Destination> {
        let Self::Taking(found) = self else { return None };
        *room = room.checked_sub(1)?;
        found.advance().map(|aged| aged.destination)
    }

    /// Whether everything was found and taken.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Taking(found) if found.peek().is_none())
    }
}
