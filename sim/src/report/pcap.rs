//! A capture of a run that Wireshark opens: every segment in an Ethernet frame with IP and TCP headers.
//!
//! ```text
//!  0          6          12    14                34 (IPv4) / 54 (IPv6)      +20 (+8 on a SYN)
//! ┌──────────┬──────────┬─────┬─────────────────┬─────────────────────────┬─────────┐
//! │ to (MAC) │ from     │type │ IPv4 or IPv6    │ TCP header and options  │ payload │
//! └──────────┴──────────┴─────┴─────────────────┴─────────────────────────┴─────────┘
//! ```
//!
//! Segments stand where their sender's interface would have seen them: those that are lost on the way are there too.

use std::io::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use etherparse::err::packet::BuildVecWriteError;
use etherparse::{
    IpDscp, IpHeaders, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6Header, PacketBuilder, TcpHeader,
    TcpOptions,
};
use holdtime_core::time::Instant;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, TsResolution};

use holdtime_machine::clock::EPOCH;
use holdtime_machine::net::Segment;
use holdtime_machine::trace::{Observer, Step};

/// Collects a run's segments as frames.
#[derive(Debug, Default)]
pub struct Capture {
    frames: Vec<(Instant, Result<Vec<u8>, BuildVecWriteError>)>,
}

impl Observer for Capture {
    fn on_step(&mut self, at: Instant, step: &Step<'_>) {
        if let Step::Sent(_, segment, _) = step {
            self.frames.push((at, frame(segment)));
        }
    }
}

impl Capture {
    /// Writes a capture file with nanosecond timestamps.
    ///
    /// # Errors
    /// Those of the writer; a segment that is too long for an IP packet.
    pub fn write_to(&self, writer: impl Write) -> std::io::Result<()> {
        let header = PcapHeader {
            datalink: DataLink::ETHERNET,
            ts_resolution: TsResolution::NanoSecond,
            snaplen: 0x4_0000,
            ..PcapHeader::default()
        };
        let mut writer = PcapWriter::with_header(writer, header).map_err(std::io::Error::other)?;
        let mut order: Vec<_> = self.frames.iter().collect();
        order.sort_by_key(|(at, _)| *at);
        for (at, frame) in order {
            let frame = frame.as_ref().map_err(|error| std::io::Error::other(error.clone()))?;
            let since_epoch = Duration::from_nanos(EPOCH.as_nanos().unsigned_abs() + at.as_nanos());
            let packet = PcapPacket::new(since_epoch, frame.len() as u32, frame);
            writer.write_packet(&packet).map_err(std::io::Error::other)?;
        }
        Ok(())
    }
}

/// Windows are announced in units of 128 octets, as a Linux that scales by seven does.
const WINDOW_SCALE: u8 = 7;

/// The class of network control (RFC 2474 §4.2.2.2), which Linux's BGP speakers ask for.
const DSCP: IpDscp = IpDscp::CS6;

fn frame(segment: &Segment) -> Result<Vec<u8>, BuildVecWriteError> {
    let (src, dst) = (segment.src.ip(), segment.dst.ip());
    let packet = PacketBuilder::ethernet2(mac(src), mac(dst)).ip(ip_header(src, dst, segment.ttl));
    let packet = packet.tcp_header(tcp_header(segment));
    let mut frame = Vec::with_capacity(packet.size(segment.payload.len()));
    packet.write_to_vec(&mut frame, &segment.payload)?;
    Ok(frame)
}

/// Lengths and checksums are filled in when the packet is written.
fn ip_header(src: IpAddr, dst: IpAddr, ttl: u8) -> IpHeaders {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let header = Ipv4Header {
                dscp: DSCP,
                dont_fragment: true,
                time_to_live: ttl,
                source: src.octets(),
                destination: dst.octets(),
                ..Ipv4Header::default()
            };
            IpHeaders::Ipv4(header, Ipv4Extensions::default())
        }
        _ => {
            let header = Ipv6Header {
                traffic_class: DSCP.value() << 2,
                hop_limit: ttl,
                source: mapped(src).octets(),
                destination: mapped(dst).octets(),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Ipv6Extensions::default())
        }
    }
}

fn tcp_header(segment: &Segment) -> TcpHeader {
    let flags = segment.flags;
    let scale = if flags.syn { 0 } else { WINDOW_SCALE };
    let window = u16::try_from(segment.window >> scale).unwrap_or(u16::MAX);
    let mut header = TcpHeader::new(segment.src.port(), segment.dst.port(), segment.seq as u32, window);
    header.acknowledgment_number = segment.ack as u32;
    (header.syn, header.ack, header.fin, header.rst) = (flags.syn, flags.ack, flags.fin, flags.rst);
    header.psh = !segment.payload.is_empty();
    if flags.syn {
        let [high, low] = segment.mss.unwrap_or(536).to_be_bytes();
        // The MSS, a blank, and the window's scale.
        header.options = TcpOptions::from([2, 4, high, low, 1, 3, 3, WINDOW_SCALE]);
    }
    header
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// A locally administered address that shows whose it is.
fn mac(address: IpAddr) -> [u8; 6] {
    let [.., a, b, c, d] = mapped(address).octets();
    [2, 0, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use pcap_file::pcap::PcapReader;

    use super::*;
    use holdtime_machine::net::{Flags, MachineId};

    fn segment(src: &str, dst: &str, payload: &[u8]) -> Segment {
        Segment {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            seq: 0x1_2345_6789,
            ack: 99,
            flags: Flags { ack: true, syn: payload.is_empty(), ..Flags::default() },
            window: 65_536,
            mss: Some(1_460),
            ttl: 64,
            key: None,
            payload: payload.to_vec(),
        }
    }

    /// The sum that is all ones where the checksum in it is right (RFC 1071 §1).
    fn sum(octets: &[u8]) -> u64 {
        octets.chunks(2).map(|pair| u64::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u64::from)).sum()
    }

    fn fold(mut sum: u64) -> u16 {
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    fn octets(address: IpAddr) -> Vec<u8> {
        match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        }
    }

    #[test]
    fn every_checksum_adds_up() {
        let cases =
            [("10.0.0.1:179", "10.0.0.2:40000", 14 + 20), ("[fd00::1]:179", "[fd00::2]:40000", 14 + 40)];
        for (src, dst, tcp_at) in cases {
            for payload in [&b""[..], b"odd", b"even"] {
                let segment = segment(src, dst, payload);
                let frame = frame(&segment).unwrap();
                if segment.src.is_ipv4() {
                    assert_eq!(fold(sum(&frame[14..34])), 0, "IPv4 header");
                }
                let addresses = [octets(segment.src.ip()), octets(segment.dst.ip())].concat();
                let tcp = &frame[tcp_at..];
                assert_eq!(fold(sum(&addresses) + 6 + tcp.len() as u64 + sum(tcp)), 0, "{src} {payload:?}");
            }
        }
    }

    #[test]
    fn a_capture_is_read_back_in_the_order_of_time() {
        let mut capture = Capture::default();
        for (millis, payload) in [(2, b"second"), (1, b"first!")] {
            let segment = segment("10.0.0.1:179", "10.0.0.2:40000", payload);
            capture.on_step(Instant::from_millis(millis), &Step::Sent(MachineId(0), &segment, None));
        }
        let mut file = Vec::new();
        capture.write_to(&mut file).unwrap();
        let mut reader = PcapReader::new(&file[..]).unwrap();
        let mut payloads = Vec::new();
        while let Some(packet) = reader.next_packet() {
            payloads.push(packet.unwrap().data[54..].to_vec());
        }
        assert_eq!(payloads, [b"first!", b"second"]);
    }

    #[test]
    fn a_frame_has_the_header_that_the_standards_draw() {
        let frame = frame(&segment("10.0.0.1:179", "10.0.0.2:40000", b"x")).unwrap();
        assert_eq!(frame[..14], [2, 0, 10, 0, 0, 2, 2, 0, 10, 0, 0, 1, 8, 0]);
        assert_eq!(frame[14..24], [0x45, 0xc0, 0, 41, 0, 0, 0x40, 0, 64, 6]);
        assert_eq!(frame[34..48], [0, 179, 0x9c, 0x40, 0x23, 0x45, 0x67, 0x89, 0, 0, 0, 99, 0x50, 0x18]);
        assert_eq!(frame[48..50], [2, 0], "65,536 octets in units of 128");
    }
}
