//! What `run`, `why` and `replay` write down of a run: each option its file, and what is asked for wrongly.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

#[path = "shared/private.rs"]
mod private;

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pictures-{}-{name}", std::process::id()))
}

fn holdtime(arguments: &[&str]) -> Output {
    private::holdtime().args(arguments).output().unwrap()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_option_writes_its_file_and_a_trace_is_drawn_again() {
    let names = ["t.txt", "t.jsonl", "t.html", "t.json", "t.mmd"];
    let paths = names.map(scratch);
    let [trace, lines, page, perfetto, sequence] = paths.each_ref().map(|path| path.to_str().unwrap());
    let run = ["run", "silent-peer", "--reactor", "await-peers"];
    let options = [
        "--trace",
        trace,
        "--trace-json",
        lines,
        "--html",
        page,
        "--perfetto",
        perfetto,
        "--sequence",
        sequence,
    ];
    let output = holdtime(&[run.as_slice(), &options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text(&paths[2]).starts_with("<!DOCTYPE html>"));
    assert!(text(&paths[3]).starts_with("{") && text(&paths[3]).contains("\"traceEvents\""));
    assert!(text(&paths[4]).starts_with("sequenceDiagram"));
    // A trace as JSON is as good as the run.
    let again = holdtime(&["replay", lines]);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text(&paths[0]));
    let drawn = scratch("again.html");
    holdtime(&["replay", lines, "--html", drawn.to_str().unwrap()]);
    assert_eq!(text(&drawn), text(&paths[2]));
}

#[test]
fn a_scenario_that_is_replayed_is_drawn_too_and_what_cannot_be_drawn_is_refused_by_name() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/scenarios/silent-peer.toml");
    let (page, trace) = (scratch("replayed.html"), scratch("replayed.txt"));
    let _ = fs::remove_file(&page);
    let drawn = ["--html", page.to_str().unwrap(), "--trace", trace.to_str().unwrap()];
    let output = holdtime(&[&["replay", scenario, "--reactor", "await-peers"], &drawn[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text(&page).starts_with("<!DOCTYPE html>"));
    assert!(text(&trace).contains("verdict"));
    let output = holdtime(&[&["replay", scenario, "--until", "3"], &drawn[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--until"));
}

#[test]
fn a_trace_that_is_cut_short_is_said_to_be_and_one_that_is_wrong_with_its_line() {
    let lines = scratch("whole.jsonl");
    holdtime(&["run", "silent-peer", "--trace-json", lines.to_str().unwrap()]);
    let whole = text(&lines);
    let cut = scratch("cut.jsonl");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let output = holdtime(&["replay", cut.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is cut short at "));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("the log is cut short here\n"));
    fs::write(&cut, whole.replacen("\"kind\":\"turn\"", "\"kind\":\"trun\"", 1)).unwrap();
    let output = holdtime(&["replay", cut.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("line "),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_run_beside_is_another_reactor_or_another_seed() {
    let page = scratch("beside.html");
    let html = page.to_str().unwrap();
    for beside in ["poll", "7"] {
        let output =
            holdtime(&["run", "silent-peer", "--reactor", "await-peers", "--html", html, "--beside", beside]);
        assert_eq!(output.status.code(), Some(0));
        assert!(!text(&page).contains("id=\"beside\"></script>"), "{beside}");
    }
    let output = holdtime(&["run", "silent-peer", "--html", html, "--beside", "pol"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("pol"));
    let output = holdtime(&["run", "silent-peer", "--beside", "poll"]);
    assert_eq!(output.status.code(), Some(2), "there is no picture to be beside in");
}

#[test]
fn a_suite_draws_the_cases_that_do_not_pass_and_no_others() {
    let folder = scratch("suite");
    let html = folder.to_str().unwrap();
    let output =
        holdtime(&["suite", "--reactor", "poll,await-peers", "--only", "api-one-route", "--html", html]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let drawn: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(drawn, ["await-peers-api-one-route.html"]);
}

#[test]
fn what_is_read_or_written_already_is_not_written_over_and_what_cannot_be_written_is_told_first() {
    let own = scratch("own.toml");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/scenarios/silent-peer.toml"), &own).unwrap();
    let scenario = text(&own);
    let own = own.to_str().unwrap();
    let (one, linked) = (scratch("one"), scratch("linked"));
    let _ = fs::remove_file(&linked);
    std::os::unix::fs::symlink(&one, &linked).unwrap();
    let (one, linked) = (one.to_str().unwrap(), linked.to_str().unwrap());
    let run = ["run", own, "--reactor", "await-peers"];
    for (verb, options, complaint) in [
        (&run[..], &["--html", own][..], "would be written over"),
        (&["why", own, "--reactor", "await-peers"], &["--trace", own], "would be written over"),
        (&["replay", own, "--reactor", "await-peers"], &["--sequence", own], "would be written over"),
        (&run, &["--html", one, "--pcap", one], "--html and --pcap are the same file"),
        (&run, &["--trace", "/no/such/folder/x"], "cannot write \"/no/such/folder/x\": No such file"),
        (&run, &["--trace", env!("CARGO_TARGET_TMPDIR")], "is a directory"),
        (&run, &["--trace", "-"], "\"-\" names no file"),
    ] {
        let output = holdtime(&[verb, options].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{options:?}: {said}");
        assert!(said.contains(complaint), "{options:?}: {said}");
    }
    assert_eq!(text(Path::new(own)), scenario);
    fs::write(one, "").unwrap();
    let output = holdtime(&[&run[..], &["--trace", one, "--html", linked]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--trace and --html are the same file"));
    // What was there before and is nobody's is written over, and a device may be named as often as one likes.
    let output =
        holdtime(&[&run[..], &["--trace", one, "--html", "/dev/null", "--sequence", "/dev/null"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text(Path::new(one)).contains("verdict"));
}

#[test]
fn a_report_is_not_written_over_by_a_trace_that_goes_to_the_same_file() {
    let file = scratch("mixed.txt");
    let trace = ["run", "silent-peer", "--reactor", "poll", "--trace", "/dev/stdout"];
    let output = private::holdtime().args(trace).stdout(fs::File::create(&file).unwrap()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is where the report goes"), "{said}");
}

#[test]
fn json_that_is_no_trace_is_said_to_be_none() {
    let file = scratch("other.jsonl");
    for text in [
        "{\"form\":\"holdtime-trace 2\"}\n",
        "{ \"form\": \"x\" }\n",
        "\u{feff}{\"form\":\"holdtime-trace 1\"}\n",
    ] {
        fs::write(&file, text).unwrap();
        let output = holdtime(&["replay", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("this is no log of a run: expected {\"form\":"), "{said}");
    }
}

#[test]
fn what_a_program_says_commands_no_terminal_and_turns_no_line_around() {
    let (file, lines) = (scratch("odd.toml"), scratch("odd.mmd"));
    let scenario = text(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/scenarios/silent-peer.toml")));
    let odd = scenario.replacen("title = \"", "title = \"\\u001b[31mred ", 1).replacen(
        "send announce route",
        "send announce \u{202e}route",
        1,
    );
    fs::write(&file, odd).unwrap();
    let run =
        ["run", file.to_str().unwrap(), "--reactor", "await-peers", "--sequence", lines.to_str().unwrap()];
    let said = String::from_utf8(holdtime(&run).stdout).unwrap();
    for (text, title) in [(said, "\\u{1b}[31mred "), (text(&lines), "")] {
        assert!(text.contains("\\u{202e}route") && text.contains(title), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }
}
