//! Syslog (RFC 3164), to this machine's daemon or to another's: one datagram a line.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Where this machine's daemon listens.
const LOCAL: &str = "/dev/log";

const PORT: u16 = 514;

/// The facilities by their names; the index is the number.
const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];

/// A way to a syslog daemon, and what every line begins with.
#[derive(Debug)]
pub(crate) struct Syslog {
    way: Way,
    facility: usize,
    /// `name[pid]: `
    tag: String,
}

#[derive(Debug)]
enum Way {
    Local(UnixDatagram),
    Remote(UdpSocket, SocketAddr),
}

impl Syslog {
    /// To this machine's daemon, which need not run yet. `None`: there is no facility of that name.
    pub(crate) fn local(facility: &str, name: &str) -> Option<io::Result<Self>> {
        let facility = FACILITIES.iter().position(|known| facility.eq_ignore_ascii_case(known))?;
        Some(UnixDatagram::unbound().and_then(|socket| Self::new(Way::Local(socket), facility, name)))
    }

    /// To the daemon of another machine, by name or address, over UDP.
    pub(crate) fn remote(host: &str, name: &str) -> io::Result<Self> {
        let address = (host, PORT).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
        let any: SocketAddr = if address.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
        Self::new(Way::Remote(UdpSocket::bind(any)?, address), daemon(), name)
    }

    fn new(way: Way, facility: usize, name: &str) -> io::Result<Self> {
        // Whoever logs must not wait for a daemon that does not read.
        match &way {
            Way::Local(socket) => socket.set_nonblocking(true)?,
            Way::Remote(socket, _) => socket.set_nonblocking(true)?,
        }
        Ok(Self { way, facility, tag: format!("{name}[{}]: ", std::process::id()) })
    }

    /// Sends one line. A daemon that is not there is nobody to complain to.
    fn send(&self, severity: usize, line: &[u8]) {
        let head = format!("<{}>{}", self.facility * 8 + severity, self.tag);
        let datagram = [head.as_bytes(), line.trim_ascii_end()].concat();
        let _ = match &self.way {
            Way::Local(socket) => socket.send_to(&datagram, LOCAL),
            Way::Remote(socket, address) => socket.send_to(&datagram, address),
        };
    }
}

fn daemon() -> usize {
    FACILITIES.iter().position(|name| *name == "daemon").unwrap_or_default()
}

/// The severity of a level (RFC 3164 §4.1.1).
fn severity(level: Level) -> usize {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// Where one line is written: `tracing` hands over a whole line at once.
#[derive(Debug)]
pub(crate) struct SyslogLine<'a> {
    syslog: &'a Syslog,
    severity: usize,
}

impl Write for SyslogLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.syslog.send(self.severity, line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = SyslogLine<'a>;

    fn make_writer(&'a self) -> SyslogLine<'a> {
        SyslogLine { syslog: self, severity: severity(Level::INFO) }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> SyslogLine<'a> {
        SyslogLine { syslog: self, severity: severity(*metadata.level()) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::{Syslog, Way, daemon};

    #[test]
    fn a_line_is_one_datagram_with_its_priority_in_front() {
        let daemon_socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let ours = UdpSocket::bind("127.0.0.1:0").unwrap();
        let way = Way::Remote(ours, daemon_socket.local_addr().unwrap());
        Syslog::new(way, daemon(), "holdtime").unwrap().send(4, b"a session ended\n");
        let mut datagram = [0; 100];
        let count = daemon_socket.recv(&mut datagram).unwrap();
        let expected = format!("<28>holdtime[{}]: a session ended", std::process::id());
        assert_eq!(str::from_utf8(&datagram[..count]).unwrap(), expected);
    }

    #[test]
    fn a_facility_is_known_by_its_name() {
        assert!(Syslog::local("LOCAL7", "x").is_some());
        assert!(Syslog::local("nobody", "x").is_none());
    }
}
