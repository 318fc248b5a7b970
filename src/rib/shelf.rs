//! TableEntries at rest: a stretch of a table of which nothing waits to be sent, as all neighbors that say the same share it.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::entry::{Entry, EntryView};
use super::path::Path;
use crate::wire::Nlri;

/// See the module's documentation. What it does not say is the neighbor's: in which session it was advertised, and when it began.
#[derive(Debug)]
pub(super) struct Shelf {
    /// A bit for each number of the block.
    occupied: u64,
    /// Those that are there, in the order of their numbers.
    resting: Box<[Resting]>,
}

/// An entry at rest.
#[derive(Debug)]
struct Resting {
    path: Arc<Path>,
    exact: Option<Box<Nlri>>,
    /// Its age, from the oldest of the shelf on.
    since: u32,
    generation: u32,
}

impl Shelf {
    /// Of these entries.
    pub(super) fn new(occupied: u64, entries: &[Entry], oldest: u64) -> Self {
        let rest = |entry: &Entry| Resting {
            path: entry.path.clone(),
            exact: entry.exact.clone(),
            since: (entry.since - oldest) as u32,
            generation: entry.generation,
        };
        Self { occupied, resting: entries.iter().map(rest).collect() }
    }

    /// Whether it says what these entries do.
    pub(super) fn is_of(&self, occupied: u64, entries: &[Entry], oldest: u64) -> bool {
        let same = |(resting, entry): (&Resting, &Entry)| {
            Arc::ptr_eq(&resting.path, &entry.path)
                && u64::from(resting.since) == entry.since - oldest
                && resting.generation == entry.generation
                && resting.exact == entry.exact
        };
        self.occupied == occupied && self.resting.iter().zip(entries).all(same)
    }

    /// Which numbers of the block are there.
    pub(super) fn occupied(&self) -> u64 {
        self.occupied
    }

    /// One of its entries, by its place among them, of a neighbor for which the shelf began with `oldest` and was advertised in
    /// `session`.
    pub(super) fn get(&self, index: usize, oldest: u64, session: u32) -> Option<EntryView<'_>> {
        self.resting.get(index).map(|resting| EntryView {
            path: &resting.path,
            exact: resting.exact.as_deref(),
            place: 0,
            since: oldest + u64::from(resting.since),
            advertised_in: session,
            generation: resting.generation,
            withdrawn: false,
            refused: false,
        })
    }

    /// All of them as entries of such a neighbor, to be changed.
    pub(super) fn entries(&self, oldest: u64, session: u32) -> impl Iterator<Item = Entry> + use<'_> {
        self.resting.iter().map(move |resting| Entry {
            path: resting.path.clone(),
            exact: resting.exact.clone(),
            place: 0,
            since: oldest + u64::from(resting.since),
            advertised_in: session,
            generation: resting.generation,
            withdrawn: false,
            refused: false,
        })
    }
}
