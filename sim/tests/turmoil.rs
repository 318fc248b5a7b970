//! Somebody else's simulator comes to the same verdicts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail them, and a list is printed"
)]

use holdtime_sim::certificate::Verdict;
use holdtime_sim::scenario;
use holdtime_sim::scenario::Play;
use holdtime_sim::scenario::mistake::Source;
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
        "suspended-peer: turmoil has no process that could be stopped",
        "syn-blackhole: turmoil sends nothing again: what a path loses for a while is lost for good",
        "wall-clock-jumps: turmoil's machines have one clock, which cannot jump",
        "zero-window-with-keepalives: turmoil's window counts writes instead of octets and never shuts in such a play",
    ];
    refused.iter().for_each(|one| println!("{one}"));
    assert_eq!(refused, expected);
}

/// A speaker and a peer with this script, and these faults.
fn world(script: &str, fault: &str, ends: &str) -> Play {
    let config = |options: &str| {
        format!(
            "neighbor 10.0.0.2 {{ router-id 10.0.0.1; local-address 10.0.0.1; local-as 65001; peer-as 65002; hold-time 9; {options} }}"
        )
    };
    let (one, other) = (config(""), config("static { route 192.0.2.0/24 next-hop 10.0.0.1; }"));
    let text = format!(
        "title = 't'\nrun-for = '20s'\nfaults = '{fault}'\n[[speaker]]\naddress = '10.0.0.1'\nconfig = '{one}'\nreloads = ['{other}']\n\
         [[peer]]\nname = 'far'\naddress = '10.0.0.2'\nas = 65002\nscript = \"\"\"\n{script}\n\"\"\"\n{ends}"
    );
    let source = Source::new("world.toml", text);
    scenario::read(&source, |_| None, &subject::names()).unwrap_or_else(|mistake| panic!("{mistake}")).play
}

const MEET: &str =
    "accept\nexpect open\nsend open hold 9\nexpect keepalive\nsend keepalive\nkeepalives every 3s";

#[test]
fn faults_that_turmoil_brings_about_have_the_effect_that_they_have_in_the_lab() {
    let expires = "[ends]\nhow = 'notification 4/0'\nat = '11s'\nwithin = '4s'\n";
    let reloaded = format!("{MEET}\nexpect route 192.0.2.0/24 within 9s\nwait 1s");
    let slow = "[up]\nat = '600ms'\nwithin = '800ms'\n";
    let plays = [
        (format!("{MEET}\nwait 16s"), "at 5s cut speaker <-> far", expires),
        (format!("{MEET}\nwait 16s"), "at 5s cut far -> speaker", expires),
        (format!("{MEET}\nwait 3s"), "at 5s power far off", expires),
        (format!("{MEET}\nwait 3s"), "at 0s latency speaker <-> far 200ms", slow),
        (reloaded, "at 5s signal speaker SIGUSR1", ""),
    ];
    for (script, fault, ends) in plays {
        for reactor in subject::SHIPPED {
            let both = verdicts(&world(&script, fault, ends), reactor).unwrap();
            assert_eq!(both, ("pass".into(), "pass".into()), "{fault} on {reactor}");
        }
        let without =
            verdicts(&world(&script, "at 19s signal speaker SIGUSR2", ends), subject::ASYNC).unwrap();
        assert!(
            without.0 != "pass" && without.1 != "pass",
            "without {fault} it is another play: {without:?}"
        );
    }
}

#[test]
fn each_fault_that_turmoil_cannot_bring_about_is_refused_with_its_reason() {
    for (fault, reason) in [
        ("cut speaker -> far for 1s", "sends nothing again"),
        ("loss speaker -> far 10", "sends nothing again"),
        ("mtu speaker <-> far 576", "sends nothing again"),
        ("latency speaker -> far 10ms", "one latency for both directions"),
        ("jitter speaker <-> far 10ms", "one latency for both directions"),
        ("bandwidth speaker <-> far 1000", "no bandwidth"),
        ("suspend speaker for 1s", "no process that could be stopped"),
        ("clock far +1s", "cannot jump"),
        ("power speaker off", "a crash ends connections"),
        ("power far off for 1s", "run their programs again"),
        ("signal far SIGTERM", "no process that a signal could end"),
        ("restart speaker after 1s", "no process that a signal could end"),
        ("reboot speaker after 1s", "no process that a signal could end"),
    ] {
        let why = verdicts(&world(MEET, &format!("at 1s {fault}"), ""), subject::ASYNC).unwrap_err();
        assert!(why.contains(reason), "{fault}: {why}");
    }
}

#[test]
fn the_async_reactor_passes_every_case_under_turmoil_as_it_does_in_the_lab() {
    for case in read_cases(&OwnCases).unwrap() {
        let (lab, second) = verdicts(&case.play(), subject::ASYNC).unwrap();
        assert_eq!((lab.as_str(), second.as_str()), ("pass", "pass"), "{}", case.name);
    }
}
