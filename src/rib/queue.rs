//! The numbers of destinations that wait for the next batch, each at a place of its own, in the order of their places.

use alloc::collections::VecDeque;

/// No number: nothing waits at a place.
const NONE: u32 = u32::MAX;

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub(super) struct ChangeQueue {
    /// The place of the first.
    first: u64,
    /// One for each place from the first on. The first of them is never [`NONE`].
    numbers: VecDeque<u32>,
    len: usize,
}

impl ChangeQueue {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn index(&self, place: u64) -> Option<usize> {
        usize::try_from(place.checked_sub(self.first)?).ok()
    }

    /// Whether something waits at a place.
    pub(super) fn contains(&self, place: u64) -> bool {
        self.index(place).and_then(|index| self.numbers.get(index)).is_some_and(|number| *number != NONE)
    }

    /// Lets a number wait at a place that is behind all others.
    pub(super) fn push(&mut self, place: u64, number: u32) {
        if self.numbers.is_empty() {
            self.first = place;
        }
        let index = self.index(place).unwrap_or_default();
        if self.numbers.len() < index {
            self.numbers.resize(index, NONE);
        }
        self.numbers.push_back(number);
        self.len += 1;
    }

    /// Nothing waits at a place any more; whether something did.
    pub(super) fn remove(&mut self, place: u64) -> bool {
        let index = self.index(place);
        let Some(number) = index.and_then(|index| self.numbers.get_mut(index)).filter(|one| **one != NONE)
        else {
            return false;
        };
        *number = NONE;
        self.len -= 1;
        self.skip();
        true
    }

    /// The first place at which something waits.
    pub(super) fn first_place(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.first)
    }

    /// Takes the first.
    pub(super) fn pop_first(&mut self) -> Option<(u64, u32)> {
        let number = self.numbers.pop_front()?;
        let place = self.first;
        self.first += 1;
        self.len -= 1;
        self.skip();
        Some((place, number))
    }

    /// Forgets the places at which nothing waits before the first one.
    fn skip(&mut self) {
        if self.len == 0 {
            self.numbers = VecDeque::new();
            return;
        }
        while self.numbers.front() == Some(&NONE) {
            self.numbers.pop_front();
            self.first += 1;
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_leaves_its_place_empty_and_the_others_where_they_are() {
        let mut queue = ChangeQueue::default();
        for (place, number) in [(3, 30), (4, 40), (7, 70), (8, 80)] {
            queue.push(place, number);
        }
        assert!(queue.remove(3) && queue.remove(7) && !queue.remove(7) && !queue.remove(5));
        assert_eq!((queue.first_place(), queue.len()), (Some(4), 2));
        assert!(queue.contains(4) && queue.contains(8) && !queue.contains(3) && !queue.contains(9));
        assert_eq!(
            [queue.pop_first(), queue.pop_first(), queue.pop_first()],
            [Some((4, 40)), Some((8, 80)), None]
        );
        queue.push(20, 1);
        assert_eq!(queue.first_place(), Some(20));
    }
}
