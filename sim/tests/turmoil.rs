//! Somebody else's simulator comes to the same verdicts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail them")]

use holdtime_sim::scenario;
use holdtime_sim::scenario::Play;
use holdtime_sim::stage::Run;
use holdtime_sim::stage::turmoil;
use holdtime_sim::subject::ReactorName;
use holdtime_sim::subject::defective::Defect;
use holdtime_sim::suite::{OwnCases, read_cases};

/// The lab's verdict and turmoil's.
fn verdicts(play: &Play, reactor: ReactorName) -> (String, String) {
    let run = Run { play, reactor, defect: Defect::Present, seed: 1 };
    let lab = run.go().unwrap().verdict;
    let second = turmoil::play(play, reactor, 1).unwrap();
    let told = |verdict: &holdtime_sim::certificate::Verdict| match verdict.code() {
        "pass" => "pass".to_owned(),
        code if code.starts_with('O') => code.to_owned(),
        _ => format!("{verdict:?}"),
    };
    (told(&lab), told(&second))
}

#[test]
fn the_reports_hang_is_one_under_turmoil_too_and_the_async_reactor_has_none() {
    let play = Play::from(&scenario::find("silent-peer").unwrap());
    for reactor in [
        ReactorName::Async,
        ReactorName::Poll,
        ReactorName::AwaitPeers,
        ReactorName::ReadFirst,
        ReactorName::SkipOutbound,
    ] {
        let (lab, second) = verdicts(&play, reactor);
        assert_eq!(second, lab, "{reactor}");
        assert_eq!(lab == "pass", reactor.ships(), "{reactor}: {lab}");
    }
}

/// A window that takes KEEPALIVEs for ever is not among them: turmoil's counts writes, and never shuts so far.
#[test]
fn the_async_reactor_survives_stalls_under_turmoil_as_it_does_in_the_lab() {
    for name in [
        "mute-from-the-start",
        "silent-after-open",
        "silent-when-established",
        "zero-window",
        "half-open-after-a-power-cut",
    ] {
        let (lab, second) = verdicts(&Play::from(&scenario::find(name).unwrap()), ReactorName::Async);
        assert_eq!((lab.as_str(), second.as_str()), ("pass", "pass"), "{name}");
    }
}

#[test]
fn the_async_reactor_passes_every_case_under_turmoil_as_it_does_in_the_lab() {
    for case in read_cases(&OwnCases).unwrap() {
        let (lab, second) = verdicts(&case.play(), ReactorName::Async);
        assert_eq!((lab.as_str(), second.as_str()), ("pass", "pass"), "{}", case.name);
    }
}
