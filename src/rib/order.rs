//! Numbers in the order of the destinations that they stand for: leaves of a few hundred, each behind its first destination.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::path::Destination;

/// So many numbers are in a leaf at most.
const LEAF: usize = 512;

/// See the module's documentation. Whoever asks says what the numbers stand for.
#[derive(Debug, Default)]
pub(super) struct DestinationOrder {
    leaves: Vec<OrderLeaf>,
}

#[derive(Debug)]
struct OrderLeaf {
    /// What its first number stands for.
    first: Destination,
    numbers: Vec<u32>,
}

/// Where a number would have to stand: its leaf, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderPosition {
    leaf: usize,
    at: usize,
}

impl DestinationOrder {
    /// The number of a destination, or where it would have to stand.
    pub(super) fn find<'a>(
        &self,
        destination: &Destination,
        name: impl Fn(u32) -> Cow<'a, Destination>,
    ) -> Result<u32, OrderPosition> {
        self.search(destination, name).map(|(number, _)| number)
    }

    fn search<'a>(
        &self,
        destination: &Destination,
        name: impl Fn(u32) -> Cow<'a, Destination>,
    ) -> Result<(u32, OrderPosition), OrderPosition> {
        let leaf = self.leaves.partition_point(|leaf| leaf.first <= *destination).saturating_sub(1);
        let numbers = self.leaves.get(leaf).map_or(&[][..], |leaf| &leaf.numbers);
        // Tables mostly come sorted.
        if let Some(last) = numbers.last()
            && *name(*last) < *destination
        {
            return Err(OrderPosition { leaf, at: numbers.len() });
        }
        match numbers.binary_search_by(|number| (*name(*number)).cmp(destination)) {
            Ok(at) => match numbers.get(at) {
                Some(number) => Ok((*number, OrderPosition { leaf, at })),
                None => Err(OrderPosition { leaf, at }),
            },
            Err(at) => Err(OrderPosition { leaf, at }),
        }
    }

    /// Puts a number where [`DestinationOrder::find`] has said that it would have to stand.
    pub(super) fn insert(
        &mut self,
        OrderPosition { leaf, at }: OrderPosition,
        number: u32,
        destination: &Destination,
    ) {
        let Some(known) = self.leaves.get_mut(leaf) else {
            self.leaves.push(OrderLeaf { first: destination.clone(), numbers: Vec::from([number]) });
            return;
        };
        if known.numbers.len() < LEAF {
            if at == 0 {
                known.first = destination.clone();
            }
            known.numbers.insert(at.min(known.numbers.len()), number);
            return;
        }
        self.split(leaf, at, number, destination);
    }

    /// Puts a number into a leaf that is full.
    fn split(&mut self, leaf: usize, at: usize, number: u32, destination: &Destination) {
        let Some(known) = self.leaves.get_mut(leaf) else { return };
        // The new leaf begins with the new number: nobody else's destination is at hand. Before a leaf's first it is one by itself,
        // and behind the last of all it leaves a full one: what comes sorted fills every leaf.
        let behind = if at == 0 { Vec::new() } else { known.numbers.split_off(at) };
        known.numbers.shrink_to_fit();
        let mut numbers = Vec::with_capacity(behind.len() + 1);
        numbers.push(number);
        numbers.extend(behind);
        let place = if at == 0 { leaf } else { leaf + 1 };
        self.leaves.insert(place, OrderLeaf { first: destination.clone(), numbers });
    }

    /// Takes out the number of a destination.
    pub(super) fn remove<'a>(
        &mut self,
        destination: &Destination,
        name: impl Fn(u32) -> Cow<'a, Destination>,
    ) {
        let Ok((_, OrderPosition { leaf, at })) = self.search(destination, &name) else { return };
        let Some(known) = self.leaves.get_mut(leaf) else { return };
        if at < known.numbers.len() {
            known.numbers.remove(at);
        }
        match known.numbers.first() {
            None => {
                self.leaves.remove(leaf);
            }
            Some(first) if at == 0 => known.first = name(*first).into_owned(),
            Some(_) => {}
        }
    }

    /// The numbers behind a destination.
    pub(super) fn after<'a, F: Fn(u32) -> Cow<'a, Destination>>(
        &self,
        destination: Option<&Destination>,
        name: F,
    ) -> impl Iterator<Item = u32> + use<'_, 'a, F> {
        let OrderPosition { leaf, at } = match destination.map(|destination| self.search(destination, name)) {
            None => OrderPosition { leaf: 0, at: 0 },
            Some(Ok((_, OrderPosition { leaf, at }))) => OrderPosition { leaf, at: at + 1 },
            Some(Err(position)) => position,
        };
        let leaves = self.leaves.get(leaf..).unwrap_or_default().iter();
        let numbers = leaves.flat_map(|leaf| leaf.numbers.iter().copied());
        numbers.skip(at)
    }
}
