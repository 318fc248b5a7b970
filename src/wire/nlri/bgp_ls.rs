//! Link-state NLRI (BGP-LS, SAFI 71 and 72, RFC 9552).

use alloc::boxed::Box;

use super::super::family::Safi;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BgpLsNlri {
    /// 71, or 72 in a VPN.
    pub safi: Safi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}
