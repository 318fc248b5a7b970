//! Adj-RIB-Out: what reaches a peer when routes change faster than it reads, and what of ExaBGP's ways is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use std::sync::Arc;

use crate::rib::Rib;
use holdtime_core::rib::{Destination, MAX_WORK, Own, PackLimits, Packing, PeerTerms};
use holdtime_core::wire::attribute::AsPath;
use holdtime_core::wire::{
    Attribute, Attributes, Family, FamilyTerms, Ipv4Prefix, Ipv6Prefix, Negotiated, NextHop, Nlri, Prefix,
    Route,
};

/// A peer inside our AS with IPv4 and IPv6 unicast.
fn negotiated() -> Negotiated {
    let mut negotiated = Negotiated::between(65_000, 65_000);
    negotiated.asn4 = true;
    negotiated.set_family(FamilyTerms::plain(Family::IPV4_UNICAST));
    negotiated.set_family(FamilyTerms::plain(Family::IPV6_UNICAST));
    negotiated
}

fn terms(negotiated: &Negotiated) -> PeerTerms<'_> {
    let [local_address, router_id] = [[10, 0, 0, 1]; 2];
    PeerTerms {
        negotiated,
        local_address: local_address.into(),
        router_id: router_id.into(),
        link_local: None,
        aigp: false,
    }
}

/// 10.`n`.0.0/16 by way of 10.0.0.`hop`.
fn route(n: u8, hop: u8) -> Route {
    let prefix = Ipv4Prefix::new([10, n, 0, 0].into(), 16).unwrap();
    Route {
        path_id: None,
        nlri: Nlri::Unicast(Prefix::V4(prefix)),
        next_hop: Some(NextHop::V4([10, 0, 0, hop].into())),
        attributes: Arc::new(Attributes::new()),
    }
}

fn route6(n: u16) -> Route {
    let prefix = Ipv6Prefix::new([0x2001, 0xdb8, n, 0, 0, 0, 0, 0].into(), 48).unwrap();
    let next_hop = Some(NextHop::V6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()));
    Route { nlri: Nlri::Unicast(Prefix::V6(prefix)), next_hop, ..route(0, 0) }
}

/// A RIB whose session is up and has sent its first routes.
fn rib(packing: Packing) -> Rib {
    let mut rib = Rib::new(packing, true);
    rib.session_up(&[Family::IPV4_UNICAST, Family::IPV6_UNICAST], false);
    rib.announce(&route(0, 0), false);
    assert_eq!(sent(&mut rib), ["+10.0.0.0/16>0"]);
    rib
}

fn octets(octets: usize) -> PackLimits {
    PackLimits { octets, ..PackLimits::default() }
}

/// Everything that waits, message by message, as `+prefix … >hop` and `-prefix …`.
fn sent(rib: &mut Rib) -> Vec<String> {
    let negotiated = negotiated();
    let mut out = vec![];
    rib.pack(&terms(&negotiated), PackLimits::default(), &mut out);
    read(&out, &negotiated)
}

fn read(out: &[u8], negotiated: &Negotiated) -> Vec<String> {
    use holdtime_core::wire::frame::Framer;
    use holdtime_core::wire::update::UpdateView;
    let mut framer = Framer::new(out, 65_535);
    let mut messages = vec![];
    while let Some(frame) = framer.next_frame().unwrap() {
        if frame.kind() == 5 {
            messages.push(format!("mark {}", frame.body()[2]));
            continue;
        }
        let view = UpdateView::decode(frame.body(), negotiated).unwrap();
        assert!(view.problem().is_none());
        let unreach = view.mp_unreach().into_iter().flat_map(|unreach| unreach.nlri());
        let reach = view.mp_reach().into_iter().flat_map(|reach| reach.nlri());
        let name = |nlri| match Nlri::from(nlri) {
            Nlri::Unicast(Prefix::V4(prefix)) => prefix.to_string(),
            Nlri::Unicast(Prefix::V6(prefix)) => prefix.to_string(),
            other => format!("{other:?}"),
        };
        let gone: Vec<_> =
            view.withdrawn().chain(unreach).map(|route| format!("-{}", name(route.nlri))).collect();
        let come: Vec<_> = view.nlri().chain(reach).map(|route| format!("+{}", name(route.nlri))).collect();
        let hop = view.next_hop().map(|hop| format!(">{}", hop.octets()[3])).unwrap_or_default();
        messages.push(format!("{}{hop}", [gone, come].concat().join(" ")));
    }
    messages
}

#[test]
fn routes_with_the_same_attributes_share_an_update_in_the_order_of_their_octets() {
    let mut rib = rib(Packing::Grouped);
    for (n, hop) in [(3, 1), (1, 2), (2, 1)] {
        rib.announce(&route(n, hop), false);
    }
    assert_eq!(sent(&mut rib), ["+10.2.0.0/16 +10.3.0.0/16>1", "+10.1.0.0/16>2"]);
    assert!(!rib.has_pending());
}

#[test]
fn without_grouping_every_route_has_an_update_of_its_own() {
    let mut rib = rib(Packing::Single);
    rib.announce(&route(2, 1), false);
    rib.announce(&route(1, 1), false);
    assert_eq!(sent(&mut rib), ["+10.2.0.0/16>1", "+10.1.0.0/16>1"]);
}

#[test]
fn only_tight_packing_groups_ipv6() {
    for (packing, messages) in [(Packing::Grouped, 3), (Packing::Tight, 1)] {
        let mut rib = rib(packing);
        for n in 1..=3 {
            rib.announce(&route6(n), false);
        }
        assert_eq!(sent(&mut rib).len(), messages, "{packing:?}");
    }
}

#[test]
fn what_the_peer_knows_already_is_not_sent_again() {
    let mut rib = rib(Packing::Grouped);
    rib.announce(&route(0, 0), false);
    assert!(!rib.has_pending());
    rib.announce(&route(0, 5), false);
    assert_eq!(sent(&mut rib), ["+10.0.0.0/16>5"]);
}

#[test]
fn a_withdrawal_takes_the_place_of_an_announcement_that_is_not_yet_sent() {
    let mut rib = rib(Packing::Single);
    rib.announce(&route(1, 1), false);
    rib.announce(&route(2, 1), false);
    rib.withdraw(&route(1, 1), false);
    assert_eq!(sent(&mut rib), ["-10.1.0.0/16", "+10.2.0.0/16>1"]);
    assert_eq!(rib.len(), 2);
}

#[test]
fn whatever_came_in_between_the_peer_ends_with_the_last_change() {
    let mut rib = rib(Packing::Grouped);
    rib.announce(&route(1, 1), false);
    rib.withdraw(&route(1, 9), false);
    rib.announce(&route(1, 1), false);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>1"]);
    rib.withdraw(&route(1, 9), false);
    rib.announce(&route(1, 2), false);
    rib.withdraw(&route(1, 1), false);
    assert_eq!(sent(&mut rib).last().map(String::as_str), Some("-10.1.0.0/16"));
    assert_eq!(rib.len(), 1);
}

#[test]
fn a_route_announced_twice_with_different_attributes_is_sent_twice_the_last_one_last() {
    let mut rib = rib(Packing::Grouped);
    rib.announce(&route(1, 1), false);
    rib.announce(&route(1, 2), false);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>1", "+10.1.0.0/16>2"]);
    // Here the last one is grouped with what comes first.
    rib.announce(&route(2, 2), false);
    rib.announce(&route(3, 1), false);
    rib.announce(&route(3, 2), false);
    assert_eq!(sent(&mut rib), ["+10.2.0.0/16 +10.3.0.0/16>2"]);
}

#[test]
fn a_route_that_changes_all_the_time_costs_no_growing_queue() {
    let mut rib = rib(Packing::Grouped);
    for n in 0..100_000u32 {
        rib.announce(&route(1, (n % 200) as u8), false);
    }
    assert!(rib.pending() <= 1_025, "{} wait", rib.pending());
    assert_eq!(sent(&mut rib).last().map(String::as_str), Some("+10.1.0.0/16>199"));
}

#[test]
fn a_change_overtakes_what_is_packed_but_not_yet_sent() {
    let negotiated = negotiated();
    let mut rib = rib(Packing::Single);
    for n in 1..=3 {
        rib.announce(&route(n, 1), false);
    }
    let mut out = vec![];
    rib.pack(&terms(&negotiated), octets(1), &mut out);
    assert_eq!(read(&out, &negotiated), ["+10.1.0.0/16>1"], "the rest of the batch waits");
    rib.withdraw(&route(2, 1), false);
    assert_eq!(sent(&mut rib), ["+10.3.0.0/16>1", "-10.2.0.0/16"]);
}

#[test]
fn clear_forgets_what_is_unsent_and_withdraws_what_was_sent() {
    let mut rib = rib(Packing::Single);
    rib.announce(&route(1, 1), false);
    rib.clear();
    assert_eq!(sent(&mut rib), ["-10.0.0.0/16"]);
    assert!(rib.is_empty());
    rib.announce(&route(0, 0), false);
    assert_eq!(sent(&mut rib), ["+10.0.0.0/16>0"]);
}

#[test]
fn clear_during_a_batch_leaves_nothing_behind() {
    let negotiated = negotiated();
    let mut rib = rib(Packing::Single);
    for n in 1..=3 {
        rib.announce(&route(n, 1), false);
    }
    rib.pack(&terms(&negotiated), octets(1), &mut vec![]);
    rib.clear();
    assert_eq!(sent(&mut rib), ["-10.0.0.0/16", "-10.1.0.0/16"]);
}

#[test]
fn flush_sends_everything_again_and_takes_waiting_changes_along() {
    let families = [Family::IPV4_UNICAST];
    let mut rib = rib(Packing::Grouped);
    rib.announce(&route(1, 1), false);
    rib.resend(None, &families, false);
    assert_eq!(sent(&mut rib), ["+10.0.0.0/16>0", "+10.1.0.0/16>1"]);
    rib.withdraw(&route(1, 1), false);
    rib.resend(Some(Family::IPV4_UNICAST), &families, true);
    assert_eq!(sent(&mut rib), ["mark 1", "+10.0.0.0/16>0", "mark 2", "-10.1.0.0/16"]);
}

#[test]
fn a_new_session_gets_every_route_and_no_withdrawal() {
    let mut rib = rib(Packing::Single);
    rib.announce(&route(1, 1), false);
    sent(&mut rib);
    rib.session_down();
    rib.withdraw(&route(1, 1), false);
    rib.announce(&route(2, 1), false);
    rib.session_up(&[Family::IPV4_UNICAST], true);
    assert_eq!(sent(&mut rib), ["+10.2.0.0/16>1", "+10.0.0.0/16>0", ""]);
}

#[test]
fn a_route_that_was_taken_back_and_announced_again_before_it_was_sent_is_in_the_next_session_too() {
    let mut rib = rib(Packing::Grouped);
    rib.announce(&route(1, 0), false);
    rib.announce(&route(2, 0), false);
    rib.withdraw(&route(2, 0), false);
    rib.announce(&route(2, 0), false);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16 +10.2.0.0/16>0"]);
    for _ in 0..2 {
        rib.session_down();
        rib.session_up(&[Family::IPV4_UNICAST], true);
        assert_eq!(sent(&mut rib), ["+10.0.0.0/16 +10.1.0.0/16 +10.2.0.0/16>0", ""]);
    }
}

#[test]
fn a_new_session_a_refresh_and_a_clear_have_the_routes_in_the_order_in_which_they_first_came() {
    let mut rib = rib(Packing::Single);
    for (n, hop) in [(3, 3), (1, 1), (2, 2)] {
        rib.announce(&route(n, hop), false);
    }
    // Replaced, a route keeps its age; withdrawn and announced again, it is new.
    rib.announce(&route(3, 4), false);
    sent(&mut rib);
    rib.withdraw(&route(1, 1), false);
    sent(&mut rib);
    rib.announce(&route(1, 1), false);
    sent(&mut rib);
    let expected = ["+10.0.0.0/16>0", "+10.3.0.0/16>4", "+10.2.0.0/16>2", "+10.1.0.0/16>1"];
    rib.session_down();
    rib.session_up(&[Family::IPV4_UNICAST], false);
    assert_eq!(sent(&mut rib), expected);
    rib.resend(None, &[Family::IPV4_UNICAST], false);
    assert_eq!(sent(&mut rib), expected);
    rib.clear();
    assert_eq!(sent(&mut rib), ["-10.0.0.0/16", "-10.3.0.0/16", "-10.2.0.0/16", "-10.1.0.0/16"]);
}

#[test]
fn our_own_address_and_next_hop_self_are_one_next_hop() {
    let mut rib = rib(Packing::Single);
    let own = Route { next_hop: Some(NextHop::V4([10, 0, 0, 1].into())), ..route(1, 1) };
    rib.announce(&own, false);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>1"]);
    rib.announce(&own, true);
    assert_eq!(sent(&mut rib), [""; 0], "the peer knows");
    rib.announce(&route(1, 2), false);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>2"]);
}

#[test]
fn a_withdrawal_before_any_announcement_leaves_only_the_attributes_that_it_drags_along() {
    use holdtime_core::wire::nlri::FlowRule;
    let flow = Family::new(holdtime_core::wire::Afi::IPV4, holdtime_core::wire::Safi::FLOW);
    let mut terms_with_flow = negotiated();
    terms_with_flow.set_family(FamilyTerms::plain(flow));
    let rule = FlowRule { afi: flow.afi, bytes: [3, 3, 0x81, 6].into() };
    let rule = Route { nlri: Nlri::Flow(Box::new(rule)), next_hop: None, ..route(0, 0) };
    let mut rib = Rib::new(Packing::Single, true);
    rib.session_up(&[flow], false);
    rib.withdraw(&rule, false);
    rib.withdraw(&route(1, 1), false);
    let mut out = vec![];
    rib.pack(&terms(&terms_with_flow), PackLimits::default(), &mut out);
    let expected = [0, 0, 0, 14, 0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, 4, 0, 0, 0, 100];
    assert_eq!(
        out[19..],
        expected,
        "ORIGIN, AS_PATH and LOCAL_PREF in one UPDATE, nothing of the unicast route"
    );
}

#[test]
fn without_an_adj_rib_out_nothing_is_remembered() {
    let mut rib = Rib::new(Packing::Grouped, false);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    rib.announce(&route(1, 1), false);
    assert_eq!(sent(&mut rib).len(), 1);
    assert!(rib.is_empty());
    rib.announce(&route(1, 1), false);
    assert_eq!(sent(&mut rib).len(), 1);
}

#[test]
fn what_is_not_remembered_is_withdrawn_by_the_reload_that_takes_it_away() {
    let mut rib = Rib::new(Packing::Single, false);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    for number in 1..=4 {
        rib.configure_route(&route(number, 1), false, 1);
    }
    rib.retire(1);
    assert_eq!(sent(&mut rib).len(), 4);
    rib.withdraw(&route(3, 1), false);
    rib.announce(&route(4, 2), false);
    assert_eq!(sent(&mut rib), ["-10.3.0.0/16", "+10.4.0.0/16>2"]);
    assert!(rib.is_empty());
    assert!(!rib.configure_route(&route(2, 1), false, 2));
    rib.retire(2);
    assert_eq!(sent(&mut rib), ["+10.2.0.0/16>1", "-10.1.0.0/16"], "a program has the others");
    rib.retire(3);
    assert_eq!(sent(&mut rib), ["-10.2.0.0/16"]);
    assert!(rib.configure_route(&route(3, 1), false, 4));
}

#[test]
fn a_reload_withdraws_what_only_the_old_configuration_had() {
    let mut rib = rib(Packing::Single);
    rib.configure_route(&route(1, 1), false, 1);
    rib.configure_route(&route(2, 1), false, 1);
    sent(&mut rib);
    rib.configure_route(&route(2, 1), false, 2);
    rib.configure_route(&route(3, 1), false, 2);
    rib.retire(2);
    assert_eq!(sent(&mut rib), ["+10.3.0.0/16>1", "-10.1.0.0/16"]);
}

#[test]
fn local_preference_stays_inside_the_as_and_our_as_leads_the_path() {
    let mut external = negotiated();
    external.peer_as = 65_001;
    let mut rib = Rib::new(Packing::Grouped, true);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    let attributes = Attributes::from_iter([Attribute::LocalPref(7)]);
    rib.announce(&Route { attributes: Arc::new(attributes), ..route(1, 1) }, false);
    let attributes = Attributes::from_iter([Attribute::AsPath(AsPath::sequence([1, 2]))]);
    rib.announce(&Route { attributes: Arc::new(attributes), ..route(2, 1) }, false);
    let mut out = vec![];
    rib.pack(&terms(&external), PackLimits::default(), &mut out);
    let bodies: Vec<String> = [&out[23..45], &out[23 + 45..]].map(|part| format!("{part:02x?}")).into();
    assert!(bodies[0].contains("40, 02, 06, 02, 01, 00, 00, fd, e8"), "our AS: {bodies:?}");
    assert!(!bodies.iter().any(|body| body.contains("40, 05, 04")), "no LOCAL_PREF: {bodies:?}");
}

#[test]
fn a_peer_with_two_octet_as_numbers_gets_as_trans_and_the_rest_beside_it() {
    let mut old = negotiated();
    (old.asn4, old.local_as, old.peer_as) = (false, 70_000, 65_001);
    let mut rib = Rib::new(Packing::Grouped, true);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    rib.announce(&route(1, 1), false);
    let mut out = vec![];
    rib.pack(&terms(&old), PackLimits::default(), &mut out);
    let octets = format!("{out:02x?}");
    assert!(octets.contains("40, 02, 04, 02, 01, 5b, a0"), "AS_PATH: {octets}");
    assert!(octets.contains("11, 06, 02, 01, 00, 01, 11, 70"), "AS4_PATH: {octets}");
}

/// A RIB of 100,000 routes that share their attributes, its session up and nothing sent.
fn large_rib() -> Rib {
    let mut rib = Rib::new(Packing::Grouped, true);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    let attributes = Arc::new(Attributes::new());
    for n in 0..100_000u32 {
        let prefix = Ipv4Prefix::new((0x0a00_0000 + (n << 8)).into(), 24).unwrap();
        let nlri = Nlri::Unicast(Prefix::V4(prefix));
        rib.announce(&Route { nlri, attributes: attributes.clone(), ..route(0, 1) }, false);
    }
    rib
}

/// Packs until nothing waits, and checks that no call looks at many more routes than it may. Returns how many messages that
/// made, and how many octets.
fn drain(rib: &mut Rib) -> (usize, usize) {
    let (negotiated, mut out, mut messages) = (negotiated(), vec![], 0);
    while rib.has_pending() {
        let packed = rib.pack(&terms(&negotiated), octets(65_536), &mut out);
        assert!(packed.work > 0 && packed.work <= 2 * MAX_WORK, "{packed:?}");
        messages += packed.messages;
    }
    (messages, out.len())
}

#[test]
fn a_hundred_thousand_routes_that_share_attributes_take_ninety_nine_updates() {
    assert_eq!(drain(&mut large_rib()), (99, 404_356));
}

#[test]
fn routes_that_are_replaced_or_withdrawn_are_each_named_once_however_many_messages_that_takes() {
    let mut rib = Rib::new(Packing::Grouped, true);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    let route = |n: u32, hop| {
        let prefix = Ipv4Prefix::new((0x0a00_0000 + (n << 8)).into(), 24).unwrap();
        Route { nlri: Nlri::Unicast(Prefix::V4(prefix)), ..route(0, hop) }
    };
    for (hop, withdrawn, sign) in [(1, false, '+'), (2, false, '+'), (2, true, '-')] {
        for n in 0..3000 {
            if withdrawn {
                rib.withdraw(&route(n, hop), false);
            } else {
                rib.announce(&route(n, hop), false);
            }
        }
        let sent = sent(&mut rib);
        assert_eq!(sent.len(), 3);
        let named = sent.concat();
        assert_eq!(named.matches(['+', '-']).count(), 3000);
        assert_eq!(named.matches(sign).count(), 3000, "{sign}");
    }
}

#[test]
fn no_call_looks_at_a_large_table_whole_when_a_session_begins_again_or_the_peer_asks_for_all_of_it() {
    let mut rib = large_rib();
    drain(&mut rib);
    rib.session_down();
    rib.session_up(&[Family::IPV4_UNICAST], false);
    assert_eq!(drain(&mut rib), (99, 404_356));
    rib.resend(None, &[Family::IPV4_UNICAST], true);
    assert_eq!(drain(&mut rib).0, 100_002, "each route alone, between marks");
    assert_eq!(rib.pending(), 0);
}

#[test]
fn a_change_during_a_batch_follows_it_whatever_slice_its_route_is_in() {
    let mut rib = large_rib();
    let negotiated = negotiated();
    // 10.0.0.0/24 is in a group already, 10.0.255.0/24 and 10.200.0.0/24 still wait in line.
    rib.pack(&terms(&negotiated), octets(1), &mut vec![]);
    for (second, third) in [(0, 0), (0, 255), (200, 0)] {
        let prefix = Ipv4Prefix::new([10, second, third, 0].into(), 24).unwrap();
        rib.withdraw(&Route { nlri: Nlri::Unicast(Prefix::V4(prefix)), ..route(0, 1) }, false);
    }
    let mut out = vec![];
    while rib.has_pending() {
        rib.pack(&terms(&negotiated), octets(65_536), &mut out);
    }
    let sent = read(&out, &negotiated);
    assert!(!rib.routes().any(|route| route.pending));
    assert_eq!(rib.len(), 99_997);
    let announced = |prefix: &str| sent.iter().position(|line| line.contains(&format!("+{prefix}")));
    let withdrawn = |prefix: &str| sent.iter().position(|line| line.contains(&format!("-{prefix}")));
    for prefix in ["10.0.0.0/24", "10.0.255.0/24", "10.200.0.0/24"] {
        assert!(withdrawn(prefix).is_some() || announced(prefix).is_none(), "{prefix} ends withdrawn");
        assert!(announced(prefix) <= withdrawn(prefix), "{prefix} is not announced after its withdrawal");
    }
}

#[test]
fn a_withdrawal_that_a_session_did_not_get_to_send_is_void_in_the_next() {
    let mut rib = rib(Packing::Single);
    rib.announce(&route(1, 1), false);
    sent(&mut rib);
    rib.withdraw(&route(1, 1), false);
    rib.announce(&route(2, 1), false);
    rib.session_down();
    rib.session_up(&[Family::IPV4_UNICAST], false);
    assert_eq!(sent(&mut rib), ["+10.0.0.0/16>0", "+10.2.0.0/16>1"]);
    rib.session_down();
    rib.announce(&route(1, 1), false);
    rib.session_up(&[Family::IPV4_UNICAST], false);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>1", "+10.2.0.0/16>1", "+10.0.0.0/16>0"]);
}

#[test]
fn what_a_reload_adds_can_be_announced_once_more() {
    let mut rib = rib(Packing::Single);
    assert!(rib.configure_route(&route(1, 1), false, 2));
    assert!(rib.configure_route(&route(0, 0), false, 2), "a program's is new to the configuration");
    assert!(!rib.configure_route(&route(0, 0), false, 3));
    let added = |rib: &mut Rib| rib.repeat(vec![Destination::new(&route(1, 1).nlri, None)]);
    assert_eq!(added(&mut rib).len(), 1, "it still waits");
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>1"]);
    assert!(added(&mut rib).is_empty());
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16>1"]);
}

#[test]
fn what_a_program_took_away_is_not_new_to_the_next_reading() {
    let mut rib = rib(Packing::Single);
    for number in 1..=4 {
        rib.configure_route(&route(number, 1), false, 1);
    }
    rib.retire(1);
    sent(&mut rib);
    let new = |rib: &mut Rib, number, generation| rib.configure_route(&route(number, 1), false, generation);
    rib.withdraw(&route(1, 1), false);
    rib.announce(&route(2, 7), false);
    sent(&mut rib);
    assert_eq!([1, 2, 3].map(|number| new(&mut rib, number, 2)), [false; 3], "withdrawn, replaced, left");
    rib.retire(2);
    rib.clear();
    sent(&mut rib);
    assert_eq!([1, 2, 3].map(|number| new(&mut rib, number, 3)), [false; 3], "cleared");
    assert!(new(&mut rib, 4, 3), "the second reading did not have it");
    rib.retire(3);
}

#[test]
fn next_hop_self_is_the_configured_address_from_the_beginning() {
    let mut rib = Rib::new(Packing::Grouped, true);
    let own = Own { address: [10, 0, 0, 9].into(), router_id: [10, 0, 0, 1].into() };
    rib.configure(Packing::Grouped, true, Some(own));
    rib.session_up(&[Family::IPV4_UNICAST], false);
    rib.announce(&route(1, 9), false);
    rib.announce(&Route { next_hop: None, ..route(2, 0) }, true);
    assert_eq!(sent(&mut rib), ["+10.1.0.0/16 +10.2.0.0/16>9"], "one path, one UPDATE");
}
