//! An index of deadlines: which comes first is known without looking at the others.

use std::collections::{BTreeMap, BTreeSet};

use holdtime_core::Instant;

/// At most one deadline for each key.
#[derive(Debug)]
pub(super) struct Deadlines<K> {
    of: BTreeMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Copy + Ord> Deadlines<K> {
    /// Sets a key's deadline, or that it has none.
    pub(super) fn set(&mut self, key: K, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.of.insert(key, at),
            None => self.of.remove(&key),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, key));
        }
        if let Some(at) = at {
            self.order.insert((at, key));
        }
    }

    /// The first of all deadlines, and whose it is.
    pub(super) fn first(&self) -> Option<(Instant, K)> {
        self.order.first().copied()
    }

    /// The first of all deadlines, if it has come.
    pub(super) fn due(&self, now: Instant) -> Option<(Instant, K)> {
        self.first().filter(|(at, _)| *at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_deadline_is_that_of_the_key_whose_time_comes_first_and_is_replaced_and_removed() {
        let mut deadlines = Deadlines::default();
        let at = Instant::from_secs;
        assert_eq!(deadlines.first(), None);
        deadlines.set(1, Some(at(5)));
        deadlines.set(2, Some(at(3)));
        assert_eq!(deadlines.first(), Some((at(3), 2)));
        deadlines.set(2, Some(at(3)));
        deadlines.set(2, Some(at(9)));
        assert_eq!(deadlines.first(), Some((at(5), 1)));
        assert_eq!((deadlines.due(at(4)), deadlines.due(at(5))), (None, Some((at(5), 1))));
        deadlines.set(1, None);
        assert_eq!(deadlines.first(), Some((at(9), 2)));
        deadlines.set(1, None);
        deadlines.set(2, None);
        assert_eq!(deadlines.first(), None);
    }
}
