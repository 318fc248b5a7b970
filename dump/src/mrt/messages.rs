//! BGP4MP and BGP4MP_ET (RFC 6396 §4.4, RFC 8050 §3): what was said on a session, and what became of it.

use std::net::Ipv4Addr;

use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::frame::HEADER;
use holdtime_core::wire::{Afi, Reader};

use super::{address, asn};
use crate::item::{
    Content, Endpoints, Item, KnownTerms, RecordedDirection, RecordedMessage, StateChange, StateNumber,
};
use crate::place::Position;

/// The two ends of a session.
///
/// ```text
/// | Peer AS (2, 4) | Local AS (2, 4) | Interface (2) | AFI (2) | Peer Address (4, 16) | Local Address (4, 16) |
/// ```
pub(super) fn session(body: &mut Reader<'_>, four_octets: bool) -> Result<Endpoints, Malformed> {
    let (peer_as, local_as) = (asn(body, four_octets)?, asn(body, four_octets)?);
    let _interface = body.u16()?;
    let afi = Afi(body.u16()?);
    let (peer, local) = (address(body, afi)?, address(body, afi)?);
    Ok(Endpoints {
        local_address: Some(local),
        peer_address: peer,
        local_as: Some(local_as),
        peer_as: Some(peer_as),
        peer_id: None,
    })
}

/// A message, and what is left behind it: a record holds one.
///
/// ```text
/// | Session | BGP Message |
/// ```
pub(super) fn message(
    mut body: Reader<'_>,
    subtype: u16,
    time: i64,
    place: Position,
) -> Result<(Item<'_>, Reader<'_>), Malformed> {
    let asn4 = matches!(subtype, 4 | 7 | 9 | 11);
    let session = session(&mut body, asn4)?;
    let direction = if matches!(subtype, 6 | 7 | 10 | 11) {
        RecordedDirection::Sent
    } else {
        RecordedDirection::Received
    };
    let terms = KnownTerms::Told { asn4, add_path: subtype >= 8 };
    let length = match body.rest().get(16..HEADER) {
        Some([high, low, _]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(Malformed::length(body.offset(), "a BGP message without a whole header")),
    };
    // A length that no message has delimits nothing.
    let length = if length < HEADER { body.len() } else { length.min(body.len()) };
    let content = Content::Message(RecordedMessage { direction, terms, octets: body.bytes(length)? });
    Ok((Item { place, time: Some(time), session: Some(session), content }, body))
}

/// A change of state, and what is left behind it.
///
/// FRR leaves everything between the AS numbers and the states away where it does not know the peer's address any more.
///
/// ```text
/// | Session | Old State (2) | New State (2) |
/// ```
pub(super) fn state_change(
    mut body: Reader<'_>,
    subtype: u16,
    time: i64,
    place: Position,
) -> Result<(Item<'_>, Reader<'_>), Malformed> {
    let four_octets = subtype == 5;
    let session = match (body.len(), four_octets) {
        (12, true) | (8, false) => Endpoints {
            peer_as: Some(asn(&mut body, four_octets)?),
            local_as: Some(asn(&mut body, four_octets)?),
            peer_address: Ipv4Addr::UNSPECIFIED.into(),
            local_address: None,
            peer_id: None,
        },
        _ => session(&mut body, four_octets)?,
    };
    let (from, to) = (StateNumber(body.u16()?), StateNumber(body.u16()?));
    let content = Content::State(StateChange { from, to });
    Ok((Item { place, time: Some(time), session: Some(session), content }, body))
}
