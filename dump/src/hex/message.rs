//! The messages that octets are, whichever way they were written.

use holdtime_core::wire::frame::{HEADER, kind};
use holdtime_core::wire::negotiated::MAX_EXTENDED_MESSAGE;

use crate::batch::{Batch, MessagePiece};
use crate::item::RecordedDirection;
use crate::place::Position;

pub(super) const MARKER: usize = 16;

/// Adds the messages at the beginning of `octets`; returns how many octets they have, and what is wrong behind them. What is left where nothing
/// is wrong is the beginning of a message.
pub(super) fn messages(octets: &[u8], place: Position, batch: &mut Batch) -> (usize, Option<String>) {
    let mut used = 0;
    loop {
        let rest = octets.get(used..).unwrap_or_default();
        if rest.iter().take(MARKER).any(|octet| *octet != 0xff) {
            let surplus = rest.len();
            let what = format!("{surplus} octets behind the message of {used} begin with no marker");
            return (used, Some(what));
        }
        match length(rest) {
            Some(length) if length < HEADER => {
                let what = format!("the message says that it has {length} octets, which none can have");
                return (used, Some(what));
            }
            Some(length) if length <= rest.len() => {
                push(batch, place, rest.get(..length).unwrap_or_default());
                used += length;
            }
            _ => return (used, None),
        }
    }
}

/// What is said of the beginning of a message that has no end.
pub(super) fn incomplete(octets: &[u8]) -> String {
    let have = octets.len();
    match length(octets) {
        Some(length) => format!("the message says that it has {length} octets and has {have}"),
        None => format!("the message has {have} octets, fewer than a header has"),
    }
}

/// Adds a message; what has no marker is the body of an UPDATE.
pub(super) fn push(batch: &mut Batch, place: Position, octets: &[u8]) {
    let direction = RecordedDirection::Received;
    let piece = MessagePiece { place, time: None, session: None, direction, terms: None };
    if length(octets).is_some() {
        batch.push_message(piece, octets);
        return;
    }
    let Some(length) = u16::try_from(HEADER + octets.len()).ok() else {
        let most = MAX_EXTENDED_MESSAGE - HEADER;
        batch.push_fault(
            place,
            format!("a body of {} octets, of which none has more than {most}", octets.len()),
        );
        return;
    };
    let mut message = vec![0xff; MARKER];
    message.extend(length.to_be_bytes());
    message.push(kind::UPDATE);
    message.extend_from_slice(octets);
    batch.push_message(piece, &message);
}

/// The length in a header; `None` where there is none.
pub(super) fn length(octets: &[u8]) -> Option<usize> {
    let (marker, rest) = octets.get(..HEADER)?.split_at_checked(MARKER)?;
    let high_low = rest.first_chunk()?;
    marker.iter().all(|octet| *octet == 0xff).then(|| usize::from(u16::from_be_bytes(*high_low)))
}
