//! The simulated machine as a process sees it: `Host` and `AsyncHost` over the [`World`].
//!
//! Every call costs virtual time and burns fuel. When the fuel of a turn is used up, the process is caught in a loop
//! that no readiness will end: the call does not return, the task is unwound to the executor, and the run has an
//! [`Incident`](crate::world::Incident).

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use holdtime_host::time::{Instant, Now};

use holdtime_host::{
    AsyncHost, CloseKind, ConfigText, Ends, ExitStatus, Host, IoError, ListenOptions, ListenerId, PipePaths,
    ProgramSignal, ProgramSpec, Ready, Signal, StreamId, TcpOptions,
};

use crate::executor::{EntryId, Join, OutOfFuel};
use crate::net::{MachineId, Network, SocketOptions};
use crate::trace::Step;
use crate::world::{ProcessId, World};

/// What a program does when it is started: a future over its own process, which resolves with its exit status.
pub type Executable = Rc<dyn Fn(SimHost, &ProgramSpec) -> Pin<Box<dyn Future<Output = ExitStatus>>>>;

impl World {
    /// Says what a program of this path does when it is started, on any machine.
    pub fn add_program(&mut self, path: &str, program: Executable) {
        let start = move |world: Rc<RefCell<Self>>, process: ProcessId, spec: &ProgramSpec| {
            program(SimHost::new(world, process), spec)
        };
        self.insert_program(path, Rc::new(start));
    }
}

/// A process's handle on its machine. A clone is another handle of the same process.
#[derive(Clone, Debug)]
pub struct SimHost {
    world: Rc<RefCell<World>>,
    process: ProcessId,
}

impl SimHost {
    /// What a program calls its own standard input and output.
    pub const STDIO: StreamId = StreamId::from_u64(u64::MAX);

    pub(crate) fn new(world: Rc<RefCell<World>>, process: ProcessId) -> Self {
        Self { world, process }
    }

    /// The process.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Sets the buffers and segment size of every socket that the process opens from now on.
    pub fn set_socket_options(&self, options: SocketOptions) {
        self.world.borrow_mut().process_mut(self.process).socket_options = options;
    }

    /// Sets the backlog of every listener that the process opens from now on.
    pub fn set_backlog(&self, backlog: usize) {
        self.world.borrow_mut().process_mut(self.process).backlog = backlog;
    }

    /// Sets how many streams and listeners the process may have.
    pub fn set_max_files(&self, max: usize) {
        self.world.borrow_mut().process_mut(self.process).max_files = max;
    }

    /// Has every signal end the process, as it does by default.
    pub fn handle_no_signals(&self) {
        self.world.borrow_mut().process_mut(self.process).handled.clear();
    }

    /// Has the process collect this signal instead of ending by it. Only programs need to ask.
    pub fn handle_signal(&self, signal: Signal) {
        self.world.borrow_mut().process_mut(self.process).handled.insert(signal);
    }

    /// The next signal that this process was sent and has not collected.
    pub(crate) fn pending_signal(&self) -> Option<Signal> {
        self.world.borrow_mut().process_mut(self.process).signals.pop_front()
    }

    /// Leaves a signal that a wait has told of for who collects it later.
    pub(crate) fn keep_signal(&self, signal: Signal) {
        self.world.borrow_mut().process_mut(self.process).signals.push_back(signal);
    }

    /// Has something happen to the world as soon as this turn has come so far; `what` names it in the trace.
    pub fn provoke(&self, what: &str, fault: impl FnOnce(&mut World) + 'static) {
        let mut world = self.world.borrow_mut();
        let at = world.local_time(self.process);
        world.at(at, what, fault);
    }

    /// Changes the path from the process's machine to itself at once.
    pub fn change_own_path(&self, change: impl FnOnce(&mut Network, MachineId)) {
        let mut world = self.world.borrow_mut();
        let machine = world.process(self.process).machine;
        world.change_network(|network| change(network, machine));
    }

    /// Closes a stream as `close(2)` does: octets that nobody has read make it a reset.
    pub fn close_as_posix(&self, stream: StreamId) {
        self.call(|world, process| {
            world.let_go(process, stream);
            world.record(process, &Step::Closed(process, stream));
        });
    }

    /// Closes the reading end of a pair of pipes alone, as a program that closes its standard input does.
    pub fn close_input(&self, stream: StreamId) {
        self.call(|world, process| world.close_input(process, stream));
    }

    /// Leaves a child of its own in the background, which holds this program's output open until it ends; `run` is what it
    /// does.
    pub fn leave_behind<F: Future<Output = ExitStatus> + 'static>(
        &self,
        name: &str,
        run: impl FnOnce(Self) -> F,
    ) {
        let child = self.call(|world, process| world.fork(process, name));
        let host = Self::new(self.world.clone(), child);
        let run = run(host.clone());
        let main = async move {
            let status = run.await;
            host.world.borrow_mut().end(child, status);
        };
        self.world.borrow_mut().spawn(child, Box::pin(main));
    }

    /// Makes a call: charges for it and burns fuel.
    fn call<R>(&self, call: impl FnOnce(&mut World, ProcessId) -> R) -> R {
        let mut world = self.world.borrow_mut();
        let price = world.settings.prices.call();
        world.charge(self.process, price);
        let process = world.process_mut(self.process);
        process.tally.calls += 1;
        match process.fuel.checked_sub(1) {
            Some(left) => process.fuel = left,
            None => {
                drop(world);
                std::panic::resume_unwind(Box::new(OutOfFuel));
            }
        }
        call(&mut world, self.process)
    }

    /// Resolves once `is_ready` says so, or fails; until then `park` keeps the waker where it will be found.
    ///
    /// As in tokio, a task that always finds things ready is made to yield now and then.
    async fn until(
        &self,
        is_ready: impl Fn(&World, ProcessId) -> Result<bool, IoError>,
        park: impl Fn(&mut World, ProcessId, Waker),
    ) -> Result<(), IoError> {
        poll_fn(|context| {
            self.call(|world, process| match is_ready(world, process) {
                Err(error) => Poll::Ready(Err(error)),
                Ok(true) if world.is_patient(process) => Poll::Ready(Ok(())),
                Ok(true) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Ok(false) => {
                    park(world, process, context.waker().clone());
                    Poll::Pending
                }
            })
        })
        .await
    }

    /// Writes one line to the process's log.
    pub fn log(&self, text: &str) {
        self.call(|world, process| world.record(process, &Step::Logged(process, text)));
    }
}

impl Host for SimHost {
    fn now(&self) -> Now {
        self.call(|world, process| world.read_clock(process))
    }

    fn listen(
        &self,
        listener: ListenerId,
        address: SocketAddr,
        options: &ListenOptions,
    ) -> Result<SocketAddr, IoError> {
        self.call(|world, process| world.listen(process, listener, address, options))
    }

    fn unlisten(&self, listener: ListenerId) {
        self.call(|world, process| world.unlisten(process, listener));
    }

    fn set_accepting(&self, listener: ListenerId, wanted: bool) {
        self.call(|world, process| world.set_accepting(process, listener, wanted));
    }

    fn accept(&self, listener: ListenerId, stream: StreamId) -> Result<Ends, IoError> {
        self.call(|world, process| world.accept(process, listener, stream))
    }

    fn connect(
        &self,
        stream: StreamId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: &TcpOptions,
    ) -> Result<(), IoError> {
        self.call(|world, process| world.connect(process, stream, local, remote, options))
    }

    fn finish_connect(&self, stream: StreamId) -> Result<Ends, IoError> {
        self.call(|world, process| world.finish_connect(process, stream))
    }

    fn set_interest(&self, stream: StreamId, read: bool, write: bool) {
        self.call(|world, process| world.set_interest(process, stream, read, write));
    }

    fn read(&self, stream: StreamId, into: &mut [u8]) -> Result<usize, IoError> {
        self.call(|world, process| world.read(process, stream, into))
    }

    fn write(&self, stream: StreamId, bytes: &[u8]) -> Result<usize, IoError> {
        self.call(|world, process| world.write(process, stream, bytes))
    }

    fn shutdown(&self, stream: StreamId) {
        self.call(|world, process| world.shutdown(process, stream));
    }

    fn close(&self, stream: StreamId, how: CloseKind) {
        self.call(|world, process| world.close(process, stream, how));
    }

    fn start_program(&self, stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError> {
        let (child, program) = self.call(|world, process| world.start_program(process, stream, spec))?;
        let host = Self::new(self.world.clone(), child);
        let run = program(self.world.clone(), child, spec);
        let main = async move {
            let status = run.await;
            host.world.borrow_mut().end(child, status);
        };
        self.world.borrow_mut().spawn(child, Box::pin(main));
        Ok(child.0)
    }

    fn signal_program(&self, stream: StreamId, signal: ProgramSignal) {
        self.call(|world, process| world.signal_program(process, stream, signal));
    }

    fn open_pipes(&self, stream: StreamId, paths: &PipePaths) -> Result<(), IoError> {
        self.call(|world, process| world.open_pipes(process, stream, paths))
    }

    fn read_config(&self, name: &str) -> Result<ConfigText, IoError> {
        self.call(|world, process| world.read_config(process, name))
    }

    fn set_ttl(&self, stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>) {
        self.call(|world, process| world.set_ttl(process, stream, ttl, min_ttl));
    }

    fn computed(&self, routes: u64) {
        let mut world = self.world.borrow_mut();
        let cost = world.settings.prices.routes(routes);
        world.charge(self.process, cost);
    }

    async fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> Now {
        Wait { host: self, deadline, ready, timer: None, looked: false }.await;
        // No time has passed since it looked.
        self.now()
    }
}

/// The future of [`Host::wait`].
struct Wait<'a> {
    host: &'a SimHost,
    deadline: Option<Instant>,
    ready: &'a mut Vec<Ready>,
    timer: Option<EntryId>,
    /// It has given the others their turn, as a system call does.
    looked: bool,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (deadline, timer) = (this.deadline, &mut this.timer);
        let first = !std::mem::replace(&mut this.looked, true);
        let ready = &mut *this.ready;
        this.host.call(|world, process| {
            let passed = deadline.is_some_and(|deadline| world.read_clock(process).monotonic >= deadline);
            if first {
                if passed || world.has_ready(process) {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            } else {
                world.collect_ready(process, ready);
                if passed || !ready.is_empty() {
                    return Poll::Ready(());
                }
            }
            world.process_mut(process).waiter = Some(context.waker().clone());
            if let Some(deadline) = deadline
                && timer.is_none()
            {
                let at = world.lab_time_of(process, deadline);
                *timer = Some(world.wake_at(at, context.waker().clone()));
            }
            Poll::Pending
        })
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        cancel(&self.host.world, self.timer.take());
    }
}

impl AsyncHost for SimHost {
    type Task = Join;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Join {
        let (join, task) = Join::of(task);
        self.call(|world, process| world.spawn(process, task));
        join
    }

    async fn readable(&self, stream: StreamId) -> Result<(), IoError> {
        let park = |world: &mut World, process, waker| {
            if let Ok(stream) = world.stream_mut(process, stream) {
                stream.reader = Some(waker);
            }
        };
        self.until(|world, process| world.is_readable(process, stream), park).await
    }

    async fn writable(&self, stream: StreamId) -> Result<(), IoError> {
        let park = |world: &mut World, process, waker| {
            if let Ok(stream) = world.stream_mut(process, stream) {
                stream.writer = Some(waker);
            }
        };
        self.until(|world, process| world.is_writable(process, stream), park).await
    }

    async fn connected(&self, stream: StreamId) -> Result<(), IoError> {
        let park = |world: &mut World, process, waker| {
            if let Ok(stream) = world.stream_mut(process, stream) {
                stream.connecter = Some(waker);
            }
        };
        self.until(|world, process| world.is_connected(process, stream), park).await
    }

    async fn acceptable(&self, listener: ListenerId) -> Result<(), IoError> {
        let park = |world: &mut World, process, waker| {
            if let Some(listening) = world.process_mut(process).listeners.get_mut(&listener) {
                listening.accepter = Some(waker);
            }
        };
        self.until(|world, process| world.is_acceptable(process, listener), park).await
    }

    async fn exited(&self, stream: StreamId) -> ExitStatus {
        poll_fn(|context| {
            self.call(|world, process| {
                if let Some(status) = world.take_exit(process, stream) {
                    return Poll::Ready(status);
                }
                if let Some(child) = world.process_mut(process).children.get_mut(&stream) {
                    child.waker = Some(context.waker().clone());
                }
                Poll::Pending
            })
        })
        .await
    }

    async fn signalled(&self) -> Signal {
        poll_fn(|context| {
            self.call(|world, process| {
                let process = world.process_mut(process);
                if let Some(signal) = process.signals.pop_front() {
                    return Poll::Ready(signal);
                }
                process.signal_waker = Some(context.waker().clone());
                Poll::Pending
            })
        })
        .await
    }

    async fn sleep_until(&self, deadline: Instant) {
        Sleep { host: self, deadline, timer: None, looked: false }.await;
    }
}

/// The future of [`AsyncHost::sleep_until`].
struct Sleep<'a> {
    host: &'a SimHost,
    deadline: Instant,
    timer: Option<EntryId>,
    /// It has let those go first that were ready before it, also where the deadline had passed from the beginning.
    looked: bool,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (deadline, timer) = (this.deadline, &mut this.timer);
        let looked = std::mem::replace(&mut this.looked, true);
        this.host.call(|world, process| {
            if looked && world.read_clock(process).monotonic >= deadline && world.is_patient(process) {
                return Poll::Ready(());
            }
            if let Some(timer) = timer.take() {
                world.agenda.cancel(timer);
            }
            let at = world.lab_time_of(process, deadline);
            *timer = Some(world.wake_at(at, context.waker().clone()));
            Poll::Pending
        })
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        cancel(&self.host.world, self.timer.take());
    }
}

/// Cancels a deadline that nobody waits for any more. While a run is being taken apart the world may be in use;
/// what is left in the agenda then is never reached.
fn cancel(world: &RefCell<World>, timer: Option<EntryId>) {
    if let Some(timer) = timer
        && let Ok(mut world) = world.try_borrow_mut()
    {
        world.agenda.cancel(timer);
    }
}
