//! Steps of scripts, and faults.

use holdtime_core::Instant;

use crate::scenario::Scenario;
use crate::scenario::codec::{OPEN, UPDATE, hold_time, kind, stated_length};
use crate::scenario::script::{format_duration, hex};
use crate::shrink::script::{ScriptOf, is_wait, waited};
use crate::shrink::search::Search;

/// Takes away what has not begun when the alarm sounds.
pub(super) fn cut_after_the_alarm(search: &mut Search<'_>) {
    let (at, standing) = (search.outcome.at, search.outcome.standing.clone());
    let scenario = &search.best.scenario;
    let without_faults = without_later_faults(scenario, at);
    let cut = ScriptOf::all(scenario).fold(without_faults.clone(), |cut, script| {
        let lines = script.lines(&cut);
        match reached(&standing, &script.name(scenario), &lines) {
            Some(reached) if reached < lines.len() => {
                script.with(&cut, lines.get(..reached).unwrap_or_default()).unwrap_or(cut)
            }
            _ => cut,
        }
    });
    if !search.offer(Some(cut)) {
        search.offer(Some(without_faults));
    }
}

fn without_later_faults(scenario: &Scenario, at: Instant) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.play.faults.retain(|fault| Instant::ZERO + fault.at <= at);
    scenario
}

/// How many lines of a script had begun, from what the run says of where everybody stood. `None`: all of them, or nobody knows.
/// Of lines that are the same the last one counts, so that this may be more than there were.
fn reached(standing: &[String], name: &str, lines: &[String]) -> Option<usize> {
    let stood = standing.iter().filter_map(|text| text.strip_prefix(name)?.strip_prefix(" at `"));
    let steps = stood.filter_map(|rest| rest.rsplit_once("` since ").map(|(step, _)| step));
    // A program that was started again stands at several.
    steps.filter_map(|step| lines.iter().rposition(|line| line == step)).map(|index| index + 1).max()
}

/// Removes faults.
pub(super) fn remove_faults(search: &mut Search<'_>) {
    let pieces = |scenario: &Scenario| (0..scenario.play.faults.len()).collect::<Vec<usize>>();
    search.remove(pieces, |scenario, some| {
        let mut scenario = scenario.clone();
        let mut index = 0;
        scenario.play.faults.retain(|_| {
            index += 1;
            !some.contains(&(index - 1))
        });
        Some(scenario)
    });
}

/// A step: whose, and the index of its line.
type Step = (ScriptOf, usize);

/// Removes steps of all scripts: time that passes in many steps first, then groups of any, then two that belong together.
pub(super) fn remove(search: &mut Search<'_>) {
    gather_waits(search);
    search.remove(steps, without);
    remove_pairs(search);
    simplify(search);
}

fn steps(scenario: &Scenario) -> Vec<Step> {
    let lines = |script: ScriptOf| (0..script.lines(scenario).len()).map(move |line| (script, line));
    ScriptOf::all(scenario).flat_map(lines).collect()
}

fn without(scenario: &Scenario, some: &[Step]) -> Option<Scenario> {
    ScriptOf::all(scenario).try_fold(scenario.clone(), |left, script| {
        let is_left = |line: &usize| !some.contains(&(script, *line));
        let lines = script.lines(&left);
        let kept: Vec<String> = lines
            .iter()
            .enumerate()
            .filter(|(line, _)| is_left(line))
            .map(|(_, text)| text.clone())
            .collect();
        if kept.len() == lines.len() { Some(left) } else { script.with(&left, &kept) }
    })
}

/// How many steps there may be for every two of them to be tried together.
const PAIRED: usize = 8;

/// Removes two steps at once, such as `buffer` and `flush`.
fn remove_pairs(search: &mut Search<'_>) {
    let mut all = steps(&search.best.scenario);
    if all.len() > PAIRED {
        return;
    }
    let mut second = all.len();
    while second > 0 {
        second -= 1;
        for first in (0..second).rev() {
            let (Some(one), Some(two)) = (all.get(first), all.get(second)) else { continue };
            let candidate = without(&search.best.scenario, &[*one, *two]);
            if search.offer(candidate) {
                all = steps(&search.best.scenario);
                second = all.len();
                break;
            }
        }
    }
}

/// Where the time goes that a script's waits take.
type Gathered = fn(Vec<String>, String, usize, usize) -> Vec<String>;

/// At the place of the last wait, of the first one, or nowhere.
const GATHERED: [Gathered; 3] = [
    |lines, _, _, _| lines,
    |mut lines, wait, _, last| {
        lines.insert(last, wait);
        lines
    },
    |mut lines, wait, first, _| {
        lines.insert(first, wait);
        lines
    },
];

/// Puts the waits of a script into one: all scripts at once, then each.
fn gather_waits(search: &mut Search<'_>) {
    for gathered in GATHERED {
        let all = ScriptOf::all(&search.best.scenario).collect::<Vec<_>>();
        let together = all.iter().try_fold(search.best.scenario.clone(), |scenario, script| {
            gather(&scenario, *script, gathered).unwrap_or(Some(scenario))
        });
        if all.len() > 1 && search.offer(together) {
            return;
        }
    }
    for script in ScriptOf::all(&search.best.scenario).collect::<Vec<_>>() {
        for gathered in GATHERED {
            let candidate = gather(&search.best.scenario, script, gathered).flatten();
            if search.offer(candidate) {
                break;
            }
        }
    }
}

/// A scenario with the waits of one script gathered; `None`: it has fewer than two.
fn gather(scenario: &Scenario, script: ScriptOf, gathered: Gathered) -> Option<Option<Scenario>> {
    let lines = script.lines(scenario);
    let waits: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| is_wait(line)).map(|(index, _)| index).collect();
    let (Some(first), Some(last)) = (waits.first(), waits.last().filter(|_| waits.len() > 1)) else {
        return None;
    };
    let wait = format!("wait {}", format_duration(waited(&lines)));
    let others: Vec<String> = lines.iter().filter(|line| !is_wait(line)).cloned().collect();
    Some(script.with(scenario, &gathered(others, wait, *first, last + 1 - waits.len())))
}

/// Says each step in fewer words.
fn simplify(search: &mut Search<'_>) {
    for (script, index) in steps(&search.best.scenario) {
        let Some(line) = script.lines(&search.best.scenario).into_iter().nth(index) else { continue };
        for simpler in simpler(script, &line) {
            let mut lines = script.lines(&search.best.scenario);
            if let Some(line) = lines.get_mut(index) {
                *line = simpler;
            }
            let candidate = script.with(&search.best.scenario, &lines);
            if search.offer(candidate) {
                break;
            }
        }
    }
}

/// What may be said instead of a line, the simplest first.
fn simpler(script: ScriptOf, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let join = |words: &[&str]| words.join(" ");
    let (head, tail) = words.split_at(words.len().min(2));
    match (script, words.as_slice()) {
        (ScriptOf::Peer(_), ["send", "open", ..]) => {
            // Options of two words each, or three for a family: each of them away, and all.
            let without = (0..tail.len()).flat_map(|at| [2, 3].map(|count| (at, count)));
            let without = without.filter_map(|(at, count)| {
                let (before, rest) = tail.split_at_checked(at)?;
                Some(join(&[head, before, rest.get(count..)?].concat()))
            });
            std::iter::once("send open".to_owned()).chain(without).collect()
        }
        // A message that was recorded, as the script's own of its kind.
        (ScriptOf::Peer(_), ["send", "bytes", octets]) => {
            let octets = hex(octets).unwrap_or_default();
            let is_whole = stated_length(&octets) == Some(octets.len());
            let own = match (kind(&octets), hold_time(&octets)) {
                (OPEN, Some(hold)) => {
                    vec!["send open".to_owned(), format!("send open hold {}", hold.as_secs())]
                }
                (UPDATE, _) => vec!["send eor".to_owned()],
                _ => Vec::new(),
            };
            if is_whole { own } else { Vec::new() }
        }
        (ScriptOf::Peer(_), ["send", "update", "announce", prefix, ..]) => {
            let next_hop = words.iter().position(|word| *word == "next-hop");
            let next_hop = next_hop.and_then(|at| words.get(at..at + 2)).unwrap_or_default();
            vec![join(&[&["send", "update", "announce", prefix], next_hop].concat())]
        }
        (ScriptOf::Peer(_), ["send", "update", "withdraw", prefix, ..]) => {
            vec![join(&["send", "update", "withdraw", prefix])]
        }
        (ScriptOf::Peer(_), ["send", "notification", code, ..]) => {
            vec![join(&["send", "notification", code])]
        }
        (ScriptOf::Peer(_), ["dribble", message @ .., "every", _]) => {
            vec![format!("send {}", join(message))]
        }
        (ScriptOf::Peer(_), ["expect", pattern @ .., "within", _]) => {
            vec![format!("expect {}", join(pattern))]
        }
        (ScriptOf::Program(_), ["expect", "within", _, text @ ..]) => vec![format!("expect {}", join(text))],
        (ScriptOf::Program(_), ["send", command @ ..]) => simpler_command(command),
        _ => Vec::new(),
    }
}

/// A question without options; the command once; a route with nothing but its next hop.
fn simpler_command(command: &[&str]) -> Vec<String> {
    let mut all = vec!["send version".to_owned()];
    let once = match command {
        [_, "times", once @ ..] => once,
        command => command,
    };
    if let Some(at) = once.iter().position(|word| ["announce", "withdraw"].contains(word)) {
        let action = once.get(at..).unwrap_or_default();
        let length = if action.get(1) == Some(&"route") { 5 } else { action.len() };
        all.push(format!("send {}", action.get(..length).unwrap_or(action).join(" ")));
    }
    all.push(format!("send {}", once.join(" ")));
    // The first round of many, as the program would write it.
    all.iter().map(|line| line.replace("{i}", "0").replace("{a}", "0").replace("{b}", "0")).collect()
}
