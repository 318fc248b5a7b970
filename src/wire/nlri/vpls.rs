//! VPLS (L2VPN, SAFI 65, RFC 4761).

use alloc::boxed::Box;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VplsNlri {
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}
