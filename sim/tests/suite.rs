//! The project's own cases, on every reactor.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect, SubjectRef};
use holdtime_sim::suite::{Case, OwnCases, expected_code, read_cases};

fn cases() -> Vec<Case> {
    read_cases(&OwnCases).unwrap()
}

fn code(case: &Case, reactor: SubjectRef, defect: Defect, seed: u64) -> String {
    let outcome = Run { play: &case.play(), subject: reactor, defect, choices: seed.into() }.go().unwrap();
    outcome.verdict.code().to_owned()
}

#[test]
fn every_case_shows_on_every_reactor_what_the_table_expects() {
    for case in cases() {
        for reactor in subject::reactors() {
            let code = code(&case, reactor, Defect::Present, 0);
            assert_eq!(code, expected_code(reactor.name(), &case.name), "{} on {reactor}", case.name);
        }
    }
}

#[test]
fn the_shipped_reactors_pass_every_case_from_other_seeds_too() {
    for case in cases() {
        for reactor in subject::SHIPPED {
            for seed in 1..4 {
                assert_eq!(
                    code(&case, reactor, Defect::Present, seed),
                    "pass",
                    "{} on {reactor}, seed {seed}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn a_defective_reactor_passes_every_case_once_its_single_deviation_is_undone() {
    for case in cases() {
        for reactor in subject::defective() {
            assert_eq!(code(&case, reactor, Defect::Undone, 0), "pass", "{} on {reactor}", case.name);
        }
    }
}
