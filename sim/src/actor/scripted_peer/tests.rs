//! Scripted peers without a driver: what they do about what is fed to them.

use super::*;
use crate::scenario::mistake::Source;

fn peer(script: &str) -> ScriptedPeer {
    let source = Source::new("peer", script);
    ScriptedPeer::new(PeerScript::parse(&source, 0..script.len()).unwrap(), 65002, Ipv4Addr::new(10, 0, 0, 2))
}

fn drain(peer: &mut ScriptedPeer) -> Vec<PeerAction> {
    std::iter::from_fn(|| peer.poll_action()).collect()
}

#[test]
fn a_peer_accepts_answers_the_open_and_then_says_nothing() {
    let mut peer = peer("accept\nexpect open\nsend open\nsend keepalive\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    assert_eq!(drain(&mut peer), [PeerAction::Accept]);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    assert_eq!(drain(&mut peer), []);
    let open = ScriptMessage::Open {
        asn: Some(1),
        router_id: None,
        hold: 90,
        families: vec![(1, 1)],
        capabilities: vec![],
        bare: false,
    };
    let bytes = open.encode(1, Ipv4Addr::LOCALHOST);
    let (head, tail) = bytes.split_at(20);
    peer.handle(Instant::from_secs(1), PeerInput::Received(head));
    assert_eq!(drain(&mut peer), []);
    peer.handle(Instant::from_secs(1), PeerInput::Received(tail));
    let sent = drain(&mut peer);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1], PeerAction::Send(ScriptMessage::Keepalive.encode(0, Ipv4Addr::LOCALHOST)));
    assert_eq!(peer.state(), PeerState::Finished);
    assert_eq!(peer.poll_timeout(), None);
}

#[test]
fn a_dribble_takes_a_second_an_octet() {
    let mut peer = peer("accept\ndribble keepalive every 1s\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    let mut last = Instant::ZERO;
    while let Some(next) = peer.poll_timeout().filter(|_| peer.state() != PeerState::Finished) {
        last = next;
        peer.handle(next, PeerInput::Timeout);
    }
    assert_eq!(last, Instant::from_secs(18));
    assert_eq!(drain(&mut peer).len(), 1 + 19);
}

#[test]
fn an_expectation_that_is_not_met_in_time_fails_and_says_where() {
    let mut peer = peer("accept\nexpect update within 5s\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    assert_eq!(peer.poll_timeout(), Some(Instant::from_secs(5)));
    peer.handle(Instant::from_secs(5), PeerInput::Timeout);
    assert_eq!(
        peer.state(),
        PeerState::Failed("at `expect update within 5s`: nothing of the kind arrived in time".into())
    );
}

#[test]
fn a_script_that_repeats_begins_again_as_often_as_it_says() {
    let mut peer = peer("accept\nclose\nrepeat 2 times\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    assert_eq!(drain(&mut peer), [PeerAction::Accept, PeerAction::Close, PeerAction::Accept]);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    assert_eq!(drain(&mut peer), [PeerAction::Close]);
    assert_eq!(peer.state(), PeerState::Finished);
}

#[test]
fn so_many_messages_of_a_kind_are_awaited_and_none_of_another() {
    let mut peer =
        peer("accept\nexpect 2 times keepalive\nexpect no update for 5s\nexpect no message for 1s\n");
    let keepalive = ScriptMessage::Keepalive.encode(0, Ipv4Addr::LOCALHOST);
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    peer.handle(Instant::ZERO, PeerInput::Received(&keepalive));
    assert!(matches!(peer.state(), PeerState::Waiting { expects: true, .. }));
    peer.handle(Instant::from_secs(1), PeerInput::Received(&keepalive));
    assert!(matches!(peer.state(), PeerState::Waiting { expects: false, .. }), "{:?}", peer.state());
    peer.handle(Instant::from_secs(2), PeerInput::Received(&keepalive));
    peer.handle(Instant::from_secs(6), PeerInput::Timeout);
    peer.handle(Instant::from_secs(6), PeerInput::Received(&keepalive));
    assert_eq!(peer.state(), PeerState::Failed("at `expect no message for 1s`: it came".into()));
}

#[test]
fn loops_are_gone_through_as_often_as_they_say() {
    let mut peer = peer("loop 2 times\nsend keepalive\nloop 3 times\nread 0\nsend eor\nend\nend\nclose\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    let sent = drain(&mut peer);
    let lengths: Vec<usize> = sent
        .iter()
        .filter_map(|action| match action {
            PeerAction::Send(octets) => Some(octets.len()),
            _ => None,
        })
        .collect();
    assert_eq!(lengths, [19, 23, 23, 23, 19, 23, 23, 23]);
    assert_eq!((sent.last(), peer.state()), (Some(&PeerAction::Close), PeerState::Finished));
}

#[test]
fn keepalives_go_on_while_the_script_waits() {
    let mut peer = peer("accept\nkeepalives every 3s\nwait 7s\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    let mut times = vec![];
    while peer.state() != PeerState::Finished {
        let next = peer.poll_timeout().unwrap();
        peer.handle(next, PeerInput::Timeout);
        times.push(next.as_nanos() / 1_000_000_000);
    }
    assert_eq!(times, [3, 6, 7]);
}

fn octets(message: &ScriptMessage) -> Vec<u8> {
    message.encode(65_001, Ipv4Addr::LOCALHOST)
}

fn open() -> Vec<u8> {
    let families = vec![(1, 1)];
    octets(&ScriptMessage::Open {
        asn: None,
        router_id: None,
        hold: 90,
        families,
        capabilities: vec![],
        bare: false,
    })
}

#[test]
fn a_refused_peer_dials_again_until_it_is_taken() {
    let mut peer = peer("connect\nclose\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Refused);
    assert_eq!(drain(&mut peer), [PeerAction::Connect]);
    let again = peer.poll_timeout().unwrap();
    peer.handle(again, PeerInput::Timeout);
    assert_eq!(drain(&mut peer), [PeerAction::Connect]);
    peer.handle(again, PeerInput::Connected);
    assert_eq!(drain(&mut peer), [PeerAction::Close]);
}

#[test]
fn a_peer_that_wants_an_open_dials_again_where_it_was_hung_up_on() {
    let mut peer = peer("connect until open\nexpect open\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    let refusal = ScriptMessage::Notification { code: 6, subcode: 5, data: vec![] };
    peer.handle(Instant::ZERO, PeerInput::Received(&octets(&refusal)));
    peer.handle(Instant::ZERO, PeerInput::Closed);
    let again = peer.poll_timeout().unwrap();
    assert_eq!(again, Instant::ZERO + AGAIN);
    peer.handle(again, PeerInput::Timeout);
    assert_eq!(drain(&mut peer), [PeerAction::Connect, PeerAction::Close, PeerAction::Connect]);
    peer.handle(again, PeerInput::Connected);
    let open = open();
    peer.handle(again, PeerInput::Received(&open[..25]));
    assert!(matches!(peer.state(), PeerState::Waiting { step, .. } if step == "connect until open"));
    peer.handle(again, PeerInput::Received(&open[25..]));
    assert_eq!(peer.state(), PeerState::Finished);
}

#[test]
fn a_peer_that_wants_a_session_says_what_it_takes_on_each_connection() {
    let mut peer = peer("connect until up hold 6\n");
    let mut now = Instant::ZERO;
    for is_last in [false, true] {
        peer.handle(now, PeerInput::Timeout);
        peer.handle(now, PeerInput::Connected);
        peer.handle(now, PeerInput::Received(&open()));
        let sent = drain(&mut peer);
        assert_eq!(sent.len(), 3, "{sent:?}");
        assert_eq!(sent[2], PeerAction::Send(octets(&ScriptMessage::Keepalive)));
        if !is_last {
            peer.handle(now, PeerInput::Closed);
            drain(&mut peer);
            now = peer.poll_timeout().unwrap();
        }
    }
    assert_ne!(peer.state(), PeerState::Finished);
    peer.handle(now, PeerInput::Received(&octets(&ScriptMessage::Keepalive)));
    assert_eq!(peer.state(), PeerState::Finished);
}

#[test]
fn what_came_on_a_connection_that_is_set_aside_is_there_when_it_is_taken_up() {
    let mut peer = peer("accept\nset aside\nconnect\nexpect open\ntake up\nexpect open\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    // Half of what comes on the first connection has come when it is left.
    peer.handle(Instant::ZERO, PeerInput::Connected);
    assert_eq!(drain(&mut peer), [PeerAction::Accept, PeerAction::SetAside, PeerAction::Connect]);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    peer.handle(Instant::ZERO, PeerInput::Received(&open()));
    assert_eq!(drain(&mut peer), [PeerAction::TakeUp]);
    assert_ne!(peer.state(), PeerState::Finished);
    peer.handle(Instant::ZERO, PeerInput::Received(&open()));
    assert_eq!(peer.state(), PeerState::Finished);
}

#[test]
fn a_slow_reader_reads_so_much_at_a_time_and_no_longer_than_it_says() {
    let mut peer = peer("accept\nread 100 every 1s for 3s\nresume reading\n");
    peer.handle(Instant::ZERO, PeerInput::Timeout);
    peer.handle(Instant::ZERO, PeerInput::Connected);
    while let Some(next) = peer.poll_timeout() {
        peer.handle(next, PeerInput::Timeout);
    }
    let read = PeerAction::Read(Some(100));
    let four = [read.clone(), read.clone(), read.clone(), read];
    assert_eq!(drain(&mut peer), [&[PeerAction::Accept], &four[..], &[PeerAction::Read(None)]].concat());
}
