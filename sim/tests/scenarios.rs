//! Every scenario that comes with the lab shows on every reactor what its file expects.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_sim::certificate::CertificateEnd;
use holdtime_sim::observe::life::Ending;
use holdtime_sim::report::is_expected;
use holdtime_sim::scenario;
use holdtime_sim::scenario::{Expected, Scenario};
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect, Deviation, SubjectRef};

fn reactors(scenario: &Scenario) -> impl Iterator<Item = SubjectRef> {
    scenario.expect.iter().map(|(name, _)| subject::find(name).unwrap())
}

fn play(scenario: &Scenario, reactor: SubjectRef, defect: Defect, seed: u64) -> Outcome {
    Run { play: &scenario.play, subject: reactor, defect, choices: seed.into() }.go().unwrap()
}

#[test]
fn every_scenario_shows_what_it_expects_from_every_seed() {
    for name in scenario::embedded() {
        let scenario = scenario::find(name).unwrap();
        for reactor in reactors(&scenario) {
            for seed in 0..3 {
                let outcome = play(&scenario, reactor, Defect::Present, seed);
                let expected = scenario.expected(reactor.name());
                assert!(
                    is_expected(&outcome.verdict, expected),
                    "{name} on {reactor}, seed {seed}: {:?}",
                    outcome.verdict
                );
            }
        }
    }
}

/// How and when each stall ends the first session, as RFC 4271 and RFC 9687 want it.
const STALLS: [(&str, &str); 12] = [
    ("zero-window", "close at 90s"),
    ("zero-window-with-keepalives", "close at 480s"),
    ("silent-after-open", "4/0 at 90s"),
    ("silent-when-established", "4/0 at 90s"),
    ("open-dribbled", "never"),
    ("half-open-after-a-power-cut", "4/0 at 90s"),
    ("mute-from-the-start", "4/0 at 60s"),
    ("mute-listener-that-dials-in", "6/7 at 5s"),
    ("syn-blackhole", "never"),
    ("program-never-reads", "never"),
    ("suspended-peer", "4/0 at 90s"),
    ("wall-clock-jumps", "never"),
];

#[test]
fn every_stall_states_the_second_at_which_its_session_ends_or_that_it_does_not_and_both_reactors_keep_to_it()
{
    for (name, wanted) in STALLS {
        let scenario = scenario::find(name).unwrap();
        for reactor in subject::SHIPPED {
            let outcome = play(&scenario, reactor, Defect::Present, 7);
            assert_eq!(outcome.verdict.code(), "pass", "{name} on {reactor}: {:?}", outcome.verdict);
            let ended = match outcome.course.end {
                None => "never".to_owned(),
                Some(Ending::Close(at, _) | Ending::Superseded(at)) => {
                    format!("close at {}s", at.as_nanos() / 1_000_000_000)
                }
                Some(Ending::Notification(at, code, subcode)) => {
                    format!("{code}/{subcode} at {}s", at.as_nanos() / 1_000_000_000)
                }
            };
            assert_eq!(ended, wanted, "{name} on {reactor}");
            assert_eq!(outcome.course.is_up, wanted == "never" || wanted == "6/7 at 5s", "{name}");
            assert!(scenario.play.ends.is_some(), "{name} says so itself");
        }
    }
}

#[test]
fn every_scenario_passes_on_a_defective_reactor_whose_single_deviation_is_undone() {
    let scenario = scenario::find("silent-peer").unwrap();
    for reactor in subject::defective().filter(|subject| subject.deviation() == Deviation::Reactor) {
        assert_ne!(*scenario.expected(reactor.name()), Expected::Pass);
        let outcome = play(&scenario, reactor, Defect::Undone, 0);
        assert_eq!(outcome.verdict.code(), "pass", "{reactor}: {:?}", outcome.verdict);
    }
}

#[test]
fn a_certificate_names_the_silent_peer_behind_the_unanswered_command() {
    let scenario = scenario::find("silent-peer").unwrap();
    let outcome = play(&scenario, subject::find("await-peers").unwrap(), Defect::Present, 0);
    let holdtime_sim::certificate::Verdict::Hang { certificate, .. } = outcome.verdict else {
        panic!("{:?}", outcome.verdict)
    };
    let who: Vec<&str> = certificate.links.iter().map(|link| link.who.as_str()).collect();
    assert_eq!(who, ["program announce", "speaker", "its main task", "peer silent"]);
    assert_eq!(certificate.end, CertificateEnd::Circle(2), "the task and the peer wait for each other");
}
