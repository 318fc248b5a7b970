//! The simulated machine as an engine: machines, the processes on them, and the faults to come.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use holdtime_core::Instant;
use holdtime_core::speaker::{ExitStatus, PipePaths, ProgramSpec, Signal, StreamId};
use holdtime_machine::choices::Choices;
use holdtime_machine::guest::{Guest, GuestCall, GuestFault, Guests};
use holdtime_machine::net::{LinkOptions, MachineId};
use holdtime_machine::trace::Observer;
use holdtime_machine::world::{Incident, IncidentKind, ProcessId, ProcessStanding, StreamLook};
use holdtime_machine::{Lab, LabSettings, SimHost, Stop, World};
use holdtime_reactor::Host;

use crate::actor::{GuestProgram, OutOfBand, drive_peer, drive_program};
use crate::scenario::script::ProgramScript;
use crate::scenario::{Fault, FaultKind, PathChange, Plan, PlayClient, PlayPeer, PlaySpeaker};
use crate::stage::cast::{Cast, ProgramSeats, pipes};
use crate::stage::engine::Engine;
use crate::stage::run::Run;
use crate::subject::MainTask;

/// SIGKILL.
const KILL: i32 = 9;

/// The lab, with everything in it.
pub(super) struct MachineEngine {
    lab: Lab,
    /// What a path is like where nothing is wrong with it.
    link: LinkOptions,
}

/// A process that begins in a speaker's place.
struct Successor {
    host: SimHost,
    at: Instant,
    main: MainTask,
}

/// Sets a run up.
///
/// # Errors
/// A configuration is wrong; the text says where.
pub(super) fn set<'p>(run: &Run<'p>, choices: Choices) -> Result<(Cast<'p>, MachineEngine), String> {
    let play = run.play;
    let plan = Plan::draw(&choices, play.latency);
    let settings = LabSettings {
        prices: plan.prices(&play.prices),
        link: plan.link(),
        cuts_per_mille: plan.cuts_per_mille,
        kernel: play.kernel,
        ..LabSettings::default()
    };
    let mut machine = MachineEngine { lab: Lab::drawn_from(&choices, settings), link: plan.link() };
    let mut cast = Cast::new(play, choices);
    for (command, scripts) in &play.programs {
        machine.add_program(command, scripts, &cast.programs);
    }
    if let Some(guests) = &play.guests {
        guests.commands.iter().for_each(|command| machine.add_guest(command, &guests.source, &cast.programs));
    }
    let mut machines = Vec::new();
    for speaker in &play.speakers {
        machines.push(machine.add_speaker(&mut cast, run, speaker)?);
    }
    let mut successors = Vec::new();
    for (speaker, own) in play.speakers.iter().zip(&machines) {
        for start in play.starts(&speaker.name).into_iter().skip(1) {
            successors.push(machine.add_successor(&mut cast, run, (speaker, *own), Instant::ZERO + start)?);
        }
    }
    for client in &play.clients {
        let speaker = play.speakers.iter().position(|speaker| speaker.name == client.speaker);
        if let Some(own) = speaker.and_then(|index| machines.get(index)).copied() {
            machine.add_client(&mut cast, client, own)?;
        }
    }
    for (index, peer) in play.peers.iter().enumerate() {
        let mut above = play.peers.iter().take(index);
        let host = above.position(|host| host.addresses == peer.addresses);
        let own = match host {
            _ if peer.addresses.is_empty() => machines.first().copied(),
            host => host.and_then(|host| machines.get(play.speakers.len() + host).copied()),
        };
        let own = own.unwrap_or_else(|| machine.lab.add_machine(&peer.addresses));
        machines.push(own);
        machine.add_peer(&mut cast, peer, own);
    }
    for fault in &play.faults {
        machine.add_fault(&cast, fault, &machines);
    }
    // After the faults: a machine has its power again in the moment in which its speaker is started.
    for Successor { host, at, main } in successors {
        machine.lab.spawn_main_at(&host, at, main);
    }
    Ok((cast, machine))
}

impl Engine for MachineEngine {
    fn now(&self) -> Instant {
        self.lab.world().now()
    }

    fn next_due(&self) -> Option<Instant> {
        self.lab.world().next_due()
    }

    fn run_until(&mut self, limit: Instant) -> Result<Stop, String> {
        Ok(self.lab.run_until(limit))
    }

    fn crash(&self) -> Option<(String, Instant)> {
        let world = self.lab.world();
        world.incidents().first().map(|incident| {
            let name = world.name_of(incident.process);
            let what = match &incident.kind {
                IncidentKind::OutOfFuel => "made calls without end in one turn".to_owned(),
                IncidentKind::Panicked(message) => format!("panicked: {message}"),
            };
            (format!("{name} {what}"), incident.at)
        })
    }

    fn spins(&self) -> Option<(ProcessId, Instant)> {
        let world = self.lab.world();
        let out_of_fuel = |incident: &&Incident| incident.kind == IncidentKind::OutOfFuel;
        world.incidents().first().filter(out_of_fuel).map(|incident| (incident.process, incident.at))
    }

    fn standing(&self, process: ProcessId) -> Option<ProcessStanding> {
        Some(self.lab.world().standing(process))
    }

    fn look(&self, process: ProcessId, stream: StreamId) -> Option<StreamLook> {
        self.lab.world().look(process, stream)
    }

    fn ends_as_linux_does(&self) -> bool {
        true
    }

    fn observe(&mut self, observer: Rc<RefCell<dyn Observer>>) {
        self.lab.world_mut().trace().observe(observer);
    }

    fn hash(&self) -> u64 {
        self.lab.hash()
    }

    fn steps(&self) -> u64 {
        self.lab.world_mut().trace().steps()
    }
}

impl MachineEngine {
    fn add_program(&mut self, command: &str, scripts: &[ProgramScript], seats: &ProgramSeats) {
        let (scripts, seats, named) = (scripts.to_vec(), seats.clone(), command.to_owned());
        let program = move |host: SimHost, spec: &ProgramSpec| {
            let run = seats.start(&named, &scripts, &spec.name, host.process());
            let future = async move { ExitStatus::Code(drive_program(&host, SimHost::STDIO, &run).await) };
            Box::pin(future) as std::pin::Pin<Box<dyn Future<Output = ExitStatus>>>
        };
        self.lab.world_mut().add_program(command, Rc::new(program));
    }

    fn add_guest(&mut self, command: &str, source: &Arc<dyn Guests>, seats: &ProgramSeats) {
        let (source, seats, named) = (source.clone(), seats.clone(), command.to_owned());
        let program = move |host: SimHost, spec: &ProgramSpec| {
            let run = seats.admit(&named, &spec.name, host.process());
            let (started, seats) = (source.start(spec), seats.clone());
            let future = async move { entertain(&host, started, &run, &seats).await };
            Box::pin(future) as std::pin::Pin<Box<dyn Future<Output = ExitStatus>>>
        };
        self.lab.world_mut().add_program(command, Rc::new(program));
    }

    fn add_speaker(
        &mut self,
        cast: &mut Cast<'_>,
        run: &Run<'_>,
        speaker: &PlaySpeaker,
    ) -> Result<MachineId, String> {
        let machine = self.lab.add_machine(&speaker.addresses);
        for file in &speaker.files {
            self.lab.world_mut().add_file(machine, &file.name, &file.text);
        }
        let host = self.lab.add_process(machine, &speaker.name);
        host.set_socket_options(speaker.options.clone());
        let (watch, main) = cast.add_speaker(run, speaker, (host.clone(), host.process()), host.now())?;
        self.observe(watch);
        self.lab.spawn_main(&host, main);
        Ok(machine)
    }

    /// Adds the process that is to begin in a speaker's place at this time.
    fn add_successor(
        &mut self,
        cast: &mut Cast<'_>,
        run: &Run<'_>,
        (speaker, machine): (&PlaySpeaker, MachineId),
        at: Instant,
    ) -> Result<Successor, String> {
        let host = self.lab.add_successor(machine, &speaker.name);
        host.set_socket_options(speaker.options.clone());
        let mut clock = self.lab.world_mut().clock_mut(machine).cloned().unwrap_or_default();
        run.play.jumps_before(&speaker.name, at - Instant::ZERO).for_each(|by| clock.jump(by));
        let (watch, main) = cast.add_speaker(run, speaker, (host.clone(), host.process()), clock.read(at))?;
        self.observe(watch);
        Ok(Successor { host, at, main })
    }

    fn add_client(
        &mut self,
        cast: &mut Cast<'_>,
        client: &PlayClient,
        machine: MachineId,
    ) -> Result<(), String> {
        let host = self.lab.add_process(machine, &client.name);
        host.handle_no_signals();
        // The other end of what the speaker opens.
        let PipePaths { read, write } = pipes();
        let opened = host.open_pipes(SimHost::STDIO, &PipePaths { read: write, write: read });
        opened.map_err(|error| format!("the client `{}` cannot open its pipes: {error}", client.name))?;
        let run = cast.add_client(client, host.process());
        let own = host.clone();
        let main = async move { u8::try_from(drive_program(&own, SimHost::STDIO, &run).await).unwrap_or(1) };
        self.lab.spawn_main(&host, main);
        Ok(())
    }

    fn add_peer(&mut self, cast: &mut Cast<'_>, peer: &PlayPeer, machine: MachineId) {
        let host = self.lab.add_process(machine, &peer.name);
        host.set_socket_options(peer.options.clone());
        host.handle_no_signals();
        let run = cast.add_peer(peer, host.process());
        let speaker = cast.play.speakers.first().map(|speaker| cast.processes_of(&speaker.name));
        let controls = LabControls { host: host.clone(), machine, speaker: speaker.unwrap_or_default() };
        let (place, own) = (peer.place, host.clone());
        let main = async move { u8::from(drive_peer(&own, &run, place, &controls).await.is_err()) };
        self.lab.spawn_main(&host, main);
    }

    fn add_fault(&mut self, cast: &Cast<'_>, fault: &Fault, machines: &[MachineId]) {
        let at = Instant::ZERO + fault.at;
        let speakers = cast.play.speakers.iter().map(|speaker| &speaker.name);
        let hosts: Vec<&String> = speakers.chain(cast.play.peers.iter().map(|peer| &peer.name)).collect();
        let position = |name: &str| hosts.iter().position(|known| *known == name);
        let machine = |name: &str| position(name).and_then(|index| machines.get(index)).copied();
        let process = |name: &str| latest(&cast.processes_of(name), at);
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
            FaultKind::Path { from, to, both, change, lasts } => {
                let (Some(from), Some(to)) = (machine(from), machine(to)) else { return };
                let path = Path { ends: (from, to), both: *both, usual: self.link.clone() };
                let (usual, change) = (path.clone(), *change);
                if at == Instant::ZERO {
                    path.change(&mut world, Some(change), change);
                } else {
                    world.at(at, change.verb(), move |world| path.change(world, Some(change), change));
                }
                if let Some(lasts) = lasts {
                    world.at(at + *lasts, "heal", move |world| usual.change(world, None, change));
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
                let (Some(process), number) = (process(host), signal.number().into()) else { return };
                world.at(at, "signal", move |world| world.signal(process, number));
            }
            FaultKind::Restart { host, machine: false, .. } => {
                let Some(process) = process(host) else { return };
                world.at(at, "kill", move |world| world.signal(process, KILL));
            }
            FaultKind::Restart { host, after, .. } => {
                let Some(machine) = machine(host) else { return };
                world.at(at, "power off", move |world| world.power_off(machine));
                world.at(at + *after, "power on", move |world| world.power_on(machine));
            }
        }
    }
}

/// Runs a real program to its end.
async fn entertain(
    host: &SimHost,
    started: Result<Box<dyn Guest>, GuestFault>,
    run: &RefCell<GuestProgram>,
    seats: &ProgramSeats,
) -> ExitStatus {
    let ended = match started {
        Ok(mut guest) => {
            let tell = |now, call: &GuestCall, is_gone| run.borrow_mut().called(now, call, is_gone);
            host.run_guest(guest.as_mut(), tell).await
        }
        Err(fault) => Err(fault),
    };
    if let Err(GuestFault::Unheld(why)) = &ended {
        seats.refuse(why.clone());
    }
    let status = *ended.as_ref().unwrap_or(&ExitStatus::Code(1));
    run.borrow_mut().ended(ended);
    status
}

/// The process that a host's name stands for at a time: the last one that has begun.
fn latest(processes: &[(Instant, ProcessId)], at: Instant) -> Option<ProcessId> {
    processes.iter().rfind(|(since, _)| *since <= at).map(|(_, process)| *process)
}

fn cut(world: &mut World, from: MachineId, to: MachineId, both: bool, cut: bool) {
    world.change_network(|network| {
        network.set_cut(from, to, cut);
        if both {
            network.set_cut(to, from, cut);
        }
    });
}

/// A path between two machines, and what it is like where nothing is wrong with it.
#[derive(Clone)]
struct Path {
    ends: (MachineId, MachineId),
    both: bool,
    usual: LinkOptions,
}

impl Path {
    /// Makes this of it, or what it usually is in this respect.
    fn change(&self, world: &mut World, to: Option<PathChange>, respect: PathChange) {
        let set = |options: &mut LinkOptions| {
            let usual = &self.usual;
            match (to, respect) {
                (Some(PathChange::Mtu(octets)), _) => options.black_hole_above = Some(octets),
                (Some(PathChange::Loss(packets)), _) => options.loss_per_mille = packets,
                (Some(PathChange::Latency(time)), _) => options.latency = time,
                (Some(PathChange::Jitter(time)), _) => options.jitter = time,
                (Some(PathChange::Bandwidth(octets)), _) => options.bandwidth = Some(octets),
                (None, PathChange::Mtu(_)) => options.black_hole_above = usual.black_hole_above,
                (None, PathChange::Loss(_)) => options.loss_per_mille = usual.loss_per_mille,
                (None, PathChange::Latency(_)) => options.latency = usual.latency,
                (None, PathChange::Jitter(_)) => options.jitter = usual.jitter,
                (None, PathChange::Bandwidth(_)) => options.bandwidth = usual.bandwidth,
            }
        };
        let (from, to) = self.ends;
        world.change_network(|network| {
            network.change_link(from, to, set);
            if self.both {
                network.change_link(to, from, set);
            }
        });
    }
}

fn jump(world: &mut World, machine: MachineId, by: i64) {
    if let Some(clock) = world.clock_mut(machine) {
        clock.jump(by);
    }
}

/// What a peer does to the world rather than through its sockets.
struct LabControls {
    host: SimHost,
    machine: MachineId,
    /// The first speaker's processes, and since when there is each.
    speaker: Vec<(Instant, ProcessId)>,
}

impl OutOfBand for LabControls {
    fn signal_speaker(&self, signal: Signal) {
        let processes = self.speaker.clone();
        self.host.provoke("signal", move |world| {
            if let Some(speaker) = latest(&processes, world.now()) {
                world.signal(speaker, signal.number().into());
            }
        });
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
