//! A set of destinations by their numbers, a bit for each: of a table of a million it takes some hundred kilobytes at most.

use alloc::collections::BTreeMap;

use super::catalogue::{BLOCK, Catalogue};

/// See the module's documentation. Its numbers stay in use as long as they are in it.
#[derive(Debug, Default)]
pub(super) struct NumberSet {
    /// The bits of each block that has any.
    blocks: BTreeMap<u32, u64>,
}

fn bit(number: u32) -> u64 {
    1 << (number % BLOCK)
}

impl NumberSet {
    /// Whether a number is in it.
    pub(super) fn contains(&self, number: u32) -> bool {
        self.blocks.get(&(number / BLOCK)).is_some_and(|bits| bits & bit(number) != 0)
    }

    /// Puts a number in.
    pub(super) fn insert(&mut self, catalogue: &mut Catalogue, number: u32) {
        let bits = self.blocks.entry(number / BLOCK).or_default();
        if *bits & bit(number) == 0 {
            *bits |= bit(number);
            catalogue.hold(number);
        }
    }

    /// Takes a number out, if it is in.
    pub(super) fn remove(&mut self, catalogue: &mut Catalogue, number: u32) {
        let Some(bits) = self.blocks.get_mut(&(number / BLOCK)) else { return };
        if *bits & bit(number) == 0 {
            return;
        }
        *bits &= !bit(number);
        if *bits == 0 {
            self.blocks.remove(&(number / BLOCK));
        }
        catalogue.release(number);
    }

    /// Takes one out, and leaves it in use: the caller lets it go.
    pub(super) fn pop(&mut self) -> Option<u32> {
        let mut first = self.blocks.first_entry()?;
        let number = *first.key() * BLOCK + first.get().trailing_zeros();
        *first.get_mut() &= !bit(number);
        if *first.get() == 0 {
            first.remove();
        }
        Some(number)
    }

    /// Takes numbers out as long as there is room; whether none is left.
    pub(super) fn clear(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        while *room > 0
            && let Some((block, bits)) = self.blocks.pop_last()
        {
            numbers(block, bits).for_each(|number| catalogue.release(number));
            *room = room.saturating_sub(bits.count_ones() as usize);
        }
        self.blocks.is_empty()
    }

    /// A copy, for another neighbor.
    pub(super) fn copy(&self, catalogue: &mut Catalogue) -> Self {
        let all = self.blocks.iter().flat_map(|(block, bits)| numbers(*block, *bits));
        all.for_each(|number| catalogue.hold(number));
        Self { blocks: self.blocks.clone() }
    }
}

fn numbers(block: u32, bits: u64) -> impl Iterator<Item = u32> {
    (0..BLOCK).filter(move |number| bits & bit(*number) != 0).map(move |number| block * BLOCK + number)
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::{Attributes, Ipv4Prefix, Nlri, Prefix, Route};

    #[test]
    fn numbers_are_in_use_until_the_last_set_has_let_them_go() {
        let mut catalogue = Catalogue::default();
        let resolved: Vec<_> = (0..200u8)
            .map(|third| {
                let prefix = Ipv4Prefix::new([10, 0, third, 0].into(), 24).expect("a prefix");
                let nlri = Nlri::Unicast(Prefix::V4(prefix));
                let attributes = Arc::new(Attributes::new());
                catalogue.resolve(&Route { path_id: None, nlri, next_hop: None, attributes }, false)
            })
            .collect();
        let mut set = NumberSet::default();
        for number in [3, 63, 64, 199, 64] {
            set.insert(&mut catalogue, number);
        }
        resolved.into_iter().for_each(|one| catalogue.let_go(one));
        assert_eq!(catalogue.len(), 4);
        let mut copy = set.copy(&mut catalogue);
        set.remove(&mut catalogue, 63);
        set.remove(&mut catalogue, 63);
        assert!(!set.contains(63) && set.contains(64) && !set.contains(65) && copy.contains(63));
        assert!(!set.clear(&mut catalogue, &mut 1) && set.clear(&mut catalogue, &mut 9));
        assert_eq!(catalogue.len(), 4, "the copy has them");
        assert_eq!(copy.pop(), Some(3));
        catalogue.release(3);
        assert_eq!(catalogue.len(), 3);
        assert!(copy.clear(&mut catalogue, &mut 9) && copy.pop().is_none());
        assert_eq!(catalogue.len(), 0);
    }
}
