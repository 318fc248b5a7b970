//! What two OPENs agree on, and whether the peer's is acceptable at all (RFC 4271 §6.2).

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::terms::Terms;
use crate::wire::capability::{AddPathFamily, GracefulRestart, LongLivedFamily};
use crate::wire::error::code;
use crate::wire::nlri::FlowForm;
use crate::wire::open::OptionalParameter;
use crate::wire::{Capability, Family, FamilyTerms, Negotiated, Notification, Open, Safi};

/// Subcodes of OPEN Message Error (RFC 4271 §6.2).
const BAD_PEER_AS: u8 = 2;
const BAD_IDENTIFIER: u8 = 3;
const UNSUPPORTED_PARAMETER: u8 = 4;
const BAD_HOLD_TIME: u8 = 6;
const GROUPING_CONFLICT: u8 = 8;
const GROUPING_REQUIRED: u8 = 9;

/// Whether a peer's OPEN can be accepted; otherwise the NOTIFICATION to refuse it with.
///
/// # Errors
/// RFC 4271 §6.2: optional parameters, AS number, hold time, identifier (RFC 6286 §2.2 too). The text in the data is for the peer's
/// operator.
pub fn check_open(terms: &Terms, peer: &Open) -> Result<(), Notification> {
    let unknown = peer.parameters.iter().find_map(|parameter| match parameter {
        OptionalParameter::Unknown { kind, .. } => Some(*kind),
        OptionalParameter::Capabilities(_) => None,
    });
    if let Some(kind) = unknown {
        let text = format!("optional parameter {kind} is unknown");
        return Err(refusal(UNSUPPORTED_PARAMETER, text_data(text)));
    }
    if let Some(expected) = terms.peer_as.filter(|expected| *expected != peer.asn()) {
        let text = format!("ASN in OPEN ({}) did not match ASN expected ({expected})", peer.asn());
        return Err(refusal(BAD_PEER_AS, text_data(text)));
    }
    if peer.asn() == 0 {
        return Err(refusal(BAD_PEER_AS, Box::default()));
    }
    let same_as = terms.mirror_as || terms.open.asn() == peer.asn();
    if peer.router_id == Ipv4Addr::UNSPECIFIED || (same_as && peer.router_id == terms.open.router_id) {
        return Err(refusal(BAD_IDENTIFIER, text_data(format!("{} cannot be used here", peer.router_id))));
    }
    if matches!(peer.hold_time, 1 | 2) {
        return Err(refusal(BAD_HOLD_TIME, Box::default()));
    }
    check_multisession(&terms.open, peer)
}

fn refusal(subcode: u8, data: Box<[u8]>) -> Notification {
    Notification { code: code::OPEN, subcode, data }
}

fn text_data(text: String) -> Box<[u8]> {
    text.into_bytes().into_boxed_slice()
}

/// Draft multisession §7: who asks for it gets it, with the same grouping, or no session at all.
fn check_multisession(ours: &Open, theirs: &Open) -> Result<(), Notification> {
    let grouping = |open: &Open| {
        open.capabilities().find_map(|capability| match capability {
            Capability::Multisession(value) | Capability::MultisessionCisco(value) => Some(value.clone()),
            _ => None,
        })
    };
    match (grouping(ours), grouping(theirs)) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(refusal(GROUPING_REQUIRED, Box::default())),
        (Some(_), Some(_)) if offers(ours) == offers(theirs) => Ok(()),
        (Some(_), Some(_)) => Err(refusal(GROUPING_CONFLICT, Box::default())),
    }
}

/// `ours` with the peer's AS number in place of our own.
pub(super) fn mirror_as(ours: &Open, peer: &Open) -> Open {
    let asn = peer.asn();
    let mut open = ours.clone();
    open.my_as = peer.my_as;
    for parameter in &mut open.parameters {
        if let OptionalParameter::Capabilities(capabilities) = parameter {
            for capability in capabilities {
                if let Capability::FourOctetAs(own) = capability {
                    *own = asn;
                }
            }
        }
    }
    open
}

/// What two OPENs agree on, seen from the side that sent `ours`.
pub fn negotiate(ours: &Open, theirs: &Open) -> Negotiated {
    let both = |wanted: fn(&Capability) -> bool| {
        ours.capabilities().any(wanted) && theirs.capabilities().any(wanted)
    };
    let mut negotiated = Negotiated::default();
    negotiated.local_as = ours.asn();
    negotiated.peer_as = theirs.asn();
    negotiated.asn4 = both(|capability| matches!(capability, Capability::FourOctetAs(_)));
    negotiated.extended_message = both(|capability| matches!(capability, Capability::ExtendedMessage));
    negotiated.route_refresh =
        both(|capability| matches!(capability, Capability::RouteRefresh | Capability::RouteRefreshCisco));
    negotiated.enhanced_route_refresh =
        both(|capability| matches!(capability, Capability::EnhancedRouteRefresh));
    negotiated.link_local_next_hop = both(|capability| matches!(capability, Capability::LinkLocalNextHop));
    negotiated.operational = both(|capability| matches!(capability, Capability::Operational));
    negotiated.hold_time = ours.hold_time.min(theirs.hold_time);
    // In the order of the peer's OPEN, as ExaBGP: programs are told of them so, and End-of-RIB is sent so.
    for family in families(theirs).filter(|family| families(ours).any(|other| other == *family)) {
        let (ours_path, theirs_path) = (add_path(ours, family), add_path(theirs, family));
        negotiated.set_family(FamilyTerms {
            add_path_receive: ours_path.receives() && theirs_path.sends(),
            add_path_send: ours_path.sends() && theirs_path.receives(),
            extended_next_hop: next_hops(ours, family)
                .find(|afi| next_hops(theirs, family).any(|other| other == *afi)),
            ..FamilyTerms::plain(family)
        });
    }
    negotiated
}

/// Lays out the rules of flow families as the configuration wants it.
pub(super) fn lay_out_flows(negotiated: &mut Negotiated, form: FlowForm) {
    let is_flow = |terms: &&FamilyTerms| matches!(terms.family.safi, Safi::FLOW | Safi::FLOW_VPN);
    let families: Vec<FamilyTerms> = negotiated.families().iter().filter(is_flow).copied().collect();
    for terms in families {
        let unicast = negotiated.family(Family::new(terms.family.afi, Safi::UNICAST));
        let in_unicast = unicast.is_some_and(|unicast| unicast.add_path_send);
        let identifier_inside = form.identifier_inside && in_unicast;
        negotiated.set_family(FamilyTerms { flow_form: FlowForm { identifier_inside, ..form }, ..terms });
    }
}

/// The families that an OPEN offers, whatever their order.
pub fn offers(open: &Open) -> BTreeSet<Family> {
    families(open).collect()
}

/// The families that an OPEN offers; without a multiprotocol capability IPv4 unicast (RFC 4760 §8).
fn families(open: &Open) -> impl Iterator<Item = Family> + '_ {
    let offered = || {
        open.capabilities().filter_map(|capability| match capability {
            Capability::Multiprotocol(family) => Some(*family),
            _ => None,
        })
    };
    let none = offered().next().is_none();
    offered().chain(none.then_some(Family::IPV4_UNICAST))
}

fn add_path(open: &Open, family: Family) -> AddPathFamily {
    open.capabilities()
        .filter_map(|capability| match capability {
            Capability::AddPath(families) => families.iter().find(|offer| offer.family == family),
            _ => None,
        })
        .next()
        .copied()
        .unwrap_or(AddPathFamily { family, mode: 0 })
}

fn next_hops(open: &Open, family: Family) -> impl Iterator<Item = crate::wire::Afi> + '_ {
    open.capabilities()
        .filter_map(|capability| match capability {
            Capability::ExtendedNextHop(offers) => Some(offers.iter()),
            _ => None,
        })
        .flatten()
        .filter(move |offer| offer.family == family)
        .map(|offer| offer.next_hop)
}

/// What an OPEN says of graceful restart; `None`: it has no such capability.
pub fn graceful_restart(open: &Open) -> Option<&GracefulRestart> {
    open.capabilities().find_map(|capability| match capability {
        Capability::GracefulRestart(graceful) => Some(graceful),
        _ => None,
    })
}

/// What an OPEN says of long-lived graceful restart, family by family. It counts beside graceful restart only (RFC 9494 §4.1).
pub fn long_lived_restart(open: &Open) -> &[LongLivedFamily] {
    let offered = open.capabilities().find_map(|capability| match capability {
        Capability::LongLivedGracefulRestart(families) => Some(families.as_slice()),
        _ => None,
    });
    offered.filter(|_| graceful_restart(open).is_some()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Afi;
    use alloc::vec;

    const V6: Family = Family::IPV6_UNICAST;

    fn open(asn: u32, id: u8, capabilities: Vec<Capability>) -> Open {
        Open::new(asn, 90, Ipv4Addr::new(10, 0, 0, id), capabilities)
    }

    #[test]
    fn only_what_both_offer_holds() {
        let ours = open(
            70_000,
            1,
            vec![
                Capability::Multiprotocol(Family::IPV4_UNICAST),
                Capability::Multiprotocol(V6),
                Capability::FourOctetAs(70_000),
                Capability::AddPath(vec![AddPathFamily { family: V6, mode: 3 }]),
                Capability::RouteRefresh,
            ],
        );
        let mut theirs = open(
            1,
            2,
            vec![
                Capability::Multiprotocol(V6),
                Capability::Multiprotocol(Family::new(Afi::IPV4, Safi::FLOW)),
                Capability::FourOctetAs(1),
                Capability::AddPath(vec![AddPathFamily { family: V6, mode: 1 }]),
                Capability::RouteRefreshCisco,
            ],
        );
        theirs.hold_time = 30;
        let agreed = negotiate(&ours, &theirs);
        assert_eq!((agreed.local_as, agreed.peer_as, agreed.hold_time), (70_000, 1, 30));
        assert!(agreed.asn4 && agreed.route_refresh && !agreed.extended_message);
        assert_eq!(agreed.families().len(), 1);
        let terms = agreed.family(V6).unwrap();
        assert!(terms.add_path_send && !terms.add_path_receive);
    }

    #[test]
    fn families_stand_in_the_order_of_the_peer_s_open() {
        let offer = |asn, id, families: [Family; 3]| {
            open(asn, id, families.into_iter().map(Capability::Multiprotocol).collect())
        };
        let vpn = Family::new(Afi::IPV4, Safi::VPN);
        let ours = offer(1, 1, [Family::IPV4_UNICAST, vpn, V6]);
        let theirs = offer(2, 2, [V6, Family::IPV4_UNICAST, V6]);
        let agreed: Vec<Family> =
            negotiate(&ours, &theirs).families().iter().map(|terms| terms.family).collect();
        assert_eq!(agreed, [V6, Family::IPV4_UNICAST]);
    }

    #[test]
    fn an_open_without_multiprotocol_means_ipv4_unicast() {
        let agreed = negotiate(&open(1, 1, vec![]), &open(2, 2, vec![]));
        assert_eq!(agreed.families(), [FamilyTerms::plain(Family::IPV4_UNICAST)]);
    }
}
