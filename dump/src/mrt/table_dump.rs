//! TABLE_DUMP (RFC 6396 §4.2): the tables of collectors before about 2008, and of OpenBGPD's `table`.

use std::net::IpAddr;

use holdtime_core::wire::attribute::RawAttributes;
use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::nlri::NlriView;
use holdtime_core::wire::{Afi, Family, Ipv4Prefix, Ipv6Prefix, PathNlriView, Prefix, Reader, Safi};

use super::{address, asn, nanoseconds};
use crate::item::{Content, Endpoints, Item, TableRoute, View};
use crate::place::Position;

/// Subtypes are AFIs; 3 and 4 are those of collectors that write AS numbers in four octets here.
///
/// ```text
/// | View (2) | Sequence (2) | Prefix (4, 16) | Prefix Length (1) | Status (1) | Originated (4) | Peer Address (4, 16) | Peer AS (2) |
/// | Attribute Length (2) | Attributes |
/// ```
pub(super) fn route(
    mut body: Reader<'_>,
    subtype: u16,
    dumped: u32,
    place: Position,
) -> Result<(Item<'_>, Reader<'_>), Malformed> {
    let afi = if matches!(subtype, 1 | 3) { Afi::IPV4 } else { Afi::IPV6 };
    let asn4 = subtype >= 3;
    let view = View::Numbered(body.u16()?);
    let sequence = body.u16()?;
    let prefix = prefix(&mut body, afi)?;
    let _status = body.u8()?;
    let originated = body.u32()?;
    let peer_address = address(&mut body, afi)?;
    let peer_as = asn(&mut body, asn4)?;
    let length = body.u16()?;
    let attributes = RawAttributes::new(body.sub(usize::from(length))?);
    let route = TableRoute {
        family: Family::new(afi, Safi::UNICAST),
        destination: PathNlriView { path_id: None, nlri: NlriView::Unicast(prefix) },
        malformed: None,
        attributes,
        asn4,
        next_hop: None,
        originated,
        dumped,
        sequence: Some(u32::from(sequence)),
        view,
        location: None,
        unknown_peer: None,
    };
    let session = Endpoints {
        local_address: None,
        peer_address,
        local_as: None,
        peer_as: Some(peer_as),
        peer_id: None,
    };
    let time = Some(nanoseconds(originated));
    Ok((Item { place, time, session: Some(session), content: Content::Route(route) }, body))
}

/// An address of all its octets, and a length.
fn prefix(body: &mut Reader<'_>, afi: Afi) -> Result<Prefix, Malformed> {
    let address = address(body, afi)?;
    let (at, length) = (body.offset(), body.u8()?);
    let prefix = match address {
        IpAddr::V4(address) => Ipv4Prefix::new(address, length).map(Prefix::V4),
        IpAddr::V6(address) => Ipv6Prefix::new(address, length).map(Prefix::V6),
    };
    prefix.ok_or(Malformed::value(at, "a prefix of more bits than an address has"))
}
