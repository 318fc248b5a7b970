//! ExaBGP's own cases, which are no part of this repository, in the lab.

#![allow(clippy::unwrap_used)] // a failed test stops

#[path = "shared/private.rs"]
mod private;
#[path = "../../tests/util/trials.rs"]
mod trials;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trials::Test;

fn main() -> ExitCode {
    let missing = || {
        let programs =
            || trials::without(&programs()).map(|what| format!("{what}: .ci/fetch-exabgp-programs makes it"));
        trials::without(&cases()).or_else(programs)
    };
    trials::run(vec![
        Test::needing(
            missing,
            "the_shipped_reactors_pass_exabgps_own_cases_from_what_its_programs_say_live",
            the_shipped_reactors_pass_exabgps_own_cases_from_what_its_programs_say_live,
        ),
        Test::needing(
            missing,
            "exabgps_own_programs_run_in_the_lab_as_they_are_and_leave_the_same_trace",
            exabgps_own_programs_run_in_the_lab_as_they_are_and_leave_the_same_trace,
        ),
    ])
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/exabgp-qa")
}

/// Where ExaBGP's API programs are, once they were fetched.
fn programs() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    cache.unwrap_or_else(home).join("holdtime/exabgp/run")
}

fn the_shipped_reactors_pass_exabgps_own_cases_from_what_its_programs_say_live() {
    let output = private::holdtime().args(["suite", cases().to_str().unwrap(), "--json"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    let failed: Vec<&str> = said.lines().filter(|line| !line.contains("\"verdict\":\"pass\"")).collect();
    assert!(failed.is_empty() && output.status.success(), "{}{complained}", failed.join("\n"));
    assert!(said.lines().count() >= 2 * 48, "{said}");
}

fn exabgps_own_programs_run_in_the_lab_as_they_are_and_leave_the_same_trace() {
    let files = std::fs::read_dir(cases().join("encoding")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".ci").map(str::to_owned));
    let only: Vec<String> = names.filter(|name| name.starts_with("api-")).collect();
    let arguments = ["suite", cases().to_str().unwrap(), "--real-programs", "--seeds", "0..2", "--json"]
        .map(str::to_owned);
    let output = private::holdtime().args(arguments).args(["--only", &only.join(",")]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches("\"failed\":0").count(), 2, "{said}");
}
