//! The files for Perfetto, held against the Trace Event Format as it is documented, and against what Perfetto's importer counts as an error.
//!
//! No package registry has its trace processor: the package of that name downloads it. So each phase is looked at for the members that it must
//! have and for others, slices for whether they nest on their thread, asynchronous ones for pairs, flows for their ends and for the slices
//! that they bind to, counters for numbers, and names for being one a thread.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use holdtime_sim::report::perfetto;
use holdtime_sim::scenario;
use holdtime_sim::stage::Run;
use holdtime_sim::subject::{self, Defect};
use serde_json::{Map, Value, json};

type Track = (u64, u64);

/// The members of each phase beside `ph`, `pid`, `tid` and `name`: those that it must have, and those that it may have.
fn members(phase: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match phase {
        "M" => (&["args"], &[]),
        "X" => (&["ts", "dur"], &["cat", "args"]),
        "b" | "e" => (&["ts", "cat", "id"], &["args"]),
        "s" => (&["ts", "cat", "id"], &[]),
        "f" => (&["ts", "cat", "id", "bp"], &[]),
        "C" => (&["ts", "args"], &["cat"]),
        "i" => (&["ts", "s"], &["cat", "args"]),
        _ => return None,
    })
}

/// A time in nanoseconds.
fn nanos(event: &Map<String, Value>, member: &str) -> Result<u64, String> {
    let micros =
        event.get(member).and_then(Value::as_f64).filter(|micros| micros.is_finite() && *micros >= 0.0);
    micros.map(|micros| (micros * 1e3).round() as u64).ok_or(format!("`{member}` is no time"))
}

/// What has begun, and what was seen of each track.
#[derive(Default)]
struct Checked {
    asynchronous: BTreeMap<(String, u64), (String, u64)>,
    flows: BTreeMap<u64, (u64, bool)>,
    slices: BTreeMap<Track, Vec<(u64, u64)>>,
    bound: Vec<(Track, u64)>,
    threads: BTreeSet<Track>,
    processes: BTreeSet<u64>,
    used: BTreeSet<Track>,
}

impl Checked {
    fn event(&mut self, event: &Value) -> Result<(), String> {
        let event = event.as_object().ok_or("it is no object")?;
        let text =
            |member: &str| event.get(member).and_then(Value::as_str).ok_or(format!("`{member}` is no text"));
        let number = |member: &str| {
            event.get(member).and_then(Value::as_u64).ok_or(format!("`{member}` is no number"))
        };
        let (phase, name) = (text("ph")?, text("name")?);
        let track = (number("pid")?, number("tid")?);
        if name.is_empty() || track.0 == 0 || track.1 == 0 {
            return Err("it is nobody's, or has no name".to_owned());
        }
        let (must, may) = members(phase).ok_or(format!("there is no phase `{phase}`"))?;
        let common = ["ph", "pid", "tid", "name"];
        if let Some(missing) = must.iter().find(|member| !event.contains_key(**member)) {
            return Err(format!("`{phase}` has no `{missing}`"));
        }
        let known = |member: &&String| [&common[..], must, may].concat().contains(&member.as_str());
        if let Some(other) = event.keys().find(|member| !known(member)) {
            return Err(format!("`{phase}` has a `{other}`"));
        }
        if phase == "M" {
            return self.metadata(track, name, event.get("args").unwrap_or(&Value::Null));
        }
        self.used.insert(track);
        let at = nanos(event, "ts")?;
        match phase {
            "X" => self.slices.entry(track).or_default().push((at, at + nanos(event, "dur")?)),
            "b" => {
                let known =
                    self.asynchronous.insert((text("cat")?.to_owned(), number("id")?), (name.to_owned(), at));
                if known.is_some() {
                    return Err("it has begun already".to_owned());
                }
            }
            "e" => {
                let begun = self.asynchronous.remove(&(text("cat")?.to_owned(), number("id")?));
                let (begun, since) = begun.ok_or("what ends has not begun")?;
                if begun != name || at < since {
                    return Err(format!("it begins as `{begun}` at {since} and ends otherwise"));
                }
            }
            "s" => {
                self.bound.push((track, at));
                if self.flows.insert(number("id")?, (at, false)).is_some() {
                    return Err("another flow has its number".to_owned());
                }
            }
            "f" => {
                self.bound.push((track, at));
                let flow = self.flows.get_mut(&number("id")?).ok_or("the flow has no beginning")?;
                if text("bp")? != "e" || std::mem::replace(&mut flow.1, true) || at < flow.0 {
                    return Err("the flow ends before it begins, twice, or at no slice".to_owned());
                }
            }
            "C" => {
                let args = event.get("args").and_then(Value::as_object).ok_or("a counter has values")?;
                if args.is_empty() || !args.values().all(Value::is_number) {
                    return Err("a counter's values are numbers".to_owned());
                }
            }
            "i" if !["g", "p", "t"].contains(&text("s")?) => return Err("there is no such scope".to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn metadata(&mut self, track: Track, name: &str, args: &Value) -> Result<(), String> {
        let is_new = match name {
            "process_name" => args["name"].is_string() && self.processes.insert(track.0),
            "thread_name" => args["name"].is_string() && self.threads.insert(track),
            "process_sort_index" | "thread_sort_index" => args["sort_index"].is_u64(),
            _ => false,
        };
        if is_new { Ok(()) } else { Err(format!("`{name}` is unknown, said twice, or says nothing")) }
    }

    /// What has to hold of the file as a whole.
    fn whole(mut self) -> Result<(), String> {
        if let Some(((category, id), _)) = self.asynchronous.first_key_value() {
            return Err(format!("{category} {id} does not end"));
        }
        for (track, slices) in &mut self.slices {
            // Those that begin together: the longest is around the others.
            slices.sort_by_key(|(from, to)| (*from, std::cmp::Reverse(*to)));
            let mut open: Vec<u64> = Vec::new();
            for (from, to) in slices.iter().copied() {
                open.retain(|end| *end > from || (*end == from && to == from));
                if open.last().is_some_and(|end| to > *end) {
                    return Err(format!("a slice of {track:?} from {from} to {to} is half in another one"));
                }
                open.push(to);
            }
        }
        for (track, at) in &self.bound {
            let slices = self.slices.get(track);
            if !slices.is_some_and(|slices| slices.iter().any(|(from, to)| (from..=to).contains(&at))) {
                return Err(format!("a flow at {at} has no slice of {track:?}"));
            }
        }
        match self
            .used
            .iter()
            .find(|track| !self.threads.contains(track) || !self.processes.contains(&track.0))
        {
            Some(track) => Err(format!("{track:?} has no name")),
            None => Ok(()),
        }
    }
}

/// The first thing that is wrong in a file.
fn check(file: &Value) -> Result<(), String> {
    if !["ns", "ms"].contains(&file["displayTimeUnit"].as_str().unwrap_or_default()) {
        return Err("times are shown in ms or ns".to_owned());
    }
    if !file["otherData"].is_object() {
        return Err("other data are an object".to_owned());
    }
    let mut checked = Checked::default();
    for (at, event) in file["traceEvents"].as_array().ok_or("there are no events")?.iter().enumerate() {
        checked.event(event).map_err(|why| format!("event {at}: {why}: {event}"))?;
    }
    checked.whole()
}

fn drawn(scenario: &str, reactor: &str) -> Value {
    let play = scenario::find(scenario).unwrap().play;
    let subject = subject::find(reactor).unwrap();
    let run = Run { play: &play, subject, defect: Defect::Present, choices: 0.into() };
    perfetto::file(&run.go_logged(&[]).unwrap().1)
}

#[test]
fn every_file_is_what_the_format_documents() {
    for (scenario, reactor) in [
        ("silent-peer", "await-peers"),
        ("silent-peer", "recv-timeout"),
        ("zero-window", "no-hold-timer"),
        ("program-never-reads", "poll"),
        ("half-open-after-a-power-cut", "async"),
    ] {
        assert_eq!(check(&drawn(scenario, reactor)), Ok(()), "{scenario} on {reactor}");
    }
}

#[test]
fn a_file_that_deviates_is_told_of() {
    let good = drawn("silent-peer", "await-peers");
    let first = |phase: &str| {
        let events = good["traceEvents"].as_array().unwrap();
        events.iter().position(|event| event["ph"] == phase).unwrap()
    };
    let slice = first("X");
    let (pid, tid) = (&good["traceEvents"][slice]["pid"], &good["traceEvents"][slice]["tid"]);
    let changes: [(&str, usize, Value); 8] = [
        ("ts", slice, json!(-1)),
        ("ts", slice, json!("1")),
        ("dur", slice, Value::Null),
        ("ph", slice, json!("x")),
        ("id", first("e"), json!(4_000_000)),
        ("id", first("f"), json!(4_000_000)),
        ("args", first("C"), json!({ "octets": "many" })),
        ("s", first("i"), json!("q")),
    ];
    for (member, at, value) in changes {
        let mut file = good.clone();
        file["traceEvents"][at][member] = value;
        assert!(check(&file).is_err(), "{member} of event {at}");
    }
    let half = |from: u64, to: u64| {
        let mut file = good.clone();
        let all = file["traceEvents"].as_array_mut().unwrap();
        all.push(json!({ "ph": "X", "ts": from, "dur": to - from, "pid": pid, "tid": tid, "name": "half" }));
        check(&file)
    };
    assert_eq!(half(50_000_000, 60_000_000), Ok(()));
    let mut file = good.clone();
    let all = file["traceEvents"].as_array_mut().unwrap();
    for (from, dur) in [(50_000_000, 9_000), (50_001_000, 9_000)] {
        all.push(json!({ "ph": "X", "ts": from, "dur": dur, "pid": pid, "tid": tid, "name": "half" }));
    }
    assert!(check(&file).unwrap_err().contains("half in another one"));
    let mut file = good.clone();
    file["traceEvents"].as_array_mut().unwrap().retain(|event| event["name"] != "thread_name");
    assert!(check(&file).unwrap_err().contains("has no name"));
}
