//! A probe in the lab, against our own speaker: the same scripts, the same sightings and the same judge as against a live daemon. What
//! a live one's verdict is held against.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use holdtime_core::Instant;
use holdtime_core::speaker::{IoError, StreamId};
use holdtime_machine::net::Segment;
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;

use super::judge::{Judgement, ProbeVerdict, judge};
use super::{Probe, ProbeOutcome, SeenScript, Sightings, SocketSeen};
use crate::actor::PeerState;
use crate::certificate::Verdict;
use crate::scenario::Play;
use crate::stage::Run;
use crate::subject::{Defect, SubjectRef};

/// Plays a probe in the lab and judges what its peers see there.
///
/// # Errors
/// A configuration is wrong; the text says where.
pub fn in_the_lab(probe: &Probe, reactor: SubjectRef) -> Result<ProbeOutcome, String> {
    let play = &probe.scenario.play;
    let sight = Rc::new(RefCell::new(LabSight::of(play)));
    let observer: Rc<RefCell<dyn Observer>> = sight.clone();
    let run = Run { play, subject: reactor, defect: Defect::Present, choices: 0.into() };
    let outcome = run.go_watched(&[observer])?;
    let sight = sight.borrow();
    let judged = match &outcome.verdict {
        Verdict::Pass => judge(&probe.requirement, &sight.seen, outcome.at, true),
        other => Some(Judgement::new(ProbeVerdict::Fail, outcome.course.to_string(), other.code())),
    };
    let judged = judged.ok_or("the judge says nothing of a run that is over")?;
    Ok(ProbeOutcome::new(probe, &sight.seen, judged))
}

/// What the peers, and whoever looks at the speaker's sockets, see in the lab.
#[derive(Debug)]
struct LabSight {
    seen: Sightings,
    speaker: (String, Vec<IpAddr>),
    speaker_process: Option<ProcessId>,
    /// The peers' processes, and the place of each among the peers.
    peers: BTreeMap<ProcessId, usize>,
    /// At which address each process listens.
    listens: BTreeMap<ProcessId, SocketAddr>,
    /// Whom each process dials.
    dials: BTreeMap<(ProcessId, StreamId), SocketAddr>,
    /// The speaker's streams, each by the address of the end that dialled.
    near: BTreeMap<StreamId, SocketAddr>,
    /// The speaker's sockets, by the same.
    sockets: BTreeMap<SocketAddr, SpeakerSocket>,
}

/// A socket of the speaker's: positions in its stream.
#[derive(Clone, Copy, Debug, Default)]
struct SpeakerSocket {
    first: u64,
    written: u64,
    acknowledged: u64,
    is_closed: bool,
}

impl LabSight {
    fn of(play: &Play) -> Self {
        let script = |name: &str| SeenScript { peer: name.to_owned(), state: PeerState::Finished };
        let scripts = play.peers.iter().map(|peer| script(&peer.name)).collect();
        let speaker = play.speakers.first();
        Self {
            seen: Sightings { scripts, ..Sightings::default() },
            speaker: speaker.map(|host| (host.name.clone(), host.addresses.clone())).unwrap_or_default(),
            speaker_process: None,
            peers: BTreeMap::new(),
            listens: BTreeMap::new(),
            dials: BTreeMap::new(),
            near: BTreeMap::new(),
            sockets: BTreeMap::new(),
        }
    }

    fn peer_steps(&mut self, at: Instant, process: ProcessId, peer: usize, step: &Step<'_>) {
        match step {
            Step::Accepted(_, stream, remote) => {
                if let Some(local) = self.listens.get(&process) {
                    self.seen.connected(at, peer, *stream, (*local, *remote));
                }
            }
            Step::Connected(_, stream, Ok(local)) => {
                if let Some(remote) = self.dials.get(&(process, *stream)) {
                    self.seen.connected(at, peer, *stream, (*local, *remote));
                }
            }
            Step::Connected(_, _, Err(why)) => self.seen.refused(at, peer, why.to_string()),
            Step::Read(_, stream, Ok([])) => self.seen.ended(at, peer, *stream, false),
            Step::Read(_, stream, Ok(octets)) => self.seen.received(at, peer, *stream, octets),
            Step::Read(_, stream, Err(why)) if *why != IoError::WouldBlock => {
                self.seen.ended(at, peer, *stream, true);
            }
            Step::Wrote(_, stream, Ok(octets)) => self.seen.sent(at, peer, *stream, octets),
            Step::Closed(_, stream) => self.seen.closed(at, peer, *stream),
            _ => {}
        }
    }

    fn speaker_steps(&mut self, at: Instant, step: &Step<'_>) {
        match step {
            Step::Accepted(_, stream, remote) => {
                self.near.insert(*stream, *remote);
            }
            Step::Connected(_, stream, Ok(local)) => {
                self.near.insert(*stream, *local);
            }
            Step::Wrote(_, stream, Ok(octets)) => {
                self.change(*stream, |socket| socket.written += octets.len() as u64);
            }
            Step::Closed(_, stream) => self.change(*stream, |socket| socket.is_closed = true),
            Step::Signalled(_, signal) => self.seen.signalled(at, &signal.to_string()),
            Step::Exited(_, status) => self.seen.exited(at, &status.to_string()),
            _ => return,
        }
        self.look(at);
    }

    fn change(&mut self, stream: StreamId, change: impl FnOnce(&mut SpeakerSocket)) {
        if let Some(socket) = self.near.get(&stream).and_then(|end| self.sockets.get_mut(end)) {
            change(socket);
        }
    }

    /// What the speaker sends has its first position, what it is sent acknowledges.
    fn segment(&mut self, at: Instant, segment: &Segment) {
        let is_from_speaker = self.speaker.1.contains(&segment.src.ip());
        let (own, other) =
            if is_from_speaker { (segment.src, segment.dst) } else { (segment.dst, segment.src) };
        if segment.flags.syn && !segment.flags.ack {
            self.sockets.insert(segment.src, SpeakerSocket::default());
        }
        let end = if self.sockets.contains_key(&own) { own } else { other };
        let Some(socket) = self.sockets.get_mut(&end) else { return };
        if is_from_speaker && segment.flags.syn {
            socket.first = segment.seq + 1;
        }
        if !is_from_speaker && segment.flags.ack {
            socket.acknowledged = socket.acknowledged.max(segment.ack.saturating_sub(socket.first));
        }
        self.look(at);
    }

    /// Looks at the speaker's sockets, as at a live daemon's.
    fn look(&mut self, at: Instant) {
        let sockets: Vec<SocketSeen> = self
            .seen
            .connections
            .iter()
            .map(|one| {
                let dialler = if one.is_dialled_by_daemon { one.remote } else { one.local };
                let socket = self.sockets.get(&dialler).copied().unwrap_or_default();
                let unsent = socket.written.saturating_sub(socket.acknowledged);
                SocketSeen::of((one.remote, one.local), !socket.is_closed, unsent)
            })
            .collect();
        self.seen.look_at(at, &sockets);
    }
}

impl Observer for LabSight {
    fn meet(&mut self, process: ProcessId, name: &str) {
        if name == self.speaker.0 {
            self.speaker_process = Some(process);
        } else if let Some(peer) = self.seen.scripts.iter().position(|script| script.peer == name) {
            self.peers.insert(process, peer);
        }
    }

    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        let process = match step {
            Step::Sent(_, segment, arrival) => {
                if arrival.is_some() {
                    self.segment(at, segment);
                }
                return;
            }
            Step::Listens(process, _, Ok(local)) => {
                self.listens.insert(*process, *local);
                return;
            }
            Step::Connects(process, stream, remote, _) => {
                self.dials.insert((*process, *stream), *remote);
                return;
            }
            Step::Connected(process, ..)
            | Step::Accepted(process, ..)
            | Step::Read(process, ..)
            | Step::Wrote(process, ..)
            | Step::Closed(process, ..)
            | Step::Signalled(process, _)
            | Step::Exited(process, _) => *process,
            _ => return,
        };
        if let Some(peer) = self.peers.get(&process).copied() {
            self.peer_steps(at, process, peer, step);
        } else if self.speaker_process == Some(process) {
            self.speaker_steps(at, step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{find, names};
    use super::*;
    use crate::probe::Must;
    use crate::subject::SHIPPED;

    #[test]
    fn every_probe_passes_in_the_lab_by_the_judge_of_live_daemons() {
        let mut wrong = Vec::new();
        for name in names() {
            let probe = find(name).unwrap();
            for reactor in SHIPPED {
                let outcome = in_the_lab(&probe, reactor).unwrap();
                let is_timed = !matches!(probe.requirement.must, Must::End(_)) || outcome.seconds.is_some();
                if outcome.verdict != ProbeVerdict::Pass || !is_timed {
                    wrong.push(format!("{name} on {reactor}: {}", outcome.line()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_defective_build_fails_where_the_lab_says_so() {
        let probe = find("silent-when-established").unwrap();
        let defective = crate::subject::find("no-hold-timer").unwrap();
        let outcome = in_the_lab(&probe, defective).unwrap();
        assert_eq!(outcome.verdict, ProbeVerdict::Fail, "{}", outcome.line());
    }
}
