//! What an UPDATE says, route by route.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use super::{attributes_json, family, nlri::next_hop_text, nlri_json, put, separated, string};
use crate::wire::attribute::Attribute;
use crate::wire::treatment::Problem;
use crate::wire::{Family, NextHop, PathAttributeValue, PathNlri, Update};

/// One route of an UPDATE: withdrawn, or announced with the next hop that is for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEvent {
    /// Whether it is announced.
    pub announced: bool,
    /// Its family.
    pub family: Family,
    /// Its next hop, where it has one.
    pub next_hop: Option<NextHop>,
    /// Its destination.
    pub path: PathNlri,
}

/// The routes of an UPDATE in the order that programs are told of them: what IPv4 withdraws and announces without the
/// multiprotocol attributes, then MP_UNREACH_NLRI, then MP_REACH_NLRI, where a destination with two next hops is two routes.
pub fn update_routes(update: &Update) -> Vec<RouteEvent> {
    let values = || update.attributes.iter().map(|attribute| &attribute.value);
    let next_hop = values().find_map(|value| match value {
        PathAttributeValue::NextHop(address) => Some(NextHop::V4(*address)),
        _ => None,
    });
    let ipv4 = Family::IPV4_UNICAST;
    let withdrawn = update.withdrawn.iter().map(|path| (false, ipv4, None, path));
    let announced = update.nlri.iter().map(|path| (true, ipv4, next_hop, path));
    let unreach = values().filter_map(|value| match value {
        PathAttributeValue::MpUnreach(unreach) => Some(unreach),
        _ => None,
    });
    let unreach =
        unreach.flat_map(|unreach| unreach.nlri.iter().map(|path| (false, unreach.family, None, path)));
    let reach = values().filter_map(|value| match value {
        PathAttributeValue::MpReach(reach) => Some(reach),
        _ => None,
    });
    let reach = reach.flat_map(|reach| {
        let hops = next_hops(reach.next_hop);
        let of_each = move |path: PathNlri| {
            hops.into_iter().flatten().map(move |hop| (true, reach.family, hop, path.clone()))
        };
        reach.nlri.iter().flat_map(of_each)
    });
    withdrawn
        .chain(announced)
        .chain(unreach)
        .chain(reach)
        .map(|(announced, family, next_hop, path)| RouteEvent { announced, family, next_hop, path })
        .collect()
}

/// The next hops of MP_REACH_NLRI one by one: the link-local address stands as one of its own (RFC 2545 §3).
pub(super) fn next_hops(of: Option<NextHop>) -> [Option<Option<NextHop>>; 2] {
    match of {
        Some(NextHop::V6LinkLocal(global, link_local)) => {
            [Some(Some(NextHop::V6(global))), Some(Some(NextHop::V6(link_local)))]
        }
        one => [Some(one), None],
    }
}

/// The attributes of an UPDATE that belong to its routes, by ascending code.
pub(crate) fn route_attributes(update: &Update) -> Vec<&Attribute> {
    let mut attributes: Vec<&Attribute> = update
        .attributes
        .iter()
        .filter_map(|attribute| match &attribute.value {
            PathAttributeValue::Route(attribute) => Some(attribute),
            _ => None,
        })
        .collect();
    attributes.sort_by_key(|attribute| attribute.code());
    attributes
}

/// The family whose End-of-RIB an UPDATE is (RFC 4724 §2). One whose routes could not be read is none.
pub(crate) fn end_of_rib(update: &Update, problem: Option<&Problem>) -> Option<Family> {
    if problem.is_some() || !update.withdrawn.is_empty() || !update.nlri.is_empty() {
        return None;
    }
    match update.attributes.as_slice() {
        [] => Some(Family::IPV4_UNICAST),
        [only] => match &only.value {
            PathAttributeValue::MpUnreach(unreach) if unreach.nlri.is_empty() => Some(unreach.family),
            _ => None,
        },
        _ => None,
    }
}

/// Appends what an UPDATE says as the value of "message": an object with "update", or with "eor". What is wrong with it stands
/// as "error" among its attributes.
pub fn update_json(out: &mut String, update: &Update, problem: Option<&Problem>, compact: bool) {
    if let Some(family) = end_of_rib(update, problem) {
        out.push_str("{ \"eor\": { \"afi\" : \"");
        super::afi(out, family.afi);
        out.push_str("\", \"safi\" : \"");
        super::safi(out, family.safi);
        return out.push_str("\" } }");
    }
    let attributes = route_attributes(update);
    let mut members: Vec<String> = Vec::new();
    if !attributes.is_empty() || problem.is_some() {
        members.push(object("attribute", |out| {
            attributes_json(out, &attributes);
            if let Some(problem) = problem {
                out.push_str(if attributes.is_empty() { "\"error\": " } else { ", \"error\": " });
                string(out, &problem.to_string());
            }
        }));
    }
    let mut announced: Groups<(Family, Option<NextHop>)> = Groups::default();
    let mut withdrawn: Groups<Family> = Groups::default();
    for route in update_routes(update) {
        if route.announced {
            announced.add((route.family, route.next_hop), route.path);
        } else {
            withdrawn.add(route.family, route.path);
        }
    }
    if !announced.0.is_empty() {
        members.push(object("announce", |out| announce_json(out, &announced, compact)));
    }
    if !withdrawn.0.is_empty() {
        members.push(object("withdraw", |out| {
            separated(out, ", ", &withdrawn.0, |out, (group, paths)| {
                key(out, *group);
                paths_json(out, paths, None, compact);
            });
        }));
    }
    out.push_str("{ \"update\": { ");
    separated(out, ", ", members, |out, member| out.push_str(&member));
    out.push_str(" } }");
}

/// `"ipv4 unicast": { "192.0.2.1": [ … ], … }, …`: by family, then by next hop.
fn announce_json(out: &mut String, groups: &Groups<(Family, Option<NextHop>)>, compact: bool) {
    let mut families: Vec<Family> = Vec::new();
    for ((family, _), _) in &groups.0 {
        if !families.contains(family) {
            families.push(*family);
        }
    }
    separated(out, ", ", families, |out, family| {
        key(out, family);
        out.push_str("{ ");
        let of_family = groups.0.iter().filter(|((other, _), _)| *other == family);
        separated(out, ", ", of_family, |out, ((_, next_hop), paths)| {
            out.push('"');
            match next_hop {
                Some(next_hop) => next_hop_text(out, *next_hop),
                None => out.push_str("no-nexthop"),
            }
            out.push_str("\": ");
            paths_json(out, paths, *next_hop, compact);
        });
        out.push_str(" }");
    });
}

/// `"ipv4 unicast": `
pub(super) fn key(out: &mut String, name: Family) {
    out.push('"');
    family(out, name, ' ');
    out.push_str("\": ");
}

fn paths_json(out: &mut String, paths: &[PathNlri], next_hop: Option<NextHop>, compact: bool) {
    out.push_str("[ ");
    separated(out, ", ", paths, |out, path| nlri_json(out, path, next_hop, compact));
    out.push_str(" ]");
}

/// `"name": { … }`
fn object(name: &str, write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    put!(out, "\"{name}\": {{ ");
    write(&mut out);
    out.push_str(" }");
    out
}

/// Paths by what they have in common, in the order of appearance.
struct Groups<K>(Vec<(K, Vec<PathNlri>)>);

impl<K> Default for Groups<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq> Groups<K> {
    /// An UPDATE has few groups and many paths, and neighbours are alike: the last group is tried first.
    fn add(&mut self, key: K, path: PathNlri) {
        match self.0.iter_mut().rev().find(|(known, _)| *known == key) {
            Some((_, paths)) => paths.push(path),
            None => self.0.push((key, Vec::from([path]))),
        }
    }
}
