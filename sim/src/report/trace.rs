//! A run's trace as text: one step a line, for people and for `grep`. Who acts is called by name; of a message its kind, its length
//! and the beginning of its body are shown (a capture has all of it).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use data_encoding::HEXUPPER;
use holdtime_core::speaker::IoError;
use holdtime_core::{Instant, StreamId};

use crate::certificate::Verdict;
use crate::scenario::codec;
use holdtime_machine::SimHost;
use holdtime_machine::net::Flags;
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;

/// Octets of a message's body, or of what is no text, that a line shows.
const SHOWN: usize = 24;

/// Collects the steps of a run.
#[derive(Debug, Default)]
pub struct TraceLines {
    text: String,
    names: BTreeMap<ProcessId, String>,
}

impl TraceLines {
    /// The lines so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What happened between two instants, both included, without its time; that a task ran is left out.
    pub fn steps_between(&self, from: Instant, to: Instant) -> Vec<&str> {
        let (from, to) = (stamp(from), stamp(to));
        let steps = self.text.lines().filter_map(|line| line.split_at_checked(from.len()));
        let steps = steps.filter(|(time, _)| (from.as_str()..=to.as_str()).contains(time));
        steps.map(|(_, step)| step.trim()).filter(|step| !step.contains(" task ")).collect()
    }

    /// Ends the trace with the verdict, and with what it is explained with: the alarm if one sounded.
    pub fn conclude(&mut self, at: Instant, verdict: &Verdict, finding: &str) {
        self.line(at, &format!("{:<10} {}", "verdict", verdict.summary()));
        for line in finding.lines() {
            let _ = writeln!(self.text, "{:>18}{line}", "");
        }
    }

    fn line(&mut self, at: Instant, text: &str) {
        let _ = writeln!(self.text, "{}  {text}", stamp(at));
    }

    fn name(&self, id: ProcessId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| format!("process {}", id.0))
    }

    fn words(&self, step: &Step<'_>) -> String {
        let (who, what) = match step {
            Step::Polled(id, task, spent, _) => {
                (*id, format!("task {} ran for {} ns", task.0, spent.as_nanos()))
            }
            Step::TaskEnded(id, task) => (*id, format!("task {} ended", task.0)),
            Step::Listens(id, _, outcome) => (*id, format!("listens: {}", said(outcome.as_ref()))),
            Step::Connects(id, stream, remote, outcome) => {
                let begun = said(outcome.as_ref().map(|()| "begun"));
                (*id, format!("{stream} dials {remote}: {begun}"))
            }
            Step::Connected(id, stream, outcome) => {
                (*id, format!("{stream} connected: {}", said(outcome.as_ref())))
            }
            Step::AcceptFailed(id, _, error) => (*id, format!("accepted nothing: {error}")),
            Step::Accepted(id, stream, remote) => (*id, format!("{stream} accepted from {remote}")),
            Step::Read(id, stream, outcome) => {
                (*id, format!("{} read {}", stream_name(*stream), octets(*outcome)))
            }
            Step::Wrote(id, stream, outcome) => {
                (*id, format!("{} wrote {}", stream_name(*stream), octets(*outcome)))
            }
            Step::Shut(id, stream) => (*id, format!("{} shut", stream_name(*stream))),
            Step::Closed(id, stream) => (*id, format!("{} closed", stream_name(*stream))),
            Step::Started(id, stream, _, name) => (*id, format!("{stream} started program {name}")),
            Step::Loaded(id, name, text) => (*id, format!("read {name}: {} octets", text.len())),
            Step::Runs(id, runs) => (*id, if *runs { "goes on" } else { "stopped" }.to_owned()),
            Step::Signalled(id, signal) => (*id, format!("signal {signal}")),
            Step::Exited(id, status) => (*id, format!("over: {status}")),
            Step::Logged(id, line) => (*id, format!("log: {line}")),
            Step::Fault(what) => return format!("{:<10} {what}", "scenario"),
            Step::Sent(_, segment, arrives) => {
                let fate = arrives.map_or("lost".to_owned(), |at| format!("arrives at {at}"));
                return format!(
                    "{:<10} {} -> {}  {} seq {} ack {} window {}: {} octets, {fate}",
                    "network",
                    segment.src,
                    segment.dst,
                    flags(segment.flags),
                    segment.seq,
                    segment.ack,
                    segment.window,
                    segment.payload.len()
                );
            }
        };
        format!("{:<10} {what}", self.name(who))
    }
}

impl Observer for TraceLines {
    fn meet(&mut self, process: ProcessId, name: &str) {
        self.names.insert(process, name.to_owned());
    }

    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        if let Step::Started(_, _, child, name) = step {
            self.meet(*child, name);
        }
        let text = self.words(step);
        self.line(at, &text);
    }
}

/// A time as every line begins with.
fn stamp(at: Instant) -> String {
    let nanos = at.as_nanos();
    format!("{:>6}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

fn stream_name(stream: StreamId) -> String {
    if stream == SimHost::STDIO { "stdio".to_owned() } else { stream.to_string() }
}

fn said<T: std::fmt::Display>(outcome: Result<T, &IoError>) -> String {
    match outcome {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The flags that are set, such as `SYN,ACK`.
fn flags(flags: Flags) -> String {
    let named = [(flags.syn, "SYN"), (flags.fin, "FIN"), (flags.rst, "RST"), (flags.ack, "ACK")];
    let set: Vec<&str> = named.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    set.join(",")
}

/// Text as text, messages by their kinds.
fn octets(outcome: Result<&[u8], IoError>) -> String {
    match outcome {
        Err(error) => error.to_string(),
        Ok([]) => "the end".to_owned(),
        Ok(octets) if octets.iter().all(|octet| octet.is_ascii_graphic() || octet.is_ascii_whitespace()) => {
            format!("{:?}", String::from_utf8_lossy(octets))
        }
        Ok(octets) => format!("{} octets: {}", octets.len(), messages(octets)),
    }
}

/// The messages that these octets begin with, and what is left behind them in hexadecimal.
fn messages(mut octets: &[u8]) -> String {
    let mut told = Vec::new();
    while let Some((kind, message, rest)) = first_message(octets) {
        let name = match kind {
            1 => "OPEN".to_owned(),
            2 => "UPDATE".to_owned(),
            3 => "NOTIFICATION".to_owned(),
            4 => "KEEPALIVE".to_owned(),
            5 => "ROUTE-REFRESH".to_owned(),
            6 => "OPERATIONAL".to_owned(),
            other => format!("type {other}"),
        };
        let body = message.get(19..).unwrap_or_default();
        told.push(if body.is_empty() { name } else { format!("{name} {}", shortened(body)) });
        octets = rest;
    }
    if !octets.is_empty() {
        told.push(shortened(octets));
    }
    told.join(", ")
}

/// The type of the message in front, the message, and what follows it.
fn first_message(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (message, rest) = codec::split_message(octets)?;
    let is_one = message.starts_with(&codec::MARKER) && codec::stated_length(message) == Some(message.len());
    is_one.then(|| (codec::kind(message), message, rest))
}

fn shortened(octets: &[u8]) -> String {
    let shown = octets.get(..SHOWN).unwrap_or(octets);
    let mut text = HEXUPPER.encode(shown);
    if shown.len() < octets.len() {
        let _ = write!(text, "… ({} octets)", octets.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_by_their_kinds_and_the_beginning_of_their_bodies() {
        let keepalive = codec::framed(codec::KEEPALIVE, &[]);
        let update = codec::framed(codec::UPDATE, &[7; 40]);
        let octets = [keepalive.as_slice(), &update, &[0xff; 3]].concat();
        let body = "07".repeat(SHOWN);
        assert_eq!(messages(&octets), format!("KEEPALIVE, UPDATE {body}… (40 octets), FFFFFF"));
        assert_eq!(messages(&[1, 2]), "0102");
    }

    #[test]
    fn an_actor_that_was_met_is_called_by_its_name() {
        let mut lines = TraceLines::default();
        lines.meet(ProcessId(1), "far");
        lines.on_step(Instant::from_secs(2), &Step::Signalled(ProcessId(1), 15));
        lines.on_step(
            Instant::from_secs(2),
            &Step::Started(ProcessId(1), StreamId::opened(0), ProcessId(2), "p"),
        );
        lines.on_step(Instant::from_secs(3), &Step::Logged(ProcessId(2), "here"));
        let told: Vec<&str> = lines.text().lines().collect();
        assert_eq!(told[0], "     2.000000000  far        signal 15");
        assert_eq!(told[2], "     3.000000000  p          log: here");
    }
}
