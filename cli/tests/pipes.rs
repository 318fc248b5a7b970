//! `holdtime cli`, and ExaBGP's own client, over the named pipes of a running speaker.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed call is a failed test")]

#[macro_use]
#[path = "shared/needs.rs"]
mod needs;
#[path = "shared/private.rs"]
mod private;
#[path = "../../tests/util/trials.rs"]
mod trials;
#[path = "shared/waiting.rs"]
mod waiting;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use holdtime_core::api::answer;
use needs::Need;
use rustix::fs::OFlags;
use rustix::io::ioctl_fionread;
use waiting::eventually;

tests! {
    a_command_is_answered_and_its_verdict_is_the_exit_status;
    commands_are_read_from_a_pipe_line_by_line;
    one_refused_command_among_others_is_the_exit_status_of_all;
    a_command_without_an_answer_is_not_waited_for;
    the_client_is_answered_even_where_programs_are_not;
    the_answer_to_a_client_that_has_gone_is_not_told_to_the_next_one;
    a_speaker_that_ends_during_a_conversation_is_one_sentence_and_status_2;
    two_clients_at_once_are_each_told_their_own_answer;
    a_speaker_that_opens_its_pipe_for_each_line_is_heard_to_the_end;
    a_line_typed_at_a_terminal_is_completed_from_the_commands_and_the_neighbors: [Need::Program("script")];
    exabgp_s_own_client_is_served_as_well: [Need::ExaBgp];
    nobody_there_is_one_sentence_and_status_2;
}

/// A speaker with one neighbor that nobody answers for, in a root folder of its own; ended with the test.
struct Speaker {
    child: Child,
    root: PathBuf,
}

impl Speaker {
    fn start(name: &str, reactor: &str) -> Self {
        Self::start_with(name, reactor, "true")
    }

    /// One whose programs are answered with `done` and `error` where `ack` says so.
    fn start_with(name: &str, reactor: &str, ack: &str) -> Self {
        let root = std::env::temp_dir().join(format!("holdtime-pipes-{name}-{}", std::process::id()));
        make_pipes(&root);
        let neighbor = "neighbor 127.0.0.7 { passive; router-id 10.0.0.1; local-address 127.0.0.1; local-as 1; peer-as 1; }";
        fs::write(root.join("speaker.conf"), neighbor).unwrap();
        let mut speaker = with_pipes(env!("CARGO_BIN_EXE_holdtime"), &root);
        speaker.args(["serve", "--reactor", reactor, "speaker.conf"]).env("exabgp_api_ack", ack);
        let child = speaker.stderr(File::create(root.join("said")).unwrap()).spawn().unwrap();
        let speaker = Self { child, root };
        eventually("the speaker answers", || speaker.cli(&["version"]).status.success());
        speaker
    }

    /// A command that finds the pipes.
    fn command(&self, program: &str) -> Command {
        with_pipes(program, &self.root)
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

/// A program that looks for its pipes in a root folder of the test's own, under a name of its own.
fn with_pipes(program: &str, root: &Path) -> Command {
    let mut command = private::keep(Command::new(program), root);
    command.current_dir(root).env("EXABGP_ROOT", root).env("XDG_STATE_HOME", root);
    command
}

/// Where the pipes of a root folder are: that for commands, and that for answers.
fn pipes(root: &Path) -> [PathBuf; 2] {
    let name = private::pipename(root);
    ["in", "out"].map(|end| root.join(format!("run/exabgp/{name}.{end}")))
}

fn make_pipes(root: &Path) {
    fs::create_dir_all(root.join("run/exabgp")).unwrap();
    assert!(Command::new("mkfifo").args(pipes(root)).status().unwrap().success());
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

fn a_command_is_answered_and_its_verdict_is_the_exit_status() {
    for reactor in ["poll", "async"] {
        let speaker = Speaker::start("one-shot", reactor);
        let output = speaker.cli(&["show", "neighbor", "summary"]);
        assert!(stdout(&output).contains("127.0.0.7"), "{}", stdout(&output));
        assert_eq!(output.status.code(), Some(0));
        let output = speaker.cli(&["s", "n", "sum"]);
        assert!(stdout(&output).contains("127.0.0.7"), "{}", stdout(&output));
        let understood = String::from_utf8(output.stderr).unwrap();
        assert_eq!(understood, "command: show neighbor summary\n");
        let output = speaker.cli(&["announce", "nonsense"]);
        assert_eq!(output.status.code(), Some(1));
    }
}

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

fn one_refused_command_among_others_is_the_exit_status_of_all() {
    let speaker = Speaker::start("refused", "poll");
    let (good, bad) = ("version\n", "announce route 10.0.7.0/33 next-hop 1.1.1.1\n");
    for (lines, status) in [([good, good], 0), ([bad, good], 1), ([good, bad], 1)] {
        let mut command = speaker.command(env!("CARGO_BIN_EXE_holdtime"));
        command.arg("cli");
        let output = fed(command, &lines.concat());
        assert_eq!(output.status.code(), Some(status), "{lines:?}: {output:?}");
    }
}

fn a_command_without_an_answer_is_not_waited_for() {
    let speaker = Speaker::start("unanswered", "poll");
    let begun = Instant::now();
    for command in [&["reset"][..], &["debug", "hello"], &["silence-ack"], &["enable-ack"]] {
        let output = speaker.cli(command);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {output:?}");
    }
    assert_eq!(stdout(&speaker.cli(&["version"])), "exabgp 5.0.15\n");
    assert!(begun.elapsed() < Duration::from_secs(5), "something waited for an answer that does not come");
}

fn the_client_is_answered_even_where_programs_are_not() {
    let speaker = Speaker::start_with("unacknowledged", "poll", "false");
    let output = speaker.cli(&["announce", "route", "192.0.2.0/24", "next-hop", "self"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

fn the_answer_to_a_client_that_has_gone_is_not_told_to_the_next_one() {
    for reactor in ["poll", "async"] {
        let speaker = Speaker::start("gone", reactor);
        let routes: String =
            (0..255).map(|n| format!("announce route 10.0.{n}.0/24 next-hop self\n")).collect();
        let mut command = speaker.command(env!("CARGO_BIN_EXE_holdtime"));
        command.arg("cli");
        assert!(fed(command, &routes).status.success());
        let mut gone = File::options().write(true).open(&pipes(&speaker.root)[0]).unwrap();
        // More than the pipe and the speaker hold: it is still being answered when the next one comes.
        gone.write_all("show adj-rib out extensive\n".repeat(40).as_bytes()).unwrap();
        drop(gone);
        // Without waiting for a writer: there may be none yet.
        let at_once = OFlags::NONBLOCK.bits().cast_signed();
        let answers =
            File::options().read(true).custom_flags(at_once).open(&pipes(&speaker.root)[1]).unwrap();
        eventually("the one that has gone is being answered", || ioctl_fionread(&answers).unwrap() > 0);
        for _ in 0..2 {
            assert_eq!(stdout(&speaker.cli(&["version"])), "exabgp 5.0.15\n", "{reactor}");
        }
    }
}

fn a_speaker_that_ends_during_a_conversation_is_one_sentence_and_status_2() {
    let mut speaker = Speaker::start("ended", "poll");
    let mut command = speaker.command(env!("CARGO_BIN_EXE_holdtime"));
    command.arg("cli").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().unwrap();
    let mut typed = client.stdin.take().unwrap();
    typed.write_all(b"version\n").unwrap();
    let mut said = String::new();
    BufReader::new(client.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "exabgp 5.0.15\n");
    speaker.child.kill().unwrap();
    speaker.child.wait().unwrap();
    typed.write_all(b"version\n").unwrap();
    drop(typed);
    let output = client.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "holdtime: the speaker has ended\n");
    assert_eq!(output.status.code(), Some(2));
}

fn two_clients_at_once_are_each_told_their_own_answer() {
    let speaker = Speaker::start("both", "poll");
    let ask = |word: &str| {
        let mut command = speaker.command(env!("CARGO_BIN_EXE_holdtime"));
        command.args(["cli", word]).stdout(Stdio::piped()).spawn().unwrap()
    };
    let clients: Vec<_> = (0..8).map(|n| (n, ask(if n % 2 == 0 { "version" } else { "help" }))).collect();
    for (n, client) in clients {
        let output = client.wait_with_output().unwrap();
        let lines = if n % 2 == 0 { 1 } else { answer::help().len() };
        assert_eq!(stdout(&output).lines().count(), lines, "{n}: {output:?}");
        assert!(output.status.success());
    }
}

fn a_speaker_that_opens_its_pipe_for_each_line_is_heard_to_the_end() {
    let root = std::env::temp_dir().join(format!("holdtime-pipes-anew-{}", std::process::id()));
    make_pipes(&root);
    let pipes = pipes(&root);
    // As ExaBGP does it: its end for commands stays open, that for answers does not.
    let commands = File::options().read(true).write(true).open(&pipes[0]).unwrap();
    let mut command = with_pipes(env!("CARGO_BIN_EXE_holdtime"), &root);
    let client = command.args(["cli", "version"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut asked = String::new();
    BufReader::new(commands.try_clone().unwrap()).read_line(&mut asked).unwrap();
    assert_eq!(asked, "version\n");
    for line in ["exabgp 5.0.15\n", "and more\n", "done\n"] {
        File::options().write(true).open(&pipes[1]).unwrap().write_all(line.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = client.wait_with_output().unwrap();
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("exabgp 5.0.15\nand more\n", Some(0)));
    drop(commands);
    fs::remove_dir_all(&root).unwrap();
}

fn a_line_typed_at_a_terminal_is_completed_from_the_commands_and_the_neighbors() {
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

fn exabgp_s_own_client_is_served_as_well() {
    for reactor in ["poll", "async"] {
        let speaker = Speaker::start("exabgpcli", reactor);
        let client = |words: &[&str]| {
            let output = speaker.command(needs::exabgp().unwrap()).arg("cli").args(words).output().unwrap();
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

fn nobody_there_is_one_sentence_and_status_2() {
    let root = std::env::temp_dir().join(format!("holdtime-pipes-nobody-{}", std::process::id()));
    fs::create_dir_all(&root).unwrap();
    let output = with_pipes(env!("CARGO_BIN_EXE_holdtime"), &root).args(["cli", "version"]).output().unwrap();
    fs::remove_dir_all(&root).unwrap();
    let (said, name) = (String::from_utf8(output.stderr).unwrap(), private::pipename(&root));
    let begins = format!("holdtime: there are no named pipes {name}.in and {name}.out in ");
    assert!(said.starts_with(&begins), "{said}");
    assert_eq!((said.lines().count(), output.status.code()), (1, Some(2)));
}
