//! What an UPDATE says, straight from where it was received: what [`update_json`](super::update_json) writes, and nothing is copied. It is
//! for those that read millions.

use alloc::string::String;
use alloc::vec::Vec;

use super::attributes::{attribute_json, origin_name, unknown_json};
use super::nlri::{next_hop_text, nlri_json};
use super::number::{self, unsigned};
use super::separated;
use super::update::{key, next_hops};
use crate::wire::attribute::{
    AsPathView, AsSegmentKind, AttributeCode, AttributeFlags, AttributeView, List, ListItem, RawAttribute,
};
use crate::wire::nlri::{NlriView, Routes};
use crate::wire::{Community, Family, LargeCommunity, NextHop, PathNlri, PathNlriView, UpdateView};

/// Appends what an UPDATE says as [`update_json`](super::update_json) does; false, and nothing, where that takes its owned form: where
/// something is wrong with it, its path came in two parts (RFC 6793 §4.2.3), it says nothing, or it names a family twice.
pub fn update_view_json(out: &mut String, view: &UpdateView<'_>, compact: bool) -> bool {
    if view.problem().is_some() {
        return false;
    }
    let Some(Told { announced, withdrawn }) = routes(view) else { return false };
    let mut attributes: Vec<AttributeView<'_>> = Vec::with_capacity(16);
    attributes.extend(view.attributes());
    let split =
        |one: &AttributeView<'_>| matches!(one, AttributeView::As4Path(_) | AttributeView::As4Aggregator(_));
    if attributes.iter().any(split) {
        return false;
    }
    out.push_str("{ \"update\": { ");
    let mut separator = "";
    if !attributes.is_empty() {
        out.push_str("\"attribute\": { ");
        attribute_views_json(out, &mut attributes, &|_| None);
        out.push_str(" }");
        separator = ", ";
    }
    if announced.iter().any(Option::is_some) {
        out.push_str(separator);
        out.push_str("\"announce\": { ");
        separated(out, ", ", announced.into_iter().flatten(), |out, one| one.json(out, compact));
        out.push_str(" }");
        separator = ", ";
    }
    if withdrawn.iter().any(Option::is_some) {
        out.push_str(separator);
        out.push_str("\"withdraw\": { ");
        separated(out, ", ", withdrawn.into_iter().flatten(), |out, routes| {
            key(out, routes.family());
            routes_json(out, routes, None, compact);
        });
        out.push_str(" }");
    }
    out.push_str(" } }");
    true
}

/// The routes of an UPDATE: those of IPv4 outside of any attribute, and those of MP_REACH_NLRI and MP_UNREACH_NLRI.
struct Told<'a> {
    announced: [Option<Announced<'a>>; 2],
    withdrawn: [Option<Routes<'a>>; 2],
}

/// The routes of one field that are announced, and their next hops.
#[derive(Clone, Copy)]
struct Announced<'a> {
    routes: Routes<'a>,
    next_hops: [Option<Option<NextHop>>; 2],
}

/// What is announced, and what is withdrawn; `None` where that takes the owned form.
fn routes<'a>(view: &UpdateView<'a>) -> Option<Told<'a>> {
    let (reach, unreach) = (view.mp_reach(), view.mp_unreach());
    if reach.is_some_and(|reach| !reach.negotiated) || unreach.is_some_and(|unreach| !unreach.negotiated) {
        return None;
    }
    let some = |routes: Routes<'a>| (!routes.is_empty()).then_some(routes);
    let next_hop = [Some(view.next_hop().map(NextHop::V4)), None];
    let announced = [
        some(view.nlri()).map(|routes| Announced { routes, next_hops: next_hop }),
        reach.and_then(|reach| {
            Some(Announced { routes: some(reach.nlri())?, next_hops: next_hops(reach.next_hop) })
        }),
    ];
    let withdrawn = [some(view.withdrawn()), unreach.and_then(|unreach| some(unreach.nlri()))];
    let same = |one: Option<Routes<'_>>, other: Option<Routes<'_>>| {
        one.zip(other).is_some_and(|(one, other)| one.family() == other.family())
    };
    let [ipv4, reach] = announced.map(|one| one.map(|one| one.routes));
    let twice = same(ipv4, reach)
        || same(withdrawn[0], withdrawn[1])
        || announced.iter().flatten().any(|one| one.next_hops[0] == one.next_hops[1]);
    let any = announced.iter().any(Option::is_some) || withdrawn.iter().any(Option::is_some);
    (any && !twice).then_some(Told { announced, withdrawn })
}

impl Announced<'_> {
    fn json(&self, out: &mut String, compact: bool) {
        key(out, self.routes.family());
        out.push_str("{ ");
        separated(out, ", ", self.next_hops.into_iter().flatten(), |out, next_hop| {
            next_hop_key(out, next_hop);
            routes_json(out, self.routes, next_hop, compact);
        });
        out.push_str(" }");
    }
}

/// Appends a route of a table as the one that is announced: `"ipv4 unicast": { "192.0.2.1": [ … ] }`.
pub fn announcement_json(
    out: &mut String,
    family: Family,
    destination: &PathNlriView<'_>,
    next_hop: Option<NextHop>,
) {
    key(out, family);
    out.push_str("{ ");
    separated(out, ", ", next_hops(next_hop).into_iter().flatten(), |out, next_hop| {
        next_hop_key(out, next_hop);
        out.push_str("[ ");
        path_json(out, destination, next_hop, false);
        out.push_str(" ]");
    });
    out.push_str(" }");
}

fn next_hop_key(out: &mut String, next_hop: Option<NextHop>) {
    out.push('"');
    match next_hop {
        Some(next_hop) => next_hop_text(out, next_hop),
        None => out.push_str("no-nexthop"),
    }
    out.push_str("\": ");
}

fn routes_json(out: &mut String, routes: Routes<'_>, next_hop: Option<NextHop>, compact: bool) {
    out.push_str("[ ");
    separated(out, ", ", routes, |out, path| path_json(out, &path, next_hop, compact));
    out.push_str(" ]");
}

#[inline]
fn path_json(out: &mut String, path: &PathNlriView<'_>, next_hop: Option<NextHop>, compact: bool) {
    match path.nlri {
        NlriView::Unicast(prefix) | NlriView::Multicast(prefix) if !compact => {
            out.push_str("{ \"nlri\": \"");
            number::prefix(out, prefix);
            if let Some(id) = path.path_id {
                out.push_str("\", \"path-information\": \"");
                number::ipv4(out, id.into());
            }
            out.push_str("\" }");
        }
        _ => nlri_json(out, &PathNlri::from(*path), next_hop, compact),
    }
}

/// Appends the members of the JSON object "attribute", without its braces, by ascending code. `flags`: those that one was found with, as in
/// [`found_attributes_json`](super::found_attributes_json).
pub fn attribute_views_json(
    out: &mut String,
    attributes: &mut [AttributeView<'_>],
    flags: &dyn Fn(AttributeCode) -> Option<AttributeFlags>,
) {
    if !attributes.is_sorted_by_key(AttributeView::code) {
        attributes.sort_by_key(AttributeView::code);
    }
    let shown = attributes.iter().filter(|attribute| match attribute {
        AttributeView::AsPath(path) | AttributeView::As4Path(path) => path.segments().next().is_some(),
        _ => true,
    });
    separated(out, ", ", shown, |out, attribute| attribute_view_json(out, *attribute, flags));
}

/// Appends an attribute that nobody looks into, as its octets.
pub fn raw_attribute_json(out: &mut String, raw: &RawAttribute<'_>) {
    unknown_json(out, raw.flags.0, raw.code.0, raw.value.rest());
}

fn attribute_view_json(
    out: &mut String,
    attribute: AttributeView<'_>,
    flags: &dyn Fn(AttributeCode) -> Option<AttributeFlags>,
) {
    match attribute {
        AttributeView::Origin(origin) => {
            out.push_str("\"origin\": \"");
            out.push_str(origin_name(origin));
            out.push('"');
        }
        AttributeView::AsPath(path) => as_path_json(out, path),
        AttributeView::Med(med) => number_json(out, "\"med\": ", med),
        AttributeView::LocalPref(preference) => number_json(out, "\"local-preference\": ", preference),
        AttributeView::Aggregator(aggregator) => {
            number_json(out, "\"aggregator\": \"", aggregator.asn);
            out.push(':');
            number::ipv4(out, aggregator.address);
            out.push('"');
        }
        AttributeView::Communities(list) => {
            out.push_str("\"community\": [ ");
            in_order(list, |all| separated(out, ", ", all, community_json));
            out.push_str(" ]");
        }
        AttributeView::LargeCommunities(list) => {
            out.push_str("\"large-community\": [ ");
            in_order(list, |all| {
                let mut last = None;
                let once = all.filter(|one| last.replace(*one) != Some(*one));
                separated(out, ", ", once, large_community_json);
            });
            out.push_str(" ]");
        }
        other => attribute_json(out, &other.into(), flags(other.code())),
    }
}

fn number_json(out: &mut String, name: &str, number: u32) {
    out.push_str(name);
    unsigned(out, number);
}

fn as_path_json(out: &mut String, path: AsPathView<'_>) {
    out.push_str("\"as-path\": {");
    separated(out, ", ", path.segments().zip(0..), |out, (segment, index)| {
        let set = segment.kind == AsSegmentKind::Set;
        number_json(out, "\"", index);
        out.push_str("\": {\"element\": \"");
        out.push_str(if set { "as-set" } else { "as-sequence" });
        out.push_str("\", \"value\": [");
        separated(out, ", ", segment.asns(), unsigned);
        out.push_str("]}");
    });
    out.push('}');
}

fn community_json(out: &mut String, community: Community) {
    number_json(out, "[ ", u32::from(community.asn()));
    number_json(out, ", ", u32::from(community.value()));
    out.push_str(" ]");
}

fn large_community_json(out: &mut String, community: LargeCommunity) {
    number_json(out, "[ ", community.global);
    number_json(out, ", ", community.local1);
    number_json(out, " , ", community.local2);
    out.push_str(" ]");
}

/// Hands over the items in ascending order, in which they mostly are.
fn in_order<T: ListItem<N> + Ord, const N: usize>(
    list: List<'_, T, N>,
    write: impl FnOnce(&mut dyn Iterator<Item = T>),
) {
    if list.iter().is_sorted() {
        return write(&mut list.iter());
    }
    let mut sorted: Vec<T> = list.iter().collect();
    sorted.sort_unstable();
    write(&mut sorted.into_iter());
}
