//! What an MRT file is known by. It has no magic number: only its records, each of which says where the next one begins.

use super::header::{HEADER, Header};
use crate::compression::Peeked;

/// Whether `octets` begin as a record of a type that MRT has (RFC 6396 §4, appendix B, and IANA's registry) and of a low subtype.
pub(crate) const fn begins_known_record(octets: &[u8]) -> bool {
    matches!(octets, [_, _, _, _, 0, 0..=13 | 16 | 17 | 32 | 33 | 48 | 49 | 64 | 65, 0, _, ..])
}

/// Whether `octets` begin with records of any types, with a known one behind them or the end (RFC 6396 §2: the length delimits a record).
pub(crate) fn is_chain(octets: &mut Peeked) -> bool {
    /// So many octets are looked at. What nobody knows is rarely as long.
    const MOST: usize = 4 << 20;
    let mut at = 0;
    while at < MOST {
        octets.look_at(at + HEADER);
        let rest = octets.head().get(at..).unwrap_or_default();
        if begins_known_record(rest) {
            return true;
        }
        let Some(header) = Header::read(rest) else { return at > 0 && rest.is_empty() };
        at = at.saturating_add(HEADER).saturating_add(header.length as usize);
        if at <= MOST {
            octets.look_at(at);
        }
        if octets.head().len() < at {
            return false;
        }
    }
    false
}
