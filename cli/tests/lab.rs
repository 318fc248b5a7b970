//! The lab's verbs from outside: what they print, how they exit, and that two processes agree to the last bit.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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
    // The suite plays the two reactors that ship and the four whose tasks deviate; the other builds play scenarios.
    let all = names("case").count() * 6;
    assert_eq!(the_same_twice(&["suite", "--seed", "3", "--json"]), all);
}

#[test]
fn how_many_jobs_there_are_changes_no_octet_of_what_a_suite_says() {
    for arguments in [
        &["suite", "--seeds", "0..9", "--only", "conf-empty,api-one-route", "--json"][..],
        &["suite", "--only", "conf-empty,api-one-route", "--json"],
    ] {
        let with = |jobs: &str| text(&holdtime(&[arguments, &["--jobs", jobs]].concat()).stdout);
        let one = with("1");
        assert!(one.contains("\"hash\":"), "{one}");
        for jobs in ["2", "3", "7"] {
            assert_eq!(with(jobs), one, "{arguments:?} with {jobs} jobs");
        }
    }
}

#[test]
fn many_seeds_of_a_case_pass_on_the_shipped_reactors_with_one_line_each() {
    let output = holdtime(&["suite", "--seeds", "0..20", "--only", "conf-empty,api-one-route"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");
    for (line, reactor) in said.lines().zip(["poll", "async"]) {
        assert!(line.starts_with(reactor), "{line}");
        assert!(line.contains("seeds 0..20: 40 runs twice, 0 unexpected"), "{line}");
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
    assert!(said.contains("2 runs twice, 2 unexpected"), "{said}");
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
        (&["run", "api-cler"], "api-clear"),
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
fn the_list_has_every_scenario_reactor_oracle_and_case() {
    let said = text(&holdtime(&["list"]).stdout);
    for name in ["silent-peer", "recv-timeout", "O1", "O8", "conf-empty", "api-one-route"] {
        assert!(said.lines().any(|line| line.split_whitespace().nth(1) == Some(name)), "{name}");
    }
}

#[test]
fn the_shipped_reactors_pass_cases_live_over_real_tcp_with_real_programs() {
    let only = "conf-two-routes,conf-ipv6,api-announce-and-withdraw,api-received-update,api-teardown,api-two-programs";
    let output = holdtime(&["suite", "--live", "--only", only]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name} {}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_case_runs_by_its_name_and_its_trace_names_who_acts_and_ends_with_the_alarm() {
    let folder = Folder::new("trace");
    let trace = folder.path().join("t.txt");
    let arguments = ["run", "api-one-route", "--reactor", "await-peers", "--trace", trace.to_str().unwrap()];
    let output = holdtime(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let lines = std::fs::read_to_string(&trace).unwrap();
    for actor in ["  speaker  ", "  speaker: main task  ", "  peer checker  ", "  network  "] {
        assert!(lines.lines().any(|line| line.contains(actor)), "{actor}: {lines}");
    }
    assert!(!lines.contains("  process "), "{lines}");
    let end: Vec<&str> = lines.lines().skip_while(|line| !line.contains("  verdict    hangs: O3")).collect();
    assert!(end.iter().any(|line| line.contains("missing  an answer to")), "{lines}");
    assert!(end.iter().any(|line| line.contains("because  ")), "{lines}");
    assert!(lines.lines().all(|line| line.len() < 400), "{lines}");
    // Without a reactor, it is of one of those that ship.
    let output = holdtime(&["run", "conf-empty", "--trace", trace.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(std::fs::read_to_string(&trace).unwrap().trim_end().ends_with("verdict    passes"));
}

#[test]
fn the_suite_explains_the_hang_of_a_case_that_is_asked_for() {
    let output = holdtime(&["suite", "--only", "api-one-route", "--reactor", "poll,await-peers"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for line in
        ["await-peers api-one-route: O3, as expected", "  missing  an answer to", "  because  program "]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("poll api-one-route"), "{said}");
}

/// Two peers, one of which expects what never comes.
const ONE_FAILS: &str = "
title = 'one of two fails'
run-for = '60s'

[[speaker]]
address = '10.0.0.1'
config = '''
neighbor 10.0.0.2 { router-id 10.0.0.1; local-address 10.0.0.1; local-as 1; peer-as 2; }
neighbor 10.0.0.3 { router-id 10.0.0.1; local-address 10.0.0.1; local-as 1; peer-as 2; }
'''

[[peer]]
name = 'strict'
address = '10.0.0.2'
as = 2
script = '''
accept
expect route 192.0.2.0/24 within 3s
'''

[[peer]]
name = 'patient'
address = '10.0.0.3'
as = 2
script = '''
accept
expect open
wait 50s
'''
";

#[test]
fn a_run_that_fails_names_where_every_script_stood_and_ends_with_its_own_command() {
    let folder = Folder::new("own scenarios");
    let path = folder.path().join("two peers.toml");
    std::fs::write(&path, ONE_FAILS).unwrap();
    let path = path.to_str().unwrap();
    let output = holdtime(&["run", path, "--seeds", "0..3", "--reactor", "poll"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    for line in [
        "poll          seeds 0..3: 3 runs, 3 unexpected",
        "failed × 3",
        "peer strict failed at `expect route 192.0.2.0/24 within 3s`",
        "peer patient at `wait 50s`",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let last = said.lines().last().unwrap();
    assert_eq!(last, format!("  again    holdtime run '{path}' --reactor poll --seed 0"));
}

#[test]
fn a_mismatch_is_decoded_on_both_sides_and_its_first_difference_is_named() {
    let folder = Folder::new("cases");
    let msg = include_str!("../../sim/cases/conf-two-routes.msg");
    assert!(msg.contains("4001010040020"), "the case has an ORIGIN: {msg}");
    for (name, content) in [
        ("conf-two-routes.ci", include_str!("../../sim/cases/conf-two-routes.ci")),
        ("conf-two-routes.conf", include_str!("../../sim/cases/conf-two-routes.conf")),
        // ORIGIN is EGP where the speaker says IGP.
        ("conf-two-routes.msg", &msg.replace("400101004002", "400101014002")),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let output = holdtime(&["suite", folder.path().to_str().unwrap(), "--reactor", "poll"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("received  FFFF") && said.contains("expected  FFFF"), "{said}");
    assert!(said.contains("UPDATE: origin igp") && said.contains("UPDATE: origin egp"), "{said}");
    assert!(said.contains("differs   `origin igp` where `origin egp` was expected"), "{said}");
    assert!(said.lines().last().unwrap().starts_with("again: holdtime suite "), "{said}");
}

#[test]
fn the_tables_fit_80_columns() {
    for arguments in [
        &["run"][..],
        &["run", "silent-peer", "--seeds", "0..20"],
        &["suite"],
        &["suite", "--seeds", "0..2", "--only", "conf-empty"],
    ] {
        let said = text(&holdtime(arguments).stdout);
        let table = said.lines().skip_while(|line| !line.starts_with("reactor") && !line.starts_with("poll"));
        let table: Vec<&str> = table.take_while(|line| !line.is_empty()).collect();
        assert!(table.len() >= 2, "{said}");
        for line in table {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

/// Starts a command that takes long, and presses Ctrl-C once `begun` says so; its status and what it wrote to the standard error.
fn interrupted(mut command: Command, begun: impl Fn(&str) -> bool) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    let mut stderr = child.stderr.take().unwrap();
    while !begun(&String::from_utf8_lossy(&said)) {
        let mut octet = [0];
        assert_eq!(stderr.read(&mut octet).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&said));
        said.extend(octet);
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    stderr.read_to_end(&mut said).unwrap();
    (child.wait().unwrap().code(), text(&said))
}

#[test]
fn what_takes_long_says_how_far_it_is_and_an_interrupt_leaves_a_report_and_no_folder() {
    let folder = Folder::new("scratch");
    // More seeds than anybody waits for.
    let mut run = private::holdtime();
    run.args(["run", "conf-empty", "--seeds", "0..10000000", "--reactor", "poll"]);
    let (status, said) = interrupted(run, |said| said.contains("of 10000000 runs\n"));
    assert_eq!(status, Some(130), "{said}");
    assert!(said.lines().last().unwrap().ends_with("of 10000000 runs are done"), "{said}");

    let mut live = private::holdtime();
    live.args(["suite", "--live", "--jobs", "1"]).env("TMPDIR", folder.path());
    let (status, said) = interrupted(live, |said| said.contains("of 144 cases\n"));
    assert_eq!(status, Some(130), "{said}");
    assert!(said.lines().last().unwrap().ends_with("of 144 cases are done"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_sweep_over_generated_worlds_prints_the_same_in_two_processes_and_for_any_number_of_jobs() {
    let told = |jobs: &str| holdtime(&["explore", "--swarm", "--seeds", "0..12", "--jobs", jobs]);
    let (one, two) = (told("1"), told("2"));
    let said = text(&one.stdout);
    assert_eq!(said, text(&two.stdout));
    assert!(said.contains("12 worlds, ") && said.contains("one-way cut"), "{said}");
    assert_eq!(one.status.code(), Some(i32::from(said.contains(" alarms, one in "))), "{said}");
}

#[test]
fn a_world_that_is_printed_is_a_scenario_that_plays() {
    let world = holdtime(&["explore", "--dump", "3"]);
    let folder = Folder::new("dumped-world");
    let file = folder.path().join("world.toml");
    std::fs::write(&file, &world.stdout).unwrap();
    let output = holdtime(&["run", file.to_str().unwrap(), "--seed", "3"]);
    assert!(text(&output.stdout).contains("Generated world 3"), "{}", text(&output.stderr));
}

#[test]
fn what_fails_in_a_generated_world_is_shrunk_to_a_scenario_that_fails_as_it_says() {
    let folder = Folder::new("shrunk-world");
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (world, small, test) = (file("world.toml"), file("small.toml"), file("small.rs"));
    std::fs::write(&world, &holdtime(&["explore", "--dump", "1"]).stdout).unwrap();
    let shrink = ["shrink", &world, "--reactor", "read-first", "--seed", "1"];
    let printed = holdtime(&shrink);
    let ledger = text(&printed.stderr);
    assert_eq!(printed.status.code(), Some(0), "{ledger}");
    assert!(ledger.starts_with("pass ") && ledger.contains("nothing smaller was found"), "{ledger}");
    let written = holdtime(&[&shrink[..], &["--out", &small, "--test", &test]].concat());
    assert_eq!(written.stdout, b"");
    assert_eq!(std::fs::read(&small).unwrap(), printed.stdout);
    assert!(std::fs::read_to_string(&test).unwrap().contains(&text(&printed.stdout)));
    let again = holdtime(&["run", &small]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stdout));
}

#[test]
fn shrinking_ends_with_status_2_where_nothing_fails_and_130_where_its_time_is_up() {
    let folder = Folder::new("unshrunk-world");
    let world = folder.path().join("world.toml").to_str().unwrap().to_owned();
    std::fs::write(&world, &holdtime(&["explore", "--dump", "3"]).stdout).unwrap();
    let passes = holdtime(&["shrink", &world, "--reactor", "poll"]);
    assert_eq!((passes.status.code(), passes.stdout.len()), (Some(2), 0));
    assert!(text(&passes.stderr).contains("it passes, so there is nothing to shrink"));
    let late = holdtime(&["shrink", &world, "--reactor", "read-first", "--for", "0s"]);
    assert_eq!(late.status.code(), Some(130), "{}", text(&late.stderr));
    assert!(text(&late.stdout).starts_with("title = \"read-first: "), "{}", text(&late.stdout));
}

#[test]
fn why_tells_in_a_line_each_until_when_a_run_could_be_saved_what_happened_and_what_is_nearest() {
    let folder = Folder::new("why");
    let file = folder.path().join("silent.toml").to_str().unwrap().to_owned();
    let scenario = holdtime_sim::scenario::find("silent-peer").unwrap();
    std::fs::write(&file, scenario.write().unwrap()).unwrap();
    let output = holdtime(&["why", &file, "--reactor", "read-first"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let labels: Vec<&str> = said.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(labels, ["before", "then", "after", "nearest"], "{said}");
    let passes = holdtime(&["why", &file, "--reactor", "poll"]);
    assert_eq!((passes.status.code(), passes.stdout.len()), (Some(2), 0));
}
