//! The lab's verbs from outside: what they print, how they exit, and that two processes agree to the last bit.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::process::Output;

fn holdtime(arguments: &[&str]) -> Output {
    private::holdtime().args(arguments).output().unwrap()
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

/// What two processes say, which must be the same octets and hold the hashes of so many traces.
fn the_same_twice(arguments: &[&str]) -> usize {
    let (once, twice) = (text(&holdtime(arguments).stdout), text(&holdtime(arguments).stdout));
    assert_eq!(once, twice, "holdtime {}", arguments.join(" "));
    once.matches("\"hash\":").count()
}

#[test]
fn every_scenario_and_every_case_leaves_the_same_trace_in_two_processes() {
    let list = text(&holdtime(&["list"]).stdout);
    let names = |kind| {
        list.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(move |words| words.first() == Some(&kind))
            .filter_map(|words| words.get(1).copied())
    };
    for scenario in names("scenario") {
        assert!(the_same_twice(&["run", scenario, "--seed", "3", "--json"]) >= 2, "{scenario}");
    }
    let all = names("case").count() * names("reactor").count();
    assert_eq!(the_same_twice(&["suite", "--seed", "3", "--json"]), all);
}

#[test]
fn many_seeds_of_a_case_pass_on_the_shipped_reactors_with_one_line_each() {
    let output = holdtime(&["suite", "--seeds", "0..20", "--only", "conf-empty,api-one-route"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");
    for (line, reactor) in said.lines().zip(["poll", "async"]) {
        assert!(line.starts_with(reactor), "{line}");
        assert!(line.contains("seeds 0..20: 40 runs, each twice: 0 not as expected"), "{line}");
    }
}

#[test]
fn a_seed_that_fails_among_many_ends_with_its_own_command() {
    // Of a folder of somebody's own, every reactor is expected to pass; this one cannot.
    let folder = std::env::temp_dir().join(format!("holdtime-seeds-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    for (name, content) in [
        ("conf-empty.ci", include_str!("../../sim/cases/conf-empty.ci")),
        ("conf-empty.conf", include_str!("../../sim/cases/conf-empty.conf")),
        ("conf-empty.msg", include_str!("../../sim/cases/conf-empty.msg")),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let output =
        holdtime(&["suite", folder.to_str().unwrap(), "--seeds", "5..7", "--reactor", "recv-timeout"]);
    std::fs::remove_dir_all(&folder).unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("2 runs, each twice: 2 not as expected"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.ends_with("--seed 5 --reactor recv-timeout --only conf-empty"), "{last}");
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
