//! ROUTE-REFRESH (RFC 2918, RFC 7313).

use super::family::Family;

/// A request to send a family's routes again, or a mark around them.
///
/// ```text
///  0       7       15      23      31
/// +-------+-------+-------+-------+
/// |      AFI      | Sub-  | SAFI  |
/// |               | type  |       |
/// +-------+-------+-------+-------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteRefresh {
    /// Whose routes.
    pub family: Family,
    /// What is meant.
    pub kind: RefreshKind,
}

/// The message subtype (RFC 7313 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefreshKind {
    /// 0: send the routes again.
    Request,
    /// 1, BoRR: routes sent again begin here.
    Begin,
    /// 2, EoRR: routes sent again end here; what was not sent again is gone.
    End,
    /// Any other; to be ignored (RFC 7313 §5).
    Unknown(u8),
}

impl RefreshKind {
    /// The kind with this number on the wire.
    pub const fn from_u8(kind: u8) -> Self {
        match kind {
            0 => Self::Request,
            1 => Self::Begin,
            2 => Self::End,
            other => Self::Unknown(other),
        }
    }

    /// Its number on the wire.
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Request => 0,
            Self::Begin => 1,
            Self::End => 2,
            Self::Unknown(other) => other,
        }
    }
}
