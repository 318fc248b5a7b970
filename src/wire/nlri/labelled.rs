//! Prefixes with labels (SAFI 4, RFC 8277) and VPN prefixes (SAFI 128, RFC 4364, RFC 4659).

use super::super::prefix::Prefix;
use super::super::vpn::{Labels, RouteDistinguisher};

/// A prefix and the labels that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelledPrefix {
    /// The label stack.
    pub labels: Labels,
    /// The destination.
    pub prefix: Prefix,
}

/// A prefix in a VPN and the labels that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VpnPrefix {
    /// Which VPN.
    pub rd: RouteDistinguisher,
    /// The destination.
    pub prefix: Prefix,
    /// The label stack.
    pub labels: Labels,
}
