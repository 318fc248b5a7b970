//! What a cast tells the log of a run: who everybody is, how far each is, and what came of it.

use std::collections::BTreeMap;
use std::rc::Rc;

use holdtime_core::Instant;
use holdtime_machine::world::ProcessId;

use crate::actor::PeerState;
use crate::certificate::Verdict;
use crate::stage::cast::Cast;
use crate::timeline::{Backstage, Collector, LaneKind, Person, RecordedSpeaker, Timeline};

impl Cast<'_> {
    /// What can be asked while it plays.
    pub(super) fn backstage(&self) -> Backstage {
        let addresses = |name: &str| {
            let speaker = self.play.speakers.iter().find(|speaker| speaker.name == name);
            speaker.map(|speaker| speaker.addresses.clone()).unwrap_or_default()
        };
        let speakers = self.speakers.iter().map(|seat| Person {
            process: seat.process,
            name: seat.name.clone(),
            is: LaneKind::Speaker,
            addresses: addresses(&seat.name),
        });
        let peers = self.peers.iter().zip(&self.play.peers).map(|(seat, peer)| Person {
            process: seat.process,
            name: format!("peer {}", seat.name),
            is: LaneKind::Peer,
            addresses: peer.addresses.clone(),
        });
        let waits = self.speakers.iter().map(|seat| (seat.process, seat.waits.clone())).collect();
        let runs: BTreeMap<ProcessId, _> =
            self.peers.iter().map(|seat| (seat.process, Rc::clone(&seat.run))).collect();
        let programs = self.programs.clone();
        let scripts = move |process| -> Option<PeerState> {
            match runs.get(&process) {
                Some(run) => Some(run.borrow().state()),
                None => programs.state_of(process),
            }
        };
        Backstage { people: speakers.chain(peers).collect(), waits, scripts: Box::new(scripts) }
    }

    /// The whole log, once the run is over.
    pub(super) fn conclude(&self, mut collector: Collector, verdict: &Verdict, at: Instant) -> Timeline {
        // Of a speaker that was started again the first process is the one that a fault ends.
        let speakers = self.speakers.iter().rev().map(|seat| (seat.name.as_str(), seat.process));
        let everybody: BTreeMap<&str, ProcessId> =
            speakers.chain(self.peers.iter().map(|seat| (seat.name.as_str(), seat.process))).collect();
        for seat in &self.speakers {
            let recording = seat.recording.borrow();
            let setup = seat.setup.clone();
            collector.sessions(&RecordedSpeaker { process: seat.process, recording: &recording, setup });
        }
        for fault in &self.play.faults {
            collector.fault(fault, |host| everybody.get(host).copied());
        }
        collector.finish(verdict, at, self.speakers.first().map(|seat| seat.process))
    }
}
