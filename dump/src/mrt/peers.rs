//! The peers that the routes of a TABLE_DUMP_V2 file came from (RFC 6396 §4.3.1), and where they are (RFC 6397).

use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::{Afi, Reader};

use super::{address, asn};

/// The peers in the order in which the routes count them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peers {
    /// The collector's BGP identifier.
    pub collector: Option<Ipv4Addr>,
    /// The name of the view; mostly empty.
    pub view: String,
    /// The peers.
    pub list: Vec<PeerEntry>,
}

/// One peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeerEntry {
    /// Its BGP identifier.
    pub id: Ipv4Addr,
    /// Its address.
    pub address: IpAddr,
    /// Its AS.
    pub asn: u32,
    /// Where it is, if the file says so.
    pub location: Option<Location>,
}

/// A place on earth in the WGS84 datum, in degrees (RFC 6397 §3). What is private is not a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// North of the equator.
    pub latitude: f32,
    /// East of Greenwich.
    pub longitude: f32,
}

impl Peers {
    /// Reads a peer table. Peers before something that cannot be read are kept beside the error.
    ///
    /// ```text
    /// PEER_INDEX_TABLE  | Collector's BGP ID (4) | Name Length (2) | View Name | Peer Count (2) | Peers |
    /// GEO_PEER_TABLE    | … | View Name | Latitude (4) | Longitude (4) | Peer Count (2) | Peers |
    /// ```
    pub(super) fn read(mut body: Reader<'_>, is_geo: bool) -> (Self, Option<Malformed>) {
        let mut peers = Self::default();
        let error = peers.fill(&mut body, is_geo).and_then(|()| body.finish()).err();
        (peers, error)
    }

    fn fill(&mut self, body: &mut Reader<'_>, is_geo: bool) -> Result<(), Malformed> {
        self.collector = Some(Ipv4Addr::from_bits(body.u32()?));
        let name = body.u16()?;
        self.view = String::from_utf8_lossy(body.bytes(usize::from(name))?).into_owned();
        if is_geo {
            location(body)?;
        }
        let count = body.u16()?;
        for _ in 0..count {
            self.list.push(peer(body, is_geo)?);
        }
        Ok(())
    }

    /// Takes over where the peers are. A table that says only where its peers are is the peer table too, where there is no other.
    pub(super) fn locate(&mut self, geo: Self) {
        if self.list.is_empty() {
            *self = geo;
            return;
        }
        for (index, located) in geo.list.iter().enumerate() {
            let same = |peer: &PeerEntry| (peer.address, peer.asn) == (located.address, located.asn);
            let at = self.list.get(index).is_some_and(same).then_some(index);
            let at = at.or_else(|| self.list.iter().position(same));
            if let Some(peer) = at.and_then(|at| self.list.get_mut(at)) {
                peer.location = located.location;
            }
        }
    }
}

/// ```text
/// | Type (1): bit 1 for a long AS, bit 0 for IPv6 | BGP ID (4) | Address (4, 16) | AS (2, 4) | [Latitude (4) | Longitude (4)] |
/// ```
fn peer(body: &mut Reader<'_>, is_geo: bool) -> Result<PeerEntry, Malformed> {
    let kind = body.u8()?;
    let id = Ipv4Addr::from_bits(body.u32()?);
    let address = address(body, if kind & 1 == 0 { Afi::IPV4 } else { Afi::IPV6 })?;
    let asn = asn(body, kind & 2 != 0)?;
    let location = if is_geo { Some(location(body)?) } else { None };
    Ok(PeerEntry { id, address, asn, location })
}

fn location(body: &mut Reader<'_>) -> Result<Location, Malformed> {
    Ok(Location { latitude: f32::from_bits(body.u32()?), longitude: f32::from_bits(body.u32()?) })
}
