//! What is to happen when: the one queue of the lab's future.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use holdtime_host::time::Instant;

/// Whether something that happens at an instant goes before or after what else happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueClass {
    /// What the outside does: packets, pipes, faults.
    Outside,
    /// A deadline: judged after the input that came no later and would have stopped it.
    Deadline,
}

/// Where an entry stands among those of the same instant and class: in the order in which ranks were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u64);

/// Names an entry, so that it can be cancelled: when it happens, and where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(Instant, DueClass, Rank, usize);

/// A queue of things to come, in the order in which they will happen: by time, then class, then entry.
#[derive(Debug)]
pub struct Agenda<T> {
    /// The first entry is on top, and was never cancelled; others may have been.
    order: BinaryHeap<Reverse<EntryId>>,
    kept: Vec<Kept<T>>,
    /// Places in `kept` that no entry of `order` has.
    vacant: Vec<usize>,
    /// How many entries of `order` were cancelled.
    cancelled: usize,
    ranks: u64,
}

/// What is to happen, and whose place this is; `None`: it was cancelled.
#[derive(Debug)]
struct Kept<T> {
    rank: Rank,
    what: Option<T>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { order: BinaryHeap::new(), kept: Vec::new(), vacant: Vec::new(), cancelled: 0, ranks: 0 }
    }
}

impl<T> Agenda<T> {
    /// So many cancelled entries are worth no clearing.
    const FEW: usize = 64;

    /// Enters something to happen `at` an instant.
    pub fn enter(&mut self, at: Instant, class: DueClass, what: T) -> EntryId {
        let rank = self.rank();
        self.enter_ranked(rank, at, class, what)
    }

    /// Takes a rank, for something that may have to be entered later as if it were now.
    pub fn rank(&mut self) -> Rank {
        self.ranks += 1;
        Rank(self.ranks)
    }

    /// Enters something under a rank that was taken for it.
    pub fn enter_ranked(&mut self, rank: Rank, at: Instant, class: DueClass, what: T) -> EntryId {
        let kept = Kept { rank, what: Some(what) };
        let place = match self.vacant.pop() {
            Some(place) => {
                self.kept[place] = kept;
                place
            }
            None => {
                self.kept.push(kept);
                self.kept.len() - 1
            }
        };
        let id = EntryId(at, class, rank, place);
        self.order.push(Reverse(id));
        id
    }

    /// Cancels an entry; nothing if it has happened already.
    pub fn cancel(&mut self, id: EntryId) -> Option<T> {
        let EntryId(.., rank, place) = id;
        let what = self.kept.get_mut(place).filter(|kept| kept.rank == rank)?.what.take()?;
        self.cancelled += 1;
        if self.cancelled > Self::FEW && self.cancelled * 2 > self.order.len() {
            self.clear_cancelled();
        }
        self.drop_cancelled_first();
        Some(what)
    }

    fn clear_cancelled(&mut self) {
        let (kept, vacant) = (&self.kept, &mut self.vacant);
        self.order.retain(|Reverse(EntryId(.., place))| {
            let stays = kept[*place].what.is_some();
            if !stays {
                vacant.push(*place);
            }
            stays
        });
        self.cancelled = 0;
    }

    fn drop_cancelled_first(&mut self) {
        while let Some(Reverse(EntryId(.., place))) = self.order.peek()
            && self.kept[*place].what.is_none()
        {
            self.vacant.push(*place);
            self.order.pop();
            self.cancelled -= 1;
        }
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<Instant> {
        self.order.peek().map(|Reverse(EntryId(at, ..))| *at)
    }

    /// Takes the next thing that happens at `until` or before.
    pub fn take_until(&mut self, until: Instant) -> Option<(Instant, DueClass, T)> {
        let Reverse(EntryId(at, class, _, place)) = *self.order.peek().filter(|first| first.0.0 <= until)?;
        self.order.pop();
        self.vacant.push(place);
        let what = self.kept[place].what.take();
        self.drop_cancelled_first();
        Some((at, class, what?))
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

    #[test]
    fn what_is_entered_under_an_earlier_rank_comes_first_at_its_instant() {
        let mut agenda = Agenda::default();
        let at = Instant::from_secs(1);
        let rank = agenda.rank();
        agenda.enter(at, DueClass::Outside, "second");
        agenda.enter_ranked(rank, at, DueClass::Outside, "first");
        let order: Vec<_> = std::iter::from_fn(|| agenda.take_until(at)).map(|(.., what)| what).collect();
        assert_eq!(order, ["first", "second"]);
    }

    #[test]
    fn of_many_entries_those_that_were_not_cancelled_come_in_order_and_places_are_used_again() {
        let mut agenda = Agenda::default();
        let mut left: Vec<(u64, usize)> = Vec::new();
        let mut entered = Vec::new();
        for number in 0..1_000 {
            let second = (number as u64 * 7919) % 1013;
            entered.push((agenda.enter(Instant::from_secs(second), DueClass::Deadline, number), second));
            if number % 4 != 0 {
                let (id, _) = entered.pop().unwrap();
                assert_eq!(agenda.cancel(id), Some(number));
                assert_eq!(agenda.cancel(id), None);
            } else {
                left.push((second, number));
            }
        }
        assert!(agenda.kept.len() < 600, "{}", agenda.kept.len());
        left.sort_unstable();
        let taken = std::iter::from_fn(|| agenda.take_until(Instant::MAX));
        let taken: Vec<_> = taken.map(|(at, _, number)| (at.as_nanos() / 1_000_000_000, number)).collect();
        assert_eq!(taken, left);
        for (id, _) in entered {
            assert_eq!(agenda.cancel(id), None, "it has happened");
        }
    }
}
