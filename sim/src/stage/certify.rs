//! From an alarm to its certificate: the shortest chain of who waits for whom.
//!
//! The chain starts with whoever waits in vain. What the speaker owes them comes from the pipes, or from the speaker's own
//! obligations; what its tasks wait for, from the witness; what the others wait for, from their scripts.

use holdtime_core::Duration;
use holdtime_core::speaker::{Obligation, ObligationKind, Party, StreamId};

use crate::actor::PeerState;
use crate::certificate::{Certificate, Link};
use crate::observe::witness::{Wait, WaitFor};
use crate::observe::{ProgramKey, SessionKey};
use crate::oracle::{Alarm, Creditor, Oracle};
use crate::stage::cast::{Cast, SpeakerSeat};
use holdtime_machine::world::ProcessId;

/// Waits that one task began together are no further apart.
const SAME_TURN: Duration = Duration::from_micros(100);

impl Cast<'_> {
    pub(super) fn certify(&self, speaker: usize, alarm: &Alarm) -> Certificate {
        let Some(seat) = self.speakers.get(speaker) else { return Certificate::default() };
        let mut links = vec![self.creditor(seat, alarm)];
        links.extend(self.debt(seat, alarm));
        let (task, stream) = self.task_in_the_way(seat, alarm);
        links.extend(task);
        let last = stream.and_then(|stream| self.far_end(seat, stream));
        let cycle = last.as_ref().is_some_and(|(_, waits)| *waits);
        links.extend(last.map(|(link, _)| link));
        Certificate { links, cycle }
    }

    fn creditor(&self, seat: &SpeakerSeat, alarm: &Alarm) -> Link {
        let who = match alarm.creditor {
            Creditor::Program(key) => self.program_name(seat, key),
            Creditor::Session(key) => self.peer_name(seat, key),
            Creditor::Machine => "the machine".to_owned(),
        };
        Link { who, what: alarm.what.clone(), since: Some(alarm.since) }
    }

    /// What the speaker has done about it so far.
    fn debt(&self, seat: &SpeakerSeat, alarm: &Alarm) -> Option<Link> {
        let who = seat.name.clone();
        if let Creditor::Program(key) = alarm.creditor {
            let watch = seat.watch.borrow();
            let program = watch.programs().iter().find(|program| program.key == key)?;
            if program.unread > 0 {
                let what = format!("a turn to read the {} octets in that program's pipe", program.unread);
                return Some(Link { who, what, since: Some(program.unread_since) });
            }
        }
        if alarm.oracle == Oracle::Spin {
            return None;
        }
        let party = self.party(seat, alarm);
        let obligations = seat.recording.borrow().obligations(seat.setup.clone());
        let to_them = |owed: &Obligation| {
            owed.debtor == Party::Speaker && party.as_ref().is_none_or(|party| owed.creditor == *party)
        };
        // Of all that is owed to them, what the alarm is about.
        let is_routes =
            |owed: &Obligation| matches!(owed.kind, ObligationKind::Routes | ObligationKind::Octets);
        let about = |owed: &Obligation| is_routes(owed) == (alarm.oracle == Oracle::Unsent);
        let owed = obligations.into_iter().filter(to_them).filter(about).min_by_key(|owed| owed.since)?;
        let waits_for = owed.waits_for.unwrap_or_else(|| "its reactor's next turn".to_owned());
        Some(Link { who, what: format!("{waits_for}, to deliver {}", owed.what), since: Some(owed.since) })
    }

    /// Whom the core knows the creditor as.
    fn party(&self, seat: &SpeakerSeat, alarm: &Alarm) -> Option<Party> {
        match alarm.creditor {
            Creditor::Machine => None,
            Creditor::Program(key) => {
                let watch = seat.watch.borrow();
                let process = watch.programs().iter().find(|program| program.key == key)?.process;
                self.programs.name_of(process).map(Party::Program)
            }
            Creditor::Session(key) => {
                let watch = seat.watch.borrow();
                let remote = watch.sessions().iter().find(|session| session.key == key)?.remote?;
                Some(Party::Neighbor(remote.ip().to_string()))
            }
        }
    }

    /// The task that should act and waits for something else, and the stream that it waits for.
    fn task_in_the_way(&self, seat: &SpeakerSeat, alarm: &Alarm) -> (Option<Link>, Option<StreamId>) {
        let waits = seat.waits.open();
        let wanted = self.stream_of(seat, alarm);
        let is_served = |wait: &&Wait| match (wait.what, alarm.creditor) {
            (WaitFor::Anything(_), _) => true,
            (WaitFor::Readable(stream), Creditor::Program(_))
            | (WaitFor::Writable(stream), Creditor::Session(_)) => Some(stream) == wanted,
            _ => false,
        };
        let is_connection = |stream: StreamId| {
            seat.watch.borrow().sessions().iter().any(|session| session.stream == Some(stream))
        };
        let served = waits.iter().find(is_served).filter(|_| alarm.oracle != Oracle::Spin);
        let in_the_way = || {
            let reading =
                |wait: &&Wait| matches!(wait.what, WaitFor::Readable(stream) if is_connection(stream));
            let own = waits.iter().find(|wait| {
                reading(wait) && matches!(wait.what, WaitFor::Readable(stream) if Some(stream) == wanted)
            });
            own.or_else(|| waits.iter().find(reading))
                .or_else(|| waits.iter().find(|wait| matches!(wait.what, WaitFor::Connected(_))))
        };
        let Some(wait) = served.or_else(in_the_way) else { return (None, None) };
        let timeout = waits.iter().find_map(|other| match other.what {
            // The two were begun in one turn.
            WaitFor::Sleep(until) if other.since >= wait.since && other.since - wait.since < SAME_TURN => {
                Some(until - other.since)
            }
            _ => None,
        });
        let (what, stream) = match wait.what {
            WaitFor::Anything(_) => ("whatever comes first, this included".to_owned(), None),
            WaitFor::Readable(stream) => {
                let from = self.name_of_stream(seat, stream);
                let how = match timeout {
                    Some(timeout) => format!("for {} ms at a time, over and over", timeout.as_millis()),
                    None if served.is_some() => "as it should".to_owned(),
                    None => "before anything else".to_owned(),
                };
                (format!("bytes from {from}, {how}"), Some(stream))
            }
            WaitFor::Writable(stream) => (
                format!("room in the send buffer towards {}", self.name_of_stream(seat, stream)),
                Some(stream),
            ),
            WaitFor::Connected(stream) => {
                (format!("{} to take the connection", self.name_of_stream(seat, stream)), Some(stream))
            }
            other => (format!("{other:?}"), None),
        };
        (Some(Link { who: "its task".to_owned(), what, since: Some(wait.since) }), stream)
    }

    fn stream_of(&self, seat: &SpeakerSeat, alarm: &Alarm) -> Option<StreamId> {
        let watch = seat.watch.borrow();
        match alarm.creditor {
            Creditor::Machine => None,
            Creditor::Program(key) => {
                watch.programs().iter().find(|program| program.key == key).map(|program| program.stream)
            }
            Creditor::Session(key) => {
                watch.sessions().iter().find(|session| session.key == key).and_then(|session| session.stream)
            }
        }
    }

    /// What the other end of a stream waits for, and whether that is the speaker.
    fn far_end(&self, seat: &SpeakerSeat, stream: StreamId) -> Option<(Link, bool)> {
        let process =
            seat.watch.borrow().sessions().iter().find(|session| session.stream == Some(stream))?.peer?;
        let peer = self.peers.iter().find(|peer| peer.process == process)?;
        let who = format!("peer {}", peer.name);
        Some(match peer.run.borrow().state() {
            PeerState::Waiting { step, since, .. } => {
                (Link { who, what: format!("the speaker: `{step}`"), since: Some(since) }, true)
            }
            PeerState::Finished => (
                Link { who, what: "nothing: its script has ended, it only listens".to_owned(), since: None },
                false,
            ),
            PeerState::Failed(why) => (Link { who, what: why, since: None }, false),
        })
    }

    fn name_of_stream(&self, seat: &SpeakerSeat, stream: StreamId) -> String {
        let watch = seat.watch.borrow();
        let session =
            watch.sessions().iter().find(|session| session.stream == Some(stream)).map(|session| session.key);
        let program =
            watch.programs().iter().find(|program| program.stream == stream).map(|program| program.key);
        drop(watch);
        match (session, program) {
            (Some(key), _) => self.peer_name(seat, key),
            (_, Some(key)) => self.program_name(seat, key),
            _ => stream.to_string(),
        }
    }

    fn peer_name(&self, seat: &SpeakerSeat, key: SessionKey) -> String {
        let watch = seat.watch.borrow();
        let session = watch.sessions().iter().find(|session| session.key == key);
        let process: Option<ProcessId> = session.and_then(|session| session.peer);
        let peer = process.and_then(|process| self.peers.iter().find(|peer| peer.process == process));
        match (peer, session.and_then(|session| session.remote)) {
            (Some(peer), _) => format!("peer {}", peer.name),
            (None, Some(remote)) => format!("peer {}", remote.ip()),
            (None, None) => "a peer".to_owned(),
        }
    }

    fn program_name(&self, seat: &SpeakerSeat, key: ProgramKey) -> String {
        let process = seat
            .watch
            .borrow()
            .programs()
            .iter()
            .find(|program| program.key == key)
            .map(|program| program.process);
        let name = process.and_then(|process| self.programs.name_of(process));
        name.map_or_else(|| "a program".to_owned(), |name| format!("program {name}"))
    }
}
