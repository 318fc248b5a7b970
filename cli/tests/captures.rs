//! `holdtime decode` of captures: what the lab captures of its runs, and what is said of what a capture lacks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

#[path = "shared/private.rs"]
mod private;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdtime_core::{Instant, StreamId};
use holdtime_dump::{Batch, BatchReader, Content, Dump, Found};
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;
use holdtime_sim::scenario;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};
use serde_json::Value;

/// A file of nobody else's: the tests run side by side.
fn scratch(name: &str) -> PathBuf {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("captures-{}-{number}-{name}", std::process::id()))
}

/// Plays a scenario on one reactor; returns its capture and its trace.
fn play(scenario: &str) -> (PathBuf, String) {
    let (pcap, trace) = (scratch(&format!("{scenario}.pcap")), scratch(&format!("{scenario}.trace")));
    let mut command = private::holdtime();
    command.args(["run", scenario, "--reactor", "poll", "--pcap"]).arg(&pcap).arg("--trace").arg(&trace);
    assert!(command.output().unwrap().status.success(), "{scenario}");
    (pcap, fs::read_to_string(trace).unwrap())
}

/// The objects that are printed of a file.
fn decoded(file: &PathBuf) -> (Vec<Value>, String) {
    let output = private::holdtime().arg("decode").arg(file).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let objects = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (objects, String::from_utf8(output.stderr).unwrap())
}

/// What the speaker and its peer wrote on their connections.
#[derive(Default)]
struct Written {
    /// Both, by the number that the lab gives them.
    hosts: Vec<ProcessId>,
    octets: BTreeMap<(ProcessId, StreamId), Vec<u8>>,
}

impl Observer for Written {
    fn meet(&mut self, process: ProcessId, _name: &str) {
        self.hosts.push(process);
    }

    fn on_step(&mut self, _at: Instant, step: &Step<'_>) {
        // The speaker's pipes to its programs are no connections: no OPEN begins them.
        if let Step::Wrote(process, stream, Ok(octets)) = *step
            && self.hosts.contains(&process)
            && (octets.starts_with(&[0xff; 16]) || self.octets.contains_key(&(process, stream)))
        {
            self.octets.entry((process, stream)).or_default().extend_from_slice(octets);
        }
    }
}

/// Plays a scenario as [`play`] does, beside it; returns what each of the two wrote, in the order of their connections.
fn written(scenario: &str) -> Vec<Vec<u8>> {
    let written = Rc::new(RefCell::new(Written::default()));
    let play = scenario::find(scenario).unwrap().play;
    let run = Run { play: &play, subject: subject::POLL, defect: Defect::Present, choices: 0.into() };
    let observer: Rc<RefCell<dyn Observer>> = written.clone();
    run.go_watched(&[observer]).unwrap();
    let mut all: BTreeMap<ProcessId, Vec<u8>> = BTreeMap::new();
    for ((process, _), octets) in &written.borrow().octets {
        all.entry(*process).or_default().extend_from_slice(octets);
    }
    all.into_values().collect()
}

#[test]
fn what_the_lab_captured_is_every_message_that_its_processes_wrote() {
    for scenario in ["silent-peer", "silent-when-established", "suspended-peer"] {
        let (pcap, _) = play(scenario);
        let mut written = written(scenario);
        let mut captured: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut stream = Dump::open(Box::new(fs::File::open(&pcap).unwrap())).unwrap().unwrap();
        let mut batch = Batch::default();
        let mut messages = 0;
        while stream.fill(&mut batch) {
            for found in batch.found() {
                let Found::Item(item) = found else { panic!("{scenario}: {found:?}") };
                let Content::Message(message) = item.content else {
                    panic!("{scenario}: {:?}", item.content)
                };
                let from = item.session.unwrap().peer_address.to_string();
                captured.entry(from).or_default().extend_from_slice(message.octets);
                messages += 1;
            }
            batch.clear();
        }
        let mut captured: Vec<Vec<u8>> = captured.into_values().collect();
        written.sort();
        captured.sort();
        assert_eq!(captured, written, "{scenario}");
        assert!(messages > 5, "{scenario}: {messages} messages");
        assert_eq!(decoded(&pcap).0.len(), messages, "{scenario}");
    }
}

#[test]
fn each_message_has_its_ends_their_numbers_and_its_time() {
    let (pcap, _) = play("silent-peer");
    let (objects, said) = decoded(&pcap);
    assert_eq!(said, "");
    let update = objects.iter().find(|object| object["neighbor"]["message"]["update"].is_object()).unwrap();
    let neighbor = &update["neighbor"];
    assert_eq!(
        (&neighbor["address"]["local"], &neighbor["address"]["peer"]),
        (&"10.0.0.2".into(), &"10.0.0.1".into())
    );
    assert_eq!((&neighbor["asn"]["local"], &neighbor["asn"]["peer"]), (&65_002.into(), &65_001.into()));
    assert_eq!(neighbor["direction"], "in");
    assert!(update["time"].as_f64().unwrap() > 1e9, "{}", update["time"]);
}

#[test]
fn what_a_capture_lacks_is_said_and_the_rest_is_told_of() {
    let (pcap, _) = play("silent-peer");
    let whole = decoded(&pcap).0.len();
    let octets = fs::read(&pcap).unwrap();
    let cut = scratch("cut.pcap");
    fs::write(&cut, &octets[..octets.len() - 1]).unwrap();
    let (objects, said) = decoded(&cut);
    assert!((whole - 1..=whole).contains(&objects.len()), "{} of {whole}", objects.len());
    assert!(said.contains("the file ends within a block"), "{said}");
    let output = private::holdtime().arg("decode").arg(&cut).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// The capture without the packets in which an OPEN is: a pcapng file is blocks, each with its length (draft-ietf-opsawg-pcapng §3.1).
fn without_opens(capture: &[u8]) -> Vec<u8> {
    let mut rest = capture;
    let mut kept = Vec::new();
    while rest.len() >= 12 {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        let (block, behind) = rest.split_at(length);
        let is_open = block.windows(19).any(|octets| octets[..16] == [0xff; 16] && octets[18] == 1);
        if !is_open {
            kept.extend_from_slice(block);
        }
        rest = behind;
    }
    kept
}

#[test]
fn what_an_external_peer_announces_is_announced_though_no_open_was_captured() {
    let (pcap, _) = play("silent-peer");
    let late = scratch("late.pcap");
    let octets = fs::read(&pcap).unwrap();
    let without = without_opens(&octets);
    assert!(without.len() < octets.len());
    fs::write(&late, without).unwrap();
    let (objects, _) = decoded(&late);
    let update = |object: &&Value| object["neighbor"]["message"]["update"].is_object();
    let neighbor = &objects.iter().find(update).unwrap()["neighbor"];
    let update = &neighbor["message"]["update"];
    assert_eq!(neighbor["asn"]["peer"], Value::Null);
    assert_eq!(update["announce"]["ipv4 unicast"]["10.0.0.1"][0]["nlri"], "192.0.2.0/24", "{update}");
    assert!(update["attribute"].get("error").is_none(), "{update}");
}
