//! What probes of daemons showed: a line each, a table, and what the maintainer of one needs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::{Paint, WIDTH};
use crate::probe::{ProbeOutcome, ProbeVerdict};

/// How wide the first column of the table may be.
const NAME: usize = 32;
/// How wide each other column is.
const CELL: usize = 6;

/// One scenario against one daemon.
#[derive(Clone, Debug)]
pub struct ProbeRow {
    /// The daemon's name, or its address.
    pub daemon: String,
    /// What it says that it is.
    pub version: String,
    /// What came of it; or why nothing did.
    pub outcome: Result<ProbeOutcome, String>,
    /// The scenario's name.
    pub scenario: String,
    /// What plays it again.
    pub again: String,
}

impl ProbeRow {
    fn verdict(&self) -> Option<ProbeVerdict> {
        self.outcome.as_ref().ok().map(|outcome| outcome.verdict)
    }

    /// What is said of it in one line.
    pub fn line(&self) -> String {
        match &self.outcome {
            Ok(outcome) => outcome.line(),
            Err(why) => format!("none: {} {why}", self.daemon),
        }
    }
}

/// What was seen, scenario by scenario, daemon by daemon.
pub fn told(rows: &[ProbeRow], paint: &dyn Paint) -> String {
    let mut text = String::new();
    let width = rows.iter().map(|row| row.daemon.len()).max().unwrap_or(0);
    let mut last = "";
    for row in rows {
        if row.scenario != last {
            let _ = writeln!(text, "{}", paint.bold(&row.scenario));
            if let Ok(outcome) = &row.outcome {
                let required = format!("{}: {}", outcome.clause, outcome.requires);
                let _ = writeln!(text, "{}\n{}", wrapped(&outcome.title, 2), wrapped(&required, 2));
            }
            last = &row.scenario;
        }
        let line = wrapped(&row.line(), width + 4);
        let line = line.trim_start();
        let line = match row.verdict() {
            Some(ProbeVerdict::Fail) | None => paint.bad(line),
            _ => line.to_owned(),
        };
        let _ = writeln!(text, "  {:width$}  {line}", row.daemon);
    }
    text
}

/// A text on lines that fit, each indented by so much.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines.join("\n")
}

/// The verdicts alone: a line for each scenario, a column for each daemon.
pub fn table(rows: &[ProbeRow]) -> String {
    let mut daemons: Vec<&str> = Vec::new();
    let mut scenarios: Vec<&str> = Vec::new();
    for row in rows {
        if !daemons.contains(&row.daemon.as_str()) {
            daemons.push(&row.daemon);
        }
        if !scenarios.contains(&row.scenario.as_str()) {
            scenarios.push(&row.scenario);
        }
    }
    let head: String = daemons.iter().map(|name| format!("{name:>CELL$.5}")).collect();
    let mut text = format!("{:NAME$}{head}\n", "verdicts");
    for scenario in &scenarios {
        let cells: String = daemons
            .iter()
            .map(|daemon| {
                let row = rows.iter().find(|row| row.daemon == *daemon && row.scenario == *scenario);
                format!("{:>CELL$}", row.map_or("", mark))
            })
            .collect();
        let _ = writeln!(text, "{scenario:NAME$}{cells}");
    }
    text
}

fn mark(row: &ProbeRow) -> &'static str {
    match row.verdict() {
        Some(ProbeVerdict::Pass) => "pass",
        Some(ProbeVerdict::Fail) => "FAIL",
        Some(ProbeVerdict::Undecided) => "open",
        Some(ProbeVerdict::NotApplicable) => "n/a",
        None => "none",
    }
}

/// How many of each.
pub fn sums(rows: &[ProbeRow]) -> String {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *sums.entry(mark(row)).or_default() += 1;
    }
    let count = |mark: &str| sums.get(mark).copied().unwrap_or_default();
    format!(
        "{} probes: {} pass, {} fail, {} not decided, {} not applicable, {} without a verdict",
        rows.len(),
        count("pass"),
        count("FAIL"),
        count("open"),
        count("n/a"),
        count("none"),
    )
}

/// One object.
pub fn object(row: &ProbeRow) -> Value {
    let mut object =
        json!({ "daemon": row.daemon, "version": row.version, "scenario": row.scenario, "again": row.again });
    match &row.outcome {
        Ok(outcome) => super::json::extend(&mut object, json!(outcome)),
        Err(why) => super::json::extend(&mut object, json!({ "verdict": null, "why": why })),
    }
    object
}

/// JUnit XML, one test suite a daemon.
///
/// # Errors
/// A text that no XML can hold.
pub fn junit(rows: &[ProbeRow]) -> Result<String, SerializeError> {
    let mut report = Report::new("holdtime probe");
    let mut suites: Vec<TestSuite> = Vec::new();
    for row in rows {
        let mut status = match row.verdict() {
            Some(ProbeVerdict::Pass) => TestCaseStatus::success(),
            Some(ProbeVerdict::Fail) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            None => TestCaseStatus::non_success(NonSuccessKind::Error),
            Some(ProbeVerdict::Undecided | ProbeVerdict::NotApplicable) => TestCaseStatus::skipped(),
        };
        if row.verdict() != Some(ProbeVerdict::Pass) {
            status.set_message(row.line());
        }
        let mut case = TestCase::new(row.scenario.clone(), status);
        let seconds = row.outcome.as_ref().ok().and_then(|outcome| outcome.seconds);
        case.set_time(Duration::from_secs_f64(seconds.unwrap_or_default()));
        match suites.iter_mut().find(|suite| suite.name.as_str() == row.daemon) {
            Some(suite) => {
                suite.add_test_case(case);
            }
            None => {
                let mut suite = TestSuite::new(row.daemon.clone());
                suite.add_test_case(case);
                suites.push(suite);
            }
        }
    }
    report.add_test_suites(suites);
    report.to_string()
}

/// A page with the table; a cell's title says what was seen.
pub fn html(rows: &[ProbeRow]) -> String {
    let mut daemons: Vec<(&str, &str)> = Vec::new();
    let mut scenarios: Vec<&str> = Vec::new();
    for row in rows {
        if !daemons.iter().any(|(name, _)| *name == row.daemon) {
            daemons.push((&row.daemon, &row.version));
        }
        if !scenarios.contains(&row.scenario.as_str()) {
            scenarios.push(&row.scenario);
        }
    }
    let mut page = String::from(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>holdtime probe</title>\n<style>\nbody { font: 14px sans-serif; }\n\
         table { border-collapse: collapse; }\ntd, th { border: 1px solid #999; padding: 3px 6px; text-align: left; vertical-align: top; }\n\
         .pass { background: #dfd; }\n.FAIL { background: #fcc; }\n.none { background: #fcc; }\n.open { background: #ffd; }\n</style>\n<table>\n<tr><th>scenario</th>",
    );
    for (name, version) in &daemons {
        let _ = write!(page, "<th>{}<br><small>{}</small></th>", escaped(name), escaped(version));
    }
    page.push_str("</tr>\n");
    for scenario in scenarios {
        let of: Vec<&ProbeRow> = rows.iter().filter(|row| row.scenario == scenario).collect();
        let clause = of.iter().find_map(|row| row.outcome.as_ref().ok());
        let clause = clause.map(|one| format!("{}: {}", one.clause, one.requires)).unwrap_or_default();
        let _ =
            write!(page, "<tr><td><b>{}</b><br><small>{}</small></td>", escaped(scenario), escaped(&clause));
        for (name, _) in &daemons {
            match of.iter().find(|row| row.daemon == *name) {
                Some(row) => {
                    let _ = write!(page, "<td class=\"{}\">{}</td>", mark(row), escaped(&row.line()));
                }
                None => page.push_str("<td></td>"),
            }
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
    let _ = writeln!(page, "<p>{}</p>", escaped(&sums(rows)));
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a maintainer needs who was not there: nothing in it is from the lab.
pub fn maintainer(row: &ProbeRow) -> String {
    let outcome = match &row.outcome {
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
    let (early, late) = outcome.tolerance;
    let tolerance =
        format!("{early} s early, {late} s late; whoever looked on was at most {:.3} s late", outcome.late);
    line(&mut text, "tolerance", &tolerance);
    for buffer in &outcome.buffers {
        line(&mut text, &format!("{} of {}", buffer.name, buffer.whose), &buffer.value);
    }
    line(&mut text, "again", &format!("`{}`", row.again));
    line(
        &mut text,
        "beside this",
        "`scenario.toml`, what the peers did; `capture.pcapng`, what went over the wire",
    );
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
    text
}
