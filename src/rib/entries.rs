//! The entries of a table, by the numbers of their destinations, block by block.
//!
//! A block whose entries are as they were first announced, and have been sent or wait for that, is a [`Shelf`], which neighbors
//! share: a bit for each entry says which of the two it is. Any other block is the neighbor's own.

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
        /// In which session it was advertised, but for what waits.
        session: u32,
        /// A bit for each number that waits, at the place that is its age.
        waiting: u64,
    },
}

/// A block that says more than a shelf can.
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
            Self::Shared { shelf, oldest, session, waiting } => {
                shelf.get(index, *oldest, (*waiting & bit == 0).then_some(*session))
            }
        }
    }

    /// Makes it the neighbor's own, where it is not.
    fn own(&mut self) -> &mut OwnBlock {
        if let Self::Shared { shelf, oldest, session, waiting } = self {
            let entries = shelf.entries(*oldest, *session, *waiting).collect();
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

    /// Lets the entry of a number wait that was not advertised in this session, at `place` where its block is the neighbor's own.
    /// Returns the place at which it waits then.
    pub(super) fn wait(&mut self, number: u32, in_session: u32, place: u64) -> Option<u64> {
        let at = self.position(number / BLOCK).ok()?;
        let (_, block) = self.blocks.get_mut(at)?;
        if let TableBlock::Shared { shelf, session, waiting, .. } = block
            && *session != in_session
        {
            // What was advertised in another session waits too, or soon will.
            (*session, *waiting) = (in_session, shelf.occupied());
        }
        if let TableBlock::Shared { .. } = block {
            return block.get(number).map(|entry| entry.place).filter(|place| *place != 0);
        }
        let entry = self.get_mut(number)?;
        entry.place = place;
        Some(place)
    }

    /// An entry that waits is advertised: `false` where that takes more than a bit of a shelf.
    pub(super) fn note_advertised(&mut self, number: u32, in_session: u32) -> bool {
        let Ok(at) = self.position(number / BLOCK) else { return false };
        let Some((_, TableBlock::Shared { shelf, session, waiting, .. })) = self.blocks.get_mut(at) else {
            return false;
        };
        let (bit, _) = bit(shelf.occupied(), number);
        // As long as all of it waits it is of no session.
        if *waiting == shelf.occupied() {
            *session = in_session;
        }
        let may = *session == in_session && *waiting & bit != 0;
        if may {
            *waiting &= !bit;
        }
        may
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

    /// Puts the block of a number on a shelf, if a shelf can say all of it.
    pub(super) fn settle(&mut self, catalogue: &mut Catalogue, number: u32) {
        let block = number / BLOCK;
        let Ok(at) = self.position(block) else { return };
        let Some((_, known)) = self.blocks.get_mut(at) else { return };
        let TableBlock::Own(OwnBlock { occupied, entries }) = known else { return };
        let advertised = |entry: &&Entry| entry.advertised_in != 0;
        let session = entries.iter().find(advertised).map_or(0, |entry| entry.advertised_in);
        let mut waiting = 0;
        let mut left = *occupied;
        for entry in &*entries {
            let lowest = left & left.wrapping_neg();
            left ^= lowest;
            if entry.is_fresh() {
                waiting |= lowest;
            } else if !entry.rests_since(session) {
                return;
            }
        }
        let ages = || entries.iter().map(|entry| entry.since);
        let (Some(oldest), Some(youngest)) = (ages().min(), ages().max()) else { return };
        if youngest - oldest > u64::from(u32::MAX) {
            return;
        }
        let is_same = |shelf: &Shelf| shelf.is_of(*occupied, entries, oldest);
        let shelf = catalogue.shelf(block, is_same, || Shelf::new(*occupied, entries, oldest));
        *known = TableBlock::Shared { shelf, oldest, session, waiting };
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
    fn what_waits_as_it_was_first_announced_stands_once_and_a_bit_says_who_has_it() {
        let mut catalogue = Catalogue::default();
        let path = Arc::new(Path { hop: Hop::Own, attributes: Arc::default() });
        let mut fresh = |first: u64| {
            let mut entries = TableEntries::default();
            for number in [1, 5, 60] {
                let entry = Entry::new(path.clone(), None, first + u64::from(number), 0, false);
                entries.insert(&mut catalogue, number, entry);
            }
            entries.settle(&mut catalogue, 1);
            entries
        };
        let (mut first, second) = (fresh(100), fresh(7_000));
        assert!(shelf(&first).zip(shelf(&second)).is_some_and(|(a, b)| Arc::ptr_eq(a, b)));
        let seen = |entries: &TableEntries| {
            [1, 5, 60].map(|number| entries.get(number).map(|entry| (entry.place, entry.advertised_in)))
        };
        assert!(first.note_advertised(5, 2) && !first.note_advertised(5, 2), "it waits no more");
        assert!(!first.note_advertised(60, 3), "what has been advertised was in another session");
        assert_eq!(seen(&first), [Some((101, 0)), Some((0, 2)), Some((160, 0))]);
        assert_eq!(seen(&second), [Some((7_001, 0)), Some((7_005, 0)), Some((7_060, 0))]);
        let mut own = first.copy(&mut catalogue);
        assert_eq!(own.get_mut(5).map(|entry| (entry.place, entry.advertised_in)), Some((0, 2)));
        assert_eq!(seen(&own), seen(&first), "as entries of its own");
        assert_eq!(first.wait(5, 2, 9_000), None, "this session has it");
        assert_eq!(first.wait(5, 3, 9_000), Some(105));
        assert_eq!(
            seen(&first),
            [Some((101, 0)), Some((105, 0)), Some((160, 0))],
            "the next one has nothing"
        );
        assert_eq!(
            (own.wait(60, 3, 9_000), own.get(60).map(|entry| entry.place)),
            (Some(9_000), Some(9_000))
        );
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
