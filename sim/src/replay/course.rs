//! What became of the sessions of a speaker that was recorded, told as the lab tells it of one that it watched.

use std::collections::BTreeMap;

use holdtime_core::Instant;
use holdtime_core::speaker::{Action, ExitStatus, Input, StreamId};

use crate::observe::course::Course;
use crate::observe::watch::{COLLISION, Ending, is_keepalive, notification};
use crate::replay::flight::{Flight, Leg};
use crate::scenario::codec::take_messages;

/// What a recording tells of its speaker, times being counted from the first input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedCourse {
    /// What became of its sessions.
    pub course: Course,
    /// How each of its programs ended that did.
    pub exits: Vec<ExitStatus>,
}

/// One connection.
#[derive(Debug, Default)]
struct RecordedConnection {
    sent: Vec<u8>,
    received: Vec<u8>,
    /// When the speaker's first KEEPALIVE left, and when the peer's came.
    kept: (Option<Instant>, Option<Instant>),
    /// The speaker has sent a NOTIFICATION.
    noted: bool,
    /// The peer has sent one that ends it for another connection's sake.
    superseded: bool,
}

impl RecordedCourse {
    /// Plays a recording again, up to the moment `until`.
    ///
    /// # Errors
    /// The text is no recording, or one of another version.
    pub fn read(recording: &str, until: Instant) -> Result<Self, String> {
        let mut told = Self::default();
        let mut connections = BTreeMap::new();
        let mut start = None;
        for leg in Flight::open(recording)? {
            let leg = leg?;
            let now = leg.now().monotonic;
            let at = Instant::ZERO + now.saturating_since(*start.get_or_insert(now));
            if at > until {
                break;
            }
            told.take(at, &leg, &mut connections);
        }
        told.course.is_up =
            connections.values().any(|connection| connection.up().is_some() && !connection.noted);
        Ok(told)
    }

    fn take(&mut self, at: Instant, leg: &Leg, connections: &mut BTreeMap<StreamId, RecordedConnection>) {
        match leg.input() {
            Input::Connected { stream, .. } | Input::Accepted { stream, .. } => {
                connections.insert(stream, RecordedConnection::default());
            }
            Input::Sent { stream, .. } => {
                if let Some(connection) = connections.get_mut(&stream) {
                    let end = connection.send(at, &leg.sent);
                    self.see(connection.up(), end);
                }
            }
            Input::Received { stream, data } => {
                if let Some(connection) = connections.get_mut(&stream) {
                    connection.receive(at, data);
                    self.see(connection.up(), None);
                }
            }
            Input::Closed { stream, .. } => self.close(at, connections.remove(&stream)),
            Input::ProgramExited { status, .. } => self.exits.push(status),
            _ => {}
        }
        for action in &leg.actions {
            if let Action::Close { stream, .. } = action {
                self.close(at, connections.remove(stream));
            }
        }
    }

    fn close(&mut self, at: Instant, connection: Option<RecordedConnection>) {
        let end = connection
            .filter(|connection| !connection.noted)
            .map(|connection| if connection.superseded { Ending::Superseded(at) } else { Ending::Close(at) });
        self.see(None, end);
    }

    fn see(&mut self, up: Option<Instant>, end: Option<Ending>) {
        let course = &mut self.course;
        course.up = course.up.or(up);
        course.end = course.end.or(end);
        course.lost = course.lost.or(end.filter(|end| !end.is_collision()));
    }
}

impl RecordedConnection {
    fn up(&self) -> Option<Instant> {
        Some(self.kept.0?.max(self.kept.1?))
    }

    fn send(&mut self, at: Instant, octets: &[u8]) -> Option<Ending> {
        let mut end = None;
        self.sent.extend_from_slice(octets);
        take_messages(&mut self.sent, |message| {
            if is_keepalive(message) {
                self.kept.0.get_or_insert(at);
            }
            if let Some((code, subcode)) = notification(message) {
                self.noted = true;
                end = end.or(Some(Ending::Notification(at, code, subcode)));
            }
        });
        end
    }

    fn receive(&mut self, at: Instant, octets: &[u8]) {
        self.received.extend_from_slice(octets);
        take_messages(&mut self.received, |message| {
            if is_keepalive(message) {
                self.kept.1.get_or_insert(at);
            }
            self.superseded |= notification(message) == Some(COLLISION);
        });
    }
}
