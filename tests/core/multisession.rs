//! Several sessions with one peer (draft-ietf-idr-bgp-multisession): which of them a connection is for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::config::Settings;
use holdtime_core::session::State;
use holdtime_core::speaker::{Action, CloseKind, ClosedKind, Input, Party, StreamId};

const PEER: [u8; 4] = [10, 0, 0, 2];
const V4: [u8; 4] = [0, 1, 0, 1];
const V6: [u8; 4] = [0, 2, 0, 1];
const FLOW: [u8; 4] = [0, 1, 0, 133];

/// Two neighbors with one address, the first for IPv4 and the second for IPv6.
fn two(options: &str) -> String {
    ["ipv4 unicast;", "ipv6 unicast;"]
        .map(|families| neighbor("10.0.0.1", "10.0.0.2", &format!("{options} family {{ {families} }}")))
        .concat()
}

fn multisession(options: &str) -> Lone {
    Lone::new(setup(&two(&format!("{options} capability {{ multi-session; }}"))))
}

/// An OPEN that offers these families and multisession.
fn offer(families: &[[u8; 4]]) -> Vec<u8> {
    let mut parameters: Vec<u8> =
        families.iter().flat_map(|family| [&[2, 6, 1, 4][..], family].concat()).collect();
    parameters.extend([2, 3, 68, 1, 0, 2, 3, 68, 1, 1]);
    let mut body = vec![4, 0xfd, 0xe8, 0, 90];
    body.extend(PEER);
    body.push(parameters.len() as u8);
    body.extend(parameters);
    message(1, &body)
}

/// The states of both neighbors.
fn states(lone: &Lone) -> Vec<State> {
    lone.speaker.neighbors().map(|neighbor| neighbor.state).collect()
}

/// What was sent on `stream`, from each message's type on, without KEEPALIVEs.
fn sent_on(lone: &Lone, stream: StreamId) -> Vec<String> {
    let messages = lone.sent.iter().filter(|(to, octets)| *to == stream && octets[18] != 4);
    messages.map(|(_, octets)| hex(&octets[18..])).collect()
}

#[test]
fn a_connection_is_for_the_neighbor_whose_families_the_peers_open_offers() {
    for order in [[V6, V4], [V4, V6]] {
        let mut lone = multisession("passive true;");
        for (n, family) in order.into_iter().enumerate() {
            let stream = lone.accept_from("10.0.0.2");
            assert_eq!(sent_on(&lone, stream), [""; 0], "before the peer's OPEN");
            lone.receive(stream, &offer(&[family]));
            let sent = sent_on(&lone, stream);
            assert!(sent.len() == 1 && sent[0].contains(&format!("0104{}", hex(&family))), "{sent:?}");
            lone.receive(stream, &keepalive());
            let up = states(&lone).iter().filter(|state| **state == State::Established).count();
            assert_eq!(up, n + 1);
            let first_is_up = states(&lone)[0] == State::Established;
            assert_eq!(first_is_up, order[..=n].contains(&V4), "the wrong neighbor has the session");
        }
    }
}

#[test]
fn an_open_is_waited_for_in_pieces_and_what_follows_it_is_not_lost() {
    let mut lone = multisession("passive true;");
    let stream = lone.accept_from("10.0.0.2");
    let octets = [offer(&[V6]), keepalive()].concat();
    for octet in &octets[..40] {
        lone.receive(stream, &[*octet]);
    }
    assert_eq!(states(&lone), [State::Active, State::Active]);
    lone.receive(stream, &octets[40..]);
    assert_eq!(states(&lone), [State::Active, State::Established]);
}

#[test]
fn families_that_suit_nobody_are_refused_by_the_neighbor_that_comes_closest() {
    // Each neighbor has a program that hears what is sent on its session.
    let section = |n: usize, families: &str| {
        let program = format!("process p{n} {{ run ./p; encoder text; }}");
        let options = "passive true; capability { multi-session; }";
        let api = format!("api {{ processes [ p{n} ]; send {{ parsed; notification; }} }}");
        let options = format!("{options} {api} family {{ {families} unicast; }}");
        format!("{program} {}", neighbor("10.0.0.1", "10.0.0.2", &options))
    };
    let config = [section(0, "ipv4"), section(1, "ipv6")].concat();
    for (families, closest) in [(&[V6, FLOW][..], "p1"), (&[FLOW], "p0"), (&[V4, V6], "p0")] {
        let mut lone = Lone::new(setup(&config));
        let programs: Vec<(StreamId, String)> = lone
            .take_actions()
            .into_iter()
            .filter_map(|action| match action {
                Action::StartProgram { stream, spec } => Some((stream, spec.name)),
                _ => None,
            })
            .collect();
        for (program, _) in &programs {
            lone.feed(Input::ProgramStarted { stream: *program, pid: 1 });
        }
        let stream = lone.accept_from("10.0.0.2");
        lone.receive(stream, &offer(families));
        // OPEN Message Error, Grouping Conflict, after our OPEN.
        let sent = sent_on(&lone, stream);
        assert!(sent[0].starts_with("01") && sent[1..] == ["030208"], "{families:?}: {sent:?}");
        let mut told =
            programs.iter().filter(|(program, _)| lone.take_written(*program).contains("notification"));
        assert_eq!(told.next().map(|(_, name)| name.as_str()), Some(closest), "{families:?}");
        assert_eq!(told.next(), None, "{families:?}");
    }
}

#[test]
fn the_order_in_which_a_peer_lists_its_families_does_not_matter() {
    let sections = ["ipv4 unicast; ipv6 unicast;", "ipv4 flow;"].map(|families| {
        let options = format!("passive true; capability {{ multi-session; }} family {{ {families} }}");
        neighbor("10.0.0.1", "10.0.0.2", &options)
    });
    let mut lone = Lone::new(setup(&sections.concat()));
    let stream = lone.accept_from("10.0.0.2");
    lone.receive(stream, &offer(&[V6, V4]));
    lone.receive(stream, &keepalive());
    assert_eq!(states(&lone), [State::Established, State::Active]);
}

#[test]
fn where_nothing_is_to_be_decided_our_open_is_sent_at_once() {
    let alone = neighbor("10.0.0.1", "10.0.0.2", "passive true; capability { multi-session; }");
    let elsewhere = neighbor(
        "10.0.0.1",
        "10.0.0.3",
        "passive true; capability { multi-session; } family { ipv6 unicast; }",
    );
    let without = neighbor("10.0.0.1", "10.0.0.2", "passive true; family { ipv4 unicast; }");
    for text in [alone + &elsewhere, without] {
        let mut lone = Lone::new(setup(&text));
        let stream = lone.accept_from("10.0.0.2");
        assert!(sent_on(&lone, stream)[0].starts_with("01"), "{text}");
    }
}

#[test]
fn a_peer_whose_open_does_not_come_is_given_up_after_open_wait() {
    let mut lone = multisession("passive true;");
    let stream = lone.accept_from("10.0.0.2");
    let owed = lone.obligations().into_iter().find(|owed| owed.what.contains("its OPEN")).unwrap();
    assert_eq!((owed.debtor, owed.until), (Party::Neighbor("10.0.0.2".into()), Some(lone.at + secs(60))));
    lone.advance(secs(59));
    assert_eq!(lone.closed(stream), None);
    lone.advance(secs(1));
    assert_eq!(
        (sent_on(&lone, stream), lone.closed(stream)),
        (vec!["030400".to_owned()], Some(CloseKind::Graceful))
    );
    assert!(lone.log().iter().any(|text| text.contains("its OPEN did not come")), "{:?}", lone.log());
    assert_eq!(states(&lone), [State::Active, State::Active]);
}

#[test]
fn what_is_no_open_is_answered_as_a_session_answers_it() {
    let mut unsynchronised = keepalive();
    unsynchronised[0] = 0;
    for (octets, expected) in
        [(keepalive(), "030501"), (unsynchronised, "030101"), (message(1, &[3; 10]), "03020100")]
    {
        let mut lone = multisession("passive true;");
        let stream = lone.accept_from("10.0.0.2");
        lone.receive(stream, &octets);
        let sent = sent_on(&lone, stream);
        assert!(sent.len() == 2 && sent[0].starts_with("01") && sent[1].starts_with(expected), "{sent:?}");
        assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
    }
}

#[test]
fn a_peer_that_dials_again_and_again_holds_no_more_connections_than_it_has_sessions() {
    let mut lone = multisession("passive true;");
    let streams: Vec<_> = (0..5).map(|_| lone.accept_from("10.0.0.2")).collect();
    for (n, stream) in streams.iter().enumerate() {
        let expected = (n < 3).then_some(CloseKind::Graceful);
        assert_eq!(lone.closed(*stream), expected, "connection {n}");
        assert_eq!(sent_on(&lone, *stream).first().is_some_and(|sent| sent.starts_with("030607")), n < 3);
    }
}

#[test]
fn a_connection_that_ends_before_its_open_leaves_nothing_behind() {
    for how in [ClosedKind::ReadEnd, ClosedKind::Broken(holdtime_core::speaker::IoError::ConnectionReset)] {
        let mut lone = multisession("passive true;");
        let stream = lone.accept_from("10.0.0.2");
        lone.feed(Input::Closed { stream, how });
        assert!(lone.closed(stream).is_some());
        lone.advance(secs(61));
        assert_eq!(sent_on(&lone, stream), [""; 0]);
    }
}

#[test]
fn a_shutdown_does_not_wait_for_an_open() {
    let mut lone = multisession("passive true;");
    let stream = lone.accept_from("10.0.0.2");
    lone.feed(Input::Signal(holdtime_core::speaker::Signal::Terminate));
    assert_eq!((sent_on(&lone, stream), lone.exit()), (vec!["030602".to_owned()], Some(0)));
}

#[test]
fn a_collision_is_resolved_with_the_session_that_the_open_is_for_and_no_other() {
    for (peer, outgoing_wins) in [(PEER, false), ([9, 0, 0, 2], true)] {
        let mut lone = multisession("");
        let mut dialled = lone.take_actions().into_iter().filter_map(|action| match action {
            Action::Connect { stream, .. } => Some(stream),
            _ => None,
        });
        let outgoing: [StreamId; 2] = std::array::from_fn(|_| dialled.next().unwrap());
        for stream in outgoing {
            let (local, remote) = (addr("10.0.0.1:50000"), addr("10.0.0.2:179"));
            lone.feed(Input::Connected { stream, local, remote });
        }
        let mut theirs = offer(&[V6]);
        theirs[24..28].copy_from_slice(&peer);
        let incoming = lone.accept_from("10.0.0.2");
        lone.receive(incoming, &theirs);
        lone.receive(outgoing[1], &theirs);
        let (winner, loser) = if outgoing_wins { (outgoing[1], incoming) } else { (incoming, outgoing[1]) };
        assert_eq!(sent_on(&lone, loser).last().unwrap(), "030607");
        assert_eq!(lone.closed(winner), None);
        assert_eq!((lone.closed(outgoing[0]), states(&lone)[0]), (None, State::OpenSent));
    }
}

#[test]
fn two_speakers_that_dial_each_other_get_both_sessions_up_and_keep_them() {
    for latency in [0, 1, 50, 700] {
        let config = |local, peer| {
            let mut settings = Settings::default();
            settings.tcp.bind = vec![format!("10.0.0.{local}").parse().unwrap()];
            let (local, peer) = (format!("10.0.0.{local}"), format!("10.0.0.{peer}"));
            let sections = ["ipv4 unicast;", "ipv6 unicast;"].map(|families| {
                let options = format!("hold-time 9; capability {{ multi-session; }} family {{ {families} }}");
                neighbor(&local, &peer, &options)
            });
            setup_with(&sections.concat(), settings)
        };
        let mut pair = Pair::new([config(1, 2), config(2, 1)]);
        pair.latency = holdtime_core::Duration::from_millis(latency);
        pair.drive(secs(300));
        for side in 0..2 {
            let states: Vec<_> =
                pair.sides[side].speaker.neighbors().map(|neighbor| neighbor.state).collect();
            assert_eq!(states, [State::Established; 2], "latency {latency} ms");
            assert_eq!(pair.count_logged(side, "session established"), 2, "latency {latency} ms");
            assert_eq!(pair.count_logged(side, "session down"), 0, "latency {latency} ms");
        }
    }
}
