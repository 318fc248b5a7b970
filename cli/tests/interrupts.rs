//! Ctrl-C in the middle of what takes long: it reports what is done and ends with status 130, and leaves neither a folder nor a process
//! behind.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed call is a failed test, which says what it knows"
)]

#[path = "shared/needs.rs"]
mod needs;
#[path = "shared/private.rs"]
mod private;
#[path = "../../tests/util/trials.rs"]
mod trials;
#[path = "shared/waiting.rs"]
mod waiting;

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use needs::Need;
use trials::Test;
use waiting::eventually;

/// The bit of SIGTERM in what a process catches, which answers SIGINT by then: that comes first.
const SIGTERM: u64 = 1 << 14;

fn main() -> ExitCode {
    let stalls = || Need::first_missing(&[Need::Namespaces, Need::Program("ip"), Need::Program("nsenter")]);
    trials::run(vec![
        Test::new("rows_of_parity_that_were_seen_are_reported", rows_of_parity_that_were_seen_are_reported),
        Test::new("slow_rows_of_parity_are_ended", slow_rows_of_parity_are_ended),
        Test::needing(
            stalls,
            "a_live_stall_ends_with_its_speaker_and_its_programs",
            a_live_stall_ends_with_its_speaker_and_its_programs,
        ),
        Test::needing(
            stalls,
            "a_matrix_of_probes_ends_the_daemons_that_it_has_started",
            a_matrix_of_probes_ends_the_daemons_that_it_has_started,
        ),
        Test::new(
            "a_sweep_reports_the_worlds_that_it_has_played",
            a_sweep_reports_the_worlds_that_it_has_played,
        ),
        Test::new("variations_of_a_scenario_are_reported", variations_of_a_scenario_are_reported),
        Test::new("a_suite_in_the_lab_reports_its_runs", a_suite_in_the_lab_reports_its_runs),
        Test::new("a_live_suite_ends_its_speakers_and_programs", a_live_suite_ends_its_speakers_and_programs),
        Test::new("what_is_decoded_by_then_is_printed_whole", what_is_decoded_by_then_is_printed_whole),
    ])
}

/// A command with a folder of its own for whatever it puts down, by which its processes are known too.
struct Begun {
    child: Child,
    folder: PathBuf,
}

impl Begun {
    fn new(name: &str, arguments: &[&str]) -> Self {
        Self::reading(name, arguments, Stdio::null())
    }

    fn reading(name: &str, arguments: &[&str], stdin: Stdio) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("interrupts-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let output = |file: &str| Stdio::from(fs::File::create(folder.with_extension(file)).unwrap());
        let mut command = private::holdtime();
        command.args(arguments).env("TMPDIR", &folder);
        let child = command.stdin(stdin).stdout(output("out")).stderr(output("err")).spawn().unwrap();
        // From then on it answers.
        let status = format!("/proc/{}/status", child.id());
        eventually("Ctrl-C is caught", || {
            let status = fs::read_to_string(&status).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            caught.is_some_and(|caught| {
                u64::from_str_radix(caught.trim(), 16).is_ok_and(|set| set & SIGTERM != 0)
            })
        });
        Self { child, folder }
    }

    fn said(&self, file: &str) -> String {
        fs::read_to_string(self.folder.with_extension(file)).unwrap()
    }

    /// The processes that were started under it and are there now, by their commands.
    fn processes(&self) -> Vec<String> {
        let mark = self.folder.display().to_string();
        let own = self.child.id().to_string();
        let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let marked =
            all.filter(|process| !process.ends_with(&own) && read(process, "environ").contains(&mark));
        marked.map(|process| read(&process, "cmdline")).collect()
    }

    /// Presses Ctrl-C; what it has written to the standard error then.
    fn interrupt(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let (out, err) = (self.said("out"), self.said("err"));
        assert_eq!(status.code(), Some(130), "{out}{err}");
        let last = err.lines().last().unwrap_or_default();
        assert!(last.starts_with("holdtime: interrupted: "), "{err}");
        eventually("every process is gone", || self.processes().is_empty());
        let left: Vec<_> = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
        err
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
        for file in ["out", "err"] {
            let _ = fs::remove_file(self.folder.with_extension(file));
        }
    }
}

/// A file of a process, if that is still there.
fn read(process: &Path, file: &str) -> String {
    let octets = fs::read(process.join(file)).unwrap_or_default();
    String::from_utf8_lossy(&octets).replace('\0', " ")
}

fn rows_of_parity_that_were_seen_are_reported() {
    let err = Begun::new("rows", &["parity"]).interrupt();
    assert!(err.ends_with(" rows are done\n") && !err.contains(": 0 of 0 "), "{err}");
}

fn slow_rows_of_parity_are_ended() {
    let begun = Begun::new("slow", &["parity", "--slow"]);
    eventually("a part of a row runs", || !begun.processes().is_empty());
    let err = begun.interrupt();
    assert!(err.ends_with(" rows are done\n"), "{err}");
}

fn a_live_stall_ends_with_its_speaker_and_its_programs() {
    // A program that neither reads nor writes hears of nothing.
    let begun = Begun::new("stalls", &["parity", "--stalls", "program-never-reads"]);
    let runs = |what: &str| begun.processes().iter().any(|command| command.contains(what));
    eventually("the program runs", || runs(" serve ") && runs(" dialogue "));
    let err = begun.interrupt();
    assert!(err.ends_with("0 of 2 stalls are done\n"), "{err}");
}

fn a_matrix_of_probes_ends_the_daemons_that_it_has_started() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/probe.toml");
    let begun = Begun::new("matrix", &["probe", "--matrix", file.to_str().unwrap(), "--daemon", "poll"]);
    eventually("a daemon runs", || begun.processes().iter().any(|command| command.contains(" serve ")));
    let err = begun.interrupt();
    assert!(err.ends_with(" of 20 probes are done\n"), "{err}");
}

fn a_sweep_reports_the_worlds_that_it_has_played() {
    let err = Begun::new("sweep", &["explore", "--swarm", "--seeds", "0..10000000"]).interrupt();
    assert!(err.ends_with(" of 10000000 worlds are played\n"), "{err}");
}

fn variations_of_a_scenario_are_reported() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/scenarios/silent-peer.toml");
    let scenario = scenario.to_str().unwrap();
    let err = Begun::new("variations", &["explore", scenario, "--seeds", "0..10000000"]).interrupt();
    assert!(err.ends_with(" of 10000000 worlds are played\n"), "{err}");
}

fn a_suite_in_the_lab_reports_its_runs() {
    let err = Begun::new("suite", &["suite", "--seeds", "0..1000000"]).interrupt();
    assert!(err.ends_with(" runs are done\n"), "{err}");
}

fn a_live_suite_ends_its_speakers_and_programs() {
    let begun = Begun::new("live", &["suite", "--live", "--jobs", "2"]);
    eventually("a speaker runs", || begun.processes().iter().any(|command| command.contains(" serve ")));
    let err = begun.interrupt();
    assert!(err.ends_with(" of 144 cases are done\n"), "{err}");
}

fn what_is_decoded_by_then_is_printed_whole() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    // What it is, is seen from its first 64 octets: until they are there Ctrl-C ends it at once.
    let keepalive = [&[0xff; 16][..], &[0, 19, 4]].concat();
    theirs.write_all(&keepalive.repeat(4)).unwrap();
    let begun = Begun::reading("decode", &["decode"], OwnedFd::from(ours).into());
    eventually("the messages are printed", || begun.said("out").matches("}\n").count() == 4);
    let err = begun.interrupt();
    assert_eq!(err, "holdtime: interrupted: 4 lines are printed, 76 octets were read\n");
}
