//! Somebody else's simulator comes to the same verdicts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail them")]

use holdtime_sim::certificate::Verdict;
use holdtime_sim::scenario;
use holdtime_sim::scenario::Play;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};
use holdtime_sim::suite::{OwnCases, read_cases};

/// The lab's verdict and turmoil's, or why turmoil plays none.
fn verdicts(play: &Play, subject: SubjectRef) -> Result<(String, String), String> {
    let run = Run { play, subject, defect: Defect::Present, choices: 1.into() };
    let second = run.go_under_turmoil()?.verdict;
    let lab = run.go().unwrap().verdict;
    let told = |verdict: &Verdict| match verdict.code() {
        "pass" => "pass".to_owned(),
        code if code.starts_with('O') => code.to_owned(),
        _ => format!("{verdict:?}"),
    };
    Ok((told(&lab), told(&second)))
}

#[test]
fn the_reports_hang_is_one_under_turmoil_too_and_the_async_reactor_has_none() {
    let play = scenario::find("silent-peer").unwrap().play;
    for name in ["async", "poll", "await-peers", "read-first", "skip-outbound"] {
        let reactor = subject::find(name).unwrap();
        let (lab, second) = verdicts(&play, reactor).unwrap();
        assert_eq!(second, lab, "{reactor}");
        assert_eq!(lab == "pass", reactor.ships(), "{reactor}: {lab}");
    }
}

#[test]
fn a_hang_under_turmoil_has_the_labs_certificate() {
    let play = scenario::find("silent-peer").unwrap().play;
    let subject = subject::find("read-first").unwrap();
    let run = Run { play: &play, subject, defect: Defect::Present, choices: 1.into() };
    let chain = |verdict: Verdict| {
        let Verdict::Hang { certificate, .. } = verdict else { panic!("no hang: {verdict:?}") };
        certificate.links.into_iter().map(|link| (link.who, link.what)).collect::<Vec<_>>()
    };
    let lab = chain(run.go().unwrap().verdict);
    assert_eq!(chain(run.go_under_turmoil().unwrap().verdict), lab);
    assert!(lab.len() > 1, "{lab:?}");
}

#[test]
fn the_async_reactor_passes_every_scenario_under_turmoil_that_turmoil_can_play() {
    let mut refused = Vec::new();
    for name in scenario::embedded() {
        match verdicts(&scenario::find(name).unwrap().play, subject::ASYNC) {
            Ok(both) => assert_eq!(both, ("pass".into(), "pass".into()), "{name}"),
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    let expected = [
        "program-never-reads: turmoil's turns take no time, so that all answers are one write and a full pipe is never seen to refuse one",
        "suspended-peer: turmoil plays no faults of ours",
        "syn-blackhole: turmoil plays no faults of ours",
        "wall-clock-jumps: turmoil plays no faults of ours",
        "zero-window-with-keepalives: turmoil's window counts writes instead of octets and never shuts in such a play",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn the_async_reactor_passes_every_case_under_turmoil_as_it_does_in_the_lab() {
    for case in read_cases(&OwnCases).unwrap() {
        let (lab, second) = verdicts(&case.play(), subject::ASYNC).unwrap();
        assert_eq!((lab.as_str(), second.as_str()), ("pass", "pass"), "{}", case.name);
    }
}
