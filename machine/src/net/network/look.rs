//! What can be seen of connections and paths from outside, without changing anything.

use super::{MachineId, Network, SocketId};

/// What one direction of a path does to what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathState {
    /// It carries it.
    #[default]
    Open,
    /// It loses packets of more than so many octets of IP.
    Narrow(usize),
    /// It loses everything.
    Cut,
    /// There is no machine at its end, or one without power.
    Dark,
}

impl Network {
    /// Whether a machine has power.
    pub fn has_power(&self, machine: MachineId) -> bool {
        self.machines.get(machine.0 as usize).is_some_and(|stack| stack.up)
    }

    /// The socket at the other end of a connection.
    pub fn far_end(&self, socket: SocketId) -> Option<SocketId> {
        let tcp = self.tcp(socket)?;
        let machine = self.machine_at_the_end_of(socket)?;
        self.machines.get(machine.0 as usize)?.connection(tcp.remote, tcp.local)
    }

    /// What becomes of what a connection sends, and of what its peer sends.
    pub fn paths(&self, socket: SocketId) -> (PathState, PathState) {
        let near = self.socket(socket).map(|socket| socket.machine);
        let far = self.machine_at_the_end_of(socket).filter(|far| self.has_power(*far));
        match (near, far) {
            (Some(near), Some(far)) => (self.path_state(near, far), self.path_state(far, near)),
            _ => (PathState::Dark, PathState::Dark),
        }
    }

    fn machine_at_the_end_of(&self, socket: SocketId) -> Option<MachineId> {
        let (own, remote) = (self.socket(socket)?.machine, self.tcp(socket)?.remote.ip());
        let stays = self.machines.get(own.0 as usize).is_some_and(|stack| stack.owns(remote));
        if stays { Some(own) } else { self.machine_of(remote) }
    }

    fn path_state(&self, from: MachineId, to: MachineId) -> PathState {
        match self.paths.known_link(from, to) {
            Some(link) if link.cut => PathState::Cut,
            Some(link) => link.options.black_hole_above.map_or(PathState::Open, PathState::Narrow),
            None => PathState::Open,
        }
    }
}
