//! FlowSpec routes (RFC 8955, RFC 8956): `route NAME { match { … } scope { … } then { … } }`, or everything on one line.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::announcement::RouteAction;
use super::attribute::RouteDraft;
use super::cursor::{Cursor, unknown};
use super::fault::{Result, Span, SyntaxError};
use super::flow_match::{self, Components};
use super::flow_then;
use super::routes::RouteCollector;
use super::token::Token;
use crate::wire::nlri::{FlowRule, FlowVpnRule, flow_with_length};
use crate::wire::{Afi, Family, Nlri, Safi};

/// What a statement has said of its rule so far.
#[derive(Default)]
struct Rule {
    components: Components,
    draft: RouteDraft,
}

/// `[NAME] { match { … } then { … } }`, or `destination 10.0.0.0/24 discard` on one line.
pub(super) fn route(
    cursor: &mut Cursor<'_>,
    _action: RouteAction,
    routes: &mut RouteCollector,
) -> Result<()> {
    let place = cursor.last();
    let mut rule = Rule::default();
    if cursor.block_ahead()? {
        // The name is for the operator.
        if !cursor.at_block()? {
            cursor.word("a name")?;
        }
        rule.block(cursor)?;
    } else {
        cursor.options("flow route", |cursor, keyword| rule.option(cursor, &keyword))?;
    }
    rule.finish(None, place, routes)
}

/// `destination 10.0.0.0/24 discard` under `announce { ipv4 { flow … } }`.
pub(super) fn family_route(
    cursor: &mut Cursor<'_>,
    _action: RouteAction,
    family: Family,
    routes: &mut RouteCollector,
) -> Result<()> {
    let place = cursor.last();
    let mut rule = Rule::default();
    cursor.options("flow route", |cursor, keyword| rule.option(cursor, &keyword))?;
    rule.finish(Some(family), place, routes)
}

const GENERAL: &[&str] = &["rd", "route-distinguisher", "next-hop"];

/// `match`, `scope` or `then` with its statements, in a block only.
fn part<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    mut statement: impl FnMut(&mut Cursor<'a>, Token<'a>) -> Result<()>,
) -> Result<()> {
    cursor.block(name, |cursor, keyword| {
        statement(cursor, keyword)?;
        cursor.end_statement()
    })
}

impl Rule {
    fn block(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        cursor.block("flow route", |cursor, keyword| match keyword.text.as_ref() {
            "match" => part(cursor, "match", |cursor, keyword| {
                let known = self.components.read(cursor, &keyword)?;
                known
                    .then_some(())
                    .ok_or_else(|| unknown(&keyword, "something to match", flow_match::KEYWORDS))
            }),
            "scope" => part(cursor, "scope", |cursor, keyword| {
                let known = flow_then::read_scope(cursor, &keyword, &mut self.draft)?;
                known.then_some(()).ok_or_else(|| unknown(&keyword, "a scope", flow_then::SCOPES))
            }),
            "then" => part(cursor, "then", |cursor, keyword| {
                let known = flow_then::read(cursor, &keyword, &mut self.draft)?;
                known.then_some(()).ok_or_else(|| unknown(&keyword, "an action", flow_then::KEYWORDS))
            }),
            name if GENERAL.contains(&name) => {
                self.draft.option(cursor, &keyword)?;
                cursor.end_statement()
            }
            _ => Err(unknown(
                &keyword,
                "a part of a flow route",
                &[&["match", "scope", "then"], GENERAL].concat(),
            )),
        })
    }

    /// One option of those that stand on one line, where all are allowed.
    fn option(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<()> {
        let known = GENERAL.contains(&keyword.text.as_ref()) && self.draft.option(cursor, keyword)?
            || self.components.read(cursor, keyword)?
            || flow_then::read_scope(cursor, keyword, &mut self.draft)?
            || flow_then::read(cursor, keyword, &mut self.draft)?;
        let all = || [flow_match::KEYWORDS, flow_then::SCOPES, flow_then::KEYWORDS, GENERAL].concat();
        known.then_some(()).ok_or_else(|| unknown(keyword, "an option of a flow route", &all()))
    }

    fn finish(mut self, family: Option<Family>, place: Span, routes: &mut RouteCollector) -> Result<()> {
        // The intersection of no conditions is every packet (RFC 8955 §4.2).
        if self.components.is_empty() {
            let problem = "this flow route matches nothing in particular, which is every packet";
            return Err(
                SyntaxError::new(place, problem).expected("at least one condition, such as `destination`")
            );
        }
        let afi = match (family.map(|family| family.afi), self.components.afi()) {
            (Some(family), Some(prefixes)) if family != prefixes => {
                let problem = alloc::format!("this {family} flow route matches an {prefixes} prefix");
                return Err(SyntaxError::new(place, problem).expected(alloc::format!("an {family} prefix")));
            }
            (Some(afi), _) | (None, Some(afi)) => afi,
            (None, None) => Afi::IPV4,
        };
        let rd = self.draft.rd.take();
        let in_vpn = rd.is_some() || family.is_some_and(|family| family.safi == Safi::FLOW_VPN);
        let mut body = Vec::new();
        if in_vpn {
            body.extend(rd.unwrap_or_default().0);
        }
        self.components.write(&mut body);
        let bytes = flow_with_length(&body).ok_or_else(|| {
            SyntaxError::new(place, "this flow route is longer than its encoding allows")
                .expected("at most 4095 octets")
        })?;
        let nlri = if in_vpn {
            Nlri::FlowVpn(Box::new(FlowVpnRule { afi, bytes }))
        } else {
            Nlri::Flow(Box::new(FlowRule { afi, bytes }))
        };
        routes.add_one(self.draft, nlri);
        Ok(())
    }
}
