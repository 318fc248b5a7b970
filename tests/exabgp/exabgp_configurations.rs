//! ExaBGP's own `conf-*` cases, on the bare core: what its configuration files announce must be what ExaBGP sends, octet
//! by octet. They are read from `../shared/exabgp-qa` where that folder is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::trials::Test;
use crate::util::*;
use holdtime_core::speaker::Input;

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::needing(
        || crate::trials::without(&folder()),
        "every_configuration_announces_what_exabgp_announces",
        every_configuration_announces_what_exabgp_announces,
    )]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exabgp-qa")
}

/// The messages that a case expects, in hex without marker and length.
fn expected(text: &str) -> BTreeSet<String> {
    let rules = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (_, rule) = line.split_once(':')?;
        let octets = rule.strip_prefix("raw:")?.replace(':', "").to_lowercase();
        Some(octets[36..].to_owned())
    });
    rules.collect()
}

/// Runs a configuration against a peer that answers with the OPEN that it gets, one identifier further.
fn announced(text: &str, rules: &str) -> BTreeSet<String> {
    let mut setup = setup(text);
    // The version under which the suite ran.
    setup.identity.version = String::from("5.0.0-0+test");
    let mut lone = Lone::new(setup);
    let stream = lone.dialled().expect("the speaker dials");
    let (local, remote) = match text.contains("local-address ::1") {
        true => (addr("[::1]:50000"), addr("[::1]:179")),
        false => (addr("127.0.0.1:50000"), addr("127.0.0.1:179")),
    };
    lone.feed(Input::Connected { stream, local, remote });
    let (_, mut open) = lone.sent.pop().expect("an OPEN");
    let mut all = BTreeSet::from([hex(&open[18..])]);
    let asn: Option<u32> =
        rules.lines().find_map(|line| line.strip_prefix("option:asn:")?.trim().parse().ok());
    match asn {
        None => open[27] = open[27].wrapping_add(1),
        Some(asn) => {
            open[20..22].copy_from_slice(&(asn.min(23_456) as u16).to_be_bytes());
            if let Some(at) = open.windows(4).position(|part| part == [2, 6, 65, 4]) {
                open[at + 4..at + 8].copy_from_slice(&asn.to_be_bytes());
            }
        }
    }
    lone.receive(stream, &open);
    lone.receive(stream, &keepalive());
    if rules.contains("send-unknown-message") {
        lone.receive(stream, &message(255, &[]));
    }
    all.extend(lone.take_sent());
    all
}

fn every_configuration_announces_what_exabgp_announces() {
    let folder = folder();
    let cases = fs::read_dir(folder.join("encoding")).unwrap();
    let mut failures = vec![];
    let mut names: Vec<_> = cases.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.iter().filter_map(|name| name.strip_suffix(".msg")) {
        let rules = fs::read_to_string(folder.join(format!("encoding/{name}.msg"))).unwrap();
        let files = fs::read_to_string(folder.join(format!("encoding/{name}.ci"))).unwrap();
        let config = fs::read_to_string(folder.join("etc").join(files.trim())).unwrap_or_default();
        if config.is_empty() || config.contains("run ") {
            continue;
        }
        let wanted = expected(&rules);
        let mut got = announced(&config, &rules);
        if !wanted.iter().any(|message| message.starts_with("01")) {
            got.retain(|message| !message.starts_with("01"));
        }
        let is_end =
            |message: &&String| message.as_str() == "0200000000" || message.starts_with("0200000007900f0003");
        let missing: Vec<_> = wanted.difference(&got).collect();
        let surplus: Vec<_> = got.difference(&wanted).filter(|message| !is_end(message)).collect();
        if !missing.is_empty() || !surplus.is_empty() {
            failures.push(format!("{name}\n  missing {missing:#?}\n  surplus {surplus:#?}"));
        }
    }
    assert!(failures.is_empty(), "{} of {}\n{}", failures.len(), names.len() / 2, failures.join("\n"));
}
