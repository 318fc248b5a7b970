//! Configurations of ExaBGP's own suite must validate.

#![allow(clippy::unwrap_used)] // a failed test stops

use std::fs;
use std::path::{Path, PathBuf};

use crate::trials::Test;
use holdtime_core::config::{Config, ConfigText, Settings};

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::needing(
        || crate::trials::without(&folder()),
        "every_configuration_of_exabgps_suite_validates",
        every_configuration_of_exabgps_suite_validates,
    )]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exabgp-qa/etc")
}

fn every_configuration_of_exabgps_suite_validates() {
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
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
