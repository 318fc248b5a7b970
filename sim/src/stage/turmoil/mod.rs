//! turmoil 0.7 as the second engine: the same cast, the same reactor, somebody else's simulator.
//!
//! What our own network and executor get wrong together, no test of ours would notice. Here the shipped `async` reactor,
//! the scripted peers and programs and the oracles run unchanged over turmoil's sockets and tokio's paused clock,
//! and must reach the same verdict. It cannot be the only engine. What differs, and what is done about it:
//!
//! | turmoil 0.7 | here |
//! |---|---|
//! | ticks by the millisecond, whether anything happens or not | the conductor is told that something is due at the next tick |
//! | knows no price of computing: a turn takes no time | [`Plan`](crate::scenario::Plan)'s prices and cuts are not asked; a program that stops reading is refused, for all that it asked is answered in one write, of which the pipe takes a part, and none is ever refused |
//! | its window counts writes, not octets (`findings/turmoil-counts-writes-not-octets.sh`): 65,536 of them here, and it takes a NOTIFICATION where Linux's window is shut | how a session ends is not judged, only when; a peer that stops reading and sends KEEPALIVEs is refused, for no write ever blocks |
//! | sockets have no buffers or segments to set | buffers and segment sizes of a play are not asked |
//! | binds to every address of a machine or to its loopback, and to nothing between | a listener on one address listens on all |
//! | no faults of ours, no named pipes, no clocks that jump, no kernel's SYN schedule | such plays are refused |
//! | a machine cannot lose power and keep its peers waiting (`findings/turmoil-crash-is-a-clean-end-of-file.sh`) | a peer that vanishes is cut off from the network |

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use holdtime_core::speaker::{ProgramSpec, Signal, StreamId};
use holdtime_core::time::{Duration, Instant};
use holdtime_machine::Stop;
use holdtime_machine::choices::{Choices, Site};
use holdtime_machine::host::SimHost;
use holdtime_machine::trace::Observer;
use holdtime_machine::world::{ProcessId, ProcessStanding, StreamLook};
use holdtime_reactor::Host;

use crate::actor::{OutOfBand, PeerRun, drive_peer, drive_program};
use crate::scenario::script::ProgramScript;
use crate::scenario::{Actor, PeerPlace, Play, PlayPeer};
use crate::stage::cast::{Cast, ProgramSeats};
use crate::stage::conductor::REST;
use crate::stage::engine::Engine;
use crate::stage::run::Run;
use crate::turmoil::{Common, Program, TurmoilHost};

/// The step of turmoil's clock.
const TICK: Duration = Duration::from_millis(1);
/// How many writes turmoil's window holds.
const WINDOW: usize = 1 << 16;

/// turmoil, with everything in it.
pub(super) struct Turmoil {
    sim: turmoil::Sim<'static>,
    common: Rc<Common>,
}

/// Sets a run up.
///
/// # Errors
/// What turmoil cannot play and why, or a configuration is wrong.
pub(super) fn set<'p>(run: &Run<'p>, choices: Choices) -> Result<(Cast<'p>, Turmoil), String> {
    let play = run.play;
    if let Some(why) = refusal(play) {
        return Err(why.to_owned());
    }
    let speaker = play.speakers.first().ok_or("a play needs a speaker")?;
    let address = speaker.addresses.first().copied().ok_or("a speaker needs an address")?;
    let seed = choices.below(Site::Seed, choices.actor("turmoil"), u64::MAX);
    let mut cast = Cast::new(play, choices);
    let programs = play.programs.iter();
    let programs = programs.map(|(command, scripts)| {
        (command.clone(), program(command.clone(), scripts.clone(), cast.programs.clone()))
    });
    let common =
        Rc::new(Common { programs: programs.collect(), files: speaker.files.clone(), ..Common::default() });
    let mut engine = Turmoil { sim: simulation(play, seed), common: common.clone() };
    let host = TurmoilHost::new(&common);
    let (watch, main) = cast.add_speaker(run, speaker, (host.clone(), host.process()), host.now())?;
    engine.observe(watch);
    let mut local = Vec::new();
    for peer in &play.peers {
        let own = TurmoilHost::new(&common);
        let peer_run = cast.add_peer(peer, own.process());
        let between = peer.addresses.first().map(|peer| (*peer, address));
        let main = act(own, peer_run, peer.place, LabControls { speaker: host.clone(), between });
        match peer.addresses.first() {
            Some(address) => engine.sim.client(*address, async move {
                main.await;
                Ok(())
            }),
            None => local.push(main),
        }
    }
    engine.sim.client(address, async move {
        local.into_iter().for_each(|peer| drop(tokio::task::spawn_local(peer)));
        main.await;
        // A machine outlives its process: what that wrote still has to arrive.
        std::future::pending().await
    });
    Ok((cast, engine))
}

/// Why turmoil cannot play this.
fn refusal(play: &Play) -> Option<&'static str> {
    let scripts = || {
        play.peers.iter().filter_map(|peer| match &peer.actor {
            Actor::Script { script, .. } => Some(script),
            Actor::Check(_) => None,
        })
    };
    let shares = |(index, peer): (usize, &PlayPeer)| {
        play.peers
            .iter()
            .take(index)
            .any(|other| !peer.addresses.is_empty() && other.addresses == peer.addresses)
    };
    if play.peers.iter().enumerate().any(shares) {
        Some("turmoil's machines run one process each")
    } else if play.speakers.len() != 1 {
        Some("turmoil plays one speaker, for all of its processes share one configuration")
    } else if !play.clients.is_empty() {
        Some("turmoil has no named pipes")
    } else if play.guests.is_some() {
        Some("turmoil has no processes that a real program could be")
    } else if !play.faults.is_empty() {
        Some("turmoil plays no faults of ours")
    } else if play.kernel != holdtime_machine::net::Kernel::default() {
        Some("turmoil has no kernel whose SYNs could be set")
    } else if scripts().any(|script| script.jumps_clock()) {
        Some("turmoil's machines have one clock, which cannot jump")
    } else if scripts().any(|script| script.shuts_window_while_it_speaks()) {
        Some("turmoil's window counts writes instead of octets and never shuts in such a play")
    } else if play.programs.iter().flat_map(|(_, scripts)| scripts).any(ProgramScript::stops_reading) {
        Some(
            "turmoil's turns take no time, so that all answers are one write and a full pipe is never seen to refuse one",
        )
    } else {
        None
    }
}

fn simulation(play: &Play, seed: u64) -> turmoil::Sim<'static> {
    turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .min_message_latency(play.latency)
        .max_message_latency(play.latency.max(TICK))
        .simulation_duration(play.run_for + REST)
        .tcp_capacity(WINDOW)
        .build()
}

impl Engine for Turmoil {
    fn now(&self) -> Instant {
        Instant::ZERO + self.sim.elapsed()
    }

    fn next_due(&self) -> Option<Instant> {
        Some(self.now() + TICK)
    }

    fn run_until(&mut self, limit: Instant) -> Result<Stop, String> {
        while self.now() < limit {
            self.sim.step().map_err(|error| error.to_string())?;
        }
        Ok(Stop::Limit)
    }

    /// A task that panics ends turmoil's own step.
    /// A turn that never ends ends no run here.
    fn spins(&self) -> Option<(ProcessId, Instant)> {
        None
    }

    fn crash(&self) -> Option<(String, Instant)> {
        None
    }

    fn standing(&self, _process: ProcessId) -> Option<ProcessStanding> {
        None
    }

    fn look(&self, _process: ProcessId, _stream: StreamId) -> Option<StreamLook> {
        None
    }

    fn ends_as_linux_does(&self) -> bool {
        false
    }

    fn observe(&mut self, observer: Rc<RefCell<dyn Observer>>) {
        self.common.trace.borrow_mut().observe(observer);
    }

    fn hash(&self) -> u64 {
        self.common.trace.borrow().hash()
    }

    fn steps(&self) -> u64 {
        self.common.trace.borrow().steps()
    }
}

fn program(command: String, scripts: Vec<ProgramScript>, seats: ProgramSeats) -> Program {
    Rc::new(move |host: TurmoilHost, spec: &ProgramSpec| {
        let run = seats.start(&command, &scripts, &spec.name, host.process());
        Box::pin(async move { drive_program(&host, SimHost::STDIO, &run).await })
    })
}

async fn act(host: TurmoilHost, run: Rc<RefCell<Box<dyn PeerRun>>>, place: PeerPlace, controls: LabControls) {
    // A peer that cannot listen never finishes its script, which the verdict says.
    let _ = drive_peer(&host, &run, place, &controls).await;
    std::future::pending::<()>().await;
}

/// What a peer can do here besides using its sockets: signal the speaker, and vanish.
struct LabControls {
    speaker: TurmoilHost,
    /// The peer's machine and the speaker's, where they are two.
    between: Option<(IpAddr, IpAddr)>,
}

impl OutOfBand for LabControls {
    fn signal_speaker(&self, signal: Signal) {
        self.speaker.signal(signal);
    }

    /// Such scripts are refused.
    fn jump_clock(&self, _nanos: i64) {}

    fn vanish(&self) {
        if let Some((peer, speaker)) = self.between {
            turmoil::partition(peer, speaker);
        }
    }
}
