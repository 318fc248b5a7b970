//! The language that configuration files and API commands share: tokens, values, routes and their attributes.
//!
//! A statement reads the same on one line, as the API sends it, and as a block: `route 10.0.0.0/24 next-hop self med 5`
//! or `route 10.0.0.0/24 { next-hop self; med 5; }`.

mod fault;
mod token;
mod words;

pub use fault::Diagnostic;
pub use words::nearest;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use crate::wire::{Family, Route};

/// A route as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The route. Attributes that were not written are not there: what a session adds depends on its peer.
    pub route: Route,
    /// `next-hop self` whose address only the session knows; `route.next_hop` is `None` then.
    pub next_hop_self: bool,
    /// The watchdog that announces and withdraws it.
    pub watchdog: Option<Arc<Watchdog>>,
}

/// `watchdog NAME`, perhaps with `withdraw`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watchdog {
    /// Its name, as in `announce watchdog NAME`.
    pub name: String,
    /// Whether the route waits for `announce watchdog` before it is announced.
    pub withdrawn: bool,
}

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
