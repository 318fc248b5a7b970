//! Routes of which a peer does not learn what was announced, for the log: nobody else would say so.

use alloc::vec::Vec;

use super::path::Destination;
use crate::wire::{Afi, Family, FamilyTerms, NextHop, Safi};

/// So many routes are named; the others are counted.
const NAMED: usize = 8;

/// What is wrong with a route that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteTrouble {
    /// It is not sent: no message of the session can hold it and its attributes.
    TooLarge {
        /// How many octets a message with it alone would have; `None`: more than any message of BGP may have by far.
        needs: Option<usize>,
        /// How many octets a message of the session has at most.
        max: usize,
    },
    /// It is not sent: it has no next hop that its family could have.
    NoNextHop,
    /// It is sent, as ExaBGP sends it, but the peer has not said that it takes such a next hop (RFC 8950 §4, RFC 4760 §3).
    ForeignNextHop(NextHop),
}

/// The troubles of a session that nobody has asked for yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles {
    named: Vec<(Destination, RouteTrouble)>,
    others: usize,
    /// That a next hop is of another family is said of one route a session: all routes of a table may have it.
    foreign_told: bool,
}

impl Troubles {
    /// Nothing was said yet in the session that begins.
    pub(super) fn begin_session(&mut self) {
        *self = Self::default();
    }

    /// Keeps what is wrong with a route; it is not asked what that is once enough are named.
    pub(super) fn add(&mut self, destination: &Destination, trouble: impl FnOnce() -> RouteTrouble) {
        if self.named.len() < NAMED {
            self.named.push((destination.clone(), trouble()));
        } else {
            self.others += 1;
        }
    }

    /// Keeps a route that goes out with `next_hop`, where that is the first of the session that the peer may not take.
    pub(super) fn note_next_hop(
        &mut self,
        destination: &Destination,
        next_hop: Option<NextHop>,
        agreed: &FamilyTerms,
    ) {
        let foreign = next_hop.filter(|hop| !self.foreign_told && is_foreign(*hop, agreed));
        if let Some(next_hop) = foreign {
            self.foreign_told = true;
            self.add(destination, || RouteTrouble::ForeignNextHop(next_hop));
        }
    }

    /// What was kept, and how many more there were.
    pub(super) fn take(&mut self) -> (Vec<(Destination, RouteTrouble)>, usize) {
        (core::mem::take(&mut self.named), core::mem::take(&mut self.others))
    }
}

/// Whether routes of a family are not known to take this next hop.
fn is_foreign(next_hop: NextHop, agreed: &FamilyTerms) -> bool {
    let Family { afi, safi } = agreed.family;
    // The other families have next hops of either kind (RFC 8955 §4, RFC 9830 §2.1).
    if !matches!(safi, Safi::UNICAST | Safi::MULTICAST | Safi::LABELLED | Safi::VPN) {
        return false;
    }
    match next_hop {
        NextHop::V4(_) => afi != Afi::IPV4,
        NextHop::V6(_) | NextHop::V6LinkLocal(..) => {
            afi != Afi::IPV6 && agreed.extended_next_hop != Some(Afi::IPV6)
        }
    }
}
