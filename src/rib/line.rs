//! Things in the order in which they are sent, put in order a run at a time: however many there are, no call sorts them all.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::packing::Member;
use super::path::Destination;
use crate::wire::{Family, Nlri, Prefix, Writer};

/// How many things are put in order at once.
const RUN: usize = 4096;

/// What has a place in an order.
pub(super) trait Placed {
    /// What the order goes by.
    type Key: Ord + Clone + core::fmt::Debug;

    fn key(&self) -> Self::Key;
}

/// Things that are being collected.
#[derive(Clone, Debug)]
pub(super) struct Line<T> {
    /// Each but the last is full and in order.
    runs: Vec<Vec<T>>,
    /// They are sent as they came.
    unordered: bool,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { runs: Vec::new(), unordered: false }
    }
}

impl<T: Placed> Line<T> {
    /// One whose things are sent as they come.
    pub(super) fn unordered() -> Self {
        Self { runs: Vec::new(), unordered: true }
    }

    /// One of a single thing.
    pub(super) fn of(only: T) -> Self {
        Self { runs: Vec::from([Vec::from([only])]), unordered: true }
    }

    /// Adds a thing.
    pub(super) fn push(&mut self, item: T) {
        let full = !self.unordered && self.runs.last().is_some_and(|run| run.len() >= RUN);
        if full && let Some(run) = self.runs.last_mut() {
            run.sort_by_cached_key(T::key);
        }
        match self.runs.last_mut().filter(|_| !full) {
            Some(run) => run.push(item),
            None => self.runs.push(Vec::from([item])),
        }
    }

    /// All of them, in order.
    pub(super) fn in_order(mut self) -> Ordered<T> {
        if let Some(run) = self.runs.last_mut().filter(|_| !self.unordered) {
            run.sort_by_cached_key(T::key);
        }
        Ordered::new(self.runs.into_iter().map(Vec::into_iter).collect())
    }
}

/// Things in order: the runs of a [`Line`], merged as they are taken.
#[derive(Clone, Debug)]
pub(super) struct Ordered<T: Placed> {
    runs: Vec<vec::IntoIter<T>>,
    /// The run that has the next one.
    current: usize,
    /// The first of every other run that has one.
    others: BinaryHeap<Reverse<(T::Key, usize)>>,
}

impl<T: Placed> Ordered<T> {
    fn new(runs: Vec<vec::IntoIter<T>>) -> Self {
        let mut ordered = Self { runs, current: 0, others: BinaryHeap::new() };
        if ordered.runs.len() > 1 {
            let first = |(index, run): (usize, &vec::IntoIter<T>)| {
                Some(Reverse((run.as_slice().first()?.key(), index)))
            };
            ordered.others = ordered.runs.iter().enumerate().filter_map(first).collect();
            ordered.next_run();
        }
        ordered
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
    pub(super) fn advance(&mut self) -> Option<T> {
        let taken = self.runs.get_mut(self.current)?.next();
        if self.runs.len() > 1 {
            if let Some(next) = self.peek() {
                self.others.push(Reverse((next.key(), self.current)));
            }
            self.next_run();
        }
        taken
    }

    fn next_run(&mut self) {
        if let Some(Reverse((_, run))) = self.others.pop() {
            self.current = run;
        }
    }
}

/// What NLRI are ordered by: their octets, path identifier first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Octets {
    /// A prefix: path identifier, length, address.
    Prefix(Option<u32>, u8, u128),
    /// Anything else.
    Other(Option<u32>, Box<[u8]>),
}

impl Placed for Member {
    type Key = Octets;

    fn key(&self) -> Octets {
        let destination = &self.destination;
        match &destination.nlri {
            Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => {
                let (length, bits) = match prefix {
                    Prefix::V4(prefix) => (prefix.length(), prefix.address().to_bits().into()),
                    Prefix::V6(prefix) => (prefix.length(), prefix.address().to_bits()),
                };
                Octets::Prefix(destination.path_id, length, bits)
            }
            nlri => {
                let mut buffer = [0; 512];
                let mut octets = Writer::new(&mut buffer);
                let written = nlri.encode(&mut octets).is_ok();
                let octets = if written { octets.written().into() } else { Box::default() };
                Octets::Other(destination.path_id, octets)
            }
        }
    }
}

/// A destination by the age of its route: family by family, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Aged {
    /// The place in line that it was first announced with.
    pub(super) since: u64,
    pub(super) destination: Destination,
}

impl Placed for Aged {
    type Key = (Family, u64);

    fn key(&self) -> (Family, u64) {
        (self.destination.family(), self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Ipv4Prefix;

    fn member(n: u32) -> Member {
        let prefix = Ipv4Prefix::new(n.into(), 32).expect("a host");
        let destination = Destination { nlri: Nlri::Unicast(Prefix::V4(prefix)), path_id: None };
        Member { place: u64::from(n), destination, withdrawn: false, former: None }
    }

    #[test]
    fn members_of_many_runs_come_out_in_the_order_of_their_octets() {
        let count = RUN as u32 * 3 + 7;
        let mut line = Line::default();
        // 7 does not divide the count: every number comes once.
        (0..count).for_each(|n| line.push(member(n * 7 % count)));
        let mut ordered = line.in_order();
        assert_eq!(ordered.len(), count as usize);
        for n in 0..count {
            assert_eq!(ordered.peek().map(|member| member.place), Some(u64::from(n)));
            ordered.advance();
        }
        assert!(ordered.peek().is_none());
    }
}
