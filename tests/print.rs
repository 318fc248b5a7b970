//! Routes as `show adj-rib … json` prints them.

#![allow(clippy::expect_used)] // a failed test stops

use holdtime_core::grammar::{Action, parse_routes};
use holdtime_core::print::route_json;
use holdtime_core::wire::PathNlri;

/// The route that a program announces with `text`.
fn shown(text: &str) -> String {
    let announcements = parse_routes(Action::Announce, text).expect("a route");
    let route = &announcements.first().expect("one").route;
    let mut out = String::new();
    let path = PathNlri { path_id: route.path_id, nlri: route.nlri.clone() };
    route_json(&mut out, &path, route.next_hop, &route.attributes);
    out
}

#[test]
fn a_prefix_stands_with_its_next_hop_family_labels_and_attributes() {
    assert_eq!(
        shown("route 10.0.0.0/24 next-hop 1.2.3.4 med 5 community [ 1:2 ]"),
        "{\"nlri\": {\"prefix\": \"10.0.0.0/24\", \"nexthop\": \"1.2.3.4\", \"family\": {\"afi\": \"ipv4\", \
         \"safi\": \"unicast\"}}, \"attributes\": {\"med\": 5, \"community\": [\"1:2\"]}}"
    );
    assert_eq!(
        shown("route 10.9.0.0/24 next-hop 1.2.3.4 rd 1:1 label 5"),
        "{\"nlri\": {\"prefix\": \"10.9.0.0/24\", \"nexthop\": \"1.2.3.4\", \"family\": {\"afi\": \"ipv4\", \
         \"safi\": \"mpls-vpn\"}, \"label\": [[5]], \"rd\": \"1:1\"}, \"attributes\": {}}"
    );
}

#[test]
fn a_flow_rule_and_a_vpls_endpoint_stand_with_what_they_are_made_of() {
    assert_eq!(
        shown("flow route { match { source 10.0.0.0/8; } then { discard; } }"),
        "{\"nlri\": {\"rules\": {\"source-ipv4\": [\"10.0.0.0/8\"]}, \"nexthop\": null, \"rd\": null, \
         \"family\": {\"afi\": \"ipv4\", \"safi\": \"flow\"}}, \
         \"attributes\": {\"extended-community\": [\"rate-limit:0\"]}}"
    );
    assert_eq!(
        shown("vpls rd 1:1 endpoint 5 base 10702 offset 1 size 8 next-hop 192.0.2.1"),
        "{\"nlri\": {\"rd\": \"1:1\", \"endpoint\": 5, \"base\": 10702, \"offset\": 1, \"size\": 8, \
         \"nexthop\": \"192.0.2.1\", \"family\": {\"afi\": \"l2vpn\", \"safi\": \"vpls\"}}, \"attributes\": {}}"
    );
}
