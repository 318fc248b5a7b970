//! A way through a whole table, a slice at a time, so that a large one keeps nothing else waiting.

use super::catalogue::Catalogue;
use super::change::Aged;
use super::entries::TableEntries;
use super::entry::EntryView;
use super::runs::{Merged, Runs};

/// A way through the whole table: it is looked through first, and what was found is then taken by its age. A call of either kind
/// goes on as long as there is room, and takes from it what it has used.
#[derive(Clone, Debug)]
pub(super) enum Walk {
    Looking { next: u32, found: Runs<Aged> },
    Taking(Merged<Aged>),
}

impl Default for Walk {
    fn default() -> Self {
        Self::Looking { next: 0, found: Runs::default() }
    }
}

impl Walk {
    /// Looks further; `wanted` says what is to be found.
    pub(super) fn look(
        &mut self,
        entries: &TableEntries,
        names: &Catalogue,
        room: &mut usize,
        wanted: impl Fn(u32, EntryView<'_>) -> bool,
    ) {
        let Self::Looking { next, found } = self else { return };
        for (number, entry) in entries.from(*next) {
            if *room == 0 {
                *next = number;
                return;
            }
            *room -= 1;
            if wanted(number, entry) {
                found.push(Aged { since: entry.since, number }, names);
            }
        }
        *self = Self::Taking(core::mem::take(found).merged(names));
    }

    /// The next one that was found; `None` also while there is more to look through, and where there is no room.
    pub(super) fn take(&mut self, names: &Catalogue, room: &mut usize) -> Option<u32> {
        let Self::Taking(found) = self else { return None };
        *room = room.checked_sub(1)?;
        found.advance(names).map(|aged| aged.number)
    }

    /// Whether everything was found and taken.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Taking(found) if found.peek().is_none())
    }
}
