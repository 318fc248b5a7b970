//! Whether a route by itself has room in a message, asked before it is announced.

use alloc::vec;

use super::change::nlri_octets;
use super::packing::{self, PeerTerms};
use super::path::{Destination, Hop, Path};
use super::trouble::RouteTrouble;
use crate::wire::negotiated::{MAX_EXTENDED_MESSAGE, MAX_MESSAGE};
use crate::wire::{Nlri, Route, Writer};

/// More than a session may add to what a route says itself: headers, next hops, the attributes that every route must have, a path
/// identifier, and what another form of a flow rule has more.
const ADDED: usize = 256;

/// Whether a message of any session has room for a route, as for all but a few: nothing else need be looked at then.
pub fn fits_every_session(route: &Route) -> bool {
    let mut buffer = [0; MAX_MESSAGE - ADDED];
    let mut out = Writer::new(&mut buffer);
    let short = matches!(route.nlri, Nlri::Unicast(_) | Nlri::Multicast(_));
    let nlri = short || route.nlri.encode(&mut out).is_ok();
    nlri && route.attributes.iter().all(|attribute| packing::encode_longest(attribute, &mut out).is_ok())
}

/// What keeps a route, with `own_hop` one whose next hop is our end of the session, out of every message of a session; `None`: there is
/// room for it, or its family was not agreed on.
pub fn too_large(route: &Route, own_hop: bool, terms: &PeerTerms<'_>) -> Option<RouteTrouble> {
    let family = route.nlri.family();
    let agreed = terms.negotiated.family(family)?;
    let hop = if own_hop { Hop::Own } else { route.next_hop.into() };
    let path = Path { hop, attributes: route.attributes.clone() };
    let destination = Destination::new(&route.nlri, route.path_id);
    let mut buffer = vec![0; 2 * MAX_EXTENDED_MESSAGE];
    let nlri = nlri_octets(Some(&route.nlri), &destination, agreed, &mut buffer).map(<[u8]>::len);
    let needs = nlri.and_then(|nlri| packing::message_length(&path, family, terms, nlri));
    let max = terms.negotiated.max_message();
    needs.is_none_or(|needs| needs > max).then_some(RouteTrouble::TooLarge { needs, max })
}
