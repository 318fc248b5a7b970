//! Changes that wait to be sent, and what they are sorted by.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::path::{Destination, Path};
use super::runs::Sorted;
use crate::wire::{Family, Nlri, Prefix, Writer};

/// One change that waits in a batch.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Its place in the queue; where its entry has another by now, it is out of date.
    pub(super) place: u64,
    pub(super) destination: Destination,
    pub(super) withdrawn: bool,
    /// It is not the last change of its route that waits.
    pub(super) superseded: Option<Superseded>,
}

/// What a change said that another has followed since.
#[derive(Clone, Debug)]
pub(super) struct Superseded {
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key.
    pub(super) exact: Option<Box<Nlri>>,
}

/// What NLRI are ordered by: their octets, path identifier first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Octets {
    /// A prefix: path identifier, length, address.
    Prefix(Option<u32>, u8, u128),
    /// Anything else.
    Other(Option<u32>, Box<[u8]>),
}

impl Sorted for Change {
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
    /// The place in the queue that it was first announced with.
    pub(super) since: u64,
    pub(super) destination: Destination,
}

impl Sorted for Aged {
    type Key = (Family, u64);

    fn key(&self) -> (Family, u64) {
        (self.destination.family(), self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Ipv4Prefix;

    fn change(length: u8, address: [u8; 4]) -> Change {
        let prefix = Ipv4Prefix::new(address.into(), length).expect("a prefix");
        let destination = Destination { nlri: Nlri::Unicast(Prefix::V4(prefix)), path_id: None };
        Change { place: 0, destination, withdrawn: false, superseded: None }
    }

    #[test]
    fn prefixes_are_sorted_by_their_octets() {
        let sorted = [change(8, [9, 0, 0, 0]), change(8, [10, 0, 0, 0]), change(24, [1, 0, 0, 0])];
        assert!(sorted.is_sorted_by_key(Change::key));
    }
}
