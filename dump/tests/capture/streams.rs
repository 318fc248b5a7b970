//! TCP: order, loss, ports that are used again; and what the OPENs agree on.

use holdtime_core::wire::Family;
use holdtime_core::wire::capability::Capability;

use crate::talk::{
    DIALLER, LISTENER, Talk, keepalive, long_update, message, open, open_with_paths, read, update,
};
use crate::write::{ACK, Packet, RST, SECOND, START, plain};

fn told(talk: &Talk) -> crate::talk::Told {
    read(&plain(&talk.packets))
}

/// Two speakers' OPENs and KEEPALIVEs.
fn opened(talk: Talk) -> Talk {
    talk.handshake()
        .say(DIALLER, &open(65_001, &[Capability::FourOctetAs(65_001)]))
        .say(LISTENER, &open(65_002, &[Capability::FourOctetAs(65_002)]))
        .say(DIALLER, &keepalive())
        .say(LISTENER, &keepalive())
}

#[test]
fn a_message_is_told_of_with_its_ends_its_packet_and_its_time() {
    let talk = opened(Talk::bgp()).say(LISTENER, &update(1));
    let told = told(&talk);
    assert_eq!((told.messages.len(), told.faults.len()), (5, 0), "{:?}", told.faults);
    let last = told.messages.last().unwrap();
    assert_eq!(last.octets, update(1));
    assert_eq!((&*last.from, &*last.to), ("10.0.0.2", "10.0.0.1"));
    assert_eq!((last.peer_as, last.local_as), (Some(65_002), Some(65_001)));
    // Three packets of the handshake, two for each of the four messages before.
    assert_eq!((last.packet, last.time), (12, Some(START + 11_000_000)));
}

#[test]
fn a_message_in_many_segments_and_many_in_one_are_whole() {
    let both = [update(1), keepalive(), long_update(4_000)].concat();
    let talk = opened(Talk::bgp())
        .say_in_pieces(DIALLER, &long_update(4_096), &[1, 2, 3, 16, 1_000])
        .say(DIALLER, &both);
    let told = told(&talk);
    assert_eq!(told.faults, Vec::<String>::new());
    let expected = [long_update(4_096), update(1), keepalive(), long_update(4_000)];
    assert_eq!(told.octets()[4..], expected);
}

#[test]
fn the_opens_agree_on_path_identifiers_in_one_direction() {
    // The dialler sends paths, the listener receives them.
    let talk = Talk::bgp()
        .handshake()
        .say(DIALLER, &open_with_paths(65_001, 2))
        .say(LISTENER, &open_with_paths(65_002, 1))
        .say(DIALLER, &update(1))
        .say(LISTENER, &update(2));
    let told = told(&talk);
    let terms =
        |heard: &crate::talk::Heard| *heard.terms.as_ref().unwrap().family(Family::IPV4_UNICAST).unwrap();
    assert!(told.messages[0].terms.is_none(), "one OPEN agrees on nothing");
    assert!(terms(&told.messages[2]).add_path_receive, "the listener receives paths");
    assert!(!terms(&told.messages[3]).add_path_receive, "the dialler receives none");
    assert!(told.messages[2].terms.as_ref().unwrap().asn4);
}

#[test]
fn an_old_speaker_makes_as_numbers_two_octets_long() {
    let talk = Talk::bgp()
        .handshake()
        .say(DIALLER, &open(65_001, &[Capability::FourOctetAs(65_001), Capability::ExtendedMessage]))
        .say(LISTENER, &open(65_002, &[Capability::ExtendedMessage]))
        .say(LISTENER, &long_update(65_000));
    let told = told(&talk);
    let last = told.messages.last().unwrap();
    assert_eq!(last.octets.len(), 65_000);
    let terms = last.terms.as_ref().unwrap();
    assert!(!terms.asn4 && terms.extended_message);
}

#[test]
fn segments_out_of_order_twice_and_overlapping_are_put_together() {
    let mut talk = opened(Talk::bgp());
    let before = talk.packets.len();
    talk = talk.say_in_pieces(DIALLER, &[update(1), update(2), update(3)].concat(), &[10, 20, 30]);
    let [a, b, c, d] = talk.packets.split_off(before).try_into().unwrap();
    talk.packets.extend([c.clone(), a.clone(), c, d, a, b]);
    let told = told(&talk);
    assert_eq!((told.octets()[4..].to_vec(), told.faults), (vec![update(1), update(2), update(3)], vec![]));

    // A retransmission with more than what is known, before and behind.
    let all = [update(1), update(2), update(3)].concat();
    let mut talk = opened(Talk::bgp());
    let whole = talk.clone().say_in_pieces(DIALLER, &all, &[]);
    let pieces = talk.clone().say_in_pieces(DIALLER, &all, &[10, 20, 30]);
    talk.packets.push(pieces.packets[before + 1].clone());
    talk.packets.push(whole.packets[before].clone());
    talk.packets.push(pieces.packets[before + 3].clone());
    let told = self::told(&talk);
    assert_eq!((told.octets()[4..].to_vec(), told.faults), (vec![update(1), update(2), update(3)], vec![]));
}

#[test]
fn sequence_numbers_pass_their_end() {
    let talk = opened(Talk::bgp().at(u32::MAX - 60, u32::MAX - 5)).say_in_pieces(
        DIALLER,
        &long_update(300),
        &[9, 90],
    );
    let told = told(&talk);
    assert_eq!((told.messages.len(), told.faults.len()), (5, 0), "{:?}", told.faults);
}

#[test]
fn a_capture_that_begins_within_a_connection_says_what_was_passed_over() {
    let talk = Talk::bgp().say(DIALLER, &[&update(1)[7..], &update(2)].concat()).say(LISTENER, &keepalive());
    let told = told(&talk);
    assert_eq!(told.octets(), [update(2), keepalive()]);
    let expected = "packet 1 (octet 24): 10.0.0.1:40000 > 10.0.0.2:179: the capture began after the connection; 20 octets are passed over up to this message";
    assert_eq!(told.faults, [expected]);
}

#[test]
fn packets_that_are_lacking_are_told_of_with_where_and_how_much() {
    let talk = opened(Talk::bgp())
        .say(DIALLER, &update(1)[..20])
        .say_unseen(DIALLER, &[&update(1)[20..], &update(2)].concat())
        .say(DIALLER, &[&update(3)[11..], &update(4)].concat())
        .wait(2 * SECOND)
        .say(LISTENER, &update(5))
        .say(DIALLER, &update(6));
    let told = told(&talk);
    assert_eq!(
        told.octets()[4..],
        [update(5), update(4), update(6)],
        "given up once the receiver has had a second"
    );
    let [fault] = told.faults.as_slice() else { panic!("{:?}", told.faults) };
    assert!(fault.starts_with("packet 15 "), "{fault}");
    // Of an UPDATE of 27 octets the first 20 are passed over, of another the last 16.
    let expected = "10.0.0.1:40000 > 10.0.0.2:179: 34 octets were not captured; 36 octets are passed over up to this message";
    assert!(fault.ends_with(expected), "{fault}");
    let time = told.messages[5].time.unwrap();
    assert_eq!(time, talk.packets[14].time, "the time of the packet that held the message");
}

#[test]
fn what_is_lacking_at_the_end_is_told_of() {
    let talk = opened(Talk::bgp()).say(DIALLER, &update(1)[..20]);
    let faults = told(&talk).faults;
    assert!(
        faults[0]
            .ends_with("10.0.0.1:40000 > 10.0.0.2:179: the capture ends after 20 octets of a message of 27"),
        "{faults:?}"
    );
    let faults = told(&talk.close()).faults;
    assert!(
        faults[0].ends_with("the connection was closed after 20 octets of a message of 27"),
        "{faults:?}"
    );

    let talk = opened(Talk::bgp()).say_unseen(DIALLER, &update(1)).say(DIALLER, &update(2)[3..]);
    let faults = told(&talk).faults;
    assert!(
        faults[0].ends_with("27 octets were not captured; 24 octets are passed over, and no message follows"),
        "{faults:?}"
    );
}

#[test]
fn packets_that_were_cut_lose_their_message_and_not_the_next() {
    let mut talk = opened(Talk::bgp()).say(DIALLER, &[update(1), long_update(1_000)].concat());
    let cut = talk.packets.len() - 2;
    talk.packets[cut] = talk.packets[cut].clone().cut(96);
    let talk = talk.say(DIALLER, &update(2)).say(DIALLER, &update(3));
    let told = told(&talk);
    assert_eq!(told.octets()[4..], [update(1), update(2), update(3)]);
    // 96 octets less Ethernet, IPv4 and TCP headers are 42, of which the first message has 27.
    let expected =
        "985 octets were cut off when they were captured; 15 octets are passed over up to this message";
    assert!(told.faults.len() == 1 && told.faults[0].ends_with(expected), "{:?}", told.faults);
}

#[test]
fn what_was_cut_from_one_packet_another_may_have() {
    let whole = [update(1), update(2), update(3)].concat();
    let talk = opened(Talk::bgp());
    let sent = talk.clone().say_in_pieces(DIALLER, &whole, &[]);
    let pieces = talk.clone().say_in_pieces(DIALLER, &whole, &[5, 3, 42, 20]);
    let before = talk.packets.len();
    let cut = sent.packets[before].clone().cut(54 + 30);
    let cases: [(&[usize], usize, &[&str]); 4] = [
        // A piece that is known by then.
        (
            &[1],
            1,
            &[
                "51 octets were cut off when they were captured; 3 octets are passed over, and no message follows",
            ],
        ),
        // One within what was cut.
        (
            &[1, 3],
            1,
            &[
                "20 octets were cut off when they were captured; 23 octets are passed over, and no message follows",
            ],
        ),
        (&[2], 1, &["the capture ends after 23 octets of a message of 27"]),
        (&[2, 3, 4], 3, &[]),
    ];
    for (kept, messages, faults) in cases {
        let mut talk = talk.clone();
        talk.packets.extend(kept.iter().map(|index| pieces.packets[before + index].clone()));
        talk.packets.push(cut.clone());
        let told = told(&talk);
        assert_eq!(told.octets()[4..], [update(1), update(2), update(3)][..messages], "{kept:?}");
        assert_eq!(told.faults.len(), faults.len(), "{kept:?} {:?}", told.faults);
        assert!(
            told.faults.iter().zip(faults).all(|(told, fault)| told.ends_with(fault)),
            "{kept:?} {:?}",
            told.faults
        );
    }
}

#[test]
fn a_header_that_cannot_be_is_passed_over() {
    let mut bad = keepalive();
    bad[17] = 18;
    let talk = opened(Talk::bgp())
        .say(DIALLER, &[bad, update(1)].concat())
        .say(DIALLER, &[&[0; 5][..], &update(2)].concat());
    let told = told(&talk);
    assert_eq!(told.octets()[4..], [update(1), update(2)]);
    assert!(told.faults[0].ends_with("19 octets are passed over up to this message"), "{:?}", told.faults);
    assert!(
        told.faults[1].ends_with("the marker is not all ones; 5 octets are passed over up to this message"),
        "{:?}",
        told.faults
    );
}

#[test]
fn ports_that_are_used_again_have_terms_of_their_own() {
    let old = Talk::bgp()
        .handshake()
        .say(DIALLER, &open_with_paths(65_001, 3))
        .say(LISTENER, &open_with_paths(65_002, 3));
    let mut new = opened(Talk::bgp().at(500_000_000, 900_000_000)).say(DIALLER, &update(1));
    let mut packets = old.packets;
    packets.append(&mut new.packets);
    let told = read(&plain(&packets));
    assert_eq!(told.messages.len(), 7, "{:?}", told.faults);
    let terms = told.messages[6].terms.as_ref().unwrap();
    assert!(!terms.family(Family::IPV4_UNICAST).unwrap().add_path_receive);
}

#[test]
fn a_reset_ends_nothing_that_is_on_its_way() {
    let mut talk = opened(Talk::bgp());
    let mut reset = talk.clone().at(7, 7);
    reset.packets.clear();
    reset.segment(DIALLER, RST, b"not bgp");
    talk.packets.append(&mut reset.packets);
    let told = told(&talk.say(DIALLER, &update(1)));
    assert_eq!((told.messages.len(), told.faults.len()), (5, 0), "{:?}", told.faults);
}

#[test]
fn keepalive_probes_of_tcp_are_no_octets() {
    let mut talk = opened(Talk::bgp());
    let mut probe = talk.clone();
    let [next, _] = [1_001 + 37 + 19, 0];
    probe = probe.at(next - 1, 0);
    probe.segment(DIALLER, ACK, &[0]);
    talk.packets.push(probe.packets.pop().unwrap());
    let told = told(&talk.say(DIALLER, &update(1)));
    assert_eq!((told.messages.len(), told.faults.len()), (5, 0), "{:?}", told.faults);
}

#[test]
fn bgp_is_found_on_any_port_and_nothing_else_is_taken_for_it() {
    let talk = opened(Talk::new("10.0.0.1:40000", "10.0.0.2:1790")).say(DIALLER, &update(1));
    assert_eq!(told(&talk).messages.len(), 5);

    let http = Talk::new("10.0.0.1:40000", "10.0.0.2:80").handshake().say(DIALLER, b"GET / HTTP/1.1\r\n\r\n");
    let body = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), update(1), update(2)].concat();
    let told = told(&http.say(LISTENER, &body));
    assert_eq!((told.messages.len(), told.faults.len()), (0, 0));
}

#[test]
fn messages_that_another_protocol_carries_are_not_the_session_s() {
    // BMP (RFC 7854): a header of its own before each message. The capture begins late, so that nobody sees how it began.
    let carried = |number| [&[3, 0, 0, 0, 75, 0][..], &[0; 42], &update(number)].concat();
    let talk = Talk::new("10.0.0.1:40000", "10.0.0.2:11019");
    let talk = (1..20).fold(talk, |talk, number| talk.say(DIALLER, &carried(number)));
    let told = told(&talk);
    assert_eq!((told.messages.len(), told.faults.len()), (0, 0));
}

#[test]
fn a_late_capture_on_another_port_begins_with_the_first_message_that_another_follows() {
    let talk = Talk::new("10.0.0.1:40000", "10.0.0.2:1790")
        .say(DIALLER, &[&update(1)[3..], &update(2)].concat())
        .wait(SECOND)
        .say(DIALLER, &update(3))
        .say(LISTENER, &keepalive());
    let told = told(&talk);
    assert_eq!(told.from("10.0.0.1"), [update(2), update(3)]);
    assert_eq!(told.from("10.0.0.2"), [keepalive()], "the end of the capture decides for what stands alone");
    assert_eq!(told.messages[0].time, Some(START), "when it was complete");
}

#[test]
fn sessions_side_by_side_are_kept_apart() {
    let mut packets: Vec<Packet> = Vec::new();
    let talks: Vec<Talk> = (1..=20)
        .map(|n| {
            opened(Talk::new(&format!("10.0.1.{n}:4000{}", n % 10), "10.0.0.2:179")).say(DIALLER, &update(n))
        })
        .collect();
    for index in 0..talks[0].packets.len() {
        packets.extend(talks.iter().map(|talk| talk.packets[index].clone()));
    }
    let told = read(&plain(&packets));
    for n in 1..=20 {
        assert_eq!(told.from(&format!("10.0.1.{n}")).last(), Some(&update(n)));
    }
}

#[test]
fn a_notification_is_a_message_like_others() {
    let cease = message(3, &[6, 2]);
    let told = told(&opened(Talk::bgp()).say(DIALLER, &cease).close());
    assert_eq!((told.octets().last(), told.faults.len()), (Some(&cease), 0));
}
