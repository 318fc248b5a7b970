//! The same message through our decoder and another crate's. Where we accept it, the other must accept it too and have seen the same
//! values, or something here must say why not.
//!
//! Messages with a fault are not compared: that we find one is justified by the clause that our [`Problem`](holdtime_core::wire::Problem)
//! names, and some crates loop or run out of memory on them (zettabgp on an AS path segment without an AS, for one). What another
//! crate does on its own account, a panic included, is not our finding.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holdtime_benches::{Corpus, Shape, Tally, visit};
use holdtime_core::wire::attribute::RawAttributes;
use holdtime_core::wire::frame::{HEADER, kind};
use holdtime_core::wire::negotiated::MAX_MESSAGE;
use holdtime_core::wire::nlri::{EvpnFields, FlowComponent, FlowType, VpnPrefixView};
use holdtime_core::wire::{
    AttributeCode, AttributeFlags, Family, FamilyTerms, Framer, Negotiated, NextHop, NlriView, PathNlriView,
    Prefix, Reader, Update, UpdateView, Writer,
};

use crate::contest::Contestant;
use crate::{bgpkit, netgauze, routecore, rustbgpd, zettabgp};

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both saw the same values.
    Agree,
    /// We found a fault, by this clause, or for this reason; the other was not asked.
    Faulty(&'static str),
    /// They disagree, for a reason that is known.
    Justified(&'static str),
    /// The other crate panicked.
    Panicked,
    /// They disagree, and nobody knows why: a finding.
    Open(String),
}

/// Every crate that decodes.
pub fn crates() -> Vec<Box<dyn Contestant>> {
    vec![
        Box::new(routecore::Routecore),
        Box::new(rustbgpd::Rustbgpd),
        Box::new(bgpkit::Bgpkit),
        Box::new(netgauze::Netgauze),
        Box::new(zettabgp::Zettabgp),
    ]
}

/// Compares what we make of `message` with what `other` makes of it; `None` where it is no UPDATE that both claim to decode.
pub fn compare(other: &dyn Contestant, message: &[u8]) -> Option<Verdict> {
    let frame = Framer::new(message, MAX_MESSAGE).next_frame().ok()??;
    if frame.kind() != kind::UPDATE || frame.message().len() != message.len() {
        return None;
    }
    let codes = codes(frame.body());
    let shape = shape(frame.body())?;
    if !other.supports(shape) {
        return None;
    }
    let mut corpus = Corpus::new(shape);
    corpus.push(message);
    let negotiated = session(shape, codes.contains(&AttributeCode::LOCAL_PREF));
    let view = match UpdateView::decode(frame.body(), &negotiated) {
        Ok(view) => match view.problem() {
            Some(problem) => return Some(Verdict::Faulty(problem.clause)),
            None => view,
        },
        Err(error) => return Some(Verdict::Faulty(error.what)),
    };
    let Ok(theirs) = catch_unwind(AssertUnwindSafe(|| other.visit(&corpus))) else {
        return Some(Verdict::Panicked);
    };
    let (tally, _) = visit::corpus(&corpus, &negotiated);
    let difference = match theirs.refused {
        0 => difference(other, &tally, &theirs.tally),
        _ => Some(String::from("refused")),
    };
    let Some(difference) = difference else { return Some(Verdict::Agree) };
    let case = Case { view, negotiated: &negotiated, body: frame.body(), codes, difference: &difference };
    let known =
        JUSTIFIED.iter().find(|(crates, _, explains)| crates.contains(&other.name()) && explains(&case));
    Some(known.map_or(Verdict::Open(difference.clone()), |(_, reason, _)| Verdict::Justified(reason)))
}

/// A message that we accept, and about which another crate disagrees.
struct Case<'a> {
    view: UpdateView<'a>,
    negotiated: &'a Negotiated,
    body: &'a [u8],
    codes: Vec<AttributeCode>,
    difference: &'a str,
}

fn difference(other: &dyn Contestant, ours: &Tally, theirs: &Tally) -> Option<String> {
    ours.difference(theirs, other.only_counts(), other.keeps_part_of())
}

/// A session of what the adapters visit, with a peer in our AS or in another.
fn session(shape: Shape, internal: bool) -> Negotiated {
    let mut negotiated = visit::session(shape);
    negotiated.peer_as = negotiated.local_as + u32::from(!internal);
    let families: Vec<_> = negotiated.families().iter().map(|terms| terms.family).collect();
    families.into_iter().for_each(|family| negotiated.set_family(FamilyTerms::assumed(family)));
    negotiated
}

/// The attributes' field.
fn attributes(body: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader::new(body, HEADER);
    let withdrawn = reader.u16().ok()?;
    reader.bytes(usize::from(withdrawn)).ok()?;
    let length = reader.u16().ok()?;
    reader.sub(usize::from(length)).ok()
}

/// The attributes of a body, as far as they can be told apart.
fn codes(body: &[u8]) -> Vec<AttributeCode> {
    let attributes = attributes(body).into_iter().flat_map(RawAttributes::new);
    attributes.map_while(Result::ok).map(|raw| raw.code).collect()
}

/// What the message carries; `None`: a family that no adapter visits.
fn shape(body: &[u8]) -> Option<Shape> {
    let attributes = attributes(body).into_iter().flat_map(RawAttributes::new).map_while(Result::ok);
    let mut shape = Shape::Ipv4;
    for raw in
        attributes.filter(|raw| matches!(raw.code, AttributeCode::MP_REACH | AttributeCode::MP_UNREACH))
    {
        shape = match raw.value.rest().first_chunk()? {
            [0, 1, 1] => Shape::Ipv4,
            [0, 2, 1] => Shape::Ipv6,
            [0, 1, 128] => Shape::Vpn,
            [0, 1, 133] => Shape::FlowSpec,
            [0, 25, 70] => Shape::Evpn,
            [0x40, 4, 71] => Shape::LinkState,
            _ => return None,
        };
    }
    Some(shape)
}

/// Which crates, why they disagree with us on messages that we accept, and where.
type Reason = (&'static [&'static str], &'static str, fn(&Case<'_>) -> bool);

const ALL: &[&str] = &["routecore", "rustbgpd-wire", "bgpkit-parser", "netgauze-bgp-pkt", "zettabgp"];

/// What is known to differ, each with what we go by.
const JUSTIFIED: &[Reason] = &[
    (ALL, "the reserved octet of MP_REACH_NLRI, which RFC 4760 §3 has us ignore", has_reserved_octet),
    (
        ALL,
        "bits past the length of a prefix: we clear them, because RFC 4271 §4.3 gives them no meaning",
        has_host_bits,
    ),
    (
        ALL,
        "the partial bit of an attribute that cannot be partial: RFC 7606 §3 c judges the other two bits",
        has_odd_partial_bit,
    ),
    (
        ALL,
        "a BGP-LS attribute beside routes of another family, which their adapter does not look into",
        |case| case.difference.starts_with("link-state"),
    ),
    (
        ALL,
        "a confederation's segments, which we keep between speakers of one AS (RFC 5065 §5)",
        has_confederation,
    ),
    (&["routecore"], "an IPv6 next hop of IPv4 routes (RFC 8950), which it refuses", |case| {
        case.view.mp_reach().is_some_and(|reach| {
            reach.family == Family::IPV4_UNICAST && !matches!(reach.next_hop, Some(NextHop::V4(_)))
        })
    }),
    (
        &["bgpkit-parser"],
        "a default route, whose length of zero it takes for the first octet of a path identifier",
        |case| has_prefix(case, |prefix| prefix.length() == 0),
    ),
    (
        &["netgauze-bgp-pkt", "zettabgp"],
        "EVPN routes of other types than 2, 3 and 5, which our own visitor does not count",
        |case| {
            let counted = |route| {
                matches!(
                    route,
                    EvpnFields::MacIp { .. }
                        | EvpnFields::InclusiveMulticast { .. }
                        | EvpnFields::IpPrefix { .. }
                )
            };
            case.difference != "refused" && evpn_routes(case).any(|route| !counted(route))
        },
    ),
    (
        &["netgauze-bgp-pkt"],
        "a unicast route to addresses that are no hosts', which is for policy and not for a decoder to refuse",
        |case| {
            has_prefix(case, |prefix| match prefix.address() {
                IpAddr::V4(address) => address.octets()[0] >= 224,
                IpAddr::V6(address) => address.octets()[0] == 0xff,
            })
        },
    ),
    (
        &["netgauze-bgp-pkt"],
        "BGP-LS TLVs judged by what is in them, which RFC 9552 §8.2.2 leaves to consumers",
        |case| {
            case.codes.contains(&AttributeCode::BGP_LS)
                || routes(case).any(|route| matches!(route.nlri, NlriView::BgpLs(_)))
        },
    ),
    (&["netgauze-bgp-pkt"], "a route distinguisher of a type that nobody has defined yet", |case| {
        let evpn = evpn_routes(case).filter_map(|route| match route {
            EvpnFields::EthernetAutoDiscovery { distinguisher, .. }
            | EvpnFields::MacIp { distinguisher, .. }
            | EvpnFields::InclusiveMulticast { distinguisher, .. }
            | EvpnFields::EthernetSegment { distinguisher, .. }
            | EvpnFields::IpPrefix { distinguisher, .. }
            | EvpnFields::Multicast { distinguisher, .. } => Some(distinguisher),
            EvpnFields::Unknown(_) => None,
        });
        vpn_routes(case).map(|route| route.rd).chain(evpn).any(|distinguisher| distinguisher.kind() > 2)
    }),
    (
        &["netgauze-bgp-pkt"],
        "IPv4 unicast routes in MP_REACH_NLRI, which its adapter does not visit",
        |case| {
            let families = [
                case.view.mp_reach().map(|reach| reach.family),
                case.view.mp_unreach().map(|one| one.family),
            ];
            families.contains(&Some(Family::IPV4_UNICAST))
        },
    ),
    (
        &["netgauze-bgp-pkt"],
        "a label without the bottom-of-stack bit: another one follows (RFC 8277 §2)",
        |case| {
            vpn_routes(case).any(|route| route.labels.iter().next().is_some_and(|label| !label.is_bottom()))
        },
    ),
    (
        &["rustbgpd-wire"],
        "a label of zero, which ends a stack for us as it does where a route is withdrawn (RFC 8277 §2.4)",
        |case| vpn_routes(case).any(|route| route.labels.iter().any(|label| label.octets() == [0; 3])),
    ),
    (
        &["zettabgp"],
        "values of eight octets in FlowSpec, which RFC 8955 §4.2.1.1 has and it refuses",
        |case| has_flow_value(case, |_, octets| octets == 8),
    ),
    (
        &["rustbgpd-wire"],
        "a FlowSpec bit mask of more than two octets: RFC 8955 §4.2.2.9 binds who sends it",
        |case| has_flow_value(case, |kind, octets| kind.is_bitmask() && octets > 2),
    ),
    (&["zettabgp"], "attribute 20, once CONNECTOR (RFC 6037), which it reads and we keep whole", |case| {
        case.codes.contains(&AttributeCode(20))
    }),
    (&["zettabgp"], "an EVPN route of a type that it does not know, and that we keep whole", |case| {
        evpn_routes(case).any(|route| matches!(route, EvpnFields::Unknown(_) | EvpnFields::Multicast { .. }))
    }),
    (&["zettabgp"], "a community that stands twice, which it keeps once", |case| {
        case.difference.contains("community:")
    }),
];

/// Whether the octet behind the next hop, once a number of SNPAs, is not zero.
fn has_reserved_octet(case: &Case<'_>) -> bool {
    let mut raw = attributes(case.body).into_iter().flat_map(RawAttributes::new).map_while(Result::ok);
    raw.find(|raw| raw.code == AttributeCode::MP_REACH).is_some_and(|raw| {
        let value = raw.value.rest();
        let behind = value.get(3).map(|length| 4 + usize::from(*length));
        behind.and_then(|at| value.get(at)).is_some_and(|reserved| *reserved != 0)
    })
}

/// Whether the message comes back with bits cleared.
fn has_host_bits(case: &Case<'_>) -> bool {
    let mut buffer = vec![0; MAX_MESSAGE];
    let mut out = Writer::new(&mut buffer);
    Update::from(&case.view).encode(case.negotiated, &mut out).is_ok() && out.written() != case.body
}

fn has_odd_partial_bit(case: &Case<'_>) -> bool {
    let mut raw = attributes(case.body).into_iter().flat_map(RawAttributes::new).map_while(Result::ok);
    let transitive = AttributeFlags::OPTIONAL | AttributeFlags::TRANSITIVE;
    raw.any(|raw| raw.flags.has(AttributeFlags::PARTIAL) && !raw.flags.has(transitive))
}

fn has_confederation(case: &Case<'_>) -> bool {
    let path = case.view.frequent().as_path;
    path.is_some_and(|path| path.segments().any(|segment| segment.kind.is_confederation()))
}

fn has_prefix(case: &Case<'_>, wanted: impl Fn(Prefix) -> bool) -> bool {
    routes(case).any(|route| match route.nlri {
        NlriView::Unicast(prefix) | NlriView::Vpn(VpnPrefixView { prefix, .. }) => wanted(prefix),
        _ => false,
    })
}

fn has_flow_value(case: &Case<'_>, wanted: impl Fn(FlowType, usize) -> bool) -> bool {
    let mut rules = routes(case).filter_map(|route| match route.nlri {
        NlriView::Flow(rule) => Some(rule),
        _ => None,
    });
    rules.any(|rule| {
        rule.components().any(|component| match component {
            FlowComponent::Terms(kind, mut terms) => {
                terms.any(|term| wanted(kind, 1 << (term.operator.0 >> 4 & 3)))
            }
            FlowComponent::Prefix(_) => false,
        })
    })
}

fn evpn_routes<'a>(case: &Case<'a>) -> impl Iterator<Item = EvpnFields<'a>> {
    routes(case).filter_map(|route| match route.nlri {
        NlriView::Evpn(route) => Some(route.fields()),
        _ => None,
    })
}

fn vpn_routes<'a>(case: &Case<'a>) -> impl Iterator<Item = VpnPrefixView<'a>> {
    routes(case).filter_map(|route| match route.nlri {
        NlriView::Vpn(route) => Some(route),
        _ => None,
    })
}

/// Every route, announced or withdrawn.
fn routes<'a>(case: &Case<'a>) -> impl Iterator<Item = PathNlriView<'a>> {
    let announced = case.view.mp_reach().into_iter().flat_map(|reach| reach.nlri());
    let withdrawn = case.view.mp_unreach().into_iter().flat_map(|unreach| unreach.nlri());
    case.view.nlri().chain(case.view.withdrawn()).chain(announced).chain(withdrawn)
}
