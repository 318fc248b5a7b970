//! How everybody and everything stands at an instant, as a table and as JSON.

use std::fmt::Write as _;

use holdtime_core::Instant;
use holdtime_core::speaker::Obligation;
use holdtime_machine::net::PathState;
use holdtime_machine::world::FlowLook;
use serde_json::{Value, json};

use crate::stage::{ActorState, SessionState, Snapshot, SpeakerState, StreamState, WaitState};

/// How wide a table is.
const WIDTH: usize = 80;

/// The table of everybody.
pub fn text(snapshot: &Snapshot) -> String {
    let Snapshot { at, verdict, actors } = snapshot;
    let mut text = match verdict {
        Some(verdict) => format!("at {at}, with which the run ended: {}\n", verdict.code()),
        None => format!("at {at}\n"),
    };
    for ActorState { name, life, script, inside } in actors {
        let script = script.as_ref().map(|script| format!(", {script}")).unwrap_or_default();
        line(&mut text, &format!("{name} {life}{script}"));
        if let Some(inside) = inside {
            text.push_str(&speaker(inside, *at, Instant::ZERO));
        }
    }
    text
}

/// The lines of a speaker's inside. Times are counted from `began`.
pub fn speaker(state: &SpeakerState, now: Instant, began: Instant) -> String {
    let mut text = String::new();
    for session in &state.sessions {
        let SessionState { neighbor, direction, state, timers } = session;
        let timers: Vec<String> =
            timers.iter().map(|(timer, at)| format!("{timer} {}", left(*at, now))).collect();
        let timers = timers.join(", ");
        line(&mut text, format!("  {neighbor} {direction} {state:<11} {timers}").trim_end());
    }
    for owed in &state.owed {
        let Obligation { debtor, creditor, what, since, until, .. } = owed;
        let until = until.map(|until| format!(", due {}", left(until, now))).unwrap_or_default();
        let since = seconds(*since, began);
        line(&mut text, &format!("  {debtor} owes {creditor} since {since}{until}: {what}"));
    }
    for stream in &state.streams {
        let StreamState { id, far, look } = stream;
        let (out, into) = (flow(&look.outgoing), flow(&look.incoming));
        let connecting = if look.connecting { " connecting" } else { "" };
        let what = stream.material();
        line(&mut text, &format!("  {id}, {what} with {far}{connecting}: out {out}; in {into}"));
    }
    for WaitState { task, what, until, since } in &state.waits {
        let until = until.map(|until| format!(", at most until {}", seconds(until, began)));
        let (until, since) = (until.unwrap_or_default(), seconds(*since, began));
        line(&mut text, &format!("  task {task} waits since {since} for {what}{until}"));
    }
    text
}

/// One line, cut where the table ends. What is in it may come from outside.
fn line(text: &mut String, line: &str) {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let count = line.chars().count();
    let kept = if count > WIDTH { WIDTH - 1 } else { count };
    text.extend(line.chars().map(shown).take(kept));
    text.push_str(if count > WIDTH { "…\n" } else { "\n" });
}

fn left(at: Instant, now: Instant) -> String {
    if at < now {
        format!("{:.1} s ago", (now - at).as_secs_f64())
    } else {
        format!("in {:.1} s", (at - now).as_secs_f64())
    }
}

fn seconds(at: Instant, began: Instant) -> String {
    format!("{:.3} s", at.saturating_since(began).as_secs_f64())
}

fn flow(flow: &FlowLook) -> String {
    let FlowLook { on_the_way, unread, full, shut, ended, path, .. } = flow;
    let mut text = format!("{} octets", on_the_way.max(unread));
    let marks = [(*full, "writer blocked"), (*shut, "no room"), (*ended, "ended")];
    for (_, mark) in marks.iter().filter(|(holds, _)| *holds) {
        let _ = write!(text, ", {mark}");
    }
    if *path != PathState::Open {
        let _ = write!(text, ", path {}", path_name(*path));
    }
    text
}

fn path_name(path: PathState) -> &'static str {
    match path {
        PathState::Open => "open",
        PathState::Narrow(_) => "narrow",
        PathState::Cut => "cut",
        PathState::Dark => "dark",
    }
}

/// All of it for programs; times in nanoseconds.
pub fn json(snapshot: &Snapshot) -> Value {
    let Snapshot { at, verdict, actors } = snapshot;
    let actor = |actor: &ActorState| {
        let ActorState { name, life, script, inside } = actor;
        let inside = inside.as_ref().map(|inside| speaker_json(inside, Instant::ZERO));
        json!({ "name": name, "life": life, "script": script, "speaker": inside })
    };
    json!({
        "at": at.as_nanos(),
        "verdict": verdict.as_ref().map(|verdict| verdict.code()),
        "actors": actors.iter().map(actor).collect::<Vec<_>>(),
    })
}

/// A speaker's inside for programs. Times are nanoseconds from `began`.
pub fn speaker_json(state: &SpeakerState, began: Instant) -> Value {
    let nanos = |at: Instant| (i128::from(at.as_nanos()) - i128::from(began.as_nanos())) as i64;
    let session = |session: &SessionState| {
        let SessionState { neighbor, direction, state, timers } = session;
        let timers = timers.iter().map(|(timer, at)| (timer.clone(), nanos(*at).into()));
        let timers: serde_json::Map<String, Value> = timers.collect();
        json!({ "neighbor": neighbor, "direction": direction, "state": state, "timers": timers })
    };
    let owed = |owed: &Obligation| {
        json!({
            "debtor": owed.debtor.to_string(),
            "creditor": owed.creditor.to_string(),
            "owes": owed.what,
            "waits-for": owed.waits_for,
            "since": nanos(owed.since),
            "until": owed.until.map(nanos),
            "clause": owed.clause,
        })
    };
    let stream = |stream: &StreamState| {
        let look = &stream.look;
        json!({
            "stream": stream.id.to_string(),
            "kind": stream.material(),
            "far": stream.far,
            "connecting": look.connecting,
            "out": flow_json(&look.outgoing),
            "in": flow_json(&look.incoming),
        })
    };
    let wait = |wait: &WaitState| {
        let WaitState { task, what, until, since } = wait;
        json!({ "task": task, "for": what, "until": until.map(nanos), "since": nanos(*since) })
    };
    json!({
        "sessions": state.sessions.iter().map(session).collect::<Vec<_>>(),
        "owed": state.owed.iter().map(owed).collect::<Vec<_>>(),
        "streams": state.streams.iter().map(stream).collect::<Vec<_>>(),
        "waits": state.waits.iter().map(wait).collect::<Vec<_>>(),
    })
}

fn flow_json(flow: &FlowLook) -> Value {
    let FlowLook { on_the_way, unread, full, shut, ended, path, .. } = flow;
    json!({
        "on-the-way": on_the_way,
        "unread": unread,
        "writer-blocked": full,
        "no-room": shut,
        "ended": ended,
        "path": path_name(*path),
    })
}
