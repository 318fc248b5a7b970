//! Folders of findings from outside: what a sweep keeps, what is refused, and what plays again.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;

use std::fs;
use std::path::{Path, PathBuf};

/// What a command prints on both outputs, and its status.
fn holdtime(arguments: &[&str]) -> (String, i32) {
    let output = private::holdtime().args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code().unwrap())
}

fn explore(seeds: &str, out: &Path) -> (String, i32) {
    let out = out.to_str().unwrap();
    holdtime(&["explore", "--swarm", "--seeds", seeds, "--reactor", "read-first", "--out", out])
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[test]
fn a_sweep_keeps_one_folder_a_key_that_plays_again_and_is_refused_once_it_was_touched() {
    let scratch = std::env::temp_dir().join(format!("holdtime-findings-{}", std::process::id()));
    let (one, two, all) = (scratch.join("one"), scratch.join("two"), scratch.join("all"));
    assert_eq!(explore("0..8", &one).1, 1);
    let found = folders(&one);
    assert!(!found.is_empty(), "nothing was found");
    for folder in &found {
        let (said, status) = holdtime(&["replay", folder.to_str().unwrap()]);
        assert_eq!(status, 0, "{said}");
        assert!(said.contains("the same run: trace "), "{said}");
    }
    let (table, status) = holdtime(&["replay", found[0].to_str().unwrap(), "--until", "3s"]);
    assert_eq!(status, 0, "{table}");
    assert!(table.starts_with("at 3.000 s\nspeaker speaker-1 runs\n"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let (json, _) = holdtime(&["replay", found[0].to_str().unwrap(), "--until", "3", "--json"]);
    assert!(json.starts_with("{\"actors\":[") && json.contains("\"at\":3000000000"), "{json}");
    let key = fs::read_to_string(found[0].join("run.txt")).unwrap();
    let key = key.lines().find_map(|line| line.strip_prefix("key ")).unwrap().to_owned();
    let (said, status) = holdtime(&["shrink", found[0].to_str().unwrap(), "--runs", "40"]);
    assert_eq!((status, said.contains(&format!("key   {key}\n"))), (0, true), "{said}");
    let (said, status) = explore("0..9", &one);
    assert_eq!((status, said.contains("holds another sweep")), (2, true), "{said}");

    explore("8..12", &two);
    let merge =
        |dir: &Path| holdtime(&["explore", "merge", dir.to_str().unwrap(), "--out", all.to_str().unwrap()]);
    merge(&one);
    let (both, status) = merge(&two);
    assert_eq!(status, 0, "{both}");
    assert_eq!(merge(&one).0, both, "merging again changes nothing");
    assert!(folders(&all).len() >= found.len());

    let run = found[0].join("run.txt");
    let text = fs::read_to_string(&run).unwrap();
    for broken in [&text[..text.len() / 2], &text.replacen("seed ", "seed 1", 1)] {
        fs::write(&run, broken).unwrap();
        let (said, status) = holdtime(&["replay", found[0].to_str().unwrap()]);
        assert_eq!((status, said.contains("run.txt:")), (2, true), "{said}");
    }
    fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn what_was_found_is_told_even_if_it_cannot_be_written() {
    let scratch = std::env::temp_dir().join(format!("holdtime-unwritten-{}", std::process::id()));
    let (told, status) = explore("0..8", &scratch);
    assert_eq!(status, 1, "{told}");
    // What cannot be put where something else is, has no room there.
    let found = folders(&scratch).swap_remove(0);
    let run = fs::read_to_string(found.join("run.txt")).unwrap();
    let seed: u64 = run.lines().find_map(|line| line.strip_prefix("seed ")).unwrap().parse().unwrap();
    fs::remove_dir_all(&found).unwrap();
    fs::write(&found, "in the way").unwrap();
    let again = ["explore", "--swarm", "--seeds", "0..8", "--reactor", "read-first", "--jobs", "1"];
    let (said, status) = holdtime(&[&again[..], &["--out", scratch.to_str().unwrap()]].concat());
    assert_eq!(status, 2, "{said}");
    assert!(said.contains(&format!("cannot write \"{}\"", found.display())), "{said}");
    let again = format!("holdtime explore --swarm --seeds {seed}..{} ", seed + 1);
    assert!(said.contains(&again), "it is not among what is told: {said}");
    fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn a_run_that_makes_no_end_in_its_time_is_a_finding_and_the_sweep_goes_on() {
    let scratch = std::env::temp_dir().join(format!("holdtime-late-{}", std::process::id()));
    let out = scratch.to_str().unwrap();
    // No world is played within this.
    let arguments =
        ["explore", "--swarm", "--seeds", "0..4", "--reactor", "poll", "--limit", "1ms", "--out", out];
    let (said, status) = holdtime(&arguments);
    assert_eq!(status, 1, "{said}");
    for seed in 0..4 {
        let line = format!("late       at seed {seed}: it makes no end in real time");
        assert!(said.contains(&line), "{said}");
    }
    let found = folders(&scratch);
    assert_eq!(found.len(), 1, "{found:?}");
    let (plan, run) = (found[0].join("plan.toml"), fs::read_to_string(found[0].join("run.txt")).unwrap());
    assert!(plan.is_file() && run.contains("\nverdict late\n"), "{run}");
    fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn a_world_as_octets_is_the_same_world_and_is_kept_as_a_finding_that_plays_again() {
    let scratch = std::env::temp_dir().join(format!("holdtime-octets-{}", std::process::id()));
    let (corpus, kept) = (scratch.join("corpus"), scratch.join("kept"));
    fs::create_dir(&scratch).unwrap();
    let (said, status) = holdtime(&["explore", "--to-corpus", corpus.to_str().unwrap(), "--seeds", "3..5"]);
    assert_eq!((status, fs::read_dir(&corpus).unwrap().count()), (0, 2), "{said}");
    let file = corpus.join("world-3");
    let arguments = ["explore", "--from-bytes", file.to_str().unwrap(), "--reactor", "read-first"];
    let (said, status) = holdtime(&[&arguments[..], &["--out", kept.to_str().unwrap()]].concat());
    assert_eq!(status, 1, "{said}");
    let (again, status) = holdtime(&["replay", kept.to_str().unwrap()]);
    assert_eq!((status, again.contains("the same run: trace ")), (0, true), "{again}");
    let (said, status) = holdtime(&[&arguments[..], &["--out", kept.to_str().unwrap()]].concat());
    assert_eq!((status, said.contains("is there already")), (2, true), "{said}");
    fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn a_guided_sweep_prints_the_same_for_any_number_of_threads_and_its_runs_play_again_alone() {
    let told = |jobs: &str| holdtime(&["explore", "--swarm", "--guide", "--seeds", "0..66", "--jobs", jobs]);
    let (one, two) = (told("1"), told("3"));
    let stdout = |said: &str| said.lines().filter(|line| !line.contains(" of 66 worlds")).collect::<String>();
    assert_eq!(stdout(&one.0), stdout(&two.0));
    assert!(one.0.contains(" points of states, timers, waits, buffers and faults were reached"), "{}", one.0);
}
