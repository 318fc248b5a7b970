//! What became of the sessions of a speaker that was recorded, told as the lab tells it of one that it watched.

use std::collections::BTreeMap;

use holdtime_core::Instant;
use holdtime_core::speaker::{Action, ExitStatus, Input, StreamId};

use crate::observe::course::Course;
use crate::observe::life::{Ending, SessionLife};
use crate::replay::recorded::{Replay, ReplayStep};
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
    life: SessionLife,
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
        for step in Replay::open(recording)? {
            let step = step?;
            let now = step.now().monotonic;
            let at = Instant::ZERO + now.saturating_since(*start.get_or_insert(now));
            if at > until {
                break;
            }
            told.take(at, &step, &mut connections);
        }
        told.course.is_up = connections.values().any(|connection| connection.life.is_up());
        Ok(told)
    }

    fn take(
        &mut self,
        at: Instant,
        step: &ReplayStep,
        connections: &mut BTreeMap<StreamId, RecordedConnection>,
    ) {
        match step.input() {
            Input::Connected { stream, .. } | Input::Accepted { stream, .. } => {
                connections.insert(stream, RecordedConnection::default());
            }
            Input::Sent { stream, .. } => {
                if let Some(connection) = connections.get_mut(&stream) {
                    let end = connection.send(at, &step.sent);
                    self.see(connection.life.up(), end);
                }
            }
            Input::Received { stream, data } => {
                if let Some(connection) = connections.get_mut(&stream) {
                    connection.receive(at, data);
                    self.see(connection.life.up(), None);
                }
            }
            Input::Closed { stream, .. } => self.close(at, connections.remove(&stream)),
            Input::ProgramExited { status, .. } => self.exits.push(status),
            _ => {}
        }
        for action in &step.actions {
            if let Action::Close { stream, .. } = action {
                self.close(at, connections.remove(stream));
            }
        }
    }

    fn close(&mut self, at: Instant, connection: Option<RecordedConnection>) {
        self.see(None, connection.and_then(|connection| connection.life.closed(at)));
    }

    fn see(&mut self, up: Option<Instant>, end: Option<Ending>) {
        let course = &mut self.course;
        course.up = course.up.or(up);
        course.end = course.end.or(end);
        course.lost = course.lost.or(end.filter(|end| !end.is_collision()));
    }
}

impl RecordedConnection {
    fn send(&mut self, at: Instant, octets: &[u8]) -> Option<Ending> {
        let mut end = None;
        self.sent.extend_from_slice(octets);
        take_messages(&mut self.sent, |message| end = end.or(self.life.sent(at, message)));
        end
    }

    fn receive(&mut self, at: Instant, octets: &[u8]) {
        self.received.extend_from_slice(octets);
        take_messages(&mut self.received, |message| self.life.received(at, message));
    }
}
