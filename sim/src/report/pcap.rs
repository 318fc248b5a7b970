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
use std::net::IpAddr;
use std::time::Duration;

use holdtime_core::time::Instant;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, TsResolution};

use holdtime_machine::clock::EPOCH;
use holdtime_machine::net::Segment;
use holdtime_machine::trace::{Observer, Step};

/// Collects a run's segments as frames.
#[derive(Debug, Default)]
pub struct Capture {
    frames: Vec<(Instant, Vec<u8>)>,
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
    /// Those of the writer.
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
            let since_epoch = Duration::from_nanos(EPOCH.as_nanos().unsigned_abs() + at.as_nanos());
            let packet = PcapPacket::new(since_epoch, frame.len() as u32, frame);
            writer.write_packet(&packet).map_err(std::io::Error::other)?;
        }
        Ok(())
    }
}

/// Windows are announced in units of 128 octets, as a Linux that scales by seven does.
const WINDOW_SCALE: u8 = 7;

fn frame(segment: &Segment) -> Vec<u8> {
    let (src, dst) = (segment.src.ip(), segment.dst.ip());
    let tcp = tcp_header(segment);
    let mut frame = Vec::with_capacity(54 + tcp.len() + segment.payload.len());
    frame.extend(mac(dst));
    frame.extend(mac(src));
    let ip_payload = (tcp.len() + segment.payload.len()) as u16;
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            frame.extend(0x0800_u16.to_be_bytes());
            let mut header = vec![0x45, 0xc0];
            header.extend((20 + ip_payload).to_be_bytes());
            header.extend([0, 0, 0x40, 0, segment.ttl, 6, 0, 0]);
            header.extend(src.octets());
            header.extend(dst.octets());
            let checksum = fold(sum(&header)).to_be_bytes();
            header.splice(10..12, checksum);
            frame.extend(header);
        }
        _ => {
            frame.extend(0x86dd_u16.to_be_bytes());
            frame.extend([0x6c, 0, 0, 0]);
            frame.extend(ip_payload.to_be_bytes());
            frame.extend([6, segment.ttl]);
            frame.extend(octets(src));
            frame.extend(octets(dst));
        }
    }
    frame.extend(tcp);
    frame.extend(&segment.payload);
    frame
}

fn tcp_header(segment: &Segment) -> Vec<u8> {
    let mut header = Vec::with_capacity(28);
    header.extend(segment.src.port().to_be_bytes());
    header.extend(segment.dst.port().to_be_bytes());
    header.extend((segment.seq as u32).to_be_bytes());
    header.extend((segment.ack as u32).to_be_bytes());
    let scale = if segment.flags.syn { 0 } else { WINDOW_SCALE };
    let window = u16::try_from(segment.window >> scale).unwrap_or(u16::MAX);
    let words: u8 = if segment.flags.syn { 7 } else { 5 };
    let push = u8::from(!segment.payload.is_empty()) << 3;
    header.extend([words << 4, segment.flags.bits() | push]);
    header.extend(window.to_be_bytes());
    header.extend([0, 0, 0, 0]);
    if segment.flags.syn {
        header.extend([2, 4]);
        header.extend(segment.mss.unwrap_or(536).to_be_bytes());
        header.extend([1, 3, 3, WINDOW_SCALE]);
    }
    let checksum = tcp_checksum(segment, &header).to_be_bytes();
    header.splice(16..18, checksum);
    header
}

/// The checksum over the pseudo-header, the header and the payload (RFC 9293 §3.1).
fn tcp_checksum(segment: &Segment, header: &[u8]) -> u16 {
    let length = (header.len() + segment.payload.len()) as u64;
    let addresses = [octets(segment.src.ip()), octets(segment.dst.ip())].concat();
    fold(sum(&addresses) + 6 + length + sum(header) + sum(&segment.payload))
}

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

/// A locally administered address that shows whose it is.
fn mac(address: IpAddr) -> [u8; 6] {
    let octets = octets(address);
    let mut mac = [2, 0, 0, 0, 0, 0];
    mac.iter_mut().rev().zip(octets.iter().rev()).take(4).for_each(|(slot, octet)| *slot = *octet);
    mac
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

    #[test]
    fn every_checksum_adds_up() {
        let cases =
            [("10.0.0.1:179", "10.0.0.2:40000", 14 + 20), ("[fd00::1]:179", "[fd00::2]:40000", 14 + 40)];
        for (src, dst, tcp_at) in cases {
            for payload in [&b""[..], b"odd", b"even"] {
                let segment = segment(src, dst, payload);
                let frame = frame(&segment);
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
        let frame = frame(&segment("10.0.0.1:179", "10.0.0.2:40000", b"x"));
        assert_eq!(frame[..14], [2, 0, 10, 0, 0, 2, 2, 0, 10, 0, 0, 1, 8, 0]);
        assert_eq!(frame[14..24], [0x45, 0xc0, 0, 41, 0, 0, 0x40, 0, 64, 6]);
        assert_eq!(frame[34..48], [0, 179, 0x9c, 0x40, 0x23, 0x45, 0x67, 0x89, 0, 0, 0, 99, 0x50, 0x18]);
        assert_eq!(frame[48..50], [2, 0], "65,536 octets in units of 128");
    }
}
