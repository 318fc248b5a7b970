//! Routes to prefixes: `route`, `attributes … nlri …`, and under `announce` `unicast`, `multicast`, `nlri-mpls` and
//! `mpls-vpn`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::announcement::RouteAction;
use super::attribute::{OPTIONS, RouteDraft, no_option};
use super::cursor::Cursor;
use super::fault::{Result, Span, SyntaxError};
use super::routes::{RouteCollector, SharedParts};
use super::token::Token;
use crate::wire::nlri::{LabelledPrefix, VpnPrefix};
use crate::wire::{Family, Labels, Nlri, Prefix, RouteDistinguisher, Safi};

/// Every `split` of a file together makes at most two to the power of this many routes.
const SPLIT_LIMIT: u8 = 20;

/// Which family a statement's routes belong to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// `route`: the one that its prefix and options make it.
    Inferred,
    /// What stands under `announce { ipv4 { … } }`.
    Of(Family),
}

/// A prefix and where it stands.
type Placed = (Prefix, Span);

/// What the options of a statement come to, for each of its prefixes.
#[derive(Debug)]
pub(super) struct PrefixStatement {
    action: RouteAction,
    target: Target,
    common: SharedParts,
    has_next_hop: bool,
    rd: Option<RouteDistinguisher>,
    labels: Option<Labels>,
    split: Option<(u8, Span)>,
}

/// `10.0.0.0/24 next-hop self …`, on its line or with a block. Lines that differ in their prefix alone are common, so
/// options that repeat the line before are not read again.
pub(crate) fn route(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    target: Target,
    routes: &mut RouteCollector,
) -> Result<()> {
    let prefix = cursor.prefix()?;
    let place = cursor.last();
    if let Some((tail, plan)) = routes.repeat.take() {
        let repeated = plan.action == action && plan.target == target && cursor.skip_repeated(tail);
        let result = if repeated { plan.carry_out(&[(prefix, place)], routes) } else { Ok(()) };
        if repeated {
            routes.repeat = Some((tail, plan));
            return result;
        }
    }
    let warnings = cursor.warnings.len();
    let mut draft = RouteDraft::default();
    cursor.options("route", |cursor, keyword| option(cursor, &mut draft, target, &keyword))?;
    let plan = PrefixStatement::new(draft, action, target, routes);
    plan.carry_out(&[(prefix, place)], routes)?;
    routes.repeat = cursor.tail(place.end, warnings).map(|tail| (tail, plan));
    Ok(())
}

/// `next-hop self … nlri 10.0.0.0/24 10.0.1.0/24`
pub(crate) fn attributes(
    cursor: &mut Cursor<'_>,
    action: RouteAction,
    routes: &mut RouteCollector,
) -> Result<()> {
    let mut draft = RouteDraft::default();
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
    PrefixStatement::new(draft, action, Target::Inferred, routes).carry_out(&prefixes, routes)
}

fn option(
    cursor: &mut Cursor<'_>,
    draft: &mut RouteDraft,
    target: Target,
    keyword: &Token<'_>,
) -> Result<()> {
    if target.allows(&keyword.text) && draft.option(cursor, keyword)? {
        return Ok(());
    }
    let options: Vec<_> = OPTIONS.iter().copied().filter(|option| target.allows(option)).collect();
    Err(no_option(keyword, &options))
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
}

impl PrefixStatement {
    fn new(mut draft: RouteDraft, action: RouteAction, target: Target, routes: &mut RouteCollector) -> Self {
        let (has_next_hop, rd, labels, split) =
            (draft.has_next_hop(), draft.rd.take(), draft.labels.take(), draft.split.take());
        Self { action, target, common: routes.common(draft), has_next_hop, rd, labels, split }
    }

    /// Checks that the routes are whole, and adds them.
    fn carry_out(&self, prefixes: &[Placed], routes: &mut RouteCollector) -> Result<()> {
        for (prefix, span) in prefixes {
            let safi = self.safi(*prefix);
            self.check(*prefix, safi, *span)?;
            for prefix in parts(*prefix, self.split)? {
                routes.add(&self.common, self.nlri(safi, prefix));
                routes.from_splits += u32::from(self.split.is_some());
            }
            if routes.from_splits > 1 << SPLIT_LIMIT {
                let span = self.split.map_or(*span, |(_, span)| span);
                let problem = "the splits up to here make too many routes";
                return Err(SyntaxError::new(span, problem)
                    .expected(alloc::format!("at most {} in all", 1 << SPLIT_LIMIT)));
            }
        }
        Ok(())
    }

    fn safi(&self, prefix: Prefix) -> Safi {
        match (self.target, prefix.address()) {
            (Target::Of(family), _) => family.safi,
            _ if self.rd.is_some() => Safi::VPN,
            _ if self.labels.is_some() => Safi::LABELLED,
            (_, IpAddr::V4(address)) if address.is_multicast() => Safi::MULTICAST,
            _ => Safi::UNICAST,
        }
    }

    fn nlri(&self, safi: Safi, prefix: Prefix) -> Nlri {
        let rd = self.rd.unwrap_or_default();
        let labels = || self.labels.clone().unwrap_or_default();
        match safi {
            Safi::VPN => Nlri::Vpn(Box::new(VpnPrefix { rd, prefix, labels: labels() })),
            Safi::LABELLED => Nlri::Labelled(Box::new(LabelledPrefix { labels: labels(), prefix })),
            Safi::MULTICAST => Nlri::Multicast(prefix),
            _ => Nlri::Unicast(prefix),
        }
    }

    fn check(&self, prefix: Prefix, safi: Safi, span: Span) -> Result<()> {
        if let Target::Of(family) = self.target
            && family.afi != prefix.afi()
        {
            let problem = alloc::format!("{prefix} is not an {} prefix", family.afi);
            return Err(SyntaxError::new(span, problem).expected(alloc::format!("an {} prefix", family.afi)));
        }
        if self.action == RouteAction::Withdraw {
            return Ok(());
        }
        let (missing, expected) = if !self.has_next_hop {
            ("next hop", "`next-hop <address>` or `next-hop self`")
        } else if safi == Safi::VPN && self.rd.is_none() {
            ("route distinguisher", "`rd <AS>:<number>`")
        } else if matches!(safi, Safi::VPN | Safi::LABELLED) && self.labels.is_none() {
            ("label", "`label <number>`")
        } else {
            return Ok(());
        };
        Err(SyntaxError::new(span, alloc::format!("the route to {prefix} has no {missing}"))
            .expected(expected))
    }
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
        return Err(SyntaxError::new(span, problem).expected(alloc::format!("a length of at most /{most}")));
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

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::super::cursor::TextKind;
    use super::*;

    /// The routes of `static` statements, one a line, as `prefix next-hop med`.
    fn routes(text: &str) -> Vec<String> {
        let mut cursor = Cursor::new(text, TextKind::File);
        let mut routes = RouteCollector::default();
        while cursor.eat_word("route").unwrap() {
            route(&mut cursor, RouteAction::Announce, Target::Inferred, &mut routes).unwrap();
        }
        let shown = |announcement: &super::super::Announcement| {
            let route = &announcement.route;
            let hop = route.next_hop.map(|hop| hop.address().to_string()).unwrap_or_default();
            alloc::format!("{:?} {hop} {:?}", route.nlri, route.attributes.med())
        };
        routes.announcements.iter().map(shown).collect()
    }

    #[test]
    fn options_that_repeat_the_line_before_mean_the_same() {
        let repeated = "route 10.0.0.0/24 next-hop 1.1.1.1 med 5;\nroute 10.0.1.0/24 next-hop 1.1.1.1 med 5;\n\
                        route 10.0.2.0/24 next-hop 1.1.1.1 med 55;\nroute 10.0.3.0/24 next-hop 1.1.1.1 med 55;\n";
        assert_eq!(
            routes(repeated),
            [
                "Unicast(10.0.0.0/24) 1.1.1.1 Some(5)",
                "Unicast(10.0.1.0/24) 1.1.1.1 Some(5)",
                "Unicast(10.0.2.0/24) 1.1.1.1 Some(55)",
                "Unicast(10.0.3.0/24) 1.1.1.1 Some(55)",
            ]
        );
    }

    #[test]
    fn routes_that_say_the_same_share_their_attributes() {
        let mut cursor =
            Cursor::new("10.0.0.0/24 next-hop self med 5; 10.0.1.0/24 med 5 next-hop self;", TextKind::File);
        let mut routes = RouteCollector::default();
        for _ in 0..2 {
            route(&mut cursor, RouteAction::Announce, Target::Inferred, &mut routes).unwrap();
        }
        let [first, second] = routes.announcements.as_slice() else { panic!("two routes") };
        assert!(alloc::sync::Arc::ptr_eq(&first.route.attributes, &second.route.attributes));
    }

    #[test]
    fn splits_together_have_a_limit() {
        let text = "route ::/0 next-hop ::1 split /20; route ::/0 next-hop ::1 split /20;";
        let mut cursor = Cursor::new(text, TextKind::File);
        let mut routes = RouteCollector::default();
        assert!(cursor.eat_word("route").unwrap());
        route(&mut cursor, RouteAction::Announce, Target::Inferred, &mut routes).unwrap();
        assert!(cursor.eat_word("route").unwrap());
        let fault = route(&mut cursor, RouteAction::Announce, Target::Inferred, &mut routes).unwrap_err();
        assert_eq!(fault.expected, "at most 1048576 in all");
    }

    #[test]
    fn a_prefix_splits_into_every_part_of_the_length() {
        let parts = |prefix: &str, length| -> Result<Vec<String>> {
            let (address, bits) = super::super::value::address_and_length(prefix).unwrap();
            let prefix = Prefix::new(address, bits).unwrap();
            Ok(parts(prefix, Some((length, Span::default())))?.map(|part| part.to_string()).collect())
        };
        assert_eq!(
            parts("10.0.0.0/22", 24).unwrap(),
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]
        );
        assert_eq!(parts("2001:db8::/47", 48).unwrap(), ["2001:db8::/48", "2001:db8:1::/48"]);
        assert_eq!(parts("0.0.0.0/0", 1).unwrap(), ["0.0.0.0/1", "128.0.0.0/1"]);
        assert_eq!(parts("10.0.0.0/24", 8).unwrap(), ["10.0.0.0/24"]);
        assert_eq!(parts("10.0.0.0/24", 33).unwrap_err().expected, "a length of at most /32");
        assert_eq!(parts("::/0", 64).unwrap_err().expected, "a length of at most /20");
    }
}
