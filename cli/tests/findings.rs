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
