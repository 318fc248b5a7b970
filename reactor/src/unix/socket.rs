//! TCP sockets: non-blocking, closed on exec, without Nagle's delay.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use holdtime_core::config::{AoKey, PeerRange};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use holdtime_host::{CloseKind, Ends, KeyChange, ListenOptions, TcpOptions};

use super::sockopt;

const BACKLOG: i32 = 128;

/// How long a connection that is closed gracefully waits for the peer's end.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// How many reads of 4 KiB it throws away at a time.
const DISCARD_READS: usize = 256;

/// Opens a listening socket.
pub(crate) fn listen(address: SocketAddr, options: &ListenOptions) -> io::Result<Socket> {
    let socket = new(address)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    for (peers, key) in &options.md5 {
        sockopt::set_md5(&socket, *peers, key)?;
    }
    for (peers, key) in &options.ao {
        sockopt::add_ao_key(&socket, *peers, key, false).map_err(|error| no_ao(&error))?;
    }
    set_ttl(&socket, address.is_ipv6(), options.ttl, options.min_ttl)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// Begins to connect.
pub(crate) fn dial(local: Option<IpAddr>, remote: SocketAddr, options: &TcpOptions) -> io::Result<Socket> {
    let socket = new(remote)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(interface) = &options.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    set_ttl(&socket, remote.is_ipv6(), options.ttl, options.min_ttl)?;
    if let Some(key) = &options.md5 {
        sockopt::set_md5(&socket, PeerRange::single(remote.ip()), key)?;
    }
    for (place, key) in options.ao.iter().enumerate() {
        sockopt::add_ao_key(&socket, PeerRange::single(remote.ip()), key, place == 0)
            .map_err(|error| no_ao(&error))?;
    }
    if let Some(local) = local {
        socket.bind(&SocketAddr::new(local, 0).into())?;
    }
    match socket.connect(&remote.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket),
    }
}

/// Takes one connection from a backlog.
pub(crate) fn accept(listener: &Socket) -> io::Result<(Socket, Ends)> {
    loop {
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok((socket, _)) => {
                socket.set_nonblocking(true)?;
                let ends = accepted(&socket)?;
                return Ok((socket, ends));
            }
        }
    }
}

/// Sets up a connection that was taken from a backlog. One that is reset already has no ends left: it was
/// aborted.
pub(crate) fn accepted(socket: &Socket) -> io::Result<Ends> {
    socket.set_tcp_nodelay(true)?;
    ends(socket).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOTCONN) => io::ErrorKind::ConnectionAborted.into(),
        _ => error,
    })
}

/// The outcome of an attempt to connect; `WouldBlock` while it is not decided.
pub(crate) fn connected(socket: &Socket) -> io::Result<Ends> {
    match socket.take_error()? {
        Some(error) => Err(error),
        None => match ends(socket) {
            // No error and no peer yet: the handshake is still under way.
            Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            outcome => outcome,
        },
    }
}

/// Ends our direction. Not connected any more is as good as shut down.
pub(crate) fn shutdown(socket: &Socket) {
    drop(socket.shutdown(std::net::Shutdown::Write));
}

/// Begins to end a connection. Returns whether it must linger: closing a socket with unread input, or one that input
/// still arrives at, sends an RST, and an RST destroys what is on its way to the peer. So the socket is to be kept,
/// and [`discard`]ed from, until the peer has closed too or [`LINGER`] has passed. What happens once it is dropped is
/// the kernel's affair.
pub(crate) fn close(socket: &Socket, how: CloseKind) -> bool {
    // An error means that the connection is gone already, which is what was asked for.
    match how {
        CloseKind::Reset => {
            drop(socket.set_linger(Some(Duration::ZERO)));
            false
        }
        CloseKind::Graceful => {
            shutdown(socket);
            discard(socket)
        }
    }
}

/// Throws away what has arrived, at most [`DISCARD_READS`] reads of it; whether more may come.
pub(crate) fn discard(socket: impl AsFd) -> bool {
    let mut discarded = [0; 4096];
    for _ in 0..DISCARD_READS {
        match rustix::io::read(&socket, &mut discarded) {
            Ok(0) => return false,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return error == Errno::AGAIN,
        }
    }
    true
}

/// As [`set_ttl`], for a connection that was accepted.
pub(crate) fn set_accepted_ttl(socket: &Socket, ttl: Option<u8>, min_ttl: Option<u8>) -> io::Result<()> {
    let ipv6 = local(socket)?.is_ipv6();
    set_ttl(socket, ipv6, ttl, min_ttl)
}

/// Sets the TTL of what is sent and the least TTL of what is accepted.
fn set_ttl(socket: &Socket, ipv6: bool, ttl: Option<u8>, min_ttl: Option<u8>) -> io::Result<()> {
    match ttl {
        Some(ttl) if ipv6 => socket.set_unicast_hops_v6(ttl.into())?,
        Some(ttl) => socket.set_ttl_v4(ttl.into())?,
        None => {}
    }
    min_ttl.map_or(Ok(()), |ttl| sockopt::set_min_ttl(socket, ipv6, ttl))
}

/// Changes the TCP-AO keys of a connection.
pub(crate) fn set_keys(socket: &Socket, change: &KeyChange) -> io::Result<()> {
    let peer = PeerRange::single(ends(socket)?.remote.ip());
    let changed = || {
        change.add.iter().try_for_each(|key| sockopt::add_ao_key(socket, peer, key, false))?;
        change.first.iter().try_for_each(|key| sockopt::use_ao_key(socket, key))?;
        change.remove.iter().try_for_each(|key| sockopt::remove_ao_key(socket, peer, key))
    };
    changed().map_err(|error: io::Error| no_ao(&error))
}

/// Whether this kernel signs for such a peer with these keys.
///
/// # Errors
/// `NoTcpAo`, where it does not.
pub fn try_keys(peers: PeerRange, keys: &[AoKey]) -> io::Result<()> {
    let socket = new(SocketAddr::new(peers.address, 0))?;
    keys.iter()
        .try_for_each(|key| sockopt::add_ao_key(&socket, peers, key, false))
        .map_err(|error| no_ao(&error))
}

/// An option of TCP-AO that could not be set, and the kernel's reason.
#[derive(Debug)]
pub(crate) struct NoTcpAo(Option<i32>);

impl fmt::Display for NoTcpAo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(libc::ENOPROTOOPT) => f.write_str("this kernel has no TCP-AO (RFC 5925)"),
            Some(errno) => {
                write!(f, "this kernel does not take the TCP-AO key: {}", io::Error::from_raw_os_error(errno))
            }
            None => f.write_str("this kernel does not take the TCP-AO key"),
        }
    }
}

impl std::error::Error for NoTcpAo {}

fn no_ao(error: &io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, NoTcpAo(error.raw_os_error()))
}

/// Has the kernel throw away what arrives at a socket, as a path that loses it would: segments of more than `above` octets
/// of data, or with `Some(0)` every one; `None`: no more. Not even the sender is told.
pub(crate) fn lose_arrivals(socket: &Socket, above: Option<u32>) -> io::Result<()> {
    // linux/bpf_common.h: load the length, compare, return how much of the packet is taken.
    const LOAD_LENGTH: u16 = 0x80;
    const JUMP_IF_GREATER: u16 = 0x25;
    const RETURN: u16 = 0x06;
    /// More than TCP's header takes with the options that Linux sends.
    const HEADER: u32 = 60;
    let take = |octets| SockFilter::new(RETURN, 0, 0, octets);
    match above {
        None => socket.detach_filter(),
        Some(0) => socket.attach_filter(&[take(0)]),
        Some(above) => socket.attach_filter(&[
            SockFilter::new(LOAD_LENGTH, 0, 0, 0),
            SockFilter::new(JUMP_IF_GREATER, 1, 0, HEADER + above),
            take(u32::MAX),
            take(0),
        ]),
    }
}

/// The address that a socket is bound to.
pub(crate) fn local(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
}

fn ends(socket: &Socket) -> io::Result<Ends> {
    let remote = socket.peer_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
    Ok(Ends { local: local(socket)?, remote })
}

fn new(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test waits for the kernel, and says what it skips"
)]
mod tests {
    use super::*;

    /// Dials a listener that wants this key of peers out of 127.0.0.0/8, from 127.0.0.9; whether the connection comes up soon.
    fn comes_up(key: Option<&[u8]>) -> io::Result<bool> {
        let range = PeerRange { address: [127, 0, 0, 0].into(), length: 8 };
        let options = ListenOptions { md5: vec![(range, b"secret".to_vec())], ..ListenOptions::default() };
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)), &options)?;
        let options = TcpOptions { md5: key.map(<[u8]>::to_vec), ..TcpOptions::default() };
        let _dialled = dial(Some([127, 0, 0, 9].into()), local(&listener)?, &options)?;
        for _ in 0..50 {
            if accept(&listener).is_ok() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(false)
    }

    fn ao_key(secret: &str) -> AoKey {
        let algorithm = holdtime_core::config::AoAlgorithm::HmacSha1;
        AoKey { send_id: 1, receive_id: 1, algorithm, key: secret.into() }
    }

    /// As [`comes_up`], with TCP-AO; the dialled socket too.
    fn comes_up_signed(keys: &[AoKey]) -> io::Result<Option<(Socket, Socket)>> {
        let range = PeerRange { address: [127, 0, 0, 0].into(), length: 8 };
        let options = ListenOptions { ao: vec![(range, ao_key("secret"))], ..ListenOptions::default() };
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)), &options)?;
        let options = TcpOptions { ao: keys.to_vec(), ..TcpOptions::default() };
        let dialled = dial(Some([127, 0, 0, 9].into()), local(&listener)?, &options)?;
        for _ in 0..50 {
            if let Ok((accepted, _)) = accept(&listener) {
                return Ok(Some((dialled, accepted)));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(None)
    }

    #[test]
    fn a_kernel_without_tcp_ao_refuses_to_listen_and_to_dial_rather_than_not_to_sign() {
        let peer = PeerRange::single([127, 0, 0, 1].into());
        let Err(error) = try_keys(peer, &[ao_key("secret")]) else {
            return println!("skipped: this kernel has TCP-AO");
        };
        assert_eq!(error.to_string(), "this kernel has no TCP-AO (RFC 5925)");
        let options = ListenOptions { ao: vec![(peer, ao_key("secret"))], ..ListenOptions::default() };
        let listening = listen(SocketAddr::from(([127, 0, 0, 1], 0)), &options).unwrap_err();
        let options = TcpOptions { ao: vec![ao_key("secret")], ..TcpOptions::default() };
        let dialled = dial(None, SocketAddr::from(([127, 0, 0, 1], 179)), &options).unwrap_err();
        for error in [listening, dialled] {
            assert_eq!(crate::unix::io_error(&error), holdtime_core::speaker::IoError::TcpAo);
        }
    }

    #[test]
    fn connections_are_signed_with_tcp_ao_and_their_keys_can_be_changed() {
        let (first, second) = match comes_up_signed(&[ao_key("secret")]) {
            Ok(pair) => pair.expect("the same key"),
            Err(error) => return println!("skipped: {error}"),
        };
        assert!(comes_up_signed(&[ao_key("another")]).unwrap().is_none());
        assert!(comes_up_signed(&[]).unwrap().is_none());

        let new = AoKey { send_id: 2, receive_id: 2, ..ao_key("new") };
        let adds = KeyChange { add: vec![new.clone()], first: Some(ao_key("secret")), remove: vec![] };
        let turns = KeyChange { add: vec![], first: Some(new.clone()), remove: vec![] };
        let drops = KeyChange { add: vec![], first: Some(new), remove: vec![ao_key("secret")] };
        for change in [adds, turns, drops] {
            set_keys(&first, &change).unwrap();
            set_keys(&second, &change).unwrap();
            rustix::io::write(&first, b"x").unwrap();
            let mut octet = [0];
            let got = (0..100).find_map(|_| {
                std::thread::sleep(Duration::from_millis(10));
                rustix::io::read(&second, &mut octet).ok()
            });
            assert_eq!(got, Some(1), "{change:?}");
        }
    }

    #[test]
    fn a_key_for_a_range_is_wanted_of_every_peer_out_of_it() {
        match comes_up(Some(b"secret")) {
            Ok(up) => assert!(up),
            Err(error) => return println!("skipped: this kernel has no TCP_MD5SIG_EXT ({error})"),
        }
        assert!(!comes_up(Some(b"another")).unwrap());
        assert!(!comes_up(None).unwrap());
    }
}
