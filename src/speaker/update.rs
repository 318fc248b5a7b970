//! UPDATEs that are received: checked as RFC 7606 wants it, and remembered where the neighbor is configured to.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::Severity;
use super::neighbor::Neighbor;
use crate::rib::AdjRibIn;
use crate::session::Frame;
use crate::wire::treatment::Problem;
use crate::wire::update::UpdateView;
use crate::wire::{AttributeCode, NextHop, Nlri, Notification, Treatment};

/// What the log has been told of a session's UPDATEs: what was wrong, and by which clause.
pub(super) type Complaints = BTreeSet<(&'static str, &'static str)>;

/// Takes an UPDATE of the neighbor's established session; what the log should say of it.
///
/// # Errors
/// An UPDATE that ends the session (RFC 7606 §3), with the NOTIFICATION that says why.
pub(super) fn receive(
    neighbor: &mut Neighbor,
    frame: &Frame,
) -> Result<Option<(Severity, String)>, Notification> {
    // The view borrows the session, and the RIB is none of it.
    let mut rib = core::mem::take(&mut neighbor.rib_in);
    let outcome = neighbor.established().map_or(Ok((false, None, Vec::new())), |link| {
        let view = UpdateView::decode(frame.body(), link.session.negotiated())
            .map_err(|error| error.notification(&frame.octets))?;
        if neighbor.config.adj_rib_in {
            remember(&mut rib, &view, neighbor.accepts_aigp());
        }
        Ok((view.end_of_rib().is_some(), view.problem(), view.disabled().collect::<Vec<_>>()))
    });
    neighbor.rib_in = rib;
    let (is_end, problem, disabled) = outcome?;
    if is_end && !neighbor.rib_in.has_stale() {
        neighbor.stale = None;
    }
    for family in disabled {
        neighbor.leading_mut().session.ignore(family);
        neighbor.rib_in.clear_family(family);
    }
    Ok(problem.map(|problem| complaint(&mut neighbor.complaints, &problem)))
}

/// What the log says of an UPDATE that is not as it should be. A peer that goes on like that is named once.
fn complaint(known: &mut Complaints, problem: &Problem) -> (Severity, String) {
    let is_new = known.insert((problem.error.what, problem.clause));
    let severity = if is_new { Severity::Warning } else { Severity::Debug };
    let text = match problem.treatment {
        Treatment::Disable => {
            format!("UPDATE, {problem}; its routes are forgotten, and ignored until the session ends")
        }
        _ => format!("UPDATE, {problem}"),
    };
    (severity, text)
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
