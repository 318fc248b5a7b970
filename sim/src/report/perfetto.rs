//! A run's log in Chrome's trace event format, which Perfetto and `chrome://tracing` open.
//!
//! Every process of the run is a process there, and every lane of it a thread: turns are its slices, messages are slices of no length with
//! a flow from one to the other, waits, timers and faults are asynchronous slices, and what is under way is a counter. Times are µs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::timeline::{Happening, LaneKind, Timeline, TimelineEvent, Way};

/// The file.
pub fn file(timeline: &Timeline) -> Value {
    let mut writer = TraceEvents { timeline, events: Vec::new(), open: BTreeMap::new(), next: 0 };
    writer.names();
    timeline.events.iter().for_each(|event| writer.event(event));
    writer.finish();
    let head = &timeline.head;
    json!({
        "traceEvents": writer.events,
        "displayTimeUnit": "ns",
        "otherData": { "name": head.name, "reactor": head.reactor, "seed": head.seed, "again": head.again },
    })
}

/// What has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Begun {
    Wait(u64),
    Timer(usize, String),
    State(usize),
}

struct TraceEvents<'t> {
    timeline: &'t Timeline,
    events: Vec<Value>,
    /// The number and the name of each.
    open: BTreeMap<Begun, (u64, usize, String)>,
    next: u64,
}

impl TraceEvents<'_> {
    /// The process of a lane: the lane of the process that it is part of.
    fn process(&self, lane: usize) -> usize {
        match self.timeline.lanes.get(lane) {
            Some(known) if matches!(known.is, LaneKind::Task | LaneKind::Session | LaneKind::Pipe) => {
                known.of.unwrap_or(lane)
            }
            _ => lane,
        }
    }

    fn names(&mut self) {
        for (lane, known) in self.timeline.lanes.iter().enumerate() {
            let process = self.process(lane);
            if process == lane {
                self.named("process_name", lane, lane, &json!({ "name": known.name }));
                self.named("process_sort_index", lane, lane, &json!({ "sort_index": lane }));
            }
            let own = known.name.strip_prefix(&format!("{}: ", self.timeline.name(process)));
            self.named("thread_name", process, lane, &json!({ "name": own.unwrap_or(&known.name) }));
            self.named("thread_sort_index", process, lane, &json!({ "sort_index": lane }));
        }
    }

    /// Numbers of processes and threads begin with 1: 0 is nobody's.
    fn named(&mut self, what: &str, process: usize, lane: usize, args: &Value) {
        self.events
            .push(json!({ "ph": "M", "name": what, "pid": process + 1, "tid": lane + 1, "args": args }));
    }

    fn push(&mut self, phase: &str, nanos: u64, lane: usize, name: &str, more: Value) {
        let process = self.process(lane);
        let mut event = json!({
            "ph": phase, "ts": micros(nanos), "pid": process + 1, "tid": lane + 1, "name": name,
        });
        crate::report::json::extend(&mut event, more);
        self.events.push(event);
    }

    fn begin(&mut self, at: u64, lane: usize, what: Begun, category: &str, name: String) {
        self.end(at, &what, category);
        self.next += 1;
        let id = self.next;
        self.push("b", at, lane, &name, json!({ "cat": category, "id": id }));
        self.open.insert(what, (id, lane, name));
    }

    fn end(&mut self, at: u64, what: &Begun, category: &str) {
        if let Some((id, lane, name)) = self.open.remove(what) {
            self.push("e", at, lane, &name, json!({ "cat": category, "id": id }));
        }
    }

    fn event(&mut self, event: &TimelineEvent) {
        let (at, lane) = (event.at.as_nanos(), event.lane);
        match &event.what {
            Happening::Turn { woken, nanos, moved } => {
                let args = json!({ "woken": woken, "moved": moved });
                self.push(
                    "X",
                    at,
                    lane,
                    "turn",
                    json!({ "cat": "turn", "dur": micros(*nanos), "args": args }),
                );
            }
            Happening::Sent { id, text, detail, octets } => {
                let args = json!({ "detail": detail, "octets": octets });
                self.push("X", at, lane, text, json!({ "cat": "message", "dur": 0, "args": args }));
                self.push("s", at, lane, "message", json!({ "cat": "message", "id": id }));
            }
            Happening::Arrived { id, text } => {
                self.push("X", at, lane, &format!("read: {text}"), json!({ "cat": "message", "dur": 0 }));
                self.push("f", at, lane, "message", json!({ "cat": "message", "id": id, "bp": "e" }));
            }
            Happening::State { state } => self.begin(at, lane, Begun::State(lane), "state", state.clone()),
            Happening::Timer { timer, until } => {
                let what = Begun::Timer(lane, timer.clone());
                match until {
                    Some(_) => self.begin(at, lane, what, "timer", format!("{timer} timer")),
                    None => self.end(at, &what, "timer"),
                }
            }
            Happening::Wait { id, text, .. } => self.begin(at, lane, Begun::Wait(*id), "wait", text.clone()),
            Happening::Waited { id } => self.end(at, &Begun::Wait(*id), "wait"),
            Happening::Level { way, octets } => self.counter(at, lane, ("octets under way", *way), *octets),
            Happening::Window { way, octets } => self.counter(at, lane, ("window", *way), *octets),
            Happening::Fault { text, until } => {
                self.next += 1;
                let id = self.next;
                let ends = until.unwrap_or_else(|| self.timeline.until().as_nanos()).max(at);
                self.push("b", at, lane, text, json!({ "cat": "fault", "id": id }));
                self.push("e", ends, lane, text, json!({ "cat": "fault", "id": id }));
            }
            Happening::Alarm { oracle, text, clause, .. } => {
                let args = json!({ "clause": clause });
                let more = json!({ "cat": "alarm", "s": "g", "args": args });
                self.push("i", at, lane, &format!("{oracle} sounds: {text}"), more);
            }
            Happening::Call { call, outcome } => {
                let more = json!({ "cat": "call", "s": "t", "args": { "outcome": outcome } });
                self.push("i", at, lane, call, more);
            }
            Happening::Process { text } | Happening::Log { text } => {
                self.push("i", at, lane, text, json!({ "cat": "log", "s": "t" }));
            }
            Happening::Segment { flags, octets, arrives, .. } => {
                let fate = if arrives.is_some() { "" } else { ", lost" };
                let more = json!({ "cat": "segment", "s": "t" });
                self.push("i", at, lane, &format!("{flags}, {octets} octets{fate}"), more);
            }
        }
    }

    fn counter(&mut self, at: u64, lane: usize, (what, way): (&str, Way), octets: u64) {
        let way = match way {
            Way::In => "to the speaker",
            Way::Out => "from the speaker",
        };
        let name = format!("{what}, {way}: {}", self.timeline.name(lane));
        self.push("C", at, lane, &name, json!({ "args": { "octets": octets } }));
    }

    /// What goes on at the end ends there.
    fn finish(&mut self) {
        let at = self.timeline.until().as_nanos();
        let open: Vec<Begun> = self.open.keys().cloned().collect();
        for what in open {
            let category = match what {
                Begun::Wait(_) => "wait",
                Begun::Timer(..) => "timer",
                Begun::State(_) => "state",
            };
            self.end(at, &what, category);
        }
    }
}

fn micros(nanos: u64) -> Value {
    // Whole microseconds stay whole numbers.
    if nanos.is_multiple_of(1_000) { (nanos / 1_000).into() } else { (nanos as f64 / 1e3).into() }
}
