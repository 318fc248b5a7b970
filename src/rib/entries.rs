//! The entries of a table, by the numbers of their destinations: block by block, at rest or not.
//!
//! A block of which something waits is the neighbor's own; one of which nothing does is a [`Shelf`], which neighbors share.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::catalogue::{BLOCK, Catalogue};
use super::entry::{Entry, EntryView};
use super::shelf::Shelf;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct TableEntries {
    /// By their numbers. One that is empty may stay for a while.
    blocks: Vec<(u32, TableBlock)>,
    empty: usize,
    len: usize,
}

#[derive(Clone, Debug)]
enum TableBlock {
    Own(OwnBlock),
    Shared {
        shelf: Arc<Shelf>,
        /// The age of its oldest entry.
        oldest: u64,
        /// In which session it was advertised.
        session: u32,
    },
}

/// A block of which something waits.
#[derive(Clone, Debug, Default)]
struct OwnBlock {
    occupied: u64,
    /// Those that are there, in the order of their numbers.
    entries: Vec<Entry>,
}

/// The bit of a number in its block, and how many bits of `occupied` are below it.
fn bit(occupied: u64, number: u32) -> (u64, usize) {
    let bit = 1 << (number % BLOCK);
    (bit, (occupied & (bit - 1)).count_ones() as usize)
}

impl TableBlock {
    fn occupied(&self) -> u64 {
        match self {
            Self::Own(own) => own.occupied,
            Self::Shared { shelf, .. } => shelf.occupied(),
        }
    }

    fn get(&self, number: u32) -> Option<EntryView<'_>> {
        let (bit, index) = bit(self.occupied(), number);
        if self.occupied() & bit == 0 {
            return None;
        }
        match self {
            Self::Own(own) => own.entries.get(index).map(Entry::view),
            Self::Shared { shelf, oldest, session } => shelf.get(index, *oldest, *session),
        }
    }

    /// Makes it the neighbor's own, where it is not.
    fn own(&mut self) -> &mut OwnBlock {
        if let Self::Shared { shelf, oldest, session } = self {
            let entries = shelf.entries(*oldest, *session).collect();
            *self = Self::Own(OwnBlock { occupied: shelf.occupied(), entries });
        }
        match self {
            Self::Own(own) => own,
            Self::Shared { .. } => unreachable!("it was made its own"),
        }
    }
}

impl TableEntries {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Where a block stands, or would have to.
    fn position(&self, block: u32) -> Result<usize, usize> {
        // Mostly the blocks are there one after the other.
        let first = self.blocks.first().map_or(0, |(first, _)| *first);
        let guess = block.saturating_sub(first) as usize;
        if self.blocks.get(guess).is_some_and(|(known, _)| *known == block) {
            return Ok(guess);
        }
        self.blocks.binary_search_by_key(&block, |(known, _)| *known)
    }

    fn block(&self, block: u32) -> Option<&TableBlock> {
        self.position(block).ok().and_then(|at| self.blocks.get(at)).map(|(_, block)| block)
    }

    /// The entry of a number.
    pub(super) fn get(&self, number: u32) -> Option<EntryView<'_>> {
        self.block(number / BLOCK)?.get(number)
    }

    /// The same, to change it: its block is the neighbor's own from now on.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Entry> {
        let at = self.position(number / BLOCK).ok()?;
        let (_, block) = self.blocks.get_mut(at)?;
        let (bit, index) = bit(block.occupied(), number);
        if block.occupied() & bit == 0 {
            return None;
        }
        block.own().entries.get_mut(index)
    }

    /// Puts an entry to a number that has none.
    pub(super) fn insert(&mut self, catalogue: &mut Catalogue, number: u32, entry: Entry) {
        let block = number / BLOCK;
        let at = self.position(block).unwrap_or_else(|at| {
            self.blocks.insert(at, (block, TableBlock::Own(OwnBlock::default())));
            self.empty += 1;
            at
        });
        let Some((_, block)) = self.blocks.get_mut(at) else { return };
        let own = block.own();
        self.empty -= usize::from(own.occupied == 0);
        let (bit, index) = bit(own.occupied, number);
        own.occupied |= bit;
        own.entries.insert(index, entry);
        self.len += 1;
        catalogue.hold(number);
    }

    /// Forgets the entry of a number.
    pub(super) fn remove(&mut self, catalogue: &mut Catalogue, number: u32) {
        let Ok(at) = self.position(number / BLOCK) else { return };
        let Some((_, block)) = self.blocks.get_mut(at) else { return };
        let own = block.own();
        let (bit, index) = bit(own.occupied, number);
        if own.occupied & bit == 0 {
            return;
        }
        own.occupied &= !bit;
        own.entries.remove(index);
        self.len -= 1;
        if own.occupied == 0 {
            own.entries = Vec::new();
            self.empty += 1;
            if self.empty > self.blocks.len() / 2 {
                self.blocks.retain(|(_, block)| block.occupied() != 0);
                self.blocks.shrink_to_fit();
                self.empty = 0;
            }
        }
        catalogue.release(number);
    }

    /// Puts the block of a number on a shelf, if nothing of it waits: all of it was advertised, and in one session.
    pub(super) fn settle(&mut self, catalogue: &mut Catalogue, number: u32) {
        let block = number / BLOCK;
        let Ok(at) = self.position(block) else { return };
        let Some((_, known)) = self.blocks.get_mut(at) else { return };
        let TableBlock::Own(OwnBlock { occupied, entries }) = known else { return };
        let Some(session) = entries.first().map(|entry| entry.advertised_in).filter(|session| *session != 0)
        else {
            return;
        };
        let rests = |entry: &Entry| {
            entry.place == 0 && !(entry.withdrawn || entry.refused) && entry.advertised_in == session
        };
        if !entries.iter().all(rests) {
            return;
        }
        let ages = || entries.iter().map(|entry| entry.since);
        let (Some(oldest), Some(youngest)) = (ages().min(), ages().max()) else { return };
        if youngest - oldest > u64::from(u32::MAX) {
            return;
        }
        let is_same = |shelf: &Shelf| shelf.is_of(*occupied, entries, oldest);
        let shelf = catalogue.shelf(block, is_same, || Shelf::new(*occupied, entries, oldest));
        *known = TableBlock::Shared { shelf, oldest, session };
    }

    /// The entries from this number on.
    pub(super) fn from(&self, number: u32) -> impl Iterator<Item = (u32, EntryView<'_>)> + use<'_> {
        let at = self.position(number / BLOCK).unwrap_or_else(|at| at);
        let blocks = self.blocks.get(at..).unwrap_or_default().iter();
        blocks.flat_map(move |(block, known)| {
            let numbers = (block * BLOCK..(block + 1) * BLOCK).filter(move |one| *one >= number);
            numbers.filter_map(move |number| Some((number, known.get(number)?)))
        })
    }

    /// A copy, for another neighbor.
    pub(super) fn copy(&self, catalogue: &mut Catalogue) -> Self {
        for (number, _) in self.from(0) {
            catalogue.hold(number);
        }
        Self { blocks: self.blocks.clone(), empty: self.empty, len: self.len }
    }

    /// Forgets entries, as long as there is room; whether none is left.
    pub(super) fn clear(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        while *room > 0
            && let Some((block, known)) = self.blocks.pop()
        {
            let occupied = known.occupied();
            for number in (0..BLOCK).filter(|number| occupied & (1 << number) != 0) {
                catalogue.release(block * BLOCK + number);
                self.len -= 1;
            }
            *room = room.saturating_sub(occupied.count_ones() as usize);
        }
        self.blocks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rib::path::{Hop, Path};

    fn entry(path: &Arc<Path>, since: u64) -> Entry {
        let mut entry = Entry::new(path.clone(), None, since, 0, false);
        (entry.place, entry.advertised_in) = (0, 3);
        entry
    }

    fn filled(catalogue: &mut Catalogue, path: &Arc<Path>, first: u64) -> TableEntries {
        let mut entries = TableEntries::default();
        for number in [1, 5, 60, 70] {
            entries.insert(catalogue, number, entry(path, first + u64::from(number)));
        }
        entries.settle(catalogue, 1);
        entries
    }

    fn shelf(entries: &TableEntries) -> Option<&Arc<Shelf>> {
        match entries.block(0)? {
            TableBlock::Shared { shelf, .. } => Some(shelf),
            TableBlock::Own(_) => None,
        }
    }

    #[test]
    fn what_two_neighbors_were_told_alike_stands_once_until_one_of_them_is_told_something_else() {
        let mut catalogue = Catalogue::default();
        let path = Arc::new(Path { hop: Hop::Own, attributes: Arc::default() });
        let mut first = filled(&mut catalogue, &path, 100);
        let second = filled(&mut catalogue, &path, 7_000);
        assert!(shelf(&first).zip(shelf(&second)).is_some_and(|(a, b)| Arc::ptr_eq(a, b)));
        assert!(
            first.get(70).is_some()
                && first.block(1).is_some_and(|block| !matches!(block, TableBlock::Shared { .. }))
        );
        assert_eq!(second.get(60).map(|entry| (entry.since, entry.advertised_in)), Some((7_060, 3)));
        first.get_mut(5).expect("it is there").place = 9;
        first.settle(&mut catalogue, 5);
        assert!(shelf(&first).is_none() && shelf(&second).is_some(), "something waits");
        first.get_mut(5).expect("it is there").place = 0;
        first.settle(&mut catalogue, 5);
        assert!(shelf(&first).zip(shelf(&second)).is_some_and(|(a, b)| Arc::ptr_eq(a, b)), "as before");
    }

    #[test]
    fn entries_that_are_gone_leave_the_others_where_they_are() {
        let mut catalogue = Catalogue::default();
        let path = Arc::new(Path { hop: Hop::Own, attributes: Arc::default() });
        let mut entries = filled(&mut catalogue, &path, 100);
        entries.remove(&mut catalogue, 5);
        entries.remove(&mut catalogue, 5);
        entries.remove(&mut catalogue, 6);
        assert!(entries.from(2).map(|(number, entry)| (number, entry.since)).eq([(60, 160), (70, 170)]));
        let mut copy = entries.copy(&mut catalogue);
        assert!(copy.clear(&mut catalogue, &mut 10) && copy.len() == 0);
        assert_eq!(entries.len(), 3);
    }
}
