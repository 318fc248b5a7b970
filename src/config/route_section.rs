//! The sections of a neighbor or a template that hold routes, any number of them: they are read a statement at a time.

use crate::grammar::{
    Cursor, Result, RouteAction, RouteCollector, Token, family_statement, flow_statement, l2vpn_statement,
    static_statement, unknown,
};
use crate::wire::Afi;

/// See the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteSection {
    Static,
    Flow,
    L2vpn,
    Announce,
    /// `ipv4` or `ipv6` in `announce`.
    AnnounceFamily(Afi),
    /// `l2vpn` in `announce`.
    AnnounceL2vpn,
}

impl RouteSection {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Flow => "flow",
            Self::L2vpn | Self::AnnounceL2vpn => "l2vpn",
            Self::Announce | Self::AnnounceFamily(_) => "announce",
        }
    }

    /// Reads a statement of it, but for a section in it: that is only named.
    pub(super) fn statement(
        self,
        cursor: &mut Cursor<'_>,
        keyword: &Token<'_>,
        routes: &mut RouteCollector,
    ) -> Result<Option<Self>> {
        const ANNOUNCE: RouteAction = RouteAction::Announce;
        match self {
            Self::Static => static_statement(cursor, ANNOUNCE, keyword, routes)?,
            Self::Flow => flow_statement(cursor, ANNOUNCE, keyword, routes)?,
            Self::L2vpn | Self::AnnounceL2vpn => l2vpn_statement(cursor, ANNOUNCE, keyword, routes)?,
            Self::AnnounceFamily(afi) => family_statement(cursor, ANNOUNCE, afi, keyword, routes)?,
            Self::Announce => {
                return match keyword.text.as_ref() {
                    "ipv4" => Ok(Some(Self::AnnounceFamily(Afi::IPV4))),
                    "ipv6" => Ok(Some(Self::AnnounceFamily(Afi::IPV6))),
                    "l2vpn" => Ok(Some(Self::AnnounceL2vpn)),
                    _ => Err(unknown(keyword, "an address family", &["ipv4", "ipv6", "l2vpn"])),
                };
            }
        }
        Ok(None)
    }
}
