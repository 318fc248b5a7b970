//! One scenario against one daemon, in real time: a thread for each peer, and one that looks on until there is a verdict.

use std::cell::RefCell;
use std::fs;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::{self, sleep};
use std::time::{Duration, Instant as Clock, UNIX_EPOCH};

use holdtime_core::Instant;
use holdtime_sim::actor::{PeerRun, PeerState, ScriptedPeer, drive_peer};
use holdtime_sim::probe::{Probe, ProbeOutcome, SeenScript, judge, listening, sockets};
use holdtime_sim::scenario::{Actor, PeerPlace};
use holdtime_sim::timeline::Timeline;
use rustix::process::Pid;

use super::machine::{SharedView, WatchedMachine};
use crate::interrupt;

/// How often the one that looks on looks.
const LOOK: Duration = Duration::from_millis(20);
/// How often it looks at the daemon's sockets, which the kernel takes its time to list.
const GLANCE: Duration = Duration::from_millis(60);
/// How long the peers may take to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a daemon that was told to end may take before that is told of it.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Who is probed, and how.
pub(super) struct LiveProbe<'a> {
    pub(super) probe: &'a Probe,
    /// Where each peer is.
    pub(super) places: Vec<PeerPlace>,
    /// How long it is looked on at most.
    pub(super) observe: Option<Duration>,
    /// How long a daemon may say nothing before it is taken for none.
    pub(super) patience: Duration,
}

/// The daemon as the one that looks on has it at hand.
pub(super) trait Daemon {
    /// The peers listen: it may begin. Returns once it can be dialled.
    fn begin(&mut self) -> Result<(), String>;
    /// Its process, where that is this machine's.
    fn process(&self) -> Option<Pid>;
    /// The list of sockets in which its own are, where that is this machine's.
    fn socket_list(&self) -> Option<String>;
    /// How its process ended, if it has.
    fn ended(&mut self) -> Option<String>;
    /// So much time has passed since it could be dialled.
    fn passed(&mut self, time: Duration) -> Result<(), String>;
}

/// A probe that came to its verdict.
pub(super) struct JudgedProbe {
    pub(super) outcome: ProbeOutcome,
    pub(super) timeline: Timeline,
    /// How much time had passed since 1970 when the timeline's clock was at zero.
    pub(super) began: Duration,
}

/// Why there is no verdict.
pub(super) enum NoVerdict {
    /// In one sentence, whose subject is the daemon.
    Because(String),
    Interrupted,
}

impl From<String> for NoVerdict {
    fn from(why: String) -> Self {
        Self::Because(why)
    }
}

impl LiveProbe<'_> {
    /// Plays it to its verdict.
    pub(super) fn play(&self, daemon: &mut dyn Daemon) -> Result<JudgedProbe, NoVerdict> {
        let shared = SharedView::default();
        let peers = &self.probe.scenario.play.peers;
        shared.sightings().scripts = peers
            .iter()
            .map(|peer| SeenScript {
                peer: peer.name.clone(),
                state: self.scripted(&peer.actor).map_or(PeerState::Finished, |script| script.state()),
            })
            .collect();
        thread::scope(|scope| {
            let (shared, began) = (&shared, Clock::now());
            let threads: Vec<_> = peers
                .iter()
                .zip(&self.places)
                .enumerate()
                .filter_map(|(at, (peer, place))| Some((at, self.scripted(&peer.actor)?, *place)))
                .map(|(at, script, place)| scope.spawn(move || drive(shared, at, script, place)))
                .collect();
            let looked = self.look_on(shared, began, threads.len(), daemon);
            shared.end();
            for thread in threads {
                if let Ok(Err(why)) = thread.join() {
                    return Err(why.into());
                }
            }
            looked
        })
    }

    fn scripted(&self, actor: &Actor) -> Option<ScriptedPeer> {
        match actor {
            Actor::Script { script, asn, router_id } => {
                Some(ScriptedPeer::new(script.clone(), *asn, *router_id))
            }
            Actor::Check(_) => None,
        }
    }

    fn look_on(
        &self,
        shared: &SharedView,
        began: Clock,
        peers: usize,
        daemon: &mut dyn Daemon,
    ) -> Result<JudgedProbe, NoVerdict> {
        while shared.ready() < peers && began.elapsed() < PATIENCE {
            sleep(LOOK);
        }
        if shared.ready() < peers {
            // The thread of the peer that did not begin says why.
            return Err(NoVerdict::Because("has a peer that does not begin".to_owned()));
        }
        daemon.begin()?;
        shared.set_daemon(daemon.process());
        let (dialled, since) = (Clock::now(), Instant::ZERO + began.elapsed());
        let most = self.observe.unwrap_or(self.probe.scenario.play.run_for);
        let (mut late, mut last, mut glanced) = (Duration::ZERO, Clock::now(), Clock::now());
        let mut began_to_speak = dialled;
        loop {
            sleep(LOOK);
            late = late.max(last.elapsed().saturating_sub(LOOK));
            last = Clock::now();
            if interrupt::is_pressed() {
                return Err(NoVerdict::Interrupted);
            }
            let now = Instant::ZERO + began.elapsed();
            daemon.passed(dialled.elapsed())?;
            if glanced.elapsed() >= GLANCE {
                glanced = Clock::now();
                look_at_sockets(shared, daemon, now);
            }
            let ended = daemon.ended();
            let mut seen = shared.sightings();
            if let Some(how) = &ended {
                seen.exited(now, how);
                if seen.signalled.is_none() {
                    let (scenario, at) = (&self.probe.name, dialled.elapsed().as_secs_f64());
                    return Err(format!("died {at:.1} s into `{scenario}`: {how}").into());
                }
            }
            if let Some(why) = seen.stranger(now, self.patience) {
                return Err(why.into());
            }
            // One that has taken the connection and says nothing yet still starts: its time has not begun.
            if seen.is_starting() {
                began_to_speak = Clock::now();
            }
            let is_over = began_to_speak.elapsed() > most;
            let Some(judgement) = judge(&self.probe.requirement, &seen, now, is_over) else { continue };
            let awaited = seen.signalled.is_some() && ended.is_none() && dialled.elapsed() < most;
            if awaited && now < seen.signalled.unwrap_or(now) + LAST_WORDS {
                continue;
            }
            let mut outcome = ProbeOutcome::new(self.probe, &seen, judgement);
            outcome.late = late.as_secs_f64();
            let log = std::mem::take(&mut seen.log);
            let timeline = outcome.timeline(self.probe, log, since, now);
            let began = UNIX_EPOCH.elapsed().unwrap_or_default().saturating_sub(began.elapsed());
            return Ok(JudgedProbe { outcome, timeline, began });
        }
    }
}

fn look_at_sockets(shared: &SharedView, daemon: &dyn Daemon, now: Instant) {
    if let Some(text) = daemon.socket_list() {
        let sockets: Vec<_> = sockets(&text).collect();
        shared.sightings().look_at(now, &sockets);
    }
}

/// Plays one peer until the run is over.
fn drive(shared: &SharedView, at: usize, script: ScriptedPeer, place: PeerPlace) -> Result<(), String> {
    let script = RefCell::new(script);
    let machine = WatchedMachine::new(shared, at, &script).map_err(|error| error.to_string())?;
    let driven = pin!(drive_peer(&machine, &script, place, &machine));
    // Its host blocks: it stays pending for no other reason than that the run is over.
    match driven.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => {
            Err(format!("cannot dial {}, where nobody can listen: {error}", place.listen))
        }
        Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
    }
}

/// What the kernel's buffers of TCP are in this process's namespace.
pub(super) fn buffer(name: &str) -> String {
    let read = fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
    read.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The list of TCP sockets of this process's namespace; `None`: nobody in it listens there.
pub(super) fn own_sockets(address: SocketAddr) -> Option<String> {
    let text = fs::read_to_string("/proc/self/net/tcp").ok()?;
    let IpAddr::V4(own) = address.ip() else { return None };
    listening(&text, own).contains(&address.port()).then_some(text)
}
