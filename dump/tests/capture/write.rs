//! Writes captures: segments in IP packets, those in frames of any link layer, those in pcap or pcapng.

use std::net::{IpAddr, SocketAddr};

pub(crate) const ETHERNET: u16 = 1;
pub(crate) const SECOND: i64 = 1_000_000_000;
/// When the captures begin.
pub(crate) const START: i64 = 1_700_000_000 * SECOND;

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

/// A captured packet.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// In nanoseconds since the Unix epoch.
    pub(crate) time: i64,
    pub(crate) octets: Vec<u8>,
    /// Octets on the wire.
    pub(crate) length: usize,
}

impl Packet {
    pub(crate) fn new(time: i64, octets: Vec<u8>) -> Self {
        Self { time, length: octets.len(), octets }
    }

    /// The same packet, captured with so many octets only.
    pub(crate) fn cut(mut self, octets: usize) -> Self {
        self.octets.truncate(octets);
        self
    }
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) sequence: u32,
    pub(crate) acknowledges: u32,
    pub(crate) flags: u8,
    pub(crate) payload: &'a [u8],
}

impl Segment<'_> {
    pub(crate) fn tcp(&self) -> Vec<u8> {
        let mut tcp = Vec::new();
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledges.to_be_bytes());
        tcp.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(self.payload);
        tcp
    }

    /// In an IP packet of the addresses' version.
    pub(crate) fn ip(&self) -> Vec<u8> {
        ip(self.from.ip(), self.to.ip(), 6, &self.tcp())
    }

    /// In an Ethernet frame.
    pub(crate) fn frame(&self) -> Vec<u8> {
        ethernet(&[], &self.ip())
    }
}

/// An IP packet that carries `protocol`.
pub(crate) fn ip(from: IpAddr, to: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend([0x45, 0]);
            packet.extend((20 + payload.len() as u16).to_be_bytes());
            packet.extend([0, 1, 0x40, 0, 64, protocol, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            packet.extend([0x60, 0, 0, 0]);
            packet.extend((payload.len() as u16).to_be_bytes());
            packet.extend([protocol, 64]);
            packet.extend(from.octets());
            packet.extend(to.octets());
        }
        _ => panic!("addresses of one version"),
    }
    packet.extend(payload);
    packet
}

/// An Ethernet frame with these octets between its addresses and the packet's own type, such as VLAN tags.
pub(crate) fn ethernet(tags: &[u8], ip: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    frame.extend(tags);
    frame.extend(ether_type(ip));
    frame.extend(ip);
    // Ethernet pads what is too short.
    frame.resize(frame.len().max(60), 0);
    frame
}

pub(crate) fn ether_type(ip: &[u8]) -> [u8; 2] {
    if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] }
}

fn number(value: u32, big_endian: bool) -> [u8; 4] {
    if big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
}

fn short(value: u16, big_endian: bool) -> [u8; 2] {
    if big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
}

/// A pcap file.
pub(crate) fn pcap(link: u16, nanoseconds: bool, big_endian: bool, packets: &[Packet]) -> Vec<u8> {
    let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut file = number(magic, big_endian).to_vec();
    file.extend(short(2, big_endian));
    file.extend(short(4, big_endian));
    for value in [0, 0, 262_144, u32::from(link)] {
        file.extend(number(value, big_endian));
    }
    for packet in packets {
        let fraction = packet.time % SECOND / if nanoseconds { 1 } else { 1_000 };
        for value in
            [(packet.time / SECOND) as u32, fraction as u32, packet.octets.len() as u32, packet.length as u32]
        {
            file.extend(number(value, big_endian));
        }
        file.extend(&packet.octets);
    }
    file
}

/// A pcap file of Ethernet frames, as tcpdump writes it.
pub(crate) fn plain(packets: &[Packet]) -> Vec<u8> {
    pcap(ETHERNET, false, false, packets)
}

/// A section of a pcapng file.
pub(crate) struct Section {
    big_endian: bool,
    pub(crate) octets: Vec<u8>,
}

impl Section {
    pub(crate) fn new(big_endian: bool) -> Self {
        let mut section = Self { big_endian, octets: Vec::new() };
        let mut body = section.number(0x1a2b_3c4d).to_vec();
        body.extend(short(1, big_endian));
        body.extend([0; 2]);
        body.extend([0xff; 8]);
        section.block(0x0a0d_0d0a, &body);
        section
    }

    pub(crate) fn number(&self, value: u32) -> [u8; 4] {
        number(value, self.big_endian)
    }

    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = self.number((12 + body.len() + padding) as u32);
        self.octets.extend(self.number(kind));
        self.octets.extend(length);
        self.octets.extend(body);
        self.octets.extend(vec![0; padding]);
        self.octets.extend(length);
    }

    /// An interface; `resolution` and `offset` are options of its times.
    pub(crate) fn interface(
        &mut self,
        link: u16,
        snap_length: u32,
        resolution: Option<u8>,
        offset: Option<i64>,
    ) {
        let mut body = short(link, self.big_endian).to_vec();
        body.extend([0; 2]);
        body.extend(self.number(snap_length));
        if let Some(resolution) = resolution {
            body.extend(short(9, self.big_endian));
            body.extend(short(1, self.big_endian));
            body.extend([resolution, 0, 0, 0]);
        }
        if let Some(offset) = offset {
            body.extend(short(14, self.big_endian));
            body.extend(short(8, self.big_endian));
            body.extend(if self.big_endian { offset.to_be_bytes() } else { offset.to_le_bytes() });
        }
        body.extend([0; 4]);
        self.block(1, &body);
    }

    /// An Enhanced Packet Block; `time` is in the units of its interface.
    pub(crate) fn enhanced(&mut self, interface: u32, time: u64, packet: &Packet) {
        let mut body = Vec::new();
        let lengths = [packet.octets.len() as u32, packet.length as u32];
        for value in [interface, (time >> 32) as u32, time as u32].into_iter().chain(lengths) {
            body.extend(self.number(value));
        }
        body.extend(&packet.octets);
        self.block(6, &body);
    }

    pub(crate) fn simple(&mut self, packet: &Packet) {
        let mut body = self.number(packet.length as u32).to_vec();
        body.extend(&packet.octets);
        self.block(3, &body);
    }

    /// The obsolete Packet Block.
    pub(crate) fn obsolete(&mut self, interface: u16, time: u64, packet: &Packet) {
        let mut body = short(interface, self.big_endian).to_vec();
        body.extend([0; 2]);
        for value in [(time >> 32) as u32, time as u32, packet.octets.len() as u32, packet.length as u32] {
            body.extend(self.number(value));
        }
        body.extend(&packet.octets);
        self.block(2, &body);
    }
}
