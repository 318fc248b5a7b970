//! Capabilities (RFC 5492): what an OPEN offers.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::family::{Afi, Family};

/// One capability. What is not known, and what is known by number only, is kept whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Multiprotocol extensions for a family, 1 (RFC 4760 §8)
    Multiprotocol(Family),
    /// Route refresh, 2 (RFC 2918)
    RouteRefresh,
    /// Outbound route filtering, 3 (RFC 5291), kept as it stands on the wire.
    OutboundRouteFiltering(Box<[u8]>),
    /// Extended next hop encoding, 5 (RFC 8950)
    ExtendedNextHop(Vec<ExtendedNextHop>),
    /// Extended message, 6 (RFC 8654)
    ExtendedMessage,
    /// BGP role, 9 (RFC 9234 §4.1)
    Role(u8),
    /// Graceful restart, 64 (RFC 4724)
    GracefulRestart(GracefulRestart),
    /// Four-octet AS numbers, 65 (RFC 6793), with the speaker's own.
    FourOctetAs(u32),
    /// Multisession, 68 (draft-ietf-idr-bgp-multisession), kept as it stands on the wire.
    Multisession(Box<[u8]>),
    /// ADD-PATH, 69 (RFC 7911)
    AddPath(Vec<AddPathFamily>),
    /// Enhanced route refresh, 70 (RFC 7313)
    EnhancedRouteRefresh,
    /// Long-lived graceful restart, 71 (RFC 9494)
    LongLivedGracefulRestart(Vec<LongLivedFamily>),
    /// Host and domain name, 73 (draft-walton-bgp-hostname-capability)
    Fqdn {
        /// The host's name; UTF-8 by intent, not by guarantee.
        host: Box<[u8]>,
        /// The domain's name; UTF-8 by intent, not by guarantee.
        domain: Box<[u8]>,
    },
    /// Software version, 75 (draft-ietf-idr-bgp-version-capability); UTF-8 by intent, not by guarantee.
    SoftwareVersion(Box<[u8]>),
    /// Paths limit, 76 (draft-abraitis-idr-addpath-paths-limit)
    PathsLimit(Vec<PathsLimit>),
    /// Link-local next hop, 77 (draft-white-linklocal-capability)
    LinkLocalNextHop,
    /// Route refresh as Cisco numbered it before RFC 2918, 128.
    RouteRefreshCisco,
    /// Multisession as Cisco numbered it, 131, kept as it stands on the wire.
    MultisessionCisco(Box<[u8]>),
    /// OPERATIONAL, 185 (draft-ietf-idr-operational-message)
    Operational,
    /// Any other.
    Unknown {
        /// Its code.
        code: u8,
        /// Its value.
        value: Box<[u8]>,
    },
}

/// A family whose next hop may be of another address family (RFC 8950 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedNextHop {
    /// The family of the routes. On the wire its SAFI takes two octets.
    pub family: Family,
    /// The address family of the next hop.
    pub next_hop: Afi,
}

/// Graceful restart (RFC 4724 §3, RFC 8538 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GracefulRestart {
    /// Four flags: 8 is "restarted" (R), 4 is "NOTIFICATION too" (N).
    pub flags: u8,
    /// How long a restart may take, in seconds, 12 bits.
    pub time: u16,
    /// The families whose forwarding state may survive.
    pub families: Vec<GracefulFamily>,
}

impl GracefulRestart {
    /// The flag R: the speaker has just restarted (RFC 4724 §3).
    pub const RESTARTED: u8 = 8;
    /// The flag N: a NOTIFICATION does not end graceful restart (RFC 8538 §2).
    pub const NOTIFICATION: u8 = 4;
}

/// A family in [`GracefulRestart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GracefulFamily {
    /// Which.
    pub family: Family,
    /// 0x80: forwarding state was preserved.
    pub flags: u8,
}

/// A family in [`Capability::AddPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddPathFamily {
    /// Which.
    pub family: Family,
    /// 1 receives, 2 sends, 3 both; another number is ignored (RFC 7911 §4).
    pub mode: u8,
}

impl AddPathFamily {
    /// Whether the speaker that says so is able to receive several paths.
    pub const fn receives(self) -> bool {
        self.mode == 1 || self.mode == 3
    }

    /// Whether the speaker that says so is able to send several paths.
    pub const fn sends(self) -> bool {
        self.mode == 2 || self.mode == 3
    }
}

/// A family in [`Capability::LongLivedGracefulRestart`] (RFC 9494 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LongLivedFamily {
    /// Which.
    pub family: Family,
    /// 0x80: forwarding state was preserved.
    pub flags: u8,
    /// For how long stale routes are kept, in seconds, 24 bits.
    pub stale_time: u32,
}

/// A family in [`Capability::PathsLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathsLimit {
    /// Which.
    pub family: Family,
    /// How many paths a destination may have.
    pub limit: u16,
}

impl Capability {
    /// Its code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Multiprotocol(_) => 1,
            Self::RouteRefresh => 2,
            Self::OutboundRouteFiltering(_) => 3,
            Self::ExtendedNextHop(_) => 5,
            Self::ExtendedMessage => 6,
            Self::Role(_) => 9,
            Self::GracefulRestart(_) => 64,
            Self::FourOctetAs(_) => 65,
            Self::Multisession(_) => 68,
            Self::AddPath(_) => 69,
            Self::EnhancedRouteRefresh => 70,
            Self::LongLivedGracefulRestart(_) => 71,
            Self::Fqdn { .. } => 73,
            Self::SoftwareVersion(_) => 75,
            Self::PathsLimit(_) => 76,
            Self::LinkLocalNextHop => 77,
            Self::RouteRefreshCisco => 128,
            Self::MultisessionCisco(_) => 131,
            Self::Operational => 185,
            Self::Unknown { code, .. } => *code,
        }
    }
}
