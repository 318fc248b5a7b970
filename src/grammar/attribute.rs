//! The attributes of a route, as `keyword value` pairs, collected in a draft until the route is complete.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::cursor::{Cursor, unknown};
use super::fault::{Result, Span, SyntaxError};
use super::token::{Token, TokenKind};
use super::value::{asn, decimal, decimal_or_hex, octets};
use super::{community, prefix_sid};
use crate::wire::attribute::{
    Aggregator, Aigp, AsPath, AsSegment, AsSegmentKind, AttributeCode, AttributeFlags, UnknownAttribute,
};
use crate::wire::{Attribute, Attributes, Labels, NextHop, Origin, RouteDistinguisher};

/// Every keyword that [`RouteDraft::option`] knows.
pub(crate) const OPTIONS: &[&str] = &[
    "next-hop",
    "origin",
    "as-path",
    "med",
    "local-preference",
    "atomic-aggregate",
    "aggregator",
    "community",
    "large-community",
    "extended-community",
    "originator-id",
    "cluster-list",
    "aigp",
    "bgp-prefix-sid",
    "bgp-prefix-sid-srv6",
    "attribute",
    "path-information",
    "rd",
    "route-distinguisher",
    "label",
    "name",
    "split",
    "watchdog",
    "withdraw",
];

/// What a statement has said of its route so far.
#[derive(Default)]
pub(crate) struct RouteDraft {
    pub(crate) attributes: Attributes,
    pub(crate) next_hop: Option<NextHop>,
    pub(crate) next_hop_self: bool,
    pub(crate) path_id: Option<u32>,
    pub(crate) rd: Option<RouteDistinguisher>,
    pub(crate) labels: Option<Labels>,
    /// The length to cut the prefix into, and where it stands.
    pub(crate) split: Option<(u8, Span)>,
    pub(crate) watchdog: Option<String>,
    pub(crate) withdrawn: bool,
}

impl RouteDraft {
    /// Reads the value of `keyword`; `false` where it is no option of a route.
    pub(crate) fn option(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<bool> {
        match keyword.text.as_ref() {
            "next-hop" => self.read_next_hop(cursor, keyword)?,
            "path-information" => self.path_id = Some(path_id(cursor)?),
            "rd" | "route-distinguisher" => self.rd = Some(cursor.route_distinguisher()?),
            "label" => self.labels = Some(cursor.labels()?),
            "split" => self.split = Some(split(cursor)?),
            "watchdog" => self.watchdog = Some(watchdog(cursor)?),
            "withdraw" => self.withdrawn = true,
            // A mnemonic for the operator.
            "name" if cursor.at_end()? => {}
            "name" => drop(cursor.word("a name")?),
            _ => match attribute(cursor, keyword)? {
                Some(Value::One(attribute)) => self.add(cursor, keyword, attribute),
                Some(Value::Empty) => {}
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    /// Reads an option of a route that has some of its `own`, and for which those of `without` mean nothing.
    pub(super) fn option_but(
        &mut self,
        cursor: &mut Cursor<'_>,
        keyword: &Token<'_>,
        without: &[&str],
        own: &[&'static str],
    ) -> Result<()> {
        if !without.contains(&keyword.text.as_ref()) && self.option(cursor, keyword)? {
            return Ok(());
        }
        let options = own.iter().chain(OPTIONS).copied().filter(|option| !without.contains(option));
        Err(no_option(keyword, &options.collect::<Vec<_>>()))
    }

    /// Adds an attribute. As in ExaBGP the first of its type counts; extended communities add up.
    pub(crate) fn add(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>, attribute: Attribute) {
        match (self.attributes.get_mut(attribute.code()), attribute) {
            (Some(Attribute::ExtendedCommunities(all)), Attribute::ExtendedCommunities(more)) => {
                all.extend(more);
                all.sort_unstable();
            }
            (Some(Attribute::Ipv6ExtendedCommunities(all)), Attribute::Ipv6ExtendedCommunities(more)) => {
                all.extend(more);
                all.sort_unstable();
            }
            (Some(_), _) => self.warn_repeated(cursor, keyword),
            (None, attribute) => {
                self.attributes.insert(attribute);
            }
        }
    }

    fn warn_repeated(&self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) {
        let problem = alloc::format!("`{}` was given before, so this one does not count", keyword.text);
        cursor.warn(SyntaxError::new(keyword.span, problem));
    }

    fn read_next_hop(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<()> {
        let hop = cursor.value("a next hop", "an IP address or `self`", |text| {
            if text.eq_ignore_ascii_case("self") {
                return Some(None);
            }
            text.parse::<IpAddr>().ok().map(|address| Some(NextHop::from(address)))
        })?;
        if self.has_next_hop() {
            self.warn_repeated(cursor, keyword);
        } else {
            // `None` is `self`.
            self.next_hop = hop;
            self.next_hop_self = hop.is_none();
        }
        Ok(())
    }

    /// Takes the next hop that an action of a flow route asks for, whatever was said before; a redirection into a VPN has
    /// none.
    pub(super) fn redirect_to(&mut self, hop: Option<NextHop>) {
        self.next_hop = hop;
        self.next_hop_self = false;
    }

    /// Whether there is a next hop, or will be.
    pub(crate) fn has_next_hop(&self) -> bool {
        self.next_hop.is_some() || self.next_hop_self
    }
}

/// The fault that `keyword` is none of a route's options. A number there is most often the second of a list.
pub(super) fn no_option(keyword: &Token<'_>, options: &[&str]) -> Box<SyntaxError> {
    if keyword.text.starts_with(|c: char| c.is_ascii_digit()) {
        let problem = alloc::format!("`{}` stands where an option of the route is due", keyword.text);
        return SyntaxError::new(keyword.span, problem)
            .expected("an option; several values of one stand in brackets, such as `[ 1 2 ]`");
    }
    unknown(keyword, "an option of this route", options)
}

/// What an attribute's value came to.
enum Value {
    One(Attribute),
    /// An empty list: nothing to send.
    Empty,
}

fn list<T>(items: Vec<T>, attribute: impl FnOnce(Vec<T>) -> Attribute) -> Value {
    if items.is_empty() { Value::Empty } else { Value::One(attribute(items)) }
}

/// The attribute that `keyword` introduces.
fn attribute(cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<Option<Value>> {
    const U32: &str = "a number from 0 to 4294967295";
    let attribute = match keyword.text.as_ref() {
        "origin" => Attribute::Origin(cursor.choice(
            "an origin",
            &[("igp", Origin::Igp), ("egp", Origin::Egp), ("incomplete", Origin::Incomplete)],
        )?),
        "as-path" => Attribute::AsPath(as_path(cursor)?),
        "med" => Attribute::Med(cursor.number("a MED", U32)?),
        "local-preference" => Attribute::LocalPref(cursor.number("a local preference", U32)?),
        "atomic-aggregate" => Attribute::AtomicAggregate,
        "aggregator" => Attribute::Aggregator(aggregator(cursor)?),
        "community" => return Ok(Some(list(community::communities(cursor)?, Attribute::Communities))),
        "large-community" => {
            return Ok(Some(list(community::large_communities(cursor)?, Attribute::LargeCommunities)));
        }
        "extended-community" => {
            return Ok(Some(list(community::extended_communities(cursor)?, Attribute::ExtendedCommunities)));
        }
        "originator-id" => Attribute::OriginatorId(cursor.ipv4("an originator id")?),
        "cluster-list" => Attribute::ClusterList(cluster_list(cursor)?),
        "aigp" => {
            let expected = "a number of up to 64 bits, decimal or 0x hexadecimal";
            Attribute::Aigp(Aigp::new(cursor.value("an AIGP metric", expected, decimal_or_hex)?))
        }
        "bgp-prefix-sid" => Attribute::PrefixSid(prefix_sid::labelled(cursor)?),
        "bgp-prefix-sid-srv6" => Attribute::PrefixSid(prefix_sid::srv6(cursor)?),
        "attribute" => Attribute::Unknown(generic(cursor)?),
        _ => return Ok(None),
    };
    Ok(Some(Value::One(attribute)))
}

/// `65000`, or segments: `[ 65000 65001 ]` a sequence, `( 65002 65003 )` a set.
fn as_path(cursor: &mut Cursor<'_>) -> Result<AsPath> {
    let mut segments = Vec::new();
    loop {
        let (kind, close) = match cursor.peek()?.kind {
            TokenKind::OpenBracket => (AsSegmentKind::Sequence, TokenKind::CloseBracket),
            TokenKind::OpenParen => (AsSegmentKind::Set, TokenKind::CloseParen),
            _ if segments.is_empty() => return Ok(AsPath::sequence([cursor.asn()?])),
            _ => break,
        };
        cursor.take()?;
        let mut asns = Vec::new();
        while !cursor.eat(close)? {
            if !cursor.eat(TokenKind::Comma)? {
                asns.push(cursor.asn()?);
            }
        }
        segments.push(AsSegment { kind, asns });
    }
    segments.retain(|segment| !segment.asns.is_empty());
    Ok(AsPath { segments })
}

/// `( 65000:10.0.0.1 )`, or without the parentheses.
fn aggregator(cursor: &mut Cursor<'_>) -> Result<Aggregator> {
    let enclosed = cursor.eat(TokenKind::OpenParen)?;
    let aggregator = cursor.value("an aggregator", "<AS>:<IPv4>", |text| {
        let (number, address) = text.split_once(':')?;
        Some(Aggregator { asn: asn(number)?, address: address.parse().ok()? })
    })?;
    if enclosed {
        cursor.expect(TokenKind::CloseParen, "`)`")?;
    }
    Ok(aggregator)
}

fn cluster_list(cursor: &mut Cursor<'_>) -> Result<Vec<Ipv4Addr>> {
    let mut ids = Vec::new();
    cursor.list("a cluster id", |cursor| {
        ids.push(cursor.ipv4("a cluster id")?);
        Ok(())
    })?;
    if ids.is_empty() {
        return Err(SyntaxError::new(cursor.last(), "the cluster list is empty").expected("a cluster id"));
    }
    Ok(ids)
}

/// `[ 0x20 0xc0 0x00000001 ]`: type code, flags, value.
fn generic(cursor: &mut Cursor<'_>) -> Result<UnknownAttribute> {
    let byte = |text: &str| match octets(text)?.as_slice() {
        [octet] => Some(*octet),
        _ => None,
    };
    let short = |text: &str| {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        byte(text).or_else(|| u8::from_str_radix(digits?, 16).ok())
    };
    cursor.expect(TokenKind::OpenBracket, "`[`, an attribute's code, flags and value, and `]`")?;
    let code = AttributeCode(cursor.value("an attribute code", "one octet, such as 0x04", short)?);
    if matches!(code, AttributeCode::NEXT_HOP | AttributeCode::MP_REACH | AttributeCode::MP_UNREACH) {
        let problem = "this attribute says which routes an UPDATE is about, so it cannot be given";
        return Err(SyntaxError::new(cursor.last(), problem).expected("`next-hop` for the next hop"));
    }
    let flags = AttributeFlags(cursor.value("attribute flags", "one octet, such as 0xc0", short)?);
    let value =
        cursor.value("an attribute's value", "0x and an even number of hexadecimal digits", octets)?;
    cursor.expect(TokenKind::CloseBracket, "`]`")?;
    Ok(UnknownAttribute { flags, code, value: value.into() })
}

/// `7` or `0.0.0.7`.
fn path_id(cursor: &mut Cursor<'_>) -> Result<u32> {
    cursor.value("a path identifier", "a number of 32 bits, or four of 8 with dots between them", |text| {
        decimal(text).or_else(|| text.parse().ok().map(Ipv4Addr::to_bits))
    })
}

fn split(cursor: &mut Cursor<'_>) -> Result<(u8, Span)> {
    let length = cursor.value("a length to split into", "/<length>, such as /24", |text| {
        decimal(text.strip_prefix('/')?).filter(|length: &u8| *length <= 128)
    })?;
    Ok((length, cursor.last()))
}

fn watchdog(cursor: &mut Cursor<'_>) -> Result<String> {
    let name = cursor.word("a watchdog's name")?;
    if ["announce", "withdraw"].iter().any(|command| name.text.eq_ignore_ascii_case(command)) {
        let problem = alloc::format!("`{}` cannot name a watchdog: it is a command", name.text);
        return Err(SyntaxError::new(name.span, problem).expected("a watchdog's name"));
    }
    Ok(name.text.as_ref().to_owned())
}
