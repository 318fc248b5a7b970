//! P-Multicast service interface tunnel (attribute 22, RFC 6514 §5).

use alloc::boxed::Box;

use super::super::vpn::Label;

/// How multicast reaches the egress routers.
///
/// ```text
/// +---------------------------------+
/// |  Flags (1 octet)                |
/// +---------------------------------+
/// |  Tunnel Type (1 octet)          |
/// +---------------------------------+
/// |  MPLS Label (3 octets)          |
/// +---------------------------------+
/// |  Tunnel Identifier (variable)   |
/// +---------------------------------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PmsiTunnel {
    /// Flags; 1 asks for leaf information.
    pub flags: u8,
    /// The tunnel's type; 6 is ingress replication.
    pub kind: u8,
    /// The label, in the upper 20 of 24 bits, or a VNI in all of them.
    pub label: Label,
    /// The tunnel's identifier, whose layout the type decides.
    pub tunnel: Box<[u8]>,
}
