//! A route that no message can hold is no promise: the program that asks for it reads `error`, and nothing of it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::{Lone, keepalive, neighbor, open_with, setup};
use holdtime_core::speaker::StreamId;

/// The capability of messages of 65,535 octets (RFC 8654).
const EXTENDED: u8 = 6;
const FAMILIES: &str =
    "family { ipv4 unicast; ipv4 nlri-mpls; ipv4 mpls-vpn; ipv4 flow; ipv6 unicast; l2vpn vpls; }";
/// The same, as capabilities.
const OFFERED: [[u8; 4]; 6] =
    [[0, 1, 0, 1], [0, 1, 0, 4], [0, 1, 0, 128], [0, 1, 0, 133], [0, 2, 0, 1], [0, 25, 0, 65]];

fn lone(options: &str) -> (Lone, StreamId) {
    let options = format!("passive true; {FAMILIES} api {{ processes [ p ]; }} {options}");
    let text = "process p { run /bin/cat; encoder text; }\n".to_owned()
        + &neighbor("10.0.0.1", "10.0.0.2", &options)
        + &neighbor("10.0.0.1", "10.0.0.3", &options);
    let mut lone = Lone::new(setup(&text));
    let program = lone.start_program();
    (lone, program)
}

/// In session with a peer whose messages have 65,535 octets, or 4,096.
fn establish(lone: &mut Lone, peer: u8, extended: bool) -> StreamId {
    let stream = lone.accept_from(&format!("10.0.0.{peer}"));
    let mut offered: Vec<(u8, &[u8])> = OFFERED.iter().map(|family| (1, &family[..])).collect();
    offered.extend(extended.then_some((EXTENDED, &[][..])));
    lone.receive(stream, &open_with(65_000, 180, [10, 0, 0, peer], &offered));
    lone.receive(stream, &keepalive());
    lone.sent.clear();
    stream
}

fn say(lone: &mut Lone, program: StreamId, line: &str) -> String {
    lone.receive(program, format!("{line}\n").as_bytes());
    lone.advance(holdtime_core::Duration::ZERO);
    lone.take_written(program)
}

/// So many communities, of four octets each.
fn communities(count: usize) -> String {
    format!("community [ {} ]", (0..count).map(|n| format!("65000:{n}")).collect::<Vec<_>>().join(" "))
}

/// As many communities as one attribute has room for: no message has.
const MOST: usize = 16_383;

/// Lines of every kind, which make routes of more than `4 × count` octets.
fn lines(count: usize) -> Vec<String> {
    let many = communities(count);
    let mut lines = vec![
        format!("announce route 10.1.0.0/16 next-hop 192.0.2.1 {many}"),
        format!("announce route 10.1.0.0/16 next-hop self {many}"),
        format!("announce route 10.1.0.0/16 next-hop 192.0.2.1 split /18 {many}"),
        format!("announce route 10.1.0.0/16 next-hop 192.0.2.1 label 7 {many}"),
        format!("announce route 10.1.0.0/16 rd 1:1 label 7 next-hop 192.0.2.1 {many}"),
        format!("announce attributes next-hop 192.0.2.1 {many} nlri 10.1.0.0/16 10.2.0.0/16"),
        format!("announce ipv4 unicast 10.1.0.0/16 next-hop 192.0.2.1 {many}"),
        format!("announce ipv6 unicast 2001:db8::/32 next-hop 2001:db8::1 {many}"),
        format!("announce flow route {{ match {{ source 10.0.0.1/32; }} then {{ discard; {many}; }} }}"),
        format!("announce vpls endpoint 5 base 10702 offset 1 size 8 rd 1:1 next-hop 192.0.2.1 {many}"),
    ];
    // One NLRI is at most 4,095 octets: it is too large with what comes along.
    if count < MOST {
        let (few, ports) = (communities(100), vec!["=65000"; 1_250].join(" "));
        lines.push(format!(
            "announce flow route {{ match {{ port [ {ports} ]; }} then {{ discard; {few}; }} }}"
        ));
    }
    lines
}

/// What was answered, and that nothing came of it.
fn refused(lone: &mut Lone, program: StreamId, line: &str, max: usize) {
    let shown: String = line.chars().take(80).collect();
    let before = lone.log().len();
    let owed = lone.obligations();
    assert_eq!(say(lone, program, line), "error\n", "{shown}");
    let log = lone.log().split_off(before).join("\n");
    let sentence = format!("and those of this session have at most {max}");
    assert!(
        log.contains("announces what no peer can be told of") && log.contains(&sentence),
        "{shown}: {log}"
    );
    assert!(lone.sent.is_empty(), "{shown}: {:02x?}", lone.sent);
    assert_eq!(lone.obligations(), owed, "{shown}");
    assert_eq!(say(lone, program, "show adj-rib out"), "done\n", "{shown}");
}

#[test]
fn a_route_for_which_no_peer_has_a_message_is_answered_with_an_error_and_never_owed() {
    for line in lines(1_100) {
        let (mut lone, program) = lone("");
        establish(&mut lone, 2, false);
        establish(&mut lone, 3, false);
        refused(&mut lone, program, &line, 4096);
    }
}

#[test]
fn while_nobody_is_in_session_what_may_be_agreed_on_counts() {
    for line in lines(MOST) {
        let (mut lone, program) = lone("");
        refused(&mut lone, program, &line, 65_535);
    }
    let (mut lone, program) = lone("");
    for line in lines(1_100) {
        assert_eq!(say(&mut lone, program, &line), "done\n");
    }
    for line in lines(1_100) {
        let (mut lone, program) = self::lone("capability { extended-message disable; }");
        refused(&mut lone, program, &line, 4096);
    }
}

#[test]
fn a_route_that_one_peer_can_be_told_of_is_announced() {
    for line in lines(1_100) {
        let (mut lone, program) = lone("");
        let (short, long) = (establish(&mut lone, 2, false), establish(&mut lone, 3, true));
        assert_eq!(say(&mut lone, program, &line), "done\n");
        assert!(lone.sent.iter().any(|(to, octets)| *to == long && octets.len() > 4096), "{}", &line[..80]);
        assert!(!lone.sent.iter().any(|(to, _)| *to == short), "{}", &line[..80]);
        assert!(say(&mut lone, program, &format!("neighbor 10.0.0.2 {line}")) == "error\n");
    }
}

#[test]
fn one_octet_decides() {
    let (mut lone, program) = lone("");
    establish(&mut lone, 2, false);
    establish(&mut lone, 3, false);
    // A header, two lengths, ORIGIN, an empty AS_PATH, NEXT_HOP, LOCAL_PREF and a prefix of 24 bits are 48 octets.
    let line = |octets: usize| {
        let value = "ab".repeat(octets - 48 - 4);
        format!("announce route 10.7.0.0/24 next-hop 192.0.2.1 attribute [ 0x63 0xe0 0x{value} ]")
    };
    assert_eq!(say(&mut lone, program, &line(4096)), "done\n");
    assert_eq!(lone.sent.iter().map(|(_, octets)| octets.len()).collect::<Vec<_>>(), [4096; 2]);
    assert_eq!(say(&mut lone, program, &line(4097)), "error\n");
    assert!(lone.log().concat().contains("a message of 4097 octets"), "{:?}", lone.log());
}

#[test]
fn what_was_announced_before_stays_where_its_successor_is_refused() {
    let (mut lone, program) = lone("");
    establish(&mut lone, 2, false);
    establish(&mut lone, 3, false);
    let line = "announce route 10.1.0.0/16 next-hop 192.0.2.1";
    assert_eq!(say(&mut lone, program, line), "done\n");
    lone.sent.clear();
    assert_eq!(say(&mut lone, program, &format!("{line} {}", communities(1_100))), "error\n");
    assert!(lone.sent.is_empty());
    assert!(say(&mut lone, program, "show adj-rib out").contains("10.1.0.0/16"));
    // To withdraw it its destination is enough.
    assert_eq!(
        say(&mut lone, program, &format!("withdraw route 10.1.0.0/16 {}", communities(1_100))),
        "done\n"
    );
    assert_eq!(lone.sent.len(), 2);
}
