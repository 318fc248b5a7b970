//! The sections that list families: `family`, `add-path` and `nexthop`.

use alloc::vec::Vec;

use crate::grammar::{Cursor, Result, SyntaxError, Token, unknown};
use crate::wire::{Afi, Family, Safi};

const AFIS: &[&str] = &["ipv4", "ipv6", "l2vpn", "bgp-ls"];

/// The SAFIs that may be offered, by address family.
fn safis(afi: Afi) -> &'static [Safi] {
    const IP: &[Safi] = &[
        Safi::UNICAST,
        Safi::MULTICAST,
        Safi::LABELLED,
        Safi::VPN,
        Safi::MVPN,
        Safi::FLOW,
        Safi::FLOW_VPN,
        Safi::MUP,
        Safi::SR_POLICY,
        Safi::ROUTE_TARGET,
    ];
    match afi {
        Afi::IPV4 | Afi::IPV6 => IP,
        Afi::L2VPN => &[Safi::VPLS, Safi::EVPN],
        _ => &[Safi::BGP_LS, Safi::BGP_LS_VPN],
    }
}

fn safi(cursor: &mut Cursor<'_>, afi: Afi, possible: &[Safi]) -> Result<Safi> {
    let names: Vec<&str> = possible.iter().filter_map(|safi| safi.name()).collect();
    let word = cursor.word(&names.join(", "))?;
    let named = Safi::from_name(&word.text.to_ascii_lowercase()).filter(|safi| possible.contains(safi));
    named.ok_or_else(|| unknown(&word, &alloc::format!("a family of {afi}"), &names))
}

/// A section of families, each at most once in it.
pub(super) fn section(cursor: &mut Cursor<'_>, name: &str, families: &mut Vec<Family>) -> Result<()> {
    let mut own = Families::default();
    cursor.block(name, |cursor, keyword| own.statement(cursor, &keyword))?;
    families.extend(own.families);
    Ok(())
}

#[derive(Default)]
struct Families {
    families: Vec<Family>,
    all: bool,
}

impl Families {
    /// `ipv4 unicast;`, or `all;`
    fn statement(&mut self, cursor: &mut Cursor<'_>, keyword: &Token<'_>) -> Result<()> {
        if keyword.is("all") {
            // As in ExaBGP, families that were named before are all that there is.
            if self.families.is_empty() {
                self.all = true;
                self.families.extend(known());
            } else {
                let problem = "`all` has no effect where families were named before";
                cursor.warn(SyntaxError::new(keyword.span, problem));
            }
            return cursor.end_statement();
        }
        if self.all {
            return Err(SyntaxError::new(keyword.span, "no family can be added to `all`"));
        }
        family(cursor, keyword, &mut self.families)
    }
}

/// `ipv4 unicast;`
fn family(cursor: &mut Cursor<'_>, keyword: &Token<'_>, families: &mut Vec<Family>) -> Result<()> {
    let Some(afi) = Afi::from_name(&keyword.text) else {
        return Err(unknown(keyword, "an address family", &[AFIS, &["all"]].concat()));
    };
    let family = Family::new(afi, safi(cursor, afi, safis(afi))?);
    if families.contains(&family) {
        return Err(SyntaxError::new(cursor.last(), alloc::format!("{family} was given before")));
    }
    families.push(family);
    cursor.end_statement()
}

/// `ipv4 unicast ipv6;`
pub(super) fn next_hop(
    cursor: &mut Cursor<'_>,
    keyword: &Token<'_>,
    next_hops: &mut Vec<(Family, Afi)>,
) -> Result<()> {
    let (afi, other, name) = match keyword.text.as_ref() {
        "ipv4" => (Afi::IPV4, Afi::IPV6, "ipv6"),
        "ipv6" => (Afi::IPV6, Afi::IPV4, "ipv4"),
        _ => return Err(unknown(keyword, "an address family", &["ipv4", "ipv6"])),
    };
    let possible = [Safi::UNICAST, Safi::MULTICAST, Safi::LABELLED, Safi::VPN];
    let safi = safi(cursor, afi, &possible)?;
    cursor.expect_word(name)?;
    next_hops.push((Family::new(afi, safi), other));
    cursor.end_statement()
}

/// The families that are offered where the configuration names none: those that ExaBGP knows.
pub(super) fn known() -> impl Iterator<Item = Family> {
    let ipv6_route_target = Family::new(Afi::IPV6, Safi::ROUTE_TARGET);
    Family::ALL
        .into_iter()
        .filter(move |family| family.safi != Safi::SR_POLICY && *family != ipv6_route_target)
}
