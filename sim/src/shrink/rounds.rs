//! What a program sends again and again, as one step of many rounds. A recording has a line for each.

use crate::scenario::Scenario;
use crate::scenario::script::format_duration;
use crate::shrink::script::{ScriptOf, is_wait, waited};
use crate::shrink::search::Search;

/// Fewer lines than these are read as easily as rounds.
const FEW: usize = 3;

/// Says lines that differ in their numbers alone as rounds: when the last one was sent, or the first one.
pub(super) fn gather(search: &mut Search<'_>) {
    for script in ScriptOf::all(&search.best.scenario).collect::<Vec<_>>() {
        let ScriptOf::Program(_) = script else { continue };
        for shape in shapes(&script.lines(&search.best.scenario)) {
            let offered = |search: &mut Search<'_>, at_last: bool| {
                let candidate = in_rounds(&search.best.scenario, script, &shape, at_last);
                search.offer(candidate)
            };
            if !offered(search, true) {
                offered(search, false);
            }
        }
    }
}

/// The shapes that enough lines have, in the order of their first lines.
fn shapes(lines: &[String]) -> Vec<String> {
    let mut known: Vec<(String, usize)> = Vec::new();
    for shape in lines.iter().filter_map(|line| shape(line)) {
        match known.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, count)) => *count += 1,
            None => known.push((shape, 1)),
        }
    }
    known.into_iter().filter(|(_, count)| *count >= FEW).map(|(shape, _)| shape).collect()
}

/// A line without its digits; `None`: it sends no route once.
fn shape(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (["send", "announce" | "withdraw", "route", prefix, ..], true) =
        (words.as_slice(), !line.contains('{'))
    else {
        return None;
    };
    round_of(prefix)?;
    Some(
        words
            .iter()
            .map(|word| word.trim_matches(|c: char| c.is_ascii_digit() || ".:/".contains(c)))
            .fold(String::new(), |shape, word| shape + word + " "),
    )
}

/// A prefix that is another one in each round.
fn round_of(prefix: &str) -> Option<String> {
    let (address, length) = prefix.split_once('/')?;
    let octets: Vec<&str> = address.split('.').collect();
    let &[first, _, _, last] = octets.as_slice() else { return None };
    (24..=32).contains(&length.parse::<u8>().ok()?).then(|| format!("{first}.{{a}}.{{b}}.{last}/{length}"))
}

/// The scenario with the lines of a shape as one step; numbers that stand alone and differ become the round's.
fn in_rounds(scenario: &Scenario, script: ScriptOf, wanted: &str, at_last: bool) -> Option<Scenario> {
    let lines = script.lines(scenario);
    let is_one = |line: &String| shape(line).is_some_and(|shape| shape == wanted);
    let ours: Vec<usize> = (0..lines.len()).filter(|at| lines.get(*at).is_some_and(is_one)).collect();
    let (first, last, count) = (*ours.first()?, *ours.last()?, ours.len());
    let (one, other): (Vec<_>, Vec<_>) =
        (lines.get(first)?.split_whitespace().collect(), lines.get(last)?.split_whitespace().collect());
    let words = one.iter().zip(&other).enumerate().skip(1).map(|(at, (word, other))| match at {
        3 => round_of(word).unwrap_or_default(),
        _ if word != other && word.parse::<u64>().is_ok() => "{i}".to_owned(),
        _ => (*word).to_owned(),
    });
    let rounds = format!("send {count} times {}", words.collect::<Vec<_>>().join(" "));
    let passed = waited(lines.get(first..last)?);
    let mut kept = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if at == first {
            // All the time between them passes before, or not at all.
            kept.extend((at_last && !passed.is_zero()).then(|| format!("wait {}", format_duration(passed))));
            kept.push(rounds.clone());
        } else if !(ours.binary_search(&at).is_ok() || (first..last).contains(&at) && is_wait(line)) {
            kept.push(line.clone());
        }
    }
    script.with(scenario, &kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_in_numbers_have_one_shape() {
        let line = |n: u8| format!("send announce route 10.{n}.7.0/24 next-hop 10.0.0.1 med {n}");
        let lines: Vec<String> = (1..5).map(line).chain(["send version".to_owned()]).collect();
        assert_eq!(shapes(&lines).len(), 1);
        assert_eq!(shape(&line(1)), shape(&line(200)));
        assert!(shapes(lines.get(..2).unwrap()).is_empty());
        for other in
            ["send version", "send announce route 10.0.0.0/8 next-hop self", "send announce route fd00::/64"]
        {
            assert_eq!(shape(other), None, "{other}");
        }
    }
}
