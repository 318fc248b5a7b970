//! What became of the sessions of a speaker that was recorded, told as the lab tells it of one that it watched.

use std::collections::BTreeMap;

use holdtime_core::Instant;
use holdtime_core::speaker::{Action, ExitStatus, Input, StreamId};

use crate::observe::SessionEnd;
use crate::observe::course::Course;
use crate::observe::life::{CEASE, Ending, SessionLife};
use crate::replay::recorded::{Replay, ReplayStep};
use crate::scenario::codec::take_messages;

/// What a recording tells of its speaker, times being counted from the first input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedCourse {
    /// What became of its sessions.
    pub course: Course,
    /// How each of its programs ended that did.
    pub exits: Vec<ExitStatus>,
    /// Whether the first session that was lost was ended on purpose: one side said Cease (RFC 4486), as at a shutdown.
    is_wished: bool,
}

/// One connection.
#[derive(Debug, Default)]
struct RecordedConnection {
    sent: Vec<u8>,
    received: Vec<u8>,
    life: SessionLife,
}

impl RecordedCourse {
    /// How a session ended that nobody wanted to end, if the first that did is one.
    pub fn failure(&self) -> Option<String> {
        if self.is_wished { None } else { self.course.lost() }
    }

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
                    self.see(&connection.life, end);
                }
            }
            Input::Received { stream, data } => {
                if let Some(connection) = connections.get_mut(&stream) {
                    connection.receive(at, data);
                    self.see(&connection.life, None);
                }
            }
            Input::Closed { stream, .. } => {
                self.close(at, SessionEnd::Peer, connections.remove(&stream).as_ref());
            }
            Input::ProgramExited { status, .. } => self.exits.push(status),
            _ => {}
        }
        for action in &step.actions {
            if let Action::Close { stream, .. } = action {
                self.close(at, SessionEnd::Speaker, connections.remove(stream).as_ref());
            }
        }
    }

    fn close(&mut self, at: Instant, by: SessionEnd, connection: Option<&RecordedConnection>) {
        let Some(RecordedConnection { life, .. }) = connection else { return };
        self.see(life, life.closed(at, by));
    }

    fn see(&mut self, life: &SessionLife, end: Option<Ending>) {
        let course = &mut self.course;
        course.up = course.up.or(life.up());
        course.end = course.end.or(end);
        let lost = end.filter(|end| !end.is_collision());
        if course.lost.is_none() && lost.is_some() {
            self.is_wished = life.complaint().is_some_and(|(_, code, _)| code == CEASE);
        }
        course.lost = course.lost.or(lost);
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
