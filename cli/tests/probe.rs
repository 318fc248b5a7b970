//! `holdtime probe` at one address: against our own speaker, and against who is none.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failed test stops, and what is not looked at is said"
)]

#[path = "shared/port.rs"]
mod port;
#[path = "shared/private.rs"]
mod private;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use port::ReservedPort;
use serde_json::Value;

/// A speaker that waits for the probe's peer, ended with the test.
struct Probed {
    child: Child,
    folder: PathBuf,
    port: u16,
    _reserved: ReservedPort,
}

impl Probed {
    fn start(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("probe-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let reserved = ReservedPort::at("127.0.1.1");
        let port = reserved.address().port();
        let config = format!(
            "neighbor 127.0.2.1 {{\n router-id 10.0.0.1;\n local-address 127.0.1.1;\n local-as 65001;\n peer-as 65101;\n \
             hold-time 90;\n passive true;\n listen {port};\n family {{ ipv4 unicast; }}\n}}\n"
        );
        fs::write(folder.join("speaker.conf"), config).unwrap();
        let mut command = private::holdtime_in(&folder);
        command.args(["serve", "speaker.conf"]).current_dir(&folder).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.1.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the speaker listens");
            sleep(Duration::from_millis(20));
        }
        Self { child, folder, port, _reserved: reserved }
    }
}

impl Drop for Probed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn probe(port: u16, more: &[&str]) -> Output {
    let mut command = private::holdtime();
    command.arg("probe").arg(format!("127.0.1.1:{port}")).args(more).output().unwrap()
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// A listener that does this with each connection.
fn dummy(serve: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.1.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

#[test]
fn our_own_speaker_ends_a_silent_session_in_time_and_the_report_says_what_happened() {
    let speaker = Probed::start("silent");
    let folder = speaker.folder.join("found");
    let report = folder.to_str().unwrap();
    let output = probe(speaker.port, &["open-then-silence", "syn-blackhole", "--json", "--report", report]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let rows: Vec<Value> =
        said(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["verdict"]), (2, &Value::from("pass")), "{rows:#?}");
    assert_eq!(rows[0]["seen"], "NOTIFICATION 4/0");
    let seconds = rows[0]["seconds"].as_f64().unwrap();
    assert!((5.9..8.0).contains(&seconds), "{seconds}");
    assert_eq!(rows[0]["buffers"][0]["name"], "tcp_rmem");
    assert_eq!(rows[1]["verdict"], "not-applicable");
    assert!(rows[1]["why"].as_str().unwrap().contains("the fault `at 0ns cut speaker -> far for 4s` needs"));
    let kept = folder.join(format!("127.0.1.1-{}", speaker.port)).join("open-then-silence");
    let told = fs::read_to_string(kept.join("report.md")).unwrap();
    for part in ["**clause**: RFC 4271 §8.2.2", "**again**: `holdtime probe 127.0.1.1:", "NOTIFICATION 4/0"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(fs::read_to_string(kept.join("scenario.toml")).unwrap().contains("[probe]"));
    match fs::read(kept.join("capture.pcapng")) {
        Ok(capture) => {
            let told = said(&capture);
            for part in ["the daemon: session with peer far: state Connected", ": pass: NOTIFICATION 4/0"] {
                assert!(told.contains(part), "no comment says `{part}`");
            }
        }
        Err(_) => eprintln!("this user may not capture: nothing of the capture is looked at"),
    }
    let nothing = folder.join("nothing.pcapng");
    let refused = probe(speaker.port, &["syn-blackhole", "--pcap", nothing.to_str().unwrap()]);
    assert!(
        said(&refused.stderr).contains("of a probe that is not played here"),
        "{}",
        said(&refused.stderr)
    );
}

#[test]
fn a_probe_is_drawn_with_its_messages_its_waits_and_who_waits_for_whom() {
    let speaker = Probed::start("drawn");
    let file = |name: &str| speaker.folder.join(name).to_str().unwrap().to_owned();
    let names = ["log.jsonl", "picture.html", "perfetto.json", "diagram.mmd"].map(file);
    let [log, picture, perfetto, diagram] = names.each_ref().map(String::as_str);
    let drawn = ["--trace-json", log, "--html", picture, "--perfetto", perfetto, "--sequence", diagram];
    let named = ["silent-when-established", "--observe", "2s"];
    let output = probe(speaker.port, &[&named[..], &drawn].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let lines: Vec<Value> =
        fs::read_to_string(log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lanes: Vec<&str> = lines.iter().filter_map(|line| line["lane"].as_str()).collect();
    assert_eq!(lanes, ["the daemon", "the daemon: session with peer far", "peer far"]);
    let has = |kind: &str, member: &str, text: &str| {
        let mut of_kind = lines.iter().filter(|line| line["kind"] == kind);
        of_kind.any(|line| line[member].as_str().is_some_and(|told| told.contains(text)))
    };
    assert!(has("state", "state", "Established") && has("timer", "timer", "hold"), "{lines:#?}");
    assert!(has("sent", "text", "OPEN as 65001") && has("arrived", "text", "OPEN as 65101"), "{lines:#?}");
    let end = lines.last().unwrap();
    assert_eq!(end["verdict"], "undecided");
    let chain = end["chain"].as_array().unwrap();
    assert!(chain.iter().any(|link| link["who"] == "far") && chain.iter().all(|link| link["lane"].is_u64()));
    assert!(fs::read_to_string(picture).unwrap().contains("<title>"));
    let slices: Value = serde_json::from_str(&fs::read_to_string(perfetto).unwrap()).unwrap();
    assert!(slices["traceEvents"].as_array().unwrap().len() > 10);
    assert!(fs::read_to_string(diagram).unwrap().contains("KEEPALIVE"));
    let several = probe(speaker.port, &["open-then-silence", "half-an-update", "--trace", log]);
    assert!(
        said(&several.stderr).contains("a trace or a capture is of one probe"),
        "{}",
        said(&several.stderr)
    );
}

#[test]
fn a_daemon_that_dies_in_the_middle_is_told_of_in_one_sentence() {
    let mut speaker = Probed::start("dies");
    let (port, pid) = (speaker.port, speaker.child.id().to_string());
    let killer = thread::spawn(move || {
        sleep(Duration::from_secs(2));
        std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap()
    });
    let output = probe(port, &["silent-when-established"]);
    killer.join().unwrap();
    let _ = speaker.child.wait();
    assert_eq!(output.status.code(), Some(2));
    let sentence = said(&output.stderr);
    assert!(sentence.contains("died") && sentence.contains("into `silent-when-established`"), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
}

#[test]
fn whoever_is_no_bgp_speaker_is_named_in_one_sentence() {
    let reserved = ReservedPort::at("127.0.1.1");
    let nobody = reserved.address().port();
    let banner = dummy(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-dummy\r\n");
        sleep(Duration::from_secs(5));
    });
    let names = "silent-when-established";
    for (port, complaint) in [
        (nobody, "nothing listens at 127.0.1.1:"),
        (banner, "is no BGP speaker: what it says begins with `SSH-2.0-dummy"),
    ] {
        let output = probe(port, &[names]);
        let sentence = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{sentence}");
        assert!(sentence.contains(complaint) && sentence.lines().count() == 1, "{sentence}");
    }
}

#[test]
fn a_mistake_on_the_command_line_is_told_with_what_was_meant() {
    for (arguments, complaint) in [
        (&["probe"][..], "whom? give the address of a daemon"),
        (&["probe", "localhost"], "expected an IP address"),
        (&["probe", "127.0.1.1", "silent"], "there is no scenario \"silent\""),
        (&["probe", "--matrix", "no-such-file"], "cannot read \"no-such-file\""),
    ] {
        let output = private::holdtime().args(arguments).output().unwrap();
        let sentence = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{sentence}");
        assert!(sentence.contains(complaint), "{sentence}");
    }
}

#[test]
fn an_interrupt_ends_a_probe_at_once_with_its_status() {
    let speaker = Probed::start("interrupted");
    let mut command = private::holdtime();
    command.arg("probe").arg(format!("127.0.1.1:{}", speaker.port)).arg("open-dribbled");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_millis(1500));
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
    let began = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(5));
}
