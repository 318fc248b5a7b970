//! A run's log as lines of JSON, for programs, and back: `docs/traces.md` documents it.
//!
//! The first line says what was run, then come the lanes, each behind the one that it is part of, then what happened, in the order of time, and
//! the last line says what came of it. A log without that last line is cut short.

use std::collections::BTreeMap;

use holdtime_core::Instant;
use serde::{Deserialize, Serialize};

use crate::timeline::{Happening, Lane, LaneKind, Timeline, TimelineEnd, TimelineEvent, TimelineHead};

/// What the first line calls itself; another form would have another number.
const FORM: &str = "holdtime-trace 1";

#[derive(Serialize, Deserialize)]
struct HeadLine<H> {
    form: String,
    #[serde(flatten)]
    head: H,
}

#[derive(Serialize, Deserialize)]
struct LaneLine {
    lane: String,
    is: LaneKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct EventLine<W> {
    t: u64,
    who: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(flatten)]
    what: W,
}

#[derive(Serialize, Deserialize)]
struct EndLine<E> {
    events: u64,
    #[serde(flatten)]
    end: E,
}

/// The lines.
///
/// # Errors
/// What cannot be written as JSON, which nothing is.
pub fn lines(timeline: &Timeline) -> serde_json::Result<String> {
    let mut text = String::new();
    let mut line = |json: String| {
        text.push_str(&json);
        text.push('\n');
    };
    line(serde_json::to_string(&HeadLine { form: FORM.to_owned(), head: &timeline.head })?);
    for lane in &timeline.lanes {
        let of = lane.of.map(|of| timeline.name(of).to_owned());
        line(serde_json::to_string(&LaneLine { lane: lane.name.clone(), is: lane.is, of })?);
    }
    for event in &timeline.events {
        line(serde_json::to_string(&EventLine {
            t: event.at.as_nanos(),
            who: timeline.name(event.lane).to_owned(),
            with: event.with.map(|with| timeline.name(with).to_owned()),
            what: &event.what,
        })?);
    }
    if let Some(end) = &timeline.end {
        line(serde_json::to_string(&EndLine { events: timeline.events.len() as u64, end })?);
    }
    Ok(text)
}

/// Whether a text begins as such a log does.
fn is_log(text: &str) -> bool {
    text.starts_with(&format!("{{\"form\":\"{FORM}\""))
}

/// Reads a log, as far as it goes: what is cut short has no end.
///
/// # Errors
/// What is wrong, and on which line; a last line that is cut off is no mistake.
pub fn read(text: &str) -> Result<Timeline, String> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let whole = text.ends_with('\n');
    let count = text.lines().count();
    let wrong = |at: usize, line: &str, error: &dyn std::fmt::Display| {
        let shown: String = line.chars().take(60).collect();
        format!("line {at}: {error}: {shown}")
    };
    let Some((_, first)) = lines.next().filter(|_| is_log(text)) else {
        return Err(format!("line 1: this is no log of a run: expected {{\"form\":\"{FORM}\",…"));
    };
    let head: HeadLine<TimelineHead> =
        serde_json::from_str(first).map_err(|error| wrong(1, first, &error))?;
    let mut timeline = Timeline { head: head.head, ..Timeline::default() };
    let mut places = BTreeMap::new();
    for (at, line) in lines {
        match read_line(line, &mut timeline, &mut places) {
            Ok(()) => {}
            // What was being written when the writer ended.
            Err(_) if at == count && !whole => break,
            Err(error) => return Err(wrong(at, line, &error)),
        }
    }
    Ok(timeline)
}

fn read_line(
    line: &str,
    timeline: &mut Timeline,
    places: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let said = |error: serde_json::Error| error.to_string();
    let place = |places: &BTreeMap<String, usize>, name: &str| {
        places.get(name).copied().ok_or_else(|| format!("there is no lane \"{name}\""))
    };
    if line.starts_with("{\"lane\":") {
        let lane: LaneLine = serde_json::from_str(line).map_err(said)?;
        let of = lane.of.map(|of| place(places, &of)).transpose()?;
        places.insert(lane.lane.clone(), timeline.lanes.len());
        timeline.lanes.push(Lane { name: lane.lane, is: lane.is, of });
    } else if line.starts_with("{\"t\":") {
        let event: EventLine<Happening> = serde_json::from_str(line).map_err(said)?;
        timeline.events.push(TimelineEvent {
            at: Instant::from_nanos(event.t),
            lane: place(places, &event.who)?,
            with: event.with.map(|with| place(places, &with)).transpose()?,
            what: event.what,
        });
    } else {
        let end: EndLine<TimelineEnd> = serde_json::from_str(line).map_err(said)?;
        let known = timeline.lanes.len();
        if end.end.chain.iter().filter_map(|link| link.lane).any(|lane| lane >= known) {
            return Err("a link of the chain has no lane".to_owned());
        }
        timeline.end = Some(end.end);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        let lanes = vec![
            Lane { name: "machine 10.0.0.1".to_owned(), is: LaneKind::Machine, of: None },
            Lane { name: "speaker".to_owned(), is: LaneKind::Speaker, of: Some(0) },
        ];
        let event =
            |millis, what| TimelineEvent { at: Instant::from_millis(millis), lane: 1, with: Some(0), what };
        let events = vec![
            event(1, Happening::Timer { timer: "hold".to_owned(), until: None }),
            event(2, Happening::Log { text: "a \"quoted\" line\n".to_owned() }),
        ];
        let end = TimelineEnd { verdict: "pass".to_owned(), circle: Some(2), ..TimelineEnd::default() };
        let head = TimelineHead { name: "a name".to_owned(), seed: Some(3), ..TimelineHead::default() };
        Timeline { head, lanes, events, end: Some(end) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = lines(&timeline()).unwrap();
        assert_eq!(text.lines().count(), 6);
        assert_eq!(read(&text).unwrap(), timeline());
    }

    #[test]
    fn a_log_that_is_cut_short_anywhere_is_read_as_far_as_it_goes() {
        let text = lines(&timeline()).unwrap();
        let first = text.find('\n').unwrap() + 1;
        for end in first..text.len() - 1 {
            let read = read(&text[..end]).unwrap();
            assert_eq!(read.end, None, "{end}");
            assert!(read.events.len() <= 2);
        }
    }

    #[test]
    fn what_is_wrong_within_a_log_is_said_with_its_line() {
        let text = lines(&timeline()).unwrap();
        let bad = text.replace("\"who\":\"speaker\"", "\"who\":\"nobody\"");
        assert!(read(&bad).unwrap_err().starts_with("line 4: there is no lane \"nobody\""));
        assert!(read("{}\n").unwrap_err().starts_with("line 1: this is no log"));
    }
}
