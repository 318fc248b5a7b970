//! FlowSpec rules as other speakers lay them out: sent so where the neighbor is configured to, and read always.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails should say where")]

use crate::util::{Lone, keepalive, neighbor, open_with, setup};
use holdtime_core::wire::Nlri;

const RULE: &str =
    "flow { route one { match { destination 2001:db8::9/128/64; protocol udp; } then { discard; } } }";
const IPV6_FLOW: &[u8] = &[0, 2, 0, 133];

/// A session whose peer offers these families, and ADD-PATH for `add_paths`.
fn session(options: &str, families: &[&[u8]], add_paths: &[u8]) -> Lone {
    let mut lone = Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", &format!("{options} {RULE}"))));
    let stream = lone.connect();
    let mut capabilities: Vec<(u8, &[u8])> = families.iter().map(|family| (1, *family)).collect();
    if !add_paths.is_empty() {
        capabilities.push((69, add_paths));
    }
    lone.receive(stream, &open_with(65_000, 90, [10, 0, 0, 2], &capabilities));
    lone.receive(stream, &keepalive());
    lone
}

/// The NLRI of the first rule that was sent, from its path identifier on, in hex.
fn rule_sent(lone: &mut Lone) -> String {
    let sent = lone.take_sent();
    let update = sent.iter().find(|message| message.contains("00028500")).expect("a rule");
    let (_, nlri) = update.split_once("00028500").expect("no next hop");
    nlri.get(2..).unwrap_or_default().to_string()
}

#[test]
fn a_rule_is_sent_with_the_bits_behind_its_offset_unless_whole_prefixes_are_configured() {
    let family = "family { ipv6 flow; }";
    let mut plain = session(family, &[IPV6_FLOW], &[]);
    assert_eq!(rule_sent(&mut plain), "0e0180400000000000000009038111");
    let mut whole = session(&format!("{family} flow-whole-prefix true;"), &[IPV6_FLOW], &[]);
    assert_eq!(rule_sent(&mut whole), "1601804000000000000000000000000000000009038111");
}

#[test]
fn an_identifier_stands_inside_a_prefix_where_that_is_configured_and_unicast_has_add_path() {
    let options = "family { ipv6 flow; ipv6 unicast; } capability { add-path send/receive; }";
    let families: &[&[u8]] = &[IPV6_FLOW, &[0, 2, 0, 1]];
    let unicast = [0, 2, 1, 3];
    let inside = format!("{options} flow-inner-path-identifier true;");
    assert_eq!(rule_sent(&mut session(options, families, &unicast)), "0e0180400000000000000009038111");
    assert_eq!(
        rule_sent(&mut session(&inside, families, &unicast)),
        "1a01004000000080000000000000000000000000000000 09038111".replace(' ', "")
    );
    assert_eq!(rule_sent(&mut session(&inside, families, &[])), "0e0180400000000000000009038111");
}

#[test]
fn rules_are_received_in_every_form_as_one_and_the_same() {
    let options = "family { ipv6 flow; ipv6 unicast; } capability { add-path send/receive; }";
    let families: &[&[u8]] = &[IPV6_FLOW, &[0, 2, 0, 1]];
    let standard = [11, 1, 128, 64, 0, 0, 0, 0, 0, 0, 0, 9];
    let whole = [&[19, 1, 128, 64, 0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9]].concat();
    let inside = [&[23, 1, 0, 64, 0, 0, 0, 128, 0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9]].concat();
    for nlri in [&standard[..], &whole, &inside] {
        let mut lone = session(options, families, &[0, 2, 1, 3]);
        let stream = lone.sent[0].0;
        let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 5, 4, 0, 0, 0, 100];
        attributes.extend([0x80, 14, nlri.len() as u8 + 5, 0, 2, 133, 0, 0]);
        attributes.extend(nlri);
        let body = [&[0, 0, 0, attributes.len() as u8][..], &attributes].concat();
        lone.receive(stream, &crate::util::message(2, &body));
        let held = |lone: &Lone| -> Vec<Vec<u8>> {
            let routes = lone.speaker.neighbors().flat_map(|neighbor| neighbor.adj_rib_in.routes());
            let octets = |nlri: &Nlri| match nlri {
                Nlri::Flow(rule) => rule.bytes.to_vec(),
                other => panic!("{other:?}"),
            };
            routes.map(|(to, _)| octets(&to.nlri)).collect()
        };
        assert_eq!(held(&lone), [standard], "{nlri:x?}");
        // It may be withdrawn in another form than it came in.
        let attributes = [&[0x80, 15, standard.len() as u8 + 3, 0, 2, 133][..], &standard].concat();
        let body = [&[0, 0, 0, attributes.len() as u8][..], &attributes].concat();
        lone.receive(stream, &crate::util::message(2, &body));
        assert_eq!(held(&lone), Vec::<Vec<u8>>::new());
    }
}
