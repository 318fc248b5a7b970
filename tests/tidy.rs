//! The rules of the house, as tests. Each rule reports `file:line: what is wrong, and what to do`, and has a test of its own that a
//! bad tree fails it. `tidy/exceptions.rs` lists what is excepted, and why.
#![allow(clippy::panic, clippy::expect_used, clippy::print_stderr, reason = "how a test tells what it found")]

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/dead.rs"]
mod dead;
#[path = "tidy/directions.rs"]
mod directions;
#[path = "tidy/duplicates.rs"]
mod duplicates;
#[path = "tidy/exceptions.rs"]
mod exceptions;
#[path = "tidy/modules.rs"]
mod modules;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use exceptions::Exceptions;
use source::{Finding, Tree};

type Rule = fn(&Tree) -> Vec<Finding>;

/// A rule, and where its findings go.
type Request = (Rule, Sender<Vec<Finding>>);

/// What a rule finds in the repository. Syntax trees cannot leave the thread that parsed them: one thread parses all files once, and
/// tries every rule that it is sent.
fn findings(rule: Rule) -> Vec<Finding> {
    static RULES: OnceLock<Sender<Request>> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        let (rules, requests) = channel::<Request>();
        thread::spawn(move || {
            let tree = Tree::of_repository();
            for (rule, findings) in requests {
                drop(findings.send(rule(&tree)));
            }
        });
        rules
    });
    let (findings, found) = channel();
    rules.send((rule, findings)).expect("the thread of the rules lives");
    found.recv().expect("the rule came to its end")
}

/// Holds the repository to a rule.
fn hold(rule: Rule, exceptions: &Exceptions) {
    let found = findings(rule);
    let bad = exceptions.apply(found);
    assert!(bad.is_empty(), "{} findings:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn no_file_is_longer_than_its_subject() {
    hold(sizes::long_files, &exceptions::LONG_FILES);
}

#[test]
fn no_function_is_longer_than_a_screen() {
    hold(sizes::long_functions, &exceptions::LONG_FUNCTIONS);
}

#[test]
fn packages_import_downwards() {
    hold(directions::packages, &exceptions::NONE);
}

#[test]
fn modules_of_the_core_import_downwards() {
    hold(directions::core, &exceptions::NONE);
}

#[test]
fn rooms_of_the_lab_import_downwards() {
    hold(directions::rooms, &exceptions::ROOMS);
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    hold(circles::circles, &exceptions::CIRCLES);
}

#[test]
fn every_file_is_compiled() {
    hold(dead::dead_files, &exceptions::NONE);
}

#[test]
fn comments_and_pages_speak_of_what_is_there() {
    hold(names::stale, &exceptions::STALE);
}

#[test]
fn nothing_is_written_twice() {
    hold(duplicates::duplicates, &exceptions::DUPLICATES);
}

#[test]
fn a_type_name_has_one_meaning() {
    hold(names::types, &exceptions::TYPES);
}
