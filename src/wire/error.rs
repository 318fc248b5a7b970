//! What can be wrong with bytes, and how a NOTIFICATION says it.
//!
//! Decoding knows two errors. [`Malformed`] says what is wrong and where, and nothing more: the same bytes may be fatal in one
//! place and ignored in another. [`WireError`] is what a whole message comes to: a NOTIFICATION's code, subcode
//! and data. [`treatment`](super::treatment) turns the first into the second.

use core::fmt;

use super::notification::Notification;

/// Bytes that do not say what they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in octets from the first of the message.
    pub offset: usize,
    /// Whether a length or a value is to blame.
    pub kind: MalformedKind,
    /// What is wrong, as a clause without a final full stop.
    pub what: &'static str,
}

/// What to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedKind {
    /// There are too few octets, or too many.
    Length,
    /// The octets are there but say nothing that is allowed.
    Value,
}

impl Malformed {
    /// Too few octets, or too many.
    pub const fn length(offset: usize, what: &'static str) -> Self {
        Self { offset, kind: MalformedKind::Length, what }
    }

    /// A value that is not allowed.
    pub const fn value(offset: usize, what: &'static str) -> Self {
        Self { offset, kind: MalformedKind::Value, what }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}", self.what, self.offset)
    }
}

impl core::error::Error for Malformed {}

/// The error codes of NOTIFICATION (RFC 4271 §4.5 and what extends it).
pub mod code {
    /// Message Header Error (RFC 4271 §6.1)
    pub const HEADER: u8 = 1;
    /// OPEN Message Error (RFC 4271 §6.2)
    pub const OPEN: u8 = 2;
    /// UPDATE Message Error (RFC 4271 §6.3)
    pub const UPDATE: u8 = 3;
    /// Hold Timer Expired (RFC 4271 §6.5)
    pub const HOLD_TIMER: u8 = 4;
    /// Finite State Machine Error (RFC 4271 §6.6, RFC 6608)
    pub const FSM: u8 = 5;
    /// Cease (RFC 4486)
    pub const CEASE: u8 = 6;
    /// ROUTE-REFRESH Message Error (RFC 7313 §5)
    pub const ROUTE_REFRESH: u8 = 7;
    /// Send Hold Timer Expired (RFC 9687 §4)
    pub const SEND_HOLD_TIMER: u8 = 8;
}

/// An error that a NOTIFICATION answers. It borrows nothing: its data is named by its place in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// The error code, one of [`code`].
    pub code: u8,
    /// The error subcode.
    pub subcode: u8,
    /// What the NOTIFICATION carries along.
    pub data: ErrorData,
    /// Where the trouble is, in octets from the first of the message.
    pub offset: usize,
    /// What is wrong, as a clause without a final full stop.
    pub what: &'static str,
}

/// The data of a NOTIFICATION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorData {
    /// None.
    Empty,
    /// One octet.
    Octet(u8),
    /// Two octets.
    U16(u16),
    /// Part of the message that is to blame.
    Span {
        /// The first octet, counted from the first of the message.
        start: usize,
        /// How many.
        length: usize,
    },
}

impl WireError {
    /// The NOTIFICATION that answers it; `message` is the whole message, from its marker on.
    pub fn notification(&self, message: &[u8]) -> Notification {
        let data = match self.data {
            ErrorData::Empty => [].into(),
            ErrorData::Octet(octet) => [octet].into(),
            ErrorData::U16(number) => number.to_be_bytes().into(),
            ErrorData::Span { start, length } => {
                message.get(start..start.saturating_add(length)).unwrap_or_default().into()
            }
        };
        Notification { code: self.code, subcode: self.subcode, data }
    }

    /// An error of OPEN without data (RFC 4271 §6.2).
    pub(crate) const fn open(subcode: u8, offset: usize, what: &'static str) -> Self {
        Self { code: code::OPEN, subcode, data: ErrorData::Empty, offset, what }
    }

    /// A length in the header that cannot be (RFC 4271 §6.1); the data is that length.
    pub(crate) const fn bad_length(length: u16) -> Self {
        let what = "a message of this type cannot have this length";
        Self { code: code::HEADER, subcode: 2, data: ErrorData::U16(length), offset: 16, what }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {} (NOTIFICATION {}/{})", self.what, self.offset, self.code, self.subcode)
    }
}

impl core::error::Error for WireError {}

/// The caller's buffer is too small for what was to be written, or a length field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferFull;

impl fmt::Display for BufferFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("does not fit")
    }
}

impl core::error::Error for BufferFull {}
