//! What a sweep says at its end.

use std::io::Write;

use holdtime_sim::explore::{Assurance, CENSUS_RUNS, Counted, Guide};
use holdtime_sim::finding;
use holdtime_sim::report::{self, Paint};
use serde_json::json;

use super::explore_args::quoted;
use super::hunt::{Endless, Hunt};
use crate::console::Console;
use crate::error::CliError;

/// The census, the sums, a line for each alarm, the first alarm in full, and a line for each finding that was kept.
pub(super) fn text(hunt: &Hunt, is_whole: bool, console: &mut Console) -> Result<(), CliError> {
    let paint = console.paint();
    census(hunt, is_whole, console)?;
    let sweep = &hunt.sweep;
    let seconds = sweep.virtual_time.as_secs_f64() / sweep.runs.max(1) as f64;
    let steps = sweep.steps / sweep.runs.max(1);
    let (runs, hash) = (hunt.runs(), sweep.hash);
    writeln!(
        console,
        "\n{runs} worlds, {seconds:.0} virtual seconds and {steps} steps each in the mean  [{hash:016x}]"
    )?;
    if let Some(guide) = &hunt.guide {
        writeln!(
            console,
            "{} points of states, timers, waits, buffers and faults were reached",
            guide.reached()
        )?;
    }
    let failed = sweep.alarms.len() + hunt.endless.len();
    let worth = worth(&hunt.assurance(), failed > 0);
    if failed == 0 {
        writeln!(console, "{}", paint.good(&worth))?;
        return Ok(());
    }
    let once_in = runs as f64 / failed as f64;
    let line = format!("{failed} alarms, one in {once_in:.1} worlds");
    writeln!(console, "{}\n{worth}", paint.bad(&line))?;
    for alarm in &sweep.alarms {
        writeln!(
            console,
            "{:<10} {}",
            alarm.outcome.verdict.code(),
            hunt.again(&alarm.lineage, alarm.reactor)
        )?;
    }
    for Endless { lineage, verdict, message, .. } in &hunt.endless {
        let what = if *verdict == finding::PANICKED { message.lines().next() } else { None };
        writeln!(
            console,
            "{verdict:<10} at seed {lineage}: {}",
            what.unwrap_or("it makes no end in real time")
        )?;
    }
    if let Some(first) = sweep.alarms.first() {
        let again = hunt.again(&first.lineage, first.reactor);
        write!(console, "{}", report::explanation(first.reactor, &first.outcome, &again, &paint))?;
    }
    if let Some(out) = &hunt.out {
        for (name, runs) in out.sums() {
            writeln!(console, "{runs:>6} runs  {name}  holdtime replay {}", quoted(&out.folder(name)))?;
        }
    }
    Ok(())
}

/// What took effect, and how often. Only of a sweep that is large enough and came to its end must everything be seen.
fn census(hunt: &Hunt, is_whole: bool, console: &mut Console) -> Result<(), CliError> {
    let paint = console.paint();
    let sweep = &hunt.sweep;
    let mut group = "";
    // A scenario that somebody wrote has no behaviours that were drawn.
    let is_swarm = hunt.ground.scenario.is_none();
    for counted in Counted::all().filter(|counted| is_swarm || counted.group() != "behaviour") {
        if counted.group() != group {
            group = counted.group();
            writeln!(console, "{group}")?;
        }
        let count = sweep.census.of(counted);
        let note = if count == 0 { "  not exercised" } else { "" };
        writeln!(console, "  {:<24} {count:>12}{note}", counted.name())?;
    }
    let missing: Vec<String> =
        hunt.unexercised().map(|counted| format!("{} {}", counted.group(), counted.name())).collect();
    if is_whole && !missing.is_empty() {
        let line = format!("A sweep of {CENSUS_RUNS} worlds or more must show: {}", missing.join(", "));
        writeln!(console, "{}", paint.bad(&line))?;
    }
    Ok(())
}

/// What the runs so far are worth, in a line.
fn worth(assurance: &Assurance, has_failed: bool) -> String {
    let Assurance { clean, more, probability } = assurance;
    // Two digits of it that say something.
    let digits = 1 + (-probability.log10()).ceil().max(0.0) as usize;
    let probability = format!("{probability:.digits$}");
    let probability = probability.trim_end_matches('0').trim_end_matches('.');
    if has_failed {
        format!(
            "{clean} clean; once the rarest is mended, {more} without a finding would mean 99 % that a hang of its \
             probability {probability} is gone"
        )
    } else {
        format!(
            "{clean} clean; {more} more without a finding would mean 99 % that a hang of probability {probability} is gone"
        )
    }
}

/// A line for each alarm, then the sums.
pub(super) fn json(hunt: &Hunt, console: &mut Console) -> Result<(), CliError> {
    let sweep = &hunt.sweep;
    for alarm in &sweep.alarms {
        let mut object = json!({
            "seed": alarm.lineage.number(),
            "lineage": alarm.lineage.to_string(),
            "reactor": alarm.reactor.name(),
            "verdict": alarm.outcome.verdict.code(),
            "at": alarm.outcome.at.as_nanos(),
            "again": hunt.again(&alarm.lineage, alarm.reactor),
        });
        report::json::extend(&mut object, report::json::details(&alarm.outcome));
        writeln!(console, "{object}")?;
    }
    for Endless { lineage, verdict, message, .. } in &hunt.endless {
        writeln!(
            console,
            "{}",
            json!({ "seed": lineage.to_string(), "verdict": verdict, "message": message })
        )?;
    }
    let name = |counted: Counted| json!({ "kind": counted.group(), "name": counted.name() });
    let census: Vec<_> = Counted::all()
        .map(|counted| json!({ "kind": counted.group(), "name": counted.name(), "count": sweep.census.of(counted) }))
        .collect();
    let Assurance { clean, more, probability } = hunt.assurance();
    let sums = json!({
        "runs": hunt.runs(),
        "alarms": sweep.alarms.len(),
        "endless": hunt.endless.len(),
        "hash": format!("{:016x}", sweep.hash),
        "steps": sweep.steps,
        "virtual-seconds": sweep.virtual_time.as_secs(),
        "points": hunt.guide.as_ref().map(Guide::reached),
        "census": census,
        "not-exercised": sweep.census.missing().map(name).collect::<Vec<_>>(),
        "clean": clean,
        "more": more,
        "probability": probability,
    });
    writeln!(console, "{sums}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_are_worth_is_said_with_the_probability() {
        let of =
            |runs, reasons: &[u64]| worth(&Assurance::of(runs, reasons.iter().copied()), !reasons.is_empty());
        assert_eq!(
            of(1_000, &[]),
            "1000 clean; 3603 more without a finding would mean 99 % that a hang of probability 0.001 is gone"
        );
        assert_eq!(
            of(1_000, &[2, 40]),
            "958 clean; once the rarest is mended, 2301 without a finding would mean 99 % that a hang of its \
             probability 0.002 is gone"
        );
    }
}
