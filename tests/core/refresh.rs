//! ROUTE-REFRESH as it is received: with filters (RFC 5291), and before End-of-RIB was sent (RFC 7313 §4).

use crate::util::{Lone, keepalive, message, neighbor, open_with, setup};
use holdtime_core::speaker::StreamId;

const IPV6: &[u8] = &[0, 2, 0, 1];
const ENHANCED: (u8, &[u8]) = (70, &[]);
const REFRESH: (u8, &[u8]) = (2, &[]);
/// 60 s, IPv4 and IPv6 unicast.
const GRACEFUL: (u8, &[u8]) = (64, &[0, 60, 0, 1, 1, 0x80, 0, 2, 1, 0x80]);
const REQUEST: &[u8] = &[0, 1, 0, 1];

fn text(options: &str) -> String {
    let options = format!("passive true; family {{ ipv4 unicast; ipv6 unicast; }} {options}");
    format!(
        "process p {{ run ./p; encoder json; }} {}",
        neighbor(
            "10.0.0.1",
            "10.0.0.2",
            &format!("{options} api {{ processes [ p ]; receive {{ parsed; refresh; }} }}")
        )
    )
}

/// A session in which nothing was taken from us yet.
fn session(options: &str, capabilities: &[(u8, &[u8])], early: &[&[u8]]) -> (Lone, StreamId) {
    let mut lone = Lone::new(setup(&text(options)));
    lone.start_program();
    let stream = lone.accept_from("10.0.0.2");
    let all = [&[(1, IPV6)], capabilities].concat();
    lone.receive(stream, &open_with(65_000, 180, [10, 0, 0, 2], &all));
    // What comes in one segment with the KEEPALIVE is heard before anything is sent.
    let segment: Vec<u8> =
        [vec![keepalive()], early.iter().map(|body| message(5, body)).collect()].concat().concat();
    lone.receive(stream, &segment);
    (lone, stream)
}

/// What was sent, a word each: an UPDATE, an End-of-RIB, a mark, with the family where it has one.
fn words(lone: &mut Lone) -> Vec<&'static str> {
    let word = |sent: String| match sent.as_str() {
        "0200000000" => Some("end"),
        "0200000007900f0003000201" | "0200000006800f03000201" => Some("end6"),
        "0500010101" => Some("begin"),
        "0500010201" => Some("over"),
        "0500020101" => Some("begin6"),
        "0500020201" => Some("over6"),
        update if update.starts_with("02") => Some("update"),
        notification if notification.starts_with("03") => Some("notification"),
        _ => None,
    };
    lone.take_sent().into_iter().filter_map(word).collect()
}

const ROUTE: &str = "static { route 198.51.100.0/24 next-hop 192.0.2.1; }";

#[test]
fn a_refresh_that_is_asked_for_early_is_marked_behind_end_of_rib_of_its_family() {
    let options = format!("capability {{ route-refresh; graceful-restart 60; }} {ROUTE}");
    let peer = [REFRESH, ENHANCED, GRACEFUL];
    for (asked, expected) in [
        (&[REQUEST][..], &["update", "end", "begin", "update", "over", "end6"][..]),
        (&[&[0, 2, 0, 1]], &["update", "end", "end6", "begin6", "over6"]),
        (&[REQUEST, &[0, 2, 0, 1]], &["update", "end", "end6", "begin", "begin6", "update", "over", "over6"]),
    ] {
        let (mut lone, _) = session(&options, &peer, asked);
        assert_eq!(words(&mut lone), expected, "{asked:?}");
    }
}

#[test]
fn a_refresh_is_not_marked_where_end_of_rib_is_left_to_a_program_that_has_not_sent_it() {
    let options = format!("manual-eor true; capability {{ route-refresh; graceful-restart 60; }} {ROUTE}");
    let (mut lone, stream) = session(&options, &[REFRESH, ENHANCED, GRACEFUL], &[]);
    assert_eq!(words(&mut lone), ["update"]);
    lone.receive(stream, &message(5, REQUEST));
    assert_eq!(words(&mut lone), ["update"], "the plain table");
    let program = lone.written.keys().copied().find(|other| *other != stream).unwrap_or(stream);
    for (command, sent) in [("announce eor ipv6 unicast\n", "end6"), ("announce eor ipv4 unicast\n", "end")] {
        lone.receive(stream, &message(5, REQUEST));
        assert_eq!(words(&mut lone), ["update"], "before {command}");
        lone.receive(program, command.as_bytes());
        assert_eq!(words(&mut lone), [sent]);
    }
    lone.receive(stream, &message(5, REQUEST));
    assert_eq!(words(&mut lone), ["begin", "update", "over"]);
}

#[test]
fn a_large_table_is_sent_to_its_end_of_rib_before_a_refresh_of_it_begins() {
    let routes: String = (0..60_000)
        .map(|n| {
            format!("route 10.{}.{}.{}/32 next-hop 192.0.2.1 med {};", n >> 16, n >> 8 & 255, n & 255, n % 7)
        })
        .collect();
    let options = format!("capability {{ route-refresh; graceful-restart 60; }} static {{ {routes} }}");
    let (mut lone, stream) = session(&options, &[REFRESH, ENHANCED, GRACEFUL], &[REQUEST]);
    lone.receive(stream, &message(5, &[0, 2, 0, 1]));
    lone.advance(crate::util::secs(10));
    let words = words(&mut lone);
    let place = |word| words.iter().position(|one| *one == word);
    assert!(place("update") < place("end") && place("end") < place("begin"), "{words:?}");
    assert!(place("end6") < place("begin6") && place("begin") < place("over"), "{words:?}");
}

#[test]
fn filters_that_nobody_asked_for_are_passed_over_and_the_refresh_is_answered() {
    let remove_all: &[u8] = &[0, 1, 0, 1, 1, 64, 0, 1, 0x80];
    let entry = [&[0, 1, 0, 1, 1, 64, 0, 9][..], &[0, 0, 0, 0, 5, 0, 0, 8, 10]].concat();
    for capabilities in [&[REFRESH][..], &[REFRESH, ENHANCED]] {
        for body in [remove_all, &entry] {
            let (mut lone, stream) =
                session(&format!("capability {{ route-refresh; }} {ROUTE}"), capabilities, &[]);
            words(&mut lone);
            lone.receive(stream, &message(5, body));
            let told: String = lone.written.values().map(|octets| String::from_utf8_lossy(octets)).collect();
            assert!(told.contains("\"subtype\": \"query\", \"filters\": \"0x014000"), "{told}");
            let answer = words(&mut lone);
            assert!(answer.contains(&"update") && !answer.contains(&"notification"), "{answer:?}");
        }
    }
}

#[test]
fn filters_that_are_deferred_ask_for_nothing() {
    let (mut lone, stream) = session(&format!("capability {{ route-refresh; }} {ROUTE}"), &[REFRESH], &[]);
    words(&mut lone);
    lone.receive(stream, &message(5, &[0, 1, 0, 1, 2, 64, 0, 1, 0x80]));
    assert_eq!(words(&mut lone), [""; 0]);
}

#[test]
fn a_mark_of_a_wrong_length_ends_a_session_with_enhanced_refresh_alone() {
    for (capabilities, ends) in [(&[REFRESH][..], false), (&[REFRESH, ENHANCED], true)] {
        for kind in [1, 2] {
            let (mut lone, stream) = session("capability { route-refresh; }", capabilities, &[]);
            words(&mut lone);
            lone.receive(stream, &message(5, &[0, 1, kind, 1, 0]));
            let sent = lone.take_sent();
            assert_eq!(sent.iter().any(|sent| sent.starts_with("030701")), ends, "{sent:?}");
        }
        let (mut lone, stream) = session("capability { route-refresh; }", capabilities, &[]);
        words(&mut lone);
        lone.receive(stream, &message(5, &[0, 1, 9, 1, 0]));
        assert_eq!(words(&mut lone), [""; 0], "a subtype that nobody knows is ignored");
    }
}

#[test]
fn a_refresh_that_is_asked_of_a_peer_that_never_offered_it_is_named_in_the_log() {
    for (offered, named) in [(&[][..], true), (&[REFRESH][..], false)] {
        let mut lone = Lone::new(setup(&text("capability { route-refresh; }")));
        let program = lone.start_program();
        let stream = lone.accept_from("10.0.0.2");
        lone.receive(stream, &open_with(65_000, 180, [10, 0, 0, 2], offered));
        lone.receive(stream, &keepalive());
        lone.receive(program, b"announce route-refresh ipv4 unicast\n");
        let text = "is not asked for ipv4 unicast again: a route refresh was not agreed on";
        assert_eq!(lone.events.iter().any(|event| event.text == text), named, "{:?}", lone.events);
    }
}
