//! The language that configuration files and API commands share: tokens, values, routes and their attributes.
//!
//! A statement reads the same on one line, as the API sends it, and as a block: `route 10.0.0.0/24 next-hop self med 5`
//! or `route 10.0.0.0/24 { next-hop self; med 5; }`.

mod attribute;
mod community;
mod cursor;
mod fault;
mod flow;
mod flow_match;
mod flow_names;
mod flow_then;
mod mup;
mod mvpn;
pub(crate) mod operational;
mod port_names;
mod prefix_route;
mod prefix_sid;
mod routes;
mod secret;
mod section;
mod segments;
mod sr_policy;
mod token;
mod value;
mod vpls;
mod words;

pub use fault::Diagnostic;
pub use words::nearest;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use crate::wire::{Family, Route};

pub(crate) use cursor::{Cursor, Source, unexpected, unknown};
pub(crate) use fault::{Fault, Result, Span};
pub(crate) use routes::Routes;
pub(crate) use section::{family_statement, flow_statement, l2vpn_statement, static_statement};
pub(crate) use token::{Kind, Lexer, Token};
pub(crate) use value::{address_and_length, asn, decimal};

/// Reads what follows `announce` or `withdraw` on a line of the API, such as `route 10.0.0.0/24 next-hop self`.
///
/// # Errors
/// What is wrong with the line, and where; columns count from the start of `text`.
pub fn parse_routes(action: Action, text: &str) -> Result<Vec<Announcement>, Box<Diagnostic>> {
    parse_routes_and_warn(action, text).map(|(routes, _)| routes)
}

/// As [`parse_routes`], with what was read past for ExaBGP's sake and is likely a mistake.
///
/// # Errors
/// As [`parse_routes`].
pub fn parse_routes_and_warn(
    action: Action,
    text: &str,
) -> Result<(Vec<Announcement>, Vec<Diagnostic>), Box<Diagnostic>> {
    whole_line(text, |cursor| {
        let mut routes = Routes::default();
        section::command(cursor, action, &mut routes)?;
        let warnings = core::mem::take(&mut cursor.warnings);
        Ok((routes.announcements, warnings.into_iter().map(|fault| fault.locate("", text)).collect()))
    })
}

/// Reads what follows `operational` on a line of the API, such as `asm afi ipv4 safi unicast advisory "hello"`.
///
/// # Errors
/// What is wrong with the line, and where.
pub fn parse_operational(text: &str) -> Result<OperationalMessage, Box<Diagnostic>> {
    whole_line(text, |cursor| {
        let keyword = cursor.keyword(&operational::KEYWORDS.join(", "))?;
        operational::message(cursor, &keyword)
    })
}

/// Reads a line that `read` must use up.
fn whole_line<T>(text: &str, read: impl FnOnce(&mut Cursor<'_>) -> Result<T>) -> Result<T, Box<Diagnostic>> {
    let mut cursor = Cursor::new(text, Source::Line);
    let result = read(&mut cursor).and_then(|value| {
        cursor.eat(Kind::Semicolon)?;
        let token = cursor.take()?;
        if token.kind == Kind::End {
            Ok(value)
        } else {
            Err(unexpected(&token).expected("the end of the command"))
        }
    });
    result.map_err(|fault| fault.locate("", text).into())
}

/// What a statement does with its routes. To withdraw a route, its destination is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Announce them.
    Announce,
    /// Withdraw them.
    Withdraw,
}

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
