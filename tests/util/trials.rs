//! Tests that need what not every machine has. Where it is missing they are counted as ignored, and the standard error says what
//! it was; libtest can only pass or fail what it has begun.

#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "who runs the tests is told which of them were not run, and why"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// One test.
pub(crate) struct Test {
    name: String,
    /// What the machine does not have of what the test needs: `bird is not installed`.
    missing: Box<dyn Fn() -> Option<String>>,
    run: fn(),
}

impl Test {
    /// A test that runs everywhere.
    pub(crate) fn new(name: &str, run: fn()) -> Self {
        Self::needing(|| None, name, run)
    }

    /// A test that is ignored where `missing` says that something is.
    pub(crate) fn needing(missing: impl Fn() -> Option<String> + 'static, name: &str, run: fn()) -> Self {
        Self { name: name.to_owned(), missing: Box::new(missing), run }
    }
}

/// What is missing where a folder is: it, in words.
pub(crate) fn without(folder: &Path) -> Option<String> {
    (!folder.is_dir()).then(|| format!("there is no {}", folder.display()))
}

/// Runs those that the command line asks for, as libtest does.
pub(crate) fn run(tests: Vec<Test>) -> ExitCode {
    run_with(&Arguments::from_args(), tests)
}

/// The same of tests that mostly wait: unless told, two at a time for each core.
pub(crate) fn run_waiting(tests: Vec<Test>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    run_with(&arguments, tests)
}

fn run_with(arguments: &Arguments, tests: Vec<Test>) -> ExitCode {
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let mut trials = Vec::new();
    for test in tests {
        // Looking costs time: nobody looks for what is not run.
        let lacks = if selects(arguments, &test.name) { (test.missing)() } else { None };
        let run = test.run;
        trials.push(
            Trial::test(test.name, move || {
                run();
                Ok(())
            })
            .with_ignored_flag(lacks.is_some()),
        );
        if let Some(what) = lacks {
            *missing.entry(what).or_default() += 1;
        }
    }
    if !arguments.list {
        missing.iter().for_each(|(what, count)| eprintln!("{count} ignored: {what}"));
    }
    libtest_mimic::run(arguments, trials).exit_code()
}

fn selects(arguments: &Arguments, name: &str) -> bool {
    let matches =
        |pattern: &String| if arguments.exact { name == pattern } else { name.contains(pattern.as_str()) };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}
