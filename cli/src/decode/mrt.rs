//! MRT (RFC 6396, RFC 8050): what route collectors write down.
//!
//! ```text
//! +-------------------------------+
//! |  Timestamp (4 octets)         |
//! +---------------+---------------+
//! |  Type (2)     |  Subtype (2)  |
//! +---------------+---------------+
//! |  Length (4)                   |
//! +-------------------------------+
//! |  Message (variable)           |
//! +-------------------------------+
//! ```
//!
//! An entry of a RIB dump is told of as the UPDATE that would announce it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdtime_core::api::Peer;
use holdtime_core::wire::frame::kind;

use super::{Found, header, with_header};
use crate::error::CliError;

const TABLE_DUMP: u16 = 12;
const TABLE_DUMP_V2: u16 = 13;
const BGP4MP: u16 = 16;
const BGP4MP_ET: u16 = 17;

/// Whether these bytes begin with an MRT header.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let mut fields = Fields(bytes);
    fields.u32();
    matches!(fields.u16(), Some(TABLE_DUMP | TABLE_DUMP_V2 | BGP4MP | BGP4MP_ET))
        && bytes.get(6).is_some_and(|subtype| *subtype == 0)
}

/// Every message of a file.
pub(super) fn messages(bytes: &[u8]) -> Result<Vec<Found>, CliError> {
    let mut found = Vec::new();
    let mut peers = Vec::new();
    let mut rest = Fields(bytes);
    let mut record = 0;
    while !rest.0.is_empty() {
        record += 1;
        let broken = || CliError::input(format!("MRT record {record} is cut off or malformed"));
        let offset = bytes.len() - rest.0.len();
        let (Some(seconds), Some(kind), Some(subtype), Some(length)) =
            (rest.u32(), rest.u16(), rest.u16(), rest.u32())
        else {
            return Err(CliError::input(format!("the MRT file ends inside a header, at octet {offset}")));
        };
        let body = usize::try_from(length).ok().and_then(|length| rest.take(length)).ok_or_else(broken)?;
        let time = i64::from(seconds) * 1_000_000_000;
        match kind {
            BGP4MP => found.extend(bgp4mp(body, subtype, time).ok_or_else(broken)?),
            BGP4MP_ET => {
                let mut fields = Fields(body);
                let micros = fields.u32().ok_or_else(broken)?;
                found.extend(bgp4mp(fields.0, subtype, time + i64::from(micros) * 1_000).ok_or_else(broken)?);
            }
            TABLE_DUMP_V2 if subtype == 1 => peers = peer_table(body).ok_or_else(broken)?,
            TABLE_DUMP_V2 => rib(body, subtype, &peers, &mut found).ok_or_else(broken)?,
            // What other collectors add is not about BGP messages.
            _ => {}
        }
    }
    Ok(found)
}

/// A message as it was received, or sent. `None`: malformed. A change of state is no message.
fn bgp4mp(body: &[u8], subtype: u16, time: i64) -> Option<Option<Found>> {
    let (asn4, add_path) = match subtype {
        1 | 6 => (false, false),
        4 | 7 => (true, false),
        8 | 10 => (false, true),
        9 | 11 => (true, true),
        _ => return Some(None),
    };
    let mut fields = Fields(body);
    let mut asn = || if asn4 { fields.u32() } else { fields.u16().map(u32::from) };
    let (peer_as, local_as) = (asn()?, asn()?);
    let _interface = fields.u16()?;
    let afi = fields.u16()?;
    let (peer_address, local_address) = (fields.address(afi)?, fields.address(afi)?);
    let (length, _) = header(fields.0)?;
    let octets = fields.0.get(..length)?.to_vec();
    let peer = Peer {
        local_address: Some(local_address),
        peer_address,
        local_as: Some(local_as),
        peer_as: Some(peer_as),
        router_id: None,
    };
    Some(Some(Found { octets, time, peer, asn4, add_path }))
}

/// The peers of a RIB dump.
fn peer_table(body: &[u8]) -> Option<Vec<Peer>> {
    let mut fields = Fields(body);
    let _collector = fields.u32()?;
    let name = fields.u16()?;
    fields.take(usize::from(name))?;
    let count = fields.u16()?;
    let mut peers = Vec::new();
    for _ in 0..count {
        let kind = fields.u8()?;
        let router_id = Ipv4Addr::from(fields.u32()?);
        let peer_address = fields.address(if kind & 1 == 0 { 1 } else { 2 })?;
        let peer_as = if kind & 2 == 0 { u32::from(fields.u16()?) } else { fields.u32()? };
        peers.push(Peer {
            local_address: None,
            peer_address,
            local_as: None,
            peer_as: Some(peer_as),
            router_id: Some(router_id),
        });
    }
    Some(peers)
}

/// The entries of a RIB for one destination, each as the UPDATE that announces it.
fn rib(body: &[u8], subtype: u16, peers: &[Peer], found: &mut Vec<Found>) -> Option<()> {
    let add_path = (8..=12).contains(&subtype);
    let (afi, safi) = match subtype {
        2 | 8 => (1u16, 1u8),
        3 | 9 => (1, 2),
        4 | 10 => (2, 1),
        5 | 11 => (2, 2),
        6 | 12 => {
            let mut fields = Fields(body.get(4..)?);
            (fields.u16()?, fields.u8()?)
        }
        _ => return Some(()),
    };
    let mut fields = Fields(body);
    let _sequence = fields.u32()?;
    // A generic RIB writes its family, and an NLRI that only the family knows the length of: the entries follow, and it
    // cannot be told where they begin without decoding it. Prefixes tell it themselves.
    if matches!(subtype, 6 | 12) {
        fields.take(3)?;
    }
    let length = usize::from(*fields.0.first()?);
    let nlri = fields.take(1 + length.div_ceil(8))?;
    let entries = fields.u16()?;
    for _ in 0..entries {
        let peer = peers.get(usize::from(fields.u16()?))?;
        let seconds = fields.u32()?;
        let path_id = if add_path { Some(fields.u32()?) } else { None };
        let length = usize::from(fields.u16()?);
        let attributes = fields.take(length)?;
        let mut destination = Vec::new();
        destination.extend(path_id.map(u32::to_be_bytes).into_iter().flatten());
        destination.extend_from_slice(nlri);
        let octets = with_header(kind::UPDATE, &announcement(attributes, (afi, safi), &destination)?)?;
        let time = i64::from(seconds) * 1_000_000_000;
        found.push(Found { octets, time, peer: *peer, asn4: true, add_path });
    }
    Some(())
}

/// An UPDATE's body that announces `nlri`. A dump keeps of MP_REACH_NLRI the next hop alone (RFC 6396 §4.3.4): family and
/// destination are put back.
fn announcement(attributes: &[u8], (afi, safi): (u16, u8), nlri: &[u8]) -> Option<Vec<u8>> {
    const MP_REACH: u8 = 14;
    let plain = (afi, safi) == (1, 1);
    let mut out = Vec::new();
    let mut fields = Fields(attributes);
    while !fields.0.is_empty() {
        let (flags, code) = (fields.u8()?, fields.u8()?);
        let length = if flags & 0x10 == 0 { usize::from(fields.u8()?) } else { usize::from(fields.u16()?) };
        let value = fields.take(length)?;
        let mut whole = Vec::new();
        if code == MP_REACH {
            // Some collectors write the whole attribute all the same.
            let next_hop = if value.first() == Some(&0) {
                Fields(value.get(3..)?).prefixed()?
            } else {
                Fields(value).prefixed()?
            };
            whole.extend(afi.to_be_bytes());
            whole.extend([safi, u8::try_from(next_hop.len()).ok()?]);
            whole.extend_from_slice(next_hop);
            whole.push(0);
            whole.extend_from_slice(nlri);
        } else {
            whole.extend_from_slice(value);
        }
        out.extend([flags | 0x10, code]);
        out.extend(u16::try_from(whole.len()).ok()?.to_be_bytes());
        out.extend(whole);
    }
    let mut body = vec![0, 0];
    body.extend(u16::try_from(out.len()).ok()?.to_be_bytes());
    body.extend(out);
    if plain {
        body.extend_from_slice(nlri);
    }
    Some(body)
}

/// Octets that are still to be read, field by field.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn address(&mut self, afi: u16) -> Option<IpAddr> {
        match afi {
            1 => self.array().map(|octets: [u8; 4]| Ipv4Addr::from(octets).into()),
            2 => self.array().map(|octets: [u8; 16]| Ipv6Addr::from(octets).into()),
            _ => None,
        }
    }

    /// What follows its own length in one octet.
    fn prefixed(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record with a header of `kind` and `subtype`.
    fn record(kind: u16, subtype: u16, body: &[u8]) -> Vec<u8> {
        let mut record = vec![0, 0, 0, 9];
        record.extend(kind.to_be_bytes());
        record.extend(subtype.to_be_bytes());
        record.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        record.extend_from_slice(body);
        record
    }

    #[test]
    fn a_message_is_found_with_who_said_it_and_when() {
        let mut body = vec![0, 1, 0, 2, 0, 0, 0, 1, 192, 0, 2, 1, 192, 0, 2, 2];
        body.extend([0xff; 16]);
        body.extend([0, 19, 4]);
        let file = [record(BGP4MP, 0, &[]), record(BGP4MP, 1, &body)].concat();
        assert!(looks_like(&file));
        let found = messages(&file).unwrap();
        let [found] = found.as_slice() else { panic!("one message") };
        assert_eq!((found.octets[18], found.time, found.asn4), (4, 9_000_000_000, false));
        assert_eq!((found.peer.peer_as, found.peer.local_as), (Some(1), Some(2)));
        assert_eq!(found.peer.peer_address, IpAddr::from([192, 0, 2, 1]));
    }

    #[test]
    fn an_entry_of_a_dump_becomes_the_update_that_announces_it() {
        let peers = [&[0; 4][..], &[0, 0, 0, 1, 0, 10, 0, 0, 1, 192, 0, 2, 1, 0, 7]].concat();
        let attributes =
            [0x40, 1, 1, 0, 0x80, 14, 17, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let mut entry = vec![0, 0, 0, 1, 16, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 5, 0, attributes.len() as u8];
        entry.extend(attributes);
        let file = [record(TABLE_DUMP_V2, 1, &peers), record(TABLE_DUMP_V2, 4, &entry)].concat();
        let found = messages(&file).unwrap();
        let [found] = found.as_slice() else { panic!("one entry") };
        assert_eq!((found.octets[18], found.time, found.peer.peer_as), (2, 5_000_000_000, Some(7)));
        let mut expected = vec![0, 0, 0, 0, 0x50, 1, 0, 1, 0, 0x90, 14, 0, 24];
        expected
            .extend([0, 2, 1, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 16, 0x20, 1]);
        expected[3] = u8::try_from(expected.len() - 4).unwrap();
        assert_eq!(found.octets[19..], expected);
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused_in_words() {
        let file = record(BGP4MP, 4, &[0; 40]);
        for length in 1..file.len() {
            assert!(messages(&file[..length]).is_err(), "{length} octets");
        }
    }
}
