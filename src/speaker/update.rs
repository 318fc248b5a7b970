//! UPDATEs that are received: checked as RFC 7606 wants it, and remembered where the neighbor is configured to.

use alloc::sync::Arc;

use super::neighbor::Neighbor;
use crate::rib::AdjRibIn;
use crate::session::Frame;
use crate::wire::update::UpdateView;
use crate::wire::{AttributeCode, NextHop, Nlri, Notification};

/// Takes an UPDATE of the neighbor's established session.
///
/// # Errors
/// An UPDATE that ends the session (RFC 7606 §3), with the NOTIFICATION that says why.
pub(super) fn receive(neighbor: &mut Neighbor, frame: &Frame) -> Result<(), Notification> {
    // The view borrows the session, and the RIB is none of it.
    let mut rib = core::mem::take(&mut neighbor.rib_in);
    let outcome = neighbor.established().map_or(Ok(false), |link| {
        let view = UpdateView::decode(frame.body(), link.session.negotiated())
            .map_err(|error| error.notification(&frame.octets))?;
        if neighbor.config.adj_rib_in {
            remember(&mut rib, &view, neighbor.accepts_aigp());
        }
        Ok(view.end_of_rib().is_some())
    });
    neighbor.rib_in = rib;
    if outcome? && !neighbor.rib_in.has_stale() {
        neighbor.stale = None;
    }
    Ok(())
}

fn remember(rib: &mut AdjRibIn, view: &UpdateView<'_>, aigp: bool) {
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
