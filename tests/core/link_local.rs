//! The link-local next hop capability (code 77, draft-ietf-idr-linklocal-capability): when a link-local address goes along.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::config::{Config, ConfigText, Settings};

const CAPABLE: &str = "capability { link-local-nexthop enable; }";

/// The next hops of the IPv6 UPDATEs that a session sends, in hexadecimal: of a neighbor with `options`, with a peer whose OPEN has the
/// capability or not.
fn next_hops(options: &str, family: &str, route: &str, peer_has_it: bool) -> Vec<String> {
    let text = format!("{options} family {{ ipv4 unicast; {family}; }} {route}");
    let mut lone = Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", &text)));
    let stream = lone.connect();
    lone.take_sent();
    let (unicast, labelled): (&[u8], &[u8]) = (&[0, 2, 0, 1], &[0, 2, 0, 4]);
    let mut capabilities = vec![(1, unicast), (1, labelled)];
    if peer_has_it {
        capabilities.push((77, &[]));
    }
    lone.receive(stream, &open_with(65_000, 30, [10, 0, 0, 2], &capabilities));
    lone.receive(stream, &keepalive());
    // MP_REACH_NLRI of IPv6, its next hop behind its length.
    let reach = |update: &String| {
        let (_, rest) = update.split_once("800e")?;
        // Behind the attribute's length, AFI and SAFI.
        let rest = rest.get(2 + 6..)?;
        let length = usize::from_str_radix(rest.get(..2)?, 16).ok()?;
        rest.get(2..2 + 2 * length).map(str::to_owned)
    };
    lone.take_sent().iter().filter_map(reach).collect()
}

const GLOBAL: &str = "20010db8000000000000000000000001";
const LINK_LOCAL: &str = "fe800000000000000000000000000001";
const STATIC: &str = "static { route 2001:db8:1::/48 next-hop 2001:db8::1; }";

#[test]
fn our_link_local_address_goes_along_with_global_next_hops_where_both_have_the_capability() {
    let options = format!("local-link-local fe80::1; {CAPABLE}");
    assert_eq!(next_hops(&options, "ipv6 unicast", STATIC, true), [format!("{GLOBAL}{LINK_LOCAL}")]);
    assert_eq!(next_hops(&options, "ipv6 unicast", STATIC, false), [GLOBAL], "the peer has it not");
    let disabled = "local-link-local fe80::1; capability { link-local-nexthop disable; }";
    assert_eq!(next_hops(disabled, "ipv6 unicast", STATIC, true), [GLOBAL], "we have it not");
    assert_eq!(next_hops(CAPABLE, "ipv6 unicast", STATIC, true), [GLOBAL], "there is no such address");
}

#[test]
fn a_link_local_next_hop_stands_alone() {
    let route = "static { route 2001:db8:1::/48 next-hop fe80::9; }";
    let alone = ["fe800000000000000000000000000009"];
    let options = format!("local-link-local fe80::1; {CAPABLE}");
    assert_eq!(next_hops(&options, "ipv6 unicast", route, true), alone);
}

#[test]
fn a_peer_that_is_hops_away_is_told_the_global_address_alone() {
    let options = |ttl: u8| format!("local-link-local fe80::1; outgoing-ttl {ttl}; {CAPABLE}");
    assert_eq!(next_hops(&options(2), "ipv6 unicast", STATIC, true), [GLOBAL]);
    assert_eq!(next_hops(&options(1), "ipv6 unicast", STATIC, true), [format!("{GLOBAL}{LINK_LOCAL}")]);
}

#[test]
fn labelled_routes_carry_it_too() {
    let options = format!("local-link-local fe80::1; {CAPABLE}");
    let route = "static { route 2001:db8:1::/48 next-hop 2001:db8::1 label 5; }";
    assert_eq!(next_hops(&options, "ipv6 nlri-mpls", route, true), [format!("{GLOBAL}{LINK_LOCAL}")]);
}

#[test]
fn the_capability_is_offered_where_it_is_asked_for() {
    let offered = |options: &str| {
        let mut lone = Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", options)));
        lone.connect();
        lone.take_sent().first().is_some_and(|open| open.contains("02024d00"))
    };
    assert!(offered(CAPABLE));
    assert!(offered("capability { link-local-nexthop; }"), "as with other switches, its name is enough");
    assert!(!offered("capability { link-local-nexthop disable; }"));
    assert!(!offered(""), "not without being asked for");
}

#[test]
fn an_address_that_is_not_link_local_is_refused_where_it_stands() {
    let parse = |options: &str| {
        let text = neighbor("10.0.0.1", "10.0.0.2", options);
        Config::parse(&ConfigText { name: "edge.conf".into(), text }, &Settings::default())
    };
    for wrong in ["2001:db8::1", "192.0.2.1", "fec0::1", "fe80"] {
        let error = parse(&format!("local-link-local {wrong};")).expect_err(wrong).to_string();
        assert!(error.contains(&format!("`{wrong}` is not a link-local address")), "{error}");
        assert!(error.contains("expected an IPv6 address of fe80::/10"), "{error}");
    }
    let warned = |options: &str| {
        parse(options).unwrap().warnings.iter().map(|warning| warning.problem.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        warned("local-link-local fe80::1;"),
        ["`local-link-local` has no effect without the capability"]
    );
    assert_eq!(warned(&format!("local-link-local fe80::1; {CAPABLE}")), [""; 0]);
    assert_eq!(warned("capability { link-local-prefer disable; }"), [""; 0]);
    assert_eq!(
        warned("capability { link-local-prefer enable; }"),
        ["this has no effect: nothing is forwarded here, so no next hop is preferred"]
    );
}

#[test]
fn show_neighbor_configuration_has_the_words_that_were_given() {
    let text = neighbor("10.0.0.1", "10.0.0.2", &format!("local-link-local fe80::1; {CAPABLE}"));
    let parse = |text: String| {
        Config::parse(&ConfigText { name: "edge.conf".into(), text }, &Settings::default()).unwrap()
    };
    let shown = parse(text).neighbors.remove(0).to_text();
    assert!(shown.contains("local-link-local fe80::1;"), "{shown}");
    assert!(shown.contains("link-local-nexthop enable;"), "{shown}");
}
