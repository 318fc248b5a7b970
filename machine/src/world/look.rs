//! What can be seen of a process and of its streams from outside, without changing anything: for those who explain a run.

use holdtime_host::StreamId;
use holdtime_host::time::Instant;

use super::{Descriptor, Life, PipeEnds, PipeId, ProcessId, StreamEnds, World};
use crate::net::{PathState, SocketId, Tcp};

/// How a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStanding {
    /// Whether it runs.
    pub life: Life,
    /// Until when its processor is taken by a turn that it has begun.
    pub busy_until: Instant,
    /// Whether its machine has power.
    pub has_power: bool,
}

/// What a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamMaterial {
    /// A TCP connection.
    Connection,
    /// A pair of pipes.
    Pipes,
}

/// A stream, from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLook {
    /// What it is made of.
    pub material: StreamMaterial,
    /// Who has the other end, and under which name; `None`: nobody who could be found.
    pub far: Option<(ProcessId, StreamId)>,
    /// It is still being connected.
    pub connecting: bool,
    /// What comes to this end.
    pub incoming: FlowLook,
    /// What leaves from it.
    pub outgoing: FlowLook,
}

/// One direction of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowLook {
    /// Octets that the writer has handed over and that the reader could not have read yet.
    pub on_the_way: usize,
    /// Octets that the reader could read and has not.
    pub unread: usize,
    /// The kernel has told the writer of no room since a write blocked.
    pub full: bool,
    /// The reader offers no room: a window that is shut, or a pipe without a free page.
    pub shut: bool,
    /// The reader asks to be told of octets.
    pub wanted: bool,
    /// What the path does to it.
    pub path: PathState,
    /// No more will be written.
    pub ended: bool,
}

impl World {
    /// How a process stands.
    pub fn standing(&self, process: ProcessId) -> ProcessStanding {
        let state = self.process(process);
        ProcessStanding {
            life: state.life,
            busy_until: state.busy_until,
            has_power: self.network.has_power(state.machine),
        }
    }

    /// A process's stream; `None` once it is closed.
    pub fn look(&self, process: ProcessId, stream: StreamId) -> Option<StreamLook> {
        let known = self.process(process).streams.get(&stream)?;
        let mut look = match known.ends {
            StreamEnds::Socket(socket) => self.look_at_socket(socket)?,
            StreamEnds::Pipes { read, write } => self.look_at_pipes(process, read, write),
        };
        look.connecting = known.connecting;
        look.incoming.wanted = known.wants_read;
        look.outgoing.full = known.wants_write && known.write_blocked && !known.connecting;
        if let Some((far, stream)) = look.far
            && let Some(other) = self.process(far).streams.get(&stream)
        {
            look.outgoing.wanted = other.wants_read;
            look.incoming.full = other.wants_write && other.write_blocked && !other.connecting;
        }
        Some(look)
    }

    fn look_at_socket(&self, socket: SocketId) -> Option<StreamLook> {
        let tcp = self.network.tcp(socket)?;
        let far = self.network.far_end(socket);
        let (there, back) = self.network.paths(socket);
        let other = far.and_then(|far| self.network.tcp(far));
        let owner = far.and_then(|far| self.socket_owners.get(far.0 as usize).copied().flatten());
        Some(StreamLook {
            material: StreamMaterial::Connection,
            far: owner.and_then(|(process, name)| match name {
                Descriptor::Stream(stream) => Some((process, stream)),
                Descriptor::Listener(_) => None,
            }),
            connecting: false,
            incoming: direction(other, Some(tcp), back),
            outgoing: direction(Some(tcp), other, there),
        })
    }

    fn look_at_pipes(&self, process: ProcessId, read: Option<PipeId>, write: Option<PipeId>) -> StreamLook {
        let ends = |id: Option<PipeId>| id.and_then(|id| self.pipes.get(id.0 as usize));
        let (read, write) = (ends(read), ends(write));
        let holders = read.map(|ends| &ends.writers).into_iter().chain(write.map(|ends| &ends.readers));
        let far = holders.flatten().find(|(holder, _)| *holder != process);
        StreamLook {
            material: StreamMaterial::Pipes,
            far: far.and_then(|(process, name)| match name {
                Descriptor::Stream(stream) => Some((*process, *stream)),
                Descriptor::Listener(_) => None,
            }),
            connecting: false,
            incoming: read.map(PipeEnds::look).unwrap_or_default(),
            outgoing: write.map(PipeEnds::look).unwrap_or_default(),
        }
    }
}

impl PipeEnds {
    fn look(&self) -> FlowLook {
        FlowLook {
            unread: self.pipe.unread(),
            shut: !self.pipe.writable(),
            ended: self.pipe.writer_gone,
            ..FlowLook::default()
        }
    }
}

/// What one end has written and the other has not read.
fn direction(writer: Option<&Tcp>, reader: Option<&Tcp>, path: PathState) -> FlowLook {
    FlowLook {
        on_the_way: writer.map_or(0, Tcp::unacknowledged),
        unread: reader.map_or(0, Tcp::unread),
        shut: writer.is_some_and(Tcp::window_is_shut),
        ended: reader.is_some_and(Tcp::is_at_its_end),
        path,
        ..FlowLook::default()
    }
}
