//! zettabgp. Of two next hops it keeps the first, and communities in ordered sets, so that a repeated one is seen once.

use holdtime_benches::{Corpus, Kind, Shape, Tally};
use zettabgp::BgpSessionParams;
use zettabgp::prelude::*;

use crate::contest::{Contestant, Visit};

pub struct Zettabgp;

impl Contestant for Zettabgp {
    fn name(&self) -> &'static str {
        "zettabgp"
    }

    fn supports(&self, shape: Shape) -> bool {
        matches!(shape, Shape::Ipv4 | Shape::Packed | Shape::Ipv6 | Shape::Recorded)
    }

    fn keeps_part_of(&self) -> &'static [Kind] {
        &[Kind::NextHop]
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut session =
            BgpSessionParams::new(65_000, 180, BgpTransportMode::IPv4, [10, 0, 0, 1].into(), Vec::new());
        // It would guess at ADD-PATH from the octets; a session knows.
        session.fuzzy_pathid = false;
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
        _ => {}
    }
}
