//! The sockets of a network namespace, as Linux lists them in `/proc/net/tcp`: what a peer that does not read cannot see.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

/// One line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketSeen {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// Its state, numbered as the kernel does (`tcp_states.h`).
    pub state: u8,
    /// Octets that were written to it and that the other end has not acknowledged.
    pub unsent: u64,
}

const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const SYN_RECV: u8 = 3;
const FIN_WAIT1: u8 = 4;
const CLOSE_WAIT: u8 = 8;
const LISTEN: u8 = 10;

impl SocketSeen {
    /// One between these ends, open or closed with what is unsent still to be delivered.
    pub(super) fn of((local, remote): (SocketAddr, SocketAddr), is_open: bool, unsent: u64) -> Self {
        Self { local, remote, state: if is_open { ESTABLISHED } else { FIN_WAIT1 }, unsent }
    }

    /// Whether its program has not ended it: it is open, on its way there, or the other end alone is done (`CLOSE_WAIT`).
    pub fn is_open(&self) -> bool {
        matches!(self.state, ESTABLISHED | SYN_SENT | SYN_RECV | CLOSE_WAIT)
    }

    /// Its state in the kernel's word.
    pub fn state_name(&self) -> &'static str {
        let names = ["ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE"];
        let more = ["CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"];
        let mut all = names.into_iter().chain(more);
        all.nth(usize::from(self.state).wrapping_sub(1)).unwrap_or("no state")
    }
}

/// The sockets in the text of `/proc/net/tcp`.
pub fn sockets(text: &str) -> impl Iterator<Item = SocketSeen> {
    text.lines().skip(1).filter_map(socket)
}

/// The ports at which somebody listens on this address, or on all.
pub fn listening(text: &str, address: Ipv4Addr) -> Vec<u16> {
    let own = |socket: &SocketSeen| socket.local.ip().is_unspecified() || socket.local.ip() == address;
    sockets(text).filter(|socket| socket.state == LISTEN && own(socket)).map(|one| one.local.port()).collect()
}

fn socket(line: &str) -> Option<SocketSeen> {
    let mut words = line.split_whitespace().skip(1);
    let (local, remote) = (end(words.next()?)?, end(words.next()?)?);
    let state = u8::from_str_radix(words.next()?, 16).ok()?;
    let (unsent, _) = words.next()?.split_once(':')?;
    Some(SocketSeen { local, remote, state, unsent: u64::from_str_radix(unsent, 16).ok()? })
}

/// `0100007F:00B3`: an address in the machine's own order, and a port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let address = Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.to_ne_bytes());
    Some(SocketAddrV4::new(address, u16::from_str_radix(port, 16).ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100000A:00B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n\
        \x20  1: 0100000A:00B3 0200000A:9C40 04 00002710:00000000 04:00000015 00000000     0        0 0 2 0 20 4 30 10 -1\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn a_list_reads_as_linux_writes_it() {
        let seen: Vec<SocketSeen> = sockets(TEXT).collect();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[1].local.to_string(), "10.0.0.1:179");
        assert_eq!(seen[1].remote.to_string(), "10.0.0.2:40000");
        assert_eq!((seen[1].state_name(), seen[1].unsent, seen[1].is_open()), ("FIN_WAIT1", 10_000, false));
        assert_eq!(listening(TEXT, Ipv4Addr::new(10, 0, 0, 1)), [179]);
        assert!(listening(TEXT, Ipv4Addr::new(10, 0, 0, 3)).is_empty());
    }
}
