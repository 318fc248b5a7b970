//! What every verb shares: exit statuses, one sentence for a mistake, readers that go away.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::process::{Command, Output, Stdio};

fn holdtime(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holdtime")).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_mistyped_verb_is_one_sentence_with_the_nearest_verb_and_status_2() {
    let output = holdtime(&["completion-s"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("did you mean \"completions\"?"), "{said}");
}

#[test]
fn a_missing_argument_is_named_on_one_line_with_status_2() {
    let output = holdtime(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("<CONF>"), "{said}");
}

#[test]
fn a_log_filter_that_is_none_is_refused_with_status_2() {
    let output = holdtime(&["--log", "=loud=", "completions", "bash"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("=loud="));
}

#[test]
fn help_goes_to_the_standard_output_and_names_the_exit_statuses() {
    let output = holdtime(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("Exit status: 0 as expected"));
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_holdtime"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}
