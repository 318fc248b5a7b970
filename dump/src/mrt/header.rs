//! The header of a record.

use holdtime_core::wire::Reader;

/// How many octets a header has.
pub(super) const HEADER: usize = 12;

/// The header of a record (RFC 6396 §2).
///
/// ```text
/// +---------------------------------------------------------------+
/// |                           Timestamp (4)                       |
/// +-------------------------------+-------------------------------+
/// |             Type (2)          |            Subtype (2)        |
/// +-------------------------------+-------------------------------+
/// |                             Length (4)                        |
/// +---------------------------------------------------------------+
/// |                         Message (variable)                    |
/// +---------------------------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// When the record was written, in seconds since the Unix epoch.
    pub timestamp: u32,
    /// Its type.
    pub kind: u16,
    /// Its subtype.
    pub subtype: u16,
    /// How many octets follow.
    pub length: u32,
}

impl Header {
    /// The header that `octets` begin with; `None`: they are too few.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(octets.get(..HEADER)?, 0);
        Some(Self {
            timestamp: reader.u32().ok()?,
            kind: reader.u16().ok()?,
            subtype: reader.u16().ok()?,
            length: reader.u32().ok()?,
        })
    }
}
