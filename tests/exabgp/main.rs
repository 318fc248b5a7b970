//! Tests on ExaBGP's own cases, which are no part of this repository: they are read from `../shared/exabgp-qa`. Without that folder
//! the tests are counted as ignored.

mod config;
mod config_routes;
mod exabgp_configurations;

#[path = "../util/trials.rs"]
mod trials;
#[path = "../util/mod.rs"]
mod util;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut tests = config::tests();
    tests.extend(config_routes::tests());
    tests.extend(exabgp_configurations::tests());
    trials::run(tests)
}
