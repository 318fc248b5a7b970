//! `holdtime decode`: messages on the command line and on the standard input, and what is none.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

fn decode(arguments: &[&str]) -> Output {
    private::holdtime().arg("decode").args(arguments).output().unwrap()
}

fn decode_input(input: &[u8]) -> Output {
    let mut child = private::holdtime()
        .args(["decode", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// The objects of a successful run, without what changes from run to run.
fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| stable(serde_json::from_str(line).unwrap())).collect()
}

fn stable(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        for changing in ["exabgp", "time", "host", "pid", "ppid", "counter"] {
            members.remove(changing);
        }
    }
    object
}

#[test]
fn messages_on_the_standard_input_are_told_of_one_object_each() {
    let keepalive = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0013:04";
    let kinds: Vec<_> = objects(&decode_input(format!("{keepalive}\n00000000\n").as_bytes()))
        .iter()
        .map(|object| object["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["keepalive", "update"]);
}

#[test]
fn what_is_no_message_is_one_sentence_and_status_2() {
    for (arguments, expected) in [
        (vec!["--update", "zz"], "a message is written in hex"),
        (vec!["-f", "ipv4 unicats", "--update", "00000000"], "did you mean \"ipv4 unicast\"?"),
        (vec!["--update", "0000FFFF"], "the message cannot be read"),
        (vec!["/no/such/file"], "cannot read"),
    ] {
        let output = decode(&arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{said}");
    }
}

/// The "update" of one UPDATE with these path attributes and these octets of NLRI.
fn update(attributes: &str, nlri: &str) -> Value {
    let body = format!("0000{:04X}{attributes}{nlri}", attributes.len() / 2);
    let mut objects = objects(&decode(&["--update", &body]));
    objects[0]["neighbor"]["message"]["update"].take()
}

const IN_ORDER: &str = "40010100400206020100000001400304C0000201";

#[test]
fn an_error_is_told_of_beside_what_becomes_of_the_routes() {
    let no_next_hop_s_address = update(&IN_ORDER.replace("C0000201", "E0000001"), "080A");
    let error = no_next_hop_s_address["attribute"]["error"].as_str().unwrap();
    assert!(error.starts_with("treat-as-withdraw: ") && error.ends_with("(RFC 7606 §7.3)"), "{error}");
    assert_eq!(no_next_hop_s_address["withdraw"]["ipv4 unicast"][0]["nlri"], "10.0.0.0/8");
    assert!(no_next_hop_s_address.get("announce").is_none());

    let aggregator_cut_short = update(&format!("{IN_ORDER}C0070100"), "080A");
    let error = aggregator_cut_short["attribute"]["error"].as_str().unwrap();
    assert!(error.starts_with("discard: "), "{error}");
    assert_eq!(aggregator_cut_short["announce"]["ipv4 unicast"]["192.0.2.1"][0]["nlri"], "10.0.0.0/8");
}

#[test]
fn a_message_from_nowhere_is_in_order_from_an_internal_or_an_external_peer() {
    for attributes in [IN_ORDER.to_owned(), format!("{IN_ORDER}40050400000064")] {
        let update = update(&attributes, "080A");
        assert!(update["attribute"].get("error").is_none(), "{update}");
        assert_eq!(update["announce"]["ipv4 unicast"]["192.0.2.1"][0]["nlri"], "10.0.0.0/8");
    }
}

#[test]
fn a_destination_with_a_link_local_next_hop_beside_is_announced_by_both() {
    let next_hops = "20010DB8000000000000000000000001FE800000000000000000000000000001";
    let reach = format!("800E2A00020120{next_hops}002020010DB8");
    let update = update(&format!("40010100400206020100000001{reach}"), "");
    let announced = &update["announce"]["ipv6 unicast"];
    for next_hop in ["2001:db8::1", "fe80::1"] {
        assert_eq!(announced[next_hop][0]["nlri"], "2001:db8::/32", "{announced}");
    }
}
