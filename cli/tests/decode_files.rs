//! `holdtime decode` of files that are no part of this repository: ExaBGP's decode cases, and what collectors and daemons wrote.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;
#[path = "../../tests/util/trials.rs"]
mod trials;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output};

use serde_json::Value;
use trials::Test;

fn main() -> ExitCode {
    let test =
        |folder: &'static str, name, run| Test::needing(|| trials::without(&shared(folder)), name, run);
    trials::run(vec![
        test(
            "exabgp-qa/decoding",
            "every_decode_case_of_exabgp_gives_the_object_that_it_expects",
            every_decode_case_of_exabgp_gives_the_object_that_it_expects,
        ),
        test(
            "mrt",
            "every_message_of_the_collectors_files_is_told_of",
            every_message_of_the_collectors_files_is_told_of,
        ),
        test(
            "mrt",
            "the_tables_of_collectors_tell_of_every_route",
            the_tables_of_collectors_tell_of_every_route,
        ),
        test(
            "faults",
            "the_tables_of_daemons_tell_of_every_route",
            the_tables_of_daemons_tell_of_every_route,
        ),
    ])
}

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path)
}

fn decode(arguments: &[&str]) -> Output {
    private::holdtime().arg("decode").args(arguments).output().unwrap()
}

/// The objects of a successful run.
fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An object without what changes from run to run.
fn stable(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        for changing in ["exabgp", "time", "host", "pid", "ppid", "counter"] {
            members.remove(changing);
        }
    }
    object
}

fn every_decode_case_of_exabgp_gives_the_object_that_it_expects() {
    let mut cases = 0;
    for entry in std::fs::read_dir(shared("exabgp-qa/decoding")).unwrap() {
        let path = entry.unwrap().path();
        let case = std::fs::read_to_string(&path).unwrap();
        let mut lines = case.lines();
        let (head, hex, expected) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
        let (kind, family) = head.split_once(' ').unwrap_or((head, ""));
        let kind = format!("--{kind}");
        let arguments = if family.is_empty() { vec![&*kind, hex] } else { vec!["-f", family, &kind, hex] };
        let told: Vec<Value> = objects(&decode(&arguments)).into_iter().map(stable).collect();
        assert_eq!(told, [stable(serde_json::from_str(expected).unwrap())], "{}", path.display());
        cases += 1;
    }
    assert!(cases >= 12, "{cases} cases");
}

fn every_message_of_the_collectors_files_is_told_of() {
    let output = decode(&[shared("mrt/updates.20160811.1600.gz").to_str().unwrap()]);
    let told = output.stdout.iter().filter(|octet| **octet == b'\n').count();
    assert!(told >= 17_000, "{told} messages, {}", String::from_utf8_lossy(&output.stderr));
}

fn the_tables_of_collectors_tell_of_every_route() {
    tell_of_every_route(&[
        ("mrt/bview.ipv4_unicast_add_path.gz", 62),
        ("mrt/bview.ipv6_unicast_add_path.gz", 62),
    ]);
}

fn the_tables_of_daemons_tell_of_every_route() {
    tell_of_every_route(&[
        ("faults/rib-dump-of-bird-is-withdrawn/bird-2.0.12-table4.mrt", 9),
        ("faults/rib-local-pref-is-lost/openbgpd-7.7-table-v2.mrt", 5),
        ("faults/rib-destination-is-lost/openbgpd-7.7-vpnv4-table-v2.mrt", 1),
        ("faults/mrt-table-dump-silent/openbgpd-7.7-table.mrt", 5),
        ("faults/mrt-table-dump-silent/openbgpd-7.7-table-mp.mrt", 5),
        ("faults/rib-generic-addpath/gobgp-3.10.mrt", 1),
    ]);
}

/// Of each file so many routes, all of them announced.
fn tell_of_every_route(files: &[(&str, usize)]) {
    for (file, routes) in files {
        let told = objects(&decode(&[shared(file).to_str().unwrap()]));
        let announced = |object: &&Value| object["neighbor"]["message"]["update"]["announce"].is_object();
        assert_eq!((told.len(), told.iter().filter(announced).count()), (*routes, *routes), "{file}");
    }
}
