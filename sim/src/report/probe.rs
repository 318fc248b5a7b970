//! What probes of daemons showed: a line each, a table, and what the maintainer of one needs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::{Paint, WIDTH};
use crate::probe::{ProbeOutcome, ProbeVerdict, apart, apart_from_lab};

/// How wide the first column of the table may be.
const NAME: usize = 32;
/// How wide each other column is.
const CELL: usize = 6;

/// One scenario against one daemon, once or several times.
#[derive(Clone, Debug)]
pub struct ProbeRow {
    /// The daemon's name, or its address.
    pub daemon: String,
    /// What it says that it is.
    pub version: String,
    /// What came of it each time; or why nothing did. One at least.
    pub times: Vec<Result<ProbeOutcome, String>>,
    /// Where the daemon is our own: what comes of it in the lab.
    pub lab: Option<Result<ProbeOutcome, String>>,
    /// By how many percent the daemon shortens its timers at random.
    pub jitter: u8,
    /// The scenario's name.
    pub scenario: String,
    /// What plays it again.
    pub again: String,
}

impl ProbeRow {
    /// The time that is shown of several, counted from 0: the first that failed, or else the first.
    pub fn shown(&self) -> usize {
        let is_bad = |time: &Result<ProbeOutcome, String>| {
            time.as_ref().map_or(true, |one| one.verdict == ProbeVerdict::Fail)
        };
        self.times.iter().position(is_bad).unwrap_or(0)
    }

    /// What came of it the time that is shown.
    pub fn outcome(&self) -> Result<&ProbeOutcome, &str> {
        match self.times.get(self.shown()) {
            Some(Ok(outcome)) => Ok(outcome),
            Some(Err(why)) => Err(why),
            None => Err("was not probed"),
        }
    }

    /// How several times are not alike; `None`: they are.
    pub fn apart(&self) -> Option<String> {
        apart(&self.times, self.jitter)
    }

    /// How it is not what it is in the lab; `None`: it is, or there is nothing to hold it against.
    pub fn apart_from_lab(&self) -> Option<String> {
        let lab = self.lab.as_ref()?;
        self.times.iter().find_map(|time| apart_from_lab(time, lab))
    }

    /// Whether it is as it should be: alike each time, and as in the lab.
    pub fn agrees(&self) -> bool {
        self.apart().is_none() && self.apart_from_lab().is_none()
    }

    fn verdict(&self) -> Option<ProbeVerdict> {
        self.outcome().ok().map(|outcome| outcome.verdict)
    }

    /// What is said of it in one line.
    pub fn line(&self) -> String {
        match self.outcome() {
            Ok(outcome) => outcome.line(),
            Err(why) => format!("none: {} {why}", self.daemon),
        }
    }

    /// What is said of several times, and of the lab.
    fn agreement(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.times.len() > 1 {
            let seconds = |time: &Result<ProbeOutcome, String>| {
                let seconds = time.as_ref().ok().and_then(|outcome| outcome.seconds);
                seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"))
            };
            let all: Vec<String> = self.times.iter().map(seconds).collect();
            let count = all.len();
            said.push(match self.apart() {
                None => format!("{count} times alike: {} s", all.join(", ")),
                Some(how) => format!("APART in {count} times: {how}"),
            });
        }
        match (&self.lab, self.apart_from_lab()) {
            (None, _) => {}
            (Some(_), Some(how)) => said.push(format!("APART from the lab: {how}")),
            (Some(Ok(lab)), None) => {
                let at = lab.seconds.map_or(String::new(), |seconds| format!(" at {seconds:.1} s"));
                said.push(format!("as in the lab: {}{at}", lab.verdict));
            }
            (Some(Err(_)), None) => {}
        }
        said
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
            if let Ok(outcome) = row.outcome() {
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
        for said in row.agreement() {
            let said = wrapped(&said, width + 4);
            let _ = writeln!(text, "{}", if row.agrees() { said } else { paint.bad(&said) });
        }
    }
    text
}

/// The cells that are not alike each time, or not as in the lab, a line each, and how many of how many are.
pub fn agreement(rows: &[ProbeRow]) -> String {
    let mut text = String::new();
    let times = rows.iter().map(|row| row.times.len()).max().unwrap_or(0);
    for row in rows {
        let both = row.apart().into_iter().chain(row.apart_from_lab());
        for how in both {
            let _ =
                writeln!(text, "{}", wrapped(&format!("apart  {} {}: {how}", row.scenario, row.daemon), 0));
        }
    }
    if times > 1 {
        let alike = rows.iter().filter(|row| row.apart().is_none()).count();
        let _ = writeln!(text, "{times} times: {alike} of {} cells alike in verdict and time", rows.len());
    }
    let own = rows.iter().filter(|row| row.lab.is_some());
    let as_there = own.clone().filter(|row| row.apart_from_lab().is_none()).count();
    if own.clone().next().is_some() {
        let _ = writeln!(text, "{as_there} of {} cells of holdtime's own as in the lab", own.count());
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
    if !row.agrees() {
        return "apart";
    }
    match row.verdict() {
        Some(ProbeVerdict::Pass) => "pass",
        Some(ProbeVerdict::Fail) => "FAIL",
        Some(ProbeVerdict::Undecided) => "open",
        Some(ProbeVerdict::NotApplicable) => "n/a",
        None => "none",
    }
}

/// How many of each; a cell that is apart counts as that alone.
pub fn sums(rows: &[ProbeRow]) -> String {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *sums.entry(mark(row)).or_default() += 1;
    }
    let count = |mark: &str| sums.get(mark).copied().unwrap_or_default();
    let apart = sums.get("apart").map(|apart| format!(", {apart} apart")).unwrap_or_default();
    format!(
        "{} probes: {} pass, {} fail, {} not decided, {} not applicable, {} without a verdict{apart}",
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
    match row.outcome() {
        Ok(outcome) => super::json::extend(&mut object, json!(outcome)),
        Err(why) => super::json::extend(&mut object, json!({ "verdict": null, "why": why })),
    }
    if row.times.len() > 1 {
        let times: Vec<Value> = row.times.iter().map(time).collect();
        super::json::extend(&mut object, json!({ "times": times, "apart": row.apart() }));
    }
    if let Some(lab) = &row.lab {
        super::json::extend(&mut object, json!({ "lab": time(lab), "apart_from_lab": row.apart_from_lab() }));
    }
    object
}

/// One time, in short.
fn time(time: &Result<ProbeOutcome, String>) -> Value {
    match time {
        Ok(one) => {
            json!({ "verdict": one.verdict, "seen": one.seen, "why": one.why, "seconds": one.seconds, "late": one.late })
        }
        Err(why) => json!({ "verdict": null, "why": why }),
    }
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
            Some(_) if !row.agrees() => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Some(ProbeVerdict::Pass) => TestCaseStatus::success(),
            Some(ProbeVerdict::Fail) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            None => TestCaseStatus::non_success(NonSuccessKind::Error),
            Some(ProbeVerdict::Undecided | ProbeVerdict::NotApplicable) => TestCaseStatus::skipped(),
        };
        if row.verdict() != Some(ProbeVerdict::Pass) || !row.agrees() {
            let said = std::iter::once(row.line()).chain(row.agreement());
            status.set_message(said.collect::<Vec<_>>().join("; "));
        }
        let mut case = TestCase::new(row.scenario.clone(), status);
        let seconds = row.outcome().ok().and_then(|outcome| outcome.seconds);
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
         .pass { background: #dfd; }\n.FAIL { background: #fcc; }\n.none { background: #fcc; }\n.open { background: #ffd; }\n.apart { background: #fc8; }\n</style>\n<table>\n<tr><th>scenario</th>",
    );
    for (name, version) in &daemons {
        let _ = write!(page, "<th>{}<br><small>{}</small></th>", escaped(name), escaped(version));
    }
    page.push_str("</tr>\n");
    for scenario in scenarios {
        let of: Vec<&ProbeRow> = rows.iter().filter(|row| row.scenario == scenario).collect();
        let clause = of.iter().find_map(|row| row.outcome().ok());
        let clause = clause.map(|one| format!("{}: {}", one.clause, one.requires)).unwrap_or_default();
        let _ =
            write!(page, "<tr><td><b>{}</b><br><small>{}</small></td>", escaped(scenario), escaped(&clause));
        for (name, _) in &daemons {
            match of.iter().find(|row| row.daemon == *name) {
                Some(row) => {
                    let mut more = String::new();
                    row.agreement().iter().for_each(|said| {
                        let _ = write!(more, "<br><small>{}</small>", escaped(said));
                    });
                    let _ = write!(page, "<td class=\"{}\">{}{more}</td>", mark(row), escaped(&row.line()));
                }
                None => page.push_str("<td></td>"),
            }
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
    let _ = writeln!(page, "<p>{}</p>\n<pre>{}</pre>", escaped(&sums(rows)), escaped(&agreement(rows)));
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
