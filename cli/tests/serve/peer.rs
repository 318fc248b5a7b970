//! A peer as small as can be: it listens on loopback, opens a session, and shows every message in hex.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::waiting::{PATIENCE, eventually};

/// A KEEPALIVE's type octet.
const KEEPALIVE: u8 = 4;

pub(crate) struct Peer {
    listener: TcpListener,
}

/// One session with the speaker, on which OPENs and KEEPALIVEs were exchanged.
pub(crate) struct Session {
    stream: TcpStream,
}

impl Peer {
    pub(crate) fn listen() -> Self {
        Self::listen_on("127.0.0.1")
    }

    /// Listens on another address of loopback.
    pub(crate) fn listen_on(address: &str) -> Self {
        Self { listener: TcpListener::bind((address, 0)).unwrap() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Takes the speaker's connection and answers its OPEN with one of AS 65000 and this hold time in seconds.
    pub(crate) fn session(&self, hold_time: u16) -> Session {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut session = Session { stream };
        session.expect_open();
        session.send_open(hold_time);
        assert_eq!(session.message().unwrap()[18], KEEPALIVE);
        session
    }
}

/// Dials a speaker from another address of loopback until it answers with its OPEN. The TTL is that of a machine somewhere.
pub(crate) fn dial(from: &str, to: SocketAddr) -> Session {
    let mut session = connect(from, to);
    session.expect_open();
    session
}

/// The same without its OPEN.
pub(crate) fn connect(from: &str, to: SocketAddr) -> Session {
    let mut stream = None;
    eventually("the speaker listens", || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from.parse().unwrap(), 0).into()).unwrap();
        stream = socket.connect(&to.into()).is_ok().then(|| TcpStream::from(socket));
        stream.is_some()
    });
    let session = Session { stream: stream.unwrap() };
    session.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    session
}

impl Session {
    pub(crate) fn expect_open(&mut self) {
        let open = self.message().unwrap();
        assert_eq!(open[18], 1, "the first message is no OPEN: {open:02x?}");
    }

    /// Sends an OPEN of AS 65000 with this hold time in seconds, and a KEEPALIVE.
    pub(crate) fn send_open(&mut self, hold_time: u16) {
        self.send(1, &[&[4, 0xfd, 0xe8][..], &hold_time.to_be_bytes(), &[10, 0, 0, 9, 0]].concat());
        self.keepalive();
    }

    /// Whether anything comes within half a second.
    pub(crate) fn answers_soon(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let answered = self.stream.peek(&mut [0]).is_ok();
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        answered
    }

    /// Sends as a machine next door does; what was lost is sent again.
    pub(crate) fn come_near(&mut self) {
        self.stream.set_ttl(255).unwrap();
    }

    /// The next message that is no KEEPALIVE, from its length on, in hex; empty at the end of the stream. Answers KEEPALIVEs.
    pub(crate) fn next(&mut self) -> String {
        loop {
            match self.message() {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return String::new(),
                Err(error) => panic!("nothing came: {error}"),
                Ok(message) if message[18] == KEEPALIVE => self.keepalive(),
                Ok(message) => return message[16..].iter().map(|octet| format!("{octet:02x}")).collect(),
            }
        }
    }

    /// Waits for a KEEPALIVE and answers it; nothing else may come.
    pub(crate) fn expect_keepalive(&mut self) {
        assert_eq!(self.message().unwrap()[18], KEEPALIVE);
        self.keepalive();
    }

    /// Ends the connection as a machine does that knows nothing of it.
    pub(crate) fn reset(self) {
        let SocketAddr::V4(own) = self.stream.local_addr().unwrap() else { panic!("not over IPv4") };
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(self.stream);
        // A busy kernel may deliver what is sent next before it.
        let end = format!("{:08X}:{:04X}", u32::from_le_bytes(own.ip().octets()), own.port());
        eventually("the reset arrives", || {
            let connections = std::fs::read_to_string("/proc/net/tcp").unwrap();
            !connections.lines().any(|line| line.split_whitespace().nth(2) == Some(end.as_str()))
        });
    }

    /// Goes on sending for a while, as a peer does that has not heard yet; whether the speaker takes it.
    pub(crate) fn may_still_send(&mut self) -> bool {
        for _ in 0..10 {
            self.keepalive();
            std::thread::sleep(Duration::from_millis(10));
        }
        matches!(self.message(), Err(error) if error.kind() == io::ErrorKind::UnexpectedEof)
    }

    pub(crate) fn keepalive(&mut self) {
        self.send(KEEPALIVE, &[]);
    }

    fn send(&mut self, kind: u8, body: &[u8]) {
        let length = u16::try_from(19 + body.len()).unwrap();
        let message = [&[0xff; 16][..], &length.to_be_bytes(), &[kind], body].concat();
        self.stream.write_all(&message).unwrap();
    }

    fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut message = vec![0; 19];
        self.stream.read_exact(&mut message)?;
        let length = usize::from(u16::from_be_bytes([message[16], message[17]]));
        message.resize(length, 0);
        self.stream.read_exact(&mut message[19..])?;
        Ok(message)
    }
}
