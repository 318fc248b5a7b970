//! BGP-LS (attribute 29, RFC 9552).

use alloc::boxed::Box;

/// The attribute's value, as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpLsAttribute {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}
