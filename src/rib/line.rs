//! Changes in the order in which they are sent, put in order a run at a time: however many there are, no call sorts them all.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::packing::Member;
use crate::wire::{Nlri, Prefix, Writer};

/// How many members are put in order at once.
const RUN: usize = 4096;

/// Members that are being collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Each but the last is full and in order.
    runs: Vec<Vec<Member>>,
    /// They are sent as they came.
    unordered: bool,
}

impl Line {
    /// One whose members are sent as they come.
    pub(super) fn unordered() -> Self {
        Self { runs: Vec::new(), unordered: true }
    }

    /// One with a single member.
    pub(super) fn of(member: Member) -> Self {
        Self { runs: Vec::from([Vec::from([member])]), unordered: true }
    }

    /// Adds a member.
    pub(super) fn push(&mut self, member: Member) {
        let full = !self.unordered && self.runs.last().is_some_and(|run| run.len() >= RUN);
        if full && let Some(run) = self.runs.last_mut() {
            run.sort_by_cached_key(key);
        }
        match self.runs.last_mut().filter(|_| !full) {
            Some(run) => run.push(member),
            None => self.runs.push(Vec::from([member])),
        }
    }

    /// Everybody, in order.
    pub(super) fn in_order(mut self) -> Ordered {
        if let Some(run) = self.runs.last_mut().filter(|_| !self.unordered) {
            run.sort_by_cached_key(key);
        }
        Ordered::new(self.runs.into_iter().map(Vec::into_iter).collect())
    }
}

/// Members in order: the runs of a [`Line`], merged as they are taken.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    runs: Vec<vec::IntoIter<Member>>,
    /// The run that has the next member.
    current: usize,
    /// The first member of every other run that has one.
    others: BinaryHeap<Reverse<(Key, usize)>>,
}

impl Ordered {
    fn new(runs: Vec<vec::IntoIter<Member>>) -> Self {
        let mut ordered = Self { runs, current: 0, others: BinaryHeap::new() };
        if ordered.runs.len() > 1 {
            let first = |(index, run): (usize, &vec::IntoIter<Member>)| {
                Some(Reverse((key(run.as_slice().first()?), index)))
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
    pub(super) fn peek(&self) -> Option<&Member> {
        self.runs.get(self.current)?.as_slice().first()
    }

    /// Takes the next one.
    pub(super) fn advance(&mut self) {
        if let Some(run) = self.runs.get_mut(self.current) {
            run.next();
        }
        if self.runs.len() > 1 {
            if let Some(member) = self.peek() {
                self.others.push(Reverse((key(member), self.current)));
            }
            self.next_run();
        }
    }

    fn next_run(&mut self) {
        if let Some(Reverse((_, run))) = self.others.pop() {
            self.current = run;
        }
    }
}

/// What NLRI are ordered by: their octets, path identifier first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A prefix: path identifier, length, address.
    Prefix(Option<u32>, u8, u128),
    /// Anything else.
    Octets(Option<u32>, Box<[u8]>),
}

fn key(member: &Member) -> Key {
    let destination = &member.destination;
    match &destination.nlri {
        Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => {
            let (length, bits) = match prefix {
                Prefix::V4(prefix) => (prefix.length(), prefix.address().to_bits().into()),
                Prefix::V6(prefix) => (prefix.length(), prefix.address().to_bits()),
            };
            Key::Prefix(destination.path_id, length, bits)
        }
        nlri => {
            let mut buffer = [0; 512];
            let mut octets = Writer::new(&mut buffer);
            let written = nlri.encode(&mut octets).is_ok();
            Key::Octets(destination.path_id, if written { octets.written().into() } else { Box::default() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rib::Destination;
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
