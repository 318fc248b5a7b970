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

use crate::report::{pcapng, trace};
use crate::timeline::{Happening, Timeline, TimelineEvent};
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
    /// Writes a pcapng file with nanosecond timestamps, and with [`comments`] of the run's log.
    ///
    /// # Errors
    /// Those of the writer; a segment that is too long for an IP packet.
    pub fn write_to(&self, writer: impl Write, timeline: &Timeline) -> std::io::Result<()> {
        let mut order: Vec<_> = self.frames.iter().collect();
        order.sort_by_key(|(at, _)| *at);
        let began = Duration::from_nanos(EPOCH.as_nanos().unsigned_abs());
        let mut frames = Vec::with_capacity(order.len());
        for (at, frame) in order {
            let frame = frame.as_ref().map_err(|error| std::io::Error::other(error.clone()))?;
            frames.push((began + Duration::from_nanos(at.as_nanos()), frame));
        }
        write_frames(writer, frames.into_iter(), comments(timeline, began))
    }
}

/// What a capture says of a run beside its packets, each with its time since 1970: faults, alarms, states of sessions, what happened to
/// processes, and the verdict. The log's clock was at zero when so much time had passed since 1970.
pub fn comments(timeline: &Timeline, began: Duration) -> Vec<(Duration, String)> {
    let told = |event: &&TimelineEvent| match &event.what {
        Happening::Fault { .. } | Happening::Alarm { .. } | Happening::State { .. } => true,
        Happening::Process { text } => text != "started",
        _ => false,
    };
    let since_epoch = |at: Instant| began + Duration::from_nanos(at.as_nanos());
    let say = |event: &TimelineEvent| {
        let who = timeline.name(event.lane);
        (since_epoch(event.at), format!("at {}, {who}: {}", event.at, trace::words(timeline, event)))
    };
    let mut comments: Vec<_> = timeline.events.iter().filter(told).map(say).collect();
    if let Some(end) = &timeline.end {
        let at = Instant::from_nanos(end.at);
        let text = format!("at {at}: {}\n{}", end.summary, end.why).trim_end().to_owned();
        comments.push((since_epoch(at), text));
    }
    comments
}

/// Writes frames of Ethernet as a pcapng file, each with its time since 1970, and comments, which are in the order of time as the frames are:
/// each on the frame that follows it; what comes after the last frame, on that one.
///
/// # Errors
/// Those of the writer.
pub fn write_frames<F: AsRef<[u8]>>(
    mut writer: impl Write,
    frames: impl Iterator<Item = (Duration, F)>,
    comments: Vec<(Duration, String)>,
) -> std::io::Result<()> {
    let mut frames = frames.peekable();
    let mut comments = comments.into_iter().peekable();
    writer.write_all(&pcapng::section())?;
    writer.write_all(&pcapng::interface())?;
    while let Some((since_epoch, frame)) = frames.next() {
        let nanos = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        let is_last = frames.peek().is_none();
        let own = std::iter::from_fn(|| comments.next_if(|(when, _)| *when <= since_epoch || is_last));
        let own: Vec<String> = own.map(|(_, comment)| comment).collect();
        writer.write_all(&pcapng::packet(nanos, frame.as_ref(), &own))?;
    }
    Ok(())
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
    use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
    use pcap_file::pcapng::{Block, PcapNgReader};

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
    fn a_capture_is_read_back_in_the_order_of_time_with_its_comments() {
        let mut capture = Capture::default();
        for (millis, payload) in [(2, b"second"), (1, b"first!")] {
            let segment = segment("10.0.0.1:179", "10.0.0.2:40000", payload);
            capture.on_step(Instant::from_millis(millis), &Step::Sent(MachineId(0), &segment, None));
        }
        let fault = |micros: u64, text: &str| TimelineEvent {
            at: Instant::from_nanos(micros * 1_000),
            lane: 0,
            with: None,
            what: Happening::Fault { text: text.to_owned(), until: None },
        };
        let state = |micros: u64, state: &str| {
            let what = Happening::State { state: state.to_owned() };
            TimelineEvent { what, ..fault(micros, "") }
        };
        let events =
            vec![state(900, "Connect"), fault(1_500, "cut"), state(1_600, "Idle"), fault(9_000, "too late")];
        let timeline = Timeline { events, ..Timeline::default() };
        let mut file = Vec::new();
        capture.write_to(&mut file, &timeline).unwrap();
        let mut reader = PcapNgReader::new(&file[..]).unwrap();
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            let Block::EnhancedPacket(packet) = block.unwrap() else { continue };
            let comments: Vec<String> = packet
                .options
                .iter()
                .filter_map(|option| match option {
                    EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect();
            packets.push((packet.data[54..].to_vec(), comments));
        }
        let wanted = [
            "at 0.001 s, somebody: fault: cut",
            "at 0.001 s, somebody: state Idle",
            "at 0.009 s, somebody: fault: too late",
        ];
        assert_eq!(packets[0], (b"first!".to_vec(), vec!["at 0.000 s, somebody: state Connect".to_owned()]));
        assert_eq!(packets[1], (b"second".to_vec(), wanted.map(str::to_owned).to_vec()));
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
