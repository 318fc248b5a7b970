//! AS4_PATH and AS4_AGGREGATOR beside AS_PATH and AGGREGATOR (RFC 6793 §4.2.3), as the Adj-RIB-In and programs see them.

use crate::util::{Lone, keepalive, message, neighbor, setup};

/// 64501, AS_TRANS.
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 2, 0xfb, 0xf5, 0x5b, 0xa0];
/// 4200000001.
const AS4_PATH: &[u8] = &[0xc0, 17, 6, 2, 1, 0xfa, 0x56, 0xea, 1];
const AGGREGATOR: &[u8] = &[0xc0, 7, 6, 0xfb, 0xfe, 192, 0, 2, 9];
const AGGREGATOR_TRANS: &[u8] = &[0xc0, 7, 6, 0x5b, 0xa0, 192, 0, 2, 9];
const AS4_AGGREGATOR: &[u8] = &[0xc0, 18, 8, 0xfa, 0x56, 0xea, 2, 192, 0, 2, 9];

const PLAIN: &str = "[ 64501 23456 ]";
const MERGED: &str = "[ 64501 4200000001 ]";

/// What a peer with AS numbers of two octets, or of four, is understood to say with these attributes: as JSON, and as
/// `show adj-rib in extensive` has it.
fn understood(four_octets: bool, attributes: &[&[u8]]) -> (String, String) {
    let text = format!(
        "process p {{ run ./p; encoder json; }} {}",
        neighbor(
            "10.0.0.1",
            "10.0.0.2",
            "passive true; peer-as 64501; api { processes [ p ]; receive { parsed; update; } }"
        )
    );
    let mut lone = Lone::new(setup(&text));
    let program = lone.start_program();
    let session = lone.accept_from("10.0.0.2");
    let capability: &[u8] = if four_octets { &[2, 6, 65, 4, 0, 0, 0xfb, 0xf5] } else { &[] };
    let open = [&[4, 0xfb, 0xf5, 0, 180, 10, 0, 0, 2, capability.len() as u8], capability].concat();
    lone.receive(session, &message(1, &open));
    lone.receive(session, &keepalive());
    let all = [&[&[0x40, 1, 1, 0][..], &[0x40, 3, 4, 10, 0, 0, 2]], attributes].concat().concat();
    let body = [&[0, 0, 0, all.len() as u8][..], &all, &[24, 192, 0, 2]].concat();
    lone.receive(session, &message(2, &body));
    let told = lone.take_written(program);
    lone.receive(program, b"show adj-rib in extensive\n");
    let held = lone.take_written(program);
    (told, held)
}

#[track_caller]
fn expect(attributes: &[&[u8]], path: &str, aggregator: Option<&str>) {
    for reversed in [false, true] {
        let mut all = [&[AS_PATH], attributes].concat();
        if reversed {
            all.reverse();
        }
        let (told, held) = understood(false, &all);
        let in_json = path.replace("[ ", "[").replace(" ]", "]").replace(' ', ", ");
        assert!(told.contains(&format!("\"value\": {in_json}")), "{told}");
        assert!(held.contains(&format!("as-path {}", path.replace("[", "(").replace("]", ")"))), "{held}");
        match aggregator {
            Some(aggregator) => {
                assert!(told.contains(&format!("\"aggregator\": \"{aggregator}\"")), "{told}");
                assert!(held.contains(aggregator), "{held}");
            }
            None => assert!(!told.contains("aggregator") && !held.contains("aggregator"), "{told} {held}"),
        }
        assert!(!told.contains("as4-path") && !told.contains("0x11") && !told.contains("0x12"), "{told}");
    }
}

#[test]
fn both_are_ignored_only_where_aggregator_came_with_an_as_of_its_own_beside_as4_aggregator() {
    expect(&[AS4_PATH], MERGED, None);
    expect(&[AS4_PATH, AGGREGATOR], MERGED, Some("64510:192.0.2.9"));
    expect(&[AS4_PATH, AS4_AGGREGATOR], MERGED, None);
    expect(&[AS4_PATH, AGGREGATOR, AS4_AGGREGATOR], PLAIN, Some("64510:192.0.2.9"));
    expect(&[AS4_PATH, AGGREGATOR_TRANS, AS4_AGGREGATOR], MERGED, Some("4200000002:192.0.2.9"));
    expect(&[AS4_PATH, AGGREGATOR_TRANS], MERGED, Some("23456:192.0.2.9"));
    expect(&[AGGREGATOR, AS4_AGGREGATOR], PLAIN, Some("64510:192.0.2.9"));
    expect(&[AGGREGATOR_TRANS, AS4_AGGREGATOR], PLAIN, Some("4200000002:192.0.2.9"));
}

#[test]
fn a_malformed_as4_aggregator_is_none_and_the_paths_are_joined() {
    let malformed = [0xc0, 18, 6, 0, 1, 1, 1, 1, 1];
    expect(&[AS4_PATH, AGGREGATOR, &malformed], MERGED, Some("64510:192.0.2.9"));
}

#[test]
fn a_peer_of_four_octets_has_nothing_to_say_with_them() {
    let as_path = [0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf5];
    let (told, held) = understood(true, &[&as_path, AS4_PATH, AS4_AGGREGATOR]);
    for said in [told, held] {
        assert!(said.contains("64501") && !said.contains("42000000"), "{said}");
        assert!(!said.contains("0x11") && !said.contains("as4") && !said.contains("aggregator"), "{said}");
    }
}
