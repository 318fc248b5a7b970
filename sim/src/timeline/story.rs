//! The end of a log: what the scenario did to everybody, the sessions of every speaker, and what came of the run.

use holdtime_core::Instant;
use holdtime_core::speaker::Setup;
use holdtime_machine::world::ProcessId;

use crate::certificate::{Certificate, CertificateEnd, Verdict};
use crate::observe::recording::Recording;
use crate::scenario::{Fault, FaultKind};
use crate::timeline::{
    ChainLink, Collector, Happening, Lane, LaneKind, SessionTrack, Timeline, TimelineEnd, TimelineEvent,
    TimelineHead,
};

/// The inputs of a speaker, and what it was made from.
pub(crate) struct RecordedSpeaker<'r> {
    pub(crate) process: ProcessId,
    pub(crate) recording: &'r Recording,
    pub(crate) setup: Setup,
}

impl Collector {
    /// A fault of the scenario; `process` knows everybody by their names there.
    pub(crate) fn fault(&mut self, fault: &Fault, process: impl Fn(&str) -> Option<ProcessId>) {
        let machine = |host: &str| process(host).map(|process| self.people.machine(process));
        let (host, other) = fault.kind.hosts();
        let lane = match &fault.kind {
            FaultKind::Suspend { .. }
            | FaultKind::Signal { .. }
            | FaultKind::Restart { machine: false, .. } => {
                process(host).map(|process| self.people.lane(process))
            }
            _ => machine(host),
        };
        let with = other.and_then(machine);
        let Some(lane) = lane else { return };
        let at = Instant::ZERO + fault.at;
        let until = fault.kind.lasts().map(|lasts| (at + lasts).as_nanos());
        let what = Happening::Fault { text: fault.kind.to_string(), until };
        self.events.push(TimelineEvent { at, lane, with, what });
    }

    /// The states and the timers of a speaker's sessions, from its inputs. What a speaker whose clock is wrong does is told at the times of
    /// that clock, but neither after the last thing that happened nor back in time.
    pub(crate) fn sessions(&mut self, speaker: &RecordedSpeaker<'_>) {
        let last = self.events.iter().map(|event| event.at).max().unwrap_or_default();
        let mut latest = Instant::ZERO;
        let mut track = SessionTrack::default();
        let mut told = Vec::new();
        speaker.recording.play(speaker.setup.clone(), |at, twin| {
            latest = latest.max(at.min(last));
            track.look(twin, |peer, what| told.push((latest, peer, what)));
        });
        for (at, peer, what) in told {
            let lane = self.people.session(speaker.process, peer, &mut self.lanes);
            self.tell(at, lane, what);
        }
    }

    /// Ends the log with what came of the run.
    pub(crate) fn finish(mut self, verdict: &Verdict, at: Instant, speaker: Option<ProcessId>) -> Timeline {
        self.name_tasks();
        let lane = speaker.map_or(0, |speaker| self.people.lane(speaker));
        if let Verdict::Hang { alarm, .. } = verdict {
            let what = Happening::Alarm {
                oracle: alarm.oracle.code().to_owned(),
                text: alarm.what.clone(),
                clause: alarm.clause.to_owned(),
                since: alarm.since.as_nanos(),
            };
            self.tell(at, lane, what);
        }
        let speaker = self.lanes.name(lane).to_owned();
        // What the scenario would have done later has not happened.
        let last = self.events.iter().filter(|event| !matches!(event.what, Happening::Fault { .. }));
        let last = last.map(|event| event.at).max().unwrap_or(at).max(at);
        self.events.retain(|event| event.at <= last);
        self.events.sort_by_key(|event| event.at);
        let lanes = self.lanes.settle(&mut self.events);
        let end = end_of(verdict, at, &lanes, &speaker);
        Timeline { head: TimelineHead::default(), lanes, events: self.events, end: Some(end) }
    }
}

/// What came of a run; `speaker` is the name of the lane of the speaker that an alarm is about.
fn end_of(verdict: &Verdict, at: Instant, lanes: &[Lane], speaker: &str) -> TimelineEnd {
    let end = TimelineEnd {
        at: at.as_nanos(),
        verdict: verdict.code().to_owned(),
        summary: verdict.summary(),
        ..TimelineEnd::default()
    };
    let Verdict::Hang { certificate, .. } = verdict else { return end };
    let circle = match certificate.end {
        CertificateEnd::Circle(start) => Some(start),
        _ => None,
    };
    TimelineEnd { chain: chain(certificate, lanes, speaker), ending: certificate.ending(), circle, ..end }
}

/// The links, each with its lane. What is said to be somebody's is of who was named last.
fn chain(certificate: &Certificate, lanes: &[Lane], speaker: &str) -> Vec<ChainLink> {
    let mut whose = speaker.to_owned();
    let mut links = Vec::new();
    for link in &certificate.links {
        if lanes.iter().any(|lane| lane.is == LaneKind::Speaker && lane.name == link.who) {
            whose.clone_from(&link.who);
        }
        links.push(ChainLink {
            who: link.who.clone(),
            what: link.what.clone(),
            since: link.since.map(Instant::as_nanos),
            lane: lane_of(&link.who, lanes, &whose),
        });
    }
    links
}

/// The lane of somebody who is named in a certificate: their own, or that of the speaker whose they are.
fn lane_of(who: &str, lanes: &[Lane], speaker: &str) -> Option<usize> {
    let named = |name: &str| lanes.iter().position(|lane| lane.name == name);
    let part = |name: &str| named(&format!("{speaker}: {name}"));
    let far = |prefixes: [&str; 2]| prefixes.into_iter().find_map(|prefix| who.strip_prefix(prefix));
    let own = || part(who.strip_prefix("its ")?);
    let buffer =
        || part(&format!("session with {}", far(["the send buffer towards ", "the receive window of "])?));
    let pipe = || part(who.strip_prefix("the ")?);
    // A timer is one of the only session's, where there is one.
    let session = || {
        let timer = who.contains("timer") || who.contains("deadline");
        let mut sessions = (0..lanes.len()).filter(|at| {
            lanes[*at].is == LaneKind::Session && lanes[*at].name.starts_with(&format!("{speaker}: "))
        });
        sessions.next().filter(|_| timer && sessions.next().is_none())
    };
    let machine = || named(speaker).and_then(|speaker| lanes[speaker].of).filter(|_| who == "the machine");
    named(who)
        .or_else(machine)
        .or_else(own)
        .or_else(buffer)
        .or_else(pipe)
        .or_else(session)
        .or_else(|| named(speaker))
}
