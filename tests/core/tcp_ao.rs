//! TCP-AO (RFC 5925): its words, what a kernel without it means for a neighbor, and keys that are rolled over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use crate::util::*;
use holdtime_core::config::{AoAlgorithm, AoKey, Config, ConfigText, Neighbor, Settings};
use holdtime_core::speaker::{
    Action, CloseKind, Input, IoError, KeyChange, ListenOptions, Severity, StreamId,
};

fn parse(options: &str) -> Result<Neighbor, String> {
    let text = neighbor("10.0.0.1", "10.0.0.2", options);
    let file = ConfigText { name: "edge.conf".into(), text };
    let config = Config::parse(&file, &Settings::default()).map_err(|error| error.to_string())?;
    Ok(config.neighbors.into_iter().next().unwrap())
}

/// A section with this identifier and password.
fn section(id: u8, password: &str) -> String {
    format!("tcp-ao {{ keyid {id}; algorithm hmac-sha-1-96; password {password}; }} ")
}

fn key(id: u8, password: &str) -> AoKey {
    AoKey { send_id: id, receive_id: id, algorithm: AoAlgorithm::HmacSha1, key: password.into() }
}

#[test]
fn a_section_is_a_key_and_the_first_one_is_signed_with() {
    let keys = parse(&format!(
        "{} tcp-ao {{ send-id 2; receive-id 3; algorithm aes-128-cmac-96; password \"c2VjcmV0\"; base64 true; }}
         tcp-ao {{ keyid 4; algorithm hmac-sha-256; password \"a b\"; }}",
        section(1, "one")
    ));
    assert_eq!(
        keys.unwrap().tcp_ao,
        [
            key(1, "one"),
            AoKey { send_id: 2, receive_id: 3, algorithm: AoAlgorithm::Aes128Cmac, key: b"secret".to_vec() },
            AoKey { algorithm: AoAlgorithm::HmacSha256, ..key(4, "a b") },
        ]
    );
    assert!(parse("").unwrap().tcp_ao.is_empty());
}

#[test]
fn a_section_that_is_no_key_is_refused_where_it_is_wrong() {
    let long = "x".repeat(81);
    for (options, problem) in [
        ("tcp-ao { algorithm hmac-sha-256; password x; }".to_owned(), "this key has no `keyid`"),
        ("tcp-ao { keyid 1; password x; }".into(), "this key has no `algorithm`"),
        ("tcp-ao { keyid 1; algorithm hmac-sha-256; }".into(), "this key has no `password`"),
        ("tcp-ao { send-id 1; algorithm hmac-sha-256; password x; }".into(), "this key has no `keyid`"),
        ("tcp-ao { keyid 256; }".into(), "`256` is not a key's identifier"),
        ("tcp-ao { algorithm md5; }".into(), "`md5` is not an algorithm of TCP-AO"),
        ("tcp-ao { password \"\"; }".into(), "the password is empty"),
        ("tcp-ao { keyd 1; }".into(), "`keyd` is not an option of `tcp-ao`"),
        (
            "tcp-ao { keyid 1; algorithm hmac-sha-256; password x; base64 true; }".into(),
            "the password is not base64",
        ),
        (section(1, &long), "the key is 81 octets long"),
        (section(1, "x") + &section(1, "y"), "another key has the identifier 1 for what is sent"),
        (
            section(1, "x") + "tcp-ao { send-id 2; receive-id 1; algorithm hmac-sha-256; password x; }",
            "another key has the identifier 1 for what is received",
        ),
        (section(1, "x") + "md5-password y;", "a session cannot have both `md5-password` and `tcp-ao`"),
    ] {
        let error = parse(&options).unwrap_err();
        assert!(error.contains(problem), "{options}: {error}");
        assert!(error.contains("\nexpected "), "{options}: {error}");
    }
    assert!(parse(&section(1, &"x".repeat(80))).is_ok());
}

#[test]
fn nothing_prints_a_password() {
    let neighbor = parse(&section(1, "hunter2")).unwrap();
    let text = neighbor.to_text();
    assert!(text.contains("keyid 1;") && text.contains("algorithm hmac-sha-1-96;"), "{text}");
    for printed in [text, format!("{neighbor:?}")] {
        assert!(!printed.contains("hunter2") && !printed.contains("104, 117"), "{printed}");
    }
    let error = parse("tcp-ao { keyid 300; algorithm hmac-sha-256; password hunter2; }").unwrap_err();
    assert!(error.contains("password *******;") && !error.contains("hunter2"), "{error}");
    let error = parse("tcp-ao { password \"hunter2; }").unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
}

/// The options that the speaker wants of its listening sockets, and their numbers, since the last call.
fn listeners(lone: &mut Lone) -> Vec<(holdtime_core::speaker::ListenerId, ListenOptions)> {
    let listening = |action| match action {
        Action::Listen { listener, options, .. } => Some((listener, options)),
        _ => None,
    };
    lone.take_actions().into_iter().filter_map(listening).collect()
}

fn dials(actions: &[Action]) -> Vec<(StreamId, String, Vec<AoKey>)> {
    let dial = |action: &Action| match action {
        Action::Connect { stream, remote, options, .. } => {
            Some((*stream, remote.ip().to_string(), options.ao.clone()))
        }
        _ => None,
    };
    actions.iter().filter_map(dial).collect()
}

fn errors(lone: &Lone) -> Vec<String> {
    let errors = lone.events.iter().filter(|event| event.severity == Severity::Error);
    errors.map(|event| format!("{}: {}", event.party, event.text)).collect()
}

/// One neighbor that is signed for, and two that are not.
fn three(options: &str) -> Lone {
    let sections = [
        neighbor("10.0.0.1", "10.0.0.2", &(section(1, "one") + options)),
        neighbor("10.0.0.1", "10.0.0.3", options),
        neighbor("10.0.0.1", "10.0.0.4", &("md5-password x; ".to_owned() + options)),
    ];
    Lone::new(setup(&sections.concat()))
}

const REFUSED: &str = "refused: this kernel has no TCP-AO (RFC 5925), or does not take a key of it; there is no session without";

#[test]
fn a_neighbor_that_cannot_be_dialled_signed_is_refused_by_name_and_never_dialled_again() {
    let mut lone = three("");
    let actions = lone.take_actions();
    let dialled = dials(&actions);
    let (stream, peer, keys) = dialled.iter().find(|(_, peer, _)| peer == "10.0.0.2").unwrap().clone();
    assert_eq!((peer.as_str(), keys), ("10.0.0.2", vec![key(1, "one")]));
    lone.feed(Input::ConnectFailed { stream, error: IoError::TcpAo });
    assert_eq!(errors(&lone), [format!("neighbor 10.0.0.2: {REFUSED}")]);
    for _ in 0..100 {
        lone.advance(secs(60));
    }
    let again = dials(&lone.take_actions());
    assert!(again.iter().all(|(_, peer, _)| peer != "10.0.0.2"), "not signed, and not unsigned either");
    assert_eq!(errors(&lone).len(), 1, "said once");
    assert_eq!(lone.exit(), None);
}

#[test]
fn where_a_listener_cannot_have_the_keys_it_is_opened_for_the_others() {
    let mut lone = three("listen 1179; passive true;");
    let [(listener, options)] = listeners(&mut lone).try_into().unwrap();
    let peer = holdtime_core::config::PeerRange::single([10, 0, 0, 2].into());
    assert_eq!(options.ao, [(peer, key(1, "one"))]);
    lone.feed(Input::ListenFailed { listener, error: IoError::TcpAo });
    assert_eq!(errors(&lone), [format!("neighbor 10.0.0.2: {REFUSED}")]);
    let [(listener, options)] = listeners(&mut lone).try_into().unwrap();
    assert_eq!((options.ao.len(), options.md5.len()), (0, 1));
    lone.feed(Input::Listening { listener, local: addr("10.0.0.1:1179") });

    // Whoever dials from the address of the one that is refused is turned away; another one is served.
    let stranger = lone.accept_from("10.0.0.2");
    assert!(
        lone.take_sent().iter().any(|message| message.starts_with("030603")),
        "Cease, peer de-configured"
    );
    assert_eq!(lone.closed(stranger), Some(CloseKind::Graceful));
    let known = lone.accept_from("10.0.0.3");
    assert!(lone.take_sent().first().is_some_and(|message| message.starts_with("01")), "our OPEN");
    assert_eq!(lone.closed(known), None);
    assert_eq!(lone.exit(), None);
}

fn reload(lone: &mut Lone, options: &str) {
    let text = neighbor("10.0.0.1", "10.0.0.2", options);
    lone.feed(Input::Signal(holdtime_core::speaker::Signal::User1));
    lone.feed(Input::Reload(Ok(ConfigText { name: "test.conf".into(), text })));
}

fn changes(lone: &mut Lone) -> Vec<KeyChange> {
    let change = |action| match action {
        Action::SetKeys { change, .. } => Some(change),
        _ => None,
    };
    lone.take_actions().into_iter().filter_map(change).collect()
}

#[test]
fn keys_are_rolled_over_by_reloads_that_keep_the_session() {
    let (one, two) = (section(1, "one"), section(2, "two"));
    let mut lone = Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", &one)));
    let stream = lone.establish(90);
    lone.take_sent();
    let mut changed = |options: &str| {
        reload(&mut lone, options);
        assert_eq!(lone.closed(stream), None, "{options}");
        assert_eq!(lone.take_sent(), [""; 0], "{options}");
        changes(&mut lone)
    };
    let (first, second) = (key(1, "one"), key(2, "two"));
    let add = KeyChange { add: vec![second.clone()], first: Some(first.clone()), remove: vec![] };
    assert_eq!(changed(&(one.clone() + &two)), [add]);
    let turn = KeyChange { add: vec![], first: Some(second.clone()), remove: vec![] };
    assert_eq!(changed(&(two.clone() + &one)), [turn]);
    let drop = KeyChange { add: vec![], first: Some(second), remove: vec![first] };
    assert_eq!(changed(&two), [drop]);
    assert_eq!(changed(&two), [], "nothing is changed");
}

#[test]
fn a_session_begins_again_where_no_key_is_left_or_one_is_another() {
    for (before, after) in [
        (section(1, "one"), section(2, "two")),
        (section(1, "one"), section(1, "two")),
        (section(1, "one"), String::new()),
        (String::new(), section(1, "one")),
        (section(1, "one") + &section(2, "two"), section(1, "one") + &section(2, "three")),
    ] {
        let mut lone = Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", &before)));
        lone.establish(90);
        lone.take_sent();
        reload(&mut lone, &after);
        assert!(lone.take_sent().iter().any(|message| message.starts_with("0306")), "{before} -> {after}");
    }
}

#[test]
fn a_neighbor_that_was_refused_is_tried_again_when_its_keys_are_others() {
    let mut lone = Lone::new(setup(&neighbor("10.0.0.1", "10.0.0.2", &section(1, "one"))));
    let stream = lone.dialled().unwrap();
    lone.feed(Input::ConnectFailed { stream, error: IoError::TcpAo });
    lone.take_actions();
    reload(&mut lone, &section(1, "one"));
    lone.advance(secs(600));
    assert_eq!(dials(&lone.take_actions()), [], "they are the same");
    reload(&mut lone, "");
    lone.advance(secs(600));
    let again = dials(&lone.take_actions());
    assert!(
        again.iter().all(|(_, _, keys)| keys.is_empty()) && !again.is_empty(),
        "it asks for none any more"
    );
}
