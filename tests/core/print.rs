//! Routes as `show adj-rib … json` prints them.

#![allow(clippy::expect_used)] // a failed test stops

use holdtime_core::grammar::{RouteAction, parse_routes};
use holdtime_core::print::{nlri_json, route_json};
use holdtime_core::wire::nlri::NlriView;
use holdtime_core::wire::{Afi, Family, PathNlri, Reader, Safi};

/// The route that a program announces with `text`.
fn shown(text: &str) -> String {
    let announcements = parse_routes(RouteAction::Announce, text).expect("a route");
    let route = &announcements.first().expect("one").route;
    let mut out = String::new();
    let path = PathNlri { path_id: route.path_id, nlri: route.nlri.clone() };
    route_json(&mut out, &path, route.next_hop, &route.attributes);
    out
}

#[test]
fn a_prefix_stands_with_its_next_hop_family_labels_and_attributes() {
    insta::assert_snapshot!(shown("route 10.0.0.0/24 next-hop 1.2.3.4 med 5 community [ 1:2 ]"));
    insta::assert_snapshot!(shown("route 10.9.0.0/24 next-hop 1.2.3.4 rd 1:1 label 5"));
}

#[test]
fn a_flow_rule_and_a_vpls_endpoint_stand_with_what_they_are_made_of() {
    insta::assert_snapshot!(shown("flow route { match { source 10.0.0.0/8; } then { discard; } }"));
    insta::assert_snapshot!(shown("vpls rd 1:1 endpoint 5 base 10702 offset 1 size 8 next-hop 192.0.2.1"));
}

const RD: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 2];

/// What is written of the NLRI that `octets` are.
fn written(family: Family, path_id: Option<u32>, octets: &[u8]) -> String {
    let nlri = NlriView::parse(family, &mut Reader::new(octets, 0)).expect("an NLRI").into();
    let mut out = String::new();
    nlri_json(&mut out, &PathNlri { path_id, nlri }, None, true);
    out
}

#[test]
fn two_paths_to_what_is_no_prefix_do_not_look_the_same() {
    let (l2vpn, link_state) = (Afi(25), Afi::BGP_LS);
    for (afi, safi, octets) in [
        (l2vpn, Safi::EVPN, [&[3, 17][..], &RD, &[0, 0, 0, 0, 32, 192, 0, 2, 1]].concat()),
        (l2vpn, Safi::EVPN, vec![99, 1, 7]),
        (l2vpn, Safi::VPLS, [&[0, 17][..], &RD, &[0, 5, 0, 1, 0, 8, 2, 0x9c, 0xe1]].concat()),
        (Afi::IPV4, Safi::ROUTE_TARGET, vec![96, 0, 0, 0, 1, 0, 2, 0, 1, 0, 0, 0, 2]),
        (Afi::IPV4, Safi::ROUTE_TARGET, vec![0]),
        (Afi::IPV4, Safi::FLOW, vec![5, 1, 24, 10, 0, 0]),
        (Afi::IPV4, Safi::FLOW_VPN, [&[13][..], &RD, &[1, 24, 10, 0, 0]].concat()),
        (Afi::IPV4, Safi::MVPN, [&[5, 18][..], &RD, &[32, 192, 0, 2, 1, 32, 239, 0, 0, 1]].concat()),
        (Afi::IPV4, Safi::MVPN, [&[1, 12][..], &RD, &[192, 0, 2, 1]].concat()),
        (Afi::IPV4, Safi::MUP, [&[1, 0, 1, 12][..], &RD, &[24, 10, 0, 0]].concat()),
        (Afi::IPV4, Safi::MUP, vec![9, 0, 1, 1, 7]),
        (Afi::IPV4, Safi::SR_POLICY, vec![96, 0, 0, 0, 1, 0, 0, 0, 2, 192, 0, 2, 1]),
        (link_state, Safi::BGP_LS, vec![0, 1, 0, 17, 2, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 4, 2, 0, 0, 0]),
        (link_state, Safi::BGP_LS, vec![0, 9, 0, 1, 7]),
        (Afi::IPV4, Safi(99), vec![1, 2, 3]),
    ] {
        let family = Family::new(afi, safi);
        let plain = written(family, None, &octets);
        let inside = plain.strip_suffix('}').expect("an object").trim_end();
        assert!(!plain.contains("path-information"), "{plain}");
        for (id, text) in [(0, "0.0.0.0"), (5, "0.0.0.5")] {
            let path = written(family, Some(id), &octets);
            let told = format!("{inside}, \"path-information\": \"{text}\"");
            assert_eq!(path.strip_suffix('}').map(str::trim_end), Some(&*told), "{family}");
        }
    }
}
