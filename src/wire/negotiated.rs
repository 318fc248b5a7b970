//! What two OPENs agreed on: the explicit argument of everything that decodes or encodes.

use alloc::vec::Vec;

use super::family::{Afi, Family};
use super::nlri::FlowForm;

/// The largest message without RFC 8654, in octets (RFC 4271 §4.1).
pub const MAX_MESSAGE: usize = 4096;
/// The largest message with RFC 8654, in octets.
pub const MAX_EXTENDED_MESSAGE: usize = 65535;

/// What a session's OPENs agreed on, seen from our side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// Our AS.
    pub local_as: u32,
    /// The peer's AS.
    pub peer_as: u32,
    /// AS numbers have four octets (RFC 6793).
    pub asn4: bool,
    /// Messages other than OPEN and KEEPALIVE may have 65,535 octets (RFC 8654).
    pub extended_message: bool,
    /// Both sides answer ROUTE-REFRESH (RFC 2918).
    pub route_refresh: bool,
    /// Both sides mark where a refresh begins and ends (RFC 7313).
    pub enhanced_route_refresh: bool,
    /// A link-local address alone may be the next hop (draft-ietf-idr-linklocal-capability).
    pub link_local_next_hop: bool,
    /// Both sides speak OPERATIONAL.
    pub operational: bool,
    /// BGPsec_PATH stands for AS_PATH where it is there (RFC 8205 §4.1).
    pub bgpsec: bool,
    /// The hold time, in seconds: the lesser of the two offers; 0: none.
    pub hold_time: u16,
    /// The families, in the order in which they were added.
    families: Vec<FamilyTerms>,
}

/// What was agreed on for one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct FamilyTerms {
    /// Which.
    pub family: Family,
    /// NLRI that we receive have a path identifier (RFC 7911).
    pub add_path_receive: bool,
    /// NLRI that we send have a path identifier (RFC 7911).
    pub add_path_send: bool,
    /// IPv4 routes may have a next hop of this address family (RFC 8950).
    pub extended_next_hop: Option<Afi>,
    /// Of a FlowSpec family, how rules that we send are laid out. Nothing that OPENs could agree on: the neighbor's configuration
    /// says it.
    #[cfg_attr(feature = "arbitrary", arbitrary(default))]
    pub flow_form: FlowForm,
    /// The peer has sent routes of it that could not be read ([`Treatment::Disable`](super::Treatment::Disable)): nothing more of it is
    /// taken from the peer. It is sent on.
    #[cfg_attr(feature = "arbitrary", arbitrary(default))]
    pub ignored: bool,
}

impl FamilyTerms {
    /// A family with nothing agreed on beyond itself.
    pub const fn plain(family: Family) -> Self {
        Self {
            family,
            add_path_receive: false,
            add_path_send: false,
            extended_next_hop: None,
            flow_form: FlowForm { whole_prefix: false, identifier_inside: false },
            ignored: false,
        }
    }

    /// A family of a session whose OPENs nobody heard: whatever may stand in a message without changing its layout was agreed on.
    pub const fn assumed(family: Family) -> Self {
        Self { extended_next_hop: Some(Afi::IPV6), ..Self::plain(family) }
    }
}

impl Negotiated {
    /// A session between these two ASes on which nothing else was agreed.
    pub fn between(local_as: u32, peer_as: u32) -> Self {
        Self { local_as, peer_as, ..Self::default() }
    }

    /// What holds for a family; `None` where it was not negotiated.
    pub fn family(&self, family: Family) -> Option<&FamilyTerms> {
        self.families.iter().find(|terms| terms.family == family)
    }

    /// Every family that was negotiated, in the order in which they were added: the peer's.
    pub fn families(&self) -> &[FamilyTerms] {
        &self.families
    }

    /// Adds a family, or replaces what was said of it.
    pub fn set_family(&mut self, terms: FamilyTerms) {
        match self.families.iter_mut().find(|known| known.family == terms.family) {
            Some(known) => *known = terms,
            None => self.families.push(terms),
        }
    }

    /// Takes nothing more of a family from the peer; whether it was taken so far.
    pub fn ignore(&mut self, family: Family) -> bool {
        let known = self.families.iter_mut().find(|terms| terms.family == family);
        known.is_some_and(|terms| !core::mem::replace(&mut terms.ignored, true))
    }

    /// Whether nothing more of a family is taken from the peer.
    pub fn ignores(&self, family: Family) -> bool {
        self.family(family).is_some_and(|terms| terms.ignored)
    }

    /// Whether both sides are of one AS.
    pub const fn is_internal(&self) -> bool {
        self.local_as == self.peer_as
    }

    /// The largest UPDATE, in octets, header included.
    pub const fn max_message(&self) -> usize {
        if self.extended_message { MAX_EXTENDED_MESSAGE } else { MAX_MESSAGE }
    }
}
