//! Network layer reachability information: what a route leads to, family by family.

mod bgp_ls;
mod evpn;
mod flow;
mod labelled;
mod mup;
mod mvpn;
mod route_target;
mod sr_policy;
mod vpls;

pub use bgp_ls::BgpLsNlri;
pub use evpn::EvpnRoute;
pub use flow::{FlowRule, FlowVpnRule};
pub use labelled::{LabelledPrefix, VpnPrefix};
pub use mup::MupRoute;
pub use mvpn::MvpnRoute;
pub use route_target::RouteTargetMembership;
pub use sr_policy::SrPolicyNlri;
pub use vpls::VplsNlri;

use alloc::boxed::Box;

use super::family::{Afi, Family, Safi};
use super::prefix::Prefix;
use super::vpn::Labels;

/// A destination of any family. At most 32 octets: what is larger is boxed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nlri {
    /// SAFI 1
    Unicast(Prefix),
    /// SAFI 2
    Multicast(Prefix),
    /// SAFI 4 (RFC 8277)
    Labelled(Box<LabelledPrefix>),
    /// SAFI 128 (RFC 4364)
    Vpn(Box<VpnPrefix>),
    /// SAFI 5 (RFC 6514)
    Mvpn(Box<MvpnRoute>),
    /// SAFI 133 (RFC 8955)
    Flow(Box<FlowRule>),
    /// SAFI 134 (RFC 8955)
    FlowVpn(Box<FlowVpnRule>),
    /// SAFI 132 (RFC 4684)
    RouteTarget(Box<RouteTargetMembership>),
    /// SAFI 73 (RFC 9830)
    SrPolicy(Box<SrPolicyNlri>),
    /// L2VPN, SAFI 65 (RFC 4761)
    Vpls(Box<VplsNlri>),
    /// L2VPN, SAFI 70 (RFC 7432)
    Evpn(Box<EvpnRoute>),
    /// BGP-LS, SAFI 71 and 72 (RFC 9552)
    BgpLs(Box<BgpLsNlri>),
    /// SAFI 85 (draft-mpmz-bess-mup-safi)
    Mup(Box<MupRoute>),
    /// A family that this crate does not know: its whole NLRI field, because only the family says where one ends.
    Unknown(Box<UnknownNlri>),
}

/// The NLRI field of an unknown family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownNlri {
    /// Which.
    pub family: Family,
    /// What stood there.
    pub bytes: Box<[u8]>,
}

impl Nlri {
    /// The family that it belongs to.
    pub fn family(&self) -> Family {
        let (afi, safi) = match self {
            Self::Unicast(prefix) => (prefix.afi(), Safi::UNICAST),
            Self::Multicast(prefix) => (prefix.afi(), Safi::MULTICAST),
            Self::Labelled(nlri) => (nlri.prefix.afi(), Safi::LABELLED),
            Self::Vpn(nlri) => (nlri.prefix.afi(), Safi::VPN),
            Self::Mvpn(nlri) => (nlri.afi, Safi::MVPN),
            Self::Flow(nlri) => (nlri.afi, Safi::FLOW),
            Self::FlowVpn(nlri) => (nlri.afi, Safi::FLOW_VPN),
            Self::RouteTarget(nlri) => (nlri.afi, Safi::ROUTE_TARGET),
            Self::SrPolicy(nlri) => (nlri.afi, Safi::SR_POLICY),
            Self::Vpls(_) => (Afi::L2VPN, Safi::VPLS),
            Self::Evpn(_) => (Afi::L2VPN, Safi::EVPN),
            Self::BgpLs(nlri) => (Afi::BGP_LS, nlri.safi),
            Self::Mup(nlri) => (nlri.afi, Safi::MUP),
            Self::Unknown(nlri) => return nlri.family,
        };
        Family::new(afi, safi)
    }

    /// What identifies the destination: the NLRI without its labels, which a new announcement may change (RFC 8277 §2.4).
    pub fn key(&self) -> Self {
        match self {
            Self::Labelled(nlri) => {
                Self::Labelled(Box::new(LabelledPrefix { labels: Labels::default(), prefix: nlri.prefix }))
            }
            Self::Vpn(nlri) => Self::Vpn(Box::new(VpnPrefix { labels: Labels::default(), ..**nlri })),
            other => other.clone(),
        }
    }
}

/// An NLRI with the path identifier that stands before it where ADD-PATH was negotiated (RFC 7911 §3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathNlri {
    /// The path identifier.
    pub path_id: Option<u32>,
    /// The destination.
    pub nlri: Nlri,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_nlri_is_at_most_32_octets() {
        assert!(size_of::<Nlri>() <= 32);
    }
}
