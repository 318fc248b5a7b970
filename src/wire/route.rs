//! A route, as configuration, API, RIB and packing share it.

use alloc::sync::Arc;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::attribute::Attributes;
use super::nlri::Nlri;

/// One destination with the way to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Route {
    /// The path identifier (RFC 7911 §3); sent only where ADD-PATH was negotiated.
    pub path_id: Option<u32>,
    /// The destination.
    pub nlri: Nlri,
    /// The next hop; `None` for the families that have none, and for FlowSpec.
    pub next_hop: Option<NextHop>,
    /// Everything else; shared by the routes that were announced together.
    pub attributes: Arc<Attributes>,
}

/// A next hop, in NEXT_HOP or in MP_REACH_NLRI. VPN families put a route distinguisher of zeros before each address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum NextHop {
    /// IPv4
    V4(Ipv4Addr),
    /// IPv6; one address.
    V6(Ipv6Addr),
    /// IPv6: the global address, then the link-local one (RFC 2545 §3).
    V6LinkLocal(Ipv6Addr, Ipv6Addr),
}

impl NextHop {
    /// The address, of the two the global one.
    pub const fn address(self) -> IpAddr {
        match self {
            Self::V4(address) => IpAddr::V4(address),
            Self::V6(address) | Self::V6LinkLocal(address, _) => IpAddr::V6(address),
        }
    }
}

impl From<IpAddr> for NextHop {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}
