//! What is said of a run: to people why it did not pass, to programs an object.

use std::io::Write;

use holdtime_core::Instant;
use holdtime_sim::certificate::Verdict as LabVerdict;
use holdtime_sim::report;
use holdtime_sim::report::{Experiment, Paint};
use holdtime_sim::stage::Outcome as RunOutcome;
use serde_json::json;

use super::run_args::RunArgs;
use super::worker::Played;
use crate::console::Console;
use crate::error::CliError;

/// Says why a run did not pass, that it was another one the second time, or that it passes and should not.
pub(super) fn explain(
    args: &RunArgs,
    experiment: &Experiment,
    played: &Played,
    console: &mut Console,
) -> Result<(), CliError> {
    let paint = console.paint();
    let again = args.again(played.reactor, played.seed);
    write!(console, "{}", report::explanation(played.reactor, &played.outcome, &again, &paint))?;
    if let Some(second) = played.second {
        let heading = paint.bad(&format!("{} is not deterministic", played.reactor));
        let hash = played.outcome.hash;
        writeln!(
            console,
            "\n{heading}\n  trace    {hash:016x} once, {second:016x} then\n  again    {again}"
        )?;
    } else if played.outcome.verdict == LabVerdict::Pass && !played.is_expected(experiment) {
        let heading = paint.bad(&format!("{} passes, which was not expected", played.reactor));
        writeln!(console, "\n{heading}\n  again    {again}")?;
    }
    Ok(())
}

pub(super) fn as_json(experiment: &Experiment, played: &Played) -> serde_json::Value {
    let Played { reactor, seed, outcome, .. } = played;
    let mut object = json!({
        "scenario": experiment.name,
        "reactor": reactor.name(),
        "seed": seed,
        "verdict": outcome.verdict.code(),
        "expected": played.is_expected(experiment),
        "at": outcome.at.as_nanos(),
        "hash": format!("{:016x}", outcome.hash),
        "steps": outcome.steps,
        "up": outcome.course.up.map(Instant::as_nanos),
        "end": outcome.course.end.map(|end| end.to_string()),
        "is-up": outcome.course.is_up,
    });
    if let (Some(object), serde_json::Value::Object(more)) = (object.as_object_mut(), details(outcome)) {
        object.extend(more);
        if let Some(second) = played.second {
            object.insert("second-hash".to_owned(), format!("{second:016x}").into());
        }
    }
    object
}

/// Why a run did not pass, as members of an object; none for one that did.
pub(crate) fn details(outcome: &RunOutcome) -> serde_json::Value {
    let stands = &outcome.standing;
    match &outcome.verdict {
        LabVerdict::Pass => json!({}),
        LabVerdict::Hang { alarm, certificate } => {
            let links: Vec<_> = certificate
                .links
                .iter()
                .map(|link| json!({ "who": link.who, "waits-for": link.what, "since": link.since.map(|since| since.as_nanos()) }))
                .collect();
            json!({ "missing": alarm.what, "clause": alarm.clause, "since": alarm.since.as_nanos(), "because": links, "circle": certificate.end.is_circle(), "end": certificate.ending(), "stands": stands })
        }
        LabVerdict::Failed { who, why } => json!({ "who": who, "why": why, "stands": stands }),
        LabVerdict::Crashed(why) => json!({ "why": why, "stands": stands }),
        LabVerdict::Unfinished { waiting } => json!({ "waiting": waiting, "stands": stands }),
    }
}
