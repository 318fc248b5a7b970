//! `holdtime dialogue`: scripted programs on their own standard input and output.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn dialogue(name: &str, script: &str) -> Command {
    let mut command = private::holdtime();
    command.arg("dialogue").arg(file(name, script)).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn say(child: &mut Child, text: &str) {
    child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
}

fn read_to_end(child: &mut Child) -> String {
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_program_that_closes_its_output_is_read_to_the_end_while_it_goes_on() {
    let script = "send hello\nclose stdout\nexpect go\nexit 3\n";
    let mut child = dialogue("closes-stdout", script).spawn().unwrap();
    assert_eq!(read_to_end(&mut child), "hello\n");
    assert_eq!(child.try_wait().unwrap(), None);
    say(&mut child, "go\n");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_program_that_does_not_read_leaves_what_comes_in_the_pipe() {
    let script = "stop reading\nsend not yet\nwait 50ms\nresume reading\nexpect done\nsend now\nexit 0\n";
    let mut child = dialogue("stops-reading", script).spawn().unwrap();
    say(&mut child, "done\n");
    assert_eq!(read_to_end(&mut child), "not yet\nnow\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_program_reads_from_files_and_writes_to_files_which_nobody_has_to_wait_for() {
    let output = file("dialogue-output", "");
    let mut command = dialogue("on-files", "send hello\nexpect done\nsend bye\nexit 0\n");
    command.stdin(File::open(file("dialogue-input", "version\ndone\n")).unwrap());
    command.stdout(File::create(&output).unwrap());
    assert_eq!(command.status().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_to_string(output).unwrap(), "hello\nbye\n");
}

#[test]
fn a_program_whose_input_has_ended_says_at_which_step_that_was_too_early() {
    let mut command = dialogue("on-nothing", "expect done\n");
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.ends_with("on-nothing: at `expect done`: the input ended\n"), "{complaint}");
}
