//! One speaker, its peers and programs, and routes that are followed from whoever announces them to the wire.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use super::daemon::{BenchDaemon, Scenery};
use crate::bridge::{BridgedProgram, Heard};
use crate::contender::{Running, ticks};
use crate::field::Field;
use crate::link;
use crate::peer::{BenchPeer, BenchPeerState, BenchPeerTerms, ConnectionWay, Gaps};
use crate::wire::BenchPrefix;

/// How long sessions may take to come up.
const UP: Duration = Duration::from_secs(60);

/// How often a route is announced that is followed to the wire.
const PROBING: Duration = Duration::from_millis(50);

/// Of what a peer announces: one that no speaker takes for a martian.
pub(super) const NEXT_HOP: [u8; 4] = [10, 9, 0, 9];

/// The program that is healthy.
pub(super) const HEALTHY: usize = 0;

/// What a program asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StageOrder {
    /// A route that is followed.
    Probe,
    /// Everything else.
    Burden,
}

/// A speaker and everybody around it.
pub(super) struct Stage {
    pub(super) field: Field<StageOrder>,
    pub(super) running: Running,
    pub(super) scenery: Scenery,
    /// Peers from here on are healthy and have a table of what is followed; those before are stalled. The first of them feeds a
    /// speaker that has no API.
    pub(super) stalled: usize,
    feeds: bool,
    /// The peers that followed routes are for, and looked for at.
    watched: Range<usize>,
    probes: Vec<Probe>,
    /// Those that are not at every healthy peer yet.
    open: VecDeque<usize>,
    next: u32,
    due: Instant,
    answers: Vec<Duration>,
    /// Commands that were answered with an error.
    pub(super) refused: u64,
    pub(super) pending_burden: u64,
    begun: Instant,
    computed: u64,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    prefix: BenchPrefix,
    said: Instant,
    seen: Option<Instant>,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) gaps: Gaps,
    /// From a command to its answer.
    pub(super) answers: Vec<Duration>,
    /// From a command, or a peer's UPDATE, to the last healthy peer.
    pub(super) wire: Vec<Duration>,
    /// Routes that were followed and not seen everywhere.
    pub(super) unseen: usize,
    /// Sessions of healthy peers that ended.
    pub(super) lost: usize,
    /// How long the tester itself was busy at most.
    pub(super) lag: Duration,
    /// How much of a core the tester itself took.
    pub(super) load: f64,
}

impl Stage {
    /// Starts a speaker with so many peers, the first of which are to stall, and brings all sessions up.
    pub(super) fn set(
        daemon: &BenchDaemon,
        (peers, stalled): (usize, usize),
        hold_time: u16,
        folder: &Path,
    ) -> io::Result<Self> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        let speaker = link::listen([127, 0, 0, 1], 0)?.local_addr()?;
        let names = ["healthy", "other"];
        let mut programs = Vec::new();
        let mut scenery = Scenery {
            port: speaker.port(),
            hold_time,
            peers: Vec::new(),
            programs: Vec::new(),
            routes: String::new(),
        };
        if daemon.has_api() {
            for name in names {
                let program = BridgedProgram::listen(folder.join(name))?;
                scenery.programs.push((name, program.command_line()?));
                programs.push(program);
            }
        }
        let everybody: Vec<_> = (0..peers).map(|index| peer(index, stalled, hold_time, speaker)).collect();
        scenery.peers = everybody.iter().map(|peer| (peer.terms.address, peer.terms.asn)).collect();
        let running = daemon.start(&scenery, folder)?;
        let now = Instant::now();
        let mut stage = Self {
            field: Field::new(everybody, programs),
            running,
            scenery,
            stalled,
            feeds: !daemon.has_api(),
            watched: stalled + usize::from(!daemon.has_api())..peers,
            probes: Vec::new(),
            open: VecDeque::new(),
            next: 0,
            due: now,
            answers: Vec::new(),
            refused: 0,
            pending_burden: 0,
            begun: now,
            computed: 0,
        };
        let up = stage.until(UP, |stage| {
            stage.field.all_up() && stage.field.programs.iter().all(|program| program.starts > 0)
        })?;
        if !up {
            let missing = stage.field.peers.iter().filter(|peer| !peer.is_up()).count();
            return Err(io::Error::other(format!(
                "{missing} of {peers} sessions did not come up in {} s",
                UP.as_secs()
            )));
        }
        stage.run(Duration::from_secs(2), |_| ())?;
        Ok(stage)
    }

    /// The peer that feeds a speaker without an API.
    pub(super) fn feeder(&mut self) -> Option<&mut BenchPeer> {
        if self.feeds { self.field.peers.get_mut(self.stalled) } else { None }
    }

    /// Follows routes to one peer only.
    pub(super) fn watch_only(&mut self, peer: usize) {
        self.watched = peer..peer + 1;
    }

    /// Begins to measure.
    pub(super) fn begin(&mut self) {
        self.begun = Instant::now();
        for peer in &mut self.field.peers {
            peer.take_gaps(self.begun);
            peer.ends.clear();
        }
        self.field.lag = Duration::ZERO;
        self.computed = ticks("self");
        self.answers.clear();
        self.probes.clear();
        self.open.clear();
        self.restart_probes();
    }

    /// Follows routes from now on, and none that were due before.
    pub(super) fn restart_probes(&mut self) {
        self.due = Instant::now();
    }

    /// Goes on until `done`, for so long at most, following a route every 50 ms; whether it was done.
    pub(super) fn probe_until(
        &mut self,
        patience: Duration,
        done: impl Fn(&Self) -> bool,
    ) -> io::Result<bool> {
        let until = Instant::now() + patience;
        while !done(self) && Instant::now() < until {
            self.probe(PROBING, |_| ())?;
        }
        Ok(done(self))
    }

    /// Goes on for a while, following a route every 50 ms; `also` is done at every turn.
    pub(super) fn probe(&mut self, lasts: Duration, mut also: impl FnMut(&mut Self)) -> io::Result<()> {
        self.run(lasts, |stage| {
            let now = Instant::now();
            while stage.due <= now {
                stage.follow_one(stage.due);
                stage.due += PROBING;
            }
            stage.field.wakes_at = Some(stage.due);
            also(stage);
        })
    }

    /// What was measured since it began; what is under way has a moment to arrive.
    pub(super) fn measured(&mut self) -> io::Result<Measured> {
        self.field.wakes_at = None;
        self.until(Duration::from_secs(5), |stage| {
            stage.open.is_empty()
                && stage.field.programs.iter().take(1).all(|program| program.pending.is_empty())
        })?;
        let now = Instant::now();
        let healthy = self.field.peers.get_mut(self.stalled..).unwrap_or_default();
        let mut gaps = Gaps::default();
        let mut lost = 0;
        for peer in healthy {
            let one = peer.take_gaps(now);
            gaps.any = gaps.any.max(one.any);
            gaps.keepalive = gaps.keepalive.max(one.keepalive);
            lost += peer.ends.iter().filter(|end| end.was == BenchPeerState::Established).count();
        }
        let computed = (ticks("self") - self.computed) as f64 / 100.0;
        let wire = self.probes.iter().filter_map(|probe| Some(probe.seen? - probe.said));
        Ok(Measured {
            gaps,
            answers: std::mem::take(&mut self.answers),
            wire: wire.collect(),
            unseen: self.probes.iter().filter(|probe| probe.seen.is_none()).count(),
            lost,
            lag: std::mem::take(&mut self.field.lag),
            load: computed / self.begun.elapsed().as_secs_f64(),
        })
    }

    /// Looks until `done`, for so long at most; whether it was.
    pub(super) fn until(&mut self, patience: Duration, done: impl Fn(&Self) -> bool) -> io::Result<bool> {
        let until = Instant::now() + patience;
        while !done(self) {
            if Instant::now() >= until {
                return Ok(false);
            }
            self.turn()?;
        }
        Ok(true)
    }

    fn run(&mut self, lasts: Duration, mut each: impl FnMut(&mut Self)) -> io::Result<()> {
        let until = Instant::now() + lasts;
        while Instant::now() < until {
            each(self);
            self.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> io::Result<()> {
        for (program, heard) in self.field.turn()? {
            match heard {
                Heard::Answer { command: StageOrder::Probe, said, done } => {
                    self.answers.push(said.elapsed());
                    self.refused += u64::from(!done);
                }
                Heard::Answer { done, .. } => {
                    self.pending_burden = self.pending_burden.saturating_sub(1);
                    self.refused += u64::from(!done);
                }
                Heard::Gone(_) if program == HEALTHY => {
                    return Err(io::Error::other("the healthy program has ended"));
                }
                Heard::Gone(_) | Heard::Unasked(_) => {}
            }
        }
        if self.running.has_ended() {
            return Err(io::Error::other("the speaker has ended"));
        }
        self.look_for_probes();
        Ok(())
    }

    fn follow_one(&mut self, said: Instant) {
        let prefix = BenchPrefix { address: (203 << 24) + (self.next << 8), length: 24 };
        self.next += 1;
        let watched = self.field.peers.get_mut(self.watched.clone()).unwrap_or_default();
        let whom = match watched {
            [only] => format!("neighbor {} ", Ipv4Addr::from(only.terms.address)),
            _ => String::new(),
        };
        for peer in watched {
            peer.looked_for.insert(prefix, None);
        }
        self.open.push_back(self.probes.len());
        self.probes.push(Probe { prefix, said, seen: None });
        if let Some(program) = self.field.programs.get_mut(HEALTHY) {
            let line = format!("{whom}announce route {prefix} next-hop 10.0.0.1");
            program.say(said, &line, StageOrder::Probe);
        } else if let Some(peer) = self.feeder() {
            let update = crate::wire::update(&[prefix], &[peer.terms.asn], Some(NEXT_HOP));
            peer.send(Instant::now(), update);
        }
    }

    /// Notes which routes have come everywhere.
    fn look_for_probes(&mut self) {
        let Self { open, probes, field, watched, .. } = self;
        let watched = field.peers.get_mut(watched.clone()).unwrap_or_default();
        open.retain(|index| {
            let Some(probe) = probes.get_mut(*index) else { return false };
            let mut last = probe.said;
            for peer in &*watched {
                match peer.looked_for.get(&probe.prefix) {
                    Some(Some(seen)) => last = last.max(*seen),
                    _ => return true,
                }
            }
            probe.seen = Some(last);
            for peer in &mut *watched {
                peer.looked_for.remove(&probe.prefix);
            }
            false
        });
    }
}

/// The Nth peer; one that is to stall has little room.
fn peer(index: usize, stalled: usize, hold_time: u16, speaker: SocketAddr) -> BenchPeer {
    BenchPeer::new(BenchPeerTerms {
        address: [127, 9, u8::try_from(index / 250).unwrap_or(u8::MAX), (index % 250 + 1) as u8],
        asn: 65_100 + index as u32,
        hold_time,
        way: ConnectionWay::Dials(speaker),
        buffer: (index < stalled).then_some(4096),
        keeps_table: false,
    })
}
