//! A probe as a timeline: its log, the faults of its scenario, and the verdict with who waits for whom.

use holdtime_core::Instant;

use super::log::DAEMON;
use super::{Probe, ProbeLog, ProbeOutcome, ProbeVerdict};
use crate::scenario::FaultKind;
use crate::timeline::{ChainLink, Happening, Timeline, TimelineEnd, TimelineHead};

impl ProbeOutcome {
    /// All that happened and came of it. The daemon could be dialled at `since`, from when faults count; the verdict was there at `at`.
    pub fn timeline(&self, probe: &Probe, mut log: ProbeLog, since: Instant, at: Instant) -> Timeline {
        let play = &probe.scenario.play;
        for fault in &play.faults {
            let FaultKind::Cut { from, to, .. } = &fault.kind else { continue };
            let peer = if play.peers.iter().any(|peer| peer.name == *to) { to } else { from };
            let until = fault.heals().map(|heals| since + heals);
            log.fault(since + fault.at, peer, fault.kind.to_string(), until);
        }
        if self.verdict == ProbeVerdict::Fail {
            let what = Happening::Alarm {
                oracle: self.verdict.to_string(),
                text: self.seen.clone(),
                clause: format!("{} requires: {}", self.clause, self.requires),
                since: self.waits.iter().map(|wait| wait.since).min().unwrap_or(at.as_nanos()),
            };
            log.alarm(at, what);
        }
        let head = TimelineHead {
            name: probe.name.clone(),
            title: self.title.clone(),
            reactor: DAEMON.to_owned(),
            ..TimelineHead::default()
        };
        log.conclude(head, self.end(at))
    }

    fn end(&self, at: Instant) -> TimelineEnd {
        let chain = self.waits.iter().map(|wait| ChainLink {
            who: wait.who.clone(),
            what: wait.what.clone(),
            since: Some(wait.since),
            lane: None,
        });
        let late = match self.late {
            0.0 => String::new(),
            late => format!("\nwhoever looked on was late by at most {late:.3} s"),
        };
        let (clause, requires, seen) = (&self.clause, &self.requires, &self.seen);
        TimelineEnd {
            at: at.as_nanos(),
            verdict: self.verdict.to_string(),
            summary: format!("{}: {seen}", self.verdict),
            why: format!("clause    {clause}\nexpected  {requires}\nseen      {seen}{late}"),
            chain: chain.collect(),
            ..TimelineEnd::default()
        }
    }
}
