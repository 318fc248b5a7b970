//! EVPN routes (L2VPN, SAFI 70, RFC 7432).

use alloc::boxed::Box;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvpnRoute {
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}
