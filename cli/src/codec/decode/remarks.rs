//! The attributes of a table's route as they were found, and what RFC 7606 would find fault with in an UPDATE.

use holdtime_core::wire::attribute::{AttributeCode as Code, AttributeView, RawAttribute};
use holdtime_core::wire::error::{ErrorData, Malformed};
use holdtime_core::wire::treatment::{self, Problem, Rule};
use holdtime_core::wire::{Afi, Family, Negotiated, NextHop, Reader, Safi, mp};
use holdtime_dump::TableRoute;

/// What stands among the attributes of a route.
#[derive(Debug, Default)]
pub(super) struct RemarkedAttributes<'a> {
    /// Those that can be read, in order, each type once.
    pub(super) read: Vec<AttributeView<'a>>,
    /// Those that cannot be read.
    pub(super) unread: Vec<RawAttribute<'a>>,
    /// The next hop: that of MP_REACH_NLRI before that of NEXT_HOP, which is of IPv4 and may be a mere filler.
    pub(super) next_hop: Option<NextHop>,
    /// What is wrong.
    pub(super) remarks: Vec<String>,
}

/// Looks at every attribute of a route. `other`: the same terms with AS numbers of the other size.
pub(super) fn attributes<'a>(
    route: &TableRoute<'a>,
    negotiated: &Negotiated,
    other: &Negotiated,
) -> RemarkedAttributes<'a> {
    let mut found = RemarkedAttributes { read: Vec::with_capacity(16), ..RemarkedAttributes::default() };
    let mut seen = [false; 256];
    let (mut reach, mut next_hop) = (None, None);
    for raw in route.attributes {
        let raw = match raw {
            Ok(raw) => raw,
            Err(malformed) => {
                found.remark(None, &broken(&treatment::OVERRUN, malformed.offset));
                break;
            }
        };
        let known = seen.get_mut(usize::from(raw.code.0));
        if known.is_some_and(|known| std::mem::replace(known, true)) {
            found.remark(Some(&raw), &broken(&treatment::DUPLICATE, raw.start));
            continue;
        }
        if let Some(problem) = treatment::wrong_flags(&raw, Some(route.family)) {
            found.remark(Some(&raw), &problem);
        }
        let read = match raw.code {
            Code::NEXT_HOP => ipv4_next_hop(raw.value, &mut next_hop),
            Code::MP_REACH => mp_next_hop(raw.value, route.family, &mut reach),
            Code::MP_UNREACH => Err(Malformed::value(raw.start, "routes that are withdrawn, in a table")),
            _ => AttributeView::parse(raw, negotiated)
                .or_else(|malformed| {
                    let view = of_other_size(raw, other).ok_or(malformed)?;
                    let octets = if other.asn4 { "four" } else { "two" };
                    found.remarks.push(format!("attribute {}: AS numbers of {octets} octets", raw.code.0));
                    Ok(view)
                })
                .map(|view| found.read.push(view)),
        };
        if let Err(malformed) = read {
            found.remark(Some(&raw), &Problem::malformed(&raw, malformed, Some(route.family)));
            if !matches!(raw.code, Code::NEXT_HOP) || next_hop.is_none() {
                found.unread.push(raw);
            }
        }
    }
    found.next_hop = reach.or(route.next_hop).or(next_hop);
    let has = |code: Code| seen.get(usize::from(code.0)).is_some_and(|seen| *seen);
    let as_path = has(Code::AS_PATH) || negotiated.bgpsec;
    let hop = found.next_hop.is_some() || matches!(route.family.safi, Safi::FLOW | Safi::FLOW_VPN);
    for (name, there) in [("ORIGIN", has(Code::ORIGIN)), ("AS_PATH", as_path), ("a next hop", hop)] {
        if !there {
            let problem = broken(&treatment::MISSING, 0);
            found.remarks.push(format!("{}: {name} is missing ({})", problem.treatment, problem.clause));
        }
    }
    found
}

/// An attribute whose AS numbers have another size than those of its table should: OpenBGPD writes AGGREGATOR so.
fn of_other_size<'a>(raw: RawAttribute<'a>, other: &Negotiated) -> Option<AttributeView<'a>> {
    let has_numbers = matches!(raw.code, Code::AS_PATH | Code::AGGREGATOR);
    has_numbers.then(|| AttributeView::parse(raw, other).ok()).flatten()
}

fn broken(rule: &Rule, offset: usize) -> Problem {
    Problem::rule(rule, offset, ErrorData::Empty)
}

impl RemarkedAttributes<'_> {
    #[cold]
    fn remark(&mut self, raw: Option<&RawAttribute<'_>>, problem: &Problem) {
        self.remarks.push(match raw {
            Some(raw) => format!("attribute {}: {problem}", raw.code.0),
            None => problem.to_string(),
        });
    }
}

/// Reads NEXT_HOP. An address that no packet could be sent to is one all the same, and a fault.
fn ipv4_next_hop(mut value: Reader<'_>, next_hop: &mut Option<NextHop>) -> Result<(), Malformed> {
    let offset = value.offset();
    let address = std::net::Ipv4Addr::from_bits(value.u32()?);
    value.finish()?;
    *next_hop = Some(NextHop::V4(address));
    let [first, ..] = address.octets();
    if address.is_unspecified() || first >= 224 {
        return Err(Malformed::value(offset, "a NEXT_HOP that is no host's address"));
    }
    Ok(())
}

/// Reads the next hop of MP_REACH_NLRI, whether it was shortened to that (RFC 6396 §4.3.4) or not.
fn mp_next_hop(value: Reader<'_>, family: Family, next_hop: &mut Option<NextHop>) -> Result<(), Malformed> {
    let mut shortened = value;
    let length = shortened.u8()?;
    if usize::from(length) == shortened.len() {
        *next_hop = if length == 0 { None } else { mp::next_hop(family, shortened)? };
        return Ok(());
    }
    let mut whole = value;
    let (at, inside) = (whole.offset(), Family::new(Afi(whole.u16()?), Safi(whole.u8()?)));
    let length = whole.u8()?;
    let octets = whole.sub(usize::from(length))?;
    *next_hop = if length == 0 { None } else { mp::next_hop(inside, octets)? };
    if inside != family {
        return Err(Malformed::value(at, "a next hop for another family than that of its table"));
    }
    Ok(())
}
