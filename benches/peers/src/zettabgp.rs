//! zettabgp. Of two next hops it keeps the first, and communities in ordered sets, so that a repeated one is seen once.

use std::hint::black_box;

use holdtime_benches::{Corpus, Kind, Shape, Tally};
use zettabgp::BgpSessionParams;
use zettabgp::prelude::*;

use crate::contest::{Contestant, Visit};
use crate::encoding::{Encoder, OwnMessages, Sink};

pub struct Zettabgp;

impl Contestant for Zettabgp {
    fn name(&self) -> &'static str {
        "zettabgp"
    }

    fn supports(&self, shape: Shape) -> bool {
        shape != Shape::LinkState
    }

    fn keeps_part_of(&self) -> &'static [Kind] {
        &[Kind::NextHop]
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let session = session();
        let mut visit = Visit::default();
        visit.start();
        for message in corpus.messages() {
            let mut update = BgpUpdateMessage::new();
            let head = session.decode_message_head(message);
            if head.is_err() || update.decode_from(&session, &message[19..]).is_err() {
                visit.refused += 1;
                continue;
            }
            visit_update(&update, &mut visit.tally);
        }
        visit.stop();
        visit
    }
}

impl Encoder for Zettabgp {
    fn name(&self) -> &'static str {
        "zettabgp"
    }

    fn encodes(&self, shape: Shape) -> bool {
        self.supports(shape)
    }

    fn loses(&self) -> &'static [Kind] {
        // It leaves the value of AGGREGATOR out, and gives ATOMIC_AGGREGATE one.
        &[Kind::NextHop, Kind::Aggregator, Kind::AtomicAggregate]
    }

    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages> {
        let session = session();
        let own = |message: &[u8]| {
            let mut update = BgpUpdateMessage::new();
            update.decode_from(&session, message.get(19..)?).ok().map(|()| update)
        };
        let messages = corpus.messages().filter_map(own).collect();
        Box::new(Own { messages, session })
    }
}

struct Own {
    messages: Vec<BgpUpdateMessage>,
    session: BgpSessionParams,
}

impl OwnMessages for Own {
    fn encode(&self, sink: &mut Sink) {
        let mut buffer = [0; 4096 + 19];
        for message in &self.messages {
            let written = message.encode_to(&self.session, &mut buffer[19..]);
            let kind = BgpMessageType::Update;
            match written.and_then(|length| self.session.prepare_message_buf(&mut buffer, kind, length)) {
                Ok(length) => sink.take(&buffer[..length]),
                Err(_) => sink.refuse(),
            }
        }
    }
}

fn session() -> BgpSessionParams {
    let mut session =
        BgpSessionParams::new(65_000, 180, BgpTransportMode::IPv4, [10, 0, 0, 1].into(), Vec::new());
    // It would guess at ADD-PATH from the octets; a session knows.
    session.fuzzy_pathid = false;
    session
}

fn visit_update(update: &BgpUpdateMessage, tally: &mut Tally) {
    prefixes(&update.withdraws, Kind::Withdrawn, tally);
    for attribute in &update.attrs {
        visit_attribute(attribute, tally);
    }
    prefixes(&update.updates, Kind::Announced, tally);
}

fn visit_attribute(attribute: &BgpAttrItem, tally: &mut Tally) {
    match attribute {
        BgpAttrItem::Origin(origin) => tally.add(
            Kind::Origin,
            match origin.value {
                BgpAttrOrigin::Igp => 0,
                BgpAttrOrigin::Egp => 1,
                BgpAttrOrigin::Incomplete => 2,
            },
        ),
        BgpAttrItem::ASPath(path) => {
            for item in &path.value {
                match item {
                    BgpASitem::Seq(seq) => {
                        seq.value.iter().for_each(|n| tally.add(Kind::AsPath, u64::from(n.value)))
                    }
                    BgpASitem::Set(set) => {
                        set.value.iter().for_each(|n| tally.add(Kind::AsPath, u64::from(n.value)))
                    }
                }
            }
        }
        BgpAttrItem::NextHop(hop) => tally.address(Kind::NextHop, hop.value),
        BgpAttrItem::MED(metric) => tally.add(Kind::Med, u64::from(metric.value)),
        BgpAttrItem::LocalPref(preference) => tally.add(Kind::LocalPref, u64::from(preference.value)),
        BgpAttrItem::AtomicAggregate(_) => tally.add(Kind::AtomicAggregate, 1),
        BgpAttrItem::AggregatorAS(by) => {
            tally.add(Kind::Aggregator, u64::from(by.asn) << 32 | u64::from(u32::from(by.addr)));
        }
        BgpAttrItem::CommunityList(list) => {
            list.value.iter().for_each(|community| tally.add(Kind::Community, u64::from(community.value)));
        }
        BgpAttrItem::ExtCommunityList(list) => list.value.iter().for_each(|c| {
            let head = u64::from(c.ctype) << 56 | u64::from(c.subtype) << 48 | u64::from(c.a) << 32;
            tally.add(Kind::ExtendedCommunity, head | u64::from(c.b));
        }),
        BgpAttrItem::LargeCommunityList(list) => {
            list.value.iter().for_each(|c| tally.large_community(c.ga, c.ldp1, c.ldp2));
        }
        BgpAttrItem::MPUpdates(reach) => {
            match &reach.nexthop {
                BgpAddr::V4(hop) => tally.add(Kind::NextHop, u64::from(u32::from(*hop))),
                BgpAddr::V6(hop) => tally.address6(Kind::NextHop, (*hop).into()),
                BgpAddr::V4RD(hop) => tally.add(Kind::NextHop, u64::from(u32::from(hop.addr))),
                _ => {}
            }
            prefixes(&reach.addrs, Kind::Announced, tally);
        }
        BgpAttrItem::MPWithdraws(unreach) => prefixes(&unreach.addrs, Kind::Withdrawn, tally),
        _ => {}
    }
}

fn prefixes(addresses: &BgpAddrs, kind: Kind, tally: &mut Tally) {
    match addresses {
        BgpAddrs::IPV4U(list) => {
            list.iter().for_each(|prefix| tally.prefix4(kind, prefix.addr.into(), prefix.prefixlen));
        }
        BgpAddrs::IPV6U(list) => {
            list.iter().for_each(|prefix| tally.prefix6(kind, prefix.addr.into(), prefix.prefixlen));
        }
        BgpAddrs::VPNV4U(list) => list.iter().for_each(|route| {
            labels(&route.labels, tally);
            distinguisher(&route.prefix.rd, tally);
            tally.prefix4(kind, route.prefix.prefix.addr.into(), route.prefix.prefix.prefixlen);
        }),
        BgpAddrs::FS4U(list) => {
            let components = list.iter().flat_map(|rule| &rule.items);
            components
                .for_each(|component| tally.add(Kind::FlowComponent, component_type(black_box(component))));
        }
        BgpAddrs::EVPN(list) => list.iter().for_each(|route| visit_evpn(black_box(route), tally)),
        _ => {}
    }
}

fn visit_evpn(route: &BgpEVPN, tally: &mut Tally) {
    let (kind, rd, stack) = match route {
        BgpEVPN::EVPN1(route) => (1, &route.rd, Some(&route.labels)),
        BgpEVPN::EVPN2(route) => (2, &route.rd, Some(&route.labels)),
        BgpEVPN::EVPN3(route) => (3, &route.rd, None),
        BgpEVPN::EVPN4(route) => (4, &route.rd, None),
        BgpEVPN::EVPN5(route) => (5, &route.rd, Some(&route.labels)),
    };
    tally.add(Kind::Evpn, kind);
    distinguisher(rd, tally);
    stack.into_iter().for_each(|stack| labels(stack, tally));
}

fn labels(stack: &MplsLabels, tally: &mut Tally) {
    stack.labels.iter().for_each(|&label| tally.add(Kind::Label, u64::from(label)));
}

fn distinguisher(rd: &BgpRD, tally: &mut Tally) {
    tally.add(Kind::Distinguisher, u64::from(rd.rdh) << 32 | u64::from(rd.rdl));
}

fn component_type(component: &BgpFlowSpecItem<BgpAddrV4>) -> u64 {
    match component {
        BgpFlowSpecItem::PrefixDst(_) => 1,
        BgpFlowSpecItem::PrefixSrc(_) => 2,
        BgpFlowSpecItem::Proto(_) => 3,
        BgpFlowSpecItem::PortAny(_) => 4,
        BgpFlowSpecItem::PortDst(_) => 5,
        BgpFlowSpecItem::PortSrc(_) => 6,
        BgpFlowSpecItem::IcmpType(_) => 7,
        BgpFlowSpecItem::IcmpCode(_) => 8,
        BgpFlowSpecItem::TcpFlags(_) => 9,
        BgpFlowSpecItem::PacketLength(_) => 10,
        BgpFlowSpecItem::Dscp(_) => 11,
        BgpFlowSpecItem::Fragment(_) => 12,
        BgpFlowSpecItem::FlowLabel(_) => 13,
    }
}
