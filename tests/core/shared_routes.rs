//! Several Adj-RIBs-Out with one catalogue beside a plain model of each: whatever happens to them, in whatever slices, every peer ends with
//! what its neighbor was to be told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdtime_core::rib::{AdjRibOut, Catalogue, PackLimits, Packing, PeerTerms, Resolved};
use holdtime_core::wire::frame::Framer;
use holdtime_core::wire::update::UpdateView;
use holdtime_core::wire::{
    Attribute, Attributes, Community, Family, FamilyTerms, Ipv4Prefix, Negotiated, NextHop, Nlri, Prefix,
    Route,
};
use proptest::prelude::*;

const FAMILIES: [Family; 1] = [Family::IPV4_UNICAST];
/// The next hop of a route that only extended messages have room for.
const LARGE: u8 = 3;

/// The second octet of a prefix, and the path identifier.
type Place = (u8, Option<u32>);

/// Who may be meant: a bit for each.
type Who = u8;

/// Some destinations, one after the other.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    first: u8,
    count: u8,
    /// Their path identifier, at peers that take one.
    path: u32,
}

/// What may happen between two messages.
#[derive(Clone, Debug)]
enum Change {
    Announce(Who, Stretch, u8),
    Withdraw(Who, Stretch),
    /// A clear begins.
    Clear(Who),
    /// The configuration is read: what it announces to everybody, and to some besides.
    Read(Vec<(Who, Stretch, u8)>),
    Refresh(Who, bool),
    Down(Who),
    Up(Who),
    /// The connection takes so many octets.
    Pack(Who, usize),
    /// What takes several turns has one, with room for so many routes.
    GoOn(usize),
    /// The neighbor goes, and another one comes: that announces what the last one does, if that is never in session.
    Replace(u8),
}

/// Routes of a reading that are still to come, and whether it is still to be seen what is in it no more.
#[derive(Debug)]
struct Reading {
    routes: Vec<(Place, u8)>,
    generation: u32,
}

#[derive(Debug)]
struct Seat {
    rib: AdjRibOut,
    /// As we see the session, and as the peer does.
    negotiated: [Negotiated; 2],
    up: bool,
    clearing: bool,
    reading: Option<Reading>,
    /// What the peer has heard.
    heard: BTreeMap<Place, u8>,
    /// What it is to know: the next hop, and which reading it is from.
    wanted: BTreeMap<Place, (u8, u32)>,
    /// The destinations of the last reading.
    listed: BTreeSet<Place>,
}

fn route((second, path_id): Place, hop: u8) -> Route {
    let prefix = Ipv4Prefix::new([10, second, 0, 0].into(), 16).unwrap();
    let many = (hop == LARGE).then(|| Attribute::Communities((0..1_100).map(Community).collect()));
    Route {
        path_id,
        nlri: Nlri::Unicast(Prefix::V4(prefix)),
        next_hop: Some(NextHop::V4([10, 0, 0, hop].into())),
        attributes: Arc::new(Attributes::from_iter(many)),
    }
}

impl Seat {
    /// The first one has path identifiers, the second one extended messages.
    fn new(number: usize) -> Self {
        let packing = if number.is_multiple_of(2) { Packing::Grouped } else { Packing::Single };
        let terms = |sends: bool| {
            let mut negotiated = Negotiated::between(65_000, 65_000);
            (negotiated.asn4, negotiated.extended_message) = (true, number == 1);
            negotiated.set_family(FamilyTerms {
                add_path_send: number == 0 && sends,
                add_path_receive: number == 0 && !sends,
                ..FamilyTerms::plain(FAMILIES[0])
            });
            negotiated
        };
        Self {
            rib: AdjRibOut::new(packing, true),
            negotiated: [terms(true), terms(false)],
            up: false,
            clearing: false,
            reading: None,
            heard: BTreeMap::new(),
            wanted: BTreeMap::new(),
            listed: BTreeSet::new(),
        }
    }

    /// The destinations that are meant, as this neighbor has them.
    fn places(&self, stretch: Stretch) -> Vec<Place> {
        let path = self.negotiated[0]
            .family(FAMILIES[0])
            .filter(|family| family.add_path_send)
            .map(|_| stretch.path);
        (stretch.first..=stretch.first.saturating_add(stretch.count)).map(|second| (second, path)).collect()
    }

    fn change(&mut self, catalogue: &mut Catalogue, stretch: Stretch, hop: Option<u8>) {
        for place in self.places(stretch) {
            let resolved: Resolved = catalogue.resolve(&route(place, hop.unwrap_or_default()), false);
            match hop {
                Some(hop) => {
                    self.rib.announce(catalogue, &resolved);
                    self.wanted.insert(place, (hop, 0));
                }
                None => {
                    self.rib.withdraw(catalogue, &resolved);
                    self.wanted.remove(&place);
                }
            }
            catalogue.let_go(resolved);
        }
    }

    /// One turn of what takes several.
    fn go_on(&mut self, catalogue: &mut Catalogue, mut room: usize) {
        // While a configuration is taken in, commands wait.
        let Some(reading) = &mut self.reading else {
            if self.clearing {
                self.clearing = !self.rib.go_on_with_clear(catalogue, &mut room);
            }
            return;
        };
        while room > 0
            && let Some((place, hop)) = reading.routes.pop()
        {
            room -= 1;
            let resolved = catalogue.resolve(&route(place, hop), false);
            let new = self.rib.configure_route(catalogue, &resolved, reading.generation);
            catalogue.let_go(resolved);
            let known = self.wanted.insert(place, (hop, reading.generation));
            let again = known.is_some_and(|(_, generation)| generation == reading.generation);
            assert_eq!(
                new,
                !(again || self.listed.contains(&place)),
                "{place:?} is new to the configuration"
            );
        }
        if reading.routes.is_empty() && room > 0 && self.rib.retire(catalogue, reading.generation, &mut room)
        {
            let generation = reading.generation;
            self.wanted.retain(|_, (_, known)| *known == 0 || *known == generation);
            self.listed =
                self.wanted.iter().filter(|(_, (_, known))| *known != 0).map(|(place, _)| *place).collect();
            self.rib.hold_back(false);
            self.reading = None;
        }
    }

    fn pack(&mut self, catalogue: &mut Catalogue, octets: usize) {
        let [ours, theirs] = &self.negotiated;
        let end = [10, 0, 0, 1];
        let terms = PeerTerms {
            negotiated: ours,
            local_address: end.into(),
            router_id: end.into(),
            link_local: None,
            aigp: false,
        };
        let mut out = vec![];
        self.rib.pack(catalogue, &terms, PackLimits { octets, ..PackLimits::default() }, &mut out);
        let mut framer = Framer::new(&out, 65_535);
        while let Some(frame) = framer.next_frame().unwrap() {
            if frame.kind() != 2 {
                continue;
            }
            let view = UpdateView::decode(frame.body(), theirs).unwrap();
            assert!(view.problem().is_none());
            let place = |nlri: Nlri, path_id| match nlri {
                Nlri::Unicast(Prefix::V4(prefix)) => (prefix.address().octets()[1], path_id),
                other => panic!("{other:?}"),
            };
            for gone in view.withdrawn() {
                self.heard.remove(&place(gone.nlri.into(), gone.path_id));
            }
            for come in view.nlri() {
                let hop = view.next_hop().expect("a next hop").octets()[3];
                self.heard.insert(place(come.nlri.into(), come.path_id), hop);
            }
        }
    }

    /// What the peer is to know: what its messages have room for.
    fn sendable(&self) -> BTreeMap<Place, u8> {
        let fits = |hop: &u8| *hop != LARGE || self.negotiated[0].extended_message;
        self.wanted.iter().map(|(place, (hop, _))| (*place, *hop)).filter(|(_, hop)| fits(hop)).collect()
    }

    /// Everything that is under way comes to its end, and the peer has what it is to have.
    fn settle(&mut self, catalogue: &mut Catalogue) {
        while self.clearing || self.reading.is_some() {
            self.go_on(catalogue, 50);
        }
        if !self.up {
            self.rib.session_up(&FAMILIES, true);
            self.up = true;
        }
        let mut calls = 0;
        while self.rib.has_pending() {
            self.pack(catalogue, 300);
            calls += 1;
            assert!(calls < 10_000, "{} wait for ever", self.rib.pending());
        }
        assert_eq!(self.heard, self.sendable(), "what the peer has, and what it should have");
        let held: Vec<Place> = self.rib.routes(catalogue).map(|route| place(&route)).collect();
        let mut pages: Vec<Place> = vec![];
        let mut after = None;
        loop {
            let page: Vec<_> = self.rib.routes_after(catalogue, after.as_ref()).take(7).collect();
            let Some(last) = page.last() else { break };
            pages.extend(page.iter().map(place));
            after = Some(last.destination.clone().into_owned());
        }
        let wanted: Vec<Place> = self.sendable().into_keys().collect();
        assert_eq!((&held, &pages), (&wanted, &wanted), "as it is shown, at once and page by page");
        assert!(!self.rib.routes(catalogue).any(|route| route.pending) && self.rib.pending() == 0);
    }
}

fn place(route: &holdtime_core::rib::Announced<'_>) -> Place {
    match &route.destination.nlri {
        Nlri::Unicast(Prefix::V4(prefix)) => (prefix.address().octets()[1], route.destination.path_id),
        other => panic!("{other:?}"),
    }
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let count = prop_oneof![Just(0u8), 0..4u8, 20..90u8];
    (0..140u8, count, 1..3u32).prop_map(|(first, count, path)| Stretch { first, count, path })
}

fn change() -> impl Strategy<Value = Change> {
    let who = || prop_oneof![3 => Just(0xff), 4 => any::<u8>()];
    let hop = || prop_oneof![6 => 0..3u8, 1 => Just(LARGE)];
    prop_oneof![
        6 => (who(), stretch(), hop()).prop_map(|(who, stretch, hop)| Change::Announce(who, stretch, hop)),
        3 => (who(), stretch()).prop_map(|(who, some)| Change::Withdraw(who, some)),
        1 => who().prop_map(Change::Clear),
        2 => proptest::collection::vec((who(), stretch(), hop()), 0..4).prop_map(Change::Read),
        1 => (who(), any::<bool>()).prop_map(|(who, marked)| Change::Refresh(who, marked)),
        1 => who().prop_map(Change::Down),
        2 => who().prop_map(Change::Up),
        5 => (who(), prop_oneof![1..300usize, 300..20_000usize]).prop_map(|(who, octets)| Change::Pack(who, octets)),
        3 => (1..120usize).prop_map(Change::GoOn),
        1 => (0..4u8).prop_map(Change::Replace),
    ]
}

/// What is applied to whom.
fn apply(seats: &mut [Seat], catalogue: &mut Catalogue, generation: &mut u32, change: Change) {
    let meant = |seats: usize, who: Who| (0..seats).filter(move |at| who & (1 << at) != 0);
    // The last one is the range that others are made from, and never in session.
    let (all, peers) = (seats.len(), seats.len() - 1);
    match change {
        // While a configuration is taken in, programs wait.
        Change::Announce(who, some, hop) => {
            for at in meant(all, who).filter(|at| seats[*at].reading.is_none()).collect::<Vec<_>>() {
                seats[at].change(catalogue, some, Some(hop));
            }
        }
        Change::Withdraw(who, some) => {
            for at in meant(all, who).filter(|at| seats[*at].reading.is_none()).collect::<Vec<_>>() {
                seats[at].change(catalogue, some, None);
            }
        }
        Change::Clear(who) => {
            for at in meant(all, who).filter(|at| seats[*at].reading.is_none()).collect::<Vec<_>>() {
                seats[at].rib.begin_clear();
                seats[at].clearing = true;
                seats[at].wanted.clear();
            }
        }
        Change::Read(parts) => {
            // One reading at a time.
            while seats.iter().any(|seat| seat.reading.is_some()) {
                seats.iter_mut().for_each(|seat| seat.go_on(catalogue, 30));
            }
            *generation += 1;
            for (at, seat) in seats.iter_mut().enumerate() {
                let own = parts.iter().filter(|(who, ..)| who & (1 << at) != 0);
                let routes: Vec<_> = own
                    .flat_map(|(_, some, hop)| seat.places(*some).into_iter().map(|place| (place, *hop)))
                    .collect();
                seat.rib.hold_back(true);
                seat.reading = Some(Reading { routes, generation: *generation });
            }
        }
        Change::Refresh(who, marked) => {
            for at in meant(peers, who).filter(|at| seats[*at].up).collect::<Vec<_>>() {
                seats[at].rib.resend(None, &FAMILIES, marked);
            }
        }
        Change::Down(who) => {
            for at in meant(peers, who).filter(|at| seats[*at].up).collect::<Vec<_>>() {
                seats[at].rib.session_down();
                seats[at].up = false;
                seats[at].heard.clear();
            }
        }
        Change::Up(who) => {
            for at in meant(peers, who).filter(|at| !seats[*at].up).collect::<Vec<_>>() {
                seats[at].rib.session_up(&FAMILIES, true);
                seats[at].up = true;
            }
        }
        Change::Pack(who, octets) => {
            for at in meant(peers, who).filter(|at| seats[*at].up).collect::<Vec<_>>() {
                seats[at].pack(catalogue, octets);
            }
        }
        Change::GoOn(room) => seats.iter_mut().for_each(|seat| seat.go_on(catalogue, room)),
        Change::Replace(at) => {
            let at = usize::from(at) % peers;
            let mut gone = std::mem::replace(&mut seats[at], Seat::new(at));
            while !gone.rib.forget(catalogue, &mut 20) {}
            let (made, range) = seats.split_at_mut(peers);
            // What it has are routes without path identifiers.
            if at != 0 && range[0].reading.is_none() && !range[0].clearing {
                made[at].rib.copy(catalogue, &range[0].rib);
                made[at].wanted.clone_from(&range[0].wanted);
                made[at].listed.clone_from(&range[0].listed);
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::seed::config())]

    #[test]
    fn whatever_happens_every_peer_ends_with_what_its_neighbor_was_to_be_told(
        changes in proptest::collection::vec(change(), 0..40),
    ) {
        let mut catalogue = Catalogue::default();
        let mut seats: Vec<Seat> = (0..4).map(Seat::new).collect();
        let mut generation = 1;
        for change in changes {
            apply(&mut seats, &mut catalogue, &mut generation, change);
        }
        // The range is not in session, but one made from it might be.
        seats.iter_mut().for_each(|seat| seat.settle(&mut catalogue));
        // Once more: what one session is told leaves no trace in the next.
        for seat in &mut seats {
            seat.rib.session_down();
            seat.heard.clear();
            seat.up = false;
            seat.settle(&mut catalogue);
        }
        for mut seat in seats {
            while !seat.rib.forget(&mut catalogue, &mut 20) {}
        }
        let left = format!("{catalogue:?}");
        prop_assert!(left.starts_with("Catalogue { items: [], free: []"), "nothing is left in use: {}", left);
    }
}
