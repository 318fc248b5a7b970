//! Sets the stage: machines, the speakers on their reactors, the peers, the programs, and the faults to come.

use std::cell::RefCell;
use std::rc::Rc;

use holdtime_core::config::Config;
use holdtime_core::speaker::{ExitStatus, Identity, Setup, Signal};
use holdtime_core::{Instant, Speaker};
use holdtime_reactor::Host;

use crate::actor::{Beyond, PeerRun, PeerState, ScriptedPeer, ScriptedProgram, drive_peer, drive_program};
use crate::actor::{CheckingPeer, Pieces};
use crate::observe::course::Course;
use crate::observe::recording::Recording;
use crate::observe::watch::Watch;
use crate::observe::witness::{Waits, Witness};
use crate::oracle::{Alarm, Bench, Creditor, Oracle};
use crate::scenario::Plan;
use crate::scenario::script::ProgramScript;
use crate::scenario::{Actor, Play, PlayPeer, PlaySpeaker};
use crate::scenario::{Fault, FaultKind};
use crate::stage::Run;
use crate::subject::defective;
use holdtime_machine::net::MachineId;
use holdtime_machine::rng::Rng;
use holdtime_machine::trace::Observer;
use holdtime_machine::world::ProcessId;
use holdtime_machine::{Lab, Settings, SimHost, World};

/// A run that has been set up.
pub(super) struct Stage<'p> {
    pub(super) play: &'p Play,
    pub(super) lab: Lab,
    pub(super) speakers: Vec<SpeakerSeat>,
    pub(super) peers: Vec<PeerSeat>,
    pub(super) programs: Rc<RefCell<Vec<ProgramSeat>>>,
}

/// A speaker at work, and what is known of it.
pub(super) struct SpeakerSeat {
    pub(super) name: String,
    pub(super) process: ProcessId,
    pub(super) watch: Rc<RefCell<Watch>>,
    pub(super) waits: Waits,
    pub(super) recording: Rc<RefCell<Recording>>,
    pub(super) setup: Setup,
}

/// A peer at work.
pub(super) struct PeerSeat {
    pub(super) name: String,
    pub(super) process: ProcessId,
    pub(super) run: Rc<RefCell<Box<dyn PeerRun>>>,
}

/// An API program that was started.
pub(super) struct ProgramSeat {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) process: ProcessId,
    pub(super) run: Rc<RefCell<ScriptedProgram>>,
}

impl<'p> Stage<'p> {
    pub(super) fn set(run: &Run<'p>, plan: &Plan) -> Result<Self, String> {
        let play = run.play;
        let settings = Settings {
            prices: plan.prices(&play.prices),
            link: plan.link(),
            cuts_per_mille: plan.cuts_per_mille,
            kernel: play.kernel,
            ..Settings::default()
        };
        let mut stage = Self {
            play,
            lab: Lab::new(plan.seed, settings),
            speakers: Vec::new(),
            peers: Vec::new(),
            programs: Rc::default(),
        };
        for (command, scripts) in &play.programs {
            stage.add_program(command, scripts);
        }
        let mut machines = Vec::new();
        for speaker in &play.speakers {
            machines.push(stage.add_speaker(run, speaker)?);
        }
        let speaker = stage.speakers.first().map(|seat| seat.process);
        for peer in &play.peers {
            let own = if peer.addresses.is_empty() { machines.first().copied() } else { None };
            let machine = own.unwrap_or_else(|| stage.lab.add_machine(&peer.addresses));
            machines.push(machine);
            stage.add_peer(peer, machine, speaker);
        }
        for fault in &play.faults {
            stage.add_fault(fault, &machines);
        }
        Ok(stage)
    }

    fn add_program(&mut self, command: &str, scripts: &[ProgramScript]) {
        let (scripts, seats) = (scripts.to_vec(), self.programs.clone());
        let named = command.to_owned();
        let program = move |host: SimHost, spec: &holdtime_core::speaker::ProgramSpec| {
            let starts = seats.borrow().iter().filter(|seat| seat.command == named).count();
            let script = scripts.get(starts).or(scripts.last()).cloned().unwrap_or_default();
            let run = Rc::new(RefCell::new(ScriptedProgram::new(script)));
            let seat = ProgramSeat {
                name: spec.name.clone(),
                command: named.clone(),
                process: host.process(),
                run: run.clone(),
            };
            seats.borrow_mut().push(seat);
            let future = async move { ExitStatus::Code(drive_program(&host, SimHost::STDIO, &run).await) };
            Box::pin(future) as std::pin::Pin<Box<dyn Future<Output = ExitStatus>>>
        };
        self.lab.world_mut().add_program(command, Rc::new(program));
    }

    fn add_speaker(&mut self, run: &Run<'p>, speaker: &PlaySpeaker) -> Result<MachineId, String> {
        let machine = self.lab.add_machine(&speaker.addresses);
        for file in &speaker.files {
            self.lab.world_mut().add_file(machine, &file.name, &file.text);
        }
        let host = self.lab.add_process(machine, &speaker.name);
        host.set_socket_options(speaker.options.clone());
        let first = speaker.files.first().ok_or("a speaker needs a configuration")?;
        let config = Config::parse(first, &speaker.settings).map_err(|error| error.to_string())?;
        let version = speaker.settings.version.clone().unwrap_or_else(|| "5.0.0".to_owned());
        let identity = Identity { host: speaker.name.clone(), pid: 1, ppid: 0, version };
        let setup = Setup {
            identity,
            settings: run.reactor.settings(&speaker.settings),
            files: speaker.files.iter().map(|file| file.name.clone()).collect(),
            config,
            seed: seed_of(run.seed, &speaker.name),
            ..Setup::default()
        };
        let now = host.now();
        let recording = Rc::new(RefCell::new(Recording::new(now)));
        let kept = recording.clone();
        let recorder =
            Box::new(move |now, input: &holdtime_core::Input<'_>| kept.borrow_mut().keep(now, input));
        let watch =
            Rc::new(RefCell::new(Watch::new(host.process(), &setup.config, Bench::new(&self.play.bounds))));
        self.lab.world_mut().trace().observe(watch.clone());
        let witness = Witness::new(host.clone());
        let waits = witness.waits();
        let core = Speaker::new(now, setup.clone());
        self.lab.spawn_main(&host, defective::run(run.reactor, run.defect, witness, core, recorder));
        self.speakers.push(SpeakerSeat {
            name: speaker.name.clone(),
            process: host.process(),
            watch,
            waits,
            recording,
            setup,
        });
        Ok(machine)
    }

    fn add_peer(&mut self, peer: &PlayPeer, machine: MachineId, speaker: Option<ProcessId>) {
        let run: Box<dyn PeerRun> = match &peer.actor {
            Actor::Script { script, asn, router_id } => {
                Box::new(ScriptedPeer::new(script.clone(), *asn, *router_id))
            }
            Actor::Check(expectation) => {
                let checker = CheckingPeer::new(expectation.clone(), Pieces::Joined);
                Box::new(if self.play.rests { checker } else { checker.content_at_the_end() })
            }
        };
        let run = Rc::new(RefCell::new(run));
        let host = self.lab.add_process(machine, &peer.name);
        host.set_socket_options(peer.options.clone());
        let (place, driven) = (peer.place, run.clone());
        let hands = Hands { host: host.clone(), machine, speaker };
        let (process, own) = (host.process(), host.clone());
        let main = async move { u8::from(drive_peer(&own, &driven, place, &hands).await.is_err()) };
        self.lab.spawn_main(&host, main);
        self.peers.push(PeerSeat { name: peer.name.clone(), process, run });
    }

    fn add_fault(&mut self, fault: &Fault, machines: &[MachineId]) {
        let at = Instant::ZERO + fault.at;
        let names: Vec<&str> = self
            .play
            .speakers
            .iter()
            .map(|host| host.name.as_str())
            .chain(self.play.peers.iter().map(|host| host.name.as_str()))
            .collect();
        let machine = |name: &str| {
            names.iter().position(|known| *known == name).and_then(|index| machines.get(index)).copied()
        };
        let process = |name: &str| {
            let speaker = self.speakers.iter().find(|seat| seat.name == name).map(|seat| seat.process);
            speaker.or_else(|| self.peers.iter().find(|seat| seat.name == name).map(|seat| seat.process))
        };
        let mut world = self.lab.world_mut();
        match &fault.kind {
            FaultKind::Cut { from, to, both, lasts } => {
                let (Some(from), Some(to)) = (machine(from), machine(to)) else { return };
                let both = *both;
                if at == Instant::ZERO {
                    // Before anybody's first turn.
                    cut(&mut world, from, to, both, true);
                } else {
                    world.at(at, "cut", move |world| cut(world, from, to, both, true));
                }
                if let Some(lasts) = lasts {
                    world.at(at + *lasts, "heal", move |world| cut(world, from, to, both, false));
                }
            }
            FaultKind::Mtu { from, to, both, octets, lasts } => {
                let (Some(from), Some(to)) = (machine(from), machine(to)) else { return };
                let (both, octets) = (*both, *octets);
                world.at(at, "mtu", move |world| set_mtu(world, (from, to), both, Some(octets)));
                if let Some(lasts) = lasts {
                    world.at(at + *lasts, "heal", move |world| set_mtu(world, (from, to), both, None));
                }
            }
            FaultKind::Suspend { host, lasts } => {
                let Some(process) = process(host) else { return };
                world.at(at, "suspend", move |world| world.suspend(process));
                world.at(at + *lasts, "resume", move |world| world.resume(process));
            }
            FaultKind::Clock { host, by } => {
                let (Some(machine), by) = (machine(host), *by) else { return };
                world.at(at, "clock jumps", move |world| jump(world, machine, by));
            }
            FaultKind::Power { host, lasts } => {
                let Some(machine) = machine(host) else { return };
                world.at(at, "power off", move |world| world.power_off(machine));
                if let Some(lasts) = lasts {
                    world.at(at + *lasts, "power on", move |world| world.power_on(machine));
                }
            }
            FaultKind::Signal { host, signal } => {
                let (Some(process), number) = (process(host), number_of(*signal)) else { return };
                world.at(at, "signal", move |world| world.signal(process, number));
            }
        }
    }

    /// Tells an observer who is who.
    pub(super) fn introduce(&self, observer: &mut dyn Observer) {
        self.speakers.iter().for_each(|seat| observer.meet(seat.process, &seat.name));
        self.peers.iter().for_each(|seat| observer.meet(seat.process, &seat.name));
    }

    /// The programs that must be started and have not been.
    pub(super) fn never_started(&self) -> impl Iterator<Item = &String> {
        let started = |command: &String| self.programs.borrow().iter().any(|seat| seat.command == *command);
        let commands = self.play.programs.iter().map(|(command, _)| command);
        commands.filter(move |command| self.play.programs_count && !started(command))
    }

    /// Every peer and every program that was started and counts, and how far each is.
    pub(super) fn actors(&self) -> impl Iterator<Item = (String, PeerState)> {
        let (peers, counted) = (self.peers.len(), self.play.programs_count);
        let counts = move |index: usize, state: &PeerState| {
            index < peers || counted || !matches!(state, PeerState::Waiting { .. })
        };
        let everybody = self.everybody().enumerate();
        everybody.filter(move |(index, (_, state))| counts(*index, state)).map(|(_, actor)| actor)
    }

    /// Every peer, then every program that was started, and how far each is.
    pub(super) fn everybody(&self) -> impl Iterator<Item = (String, PeerState)> {
        let peers = self.peers.iter().map(|seat| (format!("peer {}", seat.name), seat.run.borrow().state()));
        let programs: Vec<_> = self
            .programs
            .borrow()
            .iter()
            .map(|seat| (format!("program {}", seat.name), seat.run.borrow().state()))
            .collect();
        peers.chain(programs)
    }

    /// Whether all scripts have come to their ends.
    pub(super) fn is_finished(&self) -> bool {
        let all_started = self.never_started().next().is_none();
        let ended = self.course().has_ended(self.play);
        all_started && ended && self.actors().all(|(_, state)| state == PeerState::Finished)
    }

    /// When an oracle wants to be asked next.
    pub(super) fn next_question(&self, now: Instant) -> Option<Instant> {
        self.speakers.iter().filter_map(|seat| seat.watch.borrow_mut().bench().deadline(now)).min()
    }

    /// What a peer of the last session still waits for, once every program has said all it has to say.
    pub(super) fn unmet_expectation(&self, now: Instant) -> Option<Alarm> {
        let busy = |seat: &ProgramSeat| matches!(seat.run.borrow().state(), PeerState::Waiting { .. });
        if self.programs.borrow().iter().any(busy) {
            return None;
        }
        let watch = self.speakers.first()?.watch.borrow();
        watch.sessions().iter().rev().find_map(|session| {
            let peer = self.peers.iter().find(|peer| Some(peer.process) == session.peer)?;
            let PeerState::Waiting { step, since } = peer.run.borrow().state() else { return None };
            Some(Alarm {
                oracle: Oracle::Unsent,
                at: now,
                since,
                creditor: Creditor::Session(session.key),
                what: step,
                clause: "bound of the run: what a peer must receive is on the wire by then",
            })
        })
    }

    /// What became of the first speaker's sessions.
    pub(super) fn course(&self) -> Course {
        self.speakers.first().map(|seat| Course::of(&seat.watch.borrow())).unwrap_or_default()
    }
}

/// The seed of one speaker: of the run and of its name, so that two speakers never wait for the same time, and one more
/// speaker leaves the others' draws alone.
fn seed_of(run: u64, name: &str) -> u64 {
    name.bytes().fold(Rng::new(run).next_u64(), |seed, octet| Rng::new(seed ^ u64::from(octet)).next_u64())
}

fn cut(world: &mut World, from: MachineId, to: MachineId, both: bool, cut: bool) {
    world.change_network(|network| {
        network.set_cut(from, to, cut);
        if both {
            network.set_cut(to, from, cut);
        }
    });
}

fn set_mtu(world: &mut World, (from, to): (MachineId, MachineId), both: bool, octets: Option<usize>) {
    world.change_network(|network| {
        network.set_black_hole(from, to, octets);
        if both {
            network.set_black_hole(to, from, octets);
        }
    });
}

fn jump(world: &mut World, machine: MachineId, by: i64) {
    if let Some(clock) = world.clock_mut(machine) {
        clock.jump(by);
    }
}

/// What a peer does to the world rather than through its sockets.
struct Hands {
    host: SimHost,
    machine: MachineId,
    speaker: Option<ProcessId>,
}

impl Beyond for Hands {
    fn signal_speaker(&self, signal: Signal) {
        if let Some(speaker) = self.speaker {
            self.host.provoke("signal", move |world| world.signal(speaker, number_of(signal)));
        }
    }

    fn jump_clock(&self, nanos: i64) {
        let machine = self.machine;
        self.host.provoke("clock jumps", move |world| jump(world, machine, nanos));
    }

    fn vanish(&self) {
        let machine = self.machine;
        self.host.provoke("power off", move |world| world.power_off(machine));
    }
}

/// The number of a signal on Linux.
fn number_of(signal: Signal) -> i32 {
    match signal {
        Signal::Hangup => 1,
        Signal::Interrupt => 2,
        Signal::User1 => 10,
        Signal::User2 => 12,
        Signal::Alarm => 14,
        Signal::Terminate => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_speakers_of_one_run_never_have_the_same_seed_and_a_run_repeats_both() {
        for run in 0..200 {
            assert_ne!(seed_of(run, "left"), seed_of(run, "right"), "run {run}");
            assert_ne!(seed_of(run, "left"), seed_of(run + 1, "left"), "run {run}");
            assert_eq!(seed_of(run, "left"), seed_of(run, "left"));
        }
        assert_ne!(seed_of(1, "ab"), seed_of(1, "ba"));
    }
}
