//! FlowSpec rules (SAFI 133, RFC 8955, RFC 8956) and the same in a VPN (SAFI 134).

use alloc::boxed::Box;

use super::super::family::Afi;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowRule {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}

/// One NLRI in a VPN, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowVpnRule {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}
