//! A peer that reads as fast as it can and counts.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::wire::{
    HEADER, KEEPALIVE, NOTIFICATION, OPEN, UPDATE, framed, keepalive, message, route_refresh, routes,
};

/// How long a speaker may be silent. ExaBGP takes half a minute to read a large configuration.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was seen of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceivedRoutes {
    /// When the speaker connected.
    pub(crate) connected: Instant,
    /// When its first route was here.
    pub(crate) first: Option<Instant>,
    /// When the last read was.
    pub(crate) last: Instant,
    pub(crate) routes: u32,
    pub(crate) updates: u32,
    /// Octets of the UPDATEs, headers included.
    pub(crate) octets: usize,
}

/// A session on which messages are taken apart as they come.
#[derive(Debug)]
pub(crate) struct Receiver {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer is filled.
    filled: usize,
    pub(crate) seen: ReceivedRoutes,
}

/// Listens at an address of loopback, on a port of the system's choice.
pub(crate) fn listen(address: [u8; 4], port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::from(address), port)))
}

impl Receiver {
    /// Takes a speaker's connection. `has_ended`: the speaker has, so that none will come.
    pub(crate) fn accept(listener: &TcpListener, has_ended: impl FnMut() -> bool) -> io::Result<Self> {
        let (stream, _) = accept_in_time(listener, has_ended)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let connected = Instant::now();
        let seen =
            ReceivedRoutes { connected, first: None, last: connected, routes: 0, updates: 0, octets: 0 };
        Ok(Self { stream, buffer: vec![0; 1 << 20], filled: 0, seen })
    }

    /// Reads until that many routes have come.
    pub(crate) fn read_routes(&mut self, routes: u32) -> io::Result<ReceivedRoutes> {
        while self.seen.routes < routes {
            self.read()?;
        }
        Ok(self.seen)
    }

    /// Asks for every route once more, and reads until that many have come again.
    pub(crate) fn refresh(&mut self, routes: u32) -> io::Result<ReceivedRoutes> {
        self.seen.routes = 0;
        self.stream.write_all(&route_refresh())?;
        self.read_routes(routes)
    }

    /// Reads until the session is up: the speaker's KEEPALIVE came.
    pub(crate) fn establish(&mut self) -> io::Result<()> {
        while !self.read()? {}
        Ok(())
    }

    /// Reads once and takes apart what is whole; whether a KEEPALIVE was among it.
    pub(crate) fn read(&mut self) -> io::Result<bool> {
        let count = self.stream.read(self.buffer.get_mut(self.filled..).unwrap_or_default())?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += count;
        self.seen.last = Instant::now();
        let (mut at, mut alive, mut answers) = (0, false, Vec::new());
        while let Some(message) = message(self.buffer.get(at..self.filled).unwrap_or_default()) {
            at += message.len();
            match message.get(HEADER - 1) {
                Some(&OPEN) => answers.extend([open(message), keepalive()]),
                Some(&UPDATE) => self.seen.count(message),
                Some(&NOTIFICATION) => {
                    let reason = message.get(HEADER..HEADER + 2).unwrap_or_default();
                    return Err(io::Error::other(format!("NOTIFICATION {reason:?}")));
                }
                Some(&KEEPALIVE) => {
                    alive = true;
                    answers.push(keepalive());
                }
                _ => return Err(io::Error::other("a message of no known type")),
            }
        }
        self.buffer.copy_within(at..self.filled, 0);
        self.filled -= at;
        answers.iter().try_for_each(|answer| self.stream.write_all(answer))?;
        Ok(alive)
    }
}

impl ReceivedRoutes {
    fn count(&mut self, update: &[u8]) {
        let routes = routes(update).unwrap_or(0);
        if routes > 0 {
            self.first.get_or_insert(self.last);
            self.routes += routes;
            self.updates += 1;
            self.octets += update.len();
        }
    }
}

/// `accept` that gives up after [`PATIENCE`].
fn accept_in_time(
    listener: &TcpListener,
    mut has_ended: impl FnMut() -> bool,
) -> io::Result<(TcpStream, SocketAddr)> {
    listener.set_nonblocking(true)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Err(_) if has_ended() => return Err(io::Error::other("the speaker ended at once")),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < until => {
                std::thread::sleep(Duration::from_micros(500));
            }
            Err(error) => return Err(error),
            Ok((stream, address)) => {
                stream.set_nonblocking(false)?;
                return Ok((stream, address));
            }
        }
    }
}

/// The speaker's own OPEN, with the AS number and the hold time that it offers, IPv4 unicast and route refresh.
fn open(theirs: &[u8]) -> Vec<u8> {
    let offer = theirs.get(HEADER + 1..HEADER + 5).unwrap_or(&[0xfd, 0xe8, 0, 180]);
    // Multiprotocol extensions with IPv4 unicast, and route refresh.
    let capabilities = [2, 8, 1, 4, 0, 1, 0, 1, 2, 0];
    framed(OPEN, &[&[4], offer, &[10, 0, 0, 9, 10], &capabilities].concat())
}
