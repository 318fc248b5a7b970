//! Framing: where one message ends and the next begins (RFC 4271 §4.1).

use super::error::{BufferFull, ErrorData, WireError, code};
use super::negotiated::MAX_MESSAGE;
use super::writer::Writer;

/// The octets before a message's body.
///
/// ```text
/// +---------------------------------------------------------------+
/// |                     Marker: 16 octets, all ones               |
/// +-------------------------------+---------------+---------------+
/// |            Length             |     Type      |
/// +-------------------------------+---------------+
/// ```
pub const HEADER: usize = 19;

/// A message's type.
pub mod kind {
    /// OPEN
    pub const OPEN: u8 = 1;
    /// UPDATE
    pub const UPDATE: u8 = 2;
    /// NOTIFICATION
    pub const NOTIFICATION: u8 = 3;
    /// KEEPALIVE
    pub const KEEPALIVE: u8 = 4;
    /// ROUTE-REFRESH (RFC 2918)
    pub const ROUTE_REFRESH: u8 = 5;
    /// OPERATIONAL (draft-ietf-idr-operational-message)
    pub const OPERATIONAL: u8 = 6;
}

/// One message as it stands on the wire, its header checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    message: &'a [u8],
    kind: u8,
}

impl<'a> Frame<'a> {
    /// A whole message of this type, whose header was checked already, or written by us.
    pub(crate) const fn of_whole(message: &'a [u8], kind: u8) -> Self {
        Self { message, kind }
    }

    /// The message's type, one of [`kind`] or unknown.
    pub const fn kind(self) -> u8 {
        self.kind
    }

    /// The whole message, header included; what offsets in errors count in.
    pub const fn message(self) -> &'a [u8] {
        self.message
    }

    /// What stands after the header.
    #[inline]
    pub fn body(self) -> &'a [u8] {
        self.message.get(HEADER..).unwrap_or_default()
    }
}

/// Cuts a stream's bytes into messages. It owns no buffer: hand it what was received and not yet [consumed](Framer::consumed).
#[derive(Clone, Debug)]
pub struct Framer<'a> {
    bytes: &'a [u8],
    consumed: usize,
    max: usize,
}

impl<'a> Framer<'a> {
    /// A framer over `bytes` that refuses messages of more than `max` octets; see
    /// [`Negotiated::max_message`](super::Negotiated::max_message).
    pub const fn new(bytes: &'a [u8], max: usize) -> Self {
        Self { bytes, consumed: 0, max }
    }

    /// How many octets the messages so far took.
    pub const fn consumed(&self) -> usize {
        self.consumed
    }

    /// The next message; `None` where its end is still to come.
    ///
    /// # Errors
    ///
    /// A header that cannot be (RFC 4271 §6.1): the stream is beyond repair, and every further call fails alike. It is told
    /// as soon as the header is there, whether or not the body is.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'a>>, WireError> {
        let rest = self.bytes.get(self.consumed..).unwrap_or_default();
        let Some(header) = rest.first_chunk::<HEADER>() else { return Ok(None) };
        let (marker, [a, b, kind]) = (header.first_chunk::<16>(), [header[16], header[17], header[18]]);
        if marker != Some(&[0xff; 16]) {
            let what = "the marker is not all ones";
            return Err(WireError {
                code: code::HEADER,
                subcode: 1,
                data: ErrorData::Empty,
                offset: 0,
                what,
            });
        }
        let length = u16::from_be_bytes([a, b]);
        if !length_is_possible(kind, usize::from(length), self.max) {
            return Err(WireError::bad_length(length));
        }
        let Some(message) = rest.get(..usize::from(length)) else { return Ok(None) };
        self.consumed += message.len();
        Ok(Some(Frame { message, kind }))
    }
}

/// Whether a message of this type may have this length (RFC 4271 §6.1, RFC 8654 §4).
///
/// A ROUTE-REFRESH that is too short or too long has a NOTIFICATION of its own (RFC 7313 §5), so that its length is left
/// to its decoder.
const fn length_is_possible(kind: u8, length: usize, max: usize) -> bool {
    let (least, most) = match kind {
        kind::OPEN => (29, MAX_MESSAGE),
        kind::UPDATE => (23, max),
        kind::NOTIFICATION => (21, max),
        kind::KEEPALIVE => (19, 19),
        _ => (HEADER, max),
    };
    least <= length && length <= most
}

/// Writes a message behind what `out` holds already: the header and, through `body`, what follows. On an error nothing of
/// it stays.
///
/// # Errors
///
/// Where the buffer is full, or the message would have more than `max` octets.
#[inline]
pub fn encode(
    kind: u8,
    max: usize,
    out: &mut Writer<'_>,
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), BufferFull>,
) -> Result<(), BufferFull> {
    let start = out.len();
    let written = write(kind, max, out, body);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

#[inline]
fn write(
    kind: u8,
    max: usize,
    out: &mut Writer<'_>,
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), BufferFull>,
) -> Result<(), BufferFull> {
    let start = out.len();
    let mut header = [0xff; HEADER];
    header[16..].copy_from_slice(&[0, 0, kind]);
    out.array(header)?;
    body(out)?;
    let length = out.len() - start;
    let field = u16::try_from(length).ok().filter(|_| length <= max).ok_or(BufferFull)?;
    out.patch(start + 16, field.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::negotiated::MAX_EXTENDED_MESSAGE;
    use alloc::vec;
    use alloc::vec::Vec;

    fn message(kind: u8, length: u16) -> Vec<u8> {
        let mut bytes = vec![0xff; 16];
        bytes.extend(length.to_be_bytes());
        bytes.push(kind);
        bytes.resize(usize::from(length).max(HEADER), 0);
        bytes
    }

    #[test]
    fn two_messages_and_a_half_are_two_frames_and_a_wait() {
        let mut bytes = message(kind::KEEPALIVE, 19);
        bytes.extend(message(kind::UPDATE, 23));
        bytes.extend(&message(kind::KEEPALIVE, 19)[..10]);
        let mut framer = Framer::new(&bytes, MAX_MESSAGE);
        assert_eq!(framer.next_frame().unwrap().unwrap().kind(), kind::KEEPALIVE);
        assert_eq!(framer.next_frame().unwrap().unwrap().body().len(), 4);
        assert_eq!(framer.next_frame(), Ok(None));
        assert_eq!(framer.consumed(), 42);
    }

    #[test]
    fn a_marker_that_is_not_all_ones_is_a_synchronisation_error() {
        let mut bytes = message(kind::KEEPALIVE, 19);
        bytes[15] = 0xfe;
        let error = Framer::new(&bytes, MAX_MESSAGE).next_frame().unwrap_err();
        assert_eq!((error.code, error.subcode), (1, 1));
    }

    #[test]
    fn a_length_that_the_type_cannot_have_is_answered_with_that_length() {
        for (kind, length) in [
            (kind::KEEPALIVE, 18),
            (kind::KEEPALIVE, 20),
            (kind::OPEN, 28),
            (kind::UPDATE, 22),
            (kind::NOTIFICATION, 20),
            (kind::UPDATE, 4097),
            (255, 0),
        ] {
            let bytes = message(kind, length);
            let error = Framer::new(&bytes, MAX_MESSAGE).next_frame().unwrap_err();
            assert_eq!((error.code, error.subcode), (1, 2), "type {kind} of {length} octets");
            assert_eq!(*error.notification(&bytes).data, length.to_be_bytes());
        }
    }

    #[test]
    fn extended_messages_make_room_for_updates_but_not_for_opens() {
        let bytes = message(kind::UPDATE, 4097);
        assert!(Framer::new(&bytes, MAX_EXTENDED_MESSAGE).next_frame().unwrap().is_some());
        let bytes = message(kind::OPEN, 4097);
        assert!(Framer::new(&bytes, MAX_EXTENDED_MESSAGE).next_frame().is_err());
    }

    #[test]
    fn a_bad_length_is_told_before_the_body_arrives() {
        let bytes = message(kind::UPDATE, 5000);
        assert!(Framer::new(&bytes[..HEADER], MAX_MESSAGE).next_frame().is_err());
    }
}
