//! What took effect in a sweep: a fault that nothing noticed, a verb that nobody said and a behaviour that nobody showed find nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use holdtime_core::speaker::{ExitStatus, Signal};
use holdtime_core::{Duration, Instant};
use holdtime_machine::trace::{Observer, Step};
use holdtime_machine::world::ProcessId;

use crate::explore::ExploredWorld;
use crate::explore::kinds::{Behaviour, Trouble, Verb};
use crate::explore::said::Spoken;
use crate::explore::timers::{FiredTimer, TimerWatch};
use crate::oracle::{Oracle, Questions};
use crate::scenario::{Fault, FaultKind, PathChange, Play};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// A fault that something noticed: a segment was lost to it, met a process that stood still, or found nobody.
    Fault(Trouble),
    /// A command of a program, or a way of saying commands.
    Verb(Verb),
    /// A peer that was like this, in a run in which it spoke.
    Behaviour(Behaviour),
    /// A timer of a speaker's that fired.
    Timer(FiredTimer),
    /// Something that this oracle could have sounded for.
    Question(Oracle),
}

impl Counted {
    /// Everything that a sweep over generated worlds can show.
    pub fn all() -> impl Iterator<Item = Self> {
        let verbs = [Verb::Announce].into_iter().chain(Verb::ALL);
        let behaviours = [Behaviour::Plain].into_iter().chain(Behaviour::ALL);
        let faults = Trouble::ALL.into_iter().map(Self::Fault);
        let told = faults.chain(verbs.map(Self::Verb)).chain(behaviours.map(Self::Behaviour));
        told.chain(FiredTimer::ALL.into_iter().map(Self::Timer))
            .chain(Oracle::ALL.into_iter().map(Self::Question))
    }

    /// What kind of thing it is.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Fault(_) => "fault",
            Self::Verb(_) => "verb",
            Self::Behaviour(_) => "behaviour",
            Self::Timer(_) => "timer",
            Self::Question(_) => "question",
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault(trouble) => trouble.name(),
            Self::Verb(verb) => verb.name(),
            Self::Behaviour(behaviour) => behaviour.name(),
            Self::Timer(timer) => timer.name(),
            Self::Question(oracle) => oracle.code(),
        }
    }
}

/// How often each of them was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    counts: BTreeMap<Counted, u64>,
}

impl Census {
    /// How often this was seen.
    pub fn of(&self, counted: Counted) -> u64 {
        self.counts.get(&counted).copied().unwrap_or_default()
    }

    /// What was never seen.
    pub fn missing(&self) -> impl Iterator<Item = Counted> {
        Counted::all().filter(|counted| self.of(*counted) == 0)
    }

    /// Takes in what another run showed.
    pub fn add(&mut self, other: &Self) {
        for (counted, count) in &other.counts {
            *self.counts.entry(*counted).or_default() += count;
        }
    }

    /// Takes in what the oracles of a run were asked.
    pub(super) fn ask(&mut self, questions: &Questions) {
        for oracle in Oracle::ALL {
            *self.counts.entry(Counted::Question(oracle)).or_default() += questions.of(oracle);
        }
    }

    pub(super) fn count(&mut self, counted: Counted) {
        *self.counts.entry(counted).or_default() += 1;
    }
}

/// Takes the census of one run.
#[derive(Debug)]
pub(super) struct Taker {
    census: Census,
    faults: Vec<Pending>,
    /// The peers that have not spoken yet: their names and behaviours, and their processes once they are known.
    peers: Vec<(String, Behaviour, Option<ProcessId>)>,
    timers: TimerWatch,
    speakers: Vec<String>,
    said: Spoken,
}

/// How long after a signal a speaker may read another file.
const READS: Duration = Duration::from_secs(1);

/// A fault that nothing has noticed yet.
#[derive(Debug)]
struct Pending {
    trouble: Trouble,
    begins: Instant,
    ends: Instant,
    /// The addresses of the hosts that it is about.
    hosts: Vec<IpAddr>,
}

impl Taker {
    pub(super) fn of(world: &ExploredWorld) -> Self {
        let play = &world.scenario.play;
        let peers = play.peers.iter().map(|peer| peer.name.clone()).zip(world.behaviours.iter().copied());
        let clients =
            play.clients.iter().map(|client| (format!("client {}", client.name), Behaviour::Client));
        Self {
            census: Census::default(),
            faults: play.faults.iter().map(|fault| Pending::of(play, fault)).collect(),
            peers: peers.chain(clients).map(|(name, behaviour)| (name, behaviour, None)).collect(),
            timers: TimerWatch::default(),
            speakers: play.speakers.iter().map(|speaker| speaker.name.clone()).collect(),
            said: Spoken::default(),
        }
    }

    pub(super) fn census(&self) -> &Census {
        &self.census
    }

    /// Counts the faults to which this happens, each once.
    fn notice(&mut self, at: Instant, is_noticed: impl Fn(&Pending) -> bool) {
        let Self { census, faults, .. } = self;
        faults.retain(|fault| {
            let noticed = (fault.begins..=fault.ends).contains(&at) && is_noticed(fault);
            if noticed {
                census.count(Counted::Fault(fault.trouble));
            }
            !noticed
        });
    }
}

impl Pending {
    fn is_between(&self, from: IpAddr, to: IpAddr) -> bool {
        self.hosts.contains(&from) && self.hosts.contains(&to)
    }

    fn of(play: &Play, fault: &Fault) -> Self {
        let trouble = match &fault.kind {
            FaultKind::Cut { both: true, .. } => Trouble::Cut,
            FaultKind::Cut { .. } => Trouble::CutOneWay,
            FaultKind::Suspend { .. } => Trouble::Suspend,
            FaultKind::Clock { .. } => Trouble::Clock,
            FaultKind::Power { .. } => Trouble::Power,
            FaultKind::Signal { host, signal } => signalled(play, host, *signal),
            FaultKind::Path { change, .. } => worsened(*change),
            FaultKind::Restart { machine: false, .. } => Trouble::Kill,
            FaultKind::Restart { .. } => Trouble::Reboot,
        };
        let lasts = match trouble {
            // What is told to read another file does so in its next turn, which waits for one that it is in.
            Trouble::OtherFile => Some(READS),
            Trouble::Kill => Some(Duration::ZERO),
            _ => fault.kind.lasts(),
        };
        let (host, other) = fault.kind.hosts();
        let begins = Instant::ZERO + fault.at;
        let speakers = play.speakers.iter().map(|host| (&host.name, &host.addresses));
        let all = speakers.chain(play.peers.iter().map(|host| (&host.name, &host.addresses)));
        let hosts = all
            .filter(|(name, _)| *name == host || other == Some(name.as_str()))
            .flat_map(|(_, addresses)| addresses.clone());
        let ends = lasts.map_or(Instant::MAX, |lasts| begins + lasts);
        Self { trouble, begins, ends, hosts: hosts.collect() }
    }
}

/// What a signal is to who gets it.
fn signalled(play: &Play, host: &str, signal: Signal) -> Trouble {
    let speaker = play.speakers.iter().find(|speaker| speaker.name == host);
    match (speaker, signal) {
        (None, _) => Trouble::PeerSignal,
        (Some(_), Signal::Alarm) => Trouble::Restart,
        (Some(speaker), Signal::User1) if speaker.files.len() > 1 => Trouble::OtherFile,
        (Some(_), _) => Trouble::Reload,
    }
}

const fn worsened(change: PathChange) -> Trouble {
    match change {
        PathChange::Mtu(_) => Trouble::BlackHole,
        PathChange::Loss(_) => Trouble::Loss,
        PathChange::Latency(_) => Trouble::Latency,
        PathChange::Jitter(_) => Trouble::Jitter,
        PathChange::Bandwidth(_) => Trouble::Bandwidth,
    }
}

impl Observer for Taker {
    fn meet(&mut self, process: ProcessId, name: &str) {
        if let Some((.., known)) = self.peers.iter_mut().find(|(peer, ..)| peer == name) {
            *known = Some(process);
        }
        if self.speakers.iter().any(|speaker| speaker == name) {
            self.timers.meet(process);
        }
    }

    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        if let Some(timer) = self.timers.see(at, step) {
            self.census.count(Counted::Timer(timer));
        }
        self.said.see(at, step, &mut |verb| self.census.count(Counted::Verb(verb)));
        match step {
            Step::Sent(_, segment, arrival) if !self.faults.is_empty() => {
                let (from, to) = (segment.src.ip(), segment.dst.ip());
                self.notice(at, |fault| match fault.trouble {
                    Trouble::Cut | Trouble::CutOneWay | Trouble::Loss | Trouble::BlackHole => {
                        arrival.is_none() && fault.is_between(from, to)
                    }
                    Trouble::Latency | Trouble::Jitter | Trouble::Bandwidth => {
                        arrival.is_some() && fault.is_between(from, to)
                    }
                    Trouble::Suspend | Trouble::Power | Trouble::Reboot => fault.hosts.contains(&to),
                    _ => false,
                });
            }
            Step::Fault("clock jumps") => self.notice(at, |fault| fault.trouble == Trouble::Clock),
            Step::Fault("kill") => self.notice(at, |fault| fault.trouble == Trouble::Kill),
            Step::Exited(_, ExitStatus::Signal(_)) => {
                self.notice(at, |fault| fault.trouble == Trouble::PeerSignal);
            }
            Step::Loaded(_, name, _) if !self.speakers.iter().any(|speaker| speaker == name) => {
                self.notice(at, |fault| fault.trouble == Trouble::OtherFile);
            }
            Step::Signalled(..) => {
                self.notice(at, |fault| matches!(fault.trouble, Trouble::Reload | Trouble::Restart));
            }
            Step::Wrote(process, _, Ok(_)) => self.spoke(*process),
            _ => {}
        }
    }
}

impl Taker {
    fn spoke(&mut self, process: ProcessId) {
        if let Some(at) = self.peers.iter().position(|(.., known)| *known == Some(process)) {
            let (_, behaviour, _) = self.peers.swap_remove(at);
            self.census.count(Counted::Behaviour(behaviour));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_of_some_seeds_shows_everything_but_what_is_rare() {
        let mut census = Census::default();
        // A large message meets a path that loses it in the last ones.
        for seed in (0..60).chain(80..100) {
            census.add(&crate::explore::play(seed, None).unwrap().census);
        }
        let missing: Vec<_> = Counted::all().filter(|counted| census.of(*counted) == 0).collect();
        assert_eq!(missing, [], "{census:?}");
    }
}
