//! `holdtime encode`: what a configuration would send, message by message.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

/// A dialled neighbor and a passive one, which has to be waited for: its routes go out two a second.
const CONFIGURATION: &str = "
    process never { run /bin/false; encoder json; }
    neighbor 192.0.2.2 {
        router-id 192.0.2.1; local-address 192.0.2.1; local-as 65000; peer-as 65001; hold-time 9;
        family { ipv4 unicast; }
        api { processes [ never ]; }
        static { route 198.51.100.0/24 next-hop 192.0.2.1; }
    }
    neighbor 192.0.2.3 {
        router-id 192.0.2.1; local-address 192.0.2.1; local-as 65000; peer-as 65000; passive true; rate-limit 2;
        family { ipv4 unicast; ipv6 unicast; }
        static {
            route 10.0.0.0/8 next-hop 192.0.2.1 med 1; route 10.0.0.0/9 next-hop 192.0.2.1 med 2;
            route 10.0.0.0/10 next-hop 192.0.2.1 med 3; route 10.0.0.0/11 next-hop 192.0.2.1 med 4;
            route 2001:db8::/32 next-hop 2001:db8::1;
        }
    }";

/// What the second neighbor of [`CONFIGURATION`] is sent: OPEN, five UPDATEs, two End-of-RIBs.
const TO_THE_SECOND: usize = 8;

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn encode(configuration: &PathBuf, arguments: &[&str]) -> Output {
    let mut command = private::holdtime();
    command.arg("encode").arg(configuration).args(arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// The type of a message in hex.
fn kind(message: &str) -> &str {
    &message[36..38]
}

#[test]
fn a_neighbor_is_sent_its_open_its_routes_and_end_of_rib_in_this_order() {
    let configuration = file("encode-one.conf", CONFIGURATION);
    let sent = lines(&encode(&configuration, &["--neighbor", "192.0.2.2"]));
    let [open, update, end] = sent.as_slice() else { panic!("{sent:#?}") };
    assert_eq!(kind(open), "01");
    // ORIGIN IGP, AS_PATH 65000, NEXT_HOP 192.0.2.1; 198.51.100.0/24.
    let attributes = "40010100 4002060201 0000FDE8 400304 C0000201".replace(' ', "");
    assert_eq!(update[32..], format!("002F0200000014{attributes}18C63364"));
    assert_eq!(end[32..], *"00170200000000");
}

#[test]
fn every_neighbor_is_sent_everything_even_where_it_has_to_be_dialled_in_from_and_waited_for() {
    let configuration = file("encode-all.conf", CONFIGURATION);
    let sent = lines(&encode(&configuration, &[]));
    let kinds: Vec<_> = sent.iter().map(|message| kind(message)).collect();
    assert_eq!(kinds, ["01", "02", "02", "01", "02", "02", "02", "02", "02", "02", "02"]);
    let second = lines(&encode(&configuration, &["-n", "192.0.2.3"]));
    assert_eq!(second.len(), TO_THE_SECOND);
    assert_eq!(sent[3..], second);
    assert!(second[6..].iter().any(|message| message.ends_with("00170200000000")));
    assert!(second[6..].iter().any(|message| message.ends_with("900F0003000201")));
}

#[test]
fn what_is_encoded_as_json_says_what_decode_reads_in_the_hex() {
    let configuration = file("encode-json.conf", CONFIGURATION);
    let hex = lines(&encode(&configuration, &["-n", "192.0.2.3"]));
    let json = lines(&encode(&configuration, &["-n", "192.0.2.3", "--json"]));
    assert_eq!(hex.len(), json.len());
    let mut routes = 0;
    for (hex, json) in hex.iter().zip(&json) {
        let sent: Value = serde_json::from_str(json).unwrap();
        assert_eq!(sent["neighbor"]["direction"], "send");
        assert_eq!(sent["neighbor"]["address"]["peer"], "192.0.2.3");
        let decode = private::holdtime().args(["decode", hex]).output().unwrap();
        let read: Value = serde_json::from_slice(&decode.stdout).unwrap();
        assert_eq!(sent["type"], read["type"]);
        assert_eq!(sent["neighbor"]["message"], read["neighbor"]["message"], "{hex}");
        routes += usize::from(sent["neighbor"]["message"]["update"]["announce"].is_object());
    }
    assert_eq!(routes, 5);
}

#[test]
fn a_mistake_is_one_sentence_and_status_2() {
    let configuration = file("encode-mistakes.conf", CONFIGURATION);
    let nobody = encode(&configuration, &["--neighbor", "192.0.2.9"]);
    assert_eq!(nobody.status.code(), Some(2));
    let sentence = String::from_utf8(nobody.stderr).unwrap();
    assert_eq!(sentence, "holdtime: there is no neighbor \"192.0.2.9\"; did you mean \"192.0.2.2\"?\n");
    let empty = encode(&file("encode-empty.conf", ""), &[]);
    assert_eq!(empty.status.code(), Some(2));
    assert!(String::from_utf8(empty.stderr).unwrap().ends_with("has no neighbor to send anything to\n"));
    assert_eq!(encode(&PathBuf::from("no-such.conf"), &[]).status.code(), Some(2));
}

/// The messages that a neighbor in AS 65000 with these statements is sent by one in AS 64999.
fn sent_with(name: &str, statements: &str) -> Vec<String> {
    let text = format!(
        "neighbor 192.0.2.2 {{ router-id 192.0.2.1; local-address 192.0.2.1; peer-as 65000;
         family {{ ipv4 unicast; }} {statements} }}"
    );
    lines(&encode(&file(name, &text), &[]))
}

#[test]
fn where_the_peer_says_both_as_numbers_it_is_in_the_one_that_is_configured() {
    let sent = sent_with("encode-auto.conf", "local-as auto;");
    assert_eq!(&sent[0][40..44], "FDE8", "the OPEN's AS number");
    assert_eq!(sent.len(), 2, "an OPEN and an End-of-RIB");
}

#[test]
fn a_long_host_name_is_cut_off_and_the_session_comes_up() {
    let sent = sent_with("encode-name.conf", &format!("local-as 64999; host-name {};", "h".repeat(200)));
    let capability = format!("4942{}{}00", "40", "68".repeat(64));
    assert!(sent[0].ends_with(&capability), "{}", sent[0]);
    assert_eq!(sent.len(), 2, "an OPEN and an End-of-RIB");
}

#[test]
fn a_generic_attribute_stands_in_place_of_the_one_that_would_be_added() {
    let route = "static { route 10.0.0.0/8 next-hop 192.0.2.1 attribute [ 0x01 0xc0 0x02 ]; }";
    let sent = sent_with("encode-generic.conf", &format!("local-as 64999; {route}"));
    assert_eq!(&sent[1][46..54], "C0010102", "ORIGIN with the flags that were given");
}

/// A speaker takes the routes of a configuration into its tables in slices.
#[test]
fn every_route_of_a_long_configuration_is_printed() {
    const ROUTES: usize = 20_000;
    let routes = (0..ROUTES)
        .map(|n| format!("route 10.{}.{}.0/24 next-hop 192.0.2.1;\n", n >> 8, n & 0xff))
        .collect::<String>();
    let text = format!(
        "neighbor 192.0.2.2 {{ router-id 192.0.2.1; local-address 192.0.2.1; local-as 65000; peer-as 65001; static {{ {routes} }} }}"
    );
    let sent = lines(&encode(&file("encode-long.conf", &text), &["--json"]));
    let told = |line: &String| {
        let message: Value = serde_json::from_str(line).unwrap();
        let hops = message.pointer("/neighbor/message/update/announce/ipv4 unicast").cloned();
        let hops =
            hops.as_ref().and_then(Value::as_object).map(|hops| hops.values().filter_map(Value::as_array));
        hops.map_or(0, |hops| hops.map(Vec::len).sum())
    };
    assert_eq!(sent.iter().map(told).sum::<usize>(), ROUTES);
}
