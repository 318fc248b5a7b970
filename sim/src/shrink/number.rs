//! Times and counts of a scenario, and those that a person would write.

use holdtime_core::Duration;

use crate::scenario::Scenario;
use crate::scenario::script::{format_duration, parse_duration};
use crate::shrink::script::ScriptOf;

/// What kind of number something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    /// Nanoseconds.
    Time,
    Count,
}

/// Where a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberAt {
    /// When the fault of this index begins.
    Begins(usize),
    /// How long it lasts.
    Lasts(usize),
    /// A word of a line of a script.
    Word { script: ScriptOf, line: usize, word: usize },
}

impl NumberAt {
    /// Whose line it stands in; `None`: a fault's.
    pub(crate) fn who(self, scenario: &Scenario) -> Option<String> {
        match self {
            Self::Word { script, .. } => Some(script.name(scenario)),
            Self::Begins(_) | Self::Lasts(_) => None,
        }
    }

    /// The line that it stands in.
    pub(crate) fn line(self, scenario: &Scenario) -> Option<String> {
        match self {
            Self::Word { script, line, .. } => script.lines(scenario).into_iter().nth(line),
            Self::Begins(fault) | Self::Lasts(fault) => Some(scenario.play.faults.get(fault)?.to_string()),
        }
    }
}

const MILLISECOND: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;

/// Times that a person would write.
pub(super) const TIMES: [u64; 29] = [
    MILLISECOND,
    2 * MILLISECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    20 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    200 * MILLISECOND,
    500 * MILLISECOND,
    SECOND,
    2 * SECOND,
    3 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    20 * SECOND,
    30 * SECOND,
    MINUTE,
    90 * SECOND,
    2 * MINUTE,
    3 * MINUTE,
    4 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    120 * MINUTE,
];

/// Counts that a person would write.
const COUNTS: [u64; 17] = [1, 2, 3, 5, 10, 20, 30, 50, 90, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000];

impl NumberKind {
    /// What a person would write, from the smallest on.
    pub(super) fn even(self) -> &'static [u64] {
        match self {
            Self::Time => &TIMES,
            Self::Count => &COUNTS,
        }
    }

    /// How many digits there are that a person would not write.
    pub(super) fn uneven(self, number: u64) -> usize {
        if number == 0 || self.even().contains(&number) {
            return 0;
        }
        number.to_string().trim_end_matches('0').len()
    }
}

/// How many digits nobody would write, and the sum of all times and counts.
pub(super) fn weight(scenario: &Scenario) -> (usize, u128) {
    let run_for = (NumberKind::Time, nanos(scenario.play.run_for));
    let all = sites(scenario).into_iter().map(|(_, kind, number)| (kind, number)).chain([run_for]);
    all.fold((0, 0), |(uneven, total), (kind, number)| {
        (uneven + kind.uneven(number), total + u128::from(number))
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Every number, in an order that changing one leaves as it is.
pub(crate) fn sites(scenario: &Scenario) -> Vec<(NumberAt, NumberKind, u64)> {
    let mut all = Vec::new();
    for script in ScriptOf::all(scenario) {
        for (line, text) in script.lines(scenario).iter().enumerate() {
            let words: Vec<&str> = text.split_whitespace().collect();
            let numbers = (0..words.len()).filter_map(|word| {
                let (kind, number) = number(script, &words, word)?;
                Some((NumberAt::Word { script, line, word }, kind, number))
            });
            all.extend(numbers);
        }
    }
    for (index, fault) in scenario.play.faults.iter().enumerate() {
        all.push((NumberAt::Begins(index), NumberKind::Time, nanos(fault.at)));
        if let Some(lasts) = fault.kind.lasts().filter(|lasts| !lasts.is_zero()) {
            all.push((NumberAt::Lasts(index), NumberKind::Time, nanos(lasts)));
        }
    }
    all
}

/// The number that a word of a line is.
fn number(script: ScriptOf, words: &[&str], word: usize) -> Option<(NumberKind, u64)> {
    let text = *words.get(word)?;
    let time = || Some((NumberKind::Time, nanos(parse_duration(text)?)));
    let count = || Some((NumberKind::Count, text.parse().ok()?));
    let before = words.get(word.checked_sub(1)?).copied()?;
    // A client says what a program says.
    let script = if let ScriptOf::Client(index) = script { ScriptOf::Program(index) } else { script };
    match (script, words.first().copied()?, before) {
        (_, "wait", "wait") => time(),
        (ScriptOf::Peer(_), "dribble" | "keepalives" | "expect", "every" | "within") => time(),
        (ScriptOf::Peer(_), "send" | "dribble", "hold") | (ScriptOf::Peer(_), "read" | "repeat", _) => {
            count()
        }
        (ScriptOf::Program(_), "expect", "within") if word == 2 => time(),
        (ScriptOf::Program(_), "expect", "for") if word == 3 && words.get(1) == Some(&"nothing") => time(),
        (ScriptOf::Program(_), "send", "send") if words.get(2) == Some(&"times") => count(),
        _ => None,
    }
}

/// The scenario with another number at a site.
pub(crate) fn with(scenario: &Scenario, site: NumberAt, number: u64) -> Option<Scenario> {
    let time = Duration::from_nanos(number);
    let mut scenario = scenario.clone();
    match site {
        NumberAt::Begins(index) => scenario.play.faults.get_mut(index)?.at = time,
        NumberAt::Lasts(index) => {
            if !scenario.play.faults.get_mut(index)?.kind.set_lasts(time) {
                return None;
            }
        }
        NumberAt::Word { script, line, word } => {
            let mut lines = script.lines(&scenario);
            let text = lines.get_mut(line)?;
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let written = words.get_mut(word)?;
            *written = match parse_duration(written) {
                Some(_) => format_duration(time),
                None => number.to_string(),
            };
            *text = words.join(" ");
            return script.with(&scenario, &lines);
        }
    }
    Some(scenario)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_in_order_and_even() {
        assert!(TIMES.is_sorted() && COUNTS.is_sorted());
        assert_eq!([30 * SECOND, 2_810 * MILLISECOND].map(|time| NumberKind::Time.uneven(time)), [0, 3]);
    }

    #[test]
    fn a_number_in_what_a_program_says_is_none_of_its_times() {
        let program = ScriptOf::Program(0);
        let found = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (0..words.len()).filter_map(|word| number(program, &words, word)).collect::<Vec<_>>()
        };
        assert_eq!(found("expect within 2s a route within 5s"), [(NumberKind::Time, 2 * SECOND)]);
        assert_eq!(found("send 300 times wait 5s"), [(NumberKind::Count, 300)]);
        assert_eq!(found("send announce route 10.0.0.0/24 next-hop self med 5"), []);
    }
}
