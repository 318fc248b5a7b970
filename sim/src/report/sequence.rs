//! A run's messages as a sequence diagram in Mermaid's language, for an issue or a README.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::report::printable::printable;
use crate::timeline::{Happening, LaneKind, Timeline};

/// Messages that a diagram shows: more than that nobody reads.
const SHOWN: usize = 120;
/// How much of a text is shown, in characters.
const LONG: usize = 60;

/// The diagram.
pub fn diagram(timeline: &Timeline) -> String {
    let arrived: BTreeSet<u64> = timeline
        .events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Arrived { id, .. } => Some(id),
            _ => None,
        })
        .collect();
    let mut steps: Vec<Arrow> = Vec::new();
    for event in &timeline.events {
        let lane = participant(timeline, event.lane);
        match &event.what {
            Happening::Sent { id, text, .. } => {
                let to = event.with.map_or(lane, |with| participant(timeline, with));
                let lost = !arrived.contains(id);
                let is_same = |last: &Arrow| {
                    (last.from, last.to, &last.text, last.lost) == (lane, Some(to), text, lost)
                };
                match steps.last_mut().filter(|last| is_same(last)) {
                    Some(last) => last.count += 1,
                    None => steps.push(Arrow {
                        at: event.at.to_string(),
                        from: lane,
                        to: Some(to),
                        text: text.clone(),
                        lost,
                        count: 1,
                    }),
                }
            }
            Happening::Fault { text, .. } => {
                steps.push(Arrow::note(event.at.to_string(), lane, format!("fault: {text}")));
            }
            Happening::State { state } if state == "Established" || state == "Idle" => {
                steps.push(Arrow::note(event.at.to_string(), lane, format!("session {state}")));
            }
            Happening::Process { text } if text != "started" => {
                steps.push(Arrow::note(event.at.to_string(), lane, text.clone()));
            }
            _ => {}
        }
    }
    write(timeline, &steps)
}

/// A message, or a note.
struct Arrow {
    at: String,
    from: usize,
    /// To whom; `None`: it is a note.
    to: Option<usize>,
    text: String,
    lost: bool,
    count: u32,
}

impl Arrow {
    fn note(at: String, from: usize, text: String) -> Self {
        Self { at, from, to: None, text, lost: false, count: 1 }
    }
}

fn write(timeline: &Timeline, steps: &[Arrow]) -> String {
    let mut text = "sequenceDiagram\n".to_owned();
    let mut names = BTreeMap::new();
    for (lane, known) in timeline.lanes.iter().enumerate() {
        if matches!(known.is, LaneKind::Speaker | LaneKind::Peer | LaneKind::Program) {
            let _ = writeln!(text, "    participant p{lane} as {}", plain(&known.name));
            names.insert(lane, format!("p{lane}"));
        }
    }
    let name = |lane: usize| names.get(&lane).cloned();
    for step in steps.iter().take(SHOWN) {
        let count = if step.count > 1 { format!(" × {}", step.count) } else { String::new() };
        let Some(from) = name(step.from) else { continue };
        match step.to {
            Some(to) => {
                let arrow = if step.lost { "--x" } else { "->>" };
                let lost = if step.lost { " (never read)" } else { "" };
                let Some(to) = name(to) else { continue };
                let _ =
                    writeln!(text, "    {from}{arrow}{to}: {}{count}{lost} [{}]", plain(&step.text), step.at);
            }
            None => note(&mut text, &from, &format!("{}: {}", step.at, step.text)),
        }
    }
    let first = names.values().next();
    if let Some(first) = first.filter(|_| steps.len() > SHOWN) {
        note(&mut text, first, &format!("and {} steps more", steps.len() - SHOWN));
    }
    let Some(end) = &timeline.end else {
        if let Some(first) = first {
            note(&mut text, first, "the log is cut short here");
        }
        return text;
    };
    for link in &end.chain {
        let lane = link.lane.and_then(|lane| name(participant(timeline, lane)));
        if let Some(lane) = lane {
            note(&mut text, &lane, &format!("{} waits for {}", link.who, link.what));
        }
    }
    if let Some(first) = first {
        note(&mut text, first, &end.summary);
    }
    text
}

fn note(text: &mut String, over: &str, what: &str) {
    let _ = writeln!(text, "    Note over {over}: {}", plain(what));
}

/// The process that a lane is of, or else the first one on the machine.
fn participant(timeline: &Timeline, lane: usize) -> usize {
    match timeline.lanes.get(lane) {
        Some(known) if matches!(known.is, LaneKind::Task | LaneKind::Session | LaneKind::Pipe) => {
            known.of.unwrap_or(lane)
        }
        Some(known) if known.is == LaneKind::Machine => {
            timeline.lanes.iter().position(|other| other.of == Some(lane)).unwrap_or(lane)
        }
        _ => lane,
    }
}

/// A text on one line, without what the language means something by.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    // Ends of lines are blanks here; what is not seen is written out.
    let text: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    for (count, character) in printable(&text, usize::MAX).chars().enumerate() {
        if count == LONG {
            plain.push('…');
            break;
        }
        match character {
            '#' => plain.push_str("#35;"),
            ';' => plain.push_str("#59;"),
            '<' => plain.push_str("#lt;"),
            '>' => plain.push_str("#gt;"),
            ':' => plain.push_str("#58;"),
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_language_means_something_by_is_written_out() {
        assert_eq!(plain("a;b#c\n<d>"), "a#59;b#35;c #lt;d#gt;");
        assert_eq!(plain(&"x".repeat(100)).chars().count(), LONG + 1);
    }
}
