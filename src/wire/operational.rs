//! OPERATIONAL, message type 6 as ExaBGP sends it (draft-ietf-idr-operational-message).

use alloc::boxed::Box;

/// An operational message, its value as it stands on the wire.
///
/// ```text
/// +---------------+---------------+------------------+
/// | Type (2)      | Length (2)    | Value (variable) |
/// +---------------+---------------+------------------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operational {
    /// What it says: 1 ADM, 2 ASM, …
    pub kind: u16,
    /// The value.
    pub value: Box<[u8]>,
}
