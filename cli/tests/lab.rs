//! The lab's verbs from outside: what they print, how they exit, and that two processes agree to the last bit.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::process::{Command, Output};

fn holdtime(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holdtime")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_main_job_names_the_plan_every_reactor_and_the_command_that_reproduces_each_hang() {
    let output = holdtime(&["run"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("plan  seed 0:"), "{said}");
    for (reactor, outcome) in [
        ("poll", "passes"),
        ("async", "passes"),
        ("await-peers", "hangs: O3"),
        ("read-first", "hangs: O1"),
        ("skip-outbound", "hangs: O1"),
        ("recv-timeout", "hangs: O2"),
    ] {
        let row = said.lines().find(|line| line.starts_with(reactor)).unwrap();
        assert!(row.contains(outcome), "{row}");
        let again = format!("again    holdtime run silent-peer --reactor {reactor} --seed 0");
        assert_eq!(said.contains(&again), outcome != "passes", "{said}");
    }
}

#[test]
fn everything_is_the_same_twice_in_two_processes() {
    for arguments in [["run", "--json"], ["suite", "--json"]] {
        let (once, twice) = (holdtime(&arguments), holdtime(&arguments));
        assert!(!once.stdout.is_empty());
        assert_eq!(text(&once.stdout), text(&twice.stdout));
    }
}

#[test]
fn a_run_that_is_not_as_expected_exits_with_1_and_ends_with_its_own_command() {
    let path = std::env::temp_dir().join(format!("holdtime-lab-{}.toml", std::process::id()));
    let file = include_str!("../../sim/scenarios/silent-peer.toml")
        .replace("await-peers = \"O3\"", "await-peers = \"pass\"");
    std::fs::write(&path, file).unwrap();
    let output = holdtime(&["run", path.to_str().unwrap(), "--seed", "7"]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let last = text(&output.stdout).lines().last().unwrap().to_owned();
    assert!(last.ends_with("--reactor await-peers --seed 7"), "{last}");
}

#[test]
fn an_unknown_scenario_reactor_or_case_is_one_sentence_with_the_nearest_name_and_status_2() {
    for (arguments, nearest) in [
        (&["run", "silent-per"][..], "silent-peer"),
        (&["run", "--reactor", "awaitpeers"], "await-peers"),
        (&["suite", "--only", "conf-emty"], "conf-empty"),
    ] {
        let output = holdtime(arguments);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&format!("did you mean \"{nearest}\"?")), "{said}");
    }
}

#[test]
fn the_list_has_every_scenario_reactor_and_case() {
    let said = text(&holdtime(&["list"]).stdout);
    for name in ["silent-peer", "recv-timeout", "conf-empty", "api-one-route"] {
        assert!(said.lines().any(|line| line.split_whitespace().nth(1) == Some(name)), "{name}");
    }
}

#[test]
fn the_shipped_reactors_pass_cases_live_over_real_tcp_with_real_programs() {
    let only = "conf-two-routes,conf-ipv6,api-announce-and-withdraw,api-received-update,api-teardown,api-two-programs";
    let output = holdtime(&["suite", "--live", "--only", only]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}
