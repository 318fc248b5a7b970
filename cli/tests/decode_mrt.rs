//! `holdtime decode` of MRT files: routes of tables, changes of state, what is left out, and how it ends.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "../../dump/tests/util/mod.rs"]
mod mrt;
#[path = "shared/private.rs"]
mod private;

use std::io::{Read, Write};
use std::process::{Output, Stdio};
use std::thread;

use mrt::{
    ATTRIBUTES, BGP4MP, PREFIX, SESSION, SESSION_4, TABLE_DUMP, entry, keepalive, message, peers, record, rib,
};
use serde_json::{Value, json};

fn decode(file: &[u8], options: &[&str]) -> Output {
    let mut child = private::holdtime()
        .arg("decode")
        .args(options)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, file) = (child.stdin.take().unwrap(), file.to_vec());
    let writer = thread::spawn(move || stdin.write_all(&file));
    let output = child.wait_with_output().unwrap();
    // Whoever has read enough reads no more.
    let _ = writer.join().unwrap();
    output
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The neighbors of a run, with status 0.
fn neighbors(file: &[u8], options: &[&str]) -> Vec<Value> {
    let output = decode(file, options);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let object = |line| serde_json::from_str::<Value>(line).unwrap()["neighbor"].take();
    text.lines().map(object).collect()
}

/// What is announced of the one route of an IPv4 table that has these attributes, its attributes, and what is remarked.
fn told(attributes: &[u8]) -> (Value, Value, Vec<String>) {
    let mut neighbors = neighbors(&[peers(), rib(2, &PREFIX, &[entry(0, None, attributes)])].concat(), &[]);
    assert_eq!(neighbors.len(), 1);
    let mut neighbor = neighbors.remove(0);
    let mut update = neighbor["message"]["update"].take();
    assert!(update.get("withdraw").is_none(), "{update}");
    let remarks = neighbor["remarks"].as_array().cloned().unwrap_or_default();
    let remarks = remarks.iter().map(|remark| remark.as_str().unwrap().to_owned()).collect();
    (update["announce"]["ipv4 unicast"].take(), update["attribute"].take(), remarks)
}

#[test]
fn a_route_of_a_table_is_one_line_with_its_peer_and_all_that_the_file_says() {
    let file = [peers(), rib(8, &PREFIX, &[entry(0, Some(5), &ATTRIBUTES)])].concat();
    let output = decode(&file, &[]);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn flags_that_an_update_could_not_have_are_a_remark_beside_the_route() {
    let of_bird = [&ATTRIBUTES[..13], &[0, 3, 4, 192, 0, 2, 1, 0, 5, 4, 0, 0, 0, 100]].concat();
    let (announced, attributes, remarks) = told(&of_bird);
    assert_eq!(announced["192.0.2.1"][0]["nlri"], "198.51.100.0/24");
    assert_eq!(attributes["local-preference"], 100);
    assert_eq!(remarks.len(), 2);
    assert!(remarks[1].starts_with("attribute 5: treat-as-withdraw: flags that"), "{remarks:?}");
}

#[test]
fn a_next_hop_of_ipv6_leads_to_an_ipv4_destination_shortened_or_not() {
    let address = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9]].concat();
    let short = [&[0x80, 14, 17, 16][..], &address].concat();
    let whole = [&[0x80, 14, 21, 0, 1, 1, 16][..], &address, &[0]].concat();
    let of_frr = [&[0x40, 3, 4, 0, 0, 0, 0][..], &short].concat();
    for reach in [short, whole, of_frr] {
        let (announced, _, _) = told(&[&ATTRIBUTES[..13], &reach].concat());
        assert_eq!(announced, json!({ "2001:db8::9": [{ "nlri": "198.51.100.0/24" }] }));
    }
}

#[test]
fn a_route_without_attributes_is_announced_without_a_next_hop() {
    let (announced, attributes, remarks) = told(&[]);
    assert_eq!(announced, json!({ "no-nexthop": [{ "nlri": "198.51.100.0/24" }] }));
    assert_eq!((attributes, remarks.len()), (Value::Null, 3));
    let ipv6 = [peers(), rib(4, &[16, 0x20, 1], &[entry(1, None, &ATTRIBUTES[..13])])].concat();
    let neighbor = neighbors(&ipv6, &[]).remove(0);
    let announced = &neighbor["message"]["update"]["announce"]["ipv6 unicast"];
    assert_eq!(announced, &json!({ "no-nexthop": [{ "nlri": "2001::/16" }] }));
    assert_eq!(neighbor["asn"]["peer"], 70_000);
}

#[test]
fn an_attribute_that_cannot_be_read_is_its_octets_and_the_others_stand() {
    let bad = [&ATTRIBUTES[..], &[0xc0, 8, 3, 1, 2, 3, 0x80, 4, 4, 0, 0, 0, 9, 0x80, 4, 4, 0, 0, 0, 1, 0x40]]
        .concat();
    let (announced, attributes, remarks) = told(&bad);
    assert_eq!(announced["192.0.2.1"][0]["nlri"], "198.51.100.0/24");
    assert_eq!((&attributes["attribute-0x08-0xC0"], &attributes["med"]), (&json!("0x010203"), &json!(9)));
    assert!(remarks[0].starts_with("attribute 8: "), "{remarks:?}");
    assert!(remarks[1].contains("stands twice") && remarks[2].contains("runs over the end"), "{remarks:?}");
}

#[test]
fn numbers_of_two_octets_and_of_four_are_told_apart_in_the_old_tables() {
    let attributes = [
        &[0x40, 1, 1, 0, 0x40, 2, 6, 2, 2, 0, 7, 0x5b, 0xa0][..],
        &[0xc0, 17, 6, 2, 1, 0, 1, 0x11, 0x70],
        &[0xc0, 7, 8, 0, 1, 0x11, 0x70, 192, 0, 2, 9],
    ]
    .concat();
    let length = u8::try_from(attributes.len()).unwrap();
    let body =
        [&[0, 0, 0, 1, 198, 51, 100, 0, 24, 1, 0, 0, 0, 5, 192, 0, 2, 1, 0, 7, 0, length][..], &attributes]
            .concat();
    let neighbor = neighbors(&record(TABLE_DUMP, 1, &body), &[]).remove(0);
    let attributes = &neighbor["message"]["update"]["attribute"];
    assert_eq!(attributes["as-path"]["0"]["value"], json!([7, 70_000]));
    assert_eq!(attributes["aggregator"], "70000:192.0.2.9");
    assert_eq!(neighbor["remarks"][0], "attribute 7: AS numbers of four octets");
}

#[test]
fn a_peer_that_is_not_in_the_table_is_remarked_and_its_route_told_of() {
    let neighbor =
        neighbors(&[peers(), rib(2, &PREFIX, &[entry(9, None, &ATTRIBUTES)])].concat(), &[]).remove(0);
    assert_eq!(neighbor["remarks"], json!(["peer 9 is not in the table of 2 peers"]));
    assert!(neighbor["message"]["update"]["announce"]["ipv4 unicast"]["192.0.2.1"].is_array());
}

#[test]
fn a_change_of_state_is_up_connected_or_down() {
    let change = |from: u8, to: u8| record(BGP4MP, 0, &[&SESSION[..], &[0, from, 0, to]].concat());
    let told = neighbors(&[change(5, 6), change(3, 4), change(6, 1)].concat(), &[]);
    let states: Vec<_> = told.iter().map(|neighbor| neighbor["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["up", "connected", "down"]);
    assert_eq!(told[2]["fsm"], json!({ "from": "ESTABLISHED", "to": "IDLE" }));
    assert_eq!(told[2]["reason"], "from ESTABLISHED to IDLE");
}

#[test]
fn what_the_collector_sent_is_told_of_as_sent() {
    let local = record(BGP4MP, 6, &[&SESSION[..], &message(4, &[])].concat());
    let directions: Vec<_> = neighbors(&[keepalive(), local].concat(), &[])
        .iter()
        .map(|neighbor| neighbor["direction"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(directions, ["in", "send"]);
}

/// The attributes of an UPDATE for 198.51.100.0/24 that has these beside the usual ones.
fn attributes_of(subtype: u16, more: &[u8]) -> Value {
    let attributes = [&ATTRIBUTES[..], more].concat();
    let length = u8::try_from(attributes.len()).unwrap();
    let path = if subtype >= 8 { &[0, 0, 0, 5][..] } else { &[] };
    let body = [&[0, 0, 0, length][..], &attributes, path, &PREFIX].concat();
    let file = record(BGP4MP, subtype, &[&SESSION_4[..], &message(2, &body)].concat());
    neighbors(&file, &[])[0]["message"]["update"]["attribute"].take()
}

#[test]
fn what_was_sent_to_an_external_peer_is_told_of_with_what_the_peer_ignores() {
    let inside = [0x40, 5, 4, 0, 0, 0, 200, 0x80, 9, 4, 10, 0, 0, 9, 0x80, 10, 4, 10, 0, 0, 8];
    for (subtype, preference) in [(7, json!(200)), (11, json!(200)), (4, Value::Null), (9, Value::Null)] {
        let attributes = attributes_of(subtype, &inside);
        assert_eq!(attributes["local-preference"], preference, "subtype {subtype}");
        let is_told = !preference.is_null();
        assert_eq!(attributes["originator-id"].is_string(), is_told, "subtype {subtype}");
        assert_eq!(attributes["cluster-list"].is_array(), is_told, "subtype {subtype}");
        assert_eq!(attributes_of(subtype, &[])["error"], Value::Null, "none is missing");
        let malformed = attributes_of(subtype, &[0x40, 5, 3, 0, 0, 200]);
        assert_eq!((&malformed["error"], &malformed["origin"]), (&Value::Null, &json!("igp")));
        // An AGGREGATOR that is discarded does not take the others along.
        let beside = attributes_of(subtype, &[&inside[..], &[0xc0, 7, 1, 0]].concat());
        assert_eq!(beside["local-preference"], preference, "subtype {subtype}");
    }
    let two = [&[0x40, 1, 1, 0, 0x40, 2, 4, 2, 1, 0, 7][..], &ATTRIBUTES[13..], &inside[..7]].concat();
    for (subtype, path) in [(6, &[][..]), (10, &[0, 0, 0, 5])] {
        let length = u8::try_from(two.len()).unwrap();
        let body = [&[0, 0, 0, length][..], &two, path, &PREFIX].concat();
        let file = record(BGP4MP, subtype, &[&SESSION[..], &message(2, &body)].concat());
        let told = &neighbors(&file, &[])[0]["message"]["update"]["attribute"];
        assert_eq!(told["local-preference"], 200, "subtype {subtype}");
    }
}

#[test]
fn an_attribute_of_a_table_that_is_told_of_as_octets_has_the_flags_of_the_file() {
    let octets = [
        &ATTRIBUTES[..],
        &[0xc0, 0x63, 1, 7, 0xe0, 0x64, 1, 8, 0x80, 0x65, 1, 9],
        &[0xc0, 35, 4, 0, 0, 0, 7],
    ];
    let (_, attributes, _) = told(&octets.concat());
    for (name, value) in [
        ("attribute-0x63-0xC0", "0x07"),
        ("attribute-0x64-0xE0", "0x08"),
        ("attribute-0x65-0x80", "0x09"),
        ("attribute-0x23-0xC0", "0x00000007"),
    ] {
        assert_eq!(attributes[name], value, "{attributes}");
    }
    let attributes = attributes_of(4, &[0xc0, 0x63, 1, 7]);
    assert_eq!(attributes["attribute-0x63-0xE0"], "0x07", "an UPDATE's as it would be passed on");
}

/// MP_REACH_NLRI shortened to the next hop 192.0.2.1, beside ORIGIN and AS_PATH.
fn reached() -> Vec<u8> {
    [&ATTRIBUTES[..13], &[0x80, 14, 5, 4, 192, 0, 2, 1]].concat()
}

#[test]
fn paths_to_what_is_no_prefix_are_told_apart_in_tables() {
    let evpn = [&[0, 25, 70, 3, 17][..], &[0, 0, 0, 1, 0, 0, 0, 2], &[0, 0, 0, 0, 32, 192, 0, 2, 1]].concat();
    let entries = [entry(0, Some(5), &reached()), entry(0, Some(6), &reached())];
    let paths: Vec<Value> = neighbors(&[peers(), rib(12, &evpn, &entries)].concat(), &[])
        .iter_mut()
        .map(|told| {
            told["message"]["update"]["announce"]["l2vpn evpn"]["192.0.2.1"][0]["path-information"].take()
        })
        .collect();
    assert_eq!(paths, ["0.0.0.5", "0.0.0.6"]);
}

#[test]
fn a_link_state_route_of_a_table_is_told_of_though_its_tlvs_are_out_of_order() {
    let nlri = [&[0, 1, 0, 17][..], &[2, 0, 0, 0, 0, 0, 0, 0, 9], &[1, 4, 0, 0, 1, 3, 0, 0]].concat();
    let octets: String = nlri.iter().map(|octet| format!("{octet:02X}")).collect();
    let before = [&[0x40, 4, 71, 0, 0, 0, 5][..], &nlri].concat();
    let plain = [&[0x40, 4, 71][..], &nlri].concat();
    // BGP4MP_ENTRY, with an AS_PATH of two-octet numbers.
    let state = [0, 0, 0, 0, 0, 0, 0, 5, 0x40, 4, 71, 4, 192, 0, 2, 1];
    let attributes = [0x40, 1, 1, 0, 0x40, 2, 4, 2, 1, 0, 7];
    let kept = [&SESSION[..], &state, &nlri, &[0, 11], &attributes].concat();
    for (record, path) in [
        (rib(6, &plain, &[entry(0, None, &reached())]), Value::Null),
        (rib(12, &plain, &[entry(0, Some(5), &reached())]), json!("0.0.0.5")),
        (rib(12, &before, &[entry(0, None, &reached())]), json!("0.0.0.5")),
        (record(BGP4MP, 2, &kept), Value::Null),
    ] {
        let told = neighbors(&[peers(), record].concat(), &[]).remove(0);
        let route = &told["message"]["update"]["announce"]["bgp-ls bgp-ls"]["192.0.2.1"][0];
        assert_eq!(route["raw"], format!("0x{octets}"), "{told}");
        assert_eq!(route["path-information"], path);
        let remarks = told["remarks"].as_array().unwrap();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        let remark = remarks[0].as_str().unwrap();
        assert!(remark.starts_with("NLRI: link-state TLVs out of order at octet "), "{remark}");
    }
}

#[test]
fn the_exit_status_says_whether_all_some_or_nothing_was_told() {
    let (good, other) = (keepalive(), record(11, 0, &[1]));
    let (bad, cut) = (record(BGP4MP, 1, &[]), &keepalive()[..20]);
    let bad_message = record(BGP4MP, 1, &[&SESSION[..], &message(4, &[0])].concat());
    for (file, status, lines, sentence) in [
        (good.clone(), 0, 1, ""),
        ([&good[..], &other].concat(), 0, 1, "left out: 1 × OSPFv2 (type 11, subtype 0)"),
        ([&good[..], &bad, &good].concat(), 1, 2, "MRT record 2 (octet 47): ends too early"),
        ([&good[..], cut].concat(), 1, 1, "MRT record 2 (octet 47): it is cut off"),
        ([&good[..], &bad_message].concat(), 1, 1, "MRT record 2 (octet 47): the message cannot be read"),
        (cut.to_vec(), 2, 0, "MRT record 1 (octet 0): it is cut off"),
        ([&bad[..], &bad].concat(), 2, 0, "nothing in the input could be read"),
        (other, 1, 0, "no message, route or change of state"),
        (peers(), 1, 0, "no message, route or change of state"),
        (Vec::new(), 2, 0, "there is nothing to decode"),
        (b"\0\x01\x02".to_vec(), 2, 0, "neither MRT nor"),
    ] {
        for jobs in ["1", "2"] {
            let output = decode(&file, &["--jobs", jobs]);
            let told = output.stdout.iter().filter(|octet| **octet == b'\n').count();
            assert_eq!((output.status.code(), told), (Some(status), lines), "{sentence}: {}", said(&output));
            assert!(said(&output).contains(sentence), "{}", said(&output));
        }
    }
}

#[test]
fn the_output_is_the_same_on_any_number_of_threads() {
    let routes: Vec<_> = (0..40).map(|_| entry(0, None, &ATTRIBUTES)).collect();
    let some =
        [peers(), keepalive(), rib(2, &PREFIX, &routes), record(BGP4MP, 1, &[]), record(32, 0, &[])].concat();
    let file = some.repeat(2_000);
    let one = decode(&file, &["--jobs", "1"]);
    assert_eq!(one.stdout.iter().filter(|octet| **octet == b'\n').count(), 82_000);
    let text = String::from_utf8(one.stdout.clone()).unwrap();
    assert!(text.lines().last().unwrap().contains("\"counter\": 82000,"));
    for jobs in ["2", "3", "7"] {
        assert!(decode(&file, &["--jobs", jobs]) == one, "{jobs} threads");
    }
}

#[test]
fn whoever_reads_no_further_ends_it_in_order() {
    let mut child = private::holdtime()
        .args(["decode", "--jobs", "2", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (mut stdout, mut first) = (child.stdout.take().unwrap(), [0; 100]);
    stdin.write_all(&keepalive().repeat(1_000)).unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    // The input has not ended, and need not.
    while stdin.write_all(&keepalive().repeat(1_000)).is_ok() {}
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// ORIGIN, and MP_REACH_NLRI of 2001:db8::/32, with a path between them.
fn update(path: &[u8]) -> Vec<u8> {
    let reach = [&[0x80, 14, 26, 0, 2, 1, 16][..], &[0x20; 16], &[0, 32, 0x20, 1, 0xd, 0xb8]].concat();
    let attributes = [&[0x40, 1, 1, 0][..], path, &reach].concat();
    let body = [&[0, 0, 0, u8::try_from(attributes.len()).unwrap()][..], &attributes].concat();
    record(BGP4MP, 4, &[&SESSION_4[..], &message(2, &body)].concat())
}

#[test]
fn the_user_knows_better_how_numbers_are_laid_out() {
    let file = update(&[0x40, 2, 4, 2, 1, 0, 7]);
    assert!(neighbors(&file, &[])[0]["message"]["update"]["attribute"]["error"].is_string());
    let told = &neighbors(&file, &["--two-octet-as"])[0]["message"]["update"];
    assert_eq!(told["attribute"]["as-path"]["0"]["value"], json!([7]));
    let body = [&[0, 0, 0, 20][..], &ATTRIBUTES, &[0, 0, 0, 5], &PREFIX].concat();
    let keyed = record(BGP4MP, 4, &[&SESSION_4[..], &message(2, &body)].concat());
    let told = &neighbors(&keyed, &["--path-information"])[0]["message"]["update"];
    let announced = json!([{ "nlri": "198.51.100.0/24", "path-information": "0.0.0.5" }]);
    assert_eq!(told["announce"]["ipv4 unicast"]["192.0.2.1"], announced);
}

#[test]
fn a_path_of_bgpsec_stands_for_as_path_where_the_user_says_so() {
    let file = update(&[0x90, 33, 0, 8, 0, 8, 1, 0, 0, 0, 0, 7]);
    let error = |options: &[&str]| {
        neighbors(&file, options)[0]["message"]["update"]["attribute"]["error"].as_str().map(str::to_owned)
    };
    assert!(error(&[]).unwrap().contains("a mandatory attribute is missing"));
    assert_eq!(error(&["--bgpsec"]), None);
}

#[test]
fn a_malformed_nlri_of_a_table_that_says_its_length_costs_its_own_entries_and_nothing_else() {
    let whole = rib(2, &PREFIX, &[entry(0, None, &ATTRIBUTES)]);
    for (family, nlri) in [
        // A flow rule of a component of no type, a route target of an impossible length, an SR policy of half a length.
        ("ipv4 flow", &[0, 1, 133, 4, 0xee, 1, 2, 3][..]),
        ("ipv4 rtc", &[0, 1, 132, 13, 0xee, 0xee]),
        ("ipv4 sr-policy", &[0, 1, 73, 40, 1, 2, 3, 4, 5]),
    ] {
        let table = rib(6, nlri, &[entry(0, None, &reached()), entry(0, None, &reached())]);
        let told = neighbors(&[peers(), table, whole.clone()].concat(), &[]);
        assert_eq!(told.len(), 3, "{family}");
        for entry in &told[..2] {
            let announced = entry["message"]["update"]["announce"].to_string();
            assert!(announced.contains("raw"), "{family}: {announced}");
            assert_eq!(entry["remarks"].as_array().unwrap().len(), 1, "{family}: {entry}");
        }
    }
}
