//! The routes of TABLE_DUMP_V2 (RFC 6396 §4.3, RFC 8050 §4).

use holdtime_core::wire::attribute::RawAttributes;
use holdtime_core::wire::error::Malformed;
use holdtime_core::wire::nlri::{NlriIter, NlriView};
use holdtime_core::wire::{Afi, Family, PathNlriView, Reader, Safi};

use super::header::Header;
use super::nanoseconds;
use super::peers::Peers;
use crate::item::{Content, Endpoints, Found, Item, TableRoute, UnknownPeer, View};
use crate::place::{Position, ReadError};

/// Where the path identifiers of a record stand.
///
/// RFC 8050 §4.1 puts them into the entries of subtypes 8 to 11, and §4.2 before the NLRI in subtype 12; GoBGP and OpenBGPD put them into
/// the entries there too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identifiers {
    Nowhere,
    InEntries,
    BeforeNlri,
}

/// The routes to one destination.
///
/// ```text
/// | Sequence Number (4) | [AFI (2) | SAFI (1)] | [Path Identifier (4)] | NLRI | Entry Count (2) | Entries |
/// ```
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    place: Position,
    peers: &'a Peers,
    dumped: u32,
    sequence: u32,
    family: Family,
    destination: PathNlriView<'a>,
    malformed: Option<Malformed>,
    identifiers: Identifiers,
    count: u16,
    told: u16,
    rest: Reader<'a>,
    ended: bool,
}

/// Reads what stands before the entries. Of several readings of a record with path identifiers the first is taken whose entries end
/// where the record ends.
pub(super) fn routes<'a>(
    mut body: Reader<'a>,
    header: &Header,
    place: Position,
    peers: &'a Peers,
) -> Result<Entries<'a>, Malformed> {
    use Identifiers::{BeforeNlri, InEntries, Nowhere};
    let sequence = body.u32()?;
    let family = match header.subtype {
        2 | 8 => Family::IPV4_UNICAST,
        3 | 9 => Family::new(Afi::IPV4, Safi::MULTICAST),
        4 | 10 => Family::IPV6_UNICAST,
        5 | 11 => Family::new(Afi::IPV6, Safi::MULTICAST),
        _ => Family::new(Afi(body.u16()?), Safi(body.u8()?)),
    };
    if matches!(header.subtype, 6 | 12) && !Family::ALL.contains(&family) {
        return Err(Malformed::value(
            body.offset() - 3,
            "routes of a family (AFI, SAFI) that is not known here",
        ));
    }
    let readings: &[Identifiers] = match header.subtype {
        8..=11 => &[InEntries, Nowhere, BeforeNlri],
        12 => &[BeforeNlri, InEntries, Nowhere],
        _ => &[Nowhere, InEntries],
    };
    let read = |identifiers: &Identifiers, nlri: ReadNlri| {
        let mut body = body;
        let (destination, malformed) = nlri(&mut body, family, *identifiers == BeforeNlri)?;
        let (identifiers, count) = (*identifiers, body.u16()?);
        let (dumped, told, rest, ended) = (header.timestamp, 0, body, false);
        Ok(Entries {
            place,
            peers,
            dumped,
            sequence,
            family,
            destination,
            malformed,
            identifiers,
            count,
            told,
            rest,
            ended,
        })
    };
    // What can be read is no reading of octets.
    let whole = [one_nlri as ReadNlri, one_nlri_of_any].into_iter().find_map(|nlri| {
        readings.iter().filter_map(|reading| read(reading, nlri).ok()).find(Entries::ends_with_the_record)
    });
    match whole {
        Some(entries) => Ok(entries),
        None => read(if header.subtype >= 8 { &InEntries } else { &Nowhere }, one_nlri_of_any),
    }
}

/// Takes one NLRI off what it begins, with a path identifier before it or not; and why there are only its octets, where that is so.
type ReadNlri = for<'a> fn(&mut Reader<'a>, Family, bool) -> Result<Destination<'a>, Malformed>;
type Destination<'a> = (PathNlriView<'a>, Option<Malformed>);

/// Takes one NLRI off `body` that can be read.
fn one_nlri<'a>(
    body: &mut Reader<'a>,
    family: Family,
    path_identifier: bool,
) -> Result<Destination<'a>, Malformed> {
    let mut nlri = NlriIter::new(*body, family, path_identifier);
    let first = nlri.next().unwrap_or(Err(body.truncated()))?;
    let taken = body.len() - nlri.rest().len();
    body.bytes(taken)?;
    Ok((first, None))
}

/// Takes one NLRI off `body`: of one that is malformed inside of a length of its own, its octets.
pub(super) fn one_nlri_of_any<'a>(
    body: &mut Reader<'a>,
    family: Family,
    path_identifier: bool,
) -> Result<Destination<'a>, Malformed> {
    one_nlri(body, family, path_identifier).or_else(|malformed| {
        let mut ahead = *body;
        let path_id = if path_identifier { Some(ahead.u32()?) } else { None };
        let nlri = NlriView::framed(family, &mut ahead).ok_or(malformed)?;
        *body = ahead;
        Ok((PathNlriView { path_id, nlri }, Some(malformed)))
    })
}

/// ```text
/// | Peer Index (2) | Originated Time (4) | [Path Identifier (4)] | Attribute Length (2) | Attributes |
/// ```
struct Entry<'a> {
    peer: u16,
    originated: u32,
    path_id: Option<u32>,
    attributes: Reader<'a>,
}

impl<'a> Entry<'a> {
    #[inline]
    fn read(rest: &mut Reader<'a>, identifiers: Identifiers) -> Result<Self, Malformed> {
        let (peer, originated) = (rest.u16()?, rest.u32()?);
        let path_id = if identifiers == Identifiers::InEntries { Some(rest.u32()?) } else { None };
        let length = rest.u16()?;
        let attributes = rest.sub(usize::from(length))?;
        Ok(Self { peer, originated, path_id, attributes })
    }
}

impl<'a> Entries<'a> {
    /// Whether the entries end where the record ends.
    fn ends_with_the_record(&self) -> bool {
        let mut rest = self.rest;
        (0..self.count).all(|_| Entry::read(&mut rest, self.identifiers).is_ok()) && rest.is_empty()
    }

    fn item(&self, entry: &Entry<'a>) -> Item<'a> {
        let peer = self.peers.list.get(usize::from(entry.peer));
        let session = peer.map(|peer| Endpoints {
            local_address: None,
            peer_address: peer.address,
            local_as: None,
            peer_as: Some(peer.asn),
            peer_id: Some(peer.id),
        });
        let unknown_peer = UnknownPeer { index: entry.peer, peers: self.peers.list.len() };
        let path_id = entry.path_id.or(self.destination.path_id);
        let route = TableRoute {
            family: self.family,
            destination: PathNlriView { path_id, ..self.destination },
            malformed: self.malformed,
            attributes: RawAttributes::new(entry.attributes),
            asn4: true,
            next_hop: None,
            originated: entry.originated,
            dumped: self.dumped,
            sequence: Some(self.sequence),
            view: View::Named(&self.peers.view),
            location: peer.and_then(|peer| peer.location),
            unknown_peer: peer.is_none().then_some(unknown_peer),
        };
        let (place, time) = (self.place, Some(nanoseconds(entry.originated)));
        Item { place, time, session, content: Content::Route(route) }
    }

    /// What is wrong with what is left: nothing can be read behind it.
    fn fault(&mut self, malformed: Malformed) -> Found<'a> {
        self.ended = true;
        let what = match self.told == self.count {
            true => malformed.to_string(),
            false => format!("entry {} of {} {malformed}", self.told + 1, self.count),
        };
        Found::Fault(ReadError { place: self.place, what })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if self.told == self.count {
            self.ended = true;
            return self.rest.finish().err().map(|malformed| self.fault(malformed));
        }
        Some(match Entry::read(&mut self.rest, self.identifiers) {
            Ok(entry) => {
                self.told += 1;
                Found::Item(self.item(&entry))
            }
            Err(malformed) => self.fault(malformed),
        })
    }
}
