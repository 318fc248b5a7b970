//! Configurations of ExaBGP's own suite must validate.

#![allow(clippy::print_stderr)] // a skipped test says so

use std::fs;
use std::path::Path;

use holdtime_core::config::{Config, ConfigText, Settings};

#[test]
fn every_configuration_of_exabgps_suite_validates() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exabgp-qa/etc");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: there is no {}", folder.display());
        return;
    };
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        count += 1;
        match Config::parse(&ConfigText { name, text }, &Settings::default()) {
            Ok(config) => assert!(!config.neighbors.is_empty(), "{} has no neighbor", path.display()),
            Err(error) => failures.push(error.to_string()),
        }
    }
    assert!(failures.is_empty(), "{} of {count} are refused:\n\n{}", failures.len(), failures.join("\n\n"));
}
