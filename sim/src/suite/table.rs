//! The suite's table: reactor by reactor, how many cases of each half pass, and what the others show.

use std::collections::BTreeMap;
use std::fmt;

use crate::suite::case::CaseKind;

/// What each reactor but the shipped ones is expected to show in the project's own cases, as measured.
static EXPECTED: &str = include_str!("expected.txt");

/// The code that the subject of this name is expected to end `case` with: `pass`, or an oracle's.
pub fn expected_code(subject: &str, case: &str) -> &'static str {
    let mut code = "pass";
    for line in EXPECTED.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        if words.next() == Some(subject) && words.next() == Some(case) {
            code = words.next().unwrap_or(code);
        }
    }
    code
}

/// One reactor's results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    counts: BTreeMap<CaseKind, (usize, usize)>,
    /// The names of the cases that did not pass, by what they showed.
    failures: BTreeMap<String, Vec<String>>,
}

impl Score {
    /// Counts one result; `code` is the verdict's.
    pub fn add(&mut self, kind: CaseKind, case: &str, code: &str) {
        let (passed, of) = self.counts.entry(kind).or_default();
        *of += 1;
        if code == "pass" {
            *passed += 1;
        } else {
            self.failures.entry(code.to_owned()).or_default().push(case.to_owned());
        }
    }

    /// Whether every case passed.
    pub fn is_perfect(&self) -> bool {
        self.failures.is_empty()
    }

    /// Cases that did not pass, by what they showed.
    pub fn failures(&self) -> &BTreeMap<String, Vec<String>> {
        &self.failures
    }

    /// The table's heading.
    pub fn heading() -> String {
        format!("{:<14} {:>6} {:>6} {:>6}  what the others show", "reactor", "conf", "api", "total")
    }

    /// One kind's figure, such as `36/36`.
    pub fn figure(&self, kind: CaseKind) -> String {
        let (passed, of) = self.counts.get(&kind).copied().unwrap_or_default();
        format!("{passed}/{of}")
    }

    /// The figure of both kinds together.
    pub fn total(&self) -> String {
        let (passed, of) = self.counts.values().fold((0, 0), |(passed, of), (p, o)| (passed + p, of + o));
        format!("{passed}/{of}")
    }
}

impl fmt::Display for Score {
    /// The figures and the failures, without the reactor's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conf = self.figure(CaseKind::Conf);
        let api = self.figure(CaseKind::Api);
        write!(f, "{conf:>6} {api:>6} {:>6}", self.total())?;
        let told: Vec<String> =
            self.failures.iter().map(|(code, cases)| format!("{code} × {}", cases.len())).collect();
        if told.is_empty() { Ok(()) } else { write!(f, "  {}", told.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::SHIPPED;

    #[test]
    fn a_score_counts_each_half_and_groups_what_failed() {
        let mut score = Score::default();
        score.add(CaseKind::Conf, "conf-a", "pass");
        score.add(CaseKind::Api, "api-a", "O1");
        score.add(CaseKind::Api, "api-b", "O1");
        score.add(CaseKind::Api, "api-c", "pass");
        assert_eq!(score.to_string(), "   1/1    1/3    2/4  O1 × 2");
        assert!(!score.is_perfect());
    }

    #[test]
    fn a_shipped_reactor_is_expected_to_pass_everything() {
        for reactor in SHIPPED {
            assert!(!EXPECTED.lines().any(|line| line.starts_with(&format!("{reactor} "))));
        }
    }
}
