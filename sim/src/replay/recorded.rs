//! A flight recording played again. A recording is complete: a twin of the speaker that is fed the same inputs asks for the same
//! actions, has the same octets to send, and owes the same to the same parties at every moment.

use std::iter::Peekable;

use holdtime_core::speaker::record::{self, BadLine, Head, RecordEntry};
use holdtime_core::speaker::{Action, Event, Input};
use holdtime_core::{Instant, Now, Speaker};

use crate::observe::twin::Twin;

/// A recording on its way through a twin.
pub struct Replay<'a> {
    /// What it was recorded of, and a speaker made from that; `None` where the beginning is missing.
    twin: Option<(Head, Twin)>,
    entries: Peekable<Box<dyn Iterator<Item = Result<RecordEntry, BadLine>> + 'a>>,
}

/// One input, and what came of it.
#[derive(Debug)]
pub struct ReplayStep {
    entry: RecordEntry,
    /// The octets that left, where the input says that some did.
    pub sent: Vec<u8>,
    /// What the speaker asked for after it.
    pub actions: Vec<Action>,
    /// What it logged.
    pub events: Vec<Event>,
}

impl ReplayStep {
    /// When it was.
    pub fn now(&self) -> Now {
        self.entry.now
    }

    /// The input.
    pub fn input(&self) -> Input<'_> {
        self.entry.input()
    }
}

impl<'a> Replay<'a> {
    /// A recording, at its beginning.
    ///
    /// # Errors
    /// The text is no recording, or what it begins with is wrong.
    pub fn open(recording: &'a str) -> Result<Self, String> {
        let (head, entries) = record::parse(recording).map_err(|error| error.to_string())?;
        let twin = Twin::new(Now::default(), head.setup()?);
        let entries: Box<dyn Iterator<Item = _>> = Box::new(entries);
        Ok(Self { twin: Some((head, twin)), entries: entries.peekable() })
    }

    /// A recording whose beginning is missing: it tells what came to the speaker, and not what the speaker did about it.
    pub fn open_without_beginning(recording: &'a str) -> Self {
        let entries: Box<dyn Iterator<Item = _>> = Box::new(record::entries(recording));
        Self { twin: None, entries: entries.peekable() }
    }

    /// What it was recorded of; `None` where the beginning is missing.
    pub fn head(&self) -> Option<&Head> {
        self.twin.as_ref().map(|(head, _)| head)
    }

    /// When the next input is; `None`: there is none, or it cannot be read.
    pub fn next_at(&mut self) -> Option<Instant> {
        Some(self.entries.peek()?.as_ref().ok()?.now.monotonic)
    }

    /// The speaker as it was after the last step; `None` where the beginning is missing.
    pub fn speaker(&self) -> Option<&Speaker> {
        self.twin.as_ref().map(|(_, twin)| &twin.speaker)
    }

    /// The same, to be asked what it has to send.
    pub(super) fn speaker_mut(&mut self) -> Option<&mut Speaker> {
        self.twin.as_mut().map(|(_, twin)| &mut twin.speaker)
    }

    fn step(&mut self, entry: RecordEntry) -> Result<ReplayStep, String> {
        let mut sent = Vec::new();
        let next_at = self.next_at();
        let Some((_, twin)) = &mut self.twin else {
            return Ok(ReplayStep { entry, sent, actions: Vec::new(), events: Vec::new() });
        };
        twin.offer_before(entry.now, &entry.input());
        if let Input::Sent { stream, count } = entry.input() {
            let ready = twin.speaker.poll_transmit(stream).and_then(|octets| octets.get(..count));
            sent.extend_from_slice(ready.ok_or_else(|| {
                let at = entry.now.monotonic;
                format!(
                    "at {at} the recorded speaker sent {count} octets on {stream}, and this version has not as many there: \
                     it is a recording of another version"
                )
            })?);
        }
        let actions = twin.handle(entry.now, entry.input());
        if next_at != Some(entry.now.monotonic) {
            twin.offer_all();
        }
        let events = std::iter::from_fn(|| twin.speaker.poll_event()).collect();
        Ok(ReplayStep { entry, sent, actions, events })
    }
}

impl Iterator for Replay<'_> {
    type Item = Result<ReplayStep, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        Some(entry.map_err(|error| error.to_string()).and_then(|entry| self.step(entry)))
    }
}
