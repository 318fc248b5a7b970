//! The steps of a recording in words: who did what, a message or a line at a time.

use std::collections::BTreeMap;

use holdtime_core::StreamId;
use holdtime_core::speaker::{Action, ClosedKind, Input};
use holdtime_core::wire::frame::{Framer, kind};
use holdtime_sim::replay::recorded::ReplayStep;

/// The longest message there is (RFC 8654).
const MAX_MESSAGE: usize = 65_535;

/// The named pipes, as the log and obligations call who is behind them.
const COMMAND_LINE: &str = "program api-internal-cli";

/// One thing that happened.
#[derive(Debug)]
pub(super) struct PrintedEvent {
    /// To whom, or with whom.
    pub(super) who: String,
    /// What, in a word.
    pub(super) what: &'static str,
    /// More of it.
    pub(super) text: String,
    /// The message, where it was one.
    pub(super) octets: Option<Vec<u8>>,
}

/// Who is behind which stream, and what of a message or line has not ended yet.
#[derive(Debug, Default)]
pub(super) struct Parties {
    streams: BTreeMap<StreamId, Party>,
}

#[derive(Debug)]
struct Party {
    name: String,
    speaks_bgp: bool,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Parties {
    /// What a step tells.
    pub(super) fn take(&mut self, step: &ReplayStep) -> Vec<PrintedEvent> {
        let mut all = Vec::new();
        self.take_input(step, &mut all);
        for action in &step.actions {
            self.take_action(action, &mut all);
        }
        for event in &step.events {
            let severity = format!("{:?}", event.severity).to_lowercase();
            all.push(printed(&event.party.to_string(), "logs", format!("{severity}: {}", event.text)));
        }
        all
    }

    fn take_input(&mut self, step: &ReplayStep, all: &mut Vec<PrintedEvent>) {
        match step.input() {
            Input::Connected { stream, local, remote } => {
                self.streams
                    .entry(stream)
                    .or_insert_with(|| Party::new(format!("neighbor {}", remote.ip()), true));
                all.push(printed(self.name(stream), "connected", format!("{local} to {remote}")));
            }
            Input::ConnectFailed { stream, error } => {
                all.push(printed(self.name(stream), "failed", format!("to connect: {error}")));
            }
            Input::Accepted { stream, local, remote, .. } => {
                self.add(stream, format!("neighbor {}", remote.ip()), true);
                all.push(printed(self.name(stream), "accepted", format!("{remote} on {local}")));
            }
            Input::Received { stream, data } => {
                // One that was there before the recording begins is known by what it says.
                let unknown = || Party::new(format!("stream {stream}"), data.starts_with(&[0xff; 16]));
                let party = self.streams.entry(stream).or_insert_with(unknown);
                party.received.extend_from_slice(data);
                party.tell("received", |party| &mut party.received, all);
            }
            Input::Sent { stream, .. } => {
                if let Some(party) = self.streams.get_mut(&stream) {
                    party.sent.extend_from_slice(&step.sent);
                    party.tell("sent", |party| &mut party.sent, all);
                }
            }
            Input::Closed { stream, how } => {
                let how = match how {
                    ClosedKind::ReadEnd => "it will send no more".to_owned(),
                    ClosedKind::WriteEnd => "it reads no more".to_owned(),
                    ClosedKind::Broken(error) => error.to_string(),
                };
                all.push(printed(self.name(stream), "ended", how));
            }
            Input::ProgramStarted { stream, pid } => {
                all.push(printed(self.name(stream), "runs", format!("as process {pid}")));
            }
            Input::ProgramFailed { stream, error } => {
                all.push(printed(self.name(stream), "failed", format!("to start: {error}")));
            }
            Input::ProgramExited { stream, status } => {
                all.push(printed(self.name(stream), "exited", status.to_string()));
            }
            Input::Signal(signal) => all.push(printed("speaker", "signalled", format!("{signal:?}"))),
            Input::Reload(Ok(text)) => all.push(printed("speaker", "read", text.name)),
            Input::Reload(Err((name, error))) => {
                all.push(printed("speaker", "failed", format!("to read {name}: {error}")));
            }
            Input::Listening { local, .. } => all.push(printed("speaker", "listens", format!("on {local}"))),
            Input::ListenFailed { error, .. } => {
                all.push(printed("speaker", "failed", format!("to listen: {error}")));
            }
            Input::AcceptFailed { error, .. } => {
                all.push(printed("speaker", "failed", format!("to take a connection: {error}")));
            }
            Input::Timeout | Input::Writable { .. } => {}
        }
    }

    fn take_action(&mut self, action: &Action, all: &mut Vec<PrintedEvent>) {
        match action {
            Action::Connect { stream, remote, .. } => {
                self.add(*stream, format!("neighbor {}", remote.ip()), true);
                all.push(printed(self.name(*stream), "dialled", remote.to_string()));
            }
            Action::StartProgram { stream, spec } => {
                self.add(*stream, format!("program {}", spec.name), false);
                all.push(printed(self.name(*stream), "started", spec.command.join(" ")));
            }
            Action::OpenPipes { stream, .. } => self.add(*stream, COMMAND_LINE.to_owned(), false),
            Action::StopProgram { stream, signal } => {
                all.push(printed(self.name(*stream), "stopped", format!("{signal:?}")));
            }
            Action::Close { stream, how } => {
                all.push(printed(self.name(*stream), "closed", format!("{how:?}").to_lowercase()));
            }
            Action::LoadConfig { name } => all.push(printed("speaker", "reloads", name.clone())),
            Action::Exit { code } => all.push(printed("speaker", "exits", format!("with status {code}"))),
            Action::Listen { .. }
            | Action::Unlisten { .. }
            | Action::SetTtl { .. }
            | Action::SetKeys { .. }
            | Action::Interest { .. } => {}
        }
    }

    fn add(&mut self, stream: StreamId, name: String, speaks_bgp: bool) {
        self.streams.insert(stream, Party::new(name, speaks_bgp));
    }

    fn name(&self, stream: StreamId) -> &str {
        self.streams.get(&stream).map_or("a stream that is gone", |party| &party.name)
    }
}

impl Party {
    fn new(name: String, speaks_bgp: bool) -> Self {
        Self { name, speaks_bgp, sent: Vec::new(), received: Vec::new() }
    }

    /// Tells of every whole message or line in a buffer, and leaves the rest there.
    fn tell(
        &mut self,
        what: &'static str,
        buffer: fn(&mut Self) -> &mut Vec<u8>,
        all: &mut Vec<PrintedEvent>,
    ) {
        let octets = std::mem::take(buffer(self));
        let mut rest = octets.as_slice();
        if self.speaks_bgp {
            let mut framer = Framer::new(rest, MAX_MESSAGE);
            while let Ok(Some(frame)) = framer.next_frame() {
                let text = format!("{}, {} octets", message_name(frame.kind()), frame.message().len());
                let octets = Some(frame.message().to_vec());
                all.push(PrintedEvent { octets, ..printed(&self.name, what, text) });
            }
            rest = rest.get(framer.consumed()..).unwrap_or_default();
        } else {
            while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
                let (line, more) = rest.split_at(end + 1);
                all.push(printed(&self.name, what, String::from_utf8_lossy(line).trim_end().to_owned()));
                rest = more;
            }
        }
        *buffer(self) = rest.to_vec();
    }
}

fn printed(who: &str, what: &'static str, text: String) -> PrintedEvent {
    PrintedEvent { who: who.to_owned(), what, text, octets: None }
}

/// A message's name in RFC 4271 and its kin.
fn message_name(kind: u8) -> String {
    match kind {
        kind::OPEN => "OPEN".to_owned(),
        kind::UPDATE => "UPDATE".to_owned(),
        kind::NOTIFICATION => "NOTIFICATION".to_owned(),
        kind::KEEPALIVE => "KEEPALIVE".to_owned(),
        kind::ROUTE_REFRESH => "ROUTE-REFRESH".to_owned(),
        kind::OPERATIONAL => "OPERATIONAL".to_owned(),
        other => format!("message of type {other}"),
    }
}
