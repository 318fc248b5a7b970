//! Real programs in the lab, from outside: `holdtime suite DIR --real-programs`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with one case, whose program this is.
fn case(name: &str, program: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("real-{name}-{}", std::process::id()));
    fs::create_dir_all(folder.join("run")).unwrap();
    let config = include_str!("../../sim/cases/api-one-route.conf");
    let config = config.replace("./dialogue/api-one-route", &format!("./run/{name}"));
    fs::write(folder.join("api-one.conf"), config).unwrap();
    fs::write(folder.join("api-one.ci"), "api-one.conf\n").unwrap();
    fs::write(folder.join("api-one.msg"), include_str!("../../sim/cases/api-one-route.msg")).unwrap();
    let program_file = folder.join("run").join(name);
    fs::write(&program_file, format!("#!/bin/sh\n{program}\n")).unwrap();
    fs::set_permissions(program_file, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn suite(folder: &Path) -> Command {
    let mut command = private::holdtime();
    command.args(["suite", folder.to_str().unwrap(), "--real-programs", "--reactor", "poll,async"]);
    command
}

fn told(output: Output) -> (Option<i32>, String) {
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Says a route, and takes its time.
const ANNOUNCES: &str =
    "sleep 2\necho announce route 198.51.100.0/24 next-hop 192.0.2.9\nread answer\nsleep 60";

#[test]
fn a_shell_program_passes_its_case_and_leaves_the_same_trace_in_two_processes() {
    let folder = case("announces", ANNOUNCES);
    let sweep = || suite(&folder).args(["--seeds", "0..3", "--json"]).output().unwrap();
    let (once, twice) = (sweep(), sweep());
    assert_eq!(once.stdout, twice.stdout);
    let (status, said) = told(once);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said.matches("\"failed\":0").count(), 2, "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_the_lab_cannot_hold_is_refused_by_name_and_not_played() {
    let folder = case("leaves", "sleep 1000 &\nexit 0");
    let (status, said) = told(suite(&folder).output().unwrap());
    assert_eq!(status, Some(2), "{said}");
    let why = "the program ./run/leaves ended and left its child sleep behind, which the lab cannot hold";
    assert!(said.contains(why), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_program_that_fails_says_why_in_its_last_words() {
    let folder = case("fails", "echo nothing to announce >&2\nexit 3");
    let (status, said) = told(suite(&folder).output().unwrap());
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("ended with exit code 3: nothing to announce"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_interrupt_leaves_no_program_behind() {
    let folder = case("interrupted", ANNOUNCES);
    let mut command = suite(&folder);
    let mut child = command.args(["--seeds", "0..1000000"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().contains("of 2000000 runs")));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left: Vec<PathBuf> = fs::read_dir("/proc")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|process| {
            let command = fs::read(process.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains("run/interrupted")
        })
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new());
    fs::remove_dir_all(folder).unwrap();
}

/// The example of a scenario with a real program.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/real-program.toml");

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    told(private::holdtime().args(["run", EXAMPLE]).args(arguments).output().unwrap())
}

#[test]
fn a_scenario_plays_a_real_program_beside_a_stalled_peer_on_both_reactors() {
    if !Path::new("/usr/bin/python3").exists() {
        return;
    }
    let (status, said) = run(&["--check", "--json"]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said.matches("\"verdict\":\"pass\"").count(), 2, "{said}");
}

#[test]
fn a_real_program_hangs_with_a_defective_reactor_and_the_certificate_names_it() {
    if !Path::new("/usr/bin/python3").exists() {
        return;
    }
    let (status, said) = run(&["--reactor", "await-peers"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("hangs: O3 unanswered command"), "{said}");
    assert!(said.contains("program announce waits since"), "{said}");
}

#[test]
fn a_scenario_whose_real_program_is_not_there_is_refused_with_its_name() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("real-gone-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let scenario = folder.join("gone.toml");
    let text = fs::read_to_string(EXAMPLE).unwrap();
    fs::write(&scenario, text.replace("./announce.py", "./gone.py")).unwrap();
    let (status, said) = told(private::holdtime().arg("run").arg(&scenario).output().unwrap());
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("the program ./gone.py could not be started: No such file"), "{said}");
    fs::remove_dir_all(folder).unwrap();
}
