//! What a person reads of runs: compact, aligned within 80 columns, the same on every run.

pub mod html;
pub mod json;
pub mod junit;
pub mod maintainer;
mod parting;
pub mod pcap;
mod pcapng;
pub mod perfetto;
mod printable;
pub mod probe;
pub mod sequence;
pub mod snapshot;
mod suite;
mod sweep;
pub mod trace;
pub mod trace_json;
pub mod why;

pub use parting::{Parting, twice};
pub use printable::printable;
pub use suite::{explained_cases, failed_case, score_rows};
pub use sweep::{SweepSums, sweep_row};

use std::fmt::Write as _;

use holdtime_machine::choices::ChoiceSource;

use crate::certificate::{Certificate, Link, Verdict};
use crate::oracle::Oracle;
use crate::scenario::script::format_duration;
use crate::scenario::{Expected, Scenario};
use crate::scenario::{Plan, Play};
use crate::stage::Outcome;
use crate::subject::{self, Subject};
use crate::suite::{Case, expected_code};
use crate::timeline::{Timeline, TimelineHead};

/// How wide a table may be.
const WIDTH: usize = 80;
/// How wide the column of outcomes is.
const OUTCOME: usize = 31;

/// How text is emphasised; on anything but a terminal, not at all.
pub trait Paint {
    /// A heading.
    fn bold(&self, text: &str) -> String;
    /// As expected.
    fn good(&self, text: &str) -> String;
    /// Not as expected.
    fn bad(&self, text: &str) -> String;
}

/// What is played, as a report presents it: a scenario, or a case of the suite.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: String,
    /// What happens, in one sentence.
    pub title: String,
    /// Where it comes from.
    pub source: Option<String>,
    /// What each subject is expected to do, by its name; one that is not named is expected to pass.
    pub expect: Vec<(String, Expected)>,
    /// The play.
    pub play: Play,
}

impl From<&Scenario> for Experiment {
    fn from(scenario: &Scenario) -> Self {
        Self {
            name: scenario.play.name.clone(),
            title: scenario.title.clone(),
            source: scenario.source.clone(),
            expect: scenario.expect.clone(),
            play: scenario.play.clone(),
        }
    }
}

impl From<&Case> for Experiment {
    /// One of the project's own cases.
    fn from(case: &Case) -> Self {
        let expect = subject::reactors().map(|subject| {
            let oracle: Result<Oracle, ()> = expected_code(subject.name(), &case.name).parse();
            (subject.name().to_owned(), oracle.map_or(Expected::Pass, |oracle| Expected::Hang(vec![oracle])))
        });
        Self {
            name: case.name.clone(),
            title: case.title.clone(),
            source: None,
            expect: expect.collect(),
            play: case.play(),
        }
    }
}

impl Experiment {
    /// What the subject of this name is expected to do.
    pub fn expected(&self, subject: &str) -> &Expected {
        self.expect.iter().find(|(name, _)| name == subject).map_or(&Expected::Pass, |(_, expected)| expected)
    }
}

/// The experiment, and the plan of the first run where there is one, before anything runs.
pub fn opening(experiment: &Experiment, plan: Option<(&ChoiceSource, &Plan)>, paint: &dyn Paint) -> String {
    let shown = |text: &str| printable(text, usize::MAX);
    let mut text = format!("{}  {}\n", paint.bold(&shown(&experiment.name)), shown(&experiment.title));
    if let Some(source) = &experiment.source {
        let _ = writeln!(text, "from  {}", shown(source));
    }
    if let Some((source, plan)) = plan {
        let _ = writeln!(text, "plan  {source}: {plan}");
    }
    let bounds = &experiment.play.bounds;
    let _ = writeln!(
        text,
        "      a route is due on the wire within {}, an answer within {};\n      at most {} idle wakeups a second; at most {} in all\n",
        format_duration(bounds.route),
        format_duration(bounds.answer),
        bounds.wakeups,
        format_duration(experiment.play.run_for)
    );
    text
}

/// The heading of the table that [`row`] fills.
pub fn heading(paint: &dyn Paint) -> String {
    paint.bold(&format!("{:<13} {:<OUTCOME$} {:>10} {:<16}  right", "reactor", "outcome", "at", "trace"))
}

/// One subject's line in the table; what was expected instead stands below it.
pub fn row(subject: &dyn Subject, outcome: &Outcome, experiment: &Experiment, paint: &dyn Paint) -> String {
    let expected = experiment.expected(subject.name());
    let as_expected = is_expected(&outcome.verdict, expected);
    let summary = format!("{:<OUTCOME$}", cut(&outcome.verdict.summary(), OUTCOME));
    let summary = match (&outcome.verdict, as_expected) {
        (_, false) => paint.bad(&summary),
        (Verdict::Pass, true) => paint.good(&summary),
        _ => summary,
    };
    let remark = if as_expected { "yes" } else { "NO" };
    let mut text =
        format!("{subject:<13} {summary} {:>10} {:016x}  {remark}\n", outcome.at.to_string(), outcome.hash);
    if !as_expected {
        let _ = writeln!(text, "{:<13} expected: {}", "", wording(expected));
    }
    // Where the scenario is about the session's times, they are told.
    if experiment.play.up.is_some() || experiment.play.ends.is_some() {
        let _ = writeln!(text, "{:<13} session {}", "", outcome.course);
    }
    text
}

/// The beginning of a text that is wider than its column.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Why a run did not pass, and how to see it again; empty for one that did.
pub fn explanation(subject: &dyn Subject, outcome: &Outcome, again: &str, paint: &dyn Paint) -> String {
    if outcome.verdict == Verdict::Pass {
        return String::new();
    }
    let heading = paint.bold(&format!("{subject} {}", outcome.verdict.summary()));
    format!("\n{heading}\n{}  again    {again}\n", finding(outcome))
}

/// What is wrong with a run that [`explanation`] has nothing to say of: its second run was another one, or it passes and should
/// not. Empty where there is nothing.
pub fn surprise(
    subject: &dyn Subject,
    outcome: &Outcome,
    second: Option<&Parting>,
    experiment: &Experiment,
    again: &str,
    paint: &dyn Paint,
) -> String {
    let passes = outcome.verdict == Verdict::Pass;
    if let Some(Parting { hash: second, event, once, then }) = second {
        let heading = paint.bad(&format!("{subject} is not deterministic"));
        let hash = outcome.hash;
        let said = |step: &Option<String>, nothing: &str| step.clone().unwrap_or_else(|| nothing.to_owned());
        let (once, then) = (said(once, "nothing more"), said(then, "nothing more"));
        format!(
            "\n{heading}\n  trace    {hash:016x} once, {second:016x} then; they part at event {event} of their logs\n  \
             once     {once}\n  then     {then}\n  again    {again}\n"
        )
    } else if passes && !is_expected(&outcome.verdict, experiment.expected(subject.name())) {
        let heading = paint.bad(&format!("{subject} passes, which was not expected"));
        format!("\n{heading}\n  again    {again}\n")
    } else {
        String::new()
    }
}

/// Why a run did not pass, line by line: the alarm and its certificate, or what went wrong and where every script stood. What programs
/// and peers say in it commands no terminal.
pub fn finding(outcome: &Outcome) -> String {
    told(outcome).lines().map(|line| format!("{}\n", printable(line, usize::MAX))).collect()
}

fn told(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Pass => String::new(),
        Verdict::Hang { alarm, certificate } => {
            format!(
                "  missing  {}\n  overdue  at {}, by {}\n{}",
                alarm.what,
                alarm.at,
                alarm.clause,
                chain(certificate)
            )
        }
        Verdict::Failed { who, why } => {
            format!("  {who}  {}\n{}", why.replace('\n', "\n  "), labelled("stands", &outcome.standing))
        }
        Verdict::Crashed(why) => format!("  {why}\n{}", labelled("stands", &outcome.standing)),
        Verdict::Unfinished { waiting, standstill } => {
            let (waits, stands) = (labelled("waits", waiting), labelled("stands", &outcome.standing));
            let told = match &standstill.certificate {
                unknown if *unknown == Certificate::default() => String::new(),
                known if known.links.is_empty() => labelled("because", &[known.ending()]),
                known => chain(known),
            };
            format!("{waits}{told}{stands}")
        }
    }
}

fn labelled(label: &str, lines: &[String]) -> String {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(lines).map(|(label, line)| format!("  {label:<8} {line}\n")).collect()
}

/// A link a line where all fit, or two lines each.
fn chain(certificate: &Certificate) -> String {
    let links = &certificate.links;
    let who = links.iter().map(|link| link.who.chars().count()).max().unwrap_or(0);
    let what = links.iter().map(|link| link.what.chars().count()).max().unwrap_or(0);
    let since =
        |link: &Link| link.since.map_or(String::new(), |since| format!("since {:>10}", since.to_string()));
    let one = |link: &Link| format!("{:<who$}  waits for  {:<what$}  {}", link.who, link.what, since(link));
    let two = |link: &Link| {
        let since = link.since.map_or(String::new(), |since| format!(" since {since}"));
        format!("{} waits{since} for\n{:<13}{}", link.who, "", link.what)
    };
    let fit = links.iter().all(|link| one(link).trim_end().chars().count() + 11 <= WIDTH);
    let told: Vec<String> = links.iter().map(|link| if fit { one(link) } else { two(link) }).collect();
    let mut text: String =
        labelled("because", &told).lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let _ = writeln!(text, "           {}", certificate.ending());
    text
}

/// Says on a log what was run, how to run it again, and why it came to its end.
pub fn inscribe(
    timeline: &mut Timeline,
    (name, title): (&str, &str),
    (reactor, seed): (&str, Option<u64>),
    outcome: &Outcome,
    again: &str,
) {
    timeline.head = TimelineHead {
        name: name.to_owned(),
        title: title.to_owned(),
        reactor: reactor.to_owned(),
        seed,
        again: again.to_owned(),
    };
    if let Some(end) = &mut timeline.end {
        end.why = finding(outcome);
    }
}

/// Whether a verdict is what was expected.
pub fn is_expected(verdict: &Verdict, expected: &Expected) -> bool {
    match (verdict, expected) {
        (Verdict::Pass, Expected::Pass) => true,
        (Verdict::Hang { alarm, .. }, Expected::Hang(oracles)) => oracles.contains(&alarm.oracle),
        _ => false,
    }
}

/// An expectation as scenarios write it.
pub fn wording(expected: &Expected) -> String {
    match expected {
        Expected::Pass => "pass".to_owned(),
        Expected::Hang(oracles) => oracles.iter().map(|oracle| oracle.code()).collect::<Vec<_>>().join(" "),
    }
}
