//! NOTIFICATION (RFC 4271 §4.5): why a session ends.

use alloc::boxed::Box;
use alloc::string::String;

use super::error::{BufferFull, ErrorData, WireError, code};
use super::frame::HEADER;
use super::reader::Reader;
use super::writer::Writer;

/// Subcodes of [`code::CEASE`] (RFC 4486, RFC 8538).
pub mod cease {
    /// Maximum Number of Prefixes Reached
    pub const MAXIMUM_PREFIXES: u8 = 1;
    /// Administrative Shutdown
    pub const SHUTDOWN: u8 = 2;
    /// Peer De-configured
    pub const DECONFIGURED: u8 = 3;
    /// Administrative Reset
    pub const RESET: u8 = 4;
    /// Connection Rejected
    pub const REJECTED: u8 = 5;
    /// Other Configuration Change
    pub const CONFIGURATION: u8 = 6;
    /// Connection Collision Resolution
    pub const COLLISION: u8 = 7;
    /// Out of Resources
    pub const RESOURCES: u8 = 8;
    /// Hard Reset (RFC 8538 §3)
    pub const HARD_RESET: u8 = 9;
    /// BFD Down (RFC 9384)
    pub const BFD_DOWN: u8 = 10;
}

/// The longest text that a shutdown may carry, in octets (RFC 9003 §2).
pub const MAX_SHUTDOWN_TEXT: usize = 255;

/// The last message of a session.
///
/// ```text
/// +---------------+---------------+------------------+
/// | Code (1)      | Subcode (1)   | Data (variable)  |
/// +---------------+---------------+------------------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Notification {
    /// The error code.
    pub code: u8,
    /// The error subcode; 0: unspecific.
    pub subcode: u8,
    /// What the code and subcode define: the offending octets, or a text (RFC 9003).
    pub data: Box<[u8]>,
}

impl Notification {
    /// A NOTIFICATION without data.
    pub fn new(code: u8, subcode: u8) -> Self {
        Self { code, subcode, data: Box::default() }
    }

    /// An administrative shutdown or reset with a text for the peer's operator (RFC 9003 §2). A text that is too long is cut
    /// between characters; an empty one is left out, length and all.
    pub fn with_text(subcode: u8, text: &str) -> Self {
        let mut end = text.len().min(MAX_SHUTDOWN_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.as_bytes().get(..end).unwrap_or_default();
        let data = match u8::try_from(text.len()) {
            Ok(length @ 1..) => [&[length], text].concat().into(),
            _ => Box::default(),
        };
        Self { code: code::CEASE, subcode, data }
    }

    /// The text of an administrative shutdown or reset (RFC 9003 §2), as it was sent; `None` where there is none, or where what
    /// stands there is not a text.
    pub fn text(&self) -> Option<&str> {
        if self.code != code::CEASE || !matches!(self.subcode, cease::SHUTDOWN | cease::RESET) {
            return None;
        }
        let (length, text) = self.data.split_first()?;
        core::str::from_utf8(text.get(..usize::from(*length))?).ok()
    }

    /// What it says in words to whoever operates the receiver: the text of a shutdown or a reset, that of the one which a Hard
    /// Reset carries, or data that is nothing but printable. Too few octets are a number that happens to be printable.
    pub fn words(&self) -> Option<String> {
        if let Some(inner) = self.hard_reset() {
            return inner.words();
        }
        let printable =
            |data: &&[u8]| data.len() > 4 && data.iter().all(|octet| matches!(octet, b' '..=b'~'));
        let bare = || core::str::from_utf8(Some(&*self.data).filter(printable)?).ok();
        self.text().or_else(bare).filter(|text| !text.is_empty()).map(String::from)
    }

    /// The NOTIFICATION as a Hard Reset carries it: so that graceful restart does not keep routes (RFC 8538 §3.1).
    pub fn into_hard_reset(self) -> Self {
        let data = [&[self.code, self.subcode], &*self.data].concat().into();
        Self { code: code::CEASE, subcode: cease::HARD_RESET, data }
    }

    /// What a Hard Reset carries (RFC 8538 §3.1); `None` where this is not one, or carries nothing.
    pub fn hard_reset(&self) -> Option<Self> {
        match (self.code, self.subcode, &*self.data) {
            (code::CEASE, cease::HARD_RESET, [code, subcode, data @ ..]) => {
                Some(Self { code: *code, subcode: *subcode, data: data.into() })
            }
            _ => None,
        }
    }

    /// Reads a message's body.
    ///
    /// # Errors
    ///
    /// A body of fewer than two octets. It is never answered with a NOTIFICATION (RFC 4271 §6.4).
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(body, HEADER);
        let [code, subcode] = reader.array().map_err(|malformed| WireError {
            code: code::HEADER,
            subcode: 2,
            data: ErrorData::Empty,
            offset: malformed.offset,
            what: "a NOTIFICATION without code and subcode",
        })?;
        Ok(Self { code, subcode, data: reader.take_rest().into() })
    }

    /// Writes the message's body.
    ///
    /// # Errors
    ///
    /// Where the buffer is full.
    pub fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.array([self.code, self.subcode])?;
        out.bytes(&self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shutdown_carries_a_text() {
        let notification = Notification::with_text(cease::SHUTDOWN, "maintenance");
        assert_eq!(notification.data[0], 11);
        assert_eq!(notification.text(), Some("maintenance"));
        assert_eq!(Notification::with_text(cease::SHUTDOWN, "").data.len(), 0);
    }

    #[test]
    fn a_text_too_long_is_cut_between_characters() {
        let text: String = core::iter::repeat_n('é', 200).collect();
        let notification = Notification::with_text(cease::RESET, &text);
        assert_eq!(notification.data.len(), 255);
        assert_eq!(notification.text().unwrap().chars().count(), 127);
    }

    #[test]
    fn a_text_longer_than_its_message_or_not_utf_8_is_no_text() {
        let notification = |data: &[u8]| Notification { code: 6, subcode: 2, data: data.into() };
        assert_eq!(notification(&[200, b'a']).text(), None);
        assert_eq!(notification(&[1, 0xff]).text(), None);
        assert_eq!(notification(&[]).text(), None);
        assert_eq!(notification(&[0]).text(), Some(""));
    }

    #[test]
    fn what_is_said_in_words_is_told_from_numbers() {
        let words = |code, subcode, data: &[u8]| Notification { code, subcode, data: data.into() }.words();
        assert_eq!(words(6, 2, b"\x03bye").as_deref(), Some("bye"));
        assert_eq!(words(6, 9, b"\x06\x04\x03bye").as_deref(), Some("bye"));
        assert_eq!(words(2, 2, b"a wrong AS").as_deref(), Some("a wrong AS"));
        assert_eq!(words(1, 2, &[0, 18]), None);
        assert_eq!(words(2, 2, b"AS"), None);
        assert_eq!(words(6, 2, &[0]), None);
    }

    #[test]
    fn a_hard_reset_carries_another_notification() {
        let inner = Notification::with_text(cease::SHUTDOWN, "bye");
        let outer = inner.clone().into_hard_reset();
        assert_eq!((outer.code, outer.subcode), (6, 9));
        assert_eq!(outer.hard_reset(), Some(inner));
        assert_eq!(Notification::new(6, 9).hard_reset(), None);
    }
}
