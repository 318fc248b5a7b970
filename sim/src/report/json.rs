//! What a program reads of runs and cases: one object a line.

use holdtime_core::Instant;
use serde_json::{Value, json};

use super::sweep::SweepSums;
use super::{Experiment, Parting, is_expected};
use crate::certificate::{Certificate, Link, Standstill, Verdict};
use crate::stage::Outcome;
use crate::subject::Subject;
use crate::suite::CaseResult;

/// One run from one seed. `second`: where its second run parted from it, if that was another one.
pub fn run(
    experiment: &Experiment,
    subject: &dyn Subject,
    seed: u64,
    outcome: &Outcome,
    second: Option<&Parting>,
) -> Value {
    let expected = is_expected(&outcome.verdict, experiment.expected(subject.name())) && second.is_none();
    let mut object = json!({
        "scenario": experiment.name,
        "reactor": subject.name(),
        "seed": seed,
        "verdict": outcome.verdict.code(),
        "expected": expected,
        "at": outcome.at.as_nanos(),
        "hash": format!("{:016x}", outcome.hash),
        "steps": outcome.steps,
        "up": outcome.course.up.map(Instant::as_nanos),
        "end": outcome.course.end.map(|end| end.to_string()),
        "is-up": outcome.course.is_up,
    });
    extend(&mut object, details(outcome));
    if let Some(Parting { hash, event, once, then }) = second {
        object["second-hash"] = format!("{hash:016x}").into();
        object["parts"] = json!({ "event": event, "once": once, "then": then });
    }
    object
}

/// One case of the suite on one reactor.
pub fn case(result: &CaseResult) -> Value {
    json!({
        "reactor": result.reactor.name(),
        "case": result.case.name,
        "verdict": result.code,
        "expected": result.expected,
        "why": result.why,
        "finding": result.details,
        "hash": result.hash.map(|hash| format!("{hash:016x}")),
    })
}

/// What many seeds of the suite showed on one reactor; of each case that failed, the first seed.
pub fn suite_sweep(subject: &dyn Subject, sums: &SweepSums, failures: &[(u64, CaseResult)]) -> Value {
    let failures: Vec<_> = failures
        .iter()
        .map(|(seed, result)| json!({ "case": result.case.name, "seed": seed, "verdict": result.code, "why": result.why }))
        .collect();
    json!({
        "reactor": subject.name(),
        "runs": sums.runs,
        "failed": sums.unexpected,
        "failures": failures,
        "hash": format!("{:016x}", sums.hash),
    })
}

/// Adds the members of one object to another.
pub fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

fn links(certificate: &Certificate) -> Vec<Value> {
    let link = |link: &Link| json!({ "who": link.who, "waits-for": link.what, "since": link.since.map(|since| since.as_nanos()) });
    certificate.links.iter().map(link).collect()
}

/// Why a run did not pass, as members of an object; none for one that did.
pub fn details(outcome: &Outcome) -> Value {
    let stands = &outcome.standing;
    match &outcome.verdict {
        Verdict::Pass => json!({}),
        Verdict::Hang { alarm, certificate } => {
            let links = links(certificate);
            json!({ "missing": alarm.what, "clause": alarm.clause, "since": alarm.since.as_nanos(), "because": links, "circle": certificate.end.is_circle(), "end": certificate.ending(), "stands": stands })
        }
        Verdict::Failed { who, why } => json!({ "who": who, "why": why, "stands": stands }),
        Verdict::Crashed(why) => json!({ "why": why, "stands": stands }),
        Verdict::Unfinished { waiting, standstill } => {
            let Standstill { who, on, certificate } = standstill;
            json!({ "waiting": waiting, "who": who, "on": on.to_string(), "because": links(certificate), "end": certificate.ending(), "stands": stands })
        }
    }
}
