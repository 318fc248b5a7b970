//! TableEntries as they were first announced: a stretch of a table, as all neighbors that say the same share it.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::entry::{Entry, EntryView};
use super::path::Path;
use crate::wire::Nlri;

/// See the module's documentation. What it does not say is the neighbor's: in which session it was advertised, or that it still
/// waits, and when it began.
#[derive(Debug)]
pub(super) struct Shelf {
    /// A bit for each number of the block.
    occupied: u64,
    /// Those that are there, in the order of their numbers.
    resting: Box<[Resting]>,
}

/// What an entry says to every neighbor.
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

    /// One of its entries, by its place among them, of a neighbor for which the shelf began with `oldest`, and to which it was
    /// advertised in this session; `None`: it waits at the place that is its age.
    pub(super) fn get(&self, index: usize, oldest: u64, session: Option<u32>) -> Option<EntryView<'_>> {
        self.resting.get(index).map(|resting| {
            let since = oldest + u64::from(resting.since);
            EntryView {
                path: &resting.path,
                exact: resting.exact.as_deref(),
                place: if session.is_some() { 0 } else { since },
                since,
                advertised_in: session.unwrap_or_default(),
                generation: resting.generation,
                withdrawn: false,
                refused: false,
            }
        })
    }

    /// All of them as entries of such a neighbor, to be changed; those of `waiting` wait.
    pub(super) fn entries(
        &self,
        oldest: u64,
        session: u32,
        waiting: u64,
    ) -> impl Iterator<Item = Entry> + use<'_> {
        let bits = (0..u64::BITS).map(|at| 1 << at).filter(|bit| self.occupied & bit != 0);
        self.resting.iter().zip(bits).map(move |(resting, bit)| {
            let since = oldest + u64::from(resting.since);
            let waits = waiting & bit != 0;
            Entry {
                path: resting.path.clone(),
                exact: resting.exact.clone(),
                place: if waits { since } else { 0 },
                since,
                advertised_in: if waits { 0 } else { session },
                generation: resting.generation,
                withdrawn: false,
                refused: false,
            }
        })
    }
}
