//! What the maintainer of a daemon needs who was not there: clause, expected, seen, what the peers did, how to run it again. Nothing in
//! it is from the lab.

use std::fmt::Write as _;

use super::probe::ProbeRow;
use crate::probe::Probe;
use crate::scenario::Actor;

/// The file beside a report that says how daemons are started.
pub const MATRIX: &str = "matrix.toml";

/// The report of a probe as a page of Markdown; `beside` are the files that stand beside it, each with what it is.
pub fn maintainer(row: &ProbeRow, probe: &Probe, beside: &[(String, String)]) -> String {
    let outcome = match row.outcome() {
        Ok(outcome) => outcome,
        Err(why) => return format!("# {}: {}\n\n{} {why}.\n", row.daemon, row.scenario, row.daemon),
    };
    let mut text = format!("# {}: {}\n\n{}.\n\n", row.daemon, outcome.scenario, outcome.title);
    let line = |text: &mut String, name: &str, what: &str| {
        let _ = writeln!(text, "- **{name}**: {what}");
    };
    line(&mut text, "daemon", &row.version);
    line(&mut text, "clause", &outcome.clause);
    line(&mut text, "expected", &outcome.requires);
    line(&mut text, "seen", &outcome.line());
    if let Some(apart) = row.apart() {
        line(&mut text, "not always", &format!("in {} times {apart}", row.times.len()));
    }
    let (early, late) = outcome.tolerance;
    let tolerance =
        format!("{early} s early, {late} s late; whoever looked on was at most {:.3} s late", outcome.late);
    line(&mut text, "tolerance", &tolerance);
    for buffer in &outcome.buffers {
        line(&mut text, &format!("{} of {}", buffer.name, buffer.whose), &buffer.value);
    }
    line(&mut text, "played by", concat!("holdtime ", env!("CARGO_PKG_VERSION")));
    let own = if beside.iter().any(|(name, _)| name == MATRIX) {
        format!("; `{MATRIX}` is here")
    } else {
        String::new()
    };
    line(&mut text, "again", &format!("`{}`{own}", row.again));
    text.push_str("\n## What happened\n\n```\n");
    outcome.course.iter().for_each(|what| {
        let _ = writeln!(text, "{what}");
    });
    text.push_str("```\n");
    if !outcome.waits.is_empty() {
        text.push_str("\n## Who waits for whom, seen from outside\n\n```\n");
        outcome.waits.iter().for_each(|wait| {
            let _ = writeln!(text, "{wait}");
        });
        text.push_str("```\n");
    }
    for peer in &probe.scenario.play.peers {
        if let Actor::Script { script, asn, router_id } = &peer.actor {
            let _ =
                writeln!(text, "\n## What `{}` does (AS {asn}, identifier {router_id})\n\n```", peer.name);
            script.lines().iter().for_each(|step| {
                let _ = writeln!(text, "{step}");
            });
            text.push_str("```\n");
        }
    }
    if !beside.is_empty() {
        text.push_str("\n## Beside this\n\n");
        beside.iter().for_each(|(name, what)| {
            let _ = writeln!(text, "- `{name}`: {what}");
        });
    }
    text
}
