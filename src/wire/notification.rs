//! NOTIFICATION (RFC 4271 §4.5): why a session ends.

use alloc::boxed::Box;

/// The last message of a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}
