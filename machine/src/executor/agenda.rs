//! What is to happen when: the one queue of the lab's future.

use std::collections::BTreeMap;

use holdtime_host::time::Instant;

/// Whether something that happens at an instant goes before or after what else happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueClass {
    /// What the outside does: packets, pipes, faults.
    Outside,
    /// A deadline: judged after the input that came no later and would have stopped it.
    Deadline,
}

/// Names an entry, so that it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(Instant, DueClass, u64);

/// A queue of things to come, in the order in which they will happen: by time, then class, then entry.
#[derive(Debug)]
pub struct Agenda<T> {
    entries: BTreeMap<EntryId, T>,
    entered: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), entered: 0 }
    }
}

impl<T> Agenda<T> {
    /// Enters something to happen `at` an instant.
    pub fn enter(&mut self, at: Instant, class: DueClass, what: T) -> EntryId {
        let id = EntryId(at, class, self.entered);
        self.entered += 1;
        self.entries.insert(id, what);
        id
    }

    /// Cancels an entry; nothing if it has happened already.
    pub fn cancel(&mut self, id: EntryId) -> Option<T> {
        self.entries.remove(&id)
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Instant> {
        self.entries.first_key_value().map(|(EntryId(at, ..), _)| *at)
    }

    /// Takes the next thing that happens at `until` or before.
    pub fn take_until(&mut self, until: Instant) -> Option<(Instant, DueClass, T)> {
        let first = self.entries.first_entry().filter(|first| first.key().0 <= until)?;
        let EntryId(at, class, _) = *first.key();
        Some((at, class, first.remove()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_after_what_happens_at_the_same_instant() {
        let mut agenda = Agenda::default();
        let at = Instant::from_secs(1);
        agenda.enter(at, DueClass::Deadline, "hold timer");
        agenda.enter(at, DueClass::Outside, "keepalive");
        agenda.enter(Instant::ZERO, DueClass::Deadline, "earlier");
        let order: Vec<_> = std::iter::from_fn(|| agenda.take_until(at)).map(|(.., what)| what).collect();
        assert_eq!(order, ["earlier", "keepalive", "hold timer"]);
    }

    #[test]
    fn what_was_struck_out_never_happens() {
        let mut agenda = Agenda::default();
        let id = agenda.enter(Instant::from_secs(1), DueClass::Deadline, ());
        assert_eq!(agenda.cancel(id), Some(()));
        assert_eq!(agenda.cancel(id), None);
        assert_eq!(agenda.next_at(), None);
    }
}
