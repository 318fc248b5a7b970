//! Connections that await the peer's OPEN: of several sessions with one peer it is the families that say which
//! of them a connection is for.
//!
//! draft-ietf-idr-bgp-multisession lets the side that was dialled wait for the OPEN of the side that dialled. It is done where
//! several neighbors have the peer's address, one of them offers multisession, and their families differ, so that each would
//! send another OPEN. With one candidate, or without the capability, ours is sent at once. The wait is for the first message,
//! whatever it is. Then the connection is handed to a session as if it had just been accepted, and it is that session that
//! sends our OPEN, resolves a collision and finds fault.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use holdtime_host::StreamId;

use super::link::EndPair;
use super::neighbor::NeighborState;
use super::obligation::{Obligation, ObligationKind, Party};
use crate::time::Instant;
use crate::wire::Family;

/// The connections that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct AwaitingOpen {
    pub(super) waiting: BTreeMap<StreamId, Waiting>,
}

#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) ends: EndPair,
    pub(super) since: Instant,
    pub(super) until: Instant,
    /// What came so far: the beginning of a message.
    pub(super) octets: Vec<u8>,
}

impl AwaitingOpen {
    /// When the first of them has waited long enough.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.values().map(|one| one.until).min()
    }

    /// What their peers owe.
    pub(super) fn obligations(&self) -> impl Iterator<Item = Obligation> {
        self.waiting.values().map(|one| Obligation {
            debtor: Party::Neighbor(one.ends.1.ip().to_canonical().to_string()),
            creditor: Party::Speaker,
            kind: ObligationKind::Open,
            what: String::from("its OPEN, which says whose session this is"),
            waits_for: None,
            since: one.since,
            until: Some(one.until),
            clause: "RFC 4271 §8.2.2 OpenSent, HoldTimer",
        })
    }
}

/// How well a neighbor's families suit those that a peer offers; the least is the best.
pub(super) fn mismatch(neighbor: &NeighborState, offered: &BTreeSet<Family>) -> u8 {
    let families: BTreeSet<Family> = neighbor.config.families.iter().copied().collect();
    match families.is_disjoint(offered) {
        _ if families == *offered => 0,
        false => 1,
        true => 2,
    }
}

/// Whether only the peer's OPEN can say which of these neighbors a connection is for.
pub(super) fn is_undecided(candidates: &[&NeighborState]) -> bool {
    let differ = candidates.windows(2).any(|two| match two {
        [one, other] => one.config.families != other.config.families,
        _ => false,
    });
    differ && candidates.iter().any(|neighbor| neighbor.config.capabilities.multi_session)
}
