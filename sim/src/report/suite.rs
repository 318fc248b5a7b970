//! The suite's table, and why cases did not pass.

use std::fmt::Write as _;

use super::Paint;
use super::sweep::fold;
use crate::subject::SubjectRef;
use crate::suite::{CaseResult, Score};

/// The heading, and a line for each reactor; `name` says what a reactor is called.
pub fn score_rows(
    results: &[CaseResult],
    reactors: &[SubjectRef],
    name: impl Fn(SubjectRef) -> String,
    paint: &dyn Paint,
) -> String {
    let mut text = format!("{}\n", paint.bold(&Score::heading()));
    for &reactor in reactors {
        let mut score = Score::default();
        let mut hash = None;
        for result in results.iter().filter(|result| result.reactor == reactor) {
            score.add(result.case.kind, &result.case.name, &result.code);
            hash = result.hash.map(|own| fold(hash.unwrap_or_default(), own));
        }
        let line = format!("{:<14} {score}", name(reactor));
        let line = if score.is_perfect() { paint.good(&line) } else { line };
        let trace = hash.map_or(String::new(), |hash| format!("  [{hash:016x}]"));
        let _ = writeln!(text, "{line}{trace}");
    }
    text
}

/// Why cases did not pass: all that are not as expected, which stand last, and with `asked` the others too. `name` says whose
/// result it is.
pub fn explained_cases(
    results: &[CaseResult],
    asked: bool,
    name: impl Fn(&CaseResult) -> String,
    paint: &dyn Paint,
) -> String {
    let (expected, unexpected): (Vec<_>, Vec<_>) = results.iter().partition(|result| result.is_expected());
    let asked = expected.into_iter().filter(|result| asked && !result.why.is_empty());
    let mut text = String::new();
    for result in asked.chain(unexpected) {
        let verdict = match result.is_expected() {
            true => format!("{}, as expected", result.code),
            false => format!("{}, expected {}", result.code, result.expected),
        };
        let heading = format!("\n{} {}: {verdict}", name(result), result.case.name);
        let heading = if result.is_expected() { paint.bold(&heading) } else { paint.bad(&heading) };
        let _ = writeln!(text, "{heading}\n  {}", result.why.replace('\n', "\n  "));
    }
    text
}

/// The run of one seed that was not as expected, and the command that shows it again.
pub fn failed_case(seed: u64, result: &CaseResult, again: &str) -> String {
    let CaseResult { case, reactor, code, expected, why, .. } = result;
    let why = why.replace('\n', "\n  ");
    format!(
        "\n{reactor} {}, seed {seed}: {code}, expected {expected}\n  {why}\n  again: {again}\n",
        case.name
    )
}
