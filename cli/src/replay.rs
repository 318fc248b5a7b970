//! `holdtime replay FILE`: what a recorded speaker did, and what is owed to whom when the recording ends.

mod told;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use holdtime_core::speaker::{Obligation, Speaker};
use holdtime_core::{Duration, Instant};
use holdtime_sim::flight::Flight;
use serde_json::json;

use crate::console::Console;
use crate::error::{CliError, Outcome, Verdict};
use told::{Parties, Told};

/// The arguments of `holdtime replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// What `holdtime serve --record` has written
    pub(crate) file: PathBuf,
    /// Stop this many seconds after the beginning, and say what is owed then
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) until: Option<f64>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    seconds.ok_or_else(|| "expected a number of seconds, such as 12.5".to_owned())
}

pub(crate) fn run(args: &ReplayArgs, console: &mut Console) -> Outcome {
    let recording = fs::read_to_string(&args.file)
        .map_err(|error| CliError::io(format!("cannot read \"{}\"", args.file.display()), &error))?;
    // A speaker that was killed may have left half a line behind.
    let whole = recording.rfind('\n').map_or("", |end| recording.get(..=end).unwrap_or_default());
    let wrong = |error: String| CliError::input(format!("\"{}\": {error}", args.file.display()));
    let mut flight = Flight::open(whole).map_err(wrong)?;
    let bar = console.progress("lines", whole.lines().count() as u64);
    let mut parties = Parties::default();
    let began = flight.next_at().unwrap_or_default();
    let mut ended = began;
    let in_time = |at| args.until.is_none_or(|until| since_began(at, began) <= until);
    while flight.next_at().is_none_or(in_time) {
        let Some(leg) = flight.next() else { break };
        bar.inc(1);
        let leg = leg.map_err(wrong)?;
        ended = leg.now().monotonic;
        for told in parties.hear(&leg) {
            print(console, args.json, ended - began, &told)?;
        }
    }
    if let (Some(until), Some(_)) = (args.until, flight.next_at()) {
        ended = began + Duration::from_nanos((until * 1e9) as u64);
    }
    bar.finish_and_clear();
    if args.json {
        for owed in flight.speaker().obligations() {
            writeln!(console, "{}", owed_as_json(&owed, began))?;
        }
    } else {
        print_end(console, flight.speaker(), began, ended)?;
    }
    Ok(Verdict::AsExpected)
}

fn print(console: &mut Console, as_json: bool, at: Duration, told: &Told) -> Result<(), CliError> {
    if as_json {
        let mut object =
            json!({ "at": at.as_nanos(), "who": told.who, "what": told.what, "text": told.text });
        if let Some(octets) = &told.octets {
            let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            object["octets"] = hex.into();
        }
        writeln!(console, "{object}")?;
    } else {
        let seconds = at.as_nanos() as f64 / 1e9;
        writeln!(console, "{seconds:>12.6}  {:<24} {:<9} {}", told.who, told.what, told.text)?;
    }
    Ok(())
}

/// Times are counted from the first line of the recording.
fn since_began(at: Instant, began: Instant) -> f64 {
    (at.as_nanos() as f64 - began.as_nanos() as f64) / 1e9
}

fn owed_as_json(owed: &Obligation, began: Instant) -> serde_json::Value {
    let nanos = |at: Instant| i128::from(at.as_nanos()) - i128::from(began.as_nanos());
    json!({
        "debtor": owed.debtor.to_string(),
        "creditor": owed.creditor.to_string(),
        "owes": owed.what,
        "waits-for": owed.waits_for,
        "since": nanos(owed.since) as i64,
        "until": owed.until.map(|until| nanos(until) as i64),
        "clause": owed.clause,
    })
}

fn print_end(
    console: &mut Console,
    speaker: &Speaker,
    began: Instant,
    ended: Instant,
) -> Result<(), CliError> {
    let paint = console.paint();
    let heading = format!("\nwhat is owed at {:.6} s", since_began(ended, began));
    writeln!(console, "{}", holdtime_sim::report::Paint::bold(&paint, &heading))?;
    let mut any = false;
    for owed in speaker.obligations() {
        any = true;
        let waits = owed.waits_for.as_ref().map_or(String::new(), |what| format!(", waits for {what}"));
        let until = owed.until.map_or(String::new(), |until| {
            let late = if until <= ended { ": overdue" } else { "" };
            format!(", due at {:.3} s{late}", since_began(until, began))
        });
        let since = since_began(owed.since, began);
        writeln!(
            console,
            "  {} owes {}  {} since {since:.3} s{until}{waits} ({})",
            owed.debtor, owed.creditor, owed.what, owed.clause
        )?;
    }
    if !any {
        writeln!(console, "  nothing")?;
    }
    Ok(())
}
