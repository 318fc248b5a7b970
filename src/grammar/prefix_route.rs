//! Routes to prefixes: `route`, `attributes … nlri …`, and under `announce` `unicast`, `multicast`, `nlri-mpls` and
//! `mpls-vpn`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Action;
use super::attribute::{Draft, OPTIONS};
use super::cursor::{Cursor, unknown};
use super::fault::{Fault, Result, Span};
use super::routes::Routes;
use super::token::Token;
use crate::wire::nlri::{LabelledPrefix, VpnPrefix};
use crate::wire::{Family, Nlri, Prefix, Safi};

/// One `split` makes at most two to the power of this many routes.
const SPLIT_LIMIT: u8 = 20;

/// Which family a statement's routes belong to.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// `route`: the one that its prefix and options make it.
    Inferred,
    /// What stands under `announce { ipv4 { … } }`.
    Of(Family),
}

/// A prefix and where it stands.
type Placed = (Prefix, Span);

/// `10.0.0.0/24 next-hop self …`, on its line or with a block.
pub(crate) fn route(
    cursor: &mut Cursor<'_>,
    action: Action,
    target: Target,
    routes: &mut Routes,
) -> Result<()> {
    let prefix = cursor.prefix()?;
    let placed = (prefix, cursor.last());
    let mut draft = Draft::default();
    cursor.options("route", |cursor, keyword| option(cursor, &mut draft, target, &keyword))?;
    complete(draft, action, target, &[placed], routes)
}

/// `next-hop self … nlri 10.0.0.0/24 10.0.1.0/24`
pub(crate) fn attributes(cursor: &mut Cursor<'_>, action: Action, routes: &mut Routes) -> Result<()> {
    let mut draft = Draft::default();
    loop {
        let keyword = cursor.word("an option, or `nlri` and prefixes")?;
        if keyword.is("nlri") {
            break;
        }
        option(cursor, &mut draft, Target::Inferred, &keyword)?;
    }
    let mut prefixes = Vec::new();
    while prefixes.is_empty() || !cursor.at_end()? {
        cursor.list("a prefix", |cursor| {
            let prefix = cursor.prefix()?;
            prefixes.push((prefix, cursor.last()));
            Ok(())
        })?;
    }
    cursor.end_statement()?;
    complete(draft, action, Target::Inferred, &prefixes, routes)
}

fn option(cursor: &mut Cursor<'_>, draft: &mut Draft, target: Target, keyword: &Token<'_>) -> Result<()> {
    if target.allows(&keyword.text) && draft.option(cursor, keyword)? {
        return Ok(());
    }
    let options: Vec<_> = OPTIONS.iter().copied().filter(|option| target.allows(option)).collect();
    Err(unknown(keyword, "an option of this route", &options))
}

impl Target {
    fn allows(self, option: &str) -> bool {
        let Self::Of(family) = self else { return true };
        match option {
            "label" => matches!(family.safi, Safi::LABELLED | Safi::VPN),
            "rd" | "route-distinguisher" => family.safi == Safi::VPN,
            "path-information" => family.safi != Safi::MULTICAST,
            _ => true,
        }
    }

    /// The SAFI of the route to `prefix` that `draft` describes.
    fn safi(self, prefix: Prefix, draft: &Draft) -> Safi {
        match (self, prefix.address()) {
            (Self::Of(family), _) => family.safi,
            _ if draft.rd.is_some() => Safi::VPN,
            _ if draft.labels.is_some() => Safi::LABELLED,
            (_, IpAddr::V4(address)) if address.is_multicast() => Safi::MULTICAST,
            _ => Safi::UNICAST,
        }
    }
}

/// Checks that the routes are whole, and adds them.
fn complete(
    mut draft: Draft,
    action: Action,
    target: Target,
    prefixes: &[Placed],
    routes: &mut Routes,
) -> Result<()> {
    for (prefix, span) in prefixes {
        check(&draft, action, target, *prefix, *span)?;
    }
    let safis: Vec<Safi> = prefixes.iter().map(|(prefix, _)| target.safi(*prefix, &draft)).collect();
    let (split, rd, labels) = (draft.split.take(), draft.rd.take(), draft.labels.take());
    let (rd, labels) = (rd.unwrap_or_default(), labels.unwrap_or_default());
    let common = routes.common(draft);
    for ((prefix, _), safi) in prefixes.iter().zip(safis) {
        for prefix in parts(*prefix, split)? {
            let nlri = match safi {
                Safi::VPN => Nlri::Vpn(Box::new(VpnPrefix { rd, prefix, labels: labels.clone() })),
                Safi::LABELLED => Nlri::Labelled(Box::new(LabelledPrefix { labels: labels.clone(), prefix })),
                Safi::MULTICAST => Nlri::Multicast(prefix),
                _ => Nlri::Unicast(prefix),
            };
            routes.add(&common, nlri);
        }
    }
    Ok(())
}

fn check(draft: &Draft, action: Action, target: Target, prefix: Prefix, span: Span) -> Result<()> {
    if let Target::Of(family) = target
        && family.afi != prefix.afi()
    {
        let problem = alloc::format!("{prefix} is not an {} prefix", family.afi);
        return Err(Fault::new(span, problem).expected(alloc::format!("an {} prefix", family.afi)));
    }
    if action == Action::Withdraw {
        return Ok(());
    }
    let safi = target.safi(prefix, draft);
    let (missing, expected) = if !draft.has_next_hop() {
        ("next hop", "`next-hop <address>` or `next-hop self`")
    } else if safi == Safi::VPN && draft.rd.is_none() {
        ("route distinguisher", "`rd <AS>:<number>`")
    } else if matches!(safi, Safi::VPN | Safi::LABELLED) && draft.labels.is_none() {
        ("label", "`label <number>`")
    } else {
        return Ok(());
    };
    Err(Fault::new(span, alloc::format!("the route to {prefix} has no {missing}")).expected(expected))
}

/// The prefixes that `split` cuts `prefix` into; the prefix itself where it is no longer than that.
fn parts(prefix: Prefix, split: Option<(u8, Span)>) -> Result<impl Iterator<Item = Prefix>> {
    let (length, span) = split.unwrap_or((0, Span::default()));
    let width = if prefix.address().is_ipv4() { 32 } else { 128 };
    let length = length.max(prefix.length());
    let bits = length - prefix.length();
    if length > width || bits > SPLIT_LIMIT {
        let problem = alloc::format!("{prefix} cannot be split into /{length}");
        let most = width.min(prefix.length().saturating_add(SPLIT_LIMIT));
        return Err(Fault::new(span, problem).expected(alloc::format!("a length of at most /{most}")));
    }
    Ok((0..1_u32 << bits).filter_map(move |i| part(prefix, length, i)))
}

/// The `i`th prefix of this length in `prefix`.
fn part(prefix: Prefix, length: u8, i: u32) -> Option<Prefix> {
    let address = match prefix.address() {
        IpAddr::V4(address) => {
            let offset = i.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() | offset))
        }
        IpAddr::V6(address) => {
            let offset = u128::from(i).checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() | offset))
        }
    };
    Prefix::new(address, length)
}
