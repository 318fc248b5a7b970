//! The lab's executor: one thread, a virtual clock, and a choice of what runs next.
//!
//! ```text
//! loop {
//!     a process that can run, drawn → one of its ready tasks, drawn → one turn
//!     the turn's cost keeps the process's own processor busy; other processes go on meanwhile
//!     nothing can run: jump to the next entry of the agenda
//! }
//! ```
//!
//! Idle time costs nothing, because there are no ticks.

mod agenda;
mod fuel;
mod task;
mod watchdog;

pub use crate::id::TaskId;
pub use agenda::{Agenda, DueClass, EntryId, Rank};
pub(crate) use fuel::OutOfFuel;
pub use task::{Join, LocalFuture};
pub use watchdog::TurnWatchdog;

use std::cell::{Ref, RefCell, RefMut};
use std::future::Future;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use holdtime_host::time::Instant;

use crate::choices::{ActorId, ChoiceSource, Choices, Site};
use crate::clock::Clock;
use crate::host::SimHost;
use crate::net::MachineId;
use crate::trace::{Step, Woken};
use crate::world::{IncidentKind, LabSettings, Life, ProcessId, World};
use task::{Cause, Seat, SpawnedTask, WakeList};

/// Why a run has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The time that was asked for has come.
    Limit,
    /// Nothing will ever happen again.
    Quiet,
}

/// A run: a world and the tasks in it.
pub struct Lab {
    choices: Choices,
    /// For whom it is drawn which process runs.
    actor: ActorId,
    world: Rc<RefCell<World>>,
    tasks: Vec<Option<SpawnedTask>>,
    woken: WakeList,
    /// What is known of each process, by its number.
    seats: Vec<Seat>,
    /// Processes that have a ready task and a free processor.
    runnable: Vec<ProcessId>,
    /// Room for those whose deadlines have come, and for those that were woken.
    deadlines: Vec<Waker>,
    taken: Vec<TaskId>,
    watchdog: Option<TurnWatchdog>,
}

impl Drop for Lab {
    /// What was still to come may hold hosts, such as a process that was to be started, and hosts hold the world that holds it.
    fn drop(&mut self) {
        if let Ok(mut world) = self.world.try_borrow_mut() {
            let agenda = std::mem::take(&mut world.agenda);
            drop(world);
            drop(agenda);
        }
    }
}

impl Lab {
    /// An empty run of `seed`.
    pub fn new(seed: u64, settings: LabSettings) -> Self {
        Self::drawn_from(&Choices::new(&ChoiceSource::Seed(seed)), settings)
    }

    /// An empty run whose draws these are.
    pub fn drawn_from(choices: &Choices, settings: LabSettings) -> Self {
        Self {
            choices: choices.clone(),
            actor: choices.actor("lab"),
            world: Rc::new(RefCell::new(World::new(choices, settings))),
            tasks: Vec::new(),
            woken: WakeList::default(),
            seats: Vec::new(),
            runnable: Vec::new(),
            deadlines: Vec::new(),
            taken: Vec::new(),
            watchdog: None,
        }
    }

    /// Has this watchdog look after every turn.
    pub fn watch(&mut self, watchdog: TurnWatchdog) {
        self.watchdog = Some(watchdog);
    }

    /// The world, to look at it.
    pub fn world(&self) -> Ref<'_, World> {
        self.world.borrow()
    }

    /// The world, to set it up or to change it between two calls of [`run_until`](Self::run_until).
    pub fn world_mut(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }

    /// Adds a machine with these addresses and an exact clock.
    pub fn add_machine(&mut self, addresses: &[IpAddr]) -> MachineId {
        self.world.borrow_mut().add_machine(addresses.to_vec(), Clock::default())
    }

    /// Adds a process to a machine, and returns its handle. It does nothing until something is
    /// [spawned](Self::spawn) for it.
    pub fn add_process(&mut self, machine: MachineId, name: &str) -> SimHost {
        let process = self.world.borrow_mut().add_process(machine, name);
        SimHost::new(self.world.clone(), process)
    }

    /// Adds a process that begins in the place of another one, without any task yet. The numbers of others do not hang on it.
    pub fn add_successor(&mut self, machine: MachineId, name: &str) -> SimHost {
        let process = self.world.borrow_mut().add_successor(machine, name);
        SimHost::new(self.world.clone(), process)
    }

    /// Runs a task for a process.
    pub fn spawn(&mut self, host: &SimHost, task: impl Future<Output = ()> + 'static) {
        self.world.borrow_mut().spawn(host.process(), Box::pin(task));
    }

    /// Runs a process's main task: the process is over when it resolves.
    pub fn spawn_main(&mut self, host: &SimHost, task: impl Future<Output = u8> + 'static) {
        let main = self.main(host, task);
        self.world.borrow_mut().spawn(host.process(), main);
    }

    /// Runs a process's main task from this time on. Until then there is no such process, for signals and power cuts neither; and there never
    /// is where its machine has no power then.
    pub fn spawn_main_at(&mut self, host: &SimHost, at: Instant, task: impl Future<Output = u8> + 'static) {
        let (main, process) = (self.main(host, task), host.process());
        let mut world = self.world.borrow_mut();
        world.process_mut(process).life = Life::Unstarted;
        world.at(at, "start", move |world| world.start(process, main));
    }

    /// A process's main task, with whose end it is over.
    fn main(&self, host: &SimHost, task: impl Future<Output = u8> + 'static) -> LocalFuture {
        let (world, process) = (self.world.clone(), host.process());
        Box::pin(async move {
            let code = task.await;
            let status = holdtime_host::ExitStatus::Code(code.into());
            world.borrow_mut().end(process, status);
        })
    }

    /// The hash of everything that has happened so far.
    pub fn hash(&self) -> u64 {
        self.world.borrow_mut().trace().hash()
    }

    /// Runs until the lab's time is `limit`, or until nothing will ever happen again.
    pub fn run_until(&mut self, limit: Instant) -> Stop {
        loop {
            let (spawned, doomed, resumed) = self.world.borrow().has_news();
            if spawned {
                self.take_spawned();
            }
            self.take_woken(Cause::Input);
            if doomed {
                self.bury_the_doomed();
            }
            if resumed {
                self.take_resumed();
            }
            if !self.runnable.is_empty() {
                self.run_one();
                continue;
            }
            let next = self.world.borrow().agenda.next_at();
            match next {
                Some(at) if at <= limit => self.advance(at),
                next => {
                    let mut world = self.world.borrow_mut();
                    world.now = world.now.max(limit);
                    return if next.is_some() { Stop::Limit } else { Stop::Quiet };
                }
            }
        }
    }

    /// Moves the time to the next instant at which something is due, and lets all of it happen.
    fn advance(&mut self, at: Instant) {
        {
            let mut world = self.world.borrow_mut();
            world.now = world.now.max(at);
            while let Some((_, _, due)) = world.agenda.take_until(at) {
                self.deadlines.extend(world.happen(due));
            }
        }
        self.take_woken(Cause::Input);
        if !self.deadlines.is_empty() {
            self.deadlines.drain(..).for_each(Waker::wake);
            self.take_woken(Cause::Deadline);
        }
    }

    fn take_spawned(&mut self) {
        let spawned = std::mem::take(&mut self.world.borrow_mut().spawned);
        for (id, process, future) in spawned {
            let waker = self.woken.waker(id);
            self.seat(process).tasks.insert(id);
            self.tasks.push(Some(SpawnedTask {
                process,
                future: future.0,
                waker,
                queued: false,
                yielded: false,
                woken: Woken::Readiness,
            }));
            self.woken.push(id);
        }
    }

    fn take_woken(&mut self, cause: Cause) {
        if !self.woken.any() {
            return;
        }
        let mut taken = std::mem::take(&mut self.taken);
        self.woken.take_into(&mut taken);
        for id in taken.drain(..) {
            let Some(task) = self.tasks.get_mut(id.0 as usize).and_then(Option::as_mut) else { continue };
            if std::mem::replace(&mut task.queued, true) {
                continue;
            }
            task.woken = match cause {
                _ if std::mem::take(&mut task.yielded) => Woken::Itself,
                Cause::Input => Woken::Readiness,
                Cause::Deadline => Woken::Deadline,
            };
            let process = task.process;
            self.seat(process).ready.push(id, cause);
            self.consider(process);
        }
        self.taken = taken;
    }

    fn seat(&mut self, process: ProcessId) -> &mut Seat {
        let index = process.0 as usize;
        if self.seats.len() <= index {
            self.seats.resize_with(index + 1, Seat::default);
        }
        &mut self.seats[index]
    }

    /// Lets a process run where it has something to do and can, or once its processor is free.
    fn consider(&mut self, process: ProcessId) {
        let seat = self.seat(process);
        if seat.runnable || seat.ready.is_empty() {
            return;
        }
        let mut world = self.world.borrow_mut();
        if can_run(&world, process) {
            drop(world);
            self.seat(process).runnable = true;
            self.runnable.push(process);
        } else {
            world.await_processor(process);
        }
    }

    /// Considers again the processes whose processor is free, or which were continued.
    fn take_resumed(&mut self) {
        let mut resumed = std::mem::take(&mut self.world.borrow_mut().resumed);
        resumed.drain(..).for_each(|process| self.consider(process));
        // Considering resumes nobody.
        self.world.borrow_mut().resumed = resumed;
    }

    /// Drops the tasks of processes that are over.
    fn bury_the_doomed(&mut self) {
        let doomed = std::mem::take(&mut self.world.borrow_mut().doomed);
        for process in doomed {
            let seat = std::mem::take(self.seat(process));
            if seat.runnable {
                self.runnable.retain(|other| *other != process);
            }
            for task in seat.tasks {
                drop(self.tasks.get_mut(task.0 as usize).and_then(Option::take));
            }
        }
    }

    /// Gives one task one turn.
    fn run_one(&mut self) {
        let index = self.choices.pick(Site::Process, self.actor, &self.runnable, |process| process.0);
        let process = self.runnable.remove(index);
        self.seat(process).runnable = false;
        if !can_run(&self.world.borrow(), process) {
            return;
        }
        let Some(id) = self.draw(process) else { return };
        let Some(mut task) = self.tasks.get_mut(id.0 as usize).and_then(Option::take) else { return };
        task.queued = false;
        self.world.borrow_mut().begin_turn(process);
        let waker = task.waker.clone();
        let mut context = Context::from_waker(&waker);
        if let Some(watchdog) = &self.watchdog {
            watchdog.begin(id);
        }
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        if let Some(watchdog) = &self.watchdog {
            watchdog.end();
        }
        match polled {
            Ok(Poll::Pending) => {
                self.world.borrow_mut().end_turn(process, id, task.woken);
                task.yielded = self.woken.has(id);
                self.tasks[id.0 as usize] = Some(task);
            }
            Ok(Poll::Ready(())) => {
                self.world.borrow_mut().record(process, &Step::TaskEnded(process, id));
                self.world.borrow_mut().end_turn(process, id, task.woken);
                self.seat(process).tasks.remove(&id);
                drop(task);
            }
            Err(payload) => {
                let kind = kind_of(payload.as_ref());
                self.world.borrow_mut().report(process, id, kind);
                self.world.borrow_mut().end_turn(process, id, task.woken);
                drop(task);
            }
        }
        self.consider(process);
    }

    fn draw(&mut self, process: ProcessId) -> Option<TaskId> {
        let actor = self.world.borrow().process(process).actor;
        self.seats.get_mut(process.0 as usize)?.ready.draw(&self.choices, actor)
    }
}

fn can_run(world: &World, process: ProcessId) -> bool {
    let process = world.process(process);
    process.life == Life::Running && process.busy_until <= world.now
}

fn kind_of(payload: &(dyn std::any::Any + Send)) -> IncidentKind {
    if payload.is::<OutOfFuel>() {
        return IncidentKind::OutOfFuel;
    }
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    IncidentKind::Panicked(text.unwrap_or_else(|| "without a message".to_owned()))
}

impl World {
    /// Whether tasks were spawned, processes are to be buried, and some may have become able to run.
    fn has_news(&self) -> (bool, bool, bool) {
        (!self.spawned.is_empty(), !self.doomed.is_empty(), !self.resumed.is_empty())
    }

    pub(crate) fn spawn(&mut self, process: ProcessId, task: LocalFuture) {
        let id = TaskId(self.next_task);
        self.next_task += 1;
        self.spawned.push((id, process, crate::world::LocalFutureBox(task)));
    }

    /// How many waits in a turn are answered at once before a task is made to yield, as in tokio.
    const PATIENCE: u32 = 128;

    fn begin_turn(&mut self, id: ProcessId) {
        let (fuel, price) = (self.settings.fuel, self.settings.prices.poll());
        let process = self.process_mut(id);
        process.spent = price;
        process.fuel = fuel;
        process.patience = Self::PATIENCE;
        process.tally.polls += 1;
    }

    fn end_turn(&mut self, id: ProcessId, task: TaskId, woken: Woken) {
        let now = self.now;
        let process = self.process_mut(id);
        let spent = std::mem::take(&mut process.spent);
        process.busy_until = now + spent;
        process.tally.busy += spent;
        process.fuel = u32::MAX;
        process.patience = u32::MAX;
        self.trace().record(now, &Step::Polled(id, task, spent, woken));
        // Nobody need be told that the processor is free again unless something waits for it; who does is told in its turn.
        let rank = self.agenda.rank();
        self.process_mut(id).freed = Some(rank);
    }

    /// Has the executor look at a process again as soon as its processor is free.
    fn await_processor(&mut self, id: ProcessId) {
        let now = self.now;
        let process = self.process_mut(id);
        let busy_until = process.busy_until;
        if busy_until > now
            && let Some(rank) = process.freed.take()
        {
            self.agenda.enter_ranked(rank, busy_until, DueClass::Outside, crate::world::Due::Free(id));
        }
    }

    /// Whether a wait of the present turn may still be answered at once.
    pub(crate) fn is_patient(&mut self, id: ProcessId) -> bool {
        let process = self.process_mut(id);
        match process.patience.checked_sub(1) {
            Some(left) => {
                process.patience = left;
                true
            }
            None => false,
        }
    }
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("world", &self.world).finish_non_exhaustive()
    }
}
