//! Segment routing policies, from words to octets and back to words and JSON.

#![allow(clippy::panic, clippy::expect_used)] // how a test's helpers fail

use holdtime_core::config::{Config, ConfigText, Settings};
use holdtime_core::grammar::{Announcement, RouteAction, parse_routes};
use holdtime_core::print::{attributes_json, attributes_text, nlri_json, nlri_text};
use holdtime_core::wire::treatment::Treatment;
use holdtime_core::wire::update::UpdateView;
use holdtime_core::wire::{
    Afi, Attribute, AttributeCode, Family, FamilyTerms, Negotiated, PathNlri, Safi, Writer,
};
use proptest::prelude::*;

const PATH: &str = "ipv4 sr-policy distinguisher 0 color 100 endpoint 192.0.2.7 next-hop 192.0.2.1";

fn policy(text: &str) -> Announcement {
    let routes = parse_routes(RouteAction::Announce, text).unwrap_or_else(|error| panic!("{error}"));
    let [route] = routes.try_into().unwrap_or_else(|routes| panic!("{text} is about {routes:?}"));
    route
}

/// What the tunnel of a policy with these words says, in hexadecimal, its header included.
fn tunnel(words: &str) -> String {
    let route = policy(&format!("{PATH} {words}")).route;
    match route.attributes.get(AttributeCode::TUNNEL_ENCAPSULATION) {
        Some(Attribute::TunnelEncapsulation(tunnel)) => {
            tunnel.bytes.iter().map(|octet| format!("{octet:02x}")).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The first segment of a list with these words, its header included.
fn segment(words: &str) -> String {
    let whole = tunnel(&format!("segment-list segment {words}"));
    // Tunnel type and length, then the segment list's type, length and reserved octet.
    whole.get(16..).unwrap_or_default().into()
}

fn json(route: &Announcement) -> (String, String) {
    let path = PathNlri { path_id: None, nlri: route.route.nlri.clone() };
    let (mut nlri, mut attributes) = (String::new(), String::new());
    nlri_json(&mut nlri, &path, route.route.next_hop, true);
    attributes_json(&mut attributes, &route.route.attributes.iter().collect::<Vec<_>>());
    (nlri, attributes)
}

/// A route as words, which announce it again.
fn text(route: &Announcement) -> String {
    let afi = route.route.nlri.family().afi;
    let path = PathNlri { path_id: None, nlri: route.route.nlri.clone() };
    let mut out = format!("{afi} ");
    nlri_text(&mut out, &path, route.route.next_hop);
    attributes_text(&mut out, &route.route.attributes.iter().collect::<Vec<_>>());
    out
}

/// What is wrong with a policy of these words: the problem, what stands under the caret, and what was expected.
fn refused(words: &str) -> (String, String, String) {
    let text = format!("{PATH} {words}");
    let Err(error) = parse_routes(RouteAction::Announce, &text) else { panic!("{text} is accepted") };
    let offending = error.source.chars().skip(error.column.saturating_sub(1)).take(error.width);
    (error.problem.clone(), offending.collect(), error.expected)
}

#[test]
fn a_candidate_path_is_told_by_distinguisher_color_and_endpoint() {
    let octets = |text: &str| {
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        policy(text).route.nlri.encode(&mut writer).expect("room");
        writer.written().to_vec()
    };
    assert_eq!(octets(PATH), [96, 0, 0, 0, 0, 0, 0, 0, 100, 192, 0, 2, 7]);
    let ipv6 = "ipv6 sr-policy distinguisher 5 color 4294967295 endpoint 2001:db8::7 next-hop 2001:db8::1";
    let head = [192, 0, 0, 0, 5, 255, 255, 255, 255, 0x20, 1, 0x0d, 0xb8];
    assert!(octets(ipv6).starts_with(&head));
    assert_eq!(octets(ipv6).len(), 25);
}

#[test]
fn what_a_policy_says_stands_in_the_order_in_which_it_was_written() {
    assert_eq!(
        tunnel("preference 100 binding-sid mpls 24000 segment-list weight 1 segment type-a mpls 16001"),
        "000f00240c060000000000640d06000005dc00008000110009060000000000010106000003e81000"
    );
    assert_eq!(tunnel("binding-sid null priority 10"), "000f00080d0200000f020a00");
    for (enlp, octet) in
        [("push-ipv4", "01"), ("push-ipv6", "02"), ("push-ipv4-ipv6", "03"), ("no-push", "04"), ("4", "04")]
    {
        assert_eq!(tunnel(&format!("priority 10 enlp {enlp}")), format!("000f00090f020a000e030000{octet}"));
    }
    assert_eq!(tunnel("srv6-binding-sid 2001:db8::1"), "000f00141412000020010db8000000000000000000000001");
    assert_eq!(
        tunnel("srv6-binding-sid 2001:db8::1 endpoint-behavior 0x41 32 16 8 4"),
        "000f001c141a200020010db80000000000000000000000010041000020100804"
    );
    assert_eq!(
        tunnel("policy-name \"a b\" candidate-path-name main"),
        "000f000f8200040061206281000500".to_owned() + "6d61696e"
    );
    assert_eq!(
        tunnel("segment-list weight 7 segment-list weight 8"),
        "000f001880000900090600000000000780000900".to_owned() + "0906000000000008"
    );
}

#[test]
fn a_segment_of_each_type_stands_as_its_clause_lays_it_out() {
    let (one, two) = ("20010db8000000000000000000000001", "20010db8000000000000000000000002");
    for (words, expected) in [
        ("type-a mpls 16001", "0106000003e81000".to_owned()),
        ("type-a mpls 16001 verification", "0106800003e81000".into()),
        ("type-b srv6 2001:db8::1", format!("0d120000{one}")),
        ("type-b srv6 2001:db8::1 endpoint-behavior 65 32 0 16 0", format!("0d1a1000{one}0041000020001000")),
        ("type-c ipv4 192.0.2.1 algorithm 0", "03060000c0000201".into()),
        ("type-c ipv4 192.0.2.1 algorithm 128 sid 16001", "030a6080c000020103e81000".into()),
        ("type-d ipv6 2001:db8::1 algorithm 0 sid 16002", format!("04162000{one}03e82000")),
        ("type-d ipv6 2001:db8::1 algorithm 1", format!("04124001{one}")),
        ("type-e local-if-id 7 ipv4 192.0.2.1", "050a000000000007c0000201".into()),
        ("type-e local-if-id 7 ipv4 192.0.2.1 sid 3", "050e200000000007c000020100003000".into()),
        ("type-f local 192.0.2.1 remote 192.0.2.2", "060a0000c0000201c0000202".into()),
        ("type-f local 192.0.2.1 remote 192.0.2.2 sid 3", "060e2000c0000201c000020200003000".into()),
        (
            "type-g local-if-id 1 local-ipv6 2001:db8::1 remote-if-id 2 remote-ipv6 2001:db8::2",
            format!("072a000000000001{one}00000002{two}"),
        ),
        (
            "type-g local-if-id 1 local-ipv6 2001:db8::1 remote-if-id 2 remote-ipv6 2001:db8::2 sid 3",
            format!("072e200000000001{one}00000002{two}00003000"),
        ),
        ("type-h local 2001:db8::1 remote 2001:db8::2", format!("08220000{one}{two}")),
        ("type-h local 2001:db8::1 remote 2001:db8::2 sid 3", format!("08262000{one}{two}00003000")),
        ("type-i ipv6 2001:db8::1 algorithm 0", format!("0e120000{one}")),
        ("type-i ipv6 2001:db8::1 algorithm 2 sid 2001:db8::2", format!("0e226002{one}{two}")),
        (
            "type-i ipv6 2001:db8::1 algorithm 2 sid 2001:db8::2 endpoint-behavior 1 2 3 4 5",
            format!("0e2a7002{one}{two}0001000002030405"),
        ),
        (
            "type-j local-if-id 1 local-ipv6 2001:db8::1 remote-if-id 2 remote-ipv6 2001:db8::2 algorithm 0",
            format!("0f2a000000000001{one}00000002{two}"),
        ),
        (
            "type-j local-if-id 1 local-ipv6 2001:db8::1 remote-if-id 2 remote-ipv6 2001:db8::2 algorithm 9 \
             sid 2001:db8::2 endpoint-behavior 1 2 3 4 5",
            format!("0f42700900000001{one}00000002{two}{two}0001000002030405"),
        ),
        ("type-k local 2001:db8::1 remote 2001:db8::2 algorithm 0", format!("10220000{one}{two}")),
        (
            "type-k local 2001:db8::1 remote 2001:db8::2 algorithm 0 sid 2001:db8::2",
            format!("10322000{one}{two}{two}"),
        ),
    ] {
        assert_eq!(segment(words), expected, "{words}");
    }
}

#[test]
fn json_has_the_names_of_exabgp_6() {
    let policy = policy(&format!(
        "{PATH} preference 200 srv6-binding-sid 2001:db8::1 segment-list weight 2 segment type-b srv6 2001:db8::1 \
         endpoint-behavior 65 32 0 16 0 segment type-c ipv4 192.0.2.9 algorithm 0 sid 5 verification policy-name \"it's\\\"q\""
    ));
    let (nlri, attributes) = json(&policy);
    assert_eq!(nlri, r#"{"distinguisher": 0, "color": 100, "endpoint": "192.0.2.7"}"#);
    insta::assert_snapshot!(attributes);
}

#[test]
fn of_what_may_stand_once_the_first_one_counts_and_all_is_shown_as_octets() {
    let preference = |value: u8| [12, 6, 0, 0, 0, 0, 0, value];
    let sub_tlvs = [preference(1), preference(2)].concat();
    let tunnel = holdtime_core::wire::attribute::TunnelEncapsulation::sr_policy(&sub_tlvs).expect("short");
    let attribute = Attribute::TunnelEncapsulation(tunnel);
    let (mut json, mut text) = (String::new(), String::new());
    attributes_json(&mut json, &[&attribute]);
    attributes_text(&mut text, &[&attribute]);
    assert_eq!(json, r#""tunnel-encap": {"sr-policy": {"preference": 1}}"#);
    assert_eq!(text, " attribute [ 0x17 0xE0 0x000f00100c060000000000010c06000000000002 ]");
}

#[test]
fn an_endpoint_says_which_family_a_static_policy_is_of() {
    let static_policy = |endpoint: &str| {
        let text = format!(
            "neighbor 192.0.2.2 {{ router-id 192.0.2.1; local-address 192.0.2.1; local-as 64500; peer-as 64500; \
             family {{ ipv4 sr-policy; ipv6 sr-policy; }} static {{ sr-policy distinguisher 0 color 1 endpoint {endpoint} \
             next-hop 192.0.2.1 preference 5 community no-advertise; }} }}"
        );
        let file = ConfigText { name: "edge.conf".into(), text };
        let config = Config::parse(&file, &Settings::default()).unwrap_or_else(|error| panic!("{error}"));
        let route = config.neighbors.first().and_then(|neighbor| neighbor.routes.iter().next());
        route.map(|route| route.route.nlri.family().to_string())
    };
    assert_eq!(static_policy("192.0.2.7").as_deref(), Some("ipv4 sr-policy"));
    assert_eq!(static_policy("2001:db8::7").as_deref(), Some("ipv6 sr-policy"));
}

#[test]
fn to_withdraw_a_policy_its_identification_is_enough() {
    let withdrawn =
        parse_routes(RouteAction::Withdraw, "ipv4 sr-policy distinguisher 0 color 100 endpoint 192.0.2.7");
    let withdrawn = withdrawn.expect("a withdrawal");
    assert_eq!(withdrawn.first().map(|route| &route.route.nlri), Some(&policy(PATH).route.nlri));
}

#[test]
fn words_that_no_policy_has_are_refused_where_they_stand() {
    for (words, problem, offending) in [
        ("preference -1", "`-1` is not a preference", "-1"),
        ("preference 1 preference 2", "`preference` was given before", "preference"),
        ("binding-sid mpls 1048576", "`1048576` is not a label", "1048576"),
        ("enlp 5", "`5` is not an Explicit NULL Label Policy", "5"),
        ("binding-sid srv7 1", "`srv7` is not a binding SID", "srv7"),
        ("srv6-binding-sid 192.0.2.1", "`192.0.2.1` is not a SID", "192.0.2.1"),
        ("segment-list weight x", "`x` is not a weight", "x"),
        ("segment-list segment type-l", "`type-l` is not a segment type", "type-l"),
        ("segment-list segment type-a 16001", "`16001` does not belong here", "16001"),
        ("segment-list segment type-c ipv4 2001:db8::1", "`2001:db8::1` is not an IPv4 node", "2001:db8::1"),
        ("segment-list segment type-c ipv4 192.0.2.1 algorithm 256", "`256` is not an SR algorithm", "256"),
        (
            "segment-list segment type-b srv6 2001:db8::1 endpoint-behavior 1 2 3 4",
            "the statement breaks off here",
            "4",
        ),
        (
            // A behavior describes a SID.
            "segment-list segment type-i ipv6 2001:db8::1 algorithm 0 endpoint-behavior 1 2 3 4 5",
            "`endpoint-behavior` is not an option of this route",
            "endpoint-behavior",
        ),
        ("policy-name \"\"", "`` is not the policy's name", "\"\""),
        ("rd 1:1", "`rd` is not an option of this route", "rd"),
        ("prefrence 5", "`prefrence` is not an option of this route", "prefrence"),
    ] {
        let (found, place, expected) = refused(words);
        assert_eq!((found.as_str(), place.as_str()), (problem, offending), "{words}");
        assert!(!expected.is_empty(), "{words}");
    }
    let errors = |text| parse_routes(RouteAction::Announce, text).expect_err(text).problem;
    assert_eq!(
        errors("ipv6 sr-policy distinguisher 0 color 1 endpoint 192.0.2.1 next-hop 192.0.2.1"),
        "`192.0.2.1` is not an ipv6 address"
    );
    assert_eq!(errors("ipv4 sr-policy color 1"), "`color` does not belong here");
    assert_eq!(
        errors("ipv4 sr-policy distinguisher 0 color 1 endpoint 192.0.2.1 preference 5"),
        "the SR policy has no next hop"
    );
}

#[test]
fn a_segment_list_that_its_length_cannot_say_is_refused() {
    let segments = " segment type-b srv6 2001:db8::1".repeat(65_536 / 20 + 1);
    let (problem, place, _) = refused(&format!("segment-list weight 1{segments}"));
    assert_eq!(problem, "the segment list is longer than 65535 octets");
    assert_eq!(place, "segment-list");
}

/// A word for a segment, whatever its type.
fn any_segment() -> impl Strategy<Value = String> {
    let sid = || prop_oneof![Just(String::new()), (0_u32..1 << 20).prop_map(|label| format!(" sid {label}"))];
    let behavior = || {
        any::<Option<(u16, [u8; 4])>>().prop_map(|behavior| match behavior {
            Some((behavior, [a, b, c, d])) => format!(" endpoint-behavior {behavior} {a} {b} {c} {d}"),
            None => String::new(),
        })
    };
    let srv6 = move || {
        (any::<Option<std::net::Ipv6Addr>>(), behavior()).prop_map(|(sid, behavior)| match sid {
            Some(sid) => format!(" sid {sid}{behavior}"),
            None => String::new(),
        })
    };
    let (v4, v6, id) = (any::<std::net::Ipv4Addr>, any::<std::net::Ipv6Addr>, any::<u32>);
    let algorithm = any::<u8>;
    let any = prop_oneof![
        (0_u32..1 << 20).prop_map(|label| format!("type-a mpls {label}")),
        (v6(), behavior()).prop_map(|(sid, behavior)| format!("type-b srv6 {sid}{behavior}")),
        (v4(), algorithm(), sid())
            .prop_map(|(node, a, sid)| format!("type-c ipv4 {node} algorithm {a}{sid}")),
        (v6(), algorithm(), sid())
            .prop_map(|(node, a, sid)| format!("type-d ipv6 {node} algorithm {a}{sid}")),
        (id(), v4(), sid()).prop_map(|(id, node, sid)| format!("type-e local-if-id {id} ipv4 {node}{sid}")),
        (v4(), v4(), sid()).prop_map(|(l, r, sid)| format!("type-f local {l} remote {r}{sid}")),
        (id(), v6(), id(), v6(), sid()).prop_map(|(i, l, j, r, sid)| {
            format!("type-g local-if-id {i} local-ipv6 {l} remote-if-id {j} remote-ipv6 {r}{sid}")
        }),
        (v6(), v6(), sid()).prop_map(|(l, r, sid)| format!("type-h local {l} remote {r}{sid}")),
        (v6(), algorithm(), srv6()).prop_map(|(n, a, sid)| format!("type-i ipv6 {n} algorithm {a}{sid}")),
        (id(), v6(), id(), v6(), algorithm(), srv6()).prop_map(|(i, l, j, r, a, sid)| {
            format!(
                "type-j local-if-id {i} local-ipv6 {l} remote-if-id {j} remote-ipv6 {r} algorithm {a}{sid}"
            )
        }),
        (v6(), v6(), algorithm(), srv6())
            .prop_map(|(l, r, a, sid)| format!("type-k local {l} remote {r} algorithm {a}{sid}")),
    ];
    (any, any_verification()).prop_map(|(segment, verification)| segment + verification)
}

fn any_verification() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just(" verification")]
}

proptest! {
    #[test]
    fn what_show_prints_of_a_policy_announces_the_same_policy(
        color: u32,
        preference: Option<u32>,
        lists in proptest::collection::vec(
            (any::<Option<u32>>(), proptest::collection::vec(any_segment(), 0..5)), 0..4),
        name in "[ !#-\\[\\]-~]{1,20}",
    ) {
        let mut words = format!(
            "ipv6 sr-policy distinguisher 1 color {color} endpoint 2001:db8::7 next-hop 192.0.2.1 policy-name \"{name}\"");
        if let Some(preference) = preference {
            words += &format!(" preference {preference} binding-sid mpls {}", preference >> 12);
        }
        for (weight, segments) in &lists {
            words += " segment-list";
            // A list of nothing has at least its weight.
            match weight {
                Some(weight) => words += &format!(" weight {weight}"),
                None if segments.is_empty() => words += " weight 1",
                None => {}
            }
            segments.iter().for_each(|segment| words += &format!(" segment {segment}"));
        }
        let first = policy(&words);
        let shown = text(&first);
        prop_assert!(!shown.contains("attribute ["), "{shown}");
        prop_assert_eq!(policy(&shown), first);
    }

    #[test]
    fn no_odd_sentence_about_policies_is_too_odd_to_be_answered(
        words in proptest::collection::vec(
            prop_oneof![
                any_segment(), "[a-z0-9:.]{0,8}", Just("segment-list".into()), Just("segment".into()),
                Just("preference".into()), Just("endpoint-behavior".into()), Just("sid".into()), Just("1".into()),
                Just("{".into()), Just("}".into()), Just(";".into()), Just("\"".into()), Just("binding-sid".into()),
            ],
            0..12,
        ),
    ) {
        let _ = parse_routes(RouteAction::Announce, &format!("{PATH} {}", words.join(" ")));
    }
}

/// What becomes of an UPDATE from inside the AS whose tunnel and candidate path are these octets.
fn treatment(tunnel: &[u8], nlri: &[u8]) -> Option<Treatment> {
    let mut negotiated = Negotiated::between(64_500, 64_500);
    negotiated.asn4 = true;
    negotiated.set_family(FamilyTerms::plain(Family::new(Afi::IPV4, Safi::SR_POLICY)));
    let attribute = |flags: u8, code: u8, value: &[u8]| {
        [&[flags, code, u8::try_from(value.len()).expect("short")], value].concat()
    };
    let reach = [&[0, 1, 73, 4, 192, 0, 2, 1, 0], nlri].concat();
    let attributes = [
        attribute(0x40, 1, &[0]),
        attribute(0x40, 2, &[]),
        attribute(0x40, 5, &[0, 0, 0, 100]),
        attribute(0xc0, 23, tunnel),
        attribute(0x80, 14, &reach),
    ]
    .concat();
    let length = u16::try_from(attributes.len()).expect("short").to_be_bytes();
    let body = [&[0, 0], &length[..], &attributes].concat();
    UpdateView::decode(&body, &negotiated)
        .expect("the session goes on")
        .problem()
        .map(|problem| problem.treatment)
}

#[test]
fn a_policy_of_a_wrong_length_is_withdrawn_and_one_whose_path_has_none_costs_the_family() {
    let nlri = [96, 0, 0, 0, 0, 0, 0, 0, 100, 192, 0, 2, 7];
    let preference = [0, 15, 0, 8, 12, 6, 0, 0, 0, 0, 0, 100];
    assert_eq!(treatment(&preference, &nlri), None);
    // RFC 9830 §5: a sub-TLV of a length that it cannot have, at any depth.
    for tunnel in [
        &[0, 15, 0, 6, 12, 4, 0, 0, 0, 100][..],
        &[0, 15, 0, 8, 13, 6, 0, 0, 0, 0, 0],
        &[0, 15, 0, 9, 128, 0, 6, 0, 1, 3, 0, 0, 0],
        &[0, 15, 0, 9, 128, 0, 6, 0, 9, 3, 0, 0, 0],
        &[],
    ] {
        assert_eq!(treatment(tunnel, &nlri), Some(Treatment::Withdraw), "{tunnel:?}");
    }
    // And a candidate path of another length than its family's: where the next one begins is open.
    for nlri in [&[192, 0, 0, 0, 0, 0, 0, 0, 100, 192, 0, 2, 7][..], &[96, 0, 0], &[0]] {
        assert_eq!(treatment(&preference, nlri), Some(Treatment::Disable), "{nlri:?}");
    }
}
