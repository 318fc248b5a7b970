//! Sessions as a peer sees them: states, timers, errors and collisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::config::Settings;
use holdtime_core::speaker::{CloseKind, ClosedKind, Input, IoError, Severity};

const PEER: [u8; 4] = [10, 0, 0, 2];

fn lone(options: &str) -> Lone {
    Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", options)))
}

#[test]
fn a_session_goes_from_the_dial_to_its_routes_and_end_of_rib() {
    let mut lone = lone("hold-time 90; static { route 10.1.0.0/16 next-hop 10.0.0.9; }");
    let stream = lone.connect();
    assert_eq!(lone.take_sent().len(), 1, "our OPEN");
    lone.receive(stream, &open(65_000, 30, PEER));
    assert_eq!(lone.sent.last().unwrap().1, keepalive());
    lone.receive(stream, &keepalive());
    assert_eq!(
        lone.take_sent(),
        [
            "020000001540010100400200400304".to_owned() + "0a000009" + "40050400000064" + "100a01",
            "0200000000".into()
        ]
    );
}

#[test]
fn a_peer_that_does_not_send_its_open_is_given_up_after_open_wait() {
    let mut lone = lone("");
    let stream = lone.connect();
    lone.take_sent();
    lone.advance(secs(59));
    assert_eq!(lone.closed(stream), None);
    lone.advance(secs(1));
    assert_eq!(lone.take_sent(), ["030400"]);
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
}

#[test]
fn a_peer_that_falls_silent_is_closed_by_the_hold_timer_and_dialled_again() {
    let mut lone = lone("hold-time 9;");
    let stream = lone.establish(9);
    lone.advance(secs(8));
    assert_eq!(lone.closed(stream), None);
    lone.receive(stream, &keepalive());
    lone.take_sent();
    lone.advance(secs(9));
    assert_eq!(lone.take_sent(), ["030400"]);
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
    assert!(lone.dialled().is_none(), "the peer has a moment to notice");
    lone.advance(holdtime_core::Duration::from_millis(10));
    assert!(lone.dialled().is_some());
}

#[test]
fn open_confirm_is_not_held_for_ever_even_without_a_hold_time() {
    for (hold_time, limit) in [(9, 9), (0, 60)] {
        let mut lone = lone(&format!("hold-time {hold_time};"));
        let stream = lone.connect();
        lone.receive(stream, &open(65_000, hold_time, PEER));
        lone.advance(secs(limit - 1));
        assert_eq!(lone.closed(stream), None, "hold time {hold_time}");
        lone.advance(secs(1));
        assert_eq!(lone.closed(stream), Some(CloseKind::Graceful), "hold time {hold_time}");
    }
}

#[test]
fn keepalives_leave_at_a_third_of_the_hold_time_and_never_without_one() {
    let keepalives = |hold_time| {
        let mut lone = lone("hold-time 90;");
        let stream = lone.establish(hold_time);
        lone.sent.clear();
        for _ in 0..10 {
            lone.advance(secs(25));
            if hold_time > 0 {
                lone.receive(stream, &keepalive());
            }
        }
        assert_eq!(lone.closed(stream), None);
        lone.sent.iter().filter(|(_, octets)| *octets == keepalive()).count()
    };
    // 250 s at 22.5 to 30 s each.
    assert!((8..=11).contains(&keepalives(90)));
    assert_eq!(keepalives(0), 0);
}

#[test]
fn behind_a_shut_window_one_keepalive_waits_and_not_one_for_each_third_of_the_hold_time() {
    let mut lone = lone("hold-time 9; send-hold-time 0;");
    let stream = lone.establish(9);
    lone.stalled.push(stream);
    lone.sent.clear();
    for _ in 0..20 {
        lone.advance(secs(3));
        lone.receive(stream, &keepalive());
    }
    assert_eq!(lone.closed(stream), None);
    lone.unstall(stream);
    assert_eq!(lone.sent, [(stream, keepalive())]);
    lone.advance(secs(3));
    assert_eq!(lone.sent.len(), 2, "the next one leaves at its time");
}

#[test]
fn a_message_that_the_state_does_not_allow_is_a_finite_state_machine_error() {
    let mut lone = lone("");
    let stream = lone.connect();
    lone.take_sent();
    lone.receive(stream, &keepalive());
    assert_eq!(lone.take_sent(), ["030501"], "in OpenSent");
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));

    lone.advance(secs(10));
    let stream = lone.connect();
    lone.receive(stream, &open(65_000, 90, PEER));
    lone.take_sent();
    lone.receive(stream, &message(2, &[0, 0, 0, 0]));
    assert_eq!(lone.take_sent(), ["030502"], "in OpenConfirm");

    lone.advance(secs(10));
    let stream = lone.establish(90);
    lone.take_sent();
    lone.receive(stream, &open(65_000, 90, PEER));
    assert_eq!(lone.take_sent(), ["030503"], "in Established");
}

#[test]
fn an_open_that_cannot_be_accepted_is_refused_with_its_reason() {
    let parameter = message(1, &[4, 0xfd, 0xe8, 0, 90, 10, 0, 0, 2, 3, 9, 1, 0]);
    for (octets, expected) in [
        (parameter, "030204"),
        (open(65_001, 90, PEER), "030202"),
        (open(65_000, 2, PEER), "030206"),
        (open(65_000, 90, [0, 0, 0, 0]), "030203"),
        (open(65_000, 90, [10, 0, 0, 1]), "030203"),
    ] {
        let mut lone = lone("");
        let stream = lone.connect();
        lone.take_sent();
        lone.receive(stream, &octets);
        let sent = lone.take_sent();
        assert!(sent.len() == 1 && sent[0].starts_with(expected), "{expected}: {sent:?}");
        assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
    }
}

#[test]
fn an_optional_parameter_that_is_not_known_is_refused_as_unsupported() {
    for kind in [1, 5] {
        let mut lone = lone("");
        let stream = lone.connect();
        lone.take_sent();
        let mut body = open(65_000, 90, PEER).split_off(19);
        body[9] += 3;
        body.extend([kind, 1, 0]);
        lone.receive(stream, &message(1, &body));
        let [refusal] = <[String; 1]>::try_from(lone.take_sent()).unwrap();
        assert!(refusal.starts_with("030204"), "type {kind}: {refusal}");
    }
}

#[test]
fn the_log_says_why_an_attempt_failed_and_how_much_that_matters() {
    let told = |lone: &Lone| {
        let event = lone.events.iter().rev().find(|event| event.text.contains("given up")).cloned();
        event.map(|event| (event.severity, event.text)).unwrap()
    };
    let mut lone = lone("");
    let stream = lone.connect();
    lone.receive(stream, &open(65_001, 90, PEER));
    let text = "outgoing connection given up: notification sent (2,2): \"ASN in OPEN (65001) did not match ASN expected (65000)\"";
    assert_eq!(told(&lone), (Severity::Warning, text.to_owned()));

    lone.advance(secs(10));
    let stream = lone.connect();
    lone.receive(stream, &message(3, &[2, 6]));
    let text = "outgoing connection given up: notification received (2,6)";
    assert_eq!(told(&lone), (Severity::Warning, text.to_owned()));

    lone.advance(secs(10));
    let stream = lone.dialled().unwrap();
    lone.feed(Input::ConnectFailed { stream, error: IoError::ConnectionRefused });
    let text = "outgoing connection given up: could not connect: connection refused";
    assert_eq!(told(&lone), (Severity::Info, text.to_owned()));
}

#[test]
fn a_connection_that_loses_a_collision_is_not_reported_as_a_failure() {
    let mut lone = lone("");
    let outgoing = lone.connect();
    lone.receive(outgoing, &message(3, &[6, 7]));
    lone.advance(secs(10));
    lone.establish(90);
    lone.accept_from("10.0.0.2");
    assert!(!lone.log().iter().any(|text| text.contains("given up")), "{:?}", lone.log());
}

#[test]
fn a_peers_words_at_its_shutdown_are_in_the_log_and_cannot_break_its_line() {
    let mut lone = lone("");
    let stream = lone.establish(90);
    lone.receive(stream, &message(3, b"\x06\x02\x0bback\nat 5pm"));
    let text = "session down: notification received (6,2): \"back\\nat 5pm\"";
    assert!(lone.log().contains(&text), "{:?}", lone.log());
}

#[test]
fn garbage_is_answered_with_the_header_error_that_it_is() {
    let mut unknown = message(9, &[]);
    let mut unsynchronised = keepalive();
    unsynchronised[3] = 0;
    let mut short = keepalive();
    short[17] = 18;
    for (octets, expected) in [
        (&mut unknown, "03010363616e206e6f74206465636f6465206d657373616765206f66207479706520223922"),
        (&mut unsynchronised, "030101"),
        (&mut short, "0301020012"),
    ] {
        let mut lone = lone("");
        let stream = lone.establish(90);
        lone.take_sent();
        lone.receive(stream, octets);
        assert_eq!(lone.take_sent(), [expected]);
    }
}

#[test]
fn a_message_in_pieces_is_one_message() {
    let mut lone = lone("hold-time 9;");
    let stream = lone.establish(9);
    for _ in 0..5 {
        lone.advance(secs(3));
        lone.receive(stream, &keepalive()[..10]);
        lone.advance(secs(1));
        lone.receive(stream, &keepalive()[10..]);
    }
    assert_eq!(lone.closed(stream), None);
}

#[test]
fn a_notification_is_not_answered() {
    let mut lone = lone("");
    let stream = lone.establish(90);
    lone.take_sent();
    lone.receive(stream, &message(3, &[6, 2]));
    assert_eq!(lone.take_sent(), [""; 0]);
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
    assert!(lone.log().contains(&"session down: notification received (6,2)"));
}

#[test]
fn attempts_that_fail_come_later_and_later_up_to_a_minute() {
    let mut lone = lone("");
    let mut last = lone.at;
    let mut pauses = vec![];
    for _ in 0..12 {
        let stream = lone.dialled().unwrap();
        lone.take_actions();
        lone.feed(Input::ConnectFailed { stream, error: IoError::ConnectionRefused });
        while lone.dialled().is_none() {
            lone.advance(holdtime_core::Duration::from_millis(100));
        }
        pauses.push((lone.at - last).as_secs());
        last = lone.at;
    }
    assert!(pauses[0] == 0 && pauses[3] < 5, "{pauses:?}");
    assert!(pauses[11] >= 44 && pauses.iter().all(|pause| *pause <= 60), "{pauses:?}");
}

/// A session comes up and its peer ends it; how long until it is dialled again, in milliseconds.
fn flap(lone: &mut Lone) -> u128 {
    let stream = lone.connect();
    lone.receive(stream, &open(65_000, 90, [10, 0, 0, 2]));
    lone.receive(stream, &keepalive());
    lone.take_actions();
    let down = lone.at;
    lone.feed(Input::Closed { stream, how: ClosedKind::ReadEnd });
    while lone.dialled().is_none() {
        lone.advance(holdtime_core::Duration::from_millis(1));
    }
    (lone.at - down).as_millis()
}

#[test]
fn whoever_was_in_session_is_dialled_again_at_once_whatever_failed_before() {
    let mut lone = lone("");
    for _ in 0..8 {
        let stream = lone.dialled().unwrap();
        lone.take_actions();
        lone.feed(Input::ConnectFailed { stream, error: IoError::ConnectionRefused });
        while lone.dialled().is_none() {
            lone.advance(holdtime_core::Duration::from_millis(100));
        }
    }
    assert!(flap(&mut lone) <= 10, "it begins afresh");
}

#[test]
fn only_a_session_that_flaps_is_dialled_later_and_later() {
    let mut lone = lone("");
    let pauses: Vec<u128> = (0..7).map(|_| flap(&mut lone)).collect();
    assert!(pauses[..3].iter().all(|pause| *pause <= 10), "{pauses:?}");
    assert!(pauses[3] >= 750 && pauses[6] >= 6_000, "{pauses:?}");
    let mut settings = Settings::default();
    (settings.bgp.flaps, settings.bgp.pause) = (1, 2);
    let mut lone = Lone::new(setup_with(&neighbor("10.0.0.1", "10.0.0.2", ""), settings));
    let pauses: Vec<u128> = (0..7).map(|_| flap(&mut lone)).collect();
    assert!(pauses[0] <= 10 && pauses[1] >= 750, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 2_000), "{pauses:?}");
}

#[test]
fn a_dial_that_nobody_answers_is_tried_again() {
    let mut lone = lone("");
    let first = lone.dialled().unwrap();
    lone.take_actions();
    lone.advance(secs(31));
    assert_eq!(lone.closed(first), Some(CloseKind::Reset));
    assert_ne!(lone.dialled(), Some(first));
}

#[test]
fn a_peer_that_takes_nothing_is_closed_by_the_send_hold_timer() {
    let mut lone = lone("hold-time 90;");
    let stream = lone.establish(90);
    lone.stalled.push(stream);
    // The peer goes on sending, so that its hold timer never fires.
    for _ in 0..48 {
        lone.receive(stream, &keepalive());
        assert_eq!(lone.closed(stream), None);
        lone.advance(secs(10));
    }
    assert!(lone.log().contains(&"session down: notification sent (8,0)"), "{:?}", lone.log());
    // Its NOTIFICATION cannot leave, and is given up with the connection.
    assert_eq!(lone.closed(stream), Some(CloseKind::Reset));
}

#[test]
fn without_a_hold_time_the_send_hold_timer_runs_while_something_waits() {
    let mut lone = lone("hold-time 0; static { route 10.1.0.0/16 next-hop 10.0.0.9; }");
    let stream = lone.connect();
    lone.receive(stream, &open(65_000, 0, PEER));
    lone.stalled.push(stream);
    lone.receive(stream, &keepalive());
    lone.feed(Input::Writable { stream, budget: 65_536 });
    lone.advance(secs(479));
    assert_eq!(lone.closed(stream), None);
    lone.advance(secs(10));
    assert!(lone.log().contains(&"session down: notification sent (8,0)"));

    let mut lone = self::lone("hold-time 0;");
    let stream = lone.establish(0);
    lone.advance(secs(10_000));
    assert_eq!(lone.closed(stream), None, "nothing waits");
}

#[test]
fn of_two_connections_the_one_that_the_higher_identifier_dialled_goes_on() {
    for (peer, outgoing_wins) in [([10, 0, 0, 2], false), ([9, 0, 0, 2], true)] {
        let mut lone = lone("");
        let outgoing = lone.connect();
        let incoming = lone.accept_from("10.0.0.2");
        lone.receive(outgoing, &open(65_000, 90, peer));
        lone.receive(incoming, &open(65_000, 90, peer));
        let (winner, loser) = if outgoing_wins { (outgoing, incoming) } else { (incoming, outgoing) };
        assert_eq!((lone.closed(winner), lone.closed(loser)), (None, Some(CloseKind::Graceful)));
        let last = lone.sent.iter().rev().find(|(stream, _)| *stream == loser).unwrap();
        assert_eq!(hex(&last.1[18..]), "030607");
        lone.receive(winner, &keepalive());
        assert!(lone.log().contains(&"session established"));
    }
}

#[test]
fn a_connection_beside_an_established_session_is_refused() {
    let mut lone = lone("");
    let stream = lone.establish(90);
    lone.take_sent();
    let second = lone.accept_from("10.0.0.2");
    assert!(lone.take_sent()[0].starts_with("030607"));
    assert_eq!((lone.closed(stream), lone.closed(second)), (None, Some(CloseKind::Graceful)));
}

#[test]
fn a_connection_from_nobody_we_know_is_refused() {
    let mut lone = lone("");
    lone.take_sent();
    let stream = lone.accept_from("10.9.9.9");
    assert!(lone.take_sent()[0].starts_with("0306"));
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
}

#[test]
fn a_passive_neighbor_waits_and_is_ready_again_after_a_failure() {
    let mut lone = lone("passive true;");
    assert_eq!(lone.dialled(), None);
    for _ in 0..3 {
        let stream = lone.accept_from("10.0.0.2");
        lone.receive(stream, &open(65_000, 90, PEER));
        lone.receive(stream, &keepalive());
        lone.feed(Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) });
    }
    assert_eq!(lone.log().iter().filter(|text| **text == "session established").count(), 3);
}

#[test]
fn with_delay_open_the_peers_open_comes_first() {
    let mut lone = lone("delay-open-time 5;");
    let stream = lone.connect();
    assert_eq!(lone.take_sent(), [""; 0]);
    lone.receive(stream, &open(65_000, 90, PEER));
    assert!(lone.take_sent()[0].starts_with("01"));
    lone.receive(stream, &keepalive());
    assert!(lone.log().contains(&"session established"));
}

#[test]
fn a_delayed_open_is_sent_when_the_peers_does_not_come() {
    let mut lone = lone("delay-open-time 5;");
    lone.connect();
    lone.advance(secs(4));
    assert_eq!(lone.take_sent(), [""; 0]);
    lone.advance(secs(1));
    assert!(lone.take_sent()[0].starts_with("01"));
}

#[test]
fn a_speaker_whose_attempts_are_used_up_exits() {
    let mut settings = Settings::default();
    settings.tcp.attempts = 2;
    let mut lone = Lone::new(setup_with(&neighbor("10.0.0.1", "10.0.0.2", ""), settings));
    let stream = lone.dialled().unwrap();
    lone.feed(Input::ConnectFailed { stream, error: IoError::ConnectionRefused });
    assert_eq!(lone.exit(), None);
    lone.advance(secs(5));
    let stream = lone.establish(90);
    lone.feed(Input::Closed { stream, how: ClosedKind::ReadEnd });
    lone.advance(secs(5));
    assert_eq!(lone.exit(), Some(0));
}

#[test]
fn two_speakers_that_dial_each_other_agree_on_one_connection() {
    for latency in [0, 1, 50, 700] {
        let config = |local, peer| {
            let mut settings = Settings::default();
            settings.tcp.bind = vec![format!("10.0.0.{local}").parse().unwrap()];
            let (local, peer) = (format!("10.0.0.{local}"), format!("10.0.0.{peer}"));
            setup_with(&neighbor(&local, &peer, "hold-time 9;"), settings)
        };
        let mut pair = Pair::new([config(1, 2), config(2, 1)]);
        pair.latency = holdtime_core::Duration::from_millis(latency);
        pair.drive(secs(300));
        for side in 0..2 {
            assert_eq!(pair.count_logged(side, "session established"), 1, "latency {latency} ms");
            assert_eq!(pair.count_logged(side, "session down"), 0, "latency {latency} ms");
        }
    }
}
