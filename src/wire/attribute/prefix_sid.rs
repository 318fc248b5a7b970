//! BGP Prefix-SID (attribute 40, RFC 8669), with SRv6 services (RFC 9252).

use alloc::boxed::Box;

/// The attribute's value, as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixSid {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}
