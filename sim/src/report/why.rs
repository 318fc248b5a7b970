//! Why a run could not be saved any more, in three sentences and the nearest run that passes.

use std::fmt::Write as _;
use std::ops::Range;

use holdtime_core::Instant;
use serde_json::{Value, json};

use crate::scenario::Scenario;
use crate::why::{Nearest, Why};

/// How many steps of an instant are told.
const TOLD: usize = 3;

/// Before this, it could have been saved; this happened; after it, nothing helps. `steps`: the lines of the trace between the last instant at
/// which it could be saved and the first from which on nothing helps.
pub fn story(why: &Why, scenario: &Scenario, steps: &[String]) -> String {
    let Why { outcome, key, point, .. } = why;
    let (at, lost) = (outcome.at, point.lost);
    let mut text = match point.saved {
        None => format!(
            "before  Nothing could have saved it: without any fault and with the simplest choices it fails as it does.\n\
             then    What it takes is in the scenario itself, from its start on.\n\
             after   At {at} it fails"
        ),
        Some(saved) => {
            let saves = if point.passes { "passes" } else { "fails for another reason at most" };
            format!(
                "before  Until {saved} it could have been saved: with all faults off and the simplest choices from then on it {saves}.\n\
                 then    At {saved}: {}.\n\
                 after   From {lost} on nothing helps: at {at} it fails",
                happened(scenario, saved..lost, steps)
            )
        }
    };
    let _ = writeln!(
        text,
        " ({key}), and so it does with {} of {} other seeds from then on.",
        point.hung, point.reseeded
    );
    if !point.exceptions.is_empty() {
        let others: Vec<String> = point.exceptions.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "but     This is no clear border: it is the other way round at {}.",
            others.join(", ")
        );
    }
    text.push_str(&nearest(why.nearest.as_ref()));
    text
}

/// All of it for programs; times in nanoseconds. `steps` as for [`story`].
pub fn json(why: &Why, steps: &[String]) -> Value {
    let Why { outcome, key, point, nearest, runs, is_whole } = why;
    let nearest = nearest.as_ref().map(|nearest| match nearest {
        Nearest::Choice(choice) => json!({ "choice": choice.to_string() }),
        Nearest::Moved(moved) => json!({ "who": moved.who, "from": moved.from, "to": moved.to }),
    });
    let nanos = |at: &Instant| at.as_nanos();
    json!({
        "verdict": outcome.verdict.code(),
        "key": key.to_string(),
        "at": outcome.at.as_nanos(),
        "saved": point.saved.as_ref().map(nanos),
        "saved-passes": point.passes,
        "lost": point.lost.as_nanos(),
        "steps": steps,
        "reseeded": point.reseeded,
        "reseeded-fail": point.hung,
        "exceptions": point.exceptions.iter().map(nanos).collect::<Vec<_>>(),
        "nearest": nearest,
        "runs": runs,
        "whole": is_whole,
    })
}

/// The faults that began then, or else what everybody did.
fn happened(scenario: &Scenario, when: Range<Instant>, steps: &[String]) -> String {
    let faults: Vec<String> = scenario
        .play
        .faults
        .iter()
        .filter(|fault| when.contains(&(Instant::ZERO + fault.at)))
        .map(|fault| format!("the fault `{fault}`"))
        .collect();
    if !faults.is_empty() {
        return faults.join(", and ");
    }
    let told: Vec<String> =
        steps.iter().take(TOLD).map(|step| step.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    if told.is_empty() { "a task ran".to_owned() } else { told.join("; ") }
}

fn nearest(nearest: Option<&Nearest>) -> String {
    match nearest {
        None => "nearest None was found that passes and differs in one choice or one time.\n".to_owned(),
        Some(Nearest::Choice(choice)) => format!("nearest It passes where the choice `{choice}` is 0.\n"),
        Some(Nearest::Moved(moved)) => {
            let who = moved.who.as_ref().map_or(String::new(), |who| format!(" of {who}"));
            format!("nearest It passes with `{}` instead of `{}`{who}.\n", moved.to, moved.from)
        }
    }
}
