//! What `show` tells of neighbors and their RIBs. RIBs are told of a piece at a time: however large they are, nobody waits.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use holdtime_host::StreamId;

use super::Speaker;
use super::commands::name;
use super::neighbor::Neighbor;
use super::notify::state_name;
use super::programs::{RouteForm, ShowRoutes, Task};
use crate::api::Selectors;
use crate::api::command::{AdjRib, RouteFilter, ShowAdjRib};
use crate::api::show::{FamilyStatus, MessageCount, NeighborStatus, Offer, SUMMARY_HEAD};
use crate::config::AddPath;
use crate::print::{attributes_text, nlri_text, put, route_json, route_prefix};
use crate::rib::{Destination, Hop, Path};
use crate::time::Now;
use crate::wire::{Capability, Nlri, PathNlri};

/// One line for each neighbor, under a head.
pub(super) fn summary(now: Now, neighbors: &[&Neighbor]) -> VecDeque<String> {
    let lines = neighbors.iter().map(|neighbor| status(now, neighbor).summary());
    core::iter::once(SUMMARY_HEAD.to_string()).chain(lines).collect()
}

/// All that is known, neighbor by neighbor.
pub(super) fn extensive(now: Now, neighbors: &[&Neighbor]) -> VecDeque<String> {
    neighbors.iter().flat_map(|neighbor| status(now, neighbor).extensive()).collect()
}

/// As the configuration would write them.
pub(super) fn configuration(neighbors: &[&Neighbor]) -> VecDeque<String> {
    let text = |neighbor: &&Neighbor| neighbor.config.to_text();
    neighbors
        .iter()
        .flat_map(|neighbor| text(neighbor).lines().map(String::from).collect::<Vec<_>>())
        .collect()
}

/// One array of all of them.
pub(super) fn json(now: Now, neighbors: &[&Neighbor]) -> String {
    let mut out = String::from("[");
    crate::print::separated(&mut out, ", ", neighbors, |out, neighbor| status(now, neighbor).json(out));
    out.push(']');
    out
}

/// What is known of a neighbor.
fn status(now: Now, neighbor: &Neighbor) -> NeighborStatus {
    let config = &neighbor.config;
    let session = &neighbor.leading().session;
    let peer = session.peer_open();
    let seconds = |since| (now.monotonic - since).as_secs();
    NeighborStatus {
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

fn offers(neighbor: &Neighbor) -> Vec<Offer> {
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

fn families(neighbor: &Neighbor) -> Vec<FamilyStatus> {
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

fn messages(neighbor: &Neighbor) -> Vec<MessageCount> {
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

/// Long answers.
impl Speaker {
    /// What `show adj-rib` is to show.
    pub(super) fn begin_routes(&self, show: &ShowAdjRib<'_>, selectors: &Selectors<'_>) -> ShowRoutes {
        let wanted = |neighbor: &&Neighbor| {
            show.neighbor.is_none_or(|address| address.parse() == Ok(neighbor.config.peer.address))
                && selectors.matches(&name(neighbor))
        };
        ShowRoutes {
            side: show.side,
            routes: show.routes,
            extensive: show.extensive,
            form: match (show.json, self.settings.api.show_routes_v2) {
                (false, _) => RouteForm::Text,
                (true, false) => RouteForm::Prefix,
                (true, true) => RouteForm::Whole,
            },
            neighbors: self.neighbors.values().filter(wanted).map(|neighbor| neighbor.id).collect(),
            after: None,
        }
    }

    /// Goes on with a long answer by about `budget` octets, and acknowledges the command at its end.
    pub(super) fn go_on(&mut self, now: Now, stream: StreamId, budget: usize) {
        let Some(task) = self.programs.take_task(stream) else { return };
        let left = match task {
            Task::Lines(mut lines) => {
                let mut written = 0;
                while written < budget
                    && let Some(line) = lines.pop_front()
                {
                    written += line.len() + 1;
                    self.programs.answer(stream, &line);
                }
                (!lines.is_empty()).then_some(Task::Lines(lines))
            }
            Task::Routes(mut routes) => {
                let most = usize::try_from(self.settings.api.chunk).unwrap_or(usize::MAX).max(1);
                let lines = self.next_routes(now, &mut routes, budget, most);
                self.routes_told += lines.len() as u64;
                lines.iter().for_each(|line| self.programs.answer(stream, line));
                (!routes.neighbors.is_empty()).then_some(Task::Routes(routes))
            }
        };
        match left {
            Some(task) => self.programs.set_task(stream, task),
            None => {
                self.programs.acknowledge(stream, true);
                self.programs.update_interest(stream);
            }
        }
    }

    /// The next lines of `show adj-rib`, `most` at most, and how far they got.
    fn next_routes(&self, now: Now, routes: &mut ShowRoutes, budget: usize, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut written = 0;
        while let Some(neighbor) = routes.neighbors.front().and_then(|id| self.neighbors.get(id)) {
            let after = routes.after.take();
            let mut last = after.clone();
            // Routes of other kinds cost time too, though they show nothing.
            let all = neighbor.routes_after(routes.side, after.as_ref()).enumerate();
            for (passed, (destination, nlri, path)) in all {
                if written >= budget || passed >= budget || lines.len() >= most {
                    routes.after = last;
                    return lines;
                }
                last = Some(destination.clone());
                if is_wanted(routes, nlri) {
                    let line = route_line(now, neighbor, routes, destination, nlri, path);
                    written += line.len() + 1;
                    lines.push(line);
                }
            }
            routes.neighbors.pop_front();
        }
        // A neighbor that has gone in the meantime has nothing more to show.
        routes.neighbors.pop_front();
        lines
    }
}

impl Neighbor {
    /// The routes of one of its RIBs that come after `after`, by destination.
    fn routes_after(
        &self,
        side: AdjRib,
        after: Option<&Destination>,
    ) -> impl Iterator<Item = (&Destination, &Nlri, &Path)> {
        let outgoing = (side == AdjRib::Out).then(|| self.rib_out.routes_after(after));
        let incoming = (side == AdjRib::In).then(|| self.rib_in.routes_after(after));
        let outgoing =
            outgoing.into_iter().flatten().map(|route| (route.destination, route.nlri, route.path));
        let incoming = incoming
            .into_iter()
            .flatten()
            .map(|(destination, route)| (destination, &route.nlri, &*route.path));
        outgoing.chain(incoming)
    }
}

fn is_wanted(routes: &ShowRoutes, nlri: &Nlri) -> bool {
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

fn route_line(
    now: Now,
    neighbor: &Neighbor,
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
