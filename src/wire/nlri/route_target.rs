//! Route target membership (SAFI 132, RFC 4684).

use alloc::boxed::Box;

use super::super::family::Afi;

/// One NLRI, checked for its length only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteTargetMembership {
    /// IPv4 or IPv6.
    pub afi: Afi,
    /// The NLRI as it stands on the wire.
    pub bytes: Box<[u8]>,
}
