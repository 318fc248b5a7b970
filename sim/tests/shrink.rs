//! Findings of generated worlds, shrunk: the key stays, nothing is left to take, and what is printed is a test that passes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::cell::Cell;

use holdtime_sim::explore;
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::{self, Expected, Scenario};
use holdtime_sim::shrink::{Ended, LedgerLine, Limits, Shrunk, Unshrinkable, shrink, size, test_of};
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};

#[path = "shrunk/printed.rs"]
mod printed;

fn find(name: &str) -> SubjectRef {
    subject::find(name).unwrap()
}

fn read(text: &str) -> Scenario {
    scenario::read(&Source::new("shrunk.toml", text), |_| None, &subject::names()).unwrap()
}

/// Shrinks within so many runs, and returns the ledger too.
fn shrunk(scenario: &Scenario, subject: SubjectRef, seed: u64, runs: u32) -> (Shrunk, Vec<LedgerLine>) {
    let mut ledger = Vec::new();
    let limits = Limits { runs, stop: &|| false };
    let shrunk = shrink(scenario, subject, seed, &limits, &mut |line| ledger.push(line.clone())).unwrap();
    (shrunk, ledger)
}

fn first_finding(subject: SubjectRef, from: u64) -> (u64, Scenario) {
    let fails = |seed: &u64| explore::play(*seed, Some(subject)).unwrap().outcome.verdict.key().is_some();
    let seed = (from..).find(fails).unwrap();
    (seed, explore::world(seed).unwrap().scenario)
}

/// The defective reactors of the report, and how many actors and steps the hang of one needs.
const REPORT: [&str; 4] = ["await-peers", "read-first", "skip-outbound", "recv-timeout"];

#[test]
fn a_finding_of_each_reactor_of_the_report_shrinks_to_five_steps_and_one_peer_under_its_own_key() {
    for name in REPORT {
        let subject = find(name);
        let (seed, world) = first_finding(subject, 1);
        let key = explore::play(seed, Some(subject)).unwrap().outcome.verdict.key().unwrap();
        let (shrunk, _) = shrunk(&world, subject, seed, 2_000);
        assert_eq!((shrunk.ended, &shrunk.key), (Ended::Smallest, &key), "{name}");
        // What is written is what was played.
        let scenario = read(&shrunk.scenario.write().unwrap());
        let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: shrunk.seed.into() };
        let outcome = run.go().unwrap();
        assert_eq!(outcome.verdict.key(), Some(key), "{name}");
        let play = &scenario.play;
        let (speakers, peers, programs) = (play.speakers.len(), play.peers.len(), play.programs.len());
        let steps = size(&scenario) - speakers - peers - programs;
        assert!(peers <= 1 && programs <= 1 && steps <= 5, "{name}: {}", shrunk.scenario.write().unwrap());
        assert!(matches!(scenario.expected(name), Expected::Hang(_)), "{name}");
        assert!(scenario.title.starts_with(&format!("{name}: ")), "{}", scenario.title);
    }
}

#[test]
fn shrinking_again_changes_nothing() {
    for name in REPORT {
        let subject = find(name);
        let (seed, world) = first_finding(subject, 20);
        let (once, _) = shrunk(&world, subject, seed, 2_000);
        let (twice, ledger) = shrunk(&once.scenario, subject, once.seed, 2_000);
        assert_eq!(twice.scenario.write().unwrap(), once.scenario.write().unwrap(), "{name}");
        assert_eq!((twice.seed, twice.ended, twice.key), (once.seed, Ended::Smallest, once.key), "{name}");
        assert!(ledger.iter().all(|line| line.kept == 0), "{name}: {ledger:?}");
    }
}

#[test]
fn the_ledger_adds_up_to_the_runs_and_the_sizes() {
    let subject = find("read-first");
    let (seed, world) = first_finding(subject, 0);
    let (shrunk, ledger) = shrunk(&world, subject, seed, 2_000);
    assert_eq!(ledger.iter().map(|line| line.tried).sum::<u32>() + 1, shrunk.runs);
    assert_eq!(ledger.first().unwrap().before, size(&world));
    assert_eq!(ledger.last().unwrap().after, size(&shrunk.scenario));
    assert!(ledger.windows(2).all(|two| two[0].after == two[1].before));
}

#[test]
fn a_budget_is_kept_and_what_is_best_by_then_still_fails() {
    let subject = find("read-first");
    let (seed, world) = first_finding(subject, 0);
    let mut sizes = Vec::new();
    for runs in [1, 10, 40] {
        let (shrunk, _) = shrunk(&world, subject, seed, runs);
        assert_eq!((shrunk.ended, shrunk.runs), (Ended::Runs, runs));
        let play = &shrunk.scenario.play;
        let run = Run { play, subject, defect: Defect::Present, choices: shrunk.seed.into() };
        assert_eq!(run.go().unwrap().verdict.key(), Some(shrunk.key));
        sizes.push(size(&shrunk.scenario));
    }
    assert!(sizes[0] == size(&world) && sizes[1] < sizes[0] && sizes[2] < sizes[1], "{sizes:?}");
}

#[test]
fn whoever_is_told_to_stop_hands_out_the_best_so_far() {
    let subject = find("read-first");
    let (seed, world) = first_finding(subject, 0);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 20
    };
    let shrunk = shrink(&world, subject, seed, &Limits { runs: 1_000, stop: &stop }, &mut |_| {}).unwrap();
    // It is asked of what was played before too, which is not played again.
    assert!(shrunk.ended == Ended::Stopped && shrunk.runs <= 21, "{:?}, {}", shrunk.ended, shrunk.runs);
    assert!(size(&shrunk.scenario) < size(&world));
}

#[test]
fn what_passes_is_not_shrunk() {
    let world = explore::world(0).unwrap().scenario;
    let limits = Limits { runs: 10, stop: &|| false };
    let refused = shrink(&world, subject::POLL, 0, &limits, &mut |_| {});
    assert_eq!(refused.unwrap_err(), Unshrinkable::Passes);
}

/// A peer that waits for what never comes.
const WAITS: &str = "\
title = 'A peer waits for a NOTIFICATION'
run-for = '2m'

[[speaker]]
address = '10.0.0.1'
receive-buffer = 4096
config = '''
neighbor 10.0.0.2 {
	router-id 10.0.0.1;
	local-address 10.0.0.1;
	local-as 65001;
	peer-as 65002;
	family { ipv4 unicast; ipv6 unicast; }
}
'''

[[peer]]
name = 'far'
address = '10.0.0.2'
as = 65002
script = '''
accept
send open hold 30
send keepalive
wait 1s
expect notification 6/3
'''

[expect]
poll = 'pass'
";

#[test]
fn the_printed_test_is_the_one_that_is_compiled_here() {
    let (shrunk, _) = shrunk(&read(WAITS), subject::POLL, 0, 1_000);
    // Printed by `holdtime shrink FILE --print-test`.
    assert_eq!(test_of(&shrunk, subject::POLL).unwrap(), include_str!("shrunk/printed.rs"));
}

#[test]
fn a_printed_test_has_the_scenario_its_seed_and_its_key() {
    let subject = find("read-first");
    let (seed, world) = first_finding(subject, 0);
    let (shrunk, _) = shrunk(&world, subject, seed, 2_000);
    let printed = test_of(&shrunk, subject).unwrap();
    for part in [
        shrunk.scenario.write().unwrap(),
        format!("choices: {}.into()", shrunk.seed),
        format!("{:?}", shrunk.key.as_str()),
    ] {
        assert!(printed.contains(&part), "{part}\n{printed}");
    }
}
