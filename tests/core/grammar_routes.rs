//! What commands announce, down to the octets of each destination and attribute.

#![allow(clippy::panic, clippy::expect_used)] // how a test's helpers fail

use holdtime_core::grammar::{Announcement, RouteAction, parse_routes, parse_routes_and_warn};
use holdtime_core::wire::Writer;

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A route as its destination, its next hop, and its attributes, each on a line and in hexadecimal.
fn shown(announcement: &Announcement) -> Vec<String> {
    let route = &announcement.route;
    let mut buffer = [0; 1024];
    let mut writer = Writer::new(&mut buffer);
    route.nlri.encode(&mut writer).expect("the destination fits");
    let mut lines = vec![format!("{} {}", route.nlri.family(), hex(writer.written()))];
    lines.extend(route.next_hop.map(|hop| hop.address().to_string()));
    for attribute in route.attributes.iter() {
        let mut buffer = [0; 1024];
        let mut writer = Writer::new(&mut buffer);
        attribute.encode(true, &mut writer).expect("the attribute fits");
        lines.push(hex(writer.written()));
    }
    lines
}

/// The one route that `announce` with this text is about.
fn route(text: &str) -> Announcement {
    let routes = parse_routes(RouteAction::Announce, text).unwrap_or_else(|error| panic!("{error}"));
    let [route] = routes.try_into().unwrap_or_else(|routes| panic!("{text} is about {routes:?}"));
    route
}

#[track_caller]
fn announces(text: &str, expected: &[&str]) {
    assert_eq!(shown(&route(text)), expected, "{text}");
}

#[test]
fn ordinary_attributes_stand_as_rfc_4271_lays_them_out() {
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 origin egp as-path [ 64500 70000 ] med 7 local-preference 200",
        &[
            "ipv4 unicast 18c63364",
            "192.0.2.1",
            "40010101",
            "40020a02020000fbf400011170",
            "80040400000007",
            "400504000000c8",
        ],
    );
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 as-path [ 64500 ] ( 64501 64502 ) [ 64503 ]",
        &["ipv4 unicast 18c63364", "192.0.2.1", "40021602010000fbf401020000fbf50000fbf602010000fbf7"],
    );
    announces(
        "route 198.51.100.7 next-hop 2001:db8::1 atomic-aggregate aggregator ( 1.1:192.0.2.9 )",
        &["ipv4 unicast 20c6336407", "2001:db8::1", "400600", "c0070800010001c0000209"],
    );
    announces(
        "route 2001:db8:1::/48 next-hop 2001:db8::1 originator-id 192.0.2.8 cluster-list [ 192.0.2.6 192.0.2.7 ]",
        &["ipv6 unicast 3020010db80001", "2001:db8::1", "800904c0000208", "800a08c0000206c0000207"],
    );
    announces(
        "route 198.51.100.0/24 { next-hop 192.0.2.1; aigp 0x10; attribute [ 0x99 0xc0 0x0a0b ]; }",
        &["ipv4 unicast 18c63364", "192.0.2.1", "801a0b01000b0000000000000010", "c099020a0b"],
    );
}

#[test]
fn communities_are_sorted_and_take_the_form_that_their_numbers_need() {
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 community [ no-export 64500:2 64500:1 0xfbf40003 ]",
        &["ipv4 unicast 18c63364", "192.0.2.1", "c00810fbf40001fbf40002fbf40003ffffff01"],
    );
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 large-community [ 64500:2:1 64500:1:2 64500:2:1 ]",
        &["ipv4 unicast 18c63364", "192.0.2.1", "c020180000fbf400000001000000020000fbf40000000200000001"],
    );
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 extended-community [ target:64500:5 origin:70000:6 target:192.0.2.1:7 64500:8 ]",
        &[
            "ipv4 unicast 18c63364",
            "192.0.2.1",
            "c010200002fbf4000000050002fbf4000000080102c000020100070103000111700006",
        ],
    );
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 extended-community [ redirect:64500:9 l2info:19:0:1500:111 mup:10:11 bandwidth:64500:1000 0x0002fbf400000001 ]",
        &[
            "ipv4 unicast 18c63364",
            "192.0.2.1",
            "c010280002fbf4000000010c00000a0000000b4004fbf4447a00008008fbf400000009800a130005dc006f",
        ],
    );
}

#[test]
fn labels_distinguishers_and_prefix_sids_stand_before_and_beside_the_prefix() {
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 label [ 800 801 ] bgp-prefix-sid [ 300, [ ( 800000,4096 ), ( 1000000,5000 ) ] ]",
        &[
            "ipv4 nlri-mpls 48003200003211c63364",
            "192.0.2.1",
            "c0281b0100070000000000012c03000e00000c35000010000f4240001388",
        ],
    );
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 rd 192.0.2.1:5 label 900",
        &["ipv4 mpls-vpn 700038410001c00002010005c63364", "192.0.2.1"],
    );
    announces(
        "ipv6 mpls-vpn 2001:db8:1::/48 next-hop 2001:db8::1 rd 70000:5 label 16",
        &["ipv6 mpls-vpn 88000101000200011170000520010db80001", "2001:db8::1"],
    );
    announces(
        "route 198.51.100.0/24 next-hop 192.0.2.1 bgp-prefix-sid-srv6 ( l3-service 2001:db8:: 0x48 [64,24,16,0,0,0] )",
        &[
            "ipv4 unicast 18c63364",
            "192.0.2.1",
            "c028250500220001001e0020010db800000000000000000000000000004800010006401810000000",
        ],
    );
}

#[test]
fn flow_routes_hold_their_conditions_in_order_and_their_actions_as_communities() {
    announces(
        "flow route { match { source 198.51.100.0/24; destination 203.0.113.0/25; protocol [ tcp =17 ]; port [ >1024&<2048 =http ]; } then { discard; } }",
        &["ipv4 flow 190119cb0071000218c633640301068111041204005408008150", "c010088006000000000000"],
    );
    announces(
        "flow route steer { rd 64500:1; match { tcp-flags [ syn+ack !=fin ]; fragment is-fragment; packet-length >=1500; } then { redirect 64500:9; mark 10; } }",
        &[
            "ipv4 flow-vpn 140000fbf40000000109001283010a9305dc0c8002",
            "c010108008fbf400000009800900000000000a",
        ],
    );
    announces(
        "flow route destination 2001:db8:1::/48 flow-label 70000 rate-limit 9600",
        &["ipv6 flow 0f01300020010db800010da100011170", "c010088006000046160000"],
    );
    // A pattern begins behind its offset (RFC 8956 §3.1), and is shifted by it.
    announces(
        "flow route source 2001:db8:6:7::/63/12 destination 2001:db8::9/128/64 rate-limit 9600",
        &["ipv6 flow 150180400000000000000009023f0c10db8000600060", "c010088006000046160000"],
    );
    announces(
        "flow route destination 203.0.113.1/32 interface-set [ transitive:input:64500:10 ] copy 192.0.2.9",
        &["ipv4 flow 060120cb007101", "192.0.2.9", "c0101007020000fbf4400a0800000000000001"],
    );
    announces(
        "ipv6 flow source 2001:db8:1::/48 next-header udp redirect-to-nexthop-ietf 2001:db8::9",
        &["ipv6 flow 0c02300020010db80001038111", "c01914000c20010db80000000000000000000000090000"],
    );
}

#[test]
fn vpls_mvpn_and_mup_routes_stand_as_their_documents_lay_them_out() {
    announces(
        "vpls endpoint 5 base 10702 offset 1 size 8 rd 192.0.2.1:123 next-hop 192.0.2.1",
        &["l2vpn vpls 00110001c0000201007b000500010008029ce1", "192.0.2.1"],
    );
    announces(
        "ipv4 mcast-vpn shared-join rp 192.0.2.5 group 239.1.1.1 rd 64500:9 source-as 64501 next-hop 192.0.2.1",
        &["ipv4 mcast-vpn 06160000fbf4000000090000fbf520c000020520ef010101", "192.0.2.1"],
    );
    announces(
        "ipv6 mcast-vpn source-ad source 2001:db8::5 group ff0e::1 rd 64500:9 next-hop 192.0.2.1",
        &[
            "ipv6 mcast-vpn 052a0000fbf4000000098020010db800000000000000000000000580ff0e0000000000000000000000000001",
            "192.0.2.1",
        ],
    );
    announces(
        "ipv4 mup mup-isd 198.51.100.0/24 rd 64500:9 next-hop 2001:db8::1",
        &["ipv4 mup 0100010c0000fbf40000000918c63364", "2001:db8::1"],
    );
    announces(
        "ipv6 mup mup-t1st 2001:db8:1::1/128 rd 64500:9 teid 12345 qfi 9 endpoint 2001:db8::2 next-hop 192.0.2.1",
        &[
            "ipv6 mup 0100032f0000fbf4000000098020010db800010000000000000000000100003039098020010db8000000000000000000000002",
            "::ffff:192.0.2.1",
        ],
    );
    announces(
        "ipv4 mup mup-t2st 192.0.2.2 rd 64500:9 teid 5/20 next-hop 192.0.2.1",
        &["ipv4 mup 010004100000fbf40000000934c0000202000005", "192.0.2.1"],
    );
}

#[test]
fn shared_attributes_go_to_every_prefix() {
    let text =
        "attributes med 5 next-hop 192.0.2.1 path-information 0.0.0.7 nlri 198.51.100.0/25 198.51.100.128/25";
    let routes = parse_routes(RouteAction::Announce, text).expect("two routes");
    let [first, second] = routes.as_slice() else { panic!("{routes:?}") };
    assert_eq!((first.route.path_id, second.route.path_id), (Some(7), Some(7)));
    assert_eq!(shown(second), ["ipv4 unicast 19c6336480", "192.0.2.1", "80040400000005"]);
}

#[test]
fn next_hop_self_is_left_to_the_session() {
    let announcement = route("route 198.51.100.0/24 next-hop self");
    assert_eq!((announcement.next_hop_self, announcement.route.next_hop), (true, None));
}

#[test]
fn a_watchdog_may_hold_a_route_back() {
    let watchdog = |text| route(text).watchdog.map(|watchdog| (watchdog.name.clone(), watchdog.withdrawn));
    assert_eq!(watchdog("route 198.51.100.0/24 next-hop self watchdog dns"), Some(("dns".into(), false)));
    assert_eq!(
        watchdog("route 198.51.100.0/24 next-hop self withdraw watchdog dns"),
        Some(("dns".into(), true))
    );
    assert_eq!(watchdog("route 198.51.100.0/24 next-hop self"), None);
}

#[test]
fn a_withdrawal_needs_its_destination_only() {
    for text in ["route 198.51.100.0/24", "route 198.51.100.0/24 rd 64500:1", "ipv6 unicast 2001:db8::/32"] {
        assert_eq!(parse_routes(RouteAction::Withdraw, text).map(|routes| routes.len()), Ok(1), "{text}");
        assert!(parse_routes(RouteAction::Announce, text).is_err(), "{text}");
    }
}

#[test]
fn one_command_may_hold_several_statements() {
    let text = "route 198.51.100.0/24 next-hop self; route 203.0.113.0/24 next-hop self;";
    assert_eq!(parse_routes(RouteAction::Announce, text).map(|routes| routes.len()), Ok(2));
}

#[test]
fn what_follows_a_command_is_not_swallowed() {
    let error = parse_routes(RouteAction::Announce, "route 198.51.100.0/24 next-hop self; done").unwrap_err();
    assert_eq!((error.column, error.problem.as_str()), (38, "`done` is not a statement of `static`"));
    let inline = "route 198.51.100.0/24 next-hop self done";
    assert!(parse_routes(RouteAction::Announce, inline).is_err());
}

/// The warnings of a command that is carried out, and the destination that it is about.
#[track_caller]
fn warned(action: RouteAction, text: &str) -> (String, Vec<String>) {
    let (routes, warnings) =
        parse_routes_and_warn(action, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let [route] = routes.as_slice() else { panic!("{routes:?}") };
    (shown(route).swap_remove(0), warnings.into_iter().map(|warning| warning.problem).collect())
}

#[test]
fn inside_of_a_block_words_behind_a_whole_statement_are_read_past_with_a_warning_as_in_a_file() {
    const NOTHING: &str = "this has no effect: what it stands behind is complete";
    for (text, rule) in [
        (
            "match { source 192.0.2.7/32; destination-port =3128 >=8080&<=8088; } then { discard; }",
            "0a0220c000020705910c38",
        ),
        ("match { source 192.0.2.7/32; protocol =6 =17; } then { discard; }", "090220c0000207038106"),
        ("match { source 192.0.2.7/32 foo bar; } then { discard; }", "060220c0000207"),
        ("match { source 192.0.2.7/32; } then { discard foo; }", "060220c0000207"),
        ("match { source 192.0.2.7/32; } then { rate-limit 9600 foo; }", "060220c0000207"),
        ("match foo { source 192.0.2.7/32; } then { discard; }", "060220c0000207"),
        ("next-hop 192.0.2.1 foo; match { source 192.0.2.7/32; } then { discard; }", "060220c0000207"),
        (
            "match { source 192.0.2.7/32; } then { discard; } scope { interface-set transitive:input:1:1 foo; }",
            "060220c0000207",
        ),
    ] {
        for action in [RouteAction::Announce, RouteAction::Withdraw] {
            let (shown, warnings) = warned(action, &format!("flow route {{ {text} }}"));
            assert_eq!(shown, format!("ipv4 flow {rule}"), "{text}");
            assert_eq!(warnings, [NOTHING], "{text}");
        }
    }
    let (_, warnings) = warned(RouteAction::Announce, "route 198.51.100.0/24 { next-hop 192.0.2.1 foo; }");
    assert_eq!(warnings, [NOTHING]);
}

#[test]
fn blocks_that_are_not_closed_end_with_the_command_and_braces_too_many_are_read_past() {
    let open = |section: &str| format!("this block ({section}) is not closed");
    for (text, expected) in [
        ("flow route { match { source 192.0.2.7/32; } then { discard; }", vec![open("flow route")]),
        ("flow route { match { source 192.0.2.7/32; }", vec![open("flow route")]),
        ("flow route { match { source 192.0.2.7/32;", vec![open("match"), open("flow route")]),
        (
            "flow route { match { source 192.0.2.7/32; } then { discard",
            vec![open("then"), open("flow route")],
        ),
        (
            "flow route { match { source 192.0.2.7/32; } then { discard; } } }",
            vec!["this has no effect: every block is closed".into()],
        ),
        ("flow route { match { source 192.0.2.7/32; } then { discard; } }", vec![]),
    ] {
        let (shown, warnings) = warned(RouteAction::Announce, text);
        assert_eq!(shown, "ipv4 flow 060220c0000207", "{text}");
        assert_eq!(warnings, expected, "{text}");
    }
    for refused in [
        "flow route { match { source 192.0.2.7/32; } } then { discard; } }",
        "flow route { match { source 192.0.2.7/32; } then { discard; } } foo",
        "flow route { match { foo; source 192.0.2.7/32; } then { discard; } }",
        "flow route { match { source 192.0.2.7/32; } then { foo; } }",
        "flow route { match { source 192.0.2.7/32 } then { discard; } }",
        "flow route { match { source 192.0.2.7/32; destination-port [ =80 =443; } then { discard; } }",
        "route 198.51.100.0/24 next-hop 192.0.2.1; }",
    ] {
        assert!(parse_routes(RouteAction::Announce, refused).is_err(), "{refused}");
    }
}

#[test]
fn an_empty_interface_set_adds_no_attribute() {
    let rule = "flow route source 10.0.0.0/24 interface-set [ ]";
    announces(rule, &["ipv4 flow 0502180a0000"]);
}

#[test]
fn a_traffic_action_may_say_both_in_any_way() {
    for both in ["sample-terminal", "terminal-sample", "sample|terminal"] {
        let rule = format!("flow route source 10.0.0.0/24 action {both}");
        announces(&rule, &["ipv4 flow 0502180a0000", "c010088007000000000003"]);
    }
}

#[test]
fn services_name_their_ports() {
    let tail = "c010088006000000000000";
    announces("flow route port openvpn discard", &["ipv4 flow 04049104aa", tail]);
    announces("flow route destination-port =isakmp discard", &["ipv4 flow 04059101f4", tail]);
}

#[test]
fn a_single_label_block_needs_no_brackets_of_its_own() {
    let route =
        |sid: &str| shown(&route(&format!("route 10.0.0.0/24 next-hop 192.0.2.1 bgp-prefix-sid {sid}")));
    assert_eq!(route("[ 300, ( 800000,100 ) ]"), route("[ 300, [ ( 800000,100 ) ] ]"));
}

#[test]
fn the_last_action_of_a_flow_route_says_its_next_hop() {
    let hop = |text: &str| route(text).route.next_hop.map(|hop| hop.address().to_string());
    let rule = "flow route source 10.0.0.0/24 next-hop 192.0.2.1";
    assert_eq!(hop(&format!("{rule} redirect-to-nexthop")).as_deref(), Some("192.0.2.1"));
    assert_eq!(hop(&format!("{rule} redirect 192.0.2.2 copy 192.0.2.3")).as_deref(), Some("192.0.2.3"));
    assert_eq!(hop(&format!("{rule} redirect 65000:1")), None, "a VPN is no next hop");
}

#[test]
fn fragment_flags_may_take_two_octets() {
    announces("flow route fragment 256 discard", &["ipv4 flow 040c900100", "c010088006000000000000"]);
}

#[test]
fn bits_past_the_length_of_a_prefix_to_match_are_kept_in_ipv4_and_cleared_in_ipv6() {
    let discard = "c010088006000000000000";
    announces("flow route source 10.255.0.0/10 discard", &["ipv4 flow 04020a0aff", discard]);
    announces("flow route source 2001:dbf::/28/0 discard", &["ipv6 flow 07021c0020010db0", discard]);
}

#[test]
fn the_hexadecimal_octets_of_a_generic_attribute_may_be_short_and_in_capitals() {
    let hop = "route 10.0.0.0/24 next-hop 192.0.2.1";
    announces(
        &format!("{hop} attribute [ 0X1 0XC0 0X02 ]"),
        &["ipv4 unicast 180a0000", "192.0.2.1", "c0010102"],
    );
}
