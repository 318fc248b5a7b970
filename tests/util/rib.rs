//! An Adj-RIB-Out with a catalogue of its own.

use std::ops::{Deref, DerefMut};

use holdtime_core::rib::{
    AdjRibOut, Announced, Catalogue, Destination, PackLimits, Packed, Packing, PeerTerms,
};
use holdtime_core::wire::Route;

#[derive(Debug)]
pub(crate) struct Rib {
    rib: AdjRibOut,
    catalogue: Catalogue,
}

impl Rib {
    pub(crate) fn new(packing: Packing, keep: bool) -> Self {
        Self { rib: AdjRibOut::new(packing, keep), catalogue: Catalogue::default() }
    }

    pub(crate) fn announce(&mut self, route: &Route, own_hop: bool) {
        let resolved = self.catalogue.resolve(route, own_hop);
        self.rib.announce(&mut self.catalogue, &resolved);
        self.catalogue.let_go(resolved);
    }

    pub(crate) fn withdraw(&mut self, route: &Route, own_hop: bool) {
        let resolved = self.catalogue.resolve(route, own_hop);
        self.rib.withdraw(&mut self.catalogue, &resolved);
        self.catalogue.let_go(resolved);
    }

    pub(crate) fn configure_route(&mut self, route: &Route, own_hop: bool, generation: u32) -> bool {
        let resolved = self.catalogue.resolve(route, own_hop);
        let new = self.rib.configure_route(&mut self.catalogue, &resolved, generation);
        self.catalogue.let_go(resolved);
        new
    }

    /// Withdraws what only earlier readings had, however many slices that takes.
    pub(crate) fn retire(&mut self, generation: u32) {
        while !self.rib.retire(&mut self.catalogue, generation, &mut 1) {}
    }

    /// Clears it, however many slices that takes.
    pub(crate) fn clear(&mut self) {
        self.rib.begin_clear();
        while !self.rib.go_on_with_clear(&mut self.catalogue, &mut 1) {}
    }

    pub(crate) fn repeat(&mut self, destinations: Vec<Destination>) -> Vec<Destination> {
        self.rib.repeat(&self.catalogue, destinations)
    }

    pub(crate) fn pack(&mut self, terms: &PeerTerms<'_>, limits: PackLimits, out: &mut Vec<u8>) -> Packed {
        self.rib.pack(&mut self.catalogue, terms, limits, out)
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = Announced<'_>> {
        self.rib.routes(&self.catalogue)
    }
}

impl Deref for Rib {
    type Target = AdjRibOut;

    fn deref(&self) -> &AdjRibOut {
        &self.rib
    }
}

impl DerefMut for Rib {
    fn deref_mut(&mut self) -> &mut AdjRibOut {
        &mut self.rib
    }
}
