//! turmoil 0.7 as a second host: the same scenarios, the same reactor, somebody else's simulator.
//!
//! What our own network and executor get wrong together, no test of ours would notice. Here the shipped `async` reactor,
//! the scripted peers and programs and the oracles run unchanged over turmoil's sockets and tokio's paused clock,
//! and must reach the same verdict. It cannot be the only engine: it ticks whether anything happens or not, its
//! window counts writes instead of octets, and it has neither prices for computing nor clocks that jump; plays with
//! faults are therefore refused here. A peer that vanishes is cut off from the network.

mod channel;
mod host;

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;

use holdtime_core::config::Config;
use holdtime_core::speaker::{Identity, ProgramSpec, Setup, Signal};
use holdtime_core::time::{Duration, Instant};
use holdtime_core::{Input, Speaker};
use holdtime_reactor::Host;

use crate::actor::{Beyond, PeerRun, PeerState, ScriptedPeer, ScriptedProgram, drive_peer, drive_program};
use crate::actor::{CheckingPeer, Pieces};
use crate::certificate::{Certificate, Verdict};
use crate::observe::course::Course;
use crate::observe::watch::Watch;
use crate::oracle::Bench;
use crate::scenario::script::ProgramScript;
use crate::scenario::{Actor, Play, PlayPeer, PlaySpeaker};
use crate::subject::ReactorName;
use crate::subject::defective;
use crate::subject::defective::Defect;
use holdtime_machine::host::SimHost;
use host::{Common, Program, SecondHost};

/// How long all must be quiet after everything has finished.
const REST: Duration = Duration::from_secs(1);

type Programs = Rc<RefCell<Vec<Rc<RefCell<ScriptedProgram>>>>>;
type Peer = Rc<RefCell<Box<dyn PeerRun>>>;

/// Plays on the reactor of this name under turmoil. A hang's verdict names its oracle and explains nothing.
///
/// # Errors
/// What this host cannot play, or a wrong configuration.
pub fn play(play: &Play, reactor: ReactorName, seed: u64) -> Result<Verdict, String> {
    if !play.faults.is_empty() {
        return Err("turmoil plays no faults of ours".to_owned());
    }
    let [speaker] = play.speakers.as_slice() else { return Err("turmoil plays one speaker".to_owned()) };
    let programs = Programs::default();
    let common = Rc::new(Common {
        programs: play
            .programs
            .iter()
            .map(|(path, scripts)| (path.clone(), program(scripts, &programs)))
            .collect(),
        files: speaker.files.clone(),
        ..Common::default()
    });
    let host = SecondHost::new(&common);
    let setup = Setup { settings: reactor.settings(&speaker.settings), ..setup(speaker, seed)? };
    let watch = Rc::new(RefCell::new(Watch::new(host.process(), &setup.config, Bench::new(&play.bounds))));
    common.observers.borrow_mut().push(watch.clone());
    let peers: Vec<Peer> = play.peers.iter().map(peer_run).collect();
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(play.latency)
        .max_message_latency(play.latency.max(Duration::from_millis(1)))
        .simulation_duration(play.run_for + REST)
        .tcp_capacity(1 << 16)
        .build();
    let own = speaker.addresses.first().copied().ok_or("a speaker needs an address")?;
    let mut local = Vec::new();
    for (peer, run) in play.peers.iter().zip(&peers) {
        let hands = Hands { speaker: host.clone(), between: peer.addresses.first().map(|peer| (*peer, own)) };
        let main = act(SecondHost::new(&common), run.clone(), peer.clone(), hands);
        match peer.addresses.first() {
            Some(address) => sim.client(*address, async move {
                main.await;
                Ok(())
            }),
            None => local.push(main),
        }
    }
    let main = speak(host, setup, reactor);
    sim.client(own, async move {
        local.into_iter().for_each(|peer| drop(tokio::task::spawn_local(peer)));
        main.await;
        // A machine outlives its process: what that wrote still has to arrive.
        std::future::pending().await
    });
    conduct(play, &mut sim, &watch, &peers, &programs)
}

/// Steps until the verdict is clear.
fn conduct(
    play: &Play,
    sim: &mut turmoil::Sim<'_>,
    watch: &RefCell<Watch>,
    peers: &[Peer],
    programs: &Programs,
) -> Result<Verdict, String> {
    let mut rested = Duration::ZERO;
    while sim.elapsed() < play.run_for {
        let before = sim.elapsed();
        sim.step().map_err(|error| error.to_string())?;
        let now = Instant::ZERO + sim.elapsed();
        if let Some(alarm) = watch.borrow_mut().bench().judge(now) {
            return Ok(Verdict::Hang { alarm, certificate: Certificate::default() });
        }
        let states = || states(play, peers, programs);
        if let Some((who, why)) = states().into_iter().find_map(failed) {
            return Ok(Verdict::Failed { who, why });
        }
        let started = !play.programs_count || programs.borrow().len() >= play.programs.len();
        let course = Course::of(&watch.borrow());
        let ended = started && course.has_ended(play);
        let finished = ended && states().iter().all(|(_, state)| *state == PeerState::Finished);
        rested = if finished { rested + (sim.elapsed() - before) } else { Duration::ZERO };
        if rested >= REST {
            let alarm = watch.borrow_mut().bench().judge_at_rest(now);
            if let Some(alarm) = alarm {
                return Ok(Verdict::Hang { alarm, certificate: Certificate::default() });
            }
            // How it ends is not asked: turmoil's window takes a NOTIFICATION where Linux's is shut.
            let untimely = course.untimely(play);
            return Ok(
                untimely.map_or(Verdict::Pass, |why| Verdict::Failed { who: "the session".to_owned(), why })
            );
        }
    }
    let waiting = states(play, peers, programs).into_iter().filter_map(|(who, state)| match state {
        PeerState::Waiting { step, since } => Some(format!("{who} at `{step}` since {since}")),
        _ => None,
    });
    Ok(Verdict::Unfinished { waiting: waiting.collect() })
}

fn states(play: &Play, peers: &[Peer], programs: &Programs) -> Vec<(String, PeerState)> {
    let peers =
        play.peers.iter().zip(peers).map(|(peer, run)| (format!("peer {}", peer.name), run.borrow().state()));
    let programs = programs.borrow();
    let programs = programs.iter().map(|run| ("program".to_owned(), run.borrow().state()));
    let count = play.programs_count;
    let programs = programs.filter(|(_, state)| count || !matches!(state, PeerState::Waiting { .. }));
    peers.chain(programs).collect()
}

fn failed((who, state): (String, PeerState)) -> Option<(String, String)> {
    match state {
        PeerState::Failed(why) => Some((who, why)),
        _ => None,
    }
}

fn program(scripts: &[ProgramScript], started: &Programs) -> Program {
    let (scripts, starts, started) = (scripts.to_vec(), Cell::new(0), started.clone());
    Rc::new(move |host: SecondHost, _: &ProgramSpec| {
        let start = starts.replace(starts.get() + 1);
        let script = scripts.get(start).or(scripts.last()).cloned().unwrap_or_default();
        let run = Rc::new(RefCell::new(ScriptedProgram::new(script)));
        started.borrow_mut().push(run.clone());
        Box::pin(async move { drive_program(&host, SimHost::STDIO, &run).await })
    })
}

fn peer_run(peer: &PlayPeer) -> Peer {
    Rc::new(RefCell::new(match &peer.actor {
        Actor::Script { script, asn, router_id } => {
            Box::new(ScriptedPeer::new(script.clone(), *asn, *router_id))
        }
        Actor::Check(expectation) => Box::new(CheckingPeer::new(expectation.clone(), Pieces::Joined)),
    }))
}

async fn act(host: SecondHost, run: Peer, peer: PlayPeer, hands: Hands) {
    // A peer that cannot listen never finishes its script, which the verdict says.
    let _ = drive_peer(&host, &run, peer.place, &hands).await;
    std::future::pending::<()>().await;
}

fn setup(speaker: &PlaySpeaker, seed: u64) -> Result<Setup, String> {
    let first = speaker.files.first().ok_or("a speaker needs a configuration")?;
    Ok(Setup {
        identity: Identity {
            host: speaker.name.clone(),
            pid: 1,
            ppid: 0,
            version: speaker.settings.version.clone().unwrap_or_else(|| "5.0.0".to_owned()),
        },
        settings: speaker.settings.clone(),
        files: speaker.files.iter().map(|file| file.name.clone()).collect(),
        config: Config::parse(first, &speaker.settings).map_err(|error| error.to_string())?,
        seed,
        ..Setup::default()
    })
}

async fn speak(host: SecondHost, setup: Setup, reactor: ReactorName) {
    let speaker = Speaker::new(host.now(), setup);
    let recorder = Box::new(|_, _: &Input<'_>| ());
    defective::run(reactor, Defect::Present, host, speaker, recorder).await;
}

/// What a peer can do here besides using its sockets: signal the speaker, and vanish.
struct Hands {
    speaker: SecondHost,
    /// The peer's machine and the speaker's, where they are two.
    between: Option<(IpAddr, IpAddr)>,
}

impl Beyond for Hands {
    fn signal_speaker(&self, signal: Signal) {
        self.speaker.signal(signal);
    }

    fn jump_clock(&self, _nanos: i64) {}

    fn vanish(&self) {
        if let Some((peer, speaker)) = self.between {
            turmoil::partition(peer, speaker);
        }
    }
}
