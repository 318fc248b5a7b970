//! Everything a run consists of besides its tasks: machines, network, pipes, processes and what is to happen when.
//!
//! The [`World`] is passive. The executor moves its time and hands it what is due; processes change it through their
//! [`SimHost`](crate::host::SimHost); a scenario's faults change it directly.

mod calls;
mod look;
mod pipe;
mod prices;
mod process;
mod process_table;
mod programs;

pub use crate::id::ProcessId;
pub use look::{FlowLook, ProcessStanding, StreamLook, StreamMaterial};
pub use prices::Prices;
pub use process::{Life, Usage};
use process_table::ProcessTable;

pub(crate) use process::{Child, Descriptor, OpenStream, ProcessState, StreamEnds};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

use holdtime_host::time::{Duration, Instant};

use holdtime_host::{ExitStatus, ProgramSpec, Signal};

use crate::choices::{ActorId, Choices};
use crate::clock::Clock;
use crate::executor::{Agenda, DueClass, LocalFuture};
use crate::id::{PipeId, TaskId};
use crate::net::{Effect, Kernel, LinkOptions, MachineId, Network, Segment, SocketId};
use crate::trace::{Step, Trace};
use pipe::Pipe;

/// What a run is set up with, besides its topology.
#[derive(Clone, Debug)]
pub struct LabSettings {
    /// What computing costs.
    pub prices: Prices,
    /// How many calls on its host a task may make in one turn before it counts as caught in a loop.
    pub fuel: u32,
    /// How every path between two machines behaves unless set otherwise.
    pub link: LinkOptions,
    /// How many segments in a thousand are cut short, by as much as is drawn.
    pub cuts_per_mille: u32,
    /// What every machine's kernel is set to.
    pub kernel: Kernel,
}

impl Default for LabSettings {
    fn default() -> Self {
        Self {
            prices: Prices::default(),
            fuel: 100_000,
            link: LinkOptions::default(),
            cuts_per_mille: 0,
            kernel: Kernel::default(),
        }
    }
}

/// Something that stopped a process from outside its own logic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Which process.
    pub process: ProcessId,
    /// The task that ran.
    pub task: TaskId,
    /// When.
    pub at: Instant,
    /// What it was.
    pub kind: IncidentKind,
}

/// What stopped a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncidentKind {
    /// A loop inside one turn: the fuel for calls on the host ran out.
    OutOfFuel,
    /// It panicked, with this message.
    Panicked(String),
}

/// What the agenda holds.
pub(crate) enum Due {
    Arrive(MachineId, Box<Segment>),
    Alarm(SocketId),
    Unreachable(SocketId),
    /// A deadline of a task.
    Wake(Waker),
    /// A process's processor is free again.
    Free(ProcessId),
    /// So many octets of a pipe may be read.
    Show(PipeId, usize),
    /// A page of a pipe may be written.
    Room(PipeId),
    /// The writing end of a pipe was closed.
    WriterGone(PipeId),
    /// The reading end of a pipe was closed.
    ReaderGone(PipeId),
    /// A program and what it started are signalled.
    SignalGroup(ProcessId, i32),
    Fault(String, Box<dyn FnOnce(&mut World)>),
}

impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrive(machine, segment) => f.debug_tuple("Arrive").field(machine).field(segment).finish(),
            Self::Fault(what, _) => f.debug_tuple("Fault").field(what).finish(),
            Self::Wake(_) => f.write_str("Wake"),
            _ => f.write_str("…"),
        }
    }
}

/// The world of one run.
#[derive(Debug)]
pub struct World {
    pub(crate) now: Instant,
    pub(crate) agenda: Agenda<Due>,
    pub(crate) settings: LabSettings,
    pub(crate) choices: Choices,
    network: Network,
    clocks: Vec<Clock>,
    processes: ProcessTable,
    pipes: Vec<PipeEnds>,
    /// Who is told when a socket becomes ready.
    socket_owners: Vec<Option<(ProcessId, Descriptor)>>,
    programs: Programs,
    files: BTreeMap<(MachineId, String), String>,
    named_pipes: BTreeMap<(MachineId, String), PipeId>,
    trace: Trace,
    incidents: Vec<Incident>,
    /// Tasks that were spawned and that the executor has not taken yet.
    pub(crate) spawned: Vec<(TaskId, ProcessId, LocalFutureBox)>,
    pub(crate) next_task: u32,
    /// Processes whose tasks the executor is to drop.
    pub(crate) doomed: Vec<ProcessId>,
    /// Processes that may have become able to run.
    pub(crate) resumed: Vec<ProcessId>,
}

/// A future without `Debug`.
pub(crate) struct LocalFutureBox(pub(crate) LocalFuture);

impl fmt::Debug for LocalFutureBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task")
    }
}

/// Starts a program as this process: what it does is the future, which resolves with its exit status.
pub(crate) type StartProgram =
    Rc<dyn Fn(Rc<RefCell<World>>, ProcessId, &ProgramSpec) -> Pin<Box<dyn Future<Output = ExitStatus>>>>;

#[derive(Default)]
struct Programs(BTreeMap<String, StartProgram>);

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[derive(Debug, Default)]
struct PipeEnds {
    pipe: Pipe,
    /// Every process that holds an end, by its name for it: a child's children inherit what it has.
    readers: Vec<(ProcessId, Descriptor)>,
    writers: Vec<(ProcessId, Descriptor)>,
    /// A named pipe: held open on both ends by the host, as ExaBGP does.
    named: bool,
}

impl World {
    pub(crate) fn new(choices: &Choices, settings: LabSettings) -> Self {
        let mut network = Network::new(choices, settings.link.clone(), settings.cuts_per_mille);
        network.set_kernel(settings.kernel);
        Self {
            now: Instant::ZERO,
            agenda: Agenda::default(),
            settings,
            choices: choices.clone(),
            network,
            clocks: Vec::new(),
            processes: ProcessTable::default(),
            pipes: Vec::new(),
            socket_owners: Vec::new(),
            programs: Programs::default(),
            files: BTreeMap::new(),
            named_pipes: BTreeMap::new(),
            trace: Trace::default(),
            incidents: Vec::new(),
            spawned: Vec::new(),
            next_task: 0,
            doomed: Vec::new(),
            resumed: Vec::new(),
        }
    }

    // What a scenario sets up.

    /// Adds a machine with these addresses and this clock.
    pub fn add_machine(&mut self, addresses: Vec<std::net::IpAddr>, clock: Clock) -> MachineId {
        self.clocks.push(clock);
        self.network.add_machine(addresses)
    }

    /// Adds a process without any task yet.
    pub(crate) fn add_process(&mut self, machine: MachineId, name: &str) -> ProcessId {
        let process = self.process_drawn_as(machine, name, self.choices.actor(name));
        self.processes.add(process)
    }

    /// Adds one that begins in the place of another one.
    pub(crate) fn add_successor(&mut self, machine: MachineId, name: &str) -> ProcessId {
        let process = self.process_drawn_as(machine, name, self.choices.actor(name));
        self.processes.add_successor(process)
    }

    /// Adds a process that another one has started; what is drawn for it is drawn under both names.
    fn add_child(&mut self, parent: ProcessId, name: &str) -> ProcessId {
        let actor = self.choices.actor(&format!("{}/{name}", self.process(parent).name));
        let process = self.process_drawn_as(self.process(parent).machine, name, actor);
        self.processes.add(process)
    }

    fn process_drawn_as(&self, machine: MachineId, name: &str, actor: ActorId) -> ProcessState {
        let mut process = ProcessState::new(name.to_owned(), machine, actor);
        process.handled.extend([Signal::Terminate, Signal::Interrupt, Signal::Hangup]);
        process.handled.extend([Signal::Alarm, Signal::User1, Signal::User2]);
        process
    }

    pub(crate) fn insert_program(&mut self, path: &str, start: StartProgram) {
        self.programs.0.insert(path.to_owned(), start);
    }

    /// Puts a file on a machine.
    pub fn add_file(&mut self, machine: MachineId, name: &str, text: &str) {
        self.files.insert((machine, name.to_owned()), text.to_owned());
    }

    /// The trace, to observe it or to read its hash.
    pub fn trace(&mut self) -> &mut Trace {
        &mut self.trace
    }

    // What a scenario does to it.

    /// Does something at a time of the lab's; `what` names it in the trace.
    pub fn at(&mut self, at: Instant, what: &str, fault: impl FnOnce(&mut Self) + 'static) {
        self.agenda.enter(at, DueClass::Outside, Due::Fault(what.to_owned(), Box::new(fault)));
    }

    /// Changes the network (cut a direction, set a link).
    pub fn change_network(&mut self, change: impl FnOnce(&mut Network)) {
        change(&mut self.network);
        self.absorb();
    }

    /// A machine's clock, to make it jump.
    pub fn clock_mut(&mut self, machine: MachineId) -> Option<&mut Clock> {
        self.clocks.get_mut(machine.0 as usize)
    }

    /// A power cut: the machine's processes and sockets are gone, and nobody is told.
    pub fn power_off(&mut self, machine: MachineId) {
        self.network.power_off(machine);
        for id in self.processes.ids() {
            if self.process(id).machine == machine && !self.process(id).is_absent() {
                self.record(id, &Step::Exited(id, ExitStatus::Signal(9)));
                self.process_mut(id).life = Life::Over(ExitStatus::Signal(9));
                self.doomed.push(id);
            }
        }
    }

    /// The machine is back, with nothing running.
    pub fn power_on(&mut self, machine: MachineId) {
        self.network.power_on(machine);
    }

    /// Starts a process whose time has come, if its machine has power.
    pub(crate) fn start(&mut self, process: ProcessId, main: LocalFuture) {
        if self.process(process).life == Life::Unstarted
            && self.network.has_power(self.process(process).machine)
        {
            self.process_mut(process).life = Life::Running;
            self.spawn(process, main);
        }
    }

    /// SIGSTOP.
    pub fn suspend(&mut self, process: ProcessId) {
        if self.process(process).life == Life::Running {
            self.process_mut(process).life = Life::Suspended;
            let now = self.now;
            self.trace.record(now, &Step::Runs(process, false));
        }
    }

    /// SIGCONT.
    pub fn resume(&mut self, process: ProcessId) {
        if self.process(process).life == Life::Suspended {
            self.process_mut(process).life = Life::Running;
            self.resumed.push(process);
            let now = self.now;
            self.trace.record(now, &Step::Runs(process, true));
        }
    }

    /// Signals a process, by number.
    pub fn signal(&mut self, process: ProcessId, number: i32) {
        let handled = Signal::ALL.into_iter().find(|signal| i32::from(signal.number()) == number);
        if self.process(process).is_absent() {
            return;
        }
        self.trace.record(self.now, &Step::Signalled(process, number));
        match handled.filter(|signal| self.process(process).handled.contains(signal)) {
            None => self.end(process, ExitStatus::Signal(number)),
            Some(signal) => {
                let process = self.process_mut(process);
                if !process.signals.contains(&signal) {
                    process.signals.push_back(signal);
                }
                if let Some(waker) = process.signal_waker.take() {
                    waker.wake();
                }
                process.wake_waiter();
            }
        }
    }

    // What others want to know.

    /// The lab's time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// When the next thing is due, whatever it is.
    pub fn next_due(&self) -> Option<Instant> {
        self.agenda.next_at()
    }

    /// The network, to look at its sockets.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Whether a process runs.
    pub fn life(&self, process: ProcessId) -> Life {
        self.process(process).life
    }

    /// What a process has done so far.
    pub fn tally(&self, process: ProcessId) -> Usage {
        self.process(process).tally
    }

    /// The name a process was given.
    pub fn name_of(&self, process: ProcessId) -> &str {
        &self.process(process).name
    }

    /// The machine a process runs on.
    pub fn machine_of(&self, process: ProcessId) -> MachineId {
        self.process(process).machine
    }

    /// Every process so far.
    pub fn processes(&self) -> impl Iterator<Item = ProcessId> + use<> {
        self.processes.ids()
    }

    /// What stopped processes from outside their own logic, in order.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    pub(crate) fn process(&self, id: ProcessId) -> &ProcessState {
        self.processes.get(id)
    }

    pub(crate) fn process_mut(&mut self, id: ProcessId) -> &mut ProcessState {
        self.processes.get_mut(id)
    }

    /// The time at which a process's present turn has arrived.
    pub(crate) fn local_time(&self, process: ProcessId) -> Instant {
        self.now + self.process(process).spent
    }

    pub(crate) fn record(&mut self, process: ProcessId, step: &Step<'_>) {
        let at = self.local_time(process);
        self.trace.record(at, step);
    }

    // How it works.

    /// Lets what is due happen. Wakers that a deadline wakes are returned, for the executor to wake last.
    pub(crate) fn happen(&mut self, due: Due) -> Option<Waker> {
        let now = self.now;
        match due {
            Due::Arrive(machine, segment) => self.network.deliver(now, machine, *segment),
            Due::Alarm(socket) => self.network.on_alarm(now, socket),
            Due::Unreachable(socket) => self.network.on_unreachable(now, socket),
            Due::Wake(waker) => return Some(waker),
            Due::Free(process) => self.resumed.push(process),
            Due::Show(pipe, octets) => self.change_pipe(pipe, |pipe| pipe.show(octets)),
            Due::Room(pipe) => self.change_pipe(pipe, |_| ()),
            Due::WriterGone(pipe) => self.change_pipe(pipe, |pipe| pipe.writer_gone = true),
            Due::ReaderGone(pipe) => self.change_pipe(pipe, |pipe| pipe.reader_gone = true),
            Due::SignalGroup(leader, number) => {
                let members = self.processes().filter(|id| {
                    let process = self.process(*id);
                    *id == leader || process.group == Some(leader)
                });
                members.collect::<Vec<_>>().into_iter().for_each(|member| self.signal(member, number));
            }
            Due::Fault(what, fault) => {
                self.trace.record(now, &Step::Fault(&what));
                fault(self);
            }
        }
        self.absorb();
        None
    }

    fn change_pipe(&mut self, pipe: PipeId, change: impl FnOnce(&mut Pipe)) {
        let Some(ends) = self.pipes.get_mut(pipe.0 as usize) else { return };
        change(&mut ends.pipe);
        for index in 0.. {
            let Some(ends) = self.pipes.get(pipe.0 as usize) else { return };
            let Some((process, name)) = ends.readers.iter().chain(&ends.writers).nth(index).copied() else {
                return;
            };
            self.announce(process, name);
        }
    }

    /// Carries out what the network's last calls have set in motion.
    pub(crate) fn absorb(&mut self) {
        let mut effects = self.network.take_effects();
        for effect in effects.drain(..) {
            match effect {
                Effect::Sent { from, at, arrival, segment } => {
                    let arrives = arrival.map(|(_, at)| at);
                    self.trace.record(at, &Step::Sent(from, &segment, arrives));
                    if let Some((to, arrives)) = arrival {
                        self.agenda.enter(arrives, DueClass::Outside, Due::Arrive(to, Box::new(segment)));
                    }
                }
                Effect::Alarm { socket, at } => {
                    self.agenda.enter(at, DueClass::Outside, Due::Alarm(socket));
                }
                Effect::Unreachable { socket, at } => {
                    self.agenda.enter(at, DueClass::Outside, Due::Unreachable(socket));
                }
                Effect::Ready(socket) => {
                    let owner = self.socket_owners.get(socket.0 as usize).copied().flatten();
                    if let Some((process, name)) = owner {
                        self.announce(process, name);
                    }
                }
            }
        }
        self.network.reuse(effects);
    }

    /// Tells a process that something of its own may be ready, and wakes the tasks for which it is.
    pub(crate) fn announce(&mut self, id: ProcessId, name: Descriptor) {
        self.note_edge(id, name);
        let mut found = self.ready_of(id, name).peekable();
        if found.peek().is_none() {
            return;
        }
        let process = self.process_mut(id);
        process.may_be_ready(name);
        process.wake_waiter();
        for ready in found {
            process.wake_for(ready);
        }
    }

    /// Ends a process: its files are closed, its parent is told, its tasks will be dropped.
    pub(crate) fn end(&mut self, id: ProcessId, status: ExitStatus) {
        if self.process(id).is_over() {
            return;
        }
        self.record(id, &Step::Exited(id, status));
        let streams: Vec<_> = self.process(id).streams.keys().copied().collect();
        let listeners: Vec<_> = self.process(id).listeners.keys().copied().collect();
        streams.into_iter().for_each(|stream| self.let_go(id, stream));
        listeners.into_iter().for_each(|listener| self.unlisten(id, listener));
        let process = self.process_mut(id);
        process.life = Life::Over(status);
        let parent = process.parent;
        self.doomed.push(id);
        if let Some((parent, stream)) = parent {
            let parent = self.process_mut(parent);
            if let Some(child) = parent.children.get_mut(&stream) {
                child.status = Some(status);
                if let Some(waker) = child.waker.take() {
                    waker.wake();
                }
            }
            parent.wake_waiter();
        }
    }

    pub(crate) fn report(&mut self, process: ProcessId, task: TaskId, kind: IncidentKind) {
        let at = self.local_time(process);
        self.incidents.push(Incident { process, task, at, kind });
        self.end(process, ExitStatus::Signal(6));
    }

    /// Enters a deadline of a task.
    pub(crate) fn wake_at(&mut self, at: Instant, waker: Waker) -> crate::executor::EntryId {
        self.agenda.enter(at, DueClass::Deadline, Due::Wake(waker))
    }

    /// Charges a process for computing.
    pub(crate) fn charge(&mut self, process: ProcessId, cost: Duration) {
        self.process_mut(process).spent += cost;
    }
}
