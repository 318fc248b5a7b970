//! One machine's addresses, ports and table of connections.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use holdtime_host::IoError;

use super::socket_id::SocketId;

/// A machine of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId(pub u32);

/// What a machine knows about its own sockets.
#[derive(Debug)]
pub(super) struct Stack {
    addresses: Vec<IpAddr>,
    /// Sockets by local and remote end.
    connections: BTreeMap<(SocketAddr, SocketAddr), SocketId>,
    listeners: BTreeMap<SocketAddr, SocketId>,
    next_port: u16,
    /// Off: it neither sends nor hears anything, and has forgotten its sockets.
    pub(super) up: bool,
}

impl Stack {
    /// Linux's default `ip_local_port_range`.
    const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

    pub(super) fn new(addresses: Vec<IpAddr>) -> Self {
        Self {
            addresses,
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            next_port: *Self::EPHEMERAL.start(),
            up: true,
        }
    }

    pub(super) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    pub(super) fn add_address(&mut self, address: IpAddr) {
        self.addresses.push(address);
    }

    pub(super) fn owns(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.addresses.contains(&address)
    }

    /// The address to use towards `remote`: what was asked for, or the routing table's choice.
    ///
    /// # Errors
    /// `AddressNotAvailable`: the one asked for is not ours. `Unreachable`: none of this family.
    pub(super) fn source(&self, asked: Option<IpAddr>, remote: IpAddr) -> Result<IpAddr, IoError> {
        if let Some(asked) = asked.filter(|asked| !asked.is_unspecified()) {
            return if self.owns(asked) { Ok(asked) } else { Err(IoError::AddressNotAvailable) };
        }
        if remote.is_loopback() || self.addresses.contains(&remote) {
            return Ok(match remote {
                IpAddr::V4(v4) if v4.is_loopback() => Ipv4Addr::LOCALHOST.into(),
                other => other,
            });
        }
        let mut same_family = self.addresses.iter().filter(|own| own.is_ipv4() == remote.is_ipv4());
        same_family.next().copied().ok_or(IoError::Unreachable)
    }

    /// Checks and completes an address to listen on.
    ///
    /// # Errors
    /// `AddressNotAvailable`, `AddressInUse`.
    pub(super) fn bind(&mut self, address: SocketAddr, reuse: bool) -> Result<SocketAddr, IoError> {
        if !address.ip().is_unspecified() && !self.owns(address.ip()) {
            return Err(IoError::AddressNotAvailable);
        }
        if address.port() == 0 {
            let free = self.pick_port(|stack, port| !stack.is_bound(address.ip(), port, false));
            return free.map(|port| SocketAddr::new(address.ip(), port)).ok_or(IoError::AddressInUse);
        }
        if self.is_bound(address.ip(), address.port(), reuse) {
            return Err(IoError::AddressInUse);
        }
        Ok(address)
    }

    /// A local end towards `remote` that no connection uses.
    ///
    /// # Errors
    /// `AddressNotAvailable`: every port is taken.
    pub(super) fn ephemeral(&mut self, local: IpAddr, remote: SocketAddr) -> Result<SocketAddr, IoError> {
        let free = self.pick_port(|stack, port| {
            let end = SocketAddr::new(local, port);
            !stack.connections.contains_key(&(end, remote)) && !stack.listeners.contains_key(&end)
        });
        free.map(|port| SocketAddr::new(local, port)).ok_or(IoError::AddressNotAvailable)
    }

    fn pick_port(&mut self, is_free: impl Fn(&Self, u16) -> bool) -> Option<u16> {
        for _ in Self::EPHEMERAL {
            let port = self.next_port;
            self.next_port = if port == *Self::EPHEMERAL.end() { *Self::EPHEMERAL.start() } else { port + 1 };
            if is_free(self, port) {
                return Some(port);
            }
        }
        None
    }

    fn is_bound(&self, ip: IpAddr, port: u16, reuse: bool) -> bool {
        let clashes = |other: IpAddr| {
            other.is_ipv4() == ip.is_ipv4() && (other == ip || other.is_unspecified() || ip.is_unspecified())
        };
        self.listeners.keys().any(|end| end.port() == port && clashes(end.ip()))
            || (!reuse && self.connections.keys().any(|(end, _)| end.port() == port && clashes(end.ip())))
    }

    pub(super) fn add_listener(&mut self, address: SocketAddr, socket: SocketId) {
        self.listeners.insert(address, socket);
    }

    pub(super) fn remove_listener(&mut self, address: SocketAddr) {
        self.listeners.remove(&address);
    }

    pub(super) fn listener(&self, local: SocketAddr) -> Option<SocketId> {
        let any: IpAddr =
            if local.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let wildcard = SocketAddr::new(any, local.port());
        self.listeners.get(&local).or_else(|| self.listeners.get(&wildcard)).copied()
    }

    pub(super) fn add_connection(&mut self, local: SocketAddr, remote: SocketAddr, socket: SocketId) {
        self.connections.insert((local, remote), socket);
    }

    pub(super) fn remove_connection(&mut self, local: SocketAddr, remote: SocketAddr, socket: SocketId) {
        if self.connections.get(&(local, remote)) == Some(&socket) {
            self.connections.remove(&(local, remote));
        }
    }

    pub(super) fn connection(&self, local: SocketAddr, remote: SocketAddr) -> Option<SocketId> {
        self.connections.get(&(local, remote)).copied()
    }

    /// Forgets every socket and returns them.
    pub(super) fn forget_all(&mut self) -> Vec<SocketId> {
        let connections = std::mem::take(&mut self.connections);
        let listeners = std::mem::take(&mut self.listeners);
        connections.into_values().chain(listeners.into_values()).collect()
    }
}
