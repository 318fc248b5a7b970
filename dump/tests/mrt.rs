//! What an MRT file says, record by record: nothing good is lost for what is bad.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod util;

use std::io::{Cursor, ErrorKind};

use holdtime_dump::{Content, Dump, Found, Item};
use util::{
    ATTRIBUTES, BGP4MP, BGP4MP_ET, PREFIX, SESSION, SESSION_4, TABLE_DUMP, TABLE_DUMP_V2, Trickle, entry,
    found, found_in, keepalive, message, octets, peers, record, rib,
};

const KEEPALIVE: &str = "message 4 of 19 from 192.0.2.1 AS1, 2";
const ROUTE: &str = "route ipv4 unicast 198.51.100.0/24 of 192.0.2.1 AS7: 1,2,3";

#[test]
fn a_message_is_found_by_its_subtype_with_its_direction_and_its_layout() {
    for (subtype, expected) in [
        (1, "from 192.0.2.1 AS1, 2"),
        (4, "from 192.0.2.1 AS1, 4"),
        (6, "to 192.0.2.1 AS1, 2"),
        (7, "to 192.0.2.1 AS1, 4"),
        (8, "from 192.0.2.1 AS1, 2+"),
        (9, "from 192.0.2.1 AS1, 4+"),
        (10, "to 192.0.2.1 AS1, 2+"),
        (11, "to 192.0.2.1 AS1, 4+"),
    ] {
        let four = matches!(subtype, 4 | 7 | 9 | 11);
        let session = if four { &SESSION_4[..] } else { &SESSION[..] };
        let body = [session, &message(4, &[])].concat();
        let extended = [&[0, 0, 0, 1][..], &body].concat();
        let file = [record(BGP4MP, subtype, &body), record(BGP4MP_ET, subtype, &extended)].concat();
        let line = format!("message 4 of 19 {expected}");
        assert_eq!(found(&file), [line.clone(), line], "subtype {subtype}");
    }
}

#[test]
fn microseconds_are_part_of_the_time() {
    let body = [&[0, 0, 0, 7][..], &SESSION, &message(4, &[])].concat();
    let mut times = Vec::new();
    Dump::open(octets(&record(BGP4MP_ET, 1, &body))).unwrap().unwrap().each(|found| {
        if let Found::Item(item) = found {
            times.push(item.time);
        }
    });
    assert_eq!(times, [Some(9_000_007_000)]);
}

#[test]
fn a_change_of_state_is_told_of_even_where_its_writer_knows_no_address() {
    let change = [0, 6, 0, 1];
    let file = [
        record(BGP4MP, 0, &[&SESSION[..], &change].concat()),
        record(BGP4MP, 5, &[&SESSION_4[..], &change].concat()),
        record(BGP4MP, 5, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 8]),
    ];
    assert_eq!(
        found(&file.concat()),
        ["state 6 to 1 of 192.0.2.1 AS1", "state 6 to 1 of 192.0.2.1 AS1", "state 1 to 8 of 0.0.0.0 AS0"]
    );
}

#[test]
fn a_record_that_cannot_be_read_is_a_fault_with_its_place_and_the_others_stand() {
    let unknown_family = rib(6, &[0, 99, 1, 0], &[]);
    let short_session = record(BGP4MP, 1, &SESSION[..10]);
    let no_addresses = record(BGP4MP, 1, &[&[0, 1, 0, 2, 0, 0, 0, 9][..], &[0; 40]].concat());
    let long_prefix = rib(2, &[33, 1, 2, 3, 4, 5], &[entry(0, None, &[])]);
    for (bad, what) in [
        (unknown_family, "routes of a family (AFI, SAFI) that is not known here at octet 16"),
        (short_session, "ends too early at octet 20"),
        (no_addresses, "addresses of a family other than IPv4 and IPv6 at octet 20"),
        (long_prefix, "an IPv4 prefix of more than 32 bits at octet 17"),
    ] {
        let file = [keepalive(), bad, keepalive()].concat();
        let fault = format!("fault MRT record 2 (octet 47): {what}");
        assert_eq!(found(&file), [KEEPALIVE, &fault, KEEPALIVE]);
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_tells_of_what_is_whole_and_of_the_place_of_the_rest() {
    let file = [keepalive(), keepalive()].concat();
    for length in 48..file.len() {
        let lines = found(&file[..length]);
        let [first, fault] = lines.as_slice() else { panic!("{length} octets: {lines:?}") };
        assert_eq!(first, KEEPALIVE);
        assert!(fault.starts_with("fault MRT record 2 (octet 47): it is cut off: "), "{fault}");
    }
}

#[test]
fn an_input_that_fails_tells_of_what_came_before() {
    for piece in [1, 13, 4096] {
        let octets = Cursor::new([keepalive(), keepalive()].concat()[..60].to_vec());
        let trickle = Trickle { octets, piece, error: Some(ErrorKind::UnexpectedEof) };
        let lines = found_in(Box::new(trickle));
        assert_eq!(lines[0], KEEPALIVE);
        assert!(lines[1].starts_with("fault MRT record 2 (octet 47): the input cannot be read any further"));
        assert_eq!(lines.len(), 2);
    }
}

#[test]
fn a_length_beyond_all_measure_is_passed_over_where_the_file_has_it_and_a_cut_where_not() {
    let mut long = record(99, 0, &[]);
    long[8..12].copy_from_slice(&(64u32 << 20 | 1).to_be_bytes());
    let mut file = [keepalive(), long].concat();
    let lines = found(&[file.as_slice(), &[0; 100]].concat());
    assert!(lines[1].contains("67108865 octets follow its header, and 100 do"), "{}", lines[1]);
    file.resize(file.len() + (64 << 20) + 1, 0);
    let lines = found(&[file, keepalive()].concat());
    assert_eq!(lines[0], KEEPALIVE);
    assert!(lines[1].ends_with("it is passed over"), "{}", lines[1]);
    assert_eq!(lines[2..], [KEEPALIVE]);
}

#[test]
fn an_entry_of_a_table_is_a_route_of_its_destination_whatever_its_attributes_are() {
    let next_hop = [&[0x80, 14, 17, 16][..], &[0x20; 16]].concat();
    let file = [
        peers(),
        rib(2, &PREFIX, &[entry(0, None, &ATTRIBUTES), entry(1, None, &[])]),
        rib(2, &PREFIX, &[entry(0, None, &next_hop)]),
        rib(3, &PREFIX, &[entry(0, None, &ATTRIBUTES)]),
        rib(4, &[16, 0x20, 1], &[entry(1, None, &ATTRIBUTES[..4])]),
        rib(5, &[16, 0x20, 1], &[entry(1, None, &[])]),
        rib(2, &PREFIX, &[entry(2, None, &[])]),
    ];
    assert_eq!(
        found(&file.concat()),
        [
            ROUTE,
            "route ipv4 unicast 198.51.100.0/24 of 2001:db8::2 AS70000: ",
            "route ipv4 unicast 198.51.100.0/24 of 192.0.2.1 AS7: 14",
            "route ipv4 multicast 198.51.100.0/24 of 192.0.2.1 AS7: 1,2,3",
            "route ipv6 unicast 2001::/16 of 2001:db8::2 AS70000: 1",
            "route ipv6 multicast 2001::/16 of 2001:db8::2 AS70000: ",
            "route ipv4 unicast 198.51.100.0/24 of nobody: ",
        ]
    );
}

/// VPNv4 198.51.100.0/24 with label 100 of 65001:1.
const VPN: [u8; 18] = [0, 1, 128, 112, 0, 6, 0x41, 0, 0, 0xfd, 0xe9, 0, 0, 0, 1, 198, 51, 100];
const VPN_ROUTE: &str = "route ipv4 mpls-vpn 198.51.100.0/24 of 65001:1 path 5 of 192.0.2.1 AS7: 1,2,3";

#[test]
fn path_identifiers_are_found_in_the_entries_and_before_the_nlri() {
    let (in_entry, plain) = (entry(0, Some(5), &ATTRIBUTES), entry(0, None, &ATTRIBUTES));
    let before = [&VPN[..3], &[0, 0, 0, 5], &VPN[3..]].concat();
    for record in
        [rib(12, &VPN, std::slice::from_ref(&in_entry)), rib(12, &before, std::slice::from_ref(&plain))]
    {
        assert_eq!(found(&[peers(), record].concat()), [VPN_ROUTE]);
    }
    for (subtype, destination, family) in [
        (8, &PREFIX[..], "ipv4 unicast 198.51.100.0/24"),
        (9, &PREFIX, "ipv4 multicast 198.51.100.0/24"),
        (10, &[16, 0x20, 1], "ipv6 unicast 2001::/16"),
        (11, &[16, 0x20, 1], "ipv6 multicast 2001::/16"),
    ] {
        let before = [&[0, 0, 0, 5], destination].concat();
        for record in [
            rib(subtype, destination, std::slice::from_ref(&in_entry)),
            rib(subtype, &before, std::slice::from_ref(&plain)),
        ] {
            let expected = format!("route {family} path 5 of 192.0.2.1 AS7: 1,2,3");
            assert_eq!(found(&[peers(), record].concat()), [expected], "subtype {subtype}");
        }
    }
}

#[test]
fn an_entry_that_is_cut_off_is_a_fault_behind_the_good_ones() {
    let mut cut = entry(0, None, &ATTRIBUTES);
    cut.pop();
    let lines = found(&[peers(), rib(2, &PREFIX, &[entry(0, None, &ATTRIBUTES), cut])].concat());
    assert_eq!(lines[0], ROUTE);
    assert!(lines[1].ends_with("entry 2 of 2 ends too early at octet 58"), "{}", lines[1]);
    let lines = found(&[peers(), rib(2, &PREFIX, &[entry(0, None, &ATTRIBUTES), vec![0; 3]])].concat());
    assert_eq!((lines.len(), lines[0].as_str()), (2, ROUTE));
}

#[test]
fn a_short_peer_table_names_its_peers_up_to_its_end() {
    let mut table = peers();
    let length = table.len() - 5;
    table.truncate(length);
    table[8..12].copy_from_slice(&u32::try_from(length - 12).unwrap().to_be_bytes());
    let lines = found(&[table, rib(2, &PREFIX, &[entry(0, None, &ATTRIBUTES)])].concat());
    assert!(
        lines[0].starts_with("fault MRT record 1 (octet 0): the peer table ends too early"),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1..], [ROUTE]);
}

#[test]
fn a_later_peer_table_holds_for_what_stands_behind_it() {
    let other = record(TABLE_DUMP_V2, 1, &[10, 0, 0, 9, 0, 0, 0, 1, 0, 10, 0, 0, 1, 192, 0, 2, 99, 0, 8]);
    let table = rib(2, &PREFIX, &[entry(0, None, &[])]);
    let lines = found(&[peers(), table.clone(), other, table].concat());
    assert!(lines[0].contains("of 192.0.2.1 AS7") && lines[1].contains("of 192.0.2.99 AS8"), "{lines:?}");
}

#[test]
fn peers_are_where_the_geographic_table_says() {
    let place = |latitude: f32, longitude: f32| [latitude.to_be_bytes(), longitude.to_be_bytes()].concat();
    let private = place(f32::NAN, f32::NAN);
    let first = [&[0, 10, 0, 0, 1, 192, 0, 2, 1, 0, 7][..], &place(52.5, 4.75)].concat();
    let geo = [&[10, 0, 0, 9, 0, 0][..], &private, &[0, 1], &first].concat();
    let table = rib(2, &PREFIX, &[entry(0, None, &[]), entry(1, None, &[])]);
    for file in [
        [peers(), record(TABLE_DUMP_V2, 7, &geo), table.clone()].concat(),
        [record(TABLE_DUMP_V2, 7, &geo), table].concat(),
    ] {
        let mut locations = Vec::new();
        Dump::open(octets(&file)).unwrap().unwrap().each(|found| {
            if let Found::Item(Item { content: Content::Route(route), .. }) = found {
                locations.push(route.location.map(|at| (at.latitude, at.longitude)));
            }
        });
        assert_eq!(locations, [Some((52.5, 4.75)), None]);
    }
}

#[test]
fn the_old_tables_are_routes_too() {
    let tail = [1, 0, 0, 0, 5, 192, 0, 2, 1, 0, 7];
    let ipv4 = [&[0, 0, 0, 1, 198, 51, 100, 0, 24][..], &tail, &[0, 20], &ATTRIBUTES].concat();
    let wide =
        [&[0, 0, 0, 1, 198, 51, 100, 0, 24, 1, 0, 0, 0, 5, 192, 0, 2, 1, 0, 0, 0, 7, 0, 0][..]].concat();
    let ipv6 =
        [&[0, 0, 0, 1, 0x20, 1][..], &[0; 14], &[16, 1, 0, 0, 0, 5], &[0x20; 16], &[0, 7, 0, 0]].concat();
    let too_long = [&[0, 0, 0, 1, 198, 51, 100, 0, 33][..], &tail, &[0, 0]].concat();
    let family = [0, 1, 1, 4, 192, 0, 2, 1];
    let entry =
        [&SESSION[..], &[0, 0, 0, 1, 0, 0, 0, 5], &family, &PREFIX, &[0, 4], &ATTRIBUTES[..4]].concat();
    let file = [
        record(TABLE_DUMP, 1, &ipv4),
        record(TABLE_DUMP, 3, &wide),
        record(TABLE_DUMP, 2, &ipv6),
        record(TABLE_DUMP, 1, &too_long),
        record(BGP4MP, 2, &entry),
        record(BGP4MP, 3, &entry),
        record(BGP4MP, 3, b"\0\0a file's name\0"),
    ];
    let of_entry = "route ipv4 unicast 198.51.100.0/24 of 192.0.2.1 AS1: 1";
    assert_eq!(
        found(&file.concat()),
        [
            ROUTE,
            "route ipv4 unicast 198.51.100.0/24 of 192.0.2.1 AS7: ",
            "route ipv6 unicast 2001::/16 of 2020:2020:2020:2020:2020:2020:2020:2020 AS7: ",
            &format!(
                "fault MRT record 4 (octet {}): a prefix of more bits than an address has at octet 20",
                file[..3].concat().len()
            ),
            of_entry,
            of_entry,
            "left out BGP4MP SNAPSHOT (type 16, subtype 3)",
        ]
    );
}

#[test]
fn what_is_not_looked_into_is_named_to_be_counted() {
    for (kind, subtype, name) in [
        (5, 1, "BGP UPDATE (type 5, subtype 1)"),
        (9, 7, "BGP4PLUS KEEPALIVE (type 9, subtype 7)"),
        (11, 0, "OSPFv2 (type 11, subtype 0)"),
        (13, 99, "TABLE_DUMP_V2 (type 13, subtype 99)"),
        (12, 9, "TABLE_DUMP (type 12, subtype 9)"),
        (17, 99, "BGP4MP_ET (type 17, subtype 99)"),
        (33, 0, "ISIS_ET (type 33, subtype 0)"),
        (49, 0, "OSPFv3_ET (type 49, subtype 0)"),
    ] {
        let file = [record(kind, subtype, &[1, 2, 3]), keepalive()].concat();
        assert_eq!(found(&file), [format!("left out {name}"), KEEPALIVE.into()]);
    }
}

#[test]
fn a_file_is_mrt_though_nobody_knows_the_type_of_its_first_records() {
    for kind in [14, 15, 18, 50, 99, 255, 256, 0x3030, 65535] {
        let unknown = record(kind, 0, &[1, 2, 3]);
        let left_out = format!("left out MRT (type {kind}, subtype 0)");
        for (file, expected) in [
            ([unknown.clone(), keepalive()].concat(), vec![&left_out, KEEPALIVE]),
            (
                [unknown.clone(), unknown.clone(), peers(), keepalive()].concat(),
                vec![&left_out, &left_out, KEEPALIVE],
            ),
            ([record(kind, 0, &[7; 100_000]), keepalive()].concat(), vec![&left_out, KEEPALIVE]),
            (unknown.clone(), vec![&left_out]),
            (record(kind, 0, &[]).repeat(2), vec![&left_out; 2]),
        ] {
            assert_eq!(found(&file), expected);
            let octets = Cursor::new(file);
            assert_eq!(found_in(Box::new(Trickle { octets, piece: 5, error: None })), expected);
        }
    }
    let strange = [record(BGP4MP, 300, &[1, 2, 3]), keepalive()].concat();
    assert_eq!(found(&strange), ["left out BGP4MP (type 16, subtype 300)", KEEPALIVE]);
    let cut = [record(99, 0, &[1, 2, 3]), keepalive()[..20].to_vec()].concat();
    assert!(found(&cut)[1].contains("it is cut off"));
}

#[test]
fn octets_of_which_no_record_says_where_the_next_begins_are_no_mrt() {
    let unknown = record(99, 0, &[1, 2, 3]);
    let beyond = [unknown.as_slice(), &[0xee; 40]].concat();
    for none in [&unknown[..14], &[unknown.as_slice(), &[0xee; 5]].concat(), &beyond, &[0x7f, 0, 1, 2]] {
        assert!(Dump::open(octets(none)).unwrap().is_none(), "{none:?}");
    }
}

#[test]
fn octets_behind_what_a_record_holds_are_a_fault_behind_it() {
    let one = message(4, &[]);
    let state = [&SESSION[..], &[0, 6, 0, 1]].concat();
    let old = [&[0, 0, 0, 1, 198, 51, 100, 0, 24, 1, 0, 0, 0, 5, 192, 0, 2, 1, 0, 7][..], &[0, 0]].concat();
    let family = [0, 1, 1, 4, 192, 0, 2, 1];
    let entry = [&SESSION[..], &[0, 0, 0, 1, 0, 0, 0, 5], &family, &PREFIX, &[0, 0]].concat();
    for (kind, subtype, body, item) in [
        (BGP4MP, 1, [&SESSION[..], &one].concat(), KEEPALIVE),
        (BGP4MP_ET, 1, [&[0; 4][..], &SESSION, &one].concat(), KEEPALIVE),
        (BGP4MP, 4, [&SESSION_4[..], &one].concat(), "message 4 of 19 from 192.0.2.1 AS1, 4"),
        (BGP4MP, 0, state, "state 6 to 1 of 192.0.2.1 AS1"),
        (BGP4MP, 2, entry, "route ipv4 unicast 198.51.100.0/24 of 192.0.2.1 AS1: "),
        (TABLE_DUMP, 1, old, "route ipv4 unicast 198.51.100.0/24 of 192.0.2.1 AS7: "),
    ] {
        for behind in [&one[..], &[0]] {
            let record = record(kind, subtype, &[&body, behind].concat());
            let fault =
                format!("fault MRT record 1 (octet 0): octets left over at octet {}", 12 + body.len());
            assert_eq!(found(&[record, keepalive()].concat()), [item, &fault, KEEPALIVE]);
        }
    }
    // A length that no message has delimits nothing: whoever decodes it sees all there is.
    let mut short = one;
    short[16..18].copy_from_slice(&[0, 7]);
    let short = record(BGP4MP, 1, &[&SESSION[..], &short, &[0; 3]].concat());
    assert_eq!(found(&short), ["message 4 of 22 from 192.0.2.1 AS1, 2"]);
}

#[test]
fn batches_of_any_size_of_input_find_the_same() {
    let some = [peers(), rib(2, &PREFIX, &[entry(0, None, &ATTRIBUTES)]), keepalive()].concat().repeat(5_000);
    let whole = found(&some);
    assert_eq!(whole.len(), 10_000);
    for piece in [100, 70_000] {
        let octets = Cursor::new(some.clone());
        assert_eq!(found_in(Box::new(Trickle { octets, piece, error: None })), whole);
    }
}
