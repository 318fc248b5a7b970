//! A process: what runs on a machine, with its streams, listeners, children and signals.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::Waker;

use holdtime_host::time::{Duration, Instant};

use holdtime_host::{ExitStatus, ListenerId, Ready, Signal, StreamId};

use crate::choices::ActorId;
use crate::executor::Rank;
use crate::id::{PipeId, ProcessId};
use crate::net::{MachineId, SocketId, SocketOptions};

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Its time to be started has not come.
    Unstarted,
    /// It runs when it has something to do.
    Running,
    /// SIGSTOP: nothing of it runs; its machine's kernel still answers for its sockets.
    Suspended,
    /// It is over.
    Over(ExitStatus),
}

/// What a process has done, for oracles that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Turns of its tasks.
    pub polls: u64,
    /// Calls on the host.
    pub calls: u64,
    /// Calls that got nothing but `WouldBlock`.
    pub blocked: u64,
    /// Octets read and written.
    pub octets: u64,
    /// Virtual time spent computing.
    pub busy: Duration,
}

/// A thing that can become ready, by the name its process gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Descriptor {
    Stream(StreamId),
    Listener(ListenerId),
}

#[derive(Debug)]
pub(crate) struct ProcessState {
    pub(crate) name: String,
    pub(crate) machine: MachineId,
    /// For whom what concerns it is drawn.
    pub(crate) actor: ActorId,
    pub(crate) life: Life,
    pub(crate) tally: Usage,
    /// The processor is taken until then.
    pub(crate) busy_until: Instant,
    /// The rank under which its being free then is to be entered in the agenda; `None`: nobody has to be told, or it is entered.
    pub(crate) freed: Option<Rank>,
    /// How far the process is ahead of the lab's time within its present turn.
    pub(crate) spent: Duration,
    /// Calls left in the present turn.
    pub(crate) fuel: u32,
    /// Waits that may still be answered at once in the present turn.
    pub(crate) patience: u32,
    /// What new sockets are set to.
    pub(crate) socket_options: SocketOptions,
    pub(crate) backlog: usize,
    /// How many streams and listeners it may have.
    pub(crate) max_files: usize,
    pub(crate) streams: BTreeMap<StreamId, OpenStream>,
    pub(crate) listeners: BTreeMap<ListenerId, Listening>,
    pub(crate) children: BTreeMap<StreamId, Child>,
    /// The program whose process group it belongs to, where that is not itself.
    pub(crate) group: Option<ProcessId>,
    /// Who is told of its end, and by which name.
    pub(crate) parent: Option<(ProcessId, StreamId)>,
    pub(crate) signals: VecDeque<Signal>,
    /// Signals that it has asked to collect; the others do what they do by default.
    pub(crate) handled: BTreeSet<Signal>,
    pub(crate) signal_waker: Option<Waker>,
    /// What may be ready, in order: looked at again by the next wait.
    pub(crate) maybe_ready: Vec<Descriptor>,
    /// The task inside `Host::wait`.
    pub(crate) waiter: Option<Waker>,
}

#[derive(Debug)]
pub(crate) struct OpenStream {
    pub(crate) ends: StreamEnds,
    pub(crate) connecting: bool,
    pub(crate) wants_read: bool,
    pub(crate) wants_write: bool,
    /// The kernel has told of no room yet, or of none since a write would have blocked. Once it has told, epoll as mio
    /// and tokio use it (edges, kept until a call blocks) reports a stream as writable whatever `poll(2)` would say.
    pub(crate) write_blocked: bool,
    pub(crate) reader: Option<Waker>,
    pub(crate) writer: Option<Waker>,
    pub(crate) connecter: Option<Waker>,
}

/// What a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnds {
    Socket(SocketId),
    /// Either is `None` once it was closed alone.
    Pipes {
        read: Option<PipeId>,
        write: Option<PipeId>,
    },
}

#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) socket: SocketId,
    pub(crate) wanted: bool,
    pub(crate) accepter: Option<Waker>,
}

#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) process: ProcessId,
    pub(crate) status: Option<ExitStatus>,
    pub(crate) waker: Option<Waker>,
}

impl ProcessState {
    pub(crate) fn new(name: String, machine: MachineId, actor: ActorId) -> Self {
        Self {
            name,
            machine,
            actor,
            life: Life::Running,
            tally: Usage::default(),
            busy_until: Instant::ZERO,
            freed: None,
            spent: Duration::ZERO,
            fuel: u32::MAX,
            patience: u32::MAX,
            socket_options: SocketOptions::default(),
            backlog: 128,
            max_files: 65_536,
            streams: BTreeMap::new(),
            listeners: BTreeMap::new(),
            children: BTreeMap::new(),
            group: None,
            parent: None,
            signals: VecDeque::new(),
            handled: BTreeSet::new(),
            signal_waker: None,
            maybe_ready: Vec::new(),
            waiter: None,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.life, Life::Over(_))
    }

    /// Whether there is nothing that could be signalled or lose its power: it is over, or was not started yet.
    pub(crate) fn is_absent(&self) -> bool {
        self.is_over() || self.life == Life::Unstarted
    }

    pub(crate) fn has_file_to_spare(&self) -> bool {
        self.streams.len() + self.listeners.len() < self.max_files
    }

    /// Has the next wait look at this.
    pub(crate) fn may_be_ready(&mut self, name: Descriptor) {
        if let Err(place) = self.maybe_ready.binary_search(&name) {
            self.maybe_ready.insert(place, name);
        }
    }

    /// Wakes the task that waits for just this.
    pub(crate) fn wake_for(&mut self, ready: Ready) {
        let waker = match ready {
            Ready::Readable(id) => self.streams.get_mut(&id).and_then(|stream| stream.reader.take()),
            Ready::Writable(id) => self.streams.get_mut(&id).and_then(|stream| stream.writer.take()),
            Ready::Connected(id) => self.streams.get_mut(&id).and_then(|stream| stream.connecter.take()),
            Ready::Acceptable(id) => {
                self.listeners.get_mut(&id).and_then(|listening| listening.accepter.take())
            }
            Ready::Exited(..) | Ready::Signalled(_) => None,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn wake_waiter(&mut self) {
        if let Some(waker) = self.waiter.take() {
            waker.wake();
        }
    }
}

impl OpenStream {
    pub(crate) fn new(ends: StreamEnds, connecting: bool) -> Self {
        Self {
            ends,
            connecting,
            wants_read: false,
            wants_write: false,
            write_blocked: true,
            reader: None,
            writer: None,
            connecter: None,
        }
    }

    /// Wakes every task that waits for the stream: it is gone, or it may be ready.
    pub(crate) fn wake_all(&mut self) {
        for waker in [self.reader.take(), self.writer.take(), self.connecter.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}
