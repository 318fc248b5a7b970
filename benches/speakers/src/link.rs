//! A connection, and the path that it takes: a forwarder in user space between a peer and the kernel.
//!
//! What is read or written waits in it as long as the weather says: delayed, slowed down, or not let through at all. The kernel
//! acknowledges what the forwarder has read, as a middlebox would; where nothing is let through nothing is read, so that the
//! speaker finds its window closed.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use socket2::{Domain, Socket, Type};

/// At most this many octets wait on a path in one direction; what is beyond stays with the sender.
const ROOM: usize = 1 << 20;

/// How many octets are read at a time, if the weather is clear.
const READ: usize = 1 << 18;

/// How long what is throttled waits for its next share.
const SHARE: Duration = Duration::from_millis(20);

/// What a path does to what takes it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathWeather {
    /// How long each octet takes, in both directions.
    pub(crate) delay: Duration,
    /// Nothing is let through before then, in either direction.
    pub(crate) parted_until: Option<Instant>,
    /// At most this many octets every 20 ms are read from the speaker; 0: none ever.
    pub(crate) reads_at_most: Option<usize>,
}

impl PathWeather {
    /// Whether nothing is ever read.
    pub(crate) fn is_deaf(&self) -> bool {
        self.reads_at_most == Some(0)
    }
}

/// A connection and its path.
#[derive(Debug)]
pub(crate) struct ForwardedLink {
    socket: TcpStream,
    inbound: DelayLine,
    outbound: DelayLine,
    pub(crate) weather: PathWeather,
    /// When the next share may be read, where reading is throttled.
    next_share: Instant,
}

#[derive(Debug, Default)]
struct DelayLine {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    octets: usize,
}

/// What came out of a path.
#[derive(Debug)]
pub(crate) enum Arrival {
    Octets(Vec<u8>),
    /// FIN, or an error that has ended the connection.
    End(String),
}

/// An address with a port that is nobody else's while the socket is there: it is bound and not listened on, so that who reuses addresses
/// can listen.
pub(crate) fn reserve(address: [u8; 4]) -> io::Result<(Socket, SocketAddr)> {
    let socket = bound(address, 0)?;
    let address = socket.local_addr()?.as_socket().ok_or(ErrorKind::Unsupported)?;
    Ok((socket, address))
}

/// A listening socket that does not block.
pub(crate) fn listen(address: [u8; 4], port: u16) -> io::Result<TcpListener> {
    let socket = bound(address, port)?;
    socket.set_nonblocking(true)?;
    socket.listen(128)?;
    Ok(socket.into())
}

fn bound(address: [u8; 4], port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::from(address), port)).into())?;
    Ok(socket)
}

/// Begins to connect from an address; with so many octets of receive buffer, if they are given.
pub(crate) fn dial(from: [u8; 4], to: SocketAddr, buffer: Option<usize>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if let Some(octets) = buffer {
        socket.set_recv_buffer_size(octets)?;
    }
    socket.bind(&SocketAddr::from((Ipv4Addr::from(from), 0)).into())?;
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
            Err(error)
        }
        _ => Ok(socket.into()),
    }
}

impl ForwardedLink {
    pub(crate) fn new(socket: TcpStream, weather: PathWeather) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let (inbound, outbound) = (DelayLine::default(), DelayLine::default());
        Ok(Self { socket, inbound, outbound, weather, next_share: Instant::now() })
    }

    /// What to wait for in the kernel.
    pub(crate) fn interest(&self, now: Instant) -> PollFlags {
        let mut flags = PollFlags::empty();
        if !self.is_parted(now) {
            if self.inbound.octets < ROOM && self.next_share <= now && !self.weather.is_deaf() {
                flags |= PollFlags::IN;
            }
            if self.outbound.is_due(now) {
                flags |= PollFlags::OUT;
            }
        }
        flags
    }

    /// When the path has something to do by itself. What the kernel has no room for is not of that.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.is_parted(now) {
            return self.weather.parted_until;
        }
        let later = |due: &Instant| *due > now;
        let share = self.weather.reads_at_most.filter(|most| *most > 0).map(|_| self.next_share);
        let inbound = self.inbound.first_due().into_iter();
        inbound.chain(self.outbound.first_due().filter(later)).chain(share.filter(later)).min()
    }

    /// Takes up what the kernel has and what has come through, and hands on what is due.
    pub(crate) fn turn(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Vec<Arrival> {
        if self.is_parted(now) {
            return Vec::new();
        }
        self.weather.parted_until = None;
        let mut arrivals = Vec::new();
        let end = self.read(now, buffer).err();
        while let Some(octets) = self.inbound.take_due(now) {
            arrivals.push(Arrival::Octets(octets));
        }
        if let Some(end) = end {
            arrivals.extend(self.inbound.pieces.drain(..).map(|(_, octets)| Arrival::Octets(octets)));
            arrivals.push(Arrival::End(end));
        } else if let Err(error) = self.flush(now) {
            arrivals.push(Arrival::End(error));
        }
        arrivals
    }

    /// Sends, by way of the path.
    pub(crate) fn send(&mut self, now: Instant, octets: Vec<u8>) {
        self.outbound.push(now + self.weather.delay, octets);
        // An error is found again by the next turn.
        let _ = if self.is_parted(now) { Ok(()) } else { self.flush(now) };
    }

    /// Ends the connection: with an RST, or with a FIN behind what has come through.
    pub(crate) fn close(self, reset: bool) {
        if reset {
            let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        } else {
            let _ = self.socket.shutdown(Shutdown::Write);
        }
    }

    fn is_parted(&self, now: Instant) -> bool {
        self.weather.parted_until.is_some_and(|until| now < until)
    }

    /// Reads what the kernel has, as far as the weather lets it; an error is the end of the connection.
    fn read(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Result<(), String> {
        let most = self.weather.reads_at_most.unwrap_or(READ);
        buffer.resize(READ, 0);
        if self.next_share > now || self.inbound.octets >= ROOM || self.weather.is_deaf() {
            return Ok(());
        }
        match self.socket.read(buffer.get_mut(..most.min(READ)).unwrap_or_default()) {
            Ok(0) => return Err("FIN".to_owned()),
            Ok(count) => {
                let octets = buffer.get(..count).unwrap_or_default().to_vec();
                self.inbound.push(now + self.weather.delay, octets);
            }
            Err(error) if is_nothing(&error) => {}
            Err(error) => return Err(error.to_string()),
        }
        if self.weather.reads_at_most.is_some() {
            self.next_share = now + SHARE;
        }
        Ok(())
    }

    fn flush(&mut self, now: Instant) -> Result<(), String> {
        while let Some(mut octets) = self.outbound.take_due(now) {
            match self.socket.write(&octets) {
                Ok(count) if count == octets.len() => {}
                Ok(count) => {
                    octets.drain(..count);
                    self.outbound.put_back(now, octets);
                    break;
                }
                Err(error) if is_nothing(&error) => {
                    self.outbound.put_back(now, octets);
                    break;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }
}

impl AsFd for ForwardedLink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl DelayLine {
    fn push(&mut self, due: Instant, octets: Vec<u8>) {
        // In order, also where the weather has cleared up.
        let due = self.pieces.back().map_or(due, |(last, _)| due.max(*last));
        self.octets += octets.len();
        self.pieces.push_back((due, octets));
    }

    fn put_back(&mut self, due: Instant, octets: Vec<u8>) {
        self.octets += octets.len();
        self.pieces.push_front((due, octets));
    }

    fn first_due(&self) -> Option<Instant> {
        self.pieces.front().map(|(due, _)| *due)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.first_due().is_some_and(|due| due <= now)
    }

    fn take_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        if !self.is_due(now) {
            return None;
        }
        let (_, octets) = self.pieces.pop_front()?;
        self.octets -= octets.len();
        Some(octets)
    }
}

/// Whether a call found nothing to do for now.
pub(crate) fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
