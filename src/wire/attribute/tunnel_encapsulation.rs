//! Tunnel encapsulation (attribute 23, RFC 9012).

use alloc::boxed::Box;

/// The attribute's value, as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelEncapsulation {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}
