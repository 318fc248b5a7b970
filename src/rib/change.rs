//! Changes that wait to be sent, and what they are sorted by.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::catalogue::Catalogue;
use super::entry::{Entry, EntryView};
use super::path::{Destination, Path};
use super::runs::Sorted;
use crate::wire::{Family, FamilyTerms, Nlri, Prefix, Writer};

/// One change that waits in a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// Its place in the queue; where its entry has another by now, it is out of date.
    pub(super) place: u64,
    /// The number of its destination.
    pub(super) number: u32,
    pub(super) withdrawn: bool,
    /// It is not the last change of its route that waits: what it said is [`Superseded`].
    pub(super) superseded: bool,
}

/// What a change said that another has followed since.
#[derive(Clone, Debug)]
pub(super) struct Superseded {
    pub(super) number: u32,
    pub(super) withdrawn: bool,
    pub(super) path: Arc<Path>,
    /// The NLRI where it says more than its key.
    pub(super) exact: Option<Box<Nlri>>,
}

impl Change {
    /// An entry goes into the batch: it is known by its new place until it is sent.
    pub(super) fn of(entry: &mut Entry, next_place: &mut u64, number: u32) -> Self {
        entry.place = *next_place;
        *next_place += 1;
        Self { place: entry.place, number, withdrawn: entry.withdrawn, superseded: false }
    }

    /// Whether it is still to be sent: it is the last change of its entry, or the last one is not sent yet and says something
    /// else than what was `superseded`.
    pub(super) fn is_awaited(&self, entry: EntryView<'_>, superseded: Option<&Superseded>) -> bool {
        match superseded {
            None => entry.place == self.place,
            Some(superseded) => entry.place != 0 && !Arc::ptr_eq(&superseded.path, entry.path),
        }
    }
}

/// An NLRI as a peer with these terms reads it; `None`: `buffer`, which has room for a message, has none for it. `exact`: it says
/// more than its destination.
pub(super) fn nlri_octets<'b>(
    exact: Option<&Nlri>,
    destination: &Destination,
    agreed: &FamilyTerms,
    buffer: &'b mut [u8],
) -> Option<&'b [u8]> {
    let nlri = exact.unwrap_or(&destination.nlri);
    let other_form = agreed.flow_form.rewrite(nlri);
    let nlri = other_form.as_ref().unwrap_or(nlri);
    let mut writer = Writer::new(buffer);
    if agreed.add_path_send {
        writer.u32(destination.path_id.unwrap_or_default()).ok()?;
    }
    nlri.encode(&mut writer).ok()?;
    let length = writer.written().len();
    buffer.get(..length)
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
    type Names = Catalogue;

    fn key(&self, names: &Catalogue) -> Octets {
        let destination = names.destination(self.number);
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
    pub(super) number: u32,
}

impl Sorted for Aged {
    type Key = (Family, u64);
    type Names = Catalogue;

    fn key(&self, names: &Catalogue) -> (Family, u64) {
        (names.family(self.number), self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Attributes, Ipv4Prefix, Route};

    #[test]
    fn prefixes_are_sorted_by_their_octets() {
        let mut names = Catalogue::default();
        let prefixes = [([1, 0, 0, 0], 24), ([9, 0, 0, 0], 8), ([10, 0, 0, 0], 8)];
        let mut changes = prefixes.map(|(address, length)| {
            let prefix = Ipv4Prefix::new(address.into(), length).expect("a prefix");
            let attributes = Arc::new(Attributes::new());
            let route =
                Route { path_id: None, nlri: Nlri::Unicast(Prefix::V4(prefix)), next_hop: None, attributes };
            let number = names.resolve(&route, false).number;
            Change { place: 0, number, withdrawn: false, superseded: false }
        });
        changes.sort_by_key(|change| change.key(&names));
        assert_eq!(changes.map(|change| change.number), [1, 2, 0]);
    }
}
