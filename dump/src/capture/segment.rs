//! From a packet to its TCP segment: link layers, IP and TCP headers, which `etherparse` reads.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, IpNumber, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};

use super::file::Packet;
use crate::place::{Position, Unit};

/// `LINKTYPE_` values.
mod link {
    pub(super) const NULL: u16 = 0;
    pub(super) const ETHERNET: u16 = 1;
    pub(super) const PPP: u16 = 9;
    pub(super) const CISCO_HDLC: u16 = 104;
    pub(super) const LOOP: u16 = 108;
    pub(super) const LINUX_COOKED: u16 = 113;
    pub(super) const IPV4: u16 = 228;
    pub(super) const IPV6: u16 = 229;
    pub(super) const LINUX_COOKED_2: u16 = 276;
    /// `LINKTYPE_RAW`, and what operating systems have written in its place.
    pub(super) const RAW: [u16; 3] = [101, 12, 14];
}

/// In which words fragments are counted.
pub(super) const FRAGMENTS: &str = "fragments of IP packets";

/// What stands between a link layer and IP.
mod ether_type {
    use etherparse::EtherType;

    pub(super) const MPLS: EtherType = EtherType(0x8847);
    pub(super) const MPLS_UPSTREAM: EtherType = EtherType(0x8848);
    pub(super) const PPPOE: EtherType = EtherType(0x8864);
}

/// Whether these octets are a packet with a TCP segment, alone or in an Ethernet frame.
pub(crate) fn is_packet(octets: &[u8]) -> bool {
    let place = Position { unit: Unit::Packet, number: 0, offset: 0 };
    let packet = |link| Packet { place, time: None, link, length: octets.len() as u32, octets };
    segment(&packet(link::ETHERNET)).is_ok() || segment(&packet(link::IPV4)).is_ok()
}

/// A TCP segment, as much of it as was captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct CapturedSegment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    /// What it acknowledges, if it does.
    pub(super) acknowledges: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) payload: &'a [u8],
    /// Octets of its payload, behind those that are there, that were not captured.
    pub(super) missing: u32,
}

/// The segment in a packet; otherwise why there is none, in the words in which that is counted.
pub(super) fn segment<'a>(packet: &Packet<'a>) -> Result<CapturedSegment<'a>, Cow<'static, str>> {
    let octets = packet.octets;
    let at = |start: usize| octets.get(start..).unwrap_or_default();
    let ether_type_at = |start: usize| -> Option<EtherType> {
        octets.get(start..)?.first_chunk().map(|octets| EtherType(u16::from_be_bytes(*octets)))
    };
    let sliced = match packet.link {
        link::ETHERNET => LaxSlicedPacket::from_ethernet(octets).ok(),
        link::LINUX_COOKED => ether_type_at(14).map(|kind| LaxSlicedPacket::from_ether_type(kind, at(16))),
        link::LINUX_COOKED_2 => ether_type_at(0).map(|kind| LaxSlicedPacket::from_ether_type(kind, at(20))),
        link::CISCO_HDLC => ether_type_at(2).map(|kind| LaxSlicedPacket::from_ether_type(kind, at(4))),
        link::PPP => ip(point_to_point(octets)),
        // The address family is written in either byte order, with a number of the system's own.
        link::NULL | link::LOOP => ip(at(4)),
        link::IPV4 | link::IPV6 => ip(octets),
        kind if link::RAW.contains(&kind) => ip(octets),
        kind => return Err(format!("packets of the unknown link type {kind}").into()),
    };
    let sliced = sliced.ok_or("packets that are cut off before their IP header")?;
    match &sliced.net {
        Some(_) => tcp(packet, &sliced),
        None => tcp(packet, &within(&sliced).ok_or("packets that are not IP")?),
    }
}

fn ip(octets: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    LaxSlicedPacket::from_ip(octets).ok()
}

/// What a PPP frame holds: its address and control octets may have been left out, and so may the first octet of its protocol.
fn point_to_point(octets: &[u8]) -> &[u8] {
    let octets = octets.strip_prefix(&[0xff, 3]).unwrap_or(octets);
    match octets {
        [first, rest @ ..] if first & 1 == 1 => rest,
        [_, _, rest @ ..] => rest,
        _ => &[],
    }
}

/// IP behind MPLS labels (RFC 3032 §2.1) or PPPoE (RFC 2516 §4).
fn within<'a>(sliced: &LaxSlicedPacket<'a>) -> Option<LaxSlicedPacket<'a>> {
    let payload = sliced.ether_payload()?;
    match payload.ether_type {
        ether_type::MPLS | ether_type::MPLS_UPSTREAM => {
            let last = payload
                .payload
                .chunks_exact(4)
                .position(|label| label.get(2).is_some_and(|octet| octet & 1 == 1))?;
            ip(payload.payload.get(4 * (last + 1)..)?)
        }
        ether_type::PPPOE => ip(point_to_point(payload.payload.get(6..)?)),
        _ => None,
    }
}

fn tcp<'a>(
    packet: &Packet<'a>,
    sliced: &LaxSlicedPacket<'a>,
) -> Result<CapturedSegment<'a>, Cow<'static, str>> {
    // How many octets IP says there are behind its headers; 0: the kernel was still to cut the segment, and filled that in later.
    let (from, to, payload, declared) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let (from, to) = (header.source_addr().into(), header.destination_addr().into());
            let headers = header.slice().len() + ip.extensions().auth.map_or(0, |auth| auth.slice().len());
            (from, to, ip.payload(), usize::from(header.total_len()).checked_sub(headers))
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let (from, to) = (header.source_addr().into(), header.destination_addr().into());
            let length = usize::from(header.payload_length());
            let declared = length.checked_sub(ip.extensions().slice().len()).filter(|_| length > 0);
            (from, to, ip.payload(), declared)
        }
        _ => return Err("packets that are not IP".into()),
    };
    if payload.ip_number != IpNumber::TCP {
        return Err("packets that are not TCP".into());
    }
    if payload.fragmented {
        return Err(FRAGMENTS.into());
    }
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
        return Err(
            "packets that are cut off before their TCP payload, or have a header that cannot be".into()
        );
    };
    let cut = (packet.length as usize).saturating_sub(packet.octets.len());
    let missing = declared.map_or(cut, |declared| declared.saturating_sub(payload.payload.len()));
    Ok(CapturedSegment { missing: missing as u32, ..CapturedSegment::of(from, to, tcp) })
}

impl<'a> CapturedSegment<'a> {
    fn of(from: IpAddr, to: IpAddr, tcp: &TcpSlice<'a>) -> Self {
        Self {
            from: (from, tcp.source_port()).into(),
            to: (to, tcp.destination_port()).into(),
            sequence: tcp.sequence_number(),
            acknowledges: tcp.ack().then(|| tcp.acknowledgment_number()),
            syn: tcp.syn(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            payload: tcp.payload(),
            missing: 0,
        }
    }
}
