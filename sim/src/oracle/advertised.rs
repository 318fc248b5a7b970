//! What one session's wire has told the peer, and what it has not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use holdtime_core::Instant;
use holdtime_core::rib::Destination;
use holdtime_core::session::negotiate;
use holdtime_core::wire::{Family, Ipv4Prefix, Negotiated, Nlri, Open, Prefix, UpdateView};

use crate::oracle::wanted::{Desired, Want};
use crate::scenario::codec::{HEADER, announced_ipv4, as_withdrawal, is_multiprotocol, withdrawn_ipv4};

/// What a message may have besides its attributes: header, lengths, and an NLRI.
const BESIDES: usize = 23 + 64;

/// What was said on one session.
#[derive(Debug)]
pub(super) struct Advertised {
    pub(super) remote: IpAddr,
    /// Whose session it is; `None`: more than one neighbor's, or nobody's.
    pub(super) neighbor: Option<u32>,
    ours: Option<Open>,
    theirs: Option<Open>,
    /// What both OPENs agreed on, as the peer sees it.
    terms: Option<Negotiated>,
    routes: BTreeMap<Destination, Instant>,
    /// What was withdrawn, and when last: of what was announced again since, it says nothing that still counts.
    withdrawn: BTreeMap<Destination, Instant>,
    /// When all routes of a family were asked for again.
    again: BTreeMap<Family, Instant>,
    owed: Owed,
}

/// Destinations of which the peer is owed something, and since when.
#[derive(Debug, Default)]
struct Owed {
    since: BTreeMap<Destination, Instant>,
    /// How many since each time.
    times: BTreeMap<Instant, usize>,
}

impl Owed {
    fn set(&mut self, destination: &Destination, since: Option<Instant>) {
        let before = match since {
            Some(since) => self.since.insert(destination.clone(), since),
            None => self.since.remove(destination),
        };
        if let Some(count) = before.and_then(|before| self.times.get_mut(&before)) {
            *count -= 1;
        }
        self.times.retain_first(|count| *count > 0);
        if let Some(since) = since {
            *self.times.entry(since).or_default() += 1;
        }
    }
}

/// Drops what is at the front and not to be kept.
trait RetainFirst {
    fn retain_first(&mut self, keep: impl Fn(&usize) -> bool);
}

impl RetainFirst for BTreeMap<Instant, usize> {
    fn retain_first(&mut self, keep: impl Fn(&usize) -> bool) {
        while let Some(entry) = self.first_entry().filter(|entry| !keep(entry.get())) {
            entry.remove();
        }
    }
}

impl Advertised {
    pub(super) fn new(remote: IpAddr, neighbor: Option<u32>) -> Self {
        Self {
            remote,
            neighbor,
            ours: None,
            theirs: None,
            terms: None,
            routes: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            again: BTreeMap::new(),
            owed: Owed::default(),
        }
    }

    /// Takes in an OPEN of ours, or of the peer's; whether both are known now.
    pub(super) fn open(&mut self, message: &[u8], ours: bool) -> bool {
        let open = message.get(HEADER..).and_then(|body| Open::decode(body).ok());
        if ours {
            self.ours = open;
        } else {
            self.theirs = open;
        }
        self.terms =
            self.ours.as_ref().zip(self.theirs.as_ref()).map(|(ours, theirs)| negotiate(theirs, ours));
        self.terms.is_some()
    }

    /// Takes in an UPDATE of ours; returns which destinations it concerns.
    pub(super) fn update(&mut self, at: Instant, message: &[u8]) -> Vec<Destination> {
        let mut changed = Vec::new();
        for (destination, announced) in self.changes(message) {
            if announced {
                self.routes.insert(destination.clone(), at);
            } else if self.routes.remove(&destination).is_some() {
                self.withdrawn.insert(destination.clone(), at);
            }
            changed.push(destination);
        }
        changed
    }

    fn changes(&self, message: &[u8]) -> Vec<(Destination, bool)> {
        let (Some(terms), Some(body)) = (&self.terms, message.get(HEADER..)) else { return Vec::new() };
        let plain = !self.sends_paths(Family::IPV4_UNICAST);
        // Nearly all are of this kind, and read sooner so.
        if plain && !is_multiprotocol(body) {
            return plain_changes(body);
        }
        changes_of_every_family(terms, body)
    }

    fn sends_paths(&self, family: Family) -> bool {
        let terms = self.terms.as_ref().and_then(|terms| terms.family(family));
        terms.is_some_and(|terms| terms.add_path_receive)
    }

    /// How the wire names a destination; `None`: its family was not agreed on.
    fn wire<'d>(&self, destination: &'d Destination) -> Option<Cow<'d, Destination>> {
        let terms = self.terms.as_ref()?.family(destination.family())?;
        let path_id = terms.add_path_receive.then(|| destination.path_id.unwrap_or(0));
        if destination.path_id == path_id {
            return Some(Cow::Borrowed(destination));
        }
        Some(Cow::Owned(Destination { nlri: destination.nlri.clone(), path_id }))
    }

    /// All routes of a family are asked for again. What is on its way anyway is not asked for twice.
    pub(super) fn ask_again(&mut self, at: Instant, family: Option<Family>) {
        let Some(terms) = &self.terms else { return };
        for known in terms.families().iter().map(|terms| terms.family) {
            let asked = family.is_none_or(|family| family == known);
            if asked && !self.owed.since.keys().any(|destination| destination.family() == known) {
                self.again.insert(known, at);
            }
        }
    }

    /// Whether the peer may ask for its routes again (RFC 2918).
    pub(super) fn may_ask_again(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.route_refresh)
    }

    /// Looks again at what is owed of a destination.
    pub(super) fn review(&mut self, wanted: &Desired, destination: &Destination) {
        match wanted.get(destination) {
            Some(want) => self.review_known(wanted, destination, want),
            None => self.owed.set(destination, None),
        }
    }

    /// Looks again at what is owed of a destination of which this is wanted.
    pub(super) fn review_known(&mut self, wanted: &Desired, destination: &Destination, want: &Want) {
        let since = self.debt(wanted, destination, want);
        self.owed.set(destination, since);
    }

    /// Since when the peer is owed something of a destination.
    fn debt(&self, wanted: &Desired, destination: &Destination, want: &Want) -> Option<Instant> {
        let family = destination.family();
        let wire = self.wire(destination).filter(|_| wanted.is_followed(family))?;
        let advertised = self.routes.get(&*wire);
        match &want.route {
            Some(route) => {
                let again = self.again.get(&family).copied().unwrap_or_default();
                let current =
                    advertised.is_some_and(|advertised| *advertised >= want.asked && *advertised >= again);
                // Withdrawn for a command that is not answered yet, it was not missing before that.
                let gone = self.withdrawn.get(&*wire).copied().unwrap_or_default();
                (!current && route.has_hop(self.remote)).then_some(want.due.max(again).max(gone))
            }
            // Without path identifiers another path to the same destination may have taken its place.
            None if wire.path_id.is_none() && wanted.any_path(&wire.nlri) => None,
            // Announced for a command that is not answered yet, it was not one too many before that.
            None => advertised.map(|advertised| want.due.max(*advertised)),
        }
    }

    /// What has been owed for longest, and since when.
    pub(super) fn oldest(&self) -> Option<(&Destination, Instant)> {
        let (since, _) = self.owed.times.first_key_value()?;
        self.owed
            .since
            .iter()
            .find(|(_, owed)| *owed == since)
            .map(|(destination, since)| (destination, *since))
    }

    /// Since when something is owed.
    pub(super) fn owes_since(&self) -> Option<Instant> {
        self.owed.times.first_key_value().map(|(since, _)| *since)
    }

    /// How many destinations something is owed of.
    pub(super) fn owes(&self) -> usize {
        self.owed.since.len()
    }

    /// Lets a debt go that cannot be paid: no message can hold the route. Whether it was one.
    pub(super) fn forgive(&mut self, wanted: &Desired, destination: &Destination) -> bool {
        let route = wanted.get(destination).and_then(|want| want.route.as_ref());
        let max = self.terms.as_ref().map_or(0, Negotiated::max_message);
        let too_large = route.is_some_and(|route| size(route) > max);
        if too_large {
            self.owed.set(destination, None);
        }
        too_large
    }

    /// A route that the peer was told of and nobody ever wanted it to know. What is wanted gone is owed.
    pub(super) fn superfluous(&self, wanted: &Desired) -> Option<(&Destination, Instant)> {
        let unwanted = |destination: &Destination| {
            let exact = wanted.get(destination).or_else(|| {
                let unnumbered = Destination { path_id: None, ..destination.clone() };
                wanted.get(&unnumbered).filter(|_| destination.path_id == Some(0))
            });
            let any = destination.path_id.is_none() && wanted.any_path(&destination.nlri);
            wanted.is_followed(destination.family()) && !any && exact.is_none()
        };
        self.routes.iter().find(|(destination, _)| unwanted(destination)).map(|(one, at)| (one, *at))
    }
}

/// What the routes behind the attributes, and those withdrawn before them, change.
fn plain_changes(body: &[u8]) -> Vec<(Destination, bool)> {
    let withdrawn = withdrawn_ipv4(body).filter_map(|prefix| Some((ipv4(prefix)?, false)));
    withdrawn.chain(announced_ipv4(body).filter_map(|prefix| Some((ipv4(prefix)?, true)))).collect()
}

/// What a message changes, in whatever family.
fn changes_of_every_family(terms: &Negotiated, body: &[u8]) -> Vec<(Destination, bool)> {
    let Ok(view) = UpdateView::decode(body, terms) else { return Vec::new() };
    // ExaBGP announces with next hops that only the two of them agree on: such routes are told all the same.
    let refused = view.problem().and_then(|_| as_withdrawal(body));
    let refused = refused.as_ref().and_then(|body| UpdateView::decode(body, terms).ok());
    let refused = refused.and_then(|view| view.mp_unreach()).map(|part| (part.nlri(), true));
    let unreach = view.mp_unreach().map(|part| (part.nlri(), false));
    let reach = view.mp_reach().map(|part| (part.nlri(), true));
    let plain = [(view.withdrawn(), false), (view.nlri(), true)];
    let mut changes = Vec::new();
    for (routes, announced) in plain.into_iter().chain(unreach).chain(reach).chain(refused) {
        changes.extend(routes.map(|one| (Destination::new(&one.nlri.into(), one.path_id), announced)));
    }
    changes
}

/// About how many octets a message with nothing but this route has.
fn size(route: &crate::oracle::wanted::WantedRoute) -> usize {
    let mut buffer = vec![0; 1 << 16];
    let length = |attribute: &holdtime_core::wire::Attribute, buffer: &mut [u8]| {
        let mut out = holdtime_core::wire::Writer::new(buffer);
        attribute.encode(true, &mut out).map_or(1 << 16, |()| out.len())
    };
    route.attributes.iter().map(|attribute| length(attribute, &mut buffer)).sum::<usize>() + BESIDES
}

fn ipv4((address, length): (std::net::Ipv4Addr, u8)) -> Option<Destination> {
    let prefix = Prefix::V4(Ipv4Prefix::new(address, length)?);
    Some(Destination { nlri: Nlri::Unicast(prefix), path_id: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::oracle::testing::{PEER, announcement, open, withdrawal};

    fn session() -> Advertised {
        let mut told = Advertised::new(PEER, None);
        let message = open(90, &[(1, 1)]);
        told.open(&message, true);
        told.open(&message, false);
        told
    }

    fn prefixes() -> impl Strategy<Value = String> {
        let prefix = (any::<u32>(), 0..=32_u8).prop_map(|(address, length)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv4Addr::from(address & mask))
        });
        prop::collection::vec(prefix, 1..20).prop_map(|all| all.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_plain_message_says_the_same_read_as_one_of_any_family(announced in prefixes(), withdrawn in prefixes()) {
            let told = session();
            for message in [announcement(&announced), withdrawal(&withdrawn)] {
                let body = &message[HEADER..];
                let long = changes_of_every_family(told.terms.as_ref().unwrap(), body);
                prop_assert!(!long.is_empty());
                prop_assert_eq!(plain_changes(body), long);
            }
        }

        #[test]
        fn a_destination_that_the_wire_calls_the_same_is_the_same(announced in prefixes()) {
            let told = session();
            for (destination, _) in told.changes(&announcement(&announced)) {
                prop_assert_eq!(told.wire(&destination).map(Cow::into_owned), Some(destination.clone()));
            }
        }
    }
}
