//! A large configuration is taken in a slice at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::config::ConfigText;
use holdtime_core::rib::MAX_WORK;
use holdtime_core::speaker::{Action, Input, Signal};

const ROUTES: usize = 5 * MAX_WORK;

/// A neighbor with a program and this many routes, of which all share their attributes.
fn config(routes: usize) -> String {
    let routes: String = (0..routes)
        .map(|n| {
            format!("route {}.{}.{}.0/24 next-hop 192.0.2.1;\n", 11 + n / 65_536, n / 256 % 256, n % 256)
        })
        .collect();
    let neighbor = neighbor(
        "10.0.0.1",
        "10.0.0.2",
        &format!("api {{ processes [ p ]; }} family {{ ipv4 unicast; }} static {{ {routes} }}"),
    );
    format!("process p {{ run ./p; encoder text; }}\n{neighbor}")
}

/// A session that is up, and a configuration with many routes just loaded: only the first slice is read.
fn loaded() -> (Lone, [holdtime_core::StreamId; 2]) {
    let mut lone = Lone::new(setup(&config(0)));
    let program = lone.start_program();
    let session = lone.establish(90);
    lone.take_sent();
    lone.feed(Input::Signal(Signal::User1));
    assert!(lone.take_actions().iter().any(|action| matches!(action, Action::LoadConfig { .. })));
    lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text: config(ROUTES) })));
    (lone, [program, session])
}

/// The same a little later: it is read, and the first slice is taken in.
fn in_the_middle() -> (Lone, [holdtime_core::StreamId; 2]) {
    let (mut lone, streams) = loaded();
    while lone.speaker.neighbors().next().unwrap().adj_rib_out.is_empty() {
        lone.feed(Input::Timeout);
    }
    (lone, streams)
}

/// Lets the speaker go on while something is overdue; the most routes that it worked on at once.
fn go_on(lone: &mut Lone) -> u64 {
    let mut most = 0;
    while lone.speaker.poll_timeout().is_some_and(|deadline| deadline <= lone.at) {
        let before = lone.speaker.routes_handled();
        lone.speaker.handle_input(now(lone.at), Input::Timeout);
        most = most.max(lone.speaker.routes_handled() - before);
    }
    lone.feed(Input::Timeout);
    most
}

#[test]
fn no_input_is_kept_waiting_by_more_than_a_slice() {
    let (mut lone, _) = in_the_middle();
    let taken_in = lone.speaker.neighbors().next().unwrap().adj_rib_out.len();
    assert_eq!(taken_in, MAX_WORK, "the first slice");
    let most = go_on(&mut lone);
    assert!(most <= 2 * MAX_WORK as u64, "{most} routes at once");
    assert_eq!(lone.speaker.neighbors().next().unwrap().adj_rib_out.len(), ROUTES);
}

#[test]
fn a_configuration_is_read_a_slice_at_a_time() {
    let (mut lone, [program, session]) = loaded();
    let mut turns = 0;
    while lone.speaker.neighbors().next().unwrap().adj_rib_out.is_empty() {
        let before = lone.speaker.routes_handled();
        lone.speaker.handle_input(now(lone.at), Input::Timeout);
        let worked = lone.speaker.routes_handled() - before;
        assert!(worked <= 2 * MAX_WORK as u64, "{worked} routes at once");
        turns += 1;
    }
    assert!(turns >= ROUTES / MAX_WORK, "{turns} turns");

    let (mut lone, _) = loaded();
    lone.receive(program, b"announce route 9.0.0.0/24 next-hop 192.0.2.1\n");
    assert_eq!(lone.take_written(program), "done\n", "a command that comes meanwhile is carried out");
    lone.feed(Input::Closed { stream: session, how: holdtime_core::speaker::ClosedKind::ReadEnd });
    lone.feed(Input::Signal(Signal::Terminate));
    assert!(go_on(&mut lone) < MAX_WORK as u64, "whoever ends reads no more");
}

#[test]
fn nothing_is_sent_before_everything_is_in_and_then_as_tightly_as_from_the_start() {
    let (mut lone, _) = in_the_middle();
    assert!(lone.take_sent().is_empty());
    go_on(&mut lone);
    let reloaded = lone.take_sent();

    let mut fresh = Lone::new(setup(&config(ROUTES)));
    let session = fresh.establish(90);
    assert!(fresh.take_sent().iter().all(|message| message.starts_with("01")), "no End-of-RIB yet");
    go_on(&mut fresh);
    let mut started = fresh.take_sent();
    assert_eq!(started.pop().as_deref(), Some("0200000000"), "End-of-RIB comes last");
    assert_eq!(reloaded, started);
    fresh.receive(session, &keepalive());
    assert!(fresh.take_sent().is_empty(), "only what a reload adds is announced twice");
}

#[test]
fn a_command_written_meanwhile_waits_and_has_the_last_word() {
    let (mut lone, [program, _]) = in_the_middle();
    lone.receive(program, b"withdraw route 11.0.0.0/24\nwithdraw route 11.159.255.0/24\n");
    assert_eq!(lone.take_written(program), "");
    go_on(&mut lone);
    assert_eq!(lone.take_written(program), "done\ndone\n");
    assert_eq!(lone.speaker.neighbors().next().unwrap().adj_rib_out.len(), ROUTES - 2);
}

#[test]
fn what_a_reload_no_longer_has_is_withdrawn_a_slice_at_a_time() {
    let (mut lone, _) = in_the_middle();
    go_on(&mut lone);
    lone.feed(Input::Signal(Signal::User1));
    lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text: config(0) })));
    assert_eq!(
        lone.speaker.neighbors().next().unwrap().adj_rib_out.len(),
        ROUTES - MAX_WORK,
        "the first slice"
    );
    let most = go_on(&mut lone);
    assert!(most <= 2 * MAX_WORK as u64, "{most} routes at once");
    assert_eq!(lone.speaker.neighbors().next().unwrap().adj_rib_out.len(), 0);
}

#[test]
fn another_reload_meanwhile_takes_the_place_of_the_first() {
    let (mut lone, _) = in_the_middle();
    lone.feed(Input::Signal(Signal::User1));
    lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text: config(3) })));
    go_on(&mut lone);
    assert_eq!(lone.speaker.neighbors().next().unwrap().adj_rib_out.len(), 3);
}
