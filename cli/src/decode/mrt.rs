//! What the records of an MRT file say, as messages: an entry of a RIB dump is told of as the UPDATE that would announce it.

use holdtime_core::api::Peer;
use holdtime_core::wire::mrt::{MrtContent, MrtMessage, MrtPeer, MrtReader, MrtRib};

use super::{Found, header};
use crate::error::CliError;

/// Whether these bytes begin with an MRT header whose type is about BGP: TABLE_DUMP, TABLE_DUMP_V2, BGP4MP or BGP4MP_ET.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    matches!(bytes.get(4..7), Some([0, 12 | 13 | 16 | 17, 0]))
}

/// Every message of a file.
pub(super) fn messages(bytes: &[u8]) -> Result<Vec<Found>, CliError> {
    let mut found = Vec::new();
    let mut peers = Vec::new();
    for (index, record) in MrtReader::new(bytes).enumerate() {
        let broken = || CliError::input(format!("MRT record {} is cut off or malformed", index + 1));
        let record = record.map_err(|_| broken())?;
        match record.content {
            MrtContent::Message(message) => {
                let time = nanoseconds(record.timestamp) + i64::from(record.microseconds) * 1_000;
                found.push(heard(&message, time).ok_or_else(broken)?);
            }
            MrtContent::Peers(table) => {
                peers = table.iter().collect::<Result<_, _>>().map_err(|_| broken())?;
            }
            MrtContent::Rib(rib) => routes(&rib, &peers, &mut found).ok_or_else(broken)?,
            // What other collectors add is not about BGP messages, and a change of state is no message.
            MrtContent::Other { .. } => {}
        }
    }
    Ok(found)
}

fn nanoseconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000_000
}

/// A message as it was received, or sent. `None`: malformed.
fn heard(message: &MrtMessage<'_>, time: i64) -> Option<Found> {
    let (length, _) = header(message.message)?;
    let peer = Peer {
        local_address: Some(message.local),
        peer_address: message.peer,
        local_as: Some(message.local_as),
        peer_as: Some(message.peer_as),
        router_id: None,
    };
    let octets = message.message.get(..length)?.to_vec();
    Some(Found { octets, time, peer: Some(peer), asn4: message.asn4, add_path: message.add_path })
}

/// The routes to one destination. `None`: malformed.
fn routes(rib: &MrtRib<'_>, peers: &[MrtPeer], found: &mut Vec<Found>) -> Option<()> {
    for entry in rib.entries() {
        let entry = entry.ok()?;
        let from = peers.get(usize::from(entry.peer_index))?;
        let peer = Peer {
            local_address: None,
            peer_address: from.address,
            local_as: None,
            peer_as: Some(from.asn),
            router_id: Some(from.router_id),
        };
        let octets = rib.update(&entry).ok()?;
        let time = nanoseconds(entry.originated);
        found.push(Found { octets, time, peer: Some(peer), asn4: true, add_path: entry.path_id.is_some() });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const TABLE_DUMP_V2: u16 = 13;
    const BGP4MP: u16 = 16;

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
        let peer = found.peer.unwrap();
        assert_eq!((peer.peer_as, peer.local_as), (Some(1), Some(2)));
        assert_eq!(peer.peer_address, IpAddr::from([192, 0, 2, 1]));
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
        assert_eq!((found.octets[18], found.time, found.peer.unwrap().peer_as), (2, 5_000_000_000, Some(7)));
        let mut expected = vec![0, 0, 0, 0, 0x40, 1, 1, 0, 0x80, 14, 24];
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
