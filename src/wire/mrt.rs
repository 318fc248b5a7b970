//! MRT (RFC 6396, RFC 8050): the files in which route collectors keep what they heard. Only what holds BGP is looked into:
//! BGP4MP messages and TABLE_DUMP_V2 routes.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::attribute::{self, AttributeCode, AttributeFlags, RawAttributes};
use super::error::{BufferFull, Malformed};
use super::family::{Afi, Family, Safi};
use super::frame;
use super::negotiated::{FamilyTerms, MAX_EXTENDED_MESSAGE, Negotiated};
use super::nlri::{NlriIter, PathNlriView};
use super::reader::Reader;
use super::writer::Writer;

/// Types and subtypes that are looked into.
mod kind {
    pub(super) const TABLE_DUMP_V2: u16 = 13;
    pub(super) const BGP4MP: u16 = 16;
    pub(super) const BGP4MP_ET: u16 = 17;
}

/// The records of a file that was read, and unpacked, whole. After an error there is nothing more.
///
/// ```text
/// +---------------------------------------------------------------+
/// |                           Timestamp (4)                       |
/// +-------------------------------+-------------------------------+
/// |             Type (2)          |            Subtype (2)        |
/// +-------------------------------+-------------------------------+
/// |                             Length (4)                        |
/// +---------------------------------------------------------------+
/// |                         Message (variable)                    |
/// +---------------------------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MrtReader<'a> {
    reader: Reader<'a>,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct MrtRecord<'a> {
    /// When it was written, in seconds since the Unix epoch.
    pub timestamp: u32,
    /// The microseconds to add, in a file that tells them (RFC 6396 §3); otherwise 0.
    pub microseconds: u32,
    /// What it holds.
    pub content: MrtContent<'a>,
}

/// What a record holds.
#[derive(Clone, Copy, Debug)]
pub enum MrtContent<'a> {
    /// A message between two speakers.
    Message(MrtMessage<'a>),
    /// The peers that the routes behind it came from.
    Peers(MrtPeers<'a>),
    /// A destination and the routes to it.
    Rib(MrtRib<'a>),
    /// Anything else: state changes, other protocols.
    Other {
        /// Its type.
        kind: u16,
        /// Its subtype.
        subkind: u16,
    },
}

/// A message between two speakers (RFC 6396 §4.4).
#[derive(Clone, Copy, Debug)]
pub struct MrtMessage<'a> {
    /// The AS of the speaker that sent it, unless `local`.
    pub peer_as: u32,
    /// The AS of the collector.
    pub local_as: u32,
    /// The address of the peer.
    pub peer: IpAddr,
    /// The address of the collector.
    pub local: IpAddr,
    /// AS numbers have four octets in it.
    pub asn4: bool,
    /// NLRI have path identifiers in it (RFC 8050 §3).
    pub add_path: bool,
    /// The collector sent it.
    pub is_local: bool,
    /// The message, header included.
    pub message: &'a [u8],
}

/// The peers that the routes of a file came from, in the order in which [`MrtRibEntry::peer_index`] counts them (RFC 6396 §4.3.1).
#[derive(Clone, Copy, Debug)]
pub struct MrtPeers<'a> {
    peers: Reader<'a>,
    count: u16,
}

/// One peer of [`MrtPeers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MrtPeer {
    /// Its BGP identifier.
    pub router_id: Ipv4Addr,
    /// Its address.
    pub address: IpAddr,
    /// Its AS.
    pub asn: u32,
}

/// A destination and the routes to it (RFC 6396 §4.3.2).
#[derive(Clone, Copy, Debug)]
pub struct MrtRib<'a> {
    /// Its family.
    pub family: Family,
    /// The destination as it stands on the wire.
    nlri: &'a [u8],
    /// Routes have path identifiers (RFC 8050 §4).
    add_path: bool,
    entries: Reader<'a>,
    count: u16,
}

/// One route of an [`MrtRib`] (RFC 6396 §4.3.4).
#[derive(Clone, Copy, Debug)]
pub struct MrtRibEntry<'a> {
    /// The peer that it came from, as a place in the file's peer table.
    pub peer_index: u16,
    /// When it came, in seconds since the Unix epoch.
    pub originated: u32,
    /// Its path identifier.
    pub path_id: Option<u32>,
    /// Its attributes as they stand in the file.
    attributes: Reader<'a>,
}

impl<'a> MrtReader<'a> {
    /// The records in `file`.
    pub const fn new(file: &'a [u8]) -> Self {
        Self { reader: Reader::new(file, 0) }
    }

    fn record(&mut self) -> Result<MrtRecord<'a>, Malformed> {
        let reader = &mut self.reader;
        let (timestamp, kind, subkind, length) = (reader.u32()?, reader.u16()?, reader.u16()?, reader.u32()?);
        let mut body = reader.sub(usize::try_from(length).unwrap_or(usize::MAX))?;
        let microseconds = if kind == kind::BGP4MP_ET { body.u32()? } else { 0 };
        let content = match (kind, subkind) {
            (kind::BGP4MP | kind::BGP4MP_ET, 1 | 4 | 6..=11) => MrtContent::Message(message(subkind, body)?),
            (kind::TABLE_DUMP_V2, 1) => MrtContent::Peers(peers(body)?),
            (kind::TABLE_DUMP_V2, 2..=6 | 8..=12) => MrtContent::Rib(rib(subkind, body)?),
            _ => MrtContent::Other { kind, subkind },
        };
        Ok(MrtRecord { timestamp, microseconds, content })
    }
}

impl<'a> Iterator for MrtReader<'a> {
    type Item = Result<MrtRecord<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let record = self.record();
        if record.is_err() {
            self.reader.take_rest();
        }
        Some(record)
    }
}

/// ```text
/// | Peer AS (2, 4) | Local AS (2, 4) | Interface (2) | AFI (2) | Peer address | Local address | Message |
/// ```
fn message(subkind: u16, mut body: Reader<'_>) -> Result<MrtMessage<'_>, Malformed> {
    let asn4 = matches!(subkind, 4 | 7 | 9 | 11);
    let mut asn = || if asn4 { body.u32() } else { body.u16().map(u32::from) };
    let (peer_as, local_as) = (asn()?, asn()?);
    let _interface = body.u16()?;
    let afi = Afi(body.u16()?);
    let (peer, local) = (address(&mut body, afi)?, address(&mut body, afi)?);
    let (add_path, is_local) = (matches!(subkind, 8..=11), matches!(subkind, 6 | 7 | 10 | 11));
    Ok(MrtMessage { peer_as, local_as, peer, local, asn4, add_path, is_local, message: body.take_rest() })
}

fn address(reader: &mut Reader<'_>, afi: Afi) -> Result<IpAddr, Malformed> {
    Ok(match afi {
        Afi::IPV6 => Ipv6Addr::from_bits(u128::from_be_bytes(reader.array()?)).into(),
        _ => Ipv4Addr::from_bits(reader.u32()?).into(),
    })
}

impl MrtMessage<'_> {
    /// What its speakers must have agreed on, every family included, for it to be read.
    pub fn negotiated(&self) -> Negotiated {
        everything(self.local_as, self.peer_as, self.asn4, self.add_path)
    }
}

/// ```text
/// | Collector's BGP ID (4) | Name Length (2) | View Name | Peer Count (2) | Peers |
/// ```
fn peers(mut body: Reader<'_>) -> Result<MrtPeers<'_>, Malformed> {
    let _collector = body.u32()?;
    let name = body.u16()?;
    body.bytes(usize::from(name))?;
    let count = body.u16()?;
    Ok(MrtPeers { peers: body, count })
}

impl<'a> MrtPeers<'a> {
    /// The peers.
    ///
    /// ```text
    /// | Type (1): bit 1 for a long AS, bit 0 for IPv6 | BGP ID (4) | Address (4, 16) | AS (2, 4) |
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<MrtPeer, Malformed>> + use<'a> {
        let mut peers = self.peers;
        (0..self.count).map(move |_| {
            let kind = peers.u8()?;
            let router_id = Ipv4Addr::from_bits(peers.u32()?);
            let address = address(&mut peers, if kind & 1 == 0 { Afi::IPV4 } else { Afi::IPV6 })?;
            let asn = if kind & 2 == 0 { u32::from(peers.u16()?) } else { peers.u32()? };
            Ok(MrtPeer { router_id, address, asn })
        })
    }
}

/// ```text
/// | Sequence Number (4) | [AFI (2) | SAFI (1)] | NLRI | Entry Count (2) | Entries |
/// ```
fn rib(subkind: u16, mut body: Reader<'_>) -> Result<MrtRib<'_>, Malformed> {
    let _sequence = body.u32()?;
    let family = match subkind {
        2 | 8 => Family::IPV4_UNICAST,
        3 | 9 => Family::new(Afi::IPV4, Safi::MULTICAST),
        4 | 10 => Family::IPV6_UNICAST,
        5 | 11 => Family::new(Afi::IPV6, Safi::MULTICAST),
        _ => Family::new(Afi(body.u16()?), Safi(body.u8()?)),
    };
    let from = body.rest();
    let mut nlri = NlriIter::new(body, family, false);
    nlri.next().unwrap_or(Err(body.truncated()))?;
    let nlri = body.bytes(from.len() - nlri.rest().len())?;
    let count = body.u16()?;
    Ok(MrtRib { family, nlri, add_path: subkind >= 8, entries: body, count })
}

impl<'a> MrtRib<'a> {
    /// The destination.
    pub fn nlri(&self) -> Option<PathNlriView<'a>> {
        NlriIter::new(Reader::new(self.nlri, 0), self.family, false).next()?.ok()
    }

    /// The routes.
    pub fn entries(&self) -> impl Iterator<Item = Result<MrtRibEntry<'a>, Malformed>> + use<'a> {
        let (mut entries, add_path) = (self.entries, self.add_path);
        (0..self.count).map(move |_| {
            let (peer_index, originated) = (entries.u16()?, entries.u32()?);
            let path_id = if add_path { Some(entries.u32()?) } else { None };
            let length = entries.u16()?;
            let attributes = entries.sub(usize::from(length))?;
            Ok(MrtRibEntry { peer_index, originated, path_id, attributes })
        })
    }

    /// The UPDATE that would have brought this route, header included. A file shortens MP_REACH_NLRI to the next hop
    /// (RFC 6396 §4.3.4); here it is whole again.
    ///
    /// # Errors
    ///
    /// Where no UPDATE could be that long.
    pub fn update(&self, entry: &MrtRibEntry<'_>) -> Result<Vec<u8>, BufferFull> {
        let mut buffer = alloc::vec![0; self.nlri.len() * 2 + entry.attributes.len() + 64];
        let mut out = Writer::new(&mut buffer);
        let nlri = |out: &mut Writer<'_>| {
            entry.path_id.map_or(Ok(()), |path_id| out.u32(path_id))?;
            out.bytes(self.nlri)
        };
        frame::encode(frame::kind::UPDATE, MAX_EXTENDED_MESSAGE, &mut out, |out| {
            out.u16(0)?;
            let gap = out.gap_u16()?;
            for raw in RawAttributes::new(entry.attributes).map_while(Result::ok) {
                if raw.code != AttributeCode::MP_REACH {
                    let flags = raw.flags;
                    attribute::encode(flags, raw.code, out, |out| out.bytes(raw.value.rest()))?;
                    continue;
                }
                attribute::encode(AttributeFlags(AttributeFlags::OPTIONAL), raw.code, out, |out| {
                    out.u16(self.family.afi.0)?;
                    out.u8(self.family.safi.0)?;
                    out.bytes(next_hop(raw.value))?;
                    out.u8(0)?;
                    nlri(out)
                })?;
            }
            out.fill_u16(gap)?;
            if self.family == Family::IPV4_UNICAST { nlri(out) } else { Ok(()) }
        })?;
        let length = out.len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// What must be agreed on for the UPDATE of this route to be read. A file does not say whose AS the collector is in: it is
    /// the peer's where the route has a LOCAL_PREF.
    pub fn negotiated(&self, entry: &MrtRibEntry<'_>) -> Negotiated {
        let mut attributes = RawAttributes::new(entry.attributes).map_while(Result::ok);
        let internal = attributes.any(|raw| raw.code == AttributeCode::LOCAL_PREF);
        everything(0, u32::from(!internal), true, self.add_path)
    }
}

/// The length and the octets of a next hop, whether the attribute was shortened to them or not.
fn next_hop(value: Reader<'_>) -> &[u8] {
    let mut shortened = value;
    let whole = match shortened.u8() {
        Ok(length) => usize::from(length) != shortened.len(),
        Err(_) => false,
    };
    if !whole {
        return value.rest();
    }
    // AFI and SAFI stand before it, a reserved octet and NLRI behind.
    let rest = value.rest().get(3..).unwrap_or_default();
    let length = rest.first().map_or(0, |length| usize::from(*length) + 1);
    rest.get(..length).unwrap_or_default()
}

/// Every family that we understand, with path identifiers or without.
fn everything(local_as: u32, peer_as: u32, asn4: bool, add_path: bool) -> Negotiated {
    let mut negotiated = Negotiated::between(local_as, peer_as);
    negotiated.asn4 = asn4;
    negotiated.extended_message = true;
    for family in Family::ALL {
        negotiated.set_family(FamilyTerms {
            add_path_receive: add_path,
            add_path_send: add_path,
            ..FamilyTerms::unheard(family)
        });
    }
    negotiated
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn record(kind: u16, subkind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[0, 0, 0, 9], &kind.to_be_bytes()[..], &subkind.to_be_bytes(), &length, body].concat()
    }

    #[test]
    fn a_message_of_four_octet_speakers_is_found() {
        let body =
            [&[0, 1, 0x11, 0x70, 0, 0, 0, 7, 0, 0, 0, 1, 10, 0, 0, 1, 10, 0, 0, 2][..], b"message"].concat();
        let file = record(16, 4, &body);
        let found = MrtReader::new(&file).next().unwrap().unwrap();
        let MrtContent::Message(message) = found.content else { panic!("{found:?}") };
        assert_eq!((message.peer_as, message.local_as, message.message), (70_000, 7, &b"message"[..]));
        assert_eq!(found.timestamp, 9);
    }

    #[test]
    fn the_peers_of_a_table_are_told_in_their_order() {
        let first = [0, 10, 0, 0, 1, 192, 0, 2, 1, 0, 7];
        let second = [&[3, 10, 0, 0, 2][..], &[0x20; 16], &[0, 1, 0x11, 0x70]].concat();
        let body = [&[0, 0, 0, 0, 0, 1, b'v', 0, 2][..], &first, &second].concat();
        let file = record(13, 1, &body);
        let found = MrtReader::new(&file).next().unwrap().unwrap();
        let MrtContent::Peers(peers) = found.content else { panic!("{found:?}") };
        let peers: Vec<_> =
            peers.iter().map(|peer| peer.unwrap()).map(|peer| (peer.address, peer.asn)).collect();
        assert_eq!(peers, [(IpAddr::from([192, 0, 2, 1]), 7), (IpAddr::from([0x20; 16]), 70_000)]);
    }

    #[test]
    fn a_route_of_a_table_becomes_the_update_that_brought_it() {
        let next_hop = [0x80, 14, 17, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let entry = [&[0, 3, 0, 0, 0, 5, 0, 20][..], &next_hop].concat();
        let body = [&[0, 0, 0, 1, 32, 0x20, 1, 0xd, 0xb8, 0, 1][..], &entry].concat();
        let file = record(13, 4, &body);
        let found = MrtReader::new(&file).next().unwrap().unwrap();
        let MrtContent::Rib(rib) = found.content else { panic!("{found:?}") };
        let entry = rib.entries().next().unwrap().unwrap();
        let update = rib.update(&entry).unwrap();
        assert_eq!(update[19..26], [0, 0, 0, 29, 0x80, 14, 26]);
        assert_eq!(update[26..30], [0, 2, 1, 16]);
        assert_eq!(update[46..], [0, 32, 0x20, 1, 0xd, 0xb8]);
    }

    #[test]
    fn a_file_cut_short_ends_with_an_error() {
        let mut file = vec![0; 20];
        file[11] = 9;
        let mut records = MrtReader::new(&file);
        assert!(records.next().unwrap().is_err());
        assert!(records.next().is_none());
    }
}
