//! Sorted runs: things in the order in which they are sent, sorted a run at a time and merged as they are taken. However many
//! there are, no call sorts them all.

use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// How many things are sorted at once.
const RUN: usize = 4096;

/// What is sorted.
pub(super) trait Sorted {
    /// What it is sorted by.
    type Key: Ord + Clone + core::fmt::Debug;
    /// What must be known to say it.
    type Names: ?Sized;

    fn key(&self, names: &Self::Names) -> Self::Key;
}

/// Things that are being collected.
#[derive(Clone, Debug)]
pub(super) struct Runs<T> {
    /// Those that are full, each sorted.
    full: Vec<Vec<T>>,
    /// The one that is being filled.
    last: Vec<T>,
    /// Nothing is sorted: they are sent as they came.
    unordered: bool,
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self { full: Vec::new(), last: Vec::new(), unordered: false }
    }
}

impl<T: Sorted> Runs<T> {
    /// One whose things are sent as they come.
    pub(super) fn unordered() -> Self {
        Self { unordered: true, ..Self::default() }
    }

    /// One of a single thing.
    pub(super) fn of(only: T) -> Self {
        Self { last: Vec::from([only]), ..Self::unordered() }
    }

    /// Adds a thing.
    pub(super) fn push(&mut self, item: T, names: &T::Names) {
        let length = self.last.len();
        if length >= RUN && !self.unordered {
            let mut full = core::mem::replace(&mut self.last, Vec::with_capacity(RUN));
            full.sort_by_cached_key(|item| item.key(names));
            self.full.push(full);
        } else if length == self.last.capacity() {
            // There may be many of a few things each.
            self.last.reserve_exact((length / 2).max(4));
        }
        self.last.push(item);
    }

    /// All of them, in order: the runs are merged as they are taken.
    pub(super) fn merged(mut self, names: &T::Names) -> Merged<T> {
        if !self.unordered {
            self.last.sort_by_cached_key(|item| item.key(names));
        }
        let runs = self.full.into_iter().chain([self.last]);
        Merged::new(runs.map(Vec::into_iter).collect(), names)
    }
}

/// Things in order: the runs of a [`Runs`], merged as they are taken.
#[derive(Clone, Debug)]
pub(super) struct Merged<T: Sorted> {
    runs: Vec<vec::IntoIter<T>>,
    /// The run that has the next one.
    current: usize,
    /// The first of every other run that has one.
    others: BinaryHeap<Reverse<(T::Key, usize)>>,
}

impl<T: Sorted> Merged<T> {
    fn new(runs: Vec<vec::IntoIter<T>>, names: &T::Names) -> Self {
        let mut merged = Self { runs, current: 0, others: BinaryHeap::new() };
        if merged.runs.len() > 1 {
            let first = |(index, run): (usize, &vec::IntoIter<T>)| {
                Some(Reverse((run.as_slice().first()?.key(names), index)))
            };
            merged.others = merged.runs.iter().enumerate().filter_map(first).collect();
            merged.next_run();
        }
        merged
    }

    /// How many are left.
    pub(super) fn len(&self) -> usize {
        self.runs.iter().map(ExactSizeIterator::len).sum()
    }

    /// The next one, without taking it.
    pub(super) fn peek(&self) -> Option<&T> {
        self.runs.get(self.current)?.as_slice().first()
    }

    /// Takes the next one.
    pub(super) fn advance(&mut self, names: &T::Names) -> Option<T> {
        let run = self.runs.get_mut(self.current)?;
        let taken = run.next();
        if run.len() == 0 {
            // Its room is needed no more.
            *run = Vec::new().into_iter();
            self.next_run();
        } else if let (Some(next), Some(Reverse(first))) = (self.peek(), self.others.peek()) {
            let next = (next.key(names), self.current);
            if *first < next {
                self.others.push(Reverse(next));
                self.next_run();
            }
        }
        taken
    }

    fn next_run(&mut self) {
        if let Some(Reverse((_, run))) = self.others.pop() {
            self.current = run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sorted for u32 {
        type Key = Self;
        type Names = ();

        fn key(&self, (): &()) -> Self {
            *self
        }
    }

    #[test]
    fn what_is_in_many_runs_comes_out_sorted() {
        let count = RUN as u32 * 3 + 7;
        let mut runs = Runs::default();
        // 7 does not divide the count: every number comes once.
        (0..count).for_each(|n| runs.push(n * 7 % count, &()));
        let mut merged = runs.merged(&());
        assert_eq!(merged.len(), count as usize);
        for n in 0..count {
            assert_eq!(merged.peek(), Some(&n));
            merged.advance(&());
        }
        assert!(merged.peek().is_none());
    }
}
