//! A neighbor with a range of addresses stands for every peer out of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::StreamId;
use holdtime_core::config::ConfigText;
use holdtime_core::speaker::{Action, CloseKind, ClosedKind, Input, Signal};

fn range(routes: &str) -> String {
    let options = "passive true; family { ipv4 unicast; } api { processes [ p ]; }";
    let neighbor = neighbor("10.0.0.1", "10.0.0.0/24", &format!("{options} static {{ {routes} }}"));
    format!("process p {{ run ./p; encoder text; }}\n{neighbor}")
}

const ROUTE: &str = "route 10.9.0.0/16 next-hop 10.0.0.9;";

/// Goes all the way to Established with a peer that dials.
fn establish(lone: &mut Lone, peer: [u8; 4]) -> StreamId {
    let stream = lone.accept_from(&std::net::Ipv4Addr::from(peer).to_string());
    lone.receive(stream, &open(65_000, 90, peer));
    lone.receive(stream, &keepalive());
    stream
}

fn reload(lone: &mut Lone, text: &str) {
    lone.feed(Input::Signal(Signal::User1));
    assert!(lone.take_actions().iter().any(|action| matches!(action, Action::LoadConfig { .. })));
    lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text: text.into() })));
}

/// The last octets of the UPDATEs sent, End-of-RIB among them.
fn updates(lone: &mut Lone) -> Vec<String> {
    let sent = lone.take_sent();
    let updates = sent.iter().filter(|message| message.starts_with("02"));
    updates.map(|message| message[message.len() - 6..].to_owned()).collect()
}

#[test]
fn every_peer_out_of_a_range_is_told_its_routes() {
    let mut lone = Lone::new(setup(&range(ROUTE)));
    for last in [7, 8, 7] {
        let stream = establish(&mut lone, [10, 0, 0, last]);
        assert_eq!(updates(&mut lone), ["100a09", "000000"]);
        lone.feed(Input::Closed { stream, how: ClosedKind::ReadEnd });
    }
}

#[test]
fn a_peer_that_comes_later_is_told_what_programs_have_announced_to_the_range() {
    let mut lone = Lone::new(setup(&range("")));
    let program = lone.start_program();
    lone.receive(program, b"announce route 10.8.0.0/16 next-hop 10.0.0.9\n");
    assert_eq!(lone.take_written(program), "done\n");
    establish(&mut lone, [10, 0, 0, 7]);
    assert_eq!(updates(&mut lone), ["100a08", "000000"]);
    lone.receive(program, b"withdraw route 10.8.0.0/16\n");
    assert_eq!(updates(&mut lone), ["080000"], "it is one of those that are spoken of without a selector");
}

#[test]
fn a_reload_changes_the_routes_of_a_ranges_peers_and_not_their_sessions() {
    let mut lone = Lone::new(setup(&range("")));
    let stream = establish(&mut lone, [10, 0, 0, 7]);
    updates(&mut lone);
    reload(&mut lone, &range(ROUTE));
    assert_eq!((updates(&mut lone), lone.closed(stream)), (vec!["100a09".to_owned()], None));
}

#[test]
fn a_reload_without_the_range_ends_the_sessions_of_its_peers() {
    let mut lone = Lone::new(setup(&range("")));
    let stream = establish(&mut lone, [10, 0, 0, 7]);
    reload(&mut lone, &neighbor("10.0.0.1", "192.0.2.1", ""));
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
}
