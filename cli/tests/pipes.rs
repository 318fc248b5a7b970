//! `holdtime cli`, and ExaBGP's own client, over the named pipes of a running speaker.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed call is a failed test, which says on its output what it skipped"
)]

#[path = "shared/waiting.rs"]
mod waiting;

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use waiting::eventually;

/// A speaker with one neighbor that nobody answers for, in a root folder of its own; ended with the test.
struct Speaker {
    child: Child,
    root: PathBuf,
}

impl Speaker {
    fn start(name: &str, reactor: &str) -> Self {
        let root = std::env::temp_dir().join(format!("holdtime-pipes-{name}-{}", std::process::id()));
        let folder = root.join("run/exabgp");
        fs::create_dir_all(&folder).unwrap();
        let pipes = [folder.join("mine.in"), folder.join("mine.out")];
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success());
        let neighbor = "neighbor 127.0.0.7 { passive; router-id 10.0.0.1; local-address 127.0.0.1; local-as 1; peer-as 1; }";
        fs::write(root.join("speaker.conf"), neighbor).unwrap();
        let mut speaker = Command::new(env!("CARGO_BIN_EXE_holdtime"));
        speaker.args(["serve", "--reactor", reactor, "speaker.conf"]);
        let child = with_pipes(&mut speaker, &root).spawn().unwrap();
        let speaker = Self { child, root };
        eventually("the speaker answers", || speaker.cli(&["version"]).status.success());
        speaker
    }

    /// A command that finds the pipes.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        with_pipes(&mut command, &self.root);
        command
    }

    fn cli(&self, words: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_holdtime")).arg("cli").args(words).output().unwrap()
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn with_pipes<'a>(command: &'a mut Command, root: &PathBuf) -> &'a mut Command {
    command
        .current_dir(root)
        .env("EXABGP_ROOT", root)
        .env("exabgp_api_pipename", "mine")
        .env("XDG_STATE_HOME", root)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs `command` with `input` on its standard input.
fn fed(mut command: Command, input: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A program on a terminal, at which the test types.
struct Terminal {
    child: Child,
    said: String,
}

impl Terminal {
    fn start(mut command: Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, said: String::new() }
    }

    /// Types once the program waits for a line: before that, the terminal itself would edit what is typed.
    fn type_at_prompt(&mut self, keys: &str) {
        /// What rustyline switches on when it begins to read.
        const READING: &str = "\x1b[?2004h";
        let seen = self.said.len();
        while !self.said.split_at(seen).1.contains(READING) {
            let mut bytes = [0; 1024];
            let count = self.child.stdout.as_mut().unwrap().read(&mut bytes).unwrap();
            assert!(count > 0, "the program ended: {:?}", self.said);
            self.said += &String::from_utf8_lossy(&bytes[..count]);
        }
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// All that it wrote, and its exit status.
    fn end(mut self) -> (String, Option<i32>) {
        self.child.stdout.as_mut().unwrap().read_to_string(&mut self.said).unwrap();
        (self.said, self.child.wait().unwrap().code())
    }
}

#[test]
fn a_command_is_answered_and_its_verdict_is_the_exit_status() {
    for reactor in ["poll", "async"] {
        let speaker = Speaker::start("one-shot", reactor);
        let output = speaker.cli(&["show", "neighbor", "summary"]);
        assert!(stdout(&output).contains("127.0.0.7"), "{}", stdout(&output));
        assert_eq!(output.status.code(), Some(0));
        let output = speaker.cli(&["announce", "nonsense"]);
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn commands_are_read_from_a_pipe_line_by_line() {
    let speaker = Speaker::start("lines", "poll");
    let mut command = speaker.command(env!("CARGO_BIN_EXE_holdtime"));
    command.arg("cli");
    let output =
        fed(command, "announce route 192.0.2.0/24 next-hop self\n\nshow adj-rib out\nquit\nversion\n");
    let said = stdout(&output);
    assert!(said.contains("192.0.2.0/24") && !said.contains("exabgp"), "{said}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_line_typed_at_a_terminal_is_completed_from_the_commands_and_the_neighbors() {
    if !Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return println!(
            "SKIPPED a_line_typed_at_a_terminal_is_completed: util-linux's script is not installed"
        );
    }
    let speaker = Speaker::start("typed", "poll");
    let mut command = speaker.command("script");
    command
        .args(["-qec", &format!("{} cli", env!("CARGO_BIN_EXE_holdtime")), "/dev/null"])
        .env("TERM", "xterm");
    let mut terminal = Terminal::start(command);
    terminal.type_at_prompt("nonsense\x03");
    terminal.type_at_prompt("nei\t1\tte\t4\r");
    terminal.type_at_prompt("sho\tn\tsu\t\r");
    terminal.type_at_prompt("\x04");
    let (said, status) = terminal.end();
    assert!(said.contains("neighbor 127.0.0.7 teardown "), "{said:?}");
    assert!(said.contains("show neighbor summary"), "{said:?}");
    assert!(said.contains("up/down"), "{said:?}");
    assert_eq!(status, Some(0), "{said:?}");
    let remembered = fs::read_to_string(speaker.root.join("holdtime/history")).unwrap();
    assert!(remembered.contains("show neighbor summary"), "{remembered}");
}

#[test]
fn exabgp_s_own_client_is_served_as_well() {
    let version = Command::new("exabgp").arg("version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("5.0.")) {
        return println!("SKIPPED exabgp_s_own_client_is_served_as_well: exabgp 5.0 is not installed");
    }
    for reactor in ["poll", "async"] {
        let speaker = Speaker::start("exabgpcli", reactor);
        let client = |words: &[&str]| {
            let output = speaker.command("exabgp").arg("cli").args(words).output().unwrap();
            assert!(output.status.success(), "{words:?}: {output:?}");
            (stdout(&output), String::from_utf8(output.stderr).unwrap())
        };
        let nothing = (String::new(), String::new());
        assert_eq!(client(&["announce route 192.0.2.0/24 next-hop self"]), nothing);
        assert!(client(&["show", "adj-rib", "out"]).0.contains("192.0.2.0/24"));
        assert!(client(&["show", "neighbor", "summary"]).0.contains("127.0.0.7"));
        assert!(client(&["announce nonsense"]).1.contains("returns an error"));
    }
}

#[test]
fn nobody_there_is_one_sentence_and_status_2() {
    let root = std::env::temp_dir();
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdtime"));
    let output = with_pipes(command.args(["cli", "version"]), &root).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("holdtime: there are no named pipes mine.in and mine.out in "), "{said}");
    assert_eq!((said.lines().count(), output.status.code()), (1, Some(2)));
}
