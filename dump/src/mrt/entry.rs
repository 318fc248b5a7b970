//! BGP4MP_ENTRY (RFC 6396 appendix B): a route of a table, as OpenBGPD and old collectors write it beside messages.

use holdtime_core::wire::attribute::RawAttributes;
use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::{Afi, Family, Reader, Safi, mp};

use super::table::one_nlri_of_any;
use super::{messages, nanoseconds};
use crate::item::{Content, Item, TableRoute, View};
use crate::place::Position;

/// ```text
/// | Session | View (2) | Status (2) | Time of Last Change (4) | AFI (2) | SAFI (1) | Next Hop Length (1) | Next Hop |
/// | Prefix Length (1) | Prefix | Attribute Length (2) | Attributes |
/// ```
pub(super) fn route(
    mut body: Reader<'_>,
    dumped: u32,
    place: Position,
) -> Result<(Item<'_>, Reader<'_>), Malformed> {
    let session = messages::session(&mut body, false)?;
    let view = View::Numbered(body.u16()?);
    let _status = body.u16()?;
    let originated = body.u32()?;
    let family = Family::new(Afi(body.u16()?), Safi(body.u8()?));
    let length = body.u8()?;
    let next_hop = body.sub(usize::from(length))?;
    let next_hop = if next_hop.is_empty() { None } else { mp::next_hop(family, next_hop)? };
    let (destination, malformed) = one_nlri_of_any(&mut body, family, false)?;
    let length = body.u16()?;
    let attributes = RawAttributes::new(body.sub(usize::from(length))?);
    let route = TableRoute {
        family,
        destination,
        malformed,
        attributes,
        asn4: false,
        next_hop,
        originated,
        dumped,
        sequence: None,
        view,
        location: None,
        unknown_peer: None,
    };
    let time = Some(nanoseconds(originated));
    Ok((Item { place, time, session: Some(session), content: Content::Route(route) }, body))
}
