//! A run's trace as text: one step a line, for people and for `grep`.

use std::fmt::Write as _;

use holdtime_core::Instant;

use crate::SimHost;
use crate::trace::{Observer, Step};
use crate::world::ProcessId;

/// Collects the steps of a run.
#[derive(Debug, Default)]
pub struct TraceLines {
    text: String,
}

impl TraceLines {
    /// The lines so far.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Observer for TraceLines {
    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        let nanos = at.as_nanos();
        let _ = write!(self.text, "{:>6}.{:09}  ", nanos / 1_000_000_000, nanos % 1_000_000_000);
        let text = words(step);
        self.text.push_str(&text);
        self.text.push('\n');
    }
}

fn words(step: &Step<'_>) -> String {
    let process = |id: &ProcessId| format!("process {}", id.0);
    match step {
        Step::Polled(id, task, spent) => {
            format!("{}  task {} ran for {} ns", process(id), task.0, spent.as_nanos())
        }
        Step::TaskEnded(id, task) => format!("{}  task {} ended", process(id), task.0),
        Step::Sent(_, segment, arrives) => {
            let fate = arrives.map_or("lost".to_owned(), |at| format!("arrives at {at}"));
            format!(
                "network    {} -> {}  {:?} seq {} ack {} window {}: {} octets, {fate}",
                segment.src,
                segment.dst,
                segment.flags,
                segment.seq,
                segment.ack,
                segment.window,
                segment.payload.len()
            )
        }
        Step::Listens(id, _, outcome) => format!("{}  listens: {}", process(id), said(outcome.as_ref())),
        Step::Connects(id, stream, remote, outcome) => {
            format!("{}  {stream} dials {remote}: {}", process(id), said(outcome.as_ref().map(|()| "begun")))
        }
        Step::Connected(id, stream, outcome) => {
            format!("{}  {stream} connected: {}", process(id), said(outcome.as_ref()))
        }
        Step::Accepted(id, stream, remote) => format!("{}  {stream} accepted from {remote}", process(id)),
        Step::AcceptFailed(id, _, error) => format!("{}  accepted nothing: {error}", process(id)),
        Step::Read(id, stream, outcome) => {
            format!("{}  {} read {}", process(id), stream_name(*stream), octets(*outcome))
        }
        Step::Wrote(id, stream, outcome) => {
            format!("{}  {} wrote {}", process(id), stream_name(*stream), octets(*outcome))
        }
        Step::Shut(id, stream) => format!("{}  {} shut", process(id), stream_name(*stream)),
        Step::Closed(id, stream) => format!("{}  {} closed", process(id), stream_name(*stream)),
        Step::Started(id, stream, child, name) => {
            format!("{}  {stream} started process {}, {name}", process(id), child.0)
        }
        Step::Signalled(id, signal) => format!("{}  signal {signal}", process(id)),
        Step::Exited(id, status) => format!("{}  over: {status}", process(id)),
        Step::Logged(id, line) => format!("{}  log: {line}", process(id)),
        Step::Fault(what) => format!("scenario   {what}"),
    }
}

fn stream_name(stream: holdtime_core::StreamId) -> String {
    if stream == SimHost::STDIO { "stdio".to_owned() } else { stream.to_string() }
}

fn said<T: std::fmt::Display>(outcome: Result<T, &holdtime_core::speaker::IoError>) -> String {
    match outcome {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Text as text, messages in hexadecimal.
fn octets(outcome: Result<&[u8], holdtime_core::speaker::IoError>) -> String {
    match outcome {
        Err(error) => error.to_string(),
        Ok([]) => "the end".to_owned(),
        Ok(octets) if octets.iter().all(|octet| octet.is_ascii_graphic() || octet.is_ascii_whitespace()) => {
            format!("{:?}", String::from_utf8_lossy(octets))
        }
        Ok(octets) => format!("{} octets {}", octets.len(), crate::suite::Hex(octets)),
    }
}
