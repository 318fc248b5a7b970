//! UPDATEs that are received, on their way into Adj-RIB-In, where the neighbor is configured to remember them.

use alloc::sync::Arc;

use crate::rib::AdjRibIn;
use crate::wire::update::UpdateView;
use crate::wire::{AttributeCode, NextHop, Nlri};

/// Remembers what an UPDATE says. `aigp`: AIGP is taken from this peer (RFC 7311 §3.2).
pub(super) fn remember(rib: &mut AdjRibIn, view: &UpdateView<'_>, aigp: bool) {
    if let Some(family) = view.end_of_rib() {
        rib.sweep_stale(Some(family));
        return;
    }
    let unreachable = view.mp_unreach().into_iter().flat_map(|unreach| unreach.nlri());
    for route in view.withdrawn().chain(unreachable) {
        rib.withdraw(&Nlri::from(route.nlri), route.path_id);
    }
    let native = view.nlri().map(|route| (route, view.next_hop().map(NextHop::V4)));
    let reach =
        view.mp_reach().into_iter().flat_map(|reach| reach.nlri().map(move |route| (route, reach.next_hop)));
    let announced = native.chain(reach);
    if view.treat_as_withdraw() {
        for (route, _) in announced {
            rib.withdraw(&Nlri::from(route.nlri), route.path_id);
        }
        return;
    }
    let mut attributes = view.route_attributes();
    if !aigp {
        attributes.remove(AttributeCode::AIGP);
    }
    let attributes = Arc::new(attributes);
    for (route, next_hop) in announced {
        rib.announce(Nlri::from(route.nlri), route.path_id, next_hop, &attributes);
    }
}
