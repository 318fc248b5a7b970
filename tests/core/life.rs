//! A speaker from its start to its end: shutdown, reload, recordings, and what it says that it owes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::Duration;
use holdtime_core::config::{ConfigText, Settings};
use holdtime_core::speaker::record::{self, Head};
use holdtime_core::speaker::{
    Action, CloseKind, ClosedKind, Identity, Input, IoError, ListenerId, Party, Signal, Speaker,
};
use holdtime_core::wire::{AttributeCode, Community};

const PEER: [u8; 4] = [10, 0, 0, 2];
/// After which a session that has ended begins anew.
const MOMENT: Duration = Duration::from_millis(10);

fn lone(options: &str) -> Lone {
    Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", options)))
}

fn reload(lone: &mut Lone, text: &str) {
    lone.feed(Input::Signal(Signal::User1));
    let asked = lone.take_actions();
    assert!(asked.iter().any(|action| matches!(action, Action::LoadConfig { .. })), "{asked:?}");
    lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text: text.into() })));
}

#[test]
fn a_shutdown_says_so_to_every_peer_and_exits() {
    for signal in [Signal::Terminate, Signal::Interrupt, Signal::Hangup] {
        let mut lone = lone("");
        let stream = lone.establish(90);
        lone.take_sent();
        lone.feed(Input::Signal(signal));
        assert_eq!(lone.take_sent(), ["030602"]);
        assert_eq!((lone.closed(stream), lone.exit()), (Some(CloseKind::Graceful), Some(0)));
    }
}

#[test]
fn a_peer_that_reads_nothing_does_not_hold_a_shutdown_up() {
    let mut lone = lone("");
    let stream = lone.establish(90);
    lone.stalled.push(stream);
    lone.feed(Input::Signal(Signal::Terminate));
    assert_eq!(lone.exit(), None);
    lone.advance(secs(2));
    assert_eq!((lone.closed(stream), lone.exit()), (Some(CloseKind::Reset), Some(0)));
}

#[test]
fn a_dial_under_way_does_not_hold_a_shutdown_up() {
    let mut lone = lone("");
    lone.feed(Input::Signal(Signal::Terminate));
    assert_eq!(lone.exit(), Some(0));
}

#[test]
fn with_graceful_restart_a_shutdown_is_silent() {
    let mut lone = lone("capability { graceful-restart 60; }");
    let stream = lone.connect();
    let graceful: &[u8] = &[0, 60, 0, 1, 1, 0x80];
    lone.receive(stream, &open_with(65_000, 90, PEER, &[(64, graceful)]));
    lone.receive(stream, &keepalive());
    lone.take_sent();
    lone.feed(Input::Signal(Signal::Terminate));
    assert_eq!(lone.take_sent(), [""; 0]);
    assert_eq!(lone.exit(), Some(0));
}

#[test]
fn the_first_open_claims_a_restart_and_the_next_one_does_not() {
    let mut lone = lone("capability { graceful-restart 60; } family { ipv4 unicast; }");
    let mut flags = vec![];
    for _ in 0..2 {
        let stream = lone.establish(90);
        let open = lone.take_sent().into_iter().find(|message| message.starts_with("01")).unwrap();
        let at = open.find("4006").unwrap();
        flags.push(open[at + 4..at + 8].to_owned());
        lone.feed(Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) });
        lone.advance(secs(1));
    }
    assert_eq!(flags, ["803c", "003c"]);
}

#[test]
fn a_reload_changes_routes_without_touching_the_session() {
    let config = |routes| neighbor("10.0.0.1", "10.0.0.2", &format!("static {{ {routes} }}"));
    let mut lone = Lone::new(setup(&config(
        "route 10.1.0.0/16 next-hop 10.0.0.9; route 10.2.0.0/16 next-hop 10.0.0.9;",
    )));
    let stream = lone.establish(90);
    lone.take_sent();
    reload(&mut lone, &config("route 10.2.0.0/16 next-hop 10.0.0.9; route 10.3.0.0/16 next-hop 10.0.0.9;"));
    let sent = lone.take_sent();
    assert!(sent.iter().any(|message| message.ends_with("100a03")), "announced: {sent:?}");
    assert!(sent.contains(&"020003100a010000".to_owned()), "withdrawn: {sent:?}");
    assert_eq!((sent.len(), lone.closed(stream)), (2, None));
    lone.receive(stream, &keepalive());
    assert!(
        lone.take_sent().concat().ends_with("100a03"),
        "and, as ExaBGP does, once more after the peer's next message"
    );
    lone.receive(stream, &keepalive());
    assert!(lone.take_sent().is_empty());
}

#[test]
fn a_reload_that_cannot_be_read_changes_nothing_and_says_why() {
    let mut lone = lone("");
    let stream = lone.establish(90);
    reload(&mut lone, "neighbor 10.0.0.2 { hold-tim 9; }");
    assert_eq!(lone.closed(stream), None);
    assert!(lone.log().iter().any(|text| text.contains("hold-tim")), "{:?}", lone.log());
    lone.feed(Input::Signal(Signal::User1));
    lone.feed(Input::Reload(Err(("test.conf".into(), IoError::NotFound))));
    assert_eq!(lone.closed(stream), None);
    assert!(lone.log().iter().any(|text| text.contains("cannot read test.conf")));
}

#[test]
fn a_reload_ends_the_neighbors_that_are_gone_and_begins_those_that_are_new() {
    let mut lone = lone("");
    let stream = lone.establish(90);
    lone.take_sent();
    reload(&mut lone, &neighbor("10.0.0.1", "10.0.0.3", ""));
    assert!(lone.take_sent()[0].starts_with("030603"));
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
    let dialled = lone.actions.iter().find_map(|action| match action {
        Action::Connect { remote, .. } => Some(remote.ip().to_string()),
        _ => None,
    });
    assert_eq!(dialled.as_deref(), Some("10.0.0.3"));
}

#[test]
fn a_reload_that_changes_the_session_begins_it_anew() {
    let mut lone = lone("hold-time 90;");
    let stream = lone.establish(90);
    reload(&mut lone, &neighbor("10.0.0.1", "10.0.0.2", "hold-time 30;"));
    assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
    lone.take_sent();
    assert_eq!(lone.dialled(), None, "the peer has a moment to notice");
    lone.advance(MOMENT);
    lone.connect();
    assert!(lone.take_sent()[0].starts_with("0104fde8001e"), "the OPEN offers 30 s");
}

#[test]
fn a_restart_reads_the_configuration_and_begins_every_session_anew_even_if_it_cannot_be_read() {
    let good = neighbor("10.0.0.1", "10.0.0.2", "static { route 10.1.0.0/16 next-hop 10.0.0.9; }");
    for (text, routes) in [(good.as_str(), 1), ("neighbor {", 0)] {
        let mut lone = lone("");
        let stream = lone.establish(90);
        lone.take_sent();
        lone.feed(Input::Signal(Signal::Alarm));
        assert_eq!(lone.closed(stream), None, "not before the configuration is here");
        lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text: text.into() })));
        assert_eq!(lone.closed(stream), Some(CloseKind::Graceful));
        assert!(lone.take_sent().iter().any(|message| message.starts_with("030603")), "Peer De-configured");
        lone.advance(MOMENT);
        lone.establish(90);
        let announced = lone.take_sent().iter().filter(|message| message.ends_with("100a01")).count();
        assert_eq!(announced, routes);
    }
}

#[test]
fn several_configuration_files_take_turns() {
    let mut setup = setup(&neighbor("10.0.0.1", "10.0.0.2", ""));
    setup.files = ["a", "b", "c"].map(String::from).into();
    let mut lone = Lone::new(setup);
    let mut asked = vec![];
    for _ in 0..4 {
        lone.take_actions();
        lone.feed(Input::Signal(Signal::User1));
        let name = lone.actions.iter().find_map(|action| match action {
            Action::LoadConfig { name } => Some(name.clone()),
            _ => None,
        });
        asked.push(name.clone().unwrap());
        let text = neighbor("10.0.0.1", "10.0.0.2", "");
        lone.feed(Input::Reload(Ok(ConfigText { name: name.unwrap(), text })));
    }
    assert_eq!(asked, ["b", "c", "a", "b"]);
}

#[test]
fn a_port_in_use_ends_the_speaker_with_a_sentence() {
    let mut settings = Settings::default();
    settings.tcp.bind = vec!["10.0.0.1".parse().unwrap()];
    let mut lone = Lone::new(setup_with(&neighbor("10.0.0.1", "10.0.0.2", ""), settings));
    let listener = lone.actions.iter().find_map(|action| match action {
        Action::Listen { listener, .. } => Some(*listener),
        _ => None,
    });
    lone.feed(Input::ListenFailed { listener: listener.unwrap(), error: IoError::AddressInUse });
    assert_eq!(lone.exit(), Some(2));
    assert!(lone.log().contains(&"cannot listen on 10.0.0.1:179: address already in use"));
}

/// The listeners that were asked for so far.
fn listeners(lone: &Lone) -> Vec<ListenerId> {
    let asked = lone.actions.iter().filter_map(|action| match action {
        Action::Listen { listener, .. } => Some(*listener),
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_listener_that_breaks_is_opened_again_and_costs_no_session() {
    let mut settings = Settings::default();
    settings.tcp.bind = vec!["10.0.0.1".parse().unwrap()];
    let mut lone = Lone::new(setup_with(&neighbor("10.0.0.1", "10.0.0.2", "passive true;"), settings));
    let first = listeners(&lone)[0];
    lone.feed(Input::Listening { listener: first, local: addr("10.0.0.1:179") });
    let stream = lone.accept_from("10.0.0.2");
    lone.receive(stream, &open(65_000, 90, [10, 0, 0, 9]));
    lone.receive(stream, &keepalive());
    lone.feed(Input::ListenFailed { listener: first, error: IoError::Other(9) });
    assert_eq!((lone.exit(), lone.closed(stream)), (None, None));
    lone.advance(secs(1));
    let second = listeners(&lone)[1];
    // What cannot be opened again yet is left alone for longer each time.
    lone.feed(Input::ListenFailed { listener: second, error: IoError::AddressNotAvailable });
    lone.advance(secs(1));
    assert_eq!(listeners(&lone).len(), 2);
    lone.advance(secs(1));
    lone.feed(Input::Listening { listener: listeners(&lone)[2], local: addr("10.0.0.1:179") });
    lone.advance(secs(60));
    assert_eq!((listeners(&lone).len(), lone.exit(), lone.closed(stream)), (3, None, None));
    assert!(lone.log().contains(&"cannot listen on 10.0.0.1:179: errno 9; it is tried again after 1 s"));
}

#[test]
fn connections_that_cannot_be_taken_are_said_once_a_minute_and_cost_nothing() {
    let mut settings = Settings::default();
    settings.tcp.bind = vec!["10.0.0.1".parse().unwrap()];
    let mut lone = Lone::new(setup_with(&neighbor("10.0.0.1", "10.0.0.2", "passive true;"), settings));
    let listener = listeners(&lone)[0];
    lone.feed(Input::Listening { listener, local: addr("10.0.0.1:179") });
    for _ in 0..65 {
        lone.feed(Input::AcceptFailed { listener, error: IoError::TooManyFiles });
        lone.advance(secs(1));
    }
    lone.advance(secs(60));
    lone.feed(Input::AcceptFailed { listener, error: IoError::PermissionDenied });
    let said: Vec<_> = lone.log().into_iter().filter(|text| text.contains("to 10.0.0.1:179 ")).collect();
    let short = "too many open files: connections to 10.0.0.1:179 wait until there is room; raise the limit of open files";
    assert_eq!(said, [short, short, "a connection to 10.0.0.1:179 could not be taken: permission denied"]);
    assert_eq!((lone.exit(), listeners(&lone).len()), (None, 1));
}

#[test]
fn a_peer_out_of_a_range_gets_a_session_of_its_own() {
    let config = "neighbor 10.0.0.0/24 { passive true; local-address 10.0.0.1; router-id 10.0.0.1; local-as 65000; peer-as 65000; }";
    let mut lone = Lone::new(setup(config));
    let streams = ["10.0.0.2", "10.0.0.3"].map(|peer| {
        let stream = lone.accept_from(peer);
        lone.receive(stream, &open(65_000, 90, [10, 0, 0, 9]));
        lone.receive(stream, &keepalive());
        stream
    });
    assert_eq!(lone.log().iter().filter(|text| **text == "session established").count(), 2);
    lone.feed(Input::Closed { stream: streams[0], how: ClosedKind::ReadEnd });
    assert!(lone.log().contains(&"is given up"));
    lone.accept_from("10.0.0.2");
    assert_eq!(lone.closed(streams[1]), None);
}

#[test]
fn every_wait_of_a_session_is_owed_by_somebody() {
    let owed = |lone: &Lone, what: &str| {
        let all = lone.obligations();
        all.iter().find(|owed| owed.what.contains(what)).cloned().unwrap_or_else(|| panic!("{what}: {all:?}"))
    };
    let peer = Party::Neighbor("10.0.0.2".into());
    let mut lone = lone("hold-time 90; static { route 10.1.0.0/16 next-hop 10.0.0.9; }");
    assert_eq!(owed(&lone, "accepting").debtor, peer);
    let stream = lone.connect();
    let open_due = owed(&lone, "its OPEN");
    assert_eq!((open_due.debtor, open_due.until), (peer.clone(), Some(lone.at + secs(60))));
    assert_eq!(owed(&lone, "changes of routes").waits_for.as_deref(), Some("an established session"));
    lone.receive(stream, &open(65_000, 90, PEER));
    assert_eq!(owed(&lone, "first KEEPALIVE").until, Some(lone.at + secs(90)));
    lone.stalled.push(stream);
    lone.receive(stream, &keepalive());
    lone.feed(Input::Writable { stream, budget: 65_536 });
    let stuck = owed(&lone, "octets of messages");
    assert_eq!((stuck.debtor, stuck.creditor), (Party::Speaker, peer.clone()));
    assert_eq!(stuck.waits_for.as_deref(), Some("the peer's receive window"));
    assert_eq!(stuck.until, Some(lone.at + secs(480)));
    let silent = owed(&lone, "a KEEPALIVE or an UPDATE");
    assert_eq!((silent.debtor, silent.until), (peer, Some(lone.at + secs(90))));
    assert_eq!(owed(&lone, "a KEEPALIVE").clause, "RFC 4271 §6.5");
}

#[test]
fn a_recording_replayed_asks_for_the_same_and_sends_the_same_octets() {
    let text =
        neighbor("10.0.0.1", "10.0.0.2", "hold-time 9; static { route 10.1.0.0/16 next-hop 10.0.0.9; }");
    let head = Head {
        identity: Identity { host: "test".into(), pid: 1, ppid: 0, version: "5.0.15".into() },
        settings: vec![],
        files: vec!["test.conf".into()],
        config: ConfigText { name: "test.conf".into(), text },
        pipes: None,
        seed: 42,
    };
    let inputs = recorded_inputs(&head);
    let mut log = head.to_string();
    for (at, input) in &inputs {
        log += &record::line(now(*at), input);
    }
    let (read, entries) = record::parse(&log).unwrap();
    let entries: Vec<_> = entries.collect::<Result<_, _>>().unwrap();
    assert_eq!(entries.len(), inputs.len());
    let replay = |head: &Head| {
        let mut speaker = Speaker::new(entries[0].now, head.setup().unwrap());
        let mut out = String::new();
        for entry in &entries {
            speaker.handle_input(entry.now, entry.input());
            while let Some(action) = speaker.poll_action() {
                out += &format!("{action:?}\n");
            }
            while let Some(stream) = speaker.poll_stream() {
                out += &format!("{stream}: {:?}\n", speaker.poll_transmit(stream));
            }
            out += &format!("{:?}\n", speaker.poll_timeout());
        }
        out
    };
    let first = replay(&read);
    assert_eq!(first, replay(&head));
    assert!(first.contains("Connect {") && first.contains("Close {"));
    let other_seed = Head { seed: 43, ..head };
    assert_ne!(first, replay(&other_seed), "the seed is part of it");
}

/// A session that comes up, sends a route, and dies of silence.
fn recorded_inputs(head: &Head) -> Vec<(holdtime_core::Instant, Input<'static>)> {
    let at = holdtime_core::Instant::from_secs;
    let mut lone = Lone::new(head.setup().unwrap());
    let stream = lone.dialled().unwrap();
    let (local, remote) = (addr("10.0.0.1:50000"), addr("10.0.0.2:179"));
    lone.feed(Input::Connected { stream, local, remote });
    let ours = lone.sent[0].1.len();
    // The NOTIFICATION stays unsent, so that the connection is reset in the end.
    let open: &'static [u8] = open(65_000, 9, PEER).leak();
    let keepalive: &'static [u8] = keepalive().leak();
    vec![
        (at(1), Input::Timeout),
        (at(1), Input::Connected { stream, local, remote }),
        (at(1), Input::Sent { stream, count: ours }),
        (at(2), Input::Received { stream, data: open }),
        (at(2), Input::Sent { stream, count: 19 }),
        (at(2), Input::Received { stream, data: keepalive }),
        (at(2), Input::Writable { stream, budget: 65_536 }),
        (at(5), Input::Timeout),
        (at(12), Input::Timeout),
        (at(15), Input::Timeout),
    ]
}

/// A session with graceful restart whose peer has announced 10.1.0.0/16 and 10.2.0.0/16, and then lost its connection.
fn restarting(lone: &mut Lone) {
    let stream = back(lone, &[0, 60, 0, 1, 1, 0x80]);
    for second in [1, 2] {
        lone.receive(stream, &announcement(second));
    }
    lone.feed(Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) });
}

/// The peer comes with this graceful restart capability.
fn back(lone: &mut Lone, graceful: &[u8]) -> holdtime_core::StreamId {
    back_with(lone, &[(64, graceful)])
}

/// The peer comes with these capabilities.
fn back_with(lone: &mut Lone, capabilities: &[(u8, &[u8])]) -> holdtime_core::StreamId {
    while lone.dialled().is_none() {
        lone.advance(secs(1));
    }
    let stream = lone.connect();
    lone.receive(stream, &open_with(65_000, 90, PEER, capabilities));
    lone.receive(stream, &keepalive());
    stream
}

/// An UPDATE that announces 10.`second`.0.0/16.
fn announcement(second: u8) -> Vec<u8> {
    announcement_with(second, &[])
}

/// The same with one more attribute.
fn announcement_with(second: u8, attribute: &[u8]) -> Vec<u8> {
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 10, 0, 0, 2, 0x40, 5, 4, 0, 0, 0, 100];
    attributes.extend(attribute);
    let mut body = vec![0, 0, 0, attributes.len() as u8];
    body.extend(attributes);
    body.extend([16, 10, second]);
    message(2, &body)
}

fn graceful() -> Lone {
    lone("capability { graceful-restart 60; } family { ipv4 unicast; }")
}

#[test]
fn the_routes_of_a_peer_that_restarts_are_kept_until_it_says_which_it_still_has() {
    let mut lone = graceful();
    restarting(&mut lone);
    assert_eq!(lone.received_routes().len(), 2, "kept while it is away");
    let stream = back(&mut lone, &[0x80, 60, 0, 1, 1, 0x80]);
    lone.receive(stream, &announcement(2));
    assert_eq!(lone.received_routes().len(), 2, "kept until End-of-RIB");
    lone.receive(stream, &message(2, &[0, 0, 0, 0]));
    assert_eq!(lone.received_routes(), ["10.2.0.0/16"]);
    assert!(!lone.obligations().iter().any(|owed| owed.clause == "RFC 4724 §4.2"));
}

#[test]
fn the_routes_of_a_peer_that_does_not_come_back_are_forgotten_after_its_restart_time() {
    let mut lone = graceful();
    restarting(&mut lone);
    let owed = lone.obligations().into_iter().find(|owed| owed.clause == "RFC 4724 §4.2").unwrap();
    assert_eq!(owed.until, Some(lone.at + secs(60)));
    lone.advance(secs(59));
    assert_eq!(lone.received_routes().len(), 2);
    lone.advance(secs(1));
    assert!(lone.received_routes().is_empty());
}

#[test]
fn a_peer_that_lost_its_forwarding_state_or_says_goodbye_keeps_nothing() {
    let mut lone = graceful();
    restarting(&mut lone);
    back(&mut lone, &[0x80, 60, 0, 1, 1, 0]);
    assert!(lone.received_routes().is_empty(), "its forwarding state is lost");

    let mut lone = graceful();
    let stream = back(&mut lone, &[0, 60, 0, 1, 1, 0x80]);
    lone.receive(stream, &announcement(1));
    lone.receive(stream, &message(3, &[6, 2]));
    assert!(lone.received_routes().is_empty(), "it has said that it ends");
}

#[test]
fn a_peer_that_restarts_may_dial_before_its_old_connection_is_known_to_be_dead() {
    let mut lone = graceful();
    let stream = back(&mut lone, &[0, 60, 0, 1, 1, 0x80]);
    lone.receive(stream, &announcement(1));
    lone.take_actions();
    let second = lone.accept_from("10.0.0.2");
    assert_eq!((lone.closed(stream), lone.closed(second)), (Some(CloseKind::Graceful), None));
    assert_eq!(lone.received_routes().len(), 1);
}

#[test]
fn a_restart_that_takes_long_keeps_the_routes_that_may_be_kept_and_marks_them() {
    let marked = |lone: &Lone| {
        let neighbor = lone.speaker.neighbors().next().unwrap();
        let mut routes = neighbor.adj_rib_in.routes();
        routes.all(|(_, route)| route.path.attributes.communities().contains(&Community::LLGR_STALE))
    };
    let mut lone = lone(
        "capability { graceful-restart 60; long-lived-graceful-restart 3600; } family { ipv4 unicast; }",
    );
    let capabilities: [(u8, &[u8]); 2] = [(64, &[0, 60, 0, 1, 1, 0x80]), (71, &[0, 1, 1, 0x80, 0, 0, 100])];
    let stream = back_with(&mut lone, &capabilities);
    lone.receive(stream, &announcement(1));
    lone.receive(stream, &announcement_with(2, &[0xc0, 8, 4, 0xff, 0xff, 0, 7]));
    lone.feed(Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) });
    lone.advance(secs(59));
    assert_eq!((lone.received_routes().len(), marked(&lone)), (2, false), "it restarts");
    lone.advance(secs(1));
    assert_eq!(lone.received_routes(), ["10.1.0.0/16"], "the other one says NO_LLGR");
    assert!(marked(&lone));
    lone.advance(secs(99));
    assert_eq!(lone.received_routes(), ["10.1.0.0/16"]);
    let stream = back_with(&mut lone, &capabilities);
    lone.receive(stream, &announcement(1));
    assert!(!marked(&lone), "announced again, it is as good as any");
    lone.feed(Input::Closed { stream, how: ClosedKind::Broken(IoError::ConnectionReset) });
    lone.advance(secs(160));
    assert!(lone.received_routes().is_empty(), "the peer's time counts where it is the shorter one");
}

#[test]
fn aigp_is_taken_inside_an_as_only_unless_it_is_configured() {
    let aigp = [0x80, 26, 11, 1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 5];
    for (options, peer_as, taken) in [
        ("", 65_000, true),
        ("peer-as 65001;", 65_001, false),
        ("peer-as 65001; capability { aigp; }", 65_001, true),
    ] {
        let mut lone = lone(options);
        let stream = lone.connect();
        lone.receive(stream, &open_with(peer_as, 90, PEER, &[]));
        lone.receive(stream, &keepalive());
        lone.receive(stream, &announcement_with(1, &aigp));
        let neighbor = lone.speaker.neighbors().next().unwrap();
        let (_, route) = neighbor.adj_rib_in.routes().next().expect("the route");
        assert_eq!(route.path.attributes.get(AttributeCode::AIGP).is_some(), taken, "{options}");
    }
}
