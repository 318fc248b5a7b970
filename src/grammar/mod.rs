//! The language that configuration files and API commands share: tokens, values, routes and their attributes.
//!
//! A statement reads the same on one line, as the API sends it, and as a block: `route 10.0.0.0/24 next-hop self med 5`
//! or `route 10.0.0.0/24 { next-hop self; med 5; }`.

mod announcement;
mod attribute;
mod community;
mod cursor;
mod diagnostic;
mod fault;
mod flow;
mod flow_match;
mod flow_names;
mod flow_then;
mod mup;
mod mvpn;
pub(crate) mod operational;
mod operational_message;
mod port_names;
mod prefix_route;
mod prefix_sid;
mod route_list;
mod routes;
mod secret;
mod section;
mod segments;
mod sr_policy;
mod token;
mod value;
mod vpls;
mod words;

pub use announcement::{Announcement, RouteAction, Watchdog};
pub use diagnostic::Diagnostic;
pub use operational_message::{OperationalKind, OperationalMessage, PrefixCount};
pub use route_list::RouteList;
pub use words::nearest;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub(crate) use cursor::{Cursor, CursorPlace, TextKind, unexpected, unknown};
pub(crate) use fault::{Result, Span, SyntaxError};
pub(crate) use route_list::own_next_hop;
pub(crate) use routes::RouteCollector;
pub(crate) use section::{family_statement, flow_statement, l2vpn_statement, static_statement};
pub(crate) use token::{Lexer, Token, TokenKind};
pub(crate) use value::{address_and_length, asn, decimal};

/// Reads what follows `announce` or `withdraw` on a line of the API, such as `route 10.0.0.0/24 next-hop self`.
///
/// # Errors
/// What is wrong with the line, and where; columns count from the start of `text`.
pub fn parse_routes(action: RouteAction, text: &str) -> Result<Vec<Announcement>, Box<Diagnostic>> {
    parse_routes_and_warn(action, text).map(|(routes, _)| routes)
}

/// As [`parse_routes`], with what was read past for ExaBGP's sake and is likely a mistake.
///
/// # Errors
/// As [`parse_routes`].
pub fn parse_routes_and_warn(
    action: RouteAction,
    text: &str,
) -> Result<(Vec<Announcement>, Vec<Diagnostic>), Box<Diagnostic>> {
    whole_line(text, |cursor| {
        let mut routes = RouteCollector::default();
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
    let mut cursor = Cursor::new(text, TextKind::Line);
    let result = read(&mut cursor).and_then(|value| {
        cursor.eat(TokenKind::Semicolon)?;
        let token = cursor.take()?;
        if token.kind == TokenKind::End {
            Ok(value)
        } else {
            Err(unexpected(&token).expected("the end of the command"))
        }
    });
    result.map_err(|fault| fault.locate("", text).into())
}
