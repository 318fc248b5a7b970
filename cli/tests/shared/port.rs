//! Ports for speakers to listen on.

use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port that is nobody else's while this is there. It is bound and not listened on, so that who reuses addresses can listen; a port
/// that was only looked up is given to the next one who asks.
pub(crate) struct ReservedPort(Socket);

impl ReservedPort {
    /// One of an IPv4 address of this machine.
    pub(crate) fn at(address: &str) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&SocketAddr::new(address.parse::<IpAddr>().unwrap(), 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }
}
