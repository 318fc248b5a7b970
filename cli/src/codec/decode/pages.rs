//! What a batch comes to: its lines, and what is to be said beside them.

use holdtime_core::api::{self, Envelope};
use holdtime_core::print::string;
use holdtime_dump::{
    Batch, Content, Found, Item, KnownTerms, RecordedDirection, RecordedMessage, StateChange, StateNumber,
};

use super::message::{self, Assumptions, Layouts};
use super::route::{self, Tables};
use super::tally::Counts;
use crate::error::CliError;

/// The lines of a batch.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// For the standard output.
    pub(super) text: String,
    /// What was told of and what was not.
    pub(super) tally: Counts,
}

impl Page {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.tally.clear();
    }
}

/// Writes batches down. Every thread has its own.
#[derive(Debug)]
pub(super) struct Printer {
    layouts: Layouts,
    tables: Tables,
}

impl Printer {
    pub(super) fn new(assumed: &Assumptions) -> Self {
        Self { layouts: Layouts::new(assumed), tables: Tables::new(assumed) }
    }

    /// The object that describes one message that comes from nowhere.
    pub(super) fn single(mut self, octets: &[u8]) -> Result<String, CliError> {
        let mut line = String::new();
        let message =
            RecordedMessage { direction: RecordedDirection::Received, terms: KnownTerms::Unheard, octets };
        message::json(&mut line, &envelope(0, 1), None, &message, &mut self.layouts)
            .map_err(CliError::input)?;
        Ok(line)
    }

    /// Writes what is in `batch` behind what `page` has. `counter`: of the first item.
    pub(super) fn print(&mut self, batch: &Batch, mut counter: u64, page: &mut Page) {
        for found in batch.found() {
            match found {
                Found::Item(item) => {
                    match self.item(&mut page.text, &item, counter) {
                        Ok(()) => {
                            page.text.push('\n');
                            page.tally.told += 1;
                        }
                        Err(what) => page.tally.faults.push(format!("{}: {what}", item.place)),
                    }
                    counter += 1;
                }
                Found::Fault(fault) => page.tally.faults.push(fault.to_string()),
                Found::LeftOut(left_out) => page.tally.leave_out(left_out.kind, 1),
            }
        }
    }

    /// Appends one line, without its end.
    fn item(&mut self, line: &mut String, item: &Item<'_>, counter: u64) -> Result<(), String> {
        let envelope = envelope(item.time.unwrap_or_default(), counter);
        let session = item.session.as_ref();
        match &item.content {
            Content::Message(message) => message::json(line, &envelope, session, message, &mut self.layouts)?,
            Content::Route(route) => route::json(line, &envelope, session, route, &self.tables),
            Content::State(change) => {
                let session = session.ok_or("a change of state without a session")?;
                state_json(line, &envelope, &message::peer(session), *change);
            }
        }
        Ok(())
    }
}

const fn envelope(time: i64, counter: u64) -> Envelope<'static> {
    Envelope { host: "localhost", pid: 0, ppid: 0, time, counter }
}

/// Appends a change of state as ExaBGP tells of a session: up, connected, or down and why.
fn state_json(out: &mut String, envelope: &Envelope<'_>, peer: &api::Peer, change: StateChange) {
    let name = |state: StateNumber| match state.name() {
        Some(name) => String::from(name),
        None => format!("STATE {}", state.0),
    };
    let (from, to) = (name(change.from), name(change.to));
    api::json::other(out, envelope, peer, "state", |out| {
        match change.to {
            StateNumber::ESTABLISHED => out.push_str(", \"state\": \"up\""),
            state if state.is_connected() => out.push_str(", \"state\": \"connected\""),
            _ => {
                out.push_str(", \"state\": \"down\", \"reason\": ");
                string(out, &format!("from {from} to {to}"));
            }
        }
        out.push_str(", \"fsm\": { \"from\": ");
        string(out, &from);
        out.push_str(", \"to\": ");
        string(out, &to);
        out.push_str(" }");
    });
}
