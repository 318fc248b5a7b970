//! A run's log as text: one event a line, for people and for `grep`. Everybody is called by name, and messages by what they say.

use std::fmt::Write as _;

use holdtime_core::Instant;

use crate::report::printable::printable;
use crate::timeline::{Happening, Timeline, TimelineEvent, TurnReason, Way};

/// How wide the column of names is at most.
const NAMES: usize = 36;
/// How much of a text is shown, in characters.
const SHOWN: usize = 240;

/// The whole log, and what came of the run.
pub fn text(timeline: &Timeline) -> String {
    let mut text = String::new();
    for event in &timeline.events {
        let _ = writeln!(text, "{}", line(timeline, event));
    }
    match &timeline.end {
        Some(end) => {
            let _ = writeln!(
                text,
                "{}  {:<10} {}",
                stamp(Instant::from_nanos(end.at)),
                "verdict",
                whole(&end.summary)
            );
            for line in end.why.lines() {
                let _ = writeln!(text, "{:>18}{}", "", whole(line));
            }
        }
        None => text.push_str("the log is cut short here\n"),
    }
    text
}

/// What happened between two instants, both included, without its time; that a task ran, what a segment was and what waits began is left
/// out.
pub fn steps_between(timeline: &Timeline, from: Instant, to: Instant) -> Vec<String> {
    let quiet = |what: &Happening| {
        matches!(
            what,
            Happening::Turn { .. }
                | Happening::Wait { .. }
                | Happening::Waited { .. }
                | Happening::Level { .. }
                | Happening::Window { .. }
                | Happening::Call { .. }
                | Happening::Timer { .. }
                | Happening::State { .. }
        )
    };
    timeline
        .events
        .iter()
        .filter(|event| (from..=to).contains(&event.at) && !quiet(&event.what))
        .map(|event| format!("{} {}", timeline.name(event.lane), words(timeline, event)))
        .collect()
}

fn names(timeline: &Timeline) -> usize {
    timeline.lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or_default().min(NAMES)
}

fn line(timeline: &Timeline, event: &TimelineEvent) -> String {
    let (width, name) = (names(timeline), whole(timeline.name(event.lane)));
    format!("{}  {name:<width$}  {}", stamp(event.at), whole(&words(timeline, event)))
}

/// An event by itself: when, to whom, and what.
pub(super) fn told(timeline: &Timeline, event: &TimelineEvent) -> String {
    let (name, words) = (whole(timeline.name(event.lane)), whole(&words(timeline, event)));
    format!("{}  {name}  {words}", stamp(event.at).trim_start())
}

/// An event in words, on one line.
pub(super) fn words(timeline: &Timeline, event: &TimelineEvent) -> String {
    let with = |before: &str| match event.with {
        Some(with) => format!("{before}{}", timeline.name(with)),
        None => String::new(),
    };
    match &event.what {
        Happening::Turn { woken, nanos, moved } => {
            let moved = if *moved { "" } else { ", and nothing moved" };
            format!("ran for {nanos} ns, woken by {}{moved}", woken_by(*woken))
        }
        Happening::Call { call, outcome } => format!("{call}: {outcome}"),
        Happening::Sent { text, .. } => format!("sends{}: {}", with(" to "), shown(text)),
        Happening::Arrived { text, .. } => format!("has read{}: {}", with(" from "), shown(text)),
        Happening::Segment { from, to, flags, seq, ack, window, octets, arrives } => {
            let fate = match arrives {
                Some(at) => format!("arrives at {}", Instant::from_nanos(*at)),
                None => "lost".to_owned(),
            };
            format!("{from} -> {to}  {flags} seq {seq} ack {ack} window {window}: {octets} octets, {fate}")
        }
        Happening::State { state } => format!("state {state}"),
        Happening::Timer { timer, until } => match until {
            Some(until) => format!("{timer} timer armed until {}", Instant::from_nanos(*until)),
            None => format!("{timer} timer stopped"),
        },
        Happening::Wait { id, text, until } => {
            let until = until.map_or(String::new(), |until| format!(", or {}", Instant::from_nanos(until)));
            // A step of a script stands as it was written.
            let comes = if text.starts_with('`') { "comes to" } else { "begins to wait for" };
            format!("{comes} {}{until} ({id})", shown(text))
        }
        Happening::Waited { id } => format!("waits no more ({id})"),
        Happening::Level { way, octets } => format!("{octets} octets on their way {}", way_words(*way)),
        Happening::Window { way, octets } => {
            format!("a window of {octets} octets for what goes {}", way_words(*way))
        }
        Happening::Fault { text, until } => {
            let until = match until {
                Some(until) if *until > event.at.as_nanos() => {
                    format!(", until {}", Instant::from_nanos(*until))
                }
                _ => String::new(),
            };
            format!("fault: {text}{until}")
        }
        Happening::Process { text } => shown(text),
        Happening::Log { text } => format!("log: {}", shown(text)),
        Happening::Alarm { oracle, text, clause, .. } => {
            format!("{oracle} sounds: {} ({clause})", shown(text))
        }
    }
}

const fn woken_by(reason: TurnReason) -> &'static str {
    match reason {
        TurnReason::Start => "its start",
        TurnReason::Readiness => "readiness",
        TurnReason::Deadline => "a deadline",
        TurnReason::Itself => "itself",
    }
}

const fn way_words(way: Way) -> &'static str {
    match way {
        Way::In => "in",
        Way::Out => "out",
    }
}

/// A text on one line, not longer than one reads.
fn shown(text: &str) -> String {
    printable(text, SHOWN)
}

/// All of a text, which may come from a trace that somebody else wrote.
fn whole(text: &str) -> String {
    printable(text, usize::MAX)
}

/// A time as every line begins with.
fn stamp(at: Instant) -> String {
    let nanos = at.as_nanos();
    format!("{:>6}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Lane, LaneKind, TimelineEnd};

    fn timeline(what: Happening) -> Timeline {
        let lane = |name: &str| Lane { name: name.to_owned(), is: LaneKind::Program, of: None };
        Timeline {
            lanes: vec![lane("program p"), lane("speaker: pipe to program p")],
            events: vec![TimelineEvent { at: Instant::from_millis(2_500), lane: 0, with: Some(1), what }],
            ..Timeline::default()
        }
    }

    #[test]
    fn a_line_has_the_time_who_it_was_and_what_was_said_and_no_text_commands_the_terminal() {
        let text = "version\u{1b}[2J".to_owned();
        let mut timeline = timeline(Happening::Sent { id: 1, text, detail: String::new(), octets: 11 });
        let lines = super::text(&timeline);
        let wanted = "     2.500000000  program p                   sends to speaker: pipe to program p: version\\u{1b}[2J";
        assert_eq!(lines.lines().next(), Some(wanted));
        assert_eq!(lines.lines().last(), Some("the log is cut short here"));
        timeline.end = Some(TimelineEnd { summary: "passes".to_owned(), ..TimelineEnd::default() });
        assert!(super::text(&timeline).ends_with("passes\n"));
    }

    #[test]
    fn nothing_in_a_trace_commands_the_terminal_or_turns_a_line_around() {
        let hostile = || "a\u{202e}b\u{9b}2J\u{1b}]0;c\u{7}".to_owned();
        let lines = [
            Happening::Call { call: hostile(), outcome: hostile() },
            Happening::Log { text: hostile() },
            Happening::State { state: hostile() },
            Happening::Fault { text: hostile(), until: None },
        ];
        for what in lines {
            let mut timeline = timeline(what);
            timeline.lanes[0].name = hostile();
            timeline.end = Some(TimelineEnd { summary: hostile(), why: hostile(), ..TimelineEnd::default() });
            let shown = text(&timeline);
            assert!(shown.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{shown:?}");
            assert!(shown.contains("a\\u{202e}b\\u{9b}2J\\u{1b}]0;c\\u{7}"), "{shown}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = "x".repeat(1 << 20);
        let line = super::text(&timeline(Happening::Log { text }));
        assert!(line.len() < 400 && line.contains("… (1048576 octets)"), "{line}");
    }
}
