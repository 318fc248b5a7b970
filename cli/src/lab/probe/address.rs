//! A daemon that runs already, somewhere: it is dialled at its address, and listened for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use holdtime_sim::probe::{BufferSize, Probe, ProbeOutcome, listening, only_in_lab};
use holdtime_sim::scenario::{Actor, PeerPlace};
use holdtime_sim::timeline::Timeline;
use rustix::process::Pid;

use super::capture::LiveCapture;
use super::player::{Daemon, JudgedProbe, LiveProbe, NoVerdict, buffer, own_sockets};
use crate::error::CliError;

/// Where the peers of loopback are: .1 is the first one's.
const LOOPBACK: [u8; 3] = [127, 0, 2];
/// How long a daemon that runs may say nothing.
const SLOW: Duration = Duration::from_secs(10);
/// A peer's listening port, unless told.
const PORT: u16 = 179;

/// A daemon's address, and whom it knows at which.
pub(super) struct Address {
    pub(super) daemon: SocketAddr,
    /// Where the daemon dials its peers.
    pub(super) listen: u16,
    /// What the command line says of peers: the name, the address and the AS number.
    pub(super) peers: Vec<PeerWish>,
}

/// `NAME=ADDRESS`, or `NAME=ADDRESS,AS`.
#[derive(Clone, Debug)]
pub(crate) struct PeerWish {
    name: String,
    address: IpAddr,
    asn: Option<u32>,
}

impl fmt::Display for PeerWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.address)?;
        self.asn.map_or(Ok(()), |asn| write!(f, ",{asn}"))
    }
}

/// Reads a [`PeerWish`].
pub(crate) fn peer_wish(text: &str) -> Result<PeerWish, String> {
    let expected =
        || "expected a peer's name and address, and its AS number, such as far=127.0.2.1,65101".to_owned();
    let (name, rest) = text.split_once('=').ok_or_else(expected)?;
    let (address, asn) = match rest.split_once(',') {
        Some((address, asn)) => (address, Some(asn.parse().map_err(|_| expected())?)),
        None => (rest, None),
    };
    Ok(PeerWish { name: name.to_owned(), address: address.parse().map_err(|_| expected())?, asn })
}

impl Address {
    /// Reads `ADDRESS` or `ADDRESS:PORT`.
    pub(super) fn parse(
        text: &str,
        port: Option<u16>,
        listen: Option<u16>,
        peers: &[PeerWish],
    ) -> Result<Self, CliError> {
        let with_port = text.parse::<SocketAddr>().ok();
        let alone = || Some(SocketAddr::new(text.parse().ok()?, PORT));
        let expected = "expected an IP address, alone or with a port, such as 127.0.1.1 or 127.0.1.1:1790";
        let mut daemon = with_port
            .or_else(alone)
            .ok_or_else(|| CliError::input(format!("\"{text}\" is no address: {expected}")))?;
        if let Some(port) = port {
            daemon.set_port(port);
        }
        Ok(Self { daemon, listen: listen.unwrap_or(PORT), peers: peers.to_vec() })
    }

    /// Says what is wrong where nobody can be there.
    pub(super) fn is_there(&self) -> Result<(), CliError> {
        let (IpAddr::V4(address), Ok(text)) =
            (self.daemon.ip(), std::fs::read_to_string("/proc/self/net/tcp"))
        else {
            return Ok(());
        };
        let ports = listening(&text, address);
        if !address.is_loopback() || ports.contains(&self.daemon.port()) {
            return Ok(());
        }
        let others: Vec<String> = ports.iter().map(u16::to_string).collect();
        let others = match others.as_slice() {
            [] => "nor on any other port there".to_owned(),
            others => format!("though something does on {}", others.join(", ")),
        };
        Err(CliError::input(format!("nothing listens at {}, {others}", self.daemon)))
    }

    /// Plays one scenario.
    pub(super) fn play(&self, probe: &Probe, observe: Option<Duration>) -> Result<PlayedProbe, NoVerdict> {
        let refused = |why: String| {
            Ok(PlayedProbe { outcome: ProbeOutcome::refused(probe, why), capture: None, timeline: None })
        };
        let far = only_in_lab(&probe.scenario.play).or_else(|| probe.needs_far_machine());
        if let Some(what) = far {
            return refused(format!("{what} needs the far machine: `--matrix` has it"));
        }
        let mut probe = probe.clone();
        let places = match self.places(&mut probe) {
            Ok(places) => places,
            Err(why) => return refused(why),
        };
        let capture = LiveCapture::start(self.daemon.ip()).ok();
        let mut daemon = AddressDaemon { address: self.daemon, was_here: false };
        let played = LiveProbe { probe: &probe, places, observe, patience: SLOW }.play(&mut daemon);
        let capture = capture.map(|capture| capture.stop(played.as_ref().ok())).transpose();
        let JudgedProbe { mut outcome, timeline, .. } = played.map_err(|why| match why {
            NoVerdict::Because(why) => NoVerdict::Because(format!("what is at {} {why}", self.daemon)),
            interrupted @ NoVerdict::Interrupted => interrupted,
        })?;
        for name in ["tcp_rmem", "tcp_wmem"] {
            let whose = "this machine".to_owned();
            outcome.buffers.push(BufferSize { whose, name: name.to_owned(), value: buffer(name) });
        }
        let capture = capture.map_err(|error| format!("cannot be captured: {error}"))?;
        Ok(PlayedProbe { outcome, capture, timeline: Some(timeline) })
    }

    /// Where the peers are; and they get the AS numbers that the daemon knows them by.
    fn places(&self, probe: &mut Probe) -> Result<Vec<PeerPlace>, String> {
        let mut places = Vec::new();
        for (at, peer) in probe.scenario.play.peers.iter_mut().enumerate() {
            let wish = self.peers.iter().find(|wish| wish.name == peer.name);
            let own = match wish {
                Some(wish) => wish.address,
                None => self.usual(at).ok_or_else(|| {
                    format!(
                        "its peer `{}` needs an address of its own: --peer {}=ADDRESS",
                        peer.name, peer.name
                    )
                })?,
            };
            if let (Some(asn), Actor::Script { asn: known, .. }) =
                (wish.and_then(|wish| wish.asn), &mut peer.actor)
            {
                *known = asn;
            }
            places.push(PeerPlace {
                listen: SocketAddr::new(own, self.listen),
                from: own,
                dial: self.daemon,
            });
        }
        Ok(places)
    }

    /// The address of a peer that the command line gives none: one of loopback, or the one from which the daemon is reached.
    fn usual(&self, at: usize) -> Option<IpAddr> {
        if self.daemon.ip().is_loopback() {
            let [a, b, c] = LOOPBACK;
            return Some(Ipv4Addr::new(a, b, c, u8::try_from(at + 1).ok()?).into());
        }
        let any: IpAddr = match self.daemon.is_ipv4() {
            true => Ipv4Addr::UNSPECIFIED.into(),
            false => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        // Nothing is sent: it only looks up the way.
        socket.connect(self.daemon).ok()?;
        (at == 0).then(|| Some(socket.local_addr().ok()?.ip())).flatten()
    }
}

/// A probe that was played, or refused.
pub(super) struct PlayedProbe {
    pub(super) outcome: ProbeOutcome,
    /// What went over the wire, as a file, where this user may see it.
    pub(super) capture: Option<Vec<u8>>,
    /// What happened, where something did.
    pub(super) timeline: Option<Timeline>,
}

/// A daemon of which only its address is known.
struct AddressDaemon {
    address: SocketAddr,
    /// Whether its sockets were this machine's.
    was_here: bool,
}

impl Daemon for AddressDaemon {
    fn begin(&mut self) -> Result<(), String> {
        self.was_here = self.socket_list().is_some();
        Ok(())
    }

    fn process(&self) -> Option<Pid> {
        None
    }

    fn socket_list(&self) -> Option<String> {
        own_sockets(self.address)
    }

    fn ended(&mut self) -> Option<String> {
        let is_here = !self.was_here || self.socket_list().is_some();
        (!is_here).then(|| "nothing listens there any more".to_owned())
    }

    fn passed(&mut self, _: Duration) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_alone_or_with_its_port() {
        let parse =
            |text: &str| Address::parse(text, None, None, &[]).map(|address| address.daemon.to_string());
        assert_eq!(parse("127.0.1.1").unwrap(), "127.0.1.1:179");
        assert_eq!(parse("127.0.1.1:1790").unwrap(), "127.0.1.1:1790");
        assert_eq!(parse("fd00::1").unwrap(), "[fd00::1]:179");
        assert!(parse("localhost").unwrap_err().to_string().contains("expected an IP address"));
        assert!(
            peer_wish("far").is_err()
                && peer_wish("far=1.2.3").is_err()
                && peer_wish("far=1.2.3.4,x").is_err()
        );
        assert_eq!(peer_wish("far=1.2.3.4,5").unwrap().asn, Some(5));
    }
}
