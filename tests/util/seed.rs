//! The seed of the property tests: another one on every run, told where a test fails, and given with `PROPTEST_RNG_SEED`.

#![allow(clippy::print_stdout, reason = "what a test prints is shown where it fails")]

// The core's own tests are without it until somebody says so.
extern crate std;

use std::boxed::Box;
use std::hash::{BuildHasher, RandomState};
use std::println;

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};

/// How property tests run. What fails is kept beside the test's file, named after it and ending in `.failures`: proptest's usual place
/// is beside a `lib.rs`, which tests do not have.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(0),
    };
    println!("PROPTEST_RNG_SEED={seed} draws the same cases again");
    config.rng_seed = RngSeed::Fixed(seed);
    config.failure_persistence = Some(Box::new(FileFailurePersistence::WithSource("failures")));
    config
}
