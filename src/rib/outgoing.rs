//! Adj-RIB-Out: what the peer is to be told, what it has been told, and what is still to be sent.
//!
//! Changes wait in a [`table`](super::table) in the order in which they came. [`AdjRibOut::pack`] takes them as a
//! [`batch`](super::batch), grouped as [`packing`](super::packing) says, and works through it while the connection can take more;
//! what comes in the meantime waits for the next batch.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::batch::{PackLimits, Packed, UpdateBatch};
use super::catalogue::{Catalogue, Resolved};
use super::packing::{Packing, PeerTerms};
use super::path::{Destination, Own, Path};
use super::table::RouteTable;
use super::trouble::RouteTrouble;
use crate::wire::{Family, Nlri};

/// A table of at most so many routes is sorted where it is shown, if that is less than a [`FEW_OF`]th of all.
const FEW: usize = 4096;
const FEW_OF: usize = 16;

/// What a neighbor announces. Its routes are numbered by a [`Catalogue`], which several may share: each call is to be given the same
/// one, and an Adj-RIB-Out that is not needed any more is to be [forgotten](AdjRibOut::forget) there.
#[derive(Debug)]
pub struct AdjRibOut {
    table: RouteTable,
    batch: UpdateBatch,
}

/// A route as it stands in an Adj-RIB-Out.
#[derive(Clone, Debug)]
pub struct Announced<'a> {
    /// Where it leads.
    pub destination: Cow<'a, Destination>,
    /// The NLRI where it says more than the destination: labels.
    pub exact: Option<&'a Nlri>,
    /// The way there.
    pub path: &'a Path,
    /// Whether the peer has yet to be told.
    pub pending: bool,
}

impl Announced<'_> {
    /// The whole NLRI.
    pub fn nlri(&self) -> &Nlri {
        self.exact.unwrap_or(&self.destination.nlri)
    }
}

impl Default for AdjRibOut {
    fn default() -> Self {
        Self::new(Packing::default(), false)
    }
}

impl AdjRibOut {
    /// An empty one. Without `keep` (ExaBGP's `adj-rib-out false`) a route is forgotten once it is sent.
    pub fn new(packing: Packing, keep: bool) -> Self {
        Self { table: RouteTable::new(keep), batch: UpdateBatch::new(packing) }
    }

    /// Changes how it packs, whether it remembers, and what `next-hop self` means; `None`: each session has its own end.
    pub fn configure(&mut self, packing: Packing, keep: bool, own: Option<Own>) {
        self.batch.set_packing(packing);
        (self.table.keep, self.table.own) = (keep, own);
    }

    /// Begins no new batch, and sends no End-of-RIB, until this is taken back: more is about to be announced, and the more is
    /// known the tighter it packs.
    pub fn hold_back(&mut self, held_back: bool) {
        self.batch.hold_back(held_back);
    }

    /// How many routes it holds.
    pub fn len(&self) -> usize {
        self.table.announced
    }

    /// Whether it holds no route.
    pub fn is_empty(&self) -> bool {
        self.table.announced == 0
    }

    /// How many routes were worked on since this was last asked: changed, looked at, grouped or packed.
    pub fn take_handled(&mut self) -> u64 {
        core::mem::take(&mut self.table.handled)
    }

    /// About how many changes wait to be sent.
    pub fn pending(&self) -> usize {
        self.batch.pending(&self.table)
    }

    /// Whether anything waits to be sent that may be.
    pub fn has_pending(&self) -> bool {
        self.batch.has_pending(&self.table)
    }

    /// What should be said of routes that were packed since this was last asked, and of how many more something should.
    pub fn take_troubles(&mut self) -> (Vec<(Destination, RouteTrouble)>, usize) {
        self.batch.take_troubles()
    }

    /// Every route but those that no message to the peer could hold, in the order of their destinations.
    pub fn routes<'a>(&'a self, catalogue: &'a Catalogue) -> impl Iterator<Item = Announced<'a>> {
        self.routes_after(catalogue, None)
    }

    /// The routes that come after this destination in that order, so that they can be told of a few at a time.
    pub fn routes_after<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        after: Option<&Destination>,
    ) -> impl Iterator<Item = Announced<'a>> {
        let entries = &self.table.entries;
        // Of a catalogue of which a table has little, the table is looked through.
        let few = entries.len() <= FEW && entries.len() < catalogue.len() / FEW_OF;
        let mut own: Vec<_> = Vec::new();
        if few {
            let names = entries.from(0).map(|(number, _)| (catalogue.destination(number), number));
            own.extend(names.filter(|(name, _)| after.is_none_or(|after| **name > *after)));
            own.sort_unstable();
        }
        let all = (!few).then(|| catalogue.after(after)).into_iter().flatten();
        let numbers = own.into_iter().map(|(_, number)| number).chain(all);
        let known = numbers.filter_map(|number| Some((number, entries.get(number)?)));
        known.filter(|(_, entry)| !(entry.withdrawn || entry.refused)).map(|(number, entry)| Announced {
            destination: catalogue.destination(number),
            exact: entry.exact,
            path: entry.path,
            pending: entry.place != 0,
        })
    }

    /// Packs what waits into whole messages at the end of `out`, up to these limits. Where [`AdjRibOut::has_pending`] says so there
    /// is more, even if this call wrote nothing.
    pub fn pack(
        &mut self,
        catalogue: &mut Catalogue,
        terms: &PeerTerms<'_>,
        limits: PackLimits,
        out: &mut Vec<u8>,
    ) -> Packed {
        self.batch.pack(&mut self.table, catalogue, terms, limits, out)
    }
}

/// Changes.
impl AdjRibOut {
    /// Announces a route. What the peer knows or is about to be told already is not sent again.
    pub fn announce(&mut self, catalogue: &mut Catalogue, route: &Resolved) {
        self.table.change(catalogue, route, false, 0);
    }

    /// As [`AdjRibOut::announce`], for a route of the configuration, read for the `generation`th time (from 1). Returns whether
    /// the last reading had no route to its destination, whatever programs have done to it since.
    pub fn configure_route(&mut self, catalogue: &mut Catalogue, route: &Resolved, generation: u32) -> bool {
        self.table.configure(catalogue, route, generation)
    }

    /// Whether a route to this destination is announced, or was sent without being remembered and is not withdrawn since.
    pub fn announces(&self, catalogue: &Catalogue, destination: &Destination) -> bool {
        catalogue.find(destination).is_some_and(|number| self.table.announces(number))
    }

    /// As [`AdjRibOut::announce`], for a route of that reading which a watchdog had held back: it goes with the reload that takes it out of
    /// the configuration.
    pub fn announce_watched(&mut self, catalogue: &mut Catalogue, route: &Resolved, generation: u32) {
        self.table.change(catalogue, route, false, generation);
    }

    /// Withdraws a route, whose attributes may go along with the withdrawal. It is sent even where the peer was never
    /// told of the route: nobody but the peer knows what it kept.
    pub fn withdraw(&mut self, catalogue: &mut Catalogue, route: &Resolved) {
        self.table.change(catalogue, route, true, 0);
    }

    /// Announces what it holds to these destinations once more. Those that still wait to be announced are returned.
    pub fn repeat(&mut self, catalogue: &Catalogue, destinations: Vec<Destination>) -> Vec<Destination> {
        self.table.repeat(catalogue, destinations)
    }

    /// Withdraws the routes that only an earlier reading of the configuration than the `generation`th had, as long as there is
    /// `room` for so many routes to be looked at, and takes from it what it has used. Returns whether it has got to the end; to be
    /// called again where it has not.
    pub fn retire(&mut self, catalogue: &mut Catalogue, generation: u32, room: &mut usize) -> bool {
        self.table.retire(catalogue, generation, room)
    }

    /// Begins to withdraw everything that the peer was told, the oldest first, and to forget what waits to be announced. Nothing is
    /// sent before [`AdjRibOut::go_on_with_clear`] has got to the end.
    pub fn begin_clear(&mut self) {
        self.batch.clear();
        self.table.begin_clear();
    }

    /// Goes on with a clear, as long as there is `room` for so many routes to be looked at, and takes from it what it has used.
    /// Returns whether it has got to the end.
    pub fn go_on_with_clear(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        self.table.go_on_with_clear(catalogue, room)
    }

    /// Announces what `other` does, and nothing else.
    pub fn copy(&mut self, catalogue: &mut Catalogue, other: &Self) {
        self.table = other.table.copy(catalogue);
        self.batch = other.batch.clone();
    }

    /// Forgets routes without a word, as long as there is `room` for so many, and takes from it what it has used. Returns whether none
    /// is left.
    pub fn forget(&mut self, catalogue: &mut Catalogue, room: &mut usize) -> bool {
        self.table.forget(catalogue, room)
    }

    /// Announces every route of `family` again, or of all families; `marked`: between the marks of RFC 7313. A change
    /// that waits goes along. Marks have to come after End-of-RIB where the speaker restarts gracefully: they wait for it, and where nobody
    /// has asked for it yet, there are none.
    pub fn resend(&mut self, family: Option<Family>, families: &[Family], marked: bool) {
        self.batch.resend(family, families, marked);
    }

    /// Sends End-of-RIB for `family` once nothing else waits.
    pub fn end_of_rib(&mut self, family: Family) {
        self.batch.end_of_rib(&[family]);
    }
}

/// Sessions.
impl AdjRibOut {
    /// Whether we restart gracefully, so that no refresh is marked before End-of-RIB (RFC 7313 §4).
    pub fn restart_gracefully(&mut self, graceful: bool) {
        self.batch.end_before_marks(graceful);
    }

    /// A session with these families is up: every route is to be announced, then, with `end_of_rib`, the end.
    pub fn session_up(&mut self, families: &[Family], end_of_rib: bool) {
        self.batch.session_up(self.table.entries.len() > 0);
        if end_of_rib {
            self.batch.end_of_rib(families);
        }
    }

    /// The session is gone, and what the peer was told with it. What was to be announced still is.
    pub fn session_down(&mut self) {
        self.table.session_down();
        self.batch.session_down();
    }
}
