//! Segment routing policies (RFC 9830), in the words of ExaBGP 6: `sr-policy distinguisher 0 color 100 endpoint 192.0.2.7 next-hop
//! 192.0.2.1 preference 100 segment-list weight 1 segment type-a mpls 16001 …`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::announcement::RouteAction;
use super::attribute::RouteDraft;
use super::cursor::{Cursor, unknown};
use super::fault::{Result, SyntaxError};
use super::routes::RouteCollector;
use super::segments;
use super::token::Token;
use crate::wire::attribute::{BindingSid, LabelStackEntry, SrPolicySubTlv, TunnelEncapsulation};
use crate::wire::nlri::SrPolicyNlri;
use crate::wire::{Afi, Attribute, Nlri};

/// Options of routes to prefixes that say nothing of these.
const NOT_HERE: &[&str] = &["rd", "route-distinguisher", "label", "split"];

const OWN: &[&str] = &[
    "preference",
    "priority",
    "enlp",
    "binding-sid",
    "srv6-binding-sid",
    "segment-list",
    "policy-name",
    "candidate-path-name",
];

/// What the receiver does about Explicit NULL labels (RFC 9830 §2.4.5), by name or by number.
const ENLP: &[(&str, u8)] = &[
    ("push-ipv4", 1),
    ("push-ipv6", 2),
    ("push-ipv4-ipv6", 3),
    ("no-push", 4),
    ("1", 1),
    ("2", 2),
    ("3", 3),
    ("4", 4),
];

const U32: &str = "a number from 0 to 4294967295";

/// What identifies the candidate path, then in any order its next hop, what its tunnel says and attributes. `afi` is `None` where the
/// endpoint says it.
pub(super) fn route(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    afi: Option<Afi>,
    routes: &mut RouteCollector,
) -> Result<()> {
    let place = cursor.last();
    cursor.expect_word("distinguisher")?;
    let distinguisher: u32 = cursor.number("a distinguisher", U32)?;
    cursor.expect_word("color")?;
    let color: u32 = cursor.number("a color", U32)?;
    cursor.expect_word("endpoint")?;
    let nlri = nlri(distinguisher, color, endpoint(cursor, afi)?);

    let (mut tunnel, mut draft) = (Tunnel::default(), RouteDraft::default());
    cursor.options("sr-policy", |cursor, keyword| {
        if tunnel.option(cursor, &keyword)? {
            return Ok(());
        }
        draft.option_but(cursor, &keyword, NOT_HERE, OWN)
    })?;
    if action == RouteAction::Announce && !draft.has_next_hop() {
        return Err(SyntaxError::new(place, "the SR policy has no next hop").expected("`next-hop <address>`"));
    }
    if !tunnel.sub_tlvs.is_empty() {
        let attribute = TunnelEncapsulation::sr_policy(&tunnel.sub_tlvs)
            .ok_or_else(|| SyntaxError::new(place, "the SR policy is longer than an attribute can be"))?;
        draft.attributes.insert(Attribute::TunnelEncapsulation(attribute));
    }
    routes.add_one(draft, Nlri::SrPolicy(Box::new(nlri)));
    Ok(())
}

fn endpoint(cursor: &mut Cursor<'_>, afi: Option<Afi>) -> Result<IpAddr> {
    let Some(afi) = afi else { return cursor.ip() };
    let expected = alloc::format!("an {afi} address");
    cursor.value(&expected, &expected, |text| {
        text.parse().ok().filter(|address: &IpAddr| address.is_ipv4() == (afi == Afi::IPV4))
    })
}

fn nlri(distinguisher: u32, color: u32, endpoint: IpAddr) -> SrPolicyNlri {
    let (afi, bits, address) = match endpoint {
        IpAddr::V4(address) => (Afi::IPV4, 96, Vec::from(address.octets())),
        IpAddr::V6(address) => (Afi::IPV6, 192, Vec::from(address.octets())),
    };
    let mut bytes = Vec::from([bits]);
    bytes.extend(distinguisher.to_be_bytes());
    bytes.extend(color.to_be_bytes());
    bytes.extend(address);
    SrPolicyNlri { afi, bytes: bytes.into() }
}

/// What the tunnel says, in the order in which it was written.
#[derive(Default)]
struct Tunnel {
    sub_tlvs: Vec<u8>,
    /// Those that may stand only once (RFC 9830 §2.4).
    given: Vec<u8>,
}

impl Tunnel {
    fn option(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<bool> {
        const U8: &str = "a number from 0 to 255";
        let name: Box<str>;
        let sub_tlv = match keyword.text.as_ref() {
            "preference" => SrPolicySubTlv::Preference(cursor.number("a preference", U32)?),
            "priority" => SrPolicySubTlv::Priority(cursor.number("a priority", U8)?),
            "enlp" => SrPolicySubTlv::ExplicitNull(cursor.choice("an Explicit NULL Label Policy", ENLP)?),
            "binding-sid" => binding_sid(cursor)?,
            "srv6-binding-sid" => {
                let sid = segments::srv6_sid(cursor)?;
                let flags = if sid.behavior.is_some() { BindingSid::BEHAVIOR } else { 0 };
                SrPolicySubTlv::Srv6BindingSid { flags, sid }
            }
            "policy-name" => {
                name = text(cursor, "the policy's name")?;
                SrPolicySubTlv::PolicyName(name.as_bytes())
            }
            "candidate-path-name" => {
                name = text(cursor, "the candidate path's name")?;
                SrPolicySubTlv::CandidatePathName(name.as_bytes())
            }
            "segment-list" => {
                if !segments::segment_list(cursor, &mut self.sub_tlvs)? {
                    return Err(SyntaxError::new(
                        keyword.span,
                        "the segment list is longer than 65535 octets",
                    ));
                }
                return Ok(true);
            }
            _ => return Ok(false),
        };
        let code = sub_tlv.code();
        if self.given.contains(&code) {
            let problem = alloc::format!("`{}` was given before", keyword.text);
            return Err(SyntaxError::new(keyword.span, problem).expected("it once"));
        }
        if sub_tlv.is_single() {
            self.given.push(code);
        }
        if !sub_tlv.encode(&mut self.sub_tlvs) {
            return Err(SyntaxError::new(cursor.last(), "this is too long").expected("at most 65534 octets"));
        }
        Ok(true)
    }
}

fn text(cursor: &mut Cursor<'_>, what: &str) -> Result<Box<str>> {
    let expected = alloc::format!("{what}, in quotes or not");
    cursor.value(what, &expected, |text| (!text.is_empty()).then(|| text.into()))
}

/// `mpls <label>`, or `null` where the receiver is to choose.
fn binding_sid(cursor: &mut Cursor<'_>) -> Result<SrPolicySubTlv<'static>> {
    const KINDS: &[&str] = &["mpls", "null"];
    let kind = cursor.word(&KINDS.join(" or "))?;
    Ok(match kind.text.as_ref() {
        "mpls" => {
            let label = LabelStackEntry::new(segments::label(cursor)?);
            SrPolicySubTlv::BindingSid { flags: 0, sid: BindingSid::Label(label) }
        }
        "null" => SrPolicySubTlv::BindingSid { flags: 0, sid: BindingSid::Null },
        _ => return Err(unknown(&kind, "a binding SID", KINDS)),
    })
}
