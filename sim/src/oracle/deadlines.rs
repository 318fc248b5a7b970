//! An index of deadlines: which comes first is known without looking at the others.

use holdtime_core::Instant;

/// At most one deadline for each key. There are few keys, and one of them has another deadline with every message: a list in
/// order is looked through sooner than a tree.
#[derive(Debug)]
pub(super) struct Deadlines<K> {
    order: Vec<(Instant, K)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { order: Vec::new() }
    }
}

impl<K: Copy + Ord> Deadlines<K> {
    /// Sets a key's deadline, or that it has none.
    pub(super) fn set(&mut self, key: K, at: Option<Instant>) {
        let known = self.order.iter().position(|(_, known)| *known == key);
        known.map(|index| self.order.remove(index));
        if let Some(at) = at {
            let (Ok(place) | Err(place)) = self.order.binary_search(&(at, key));
            self.order.insert(place, (at, key));
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
