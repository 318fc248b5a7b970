//! An OPERATIONAL message as somebody wrote it.

use alloc::string::String;
use core::net::Ipv4Addr;

use crate::wire::Family;

/// An OPERATIONAL message (draft-ietf-idr-operational-message) to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationalMessage {
    /// What it says.
    pub kind: OperationalKind,
    /// The family that it is about.
    pub family: Family,
    /// Whom it is for; `None`: this session's own identifiers.
    pub router_id: Option<Ipv4Addr>,
}

/// The OPERATIONAL messages that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationalKind {
    /// `asm`, an advisory that the peer keeps: UTF-8, at most 2,048 octets.
    AdvisoryStatic(String),
    /// `adm`, an advisory that the peer shows once: UTF-8, at most 2,048 octets.
    AdvisoryDemand(String),
    /// A question for, or an answer with, a count of prefixes.
    PrefixCount {
        /// Which count.
        count: PrefixCount,
        /// Which question this is, or answers.
        sequence: u32,
        /// The count; `None` in a question.
        counter: Option<u64>,
    },
}

/// The counts of prefixes that OPERATIONAL messages ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixCount {
    /// `rpcq`, `rpcp`: how many the peer can be reached through.
    Reachable,
    /// `apcq`, `apcp`: how many are in Adj-RIB-Out.
    Adjacent,
    /// `lpcq`, `lpcp`: how many are in Loc-RIB.
    Local,
}
