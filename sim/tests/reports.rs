//! What people and programs read of a run, whole: certificates, tables, JSON, a sequence diagram, and the mistakes in a scenario. What has
//! changed is looked at, and then kept with `INSTA_UPDATE=always`.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_sim::report::{self, Experiment, Paint};
use holdtime_sim::scenario::mistake::Source;
use holdtime_sim::scenario::{self, Scenario};
use holdtime_sim::stage::{Outcome, Run};
use holdtime_sim::subject::{self, Defect, SubjectRef};

/// No colours.
struct Plain;

impl Paint for Plain {
    fn bold(&self, text: &str) -> String {
        text.to_owned()
    }

    fn good(&self, text: &str) -> String {
        text.to_owned()
    }

    fn bad(&self, text: &str) -> String {
        text.to_owned()
    }
}

fn play(scenario: &str, reactor: &str) -> (Scenario, SubjectRef, Outcome) {
    let (scenario, subject) = (scenario::find(scenario).unwrap(), subject::find(reactor).unwrap());
    let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: 0.into() };
    let outcome = run.go().unwrap();
    (scenario, subject, outcome)
}

/// A text without the hashes of traces, which every change of the lab changes.
fn without_hashes(text: &str) -> String {
    let is_hash = |word: &&str| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let hashes: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_hash).collect();
    hashes.iter().fold(text.to_owned(), |text, hash| text.replace(hash, "(trace's hash)"))
}

fn explained(scenario: &str, reactor: &str) -> String {
    let (_, subject, outcome) = play(scenario, reactor);
    report::explanation(subject, &outcome, &format!("holdtime run {scenario} --reactor {reactor}"), &Plain)
}

#[test]
fn the_certificate_of_a_command_that_goes_unanswered_names_the_circle() {
    insta::assert_snapshot!(explained("silent-peer", "await-peers"));
}

#[test]
fn the_certificate_of_a_busy_loop_says_what_the_turns_were_for() {
    insta::assert_snapshot!(explained("silent-peer", "recv-timeout"));
}

#[test]
fn the_certificate_of_an_unsent_route_says_who_stays_in_which_call() {
    insta::assert_snapshot!(explained("silent-peer", "read-first"));
}

#[test]
fn the_table_of_a_scenario_has_a_line_a_reactor() {
    let (scenario, ..) = play("silent-peer", "poll");
    let experiment = Experiment::from(&scenario);
    let rows = ["poll", "async", "await-peers", "recv-timeout"].map(|reactor| {
        let (_, subject, outcome) = play("silent-peer", reactor);
        report::row(subject, &outcome, &experiment, &Plain)
    });
    let table = format!("{}\n{}", report::heading(&Plain), rows.concat());
    insta::assert_snapshot!(without_hashes(&(report::opening(&experiment, None, &Plain) + &table)));
}

#[test]
fn the_table_of_a_scenario_about_sessions_says_how_they_went() {
    let (scenario, subject, outcome) = play("silent-after-open", "poll");
    insta::assert_snapshot!(without_hashes(&report::row(subject, &outcome, &(&scenario).into(), &Plain)));
}

#[test]
fn a_run_in_json_has_its_verdict_and_why() {
    let (scenario, subject, outcome) = play("silent-peer", "await-peers");
    let mut object = report::json::run(&(&scenario).into(), subject, 0, &outcome, None);
    // How many steps there are, and their hash, is not what a reader looks for.
    object.as_object_mut().unwrap().retain(|name, _| !["hash", "steps"].contains(&name.as_str()));
    insta::assert_snapshot!(serde_json::to_string_pretty(&object).unwrap());
}

#[test]
fn a_sequence_diagram_has_the_session_and_the_command() {
    let scenario = scenario::find("silent-peer").unwrap();
    let subject = subject::find("await-peers").unwrap();
    let run = Run { play: &scenario.play, subject, defect: Defect::Present, choices: 0.into() };
    let (_, timeline) = run.go_logged(&[]).unwrap();
    insta::assert_snapshot!(report::sequence::diagram(&timeline));
}

#[test]
fn mistakes_in_a_scenario_are_shown_with_the_line_and_what_was_expected() {
    let (right, _, _) = play("silent-peer", "poll");
    let right = right.write().unwrap();
    let mistakes = [
        ("[[speaker]]", "[[speeker]]"),
        ("expect open", "expect opne"),
        ("run-for = \"", "run-for = \"half of "),
        ("neighbor 10.0.0.2", "neighbor 10.0.0.9"),
    ];
    let shown = mistakes.map(|(good, bad)| {
        assert!(right.contains(good), "{good}\n{right}");
        let source = Source::new("mine.toml", right.replacen(good, bad, 1).as_str());
        scenario::read(&source, |_| None, &subject::names()).unwrap_err().to_string()
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}
