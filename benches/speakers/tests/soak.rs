//! The short form of the soak: a few rounds of faults on each reactor, with a hold time that no busy machine lets expire.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary of this workspace, built as the tests are: what the tests of all packages were built with, unless something was changed since.
/// Built for itself it has other features of its dependencies, and takes minutes.
fn holdtime() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_holdtime-speakers")).with_file_name("holdtime");
    if !is_up_to_date(&binary) {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "holdtime"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "holdtime cannot be built");
    }
    binary
}

/// Whether nothing that rustc says one of our crates is made of is younger, but for tests. (Of a binary that is built for tests, cargo says
/// nothing itself.)
fn is_up_to_date(binary: &Path) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let changed = |path: &Path| root.join(path).metadata().and_then(|file| file.modified()).ok();
    let Some(built) = changed(binary) else { return false };
    let rules = std::fs::read_dir(binary.with_file_name("deps")).into_iter().flatten().flatten();
    let rules =
        rules.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|kind| kind == "d"));
    let ours = rules.filter(|path| path.to_string_lossy().contains("/deps/holdtime"));
    ours.filter_map(|path| std::fs::read_to_string(path).ok()).all(|rules| {
        let sources = rules.lines().filter_map(|line| line.strip_suffix(':')).map(Path::new);
        let mut sources = sources.filter(|path| !path.iter().any(|part| part == "tests"));
        // What is not there any more is of an older build.
        sources.all(|source| changed(source).is_none_or(|then| then < built))
    })
}

fn soak(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdtime-speakers"));
    command.args(["--soak", "--hold-time", "90"]).args(arguments);
    command.arg("--holdtime").arg(holdtime()).output().unwrap()
}

/// Plays rounds from a seed; what stands in each line of the table, column by column.
fn checkpoints(reactor: &str) -> Vec<Vec<String>> {
    let output = soak(&[
        "--only",
        reactor,
        "--for",
        "1h",
        "--rounds",
        "3",
        "--round",
        "2s",
        "--restart-every",
        "2",
        "--seed",
        "3",
    ]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let table = String::from_utf8(output.stdout).unwrap();
    table.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn tables_equal_the_model(reactor: &str) {
    let lines = checkpoints(reactor);
    let (header, rounds) = lines.split_first().unwrap();
    assert_eq!(header.last().unwrap(), "wrong");
    // The start and the rounds, the last two of them with another process.
    assert_eq!(rounds.len(), 4, "{rounds:?}");
    for round in rounds {
        assert_eq!(round.len(), header.len());
        assert_eq!((round[0].as_str(), round.last().unwrap().as_str()), (reactor, "0"));
    }
}

#[test]
fn after_faults_reloads_and_restarts_every_table_equals_the_model_on_poll() {
    tables_equal_the_model("poll");
}

#[test]
fn after_faults_reloads_and_restarts_every_table_equals_the_model_on_async() {
    tables_equal_the_model("async");
}

#[test]
fn a_time_that_is_none_is_refused_with_what_was_expected() {
    let output = soak(&["--for", "soon"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("\"soon\" is no time: 90s, 30m or 1h was expected")
    );
}
