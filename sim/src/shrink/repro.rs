//! What a shrunk scenario says of itself: its title, what is expected, and a test.

use std::fmt::Write as _;

use holdtime_machine::choices::Choice;

use crate::certificate::{Certificate, Key, Verdict};
use crate::scenario::{Expected, Scenario, Unwritable};
use crate::shrink::search::Ended;
use crate::stage::Outcome;
use crate::subject::{self, Subject, SubjectRef};

/// What came of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest scenario that was found, with its title made from the certificate and what is expected of the subject.
    pub scenario: Scenario,
    /// The seed that it fails from; 0 where that was possible.
    pub seed: u64,
    /// The choices that it needs, where no seed draws them.
    pub choices: Option<Vec<Choice>>,
    /// What its run shows.
    pub outcome: Outcome,
    /// What its verdict and the first one have in common.
    pub key: Key,
    /// How many runs it took, the first one included.
    pub runs: u32,
    /// The size of what was given, by [`size`](crate::shrink::size).
    pub before: usize,
    /// Why it went no further.
    pub ended: Ended,
}

/// The scenario with a title made from the certificate, and with what is expected of the subject alone. What no oracle said is
/// expected of nobody.
pub(super) fn named(mut scenario: Scenario, subject: SubjectRef, outcome: &Outcome) -> Scenario {
    scenario.title = title(subject, &outcome.verdict);
    let expected = match &outcome.verdict {
        Verdict::Hang { alarm, .. } => Expected::Hang(vec![alarm.oracle]),
        _ => Expected::Pass,
    };
    // Without a word about it, a reactor that ships is expected to pass.
    let is_told = expected != Expected::Pass || subject != subject::POLL;
    scenario.expect = if is_told { vec![(subject.name().to_owned(), expected)] } else { Vec::new() };
    scenario
}

/// One sentence: who waits in vain for what, and who is at the end of the chain.
fn title(subject: SubjectRef, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => format!("{subject} passes"),
        Verdict::Hang { certificate, .. } => format!("{subject}: {}", story(certificate)),
        Verdict::Failed { who, why } => {
            format!("{subject}: {who} fails: {}", why.lines().next().unwrap_or_default())
        }
        Verdict::Crashed(why) => format!("{subject} crashes: {}", why.lines().next().unwrap_or_default()),
        Verdict::Unfinished { waiting, .. } => {
            format!("{subject} does not finish: {}", waiting.first().map_or("", String::as_str))
        }
    }
}

fn story(certificate: &Certificate) -> String {
    let Some(first) = certificate.links.first() else { return "nothing moves".to_owned() };
    let mut text = format!("{} waits in vain for {}", first.who, first.what);
    if let Some(last) = certificate.links.get(1..).and_then(<[_]>::last) {
        let _ = write!(text, ", while {} waits for {}", last.who, last.what);
    }
    let and = if certificate.end.is_circle() { ", " } else { ", and " };
    text + and + &certificate.ending()
}

/// Where its choices come from, as Rust.
fn choices_of(shrunk: &Shrunk) -> String {
    let Some(choices) = &shrunk.choices else { return format!("{}.into()", shrunk.seed) };
    let one = |choice: &Choice| {
        let Choice { site, actor, n, bound, value } = choice;
        let site = format!("Site::find({:?}).ok_or(\"no site\")?", site.name());
        format!(
            "Choice {{ site: {site}, actor: {actor:?}.to_owned(), n: {n}, bound: {bound}, value: {value} }}"
        )
    };
    let all: Vec<String> = choices.iter().map(one).collect();
    format!("ChoiceSource::Adapted(vec![{}])", all.join(", "))
}

/// A test that holds a shrunk scenario to what it showed.
///
/// # Errors
/// It cannot be written as a scenario.
pub fn test_of(shrunk: &Shrunk, subject: &dyn Subject) -> Result<String, Unwritable> {
    let Shrunk { scenario, outcome, key, .. } = shrunk;
    let what = match &outcome.verdict {
        Verdict::Hang { alarm, .. } => alarm.oracle.finding(),
        verdict => verdict.code(),
    };
    let slug = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_lowercase();
    let toml = scenario.write()?;
    let hashes = (1..).map(|count| "#".repeat(count)).find(|hashes| !toml.contains(&format!("\"{hashes}")));
    let hashes = hashes.unwrap_or_default();
    let choices = choices_of(shrunk);
    Ok(format!(
        "\
{imports}use holdtime_sim::scenario::{{self, mistake::Source}};
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{{self, Defect}};

#[test]
fn {subject}_{what}() -> Result<(), String> {{
    let text = r{hashes}\"{toml}\"{hashes};
    let source = Source::new(\"shrunk.toml\", text);
    let scenario = scenario::read(&source, |_| None, &subject::names());
    let scenario = scenario.map_err(|mistake| mistake.to_string())?;
    let subject = subject::find(\"{name}\").map_err(|unknown| unknown.to_string())?;
    let run = Run {{ play: &scenario.play, subject, defect: Defect::Present, choices: {choices} }};
    let key = run.go()?.verdict.key().map(|key| key.to_string());
    assert_eq!(key.as_deref(), Some({key:?}));
    Ok(())
}}
",
        imports = if shrunk.choices.is_some() {
            "use holdtime_machine::choices::{Choice, ChoiceSource, Site};\n"
        } else {
            ""
        },
        subject = slug(subject.name()),
        what = slug(what),
        name = subject.name(),
        key = key.as_str(),
    ))
}
