//! A small writer of MRT, and what the reader finds, written down so that a test can compare it.

#![allow(dead_code, reason = "every test uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::io::{self, Cursor, Read};

use holdtime_core::wire::{Nlri, PathNlri};
use holdtime_dump::{BoxRead, Content, Dump, Found, KnownTerms, RecordedDirection};

pub(crate) const TABLE_DUMP: u16 = 12;
pub(crate) const TABLE_DUMP_V2: u16 = 13;
pub(crate) const BGP4MP: u16 = 16;
pub(crate) const BGP4MP_ET: u16 = 17;

/// A record of 1970-01-01 00:00:09.
pub(crate) fn record(kind: u16, subtype: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0, 0, 0, 9], &kind.to_be_bytes()[..], &subtype.to_be_bytes(), &length, body].concat()
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap().to_be_bytes();
    [&[0xff; 16][..], &length, &[kind], body].concat()
}

/// The ends of a session in two-octet AS numbers: AS 1 at 192.0.2.1 is the peer of AS 2 at 192.0.2.2.
pub(crate) const SESSION: [u8; 16] = [0, 1, 0, 2, 0, 0, 0, 1, 192, 0, 2, 1, 192, 0, 2, 2];
/// The same in four.
pub(crate) const SESSION_4: [u8; 20] = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 192, 0, 2, 1, 192, 0, 2, 2];

pub(crate) fn keepalive() -> Vec<u8> {
    record(BGP4MP, 1, &[&SESSION[..], &message(4, &[])].concat())
}

/// Two peers: AS 7 at 192.0.2.1, and AS 70000 at 2001:db8::2.
pub(crate) fn peers() -> Vec<u8> {
    let second = [&[3, 10, 0, 0, 2, 0x20, 1, 0xd, 0xb8][..], &[0; 11], &[2, 0, 1, 0x11, 0x70]].concat();
    let body =
        [&[10, 0, 0, 9, 0, 1, b'v', 0, 2][..], &[0, 10, 0, 0, 1, 192, 0, 2, 1, 0, 7], &second].concat();
    record(TABLE_DUMP_V2, 1, &body)
}

/// ORIGIN, AS_PATH 7, NEXT_HOP 192.0.2.1
pub(crate) const ATTRIBUTES: [u8; 20] =
    [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0, 7, 0x40, 3, 4, 192, 0, 2, 1];

/// An entry of a table: of this peer, with this path identifier, come at second 5.
pub(crate) fn entry(peer: u16, path_id: Option<u32>, attributes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    let path_id = path_id.map_or(Vec::new(), |id| id.to_be_bytes().to_vec());
    [&peer.to_be_bytes()[..], &[0, 0, 0, 5], &path_id, &length, attributes].concat()
}

/// A record of routes; `destination`: all between the sequence number and the number of entries.
pub(crate) fn rib(subtype: u16, destination: &[u8], entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(entries.len()).unwrap().to_be_bytes();
    record(TABLE_DUMP_V2, subtype, &[&[0, 0, 0, 1], destination, &count, &entries.concat()].concat())
}

/// 198.51.100.0/24
pub(crate) const PREFIX: [u8; 4] = [24, 198, 51, 100];

pub(crate) fn octets(bytes: &[u8]) -> BoxRead {
    Box::new(Cursor::new(bytes.to_vec()))
}

/// What is found in a file, a line each.
pub(crate) fn found(bytes: &[u8]) -> Vec<String> {
    found_in(octets(bytes))
}

pub(crate) fn found_in(octets: BoxRead) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(stream) = Dump::open(octets).unwrap() else { return lines };
    stream.each(|found| lines.push(line(&found)));
    lines
}

fn line(found: &Found<'_>) -> String {
    let item = match found {
        Found::Fault(fault) => return format!("fault {fault}"),
        Found::LeftOut(left_out) => return format!("left out {}", left_out.kind),
        Found::Item(item) => item,
    };
    let peer = item.session.map_or(String::from("nobody"), |session| {
        format!("{} AS{}", session.peer_address, session.peer_as.unwrap_or_default())
    });
    match &item.content {
        Content::Message(message) => {
            let to = if message.direction == RecordedDirection::Sent { "to" } else { "from" };
            let terms = match message.terms {
                KnownTerms::Told { asn4, add_path } => {
                    format!("{}{}", if asn4 { 4 } else { 2 }, if add_path { "+" } else { "" })
                }
                _ => String::from("?"),
            };
            let (kind, length) = (message.octets.get(18).unwrap(), message.octets.len());
            format!("message {kind} of {length} {to} {peer}, {terms}")
        }
        Content::Route(route) => {
            let PathNlri { path_id, nlri } = PathNlri::from(route.destination);
            let destination = match nlri {
                Nlri::Unicast(prefix) | Nlri::Multicast(prefix) => prefix.to_string(),
                Nlri::Vpn(nlri) => format!("{} of {}", nlri.prefix, nlri.rd),
                other => format!("{other:?}"),
            };
            let path = path_id.map_or(String::new(), |id| format!(" path {id}"));
            let attributes = route.attributes.map_while(Result::ok).map(|raw| raw.code.0.to_string());
            let attributes = attributes.collect::<Vec<_>>().join(",");
            format!("route {} {destination}{path} of {peer}: {attributes}", route.family)
        }
        Content::State(change) => format!("state {} to {} of {peer}", change.from.0, change.to.0),
    }
}

/// Octets that come in pieces of a few, and then an error, if any.
pub(crate) struct Trickle {
    pub(crate) octets: Cursor<Vec<u8>>,
    pub(crate) piece: usize,
    pub(crate) error: Option<io::ErrorKind>,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end = self.piece.min(into.len());
        match self.octets.read(into.get_mut(..end).unwrap_or_default())? {
            0 => self.error.map_or(Ok(0), |kind| Err(kind.into())),
            count => Ok(count),
        }
    }
}
