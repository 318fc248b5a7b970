//! What a person reads of runs: compact, aligned, the same on every run.

use std::fmt::Write as _;

use holdtime_core::Instant;

use crate::reactors::ReactorName;
use crate::run::{Outcome, Plan};
use crate::scenario::{Expected, Scenario};
use crate::script::format_duration;
use crate::verdict::{Certificate, Verdict};

/// How text is emphasised; on anything but a terminal, not at all.
pub trait Paint {
    /// A heading.
    fn bold(&self, text: &str) -> String;
    /// As expected.
    fn good(&self, text: &str) -> String;
    /// Not as expected.
    fn bad(&self, text: &str) -> String;
}

/// The plan and the scenario, before anything runs.
pub fn opening(scenario: &Scenario, plan: &Plan, paint: &dyn Paint) -> String {
    let mut text = format!("{}  {}\n", paint.bold(&scenario.name), scenario.title);
    if let Some(source) = &scenario.source {
        let _ = writeln!(text, "from  {source}");
    }
    let _ = writeln!(text, "plan  {plan}");
    let _ = writeln!(
        text,
        "      a route is due on the wire within {}, an answer within {}; at most {} idle wakeups a second; at most {} in all\n",
        format_duration(scenario.bounds.route),
        format_duration(scenario.bounds.answer),
        scenario.bounds.wakeups,
        format_duration(scenario.run_for)
    );
    let heading = format!("{:<14} {:<30} {:>10}  trace", "reactor", "outcome", "at");
    let _ = writeln!(text, "{}", paint.bold(&heading));
    text
}

/// One reactor's line in the table.
pub fn row(reactor: ReactorName, outcome: &Outcome, scenario: &Scenario, paint: &dyn Paint) -> String {
    let expected = scenario.expected(reactor);
    let as_expected = is_expected(&outcome.verdict, expected);
    let summary = format!("{:<30}", outcome.verdict.summary());
    let summary = match (&outcome.verdict, as_expected) {
        (_, false) => paint.bad(&summary),
        (Verdict::Pass, true) => paint.good(&summary),
        _ => summary,
    };
    let remark = match (&outcome.verdict, as_expected) {
        (Verdict::Pass, true) => String::new(),
        (_, true) => "as expected".to_owned(),
        (_, false) => format!("expected: {}", wording(expected)),
    };
    let line =
        format!("{reactor:<14} {summary} {:>10}  {:016x}  {remark}", outcome.at.to_string(), outcome.hash);
    // Where the scenario is about the session's times, they are told.
    let timed = scenario.up.is_some() || scenario.ends.is_some();
    let course = if timed { format!("{:<14} session {}\n", "", outcome.course) } else { String::new() };
    format!("{}\n{course}", line.trim_end())
}

/// Why a run did not pass, and how to see it again; empty for one that did.
pub fn explanation(reactor: ReactorName, outcome: &Outcome, again: &str, paint: &dyn Paint) -> String {
    let heading = paint.bold(&format!("{reactor} {}", outcome.verdict.summary()));
    let body = match &outcome.verdict {
        Verdict::Pass => return String::new(),
        Verdict::Hang { alarm, certificate } => {
            format!(
                "  missing  {}\n  overdue  at {}, by {}\n{}",
                alarm.what,
                alarm.at,
                alarm.clause,
                chain(certificate)
            )
        }
        Verdict::Failed { who, why } => format!("  {who}  {}\n", why.replace('\n', "\n  ")),
        Verdict::Crashed(why) => format!("  {why}\n"),
        Verdict::Unfinished { waiting } => {
            waiting.iter().map(|line| format!("  waits    {line}\n")).collect()
        }
    };
    format!("\n{heading}\n{body}  again    {again}\n")
}

fn chain(certificate: &Certificate) -> String {
    let who = certificate.links.iter().map(|link| link.who.chars().count()).max().unwrap_or(0);
    let what = certificate.links.iter().map(|link| link.what.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, link) in certificate.links.iter().enumerate() {
        let label = if index == 0 { "because" } else { "" };
        let since = link
            .since
            .map_or(String::new(), |since: Instant| format!("since {since:>10}", since = since.to_string()));
        let line = format!("  {label:<8} {:<who$}  waits for  {:<what$}  {since}", link.who, link.what);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if certificate.cycle {
        let _ = writeln!(text, "           which closes the circle");
    }
    text
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
