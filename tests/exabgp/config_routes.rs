//! The routes of a configuration are those that ExaBGP sends for it: what its suite expects is decoded and compared,
//! whatever the order and packing.

#![allow(clippy::unwrap_used)] // a failed test stops

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use holdtime_core::config::{AddPath, Config, ConfigText, Neighbor, Settings};
use holdtime_core::wire::negotiated::FamilyTerms;
use holdtime_core::wire::update::UpdateView;

use crate::trials::Test;
use holdtime_core::wire::{
    AsPath, Attribute, Attributes, Negotiated, NextHop, Nlri, Origin, Route, Writer, nlri::PathNlriView,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::needing(
        || crate::trials::without(&suite()),
        "configurations_announce_the_routes_that_exabgp_sends",
        configurations_announce_the_routes_that_exabgp_sends,
    )]
}

/// ExaBGP's own cases, which are no part of this repository.
fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exabgp-qa")
}

/// A route in a form that compares: destination, path identifier, next hop, and each attribute as it stands on the wire.
type Sent = (Nlri, Option<u32>, Option<NextHop>, Vec<Vec<u8>>);

/// What a session between a neighbor and ExaBGP's checking peer, which echoes the OPEN, agrees on.
fn negotiated(neighbor: &Neighbor) -> Negotiated {
    let (local, peer) = (neighbor.local_as.unwrap(), neighbor.peer_as.unwrap());
    let mut negotiated = Negotiated::between(local, peer);
    negotiated.asn4 = neighbor.capabilities.asn4;
    for family in &neighbor.families {
        let both = neighbor.capabilities.add_path == AddPath::Both && neighbor.add_paths.contains(family);
        let next_hop = neighbor.next_hops.iter().find(|(known, _)| known == family);
        negotiated.set_family(FamilyTerms {
            add_path_receive: both,
            add_path_send: both,
            extended_next_hop: next_hop.map(|(_, afi)| *afi),
            ..FamilyTerms::plain(*family)
        });
    }
    negotiated
}

fn on_the_wire(attributes: &Attributes, negotiated: &Negotiated) -> Vec<Vec<u8>> {
    let encoded = |attribute: &Attribute| {
        let mut buffer = [0; 4096];
        let mut writer = Writer::new(&mut buffer);
        attribute.encode(negotiated.asn4, &mut writer).unwrap();
        writer.written().to_vec()
    };
    attributes.iter().map(encoded).collect()
}

/// The route with what every UPDATE must hold.
fn sent(route: &Route, negotiated: &Negotiated) -> Sent {
    let internal = negotiated.local_as == negotiated.peer_as;
    let path = if internal { AsPath::default() } else { AsPath::sequence([negotiated.local_as]) };
    let mut attributes: Attributes =
        [Attribute::Origin(Origin::Igp), Attribute::AsPath(path), Attribute::LocalPref(100)]
            .into_iter()
            .collect();
    attributes.extend(route.attributes.iter().cloned());
    if !internal {
        attributes.remove(Attribute::LocalPref(0).code());
    }
    let add_path = negotiated.family(route.nlri.family()).is_some_and(|terms| terms.add_path_send);
    let path_id = add_path.then(|| route.path_id.unwrap_or(0));
    (route.nlri.clone(), path_id, route.next_hop, on_the_wire(&attributes, negotiated))
}

/// The routes in the UPDATEs of a `.msg` file, and the UPDATEs that only ExaBGP reads: with a FlowSpec prefix that stands whole
/// behind its offset, and with an unknown attribute that is not marked as optional.
fn expected(messages: &str, negotiated: &Negotiated) -> (BTreeSet<Sent>, Vec<Vec<u8>>) {
    let (mut routes, mut unread) = (BTreeSet::new(), Vec::new());
    for line in messages.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, hex)) = line.split_once(":raw:") else { continue };
        let hex: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
        let message: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        if message[18] != 2 {
            continue;
        }
        let update = match UpdateView::decode(&message[19..], negotiated) {
            Ok(update) if update.problem().is_none() => update,
            _ => {
                unread.push(message);
                continue;
            }
        };
        let attributes = on_the_wire(&update.route_attributes(), negotiated);
        let mut add = |route: PathNlriView<'_>, next_hop| {
            routes.insert((Nlri::from(route.nlri), route.path_id, next_hop, attributes.clone()));
        };
        update.nlri().for_each(|route| add(route, update.next_hop().map(NextHop::V4)));
        if let Some(reach) = update.mp_reach() {
            reach.nlri().for_each(|route| add(route, reach.next_hop));
        }
    }
    (routes, unread)
}

/// Whether `message` holds this route's destination and attributes.
fn holds(message: &[u8], (nlri, _, _, attributes): &Sent) -> bool {
    let mut buffer = [0; 512];
    let mut writer = Writer::new(&mut buffer);
    nlri.encode(&mut writer).unwrap();
    let contains = |part: &[u8]| message.windows(part.len()).any(|window| window == part);
    contains(writer.written()) && attributes.iter().all(|attribute| contains(attribute))
}

fn show(routes: impl Iterator<Item = Sent>) -> String {
    routes
        .map(|(nlri, path_id, hop, attributes)| {
            format!("{nlri:x?} {path_id:?} {hop:?}\n    {attributes:02x?}\n")
        })
        .collect()
}

fn configurations_announce_the_routes_that_exabgp_sends() {
    let suite = suite();
    let entries = fs::read_dir(suite.join("encoding")).unwrap();
    let mut failures = String::new();
    let mut compared = 0;
    for path in
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "ci"))
    {
        let name = fs::read_to_string(&path).unwrap().trim().to_string();
        let Ok(text) = fs::read_to_string(suite.join("etc").join(&name)) else { continue };
        let config = Config::parse(&ConfigText { name, text }, &Settings::default()).unwrap();
        let [neighbor] = config.neighbors.as_slice() else { continue };
        // What programs announce is not in the configuration.
        if !config.processes.is_empty() {
            continue;
        }
        let negotiated = negotiated(neighbor);
        let (wanted, unread) =
            expected(&fs::read_to_string(path.with_extension("msg")).unwrap(), &negotiated);
        let mut given: BTreeSet<Sent> =
            neighbor.routes.iter().map(|announcement| sent(&announcement.route, &negotiated)).collect();
        given.retain(|route| !unread.iter().any(|message| holds(message, route)));
        compared += 1;
        if wanted != given {
            failures += &format!(
                "== {}\nmissing:\n{}surplus:\n{}",
                path.display(),
                show(wanted.difference(&given).cloned()),
                show(given.difference(&wanted).cloned())
            );
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(compared >= 20, "only {compared} cases were compared");
}
