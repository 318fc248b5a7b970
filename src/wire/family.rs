//! Address families: the (AFI, SAFI) pairs that capabilities, NLRI and configuration name.

use core::fmt;

/// An address family identifier (RFC 4760 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Afi(pub u16);

impl Afi {
    /// IPv4
    pub const IPV4: Self = Self(1);
    /// IPv6
    pub const IPV6: Self = Self(2);
    /// L2VPN (RFC 4761)
    pub const L2VPN: Self = Self(25);
    /// BGP-LS (RFC 9552)
    pub const BGP_LS: Self = Self(16388);

    /// The name that ExaBGP gives it, where it has one.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::IPV4 => Some("ipv4"),
            Self::IPV6 => Some("ipv6"),
            Self::L2VPN => Some("l2vpn"),
            Self::BGP_LS => Some("bgp-ls"),
            _ => None,
        }
    }

    /// The AFI with this name; the reverse of [`Afi::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::IPV4, Self::IPV6, Self::L2VPN, Self::BGP_LS].into_iter().find(|afi| afi.name() == Some(name))
    }
}

impl fmt::Display for Afi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "afi {}", self.0),
        }
    }
}

/// A subsequent address family identifier (RFC 4760 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Safi(pub u8);

impl Safi {
    /// Unicast forwarding.
    pub const UNICAST: Self = Self(1);
    /// Multicast forwarding.
    pub const MULTICAST: Self = Self(2);
    /// Prefixes with labels (RFC 8277)
    pub const LABELLED: Self = Self(4);
    /// MCAST-VPN (RFC 6514)
    pub const MVPN: Self = Self(5);
    /// VPLS (RFC 4761)
    pub const VPLS: Self = Self(65);
    /// EVPN (RFC 7432)
    pub const EVPN: Self = Self(70);
    /// BGP-LS (RFC 9552)
    pub const BGP_LS: Self = Self(71);
    /// BGP-LS-VPN (RFC 9552)
    pub const BGP_LS_VPN: Self = Self(72);
    /// SR policy (RFC 9830)
    pub const SR_POLICY: Self = Self(73);
    /// Mobile user plane (draft-mpmz-bess-mup-safi)
    pub const MUP: Self = Self(85);
    /// Labelled VPN prefixes (RFC 4364)
    pub const VPN: Self = Self(128);
    /// Route target constraint (RFC 4684)
    pub const ROUTE_TARGET: Self = Self(132);
    /// FlowSpec (RFC 8955)
    pub const FLOW: Self = Self(133);
    /// FlowSpec in a VPN (RFC 8955)
    pub const FLOW_VPN: Self = Self(134);

    const NAMED: [(Self, &'static str); 14] = [
        (Self::UNICAST, "unicast"),
        (Self::MULTICAST, "multicast"),
        (Self::LABELLED, "nlri-mpls"),
        (Self::MVPN, "mcast-vpn"),
        (Self::VPLS, "vpls"),
        (Self::EVPN, "evpn"),
        (Self::BGP_LS, "bgp-ls"),
        (Self::BGP_LS_VPN, "bgp-ls-vpn"),
        (Self::SR_POLICY, "sr-policy"),
        (Self::MUP, "mup"),
        (Self::VPN, "mpls-vpn"),
        (Self::ROUTE_TARGET, "rtc"),
        (Self::FLOW, "flow"),
        (Self::FLOW_VPN, "flow-vpn"),
    ];

    /// The name that ExaBGP gives it, where it has one.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(safi, _)| *safi == self).map(|(_, name)| *name)
    }

    /// The SAFI with this name; the reverse of [`Safi::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(_, known)| *known == name).map(|(safi, _)| *safi)
    }
}

impl fmt::Display for Safi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "safi {}", self.0),
        }
    }
}

/// An AFI and a SAFI: what a session negotiates, and what says how NLRI are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Family {
    /// The address family.
    pub afi: Afi,
    /// What its routes are for.
    pub safi: Safi,
}

impl Family {
    /// The one family that needs no negotiation when no multiprotocol capability is sent.
    pub const IPV4_UNICAST: Self = Self::new(Afi::IPV4, Safi::UNICAST);
    /// IPv6 unicast.
    pub const IPV6_UNICAST: Self = Self::new(Afi::IPV6, Safi::UNICAST);

    /// Every family whose NLRI this crate understands.
    pub const ALL: [Self; 24] = [
        Self::IPV4_UNICAST,
        Self::new(Afi::IPV4, Safi::MULTICAST),
        Self::new(Afi::IPV4, Safi::LABELLED),
        Self::new(Afi::IPV4, Safi::MVPN),
        Self::new(Afi::IPV4, Safi::SR_POLICY),
        Self::new(Afi::IPV4, Safi::MUP),
        Self::new(Afi::IPV4, Safi::VPN),
        Self::new(Afi::IPV4, Safi::ROUTE_TARGET),
        Self::new(Afi::IPV4, Safi::FLOW),
        Self::new(Afi::IPV4, Safi::FLOW_VPN),
        Self::IPV6_UNICAST,
        Self::new(Afi::IPV6, Safi::MULTICAST),
        Self::new(Afi::IPV6, Safi::LABELLED),
        Self::new(Afi::IPV6, Safi::MVPN),
        Self::new(Afi::IPV6, Safi::SR_POLICY),
        Self::new(Afi::IPV6, Safi::MUP),
        Self::new(Afi::IPV6, Safi::VPN),
        Self::new(Afi::IPV6, Safi::ROUTE_TARGET),
        Self::new(Afi::IPV6, Safi::FLOW),
        Self::new(Afi::IPV6, Safi::FLOW_VPN),
        Self::new(Afi::L2VPN, Safi::VPLS),
        Self::new(Afi::L2VPN, Safi::EVPN),
        Self::new(Afi::BGP_LS, Safi::BGP_LS),
        Self::new(Afi::BGP_LS, Safi::BGP_LS_VPN),
    ];

    /// The pair of `afi` and `safi`, whether it makes sense or not.
    pub const fn new(afi: Afi, safi: Safi) -> Self {
        Self { afi, safi }
    }
}

impl fmt::Display for Family {
    /// `ipv4 unicast`, as ExaBGP prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.afi, self.safi)
    }
}
