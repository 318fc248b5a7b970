//! The network as a whole: which machine has which address, which socket gets a segment, what a path does to it.

mod look;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use holdtime_host::time::{Duration, Instant};

use holdtime_host::IoError;

use super::link::LinkOptions;
use super::paths::NetworkPaths;
use super::segment::Segment;
use super::stack::{MachineId, Stack};
use super::tcp::{Cut, Tcp, TcpState};
use super::{Effect, Kernel, ListenerOptions, SocketId, SocketOptions};
use crate::choices::{ActorId, Choices};

pub use look::PathState;

/// What `poll(2)` would say of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Reading, or accepting, will not block.
    pub read: bool,
    /// Writing will not block.
    pub write: bool,
    /// An attempt to connect was decided (true ever after).
    pub connected: bool,
}

impl Readiness {
    fn gains_over(self, before: Self) -> bool {
        (self.read && !before.read) || (self.write && !before.write) || (self.connected && !before.connected)
    }
}

/// Machines, links and sockets.
#[derive(Debug)]
pub struct Network {
    machines: Vec<Stack>,
    by_address: BTreeMap<IpAddr, MachineId>,
    paths: NetworkPaths,
    kernel: Kernel,
    sockets: Vec<Option<Box<Socket>>>,
    effects: Vec<Effect>,
    out: Vec<Segment>,
}

#[derive(Debug)]
struct Socket {
    machine: MachineId,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Listener(Listener),
    Connection(Box<Connection>),
}

#[derive(Debug)]
struct Listener {
    address: SocketAddr,
    options: ListenerOptions,
    /// Established, not yet accepted.
    ready: VecDeque<SocketId>,
    /// Still in their handshake.
    pending: Vec<SocketId>,
}

#[derive(Debug)]
struct Connection {
    tcp: Tcp,
    /// The listener that has not handed it over yet.
    parent: Option<SocketId>,
    /// For whom what happens on its way is drawn.
    path: ActorId,
    /// The alarm already asked for, so that every connection has one entry in the agenda and not one a segment.
    armed: Option<Instant>,
}

/// How long the real hosts read on after a graceful close.
const LINGER: Duration = Duration::from_secs(1);
/// How long it takes Linux to find out that nobody on the network has an address.
const RESOLUTION: Duration = Duration::from_secs(3);
/// Ethernet's IPv4 header and TCP header, which a link carries with every segment.
const HEADERS: usize = 54;

impl Network {
    /// An empty network. `cuts_per_mille`: how many segments in a thousand are cut short.
    pub fn new(choices: &Choices, default_link: LinkOptions, cuts_per_mille: u32) -> Self {
        Self {
            machines: Vec::new(),
            by_address: BTreeMap::new(),
            paths: NetworkPaths::new(choices, default_link, cuts_per_mille),
            kernel: Kernel::default(),
            sockets: Vec::new(),
            effects: Vec::new(),
            out: Vec::new(),
        }
    }

    // The topology.

    /// Adds a machine with these addresses beside its loopback.
    pub fn add_machine(&mut self, addresses: Vec<IpAddr>) -> MachineId {
        let machine = MachineId(self.machines.len() as u32);
        self.by_address.extend(addresses.iter().map(|address| (*address, machine)));
        self.machines.push(Stack::new(addresses));
        machine
    }

    /// Gives a machine one more address.
    pub fn add_address(&mut self, machine: MachineId, address: IpAddr) {
        if let Some(stack) = self.machines.get_mut(machine.0 as usize) {
            stack.add_address(address);
            self.by_address.insert(address, machine);
        }
    }

    /// The machine that has an address.
    pub fn machine_of(&self, address: IpAddr) -> Option<MachineId> {
        self.by_address.get(&address).copied()
    }

    /// A machine's addresses, without its loopback.
    pub fn addresses(&self, machine: MachineId) -> &[IpAddr] {
        self.machines.get(machine.0 as usize).map_or(&[], Stack::addresses)
    }

    /// Sets what all kernels are set to, for connections to come.
    pub fn set_kernel(&mut self, kernel: Kernel) {
        self.kernel = kernel;
    }

    /// Sets one direction's behaviour from now on.
    pub fn set_link(&mut self, from: MachineId, to: MachineId, options: LinkOptions) {
        self.change_link(from, to, |link| *link = options);
    }

    /// Changes one direction's behaviour from now on.
    pub fn change_link(&mut self, from: MachineId, to: MachineId, change: impl FnOnce(&mut LinkOptions)) {
        change(&mut self.paths.link(&self.machines, from, to).options);
    }

    /// Loses everything that `from` sends to `to`, or carries it again.
    pub fn set_cut(&mut self, from: MachineId, to: MachineId, cut: bool) {
        self.paths.link(&self.machines, from, to).cut = cut;
    }

    /// A power cut: the machine's sockets are gone and nobody is told.
    pub fn power_off(&mut self, machine: MachineId) {
        if let Some(stack) = self.machines.get_mut(machine.0 as usize) {
            stack.up = false;
            for socket in stack.forget_all() {
                self.sockets[socket.0 as usize] = None;
            }
        }
    }

    /// The machine is back, with its addresses and without its sockets.
    pub fn power_on(&mut self, machine: MachineId) {
        if let Some(stack) = self.machines.get_mut(machine.0 as usize) {
            stack.up = true;
        }
    }

    // The calls.

    /// Opens a listening socket and returns it with the address that was bound.
    ///
    /// # Errors
    /// `AddressInUse`, `AddressNotAvailable`.
    pub fn listen(
        &mut self,
        machine: MachineId,
        address: SocketAddr,
        options: ListenerOptions,
    ) -> Result<(SocketId, SocketAddr), IoError> {
        let stack = self.machines.get_mut(machine.0 as usize).ok_or(IoError::AddressNotAvailable)?;
        let address = stack.bind(address, options.reuse_address)?;
        let listener = Listener { address, options, ready: VecDeque::new(), pending: Vec::new() };
        let socket = push(&mut self.sockets, Socket { machine, kind: Kind::Listener(listener) });
        stack.add_listener(address, socket);
        Ok((socket, address))
    }

    /// Takes a connection that waits in the backlog.
    ///
    /// # Errors
    /// `WouldBlock`: none waits.
    pub fn accept(&mut self, listener: SocketId) -> Result<SocketId, IoError> {
        let taken = self.listener_mut(listener).ok_or(IoError::NotConnected)?.ready.pop_front();
        let socket = taken.ok_or(IoError::WouldBlock)?;
        if let Some(connection) = self.connection_mut(socket) {
            connection.parent = None;
        }
        Ok(socket)
    }

    /// Begins to connect.
    ///
    /// # Errors
    /// `AddressNotAvailable`, `Unreachable`.
    pub fn connect(
        &mut self,
        now: Instant,
        machine: MachineId,
        local: Option<IpAddr>,
        remote: SocketAddr,
        options: SocketOptions,
    ) -> Result<SocketId, IoError> {
        let stack = self.machines.get_mut(machine.0 as usize).ok_or(IoError::Unreachable)?;
        let source = stack.source(local, remote.ip())?;
        let local = stack.ephemeral(source, remote)?;
        self.connect_from(now, machine, local, remote, options)
    }

    /// Begins to connect from this address and port, which nothing else uses.
    ///
    /// # Errors
    /// `Unreachable`: there is no such machine.
    pub fn connect_from(
        &mut self,
        now: Instant,
        machine: MachineId,
        local: SocketAddr,
        remote: SocketAddr,
        options: SocketOptions,
    ) -> Result<SocketId, IoError> {
        if self.machines.len() <= machine.0 as usize {
            return Err(IoError::Unreachable);
        }
        let options = with_path_mss(options, local);
        let mut out = Vec::new();
        let path = self.path(machine, remote.ip());
        let iss = self.paths.sequence(path);
        let tcp = Tcp::connect(now, (local, remote), options, (iss, self.kernel), &mut out);
        let connection = Box::new(Connection { tcp, parent: None, path, armed: None });
        let socket = push(&mut self.sockets, Socket { machine, kind: Kind::Connection(connection) });
        let stack = self.machines.get_mut(machine.0 as usize).ok_or(IoError::Unreachable)?;
        stack.add_connection(local, remote, socket);
        if !stack.owns(remote.ip()) && !self.by_address.contains_key(&remote.ip()) {
            self.effects.push(Effect::Unreachable { socket, at: now + RESOLUTION });
        }
        self.settle(now, socket, Readiness::default(), out);
        Ok(socket)
    }

    /// Writes what fits.
    ///
    /// # Errors
    /// As [`write(2)`](https://man7.org/linux/man-pages/man2/write.2.html): `WouldBlock`, `BrokenPipe`,
    /// `ConnectionReset`, `TimedOut`.
    pub fn write(&mut self, now: Instant, socket: SocketId, bytes: &[u8]) -> Result<usize, IoError> {
        self.with(now, socket, |tcp, cut, out| tcp.write(now, bytes, cut, out))
            .ok_or(IoError::NotConnected)?
    }

    /// Reads what is there; `Ok(0)` is the end.
    ///
    /// # Errors
    /// `WouldBlock`, `ConnectionReset`, `TimedOut`.
    pub fn read(&mut self, now: Instant, socket: SocketId, into: &mut [u8]) -> Result<usize, IoError> {
        self.with(now, socket, |tcp, _, out| tcp.read(into, out)).ok_or(IoError::NotConnected)?
    }

    /// Ends our direction.
    pub fn shutdown(&mut self, now: Instant, socket: SocketId) {
        self.with(now, socket, |tcp, cut, out| tcp.shut(now, cut, out));
    }

    /// Changes a connection's time to live, and the least that it takes.
    pub fn set_ttl(&mut self, socket: SocketId, ttl: Option<u8>, min_ttl: Option<u8>) {
        if let Some(connection) = self.connection_mut(socket) {
            connection.tcp.set_ttl(ttl, min_ttl);
        }
    }

    /// `SO_ERROR`.
    pub fn take_error(&mut self, socket: SocketId) -> Option<IoError> {
        self.connection_mut(socket)?.tcp.take_error()
    }

    /// Closes a socket as `close(2)` does: with data that nobody has read, that is a reset.
    pub fn close(&mut self, now: Instant, socket: SocketId) {
        if self.listener(socket).is_some() {
            return self.close_listener(now, socket);
        }
        self.with(now, socket, |tcp, cut, out| tcp.close(now, cut, out));
    }

    /// Closes, and throws away for a second what nobody will read.
    pub fn close_and_linger(&mut self, now: Instant, socket: SocketId) {
        self.with(now, socket, |tcp, cut, out| tcp.linger(now, now + LINGER, cut, out));
    }

    /// Destroys a connection (`SO_LINGER` 0).
    pub fn reset(&mut self, now: Instant, socket: SocketId) {
        self.with(now, socket, |tcp, cut, out| {
            tcp.reset(out);
            tcp.close(now, cut, out);
        });
    }

    fn close_listener(&mut self, now: Instant, socket: SocketId) {
        let Some(Socket { machine, kind: Kind::Listener(listener) }) = self.take(socket) else { return };
        if let Some(stack) = self.machines.get_mut(machine.0 as usize) {
            stack.remove_listener(listener.address);
        }
        for child in listener.ready.into_iter().chain(listener.pending) {
            self.reset(now, child);
        }
    }

    // What the agenda brings back.

    /// A segment arrives at a machine.
    pub fn deliver(&mut self, now: Instant, machine: MachineId, segment: Segment) {
        let Some(stack) = self.machines.get(machine.0 as usize).filter(|stack| stack.up) else { return };
        let known = stack.connection(segment.dst, segment.src);
        let fresh_syn = segment.flags.syn && !segment.flags.ack;
        if let Some(socket) = known {
            let yields = self.tcp(socket).is_none_or(|tcp| fresh_syn && tcp.yields_to(&segment));
            if !yields {
                return self.deliver_to(now, socket, segment);
            }
        }
        let listener = if fresh_syn {
            self.machines.get(machine.0 as usize).and_then(|stack| stack.listener(segment.dst))
        } else {
            None
        };
        match listener {
            Some(listener) => self.deliver_syn(now, machine, listener, &segment),
            None if segment.flags.rst => {}
            None => self.send(now, machine, segment.refusal()),
        }
    }

    fn deliver_to(&mut self, now: Instant, socket: SocketId, segment: Segment) {
        let Some(connection) = self.connection(socket) else { return };
        if !connection.tcp.trusts(&segment) {
            return;
        }
        let parent = connection.parent;
        let in_handshake = connection.tcp.state() == TcpState::SynReceived;
        if in_handshake && !segment.flags.rst && !segment.flags.syn {
            let full = parent.and_then(|parent| self.listener(parent)).is_some_and(Listener::is_full);
            if full {
                // As in Linux: the handshake's last segment is ignored, and the client believes it is connected.
                return;
            }
        }
        self.with(now, socket, |tcp, cut, out| tcp.on_segment(now, segment, cut, out));
        if in_handshake && let Some(parent) = parent {
            self.after_handshake(parent, socket);
        }
    }

    /// Moves a child out of its listener's pending ones if its handshake is over.
    fn after_handshake(&mut self, parent: SocketId, child: SocketId) {
        let state = self.tcp(child).map_or(TcpState::Closed, Tcp::state);
        if state == TcpState::SynReceived {
            return;
        }
        let Some(listener) = self.listener_mut(parent) else { return };
        listener.pending.retain(|pending| *pending != child);
        if state == TcpState::Closed {
            self.forget(child);
        } else {
            listener.ready.push_back(child);
            if listener.ready.len() == 1 {
                self.effects.push(Effect::Ready(parent));
            }
        }
    }

    fn deliver_syn(&mut self, now: Instant, machine: MachineId, parent: SocketId, syn: &Segment) {
        let Some(listener) = self.listener(parent) else { return };
        if listener.is_full() || listener.pending.len() > listener.options.backlog {
            return;
        }
        let mut options = listener.options.socket.clone();
        let key = listener.options.keys.iter().find(|(peers, _)| peers.contains(syn.src.ip()));
        options.key = key.map(|(_, key)| *key).or(options.key);
        if options.key != syn.key || syn.ttl < options.min_ttl {
            return;
        }
        let options = with_path_mss(options, syn.dst);
        let mut out = Vec::new();
        let path = self.path(machine, syn.src.ip());
        let iss = self.paths.sequence(path);
        let tcp = Tcp::answer(now, syn, options, (iss, self.kernel), &mut out);
        let connection = Box::new(Connection { tcp, parent: Some(parent), path, armed: None });
        let child = push(&mut self.sockets, Socket { machine, kind: Kind::Connection(connection) });
        if let Some(stack) = self.machines.get_mut(machine.0 as usize) {
            stack.add_connection(syn.dst, syn.src, child);
        }
        if let Some(listener) = self.listener_mut(parent) {
            listener.pending.push(child);
        }
        self.settle(now, child, Readiness::default(), out);
    }

    /// A connection's alarm, asked for with [`Effect::Alarm`], has come.
    pub fn on_alarm(&mut self, now: Instant, socket: SocketId) {
        let Some(connection) = self.connection_mut(socket) else { return };
        connection.armed = None;
        let parent = connection.parent;
        self.with(now, socket, |tcp, _, out| tcp.on_alarm(now, out));
        if let Some(parent) = parent {
            self.after_alarm_of_child(parent, socket);
        }
    }

    fn after_alarm_of_child(&mut self, parent: SocketId, child: SocketId) {
        let gave_up = self.tcp(child).is_some_and(|tcp| tcp.state() == TcpState::Closed);
        let pending = self.listener(parent).is_some_and(|listener| listener.pending.contains(&child));
        if gave_up && pending {
            self.after_handshake(parent, child);
        }
    }

    /// Nobody has the address that this socket connects to.
    pub fn on_unreachable(&mut self, now: Instant, socket: SocketId) {
        self.with(now, socket, |tcp, _, _| tcp.on_unreachable());
    }

    // What others want to know.

    /// What `poll(2)` would say.
    pub fn readiness(&self, socket: SocketId) -> Readiness {
        match self.socket(socket).map(|socket| &socket.kind) {
            None => Readiness { read: true, write: true, connected: true },
            Some(Kind::Listener(listener)) => {
                Readiness { read: !listener.ready.is_empty(), ..Readiness::default() }
            }
            Some(Kind::Connection(connection)) => {
                let tcp = &connection.tcp;
                let connected = !matches!(tcp.state(), TcpState::SynSent | TcpState::SynReceived);
                Readiness { read: tcp.readable(), write: tcp.writable(), connected }
            }
        }
    }

    /// Whether a socket is a connection that still has a peer.
    pub fn is_alive(&self, socket: SocketId) -> bool {
        self.tcp(socket).is_some_and(|tcp| tcp.state() != TcpState::Closed)
    }

    /// The connection behind a socket.
    pub fn tcp(&self, socket: SocketId) -> Option<&Tcp> {
        self.connection(socket).map(|connection| &connection.tcp)
    }

    /// Takes what the calls since the last time have set in motion, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Takes the list back that is empty by now, for the room in it; nothing was set in motion since.
    pub(crate) fn reuse(&mut self, effects: Vec<Effect>) {
        self.effects = effects;
    }

    // How it works.

    /// Calls a connection and sees to everything that may follow from it.
    fn with<R>(
        &mut self,
        now: Instant,
        socket: SocketId,
        call: impl FnOnce(&mut Tcp, Cut<'_>, &mut Vec<Segment>) -> R,
    ) -> Option<R> {
        let before = self.readiness(socket);
        let connection = connection_mut(&mut self.sockets, socket)?;
        let mut out = std::mem::take(&mut self.out);
        let (paths, path) = (&self.paths, connection.path);
        let mut cut = |whole| paths.cut(path, whole);
        let result = call(&mut connection.tcp, &mut cut, &mut out);
        self.settle(now, socket, before, out);
        Some(result)
    }

    fn settle(&mut self, now: Instant, socket: SocketId, before: Readiness, mut out: Vec<Segment>) {
        let Some(machine) = self.socket(socket).map(|socket| socket.machine) else { return };
        for segment in out.drain(..) {
            self.send(now, machine, segment);
        }
        self.out = out;
        if self.readiness(socket).gains_over(before) {
            self.effects.push(Effect::Ready(socket));
        }
        let Some(connection) = connection_mut(&mut self.sockets, socket) else { return };
        if connection.tcp.is_orphan() && connection.tcp.state() == TcpState::Closed {
            return self.forget(socket);
        }
        if let Some(at) = connection.tcp.deadline()
            && connection.armed.is_none_or(|armed| at < armed)
        {
            connection.armed = Some(at);
            self.effects.push(Effect::Alarm { socket, at });
        }
    }

    fn send(&mut self, now: Instant, from: MachineId, segment: Segment) {
        if !self.machines.get(from.0 as usize).is_some_and(|stack| stack.up) {
            return;
        }
        let octets = HEADERS + segment.payload.len();
        let arrival = self.destination(from, segment.dst.ip()).and_then(|to| {
            let at = self.paths.carry(now, &self.machines, (from, to), octets)?;
            Some((to, at))
        });
        self.effects.push(Effect::Sent { from, at: now, arrival, segment });
    }

    /// The machine that has an address, as one machine sees it.
    fn destination(&self, from: MachineId, address: IpAddr) -> Option<MachineId> {
        let own = self.machines.get(from.0 as usize).is_some_and(|stack| stack.owns(address));
        if own { Some(from) } else { self.machine_of(address) }
    }

    fn path(&mut self, from: MachineId, remote: IpAddr) -> ActorId {
        let to = self.destination(from, remote);
        self.paths.actor(&self.machines, from, (remote, to))
    }

    fn forget(&mut self, socket: SocketId) {
        if let Some(Socket { machine, kind: Kind::Connection(connection) }) = self.take(socket)
            && let Some(stack) = self.machines.get_mut(machine.0 as usize)
        {
            stack.remove_connection(connection.tcp.local, connection.tcp.remote, socket);
        }
    }

    fn take(&mut self, socket: SocketId) -> Option<Socket> {
        self.sockets.get_mut(socket.0 as usize)?.take().map(|socket| *socket)
    }

    fn socket(&self, socket: SocketId) -> Option<&Socket> {
        self.sockets.get(socket.0 as usize)?.as_deref()
    }

    fn listener(&self, socket: SocketId) -> Option<&Listener> {
        match &self.socket(socket)?.kind {
            Kind::Listener(listener) => Some(listener),
            Kind::Connection(_) => None,
        }
    }

    fn listener_mut(&mut self, socket: SocketId) -> Option<&mut Listener> {
        match &mut self.sockets.get_mut(socket.0 as usize)?.as_deref_mut()?.kind {
            Kind::Listener(listener) => Some(listener),
            Kind::Connection(_) => None,
        }
    }

    fn connection(&self, socket: SocketId) -> Option<&Connection> {
        match &self.socket(socket)?.kind {
            Kind::Connection(connection) => Some(connection),
            Kind::Listener(_) => None,
        }
    }

    fn connection_mut(&mut self, socket: SocketId) -> Option<&mut Connection> {
        connection_mut(&mut self.sockets, socket)
    }
}

impl Listener {
    fn is_full(&self) -> bool {
        self.ready.len() > self.options.backlog
    }
}

fn push(sockets: &mut Vec<Option<Box<Socket>>>, socket: Socket) -> SocketId {
    sockets.push(Some(Box::new(socket)));
    SocketId(sockets.len() as u32 - 1)
}

fn connection_mut(sockets: &mut [Option<Box<Socket>>], socket: SocketId) -> Option<&mut Connection> {
    match &mut sockets.get_mut(socket.0 as usize)?.as_deref_mut()?.kind {
        Kind::Connection(connection) => Some(connection),
        Kind::Listener(_) => None,
    }
}

/// Fills in the segment size that the path allows: Linux's loopback carries 65,536 octets, Ethernet 1,500.
fn with_path_mss(mut options: SocketOptions, local: SocketAddr) -> SocketOptions {
    let mtu: u16 = if local.ip().is_loopback() { 65_535 } else { 1_500 };
    let headers = if local.is_ipv4() { 40 } else { 60 };
    let path = mtu - headers;
    options.mss = if options.mss == 0 { path } else { options.mss.min(path) };
    options
}
