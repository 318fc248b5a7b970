//! What `show` tells of neighbors and their RIBs.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use super::neighbor::NeighborState;
use super::notify::state_name;
use super::programs::{RouteForm, ShowRoutes};
use crate::api::command::RouteFilter;
use crate::api::show::{FamilyStatus, MessageCount, NeighborAnswer, Offer, SUMMARY_HEAD};
use crate::config::AddPath;
use crate::print::{attributes_text, nlri_text, put, route_json, route_prefix};
use crate::rib::{Destination, Hop, Path};
use crate::time::Now;
use crate::wire::{Capability, Nlri, PathNlri};

/// One line for each neighbor, under a head.
pub(super) fn summary(now: Now, neighbors: &[&NeighborState]) -> VecDeque<String> {
    let lines = neighbors.iter().map(|neighbor| status(now, neighbor).summary());
    core::iter::once(SUMMARY_HEAD.to_string()).chain(lines).collect()
}

/// All that is known, neighbor by neighbor.
pub(super) fn extensive(now: Now, neighbors: &[&NeighborState]) -> VecDeque<String> {
    neighbors.iter().flat_map(|neighbor| status(now, neighbor).extensive()).collect()
}

/// As the configuration would write them.
pub(super) fn configuration(neighbors: &[&NeighborState]) -> VecDeque<String> {
    let text = |neighbor: &&NeighborState| neighbor.config.to_text();
    neighbors
        .iter()
        .flat_map(|neighbor| text(neighbor).lines().map(String::from).collect::<Vec<_>>())
        .collect()
}

/// One array of all of them.
pub(super) fn json(now: Now, neighbors: &[&NeighborState]) -> String {
    let mut out = String::from("[");
    crate::print::separated(&mut out, ", ", neighbors, |out, neighbor| status(now, neighbor).json(out));
    out.push(']');
    out
}

/// What is known of a neighbor.
fn status(now: Now, neighbor: &NeighborState) -> NeighborAnswer {
    let config = &neighbor.config;
    let session = &neighbor.leading().session;
    let peer = session.peer_open();
    let seconds = |since| (now.monotonic - since).as_secs();
    NeighborAnswer {
        local_address: neighbor.local_address(),
        peer_address: config.peer.address,
        local_as: config.local_as,
        peer_as: config.peer_as.or(peer.map(crate::wire::Open::asn)),
        local_id: config.router_id,
        peer_id: peer.map(|open| open.router_id),
        local_hold: config.hold_time,
        peer_hold: peer.map(|open| open.hold_time),
        state: state_name(neighbor.state()),
        up: neighbor.up_since.map(|(since, _)| seconds(since)),
        down: seconds(session.since()),
        capabilities: offers(neighbor),
        families: families(neighbor),
        messages: messages(neighbor),
    }
}

/// A capability's name, whether we offer it, and whether another one is it.
type Known = (&'static str, bool, fn(&Capability) -> bool);

fn offers(neighbor: &NeighborState) -> Vec<Offer> {
    let ours = &neighbor.config.capabilities;
    let peer = neighbor.leading().session.peer_open();
    let known: [Known; 7] = [
        ("asn4", ours.asn4, |one| matches!(one, Capability::FourOctetAs(_))),
        ("route-refresh", ours.route_refresh, |one| matches!(one, Capability::RouteRefresh)),
        ("multi-session", ours.multi_session, |one| {
            matches!(one, Capability::Multisession(_) | Capability::MultisessionCisco(_))
        }),
        ("operational", ours.operational, |one| matches!(one, Capability::Operational)),
        ("add-path", ours.add_path != AddPath::Disabled, |one| matches!(one, Capability::AddPath(_))),
        ("extended-message", ours.extended_message, |one| matches!(one, Capability::ExtendedMessage)),
        ("graceful-restart", ours.graceful_restart.is_some(), |one| {
            matches!(one, Capability::GracefulRestart(_))
        }),
    ];
    let offer =
        |(name, local, is): Known| Offer { name, local, peer: peer.map(|open| open.capabilities().any(is)) };
    known.into_iter().map(offer).collect()
}

fn families(neighbor: &NeighborState) -> Vec<FamilyStatus> {
    let session = &neighbor.leading().session;
    let negotiated = session.peer_open().map(|_| session.negotiated());
    let family = |family| {
        let terms = negotiated.map(|negotiated| negotiated.family(family));
        let offered = neighbor.config.add_paths.contains(&family);
        let add_path = |negotiated: fn(&crate::wire::FamilyTerms) -> bool| match terms {
            Some(terms) => Some(terms.is_some_and(negotiated)),
            None => (!offered).then_some(false),
        };
        FamilyStatus {
            family,
            negotiated: terms.map(|terms| terms.is_some()),
            add_path_send: add_path(|terms| terms.add_path_send),
            add_path_receive: add_path(|terms| terms.add_path_receive),
        }
    };
    neighbor.config.families.iter().copied().map(family).collect()
}

fn messages(neighbor: &NeighborState) -> Vec<MessageCount> {
    let count = |counts: &[u64], kind: usize| counts.get(kind).copied().unwrap_or_default();
    [("open", 1), ("notification", 3), ("keepalive", 4), ("update", 2), ("refresh", 5)]
        .into_iter()
        .map(|(name, kind)| MessageCount {
            name,
            sent: count(&neighbor.counters.sent, kind),
            received: count(&neighbor.counters.received, kind),
        })
        .collect()
}

/// Whether a route is of the kinds that are asked for.
pub(super) fn is_wanted(routes: &ShowRoutes, nlri: &Nlri) -> bool {
    if routes.form == RouteForm::Prefix && route_prefix(nlri).is_none() {
        return false;
    }
    match routes.routes {
        RouteFilter::All => true,
        RouteFilter::Inet => {
            matches!(nlri, Nlri::Unicast(_) | Nlri::Multicast(_) | Nlri::Labelled(_) | Nlri::Vpn(_))
        }
        RouteFilter::Flow => matches!(nlri, Nlri::Flow(_) | Nlri::FlowVpn(_)),
        RouteFilter::L2vpn => matches!(nlri, Nlri::Vpls(_) | Nlri::Evpn(_)),
    }
}

/// The line that shows a route.
pub(super) fn route_line(
    now: Now,
    neighbor: &NeighborState,
    routes: &ShowRoutes,
    destination: &Destination,
    nlri: &Nlri,
    path: &Path,
) -> String {
    let mut line = String::new();
    let (address, family) = (neighbor.config.peer.address, nlri.family());
    let next_hop = match path.hop {
        Hop::None => None,
        Hop::Given(next_hop) => Some(next_hop),
        Hop::Own => neighbor.local_address().map(Into::into),
    };
    let path_nlri = || PathNlri { path_id: destination.path_id, nlri: nlri.clone() };
    match routes.form {
        RouteForm::Prefix => {
            let prefix = route_prefix(nlri).map(|prefix| prefix.to_string()).unwrap_or_default();
            put!(
                line,
                "{{\"{address}\": {{\"routes\": [{{\"prefix\": \"{prefix}\", \"family\": \"{family}\"}}]"
            );
            if routes.extensive {
                line.push_str(", ");
                status(now, neighbor).json_members(&mut line);
            }
            line.push_str("}}");
        }
        RouteForm::Whole => {
            line.push('{');
            match routes.extensive {
                true => status(now, neighbor).json_members(&mut line),
                false => put!(line, "\"peer\": {{\"address\": \"{address}\"}}"),
            }
            line.push_str(", \"route\": ");
            route_json(&mut line, &path_nlri(), next_hop, &path.attributes);
            line.push('}');
        }
        RouteForm::Text => {
            match routes.extensive {
                true => put!(line, "{} {family} ", neighbor.name),
                false => put!(line, "{address} {family} "),
            }
            nlri_text(&mut line, &path_nlri(), next_hop);
            if routes.extensive {
                let attributes: Vec<_> = path.attributes.iter().collect();
                attributes_text(&mut line, &attributes);
            }
        }
    }
    line
}
