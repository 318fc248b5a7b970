//! Link layers, IP, and packets that are left out.

use std::net::SocketAddr;

use crate::talk::{Told, keepalive, read};
use crate::write::{ACK, ETHERNET, Packet, START, Segment, ether_type, ethernet, ip, pcap};

fn segment<'a>(from: &str, to: &str, payload: &'a [u8]) -> Segment<'a> {
    let (from, to): (SocketAddr, SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
    Segment { from, to, sequence: 5, acknowledges: 0, flags: ACK, payload }
}

fn captured(link: u16, frames: impl IntoIterator<Item = Vec<u8>>) -> Told {
    let packets: Vec<Packet> = frames.into_iter().map(|octets| Packet::new(START, octets)).collect();
    read(&pcap(link, false, false, &packets))
}

/// IPv4 and IPv6 packets with a KEEPALIVE.
fn packets() -> [Vec<u8>; 2] {
    let keepalive = keepalive();
    [
        segment("10.0.0.1:40000", "10.0.0.2:179", &keepalive).ip(),
        segment("[2001:db8::1]:40000", "[2001:db8::2]:179", &keepalive).ip(),
    ]
}

#[test]
fn every_link_layer_that_captures_have_is_read() {
    type Wrap = fn(&[u8]) -> Vec<u8>;
    let cases: &[(&str, u16, Wrap)] = &[
        ("Ethernet", ETHERNET, |ip| ethernet(&[], ip)),
        ("VLAN", ETHERNET, |ip| ethernet(&[0x81, 0, 0, 100], ip)),
        ("QinQ", ETHERNET, |ip| ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 100], ip)),
        ("QinQ of old", ETHERNET, |ip| ethernet(&[0x91, 0, 0, 7, 0x81, 0, 0, 100], ip)),
        ("MPLS", ETHERNET, |ip| {
            let labels = [0x88, 0x47, 0, 1, 0x00, 64, 0, 2, 0x01, 64];
            [&ethernet(&[], ip)[..12], &labels, ip].concat()
        }),
        ("PPPoE", ETHERNET, |ip| {
            let protocol = if ip[0] >> 4 == 4 { 0x21 } else { 0x57 };
            [&ethernet(&[], ip)[..12], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, protocol], ip].concat()
        }),
        ("cooked", 113, |ip| {
            [&[0, 4, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &ether_type(ip), ip].concat()
        }),
        ("cooked, VLAN", 113, |ip| {
            [&[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 9][..], &ether_type(ip), ip].concat()
        }),
        ("cooked 2", 276, |ip| {
            [&ether_type(ip)[..], &[0, 0, 0, 0, 0, 2, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0], ip].concat()
        }),
        ("raw", 101, <[u8]>::to_vec),
        ("raw of BSD", 12, <[u8]>::to_vec),
        ("raw of OpenBSD", 14, <[u8]>::to_vec),
        ("null, little-endian", 0, |ip| [&[if ip[0] >> 4 == 4 { 2 } else { 30 }, 0, 0, 0], ip].concat()),
        ("null, big-endian", 0, |ip| [&[0, 0, 0, if ip[0] >> 4 == 4 { 2 } else { 24 }], ip].concat()),
        ("loop", 108, |ip| [&[0, 0, 0, 2], ip].concat()),
        ("Cisco HDLC", 104, |ip| [&[0x0f, 0][..], &ether_type(ip), ip].concat()),
        ("PPP", 9, |ip| [&[0xff, 3, 0, if ip[0] >> 4 == 4 { 0x21 } else { 0x57 }], ip].concat()),
        ("PPP, compressed", 9, |ip| [&[if ip[0] >> 4 == 4 { 0x21 } else { 0x57 }], ip].concat()),
    ];
    for (name, link, wrap) in cases {
        let told = captured(*link, packets().iter().map(|ip| wrap(ip)));
        assert_eq!(told.octets(), [keepalive(), keepalive()], "{name}: {told:?}");
        assert_eq!(told.faults, Vec::<String>::new(), "{name}");
    }
    let [four, six] = packets();
    assert_eq!(captured(228, [four]).messages.len(), 1);
    assert_eq!(captured(229, [six]).messages.len(), 1);
}

#[test]
fn extension_headers_and_options_are_passed_over() {
    let keepalive = keepalive();
    let tcp = segment("[2001:db8::1]:40000", "[2001:db8::2]:179", &keepalive).tcp();
    let (from, to) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
    // Hop-by-hop options, then destination options, then an atomic fragment.
    let extended =
        [&[60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1][..], &tcp].concat();
    assert_eq!(captured(229, [ip(from, to, 0, &extended)]).octets(), std::slice::from_ref(&keepalive));

    let mut four = segment("10.0.0.1:40000", "10.0.0.2:179", &keepalive).ip();
    four[0] = 0x46;
    four[3] += 4;
    four.splice(20..20, [0x94, 4, 0, 0]);
    assert_eq!(captured(228, [four]).octets(), [keepalive]);
}

#[test]
fn a_segment_that_the_kernel_had_still_to_cut_is_taken_whole() {
    let [mut four, _] = packets();
    four[2..4].fill(0);
    assert_eq!(captured(228, [four]).octets(), [keepalive()]);
}

#[test]
fn what_is_left_out_is_named() {
    let [four, six] = packets();
    let mut fragment = four.clone();
    fragment[6] = 0x20;
    let mut later = four.clone();
    later[7] = 9;
    let from_six = ip(
        "2001:db8::1".parse().unwrap(),
        "2001:db8::2".parse().unwrap(),
        44,
        &[&[6, 0, 0, 1, 0, 0, 0, 1][..], &six[40..]].concat(),
    );
    let udp = ip("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap(), 17, &[0; 8]);
    let arp = [&ethernet(&[], &four)[..12], &[8, 6], &[0; 46]].concat();
    let frames =
        [fragment, later, from_six, udp, four[..30].to_vec(), four].map(|ip| ethernet(&[], &ip)).into_iter();
    let told = captured(ETHERNET, frames.chain([arp, vec![1, 2, 3]]));
    assert_eq!(told.octets(), [keepalive()]);
    let expected = [
        "fragments of IP packets",
        "fragments of IP packets",
        "fragments of IP packets",
        "packets that are not TCP",
        "packets that are not IP",
        "packets that are cut off before their IP header",
    ];
    let mut left_out = told.left_out;
    // What Ethernet's padding makes of a packet that was cut off is nobody's business.
    left_out.retain(|kind| !kind.contains("TCP payload"));
    assert_eq!(left_out, expected);
    assert_eq!(captured(147, [vec![0; 60]]).left_out, ["packets of the unknown link type 147"]);
}

#[test]
fn hostile_packets_do_nothing() {
    for link in [0, 1, 9, 12, 101, 104, 108, 113, 228, 229, 276] {
        for [mut one, mut two] in (0..=60).map(|_| packets()) {
            for length in 0..one.len() {
                one.truncate(one.len() - length.min(one.len()));
                two.truncate(two.len() - length.min(two.len()));
                captured(link, [one.clone(), two.clone()]);
            }
        }
    }
}
