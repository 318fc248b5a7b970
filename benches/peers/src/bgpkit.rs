//! bgpkit-parser. It takes extended communities apart into types of its own; they are counted.

use std::hint::black_box;

use bgpkit_parser::models::{
    AsPathSegment, AsnLength, AttributeValue, BgpMessage, Community, NetworkPrefix, NextHopAddress, Origin,
};
use bgpkit_parser::parser::bgp::messages::parse_bgp_message;
use bytes::Bytes;
use holdtime_benches::{Corpus, Kind, Shape, Tally};

use crate::contest::{Contestant, Visit};
use crate::encoding::{Encoder, OwnMessages, Sink};

pub struct Bgpkit;

impl Contestant for Bgpkit {
    fn name(&self) -> &'static str {
        "bgpkit-parser"
    }

    fn supports(&self, shape: Shape) -> bool {
        // It has types for FlowSpec and BGP-LS routes, but its UPDATE decoder does not fill them.
        matches!(shape, Shape::Ipv4 | Shape::Packed | Shape::Ipv6 | Shape::Recorded)
    }

    fn only_counts(&self) -> &'static [Kind] {
        &[Kind::ExtendedCommunity]
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut visit = Visit::default();
        let all = Bytes::from(corpus.bytes.clone());
        visit.start();
        for range in corpus.ranges() {
            let mut octets = all.slice(range);
            match parse_bgp_message(&mut octets, false, &AsnLength::Bits32) {
                Ok(BgpMessage::Update(update)) => {
                    let tally = &mut visit.tally;
                    prefixes(&update.withdrawn_prefixes, Kind::Withdrawn, tally);
                    update.attributes.iter().for_each(|attribute| visit_attribute(attribute, tally));
                    prefixes(&update.announced_prefixes, Kind::Announced, tally);
                }
                _ => visit.refused += 1,
            }
        }
        visit.stop();
        visit
    }
}

impl Encoder for Bgpkit {
    fn name(&self) -> &'static str {
        "bgpkit-parser"
    }

    fn encodes(&self, shape: Shape) -> bool {
        self.supports(shape)
    }

    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages> {
        let all = Bytes::from(corpus.bytes.clone());
        let own = |range| parse_bgp_message(&mut all.slice(range), false, &AsnLength::Bits32).ok();
        Box::new(Own(corpus.ranges().filter_map(own).collect()))
    }
}

struct Own(Vec<BgpMessage>);

impl OwnMessages for Own {
    fn encode(&self, sink: &mut Sink) {
        for message in &self.0 {
            match message.encode(AsnLength::Bits32) {
                Ok(octets) => sink.take(&octets),
                Err(_) => sink.refuse(),
            }
        }
    }
}

fn visit_attribute(attribute: &AttributeValue, tally: &mut Tally) {
    match attribute {
        AttributeValue::Origin(origin) => tally.add(
            Kind::Origin,
            match origin {
                Origin::IGP => 0,
                Origin::EGP => 1,
                Origin::INCOMPLETE => 2,
            },
        ),
        AttributeValue::AsPath(path) => {
            for segment in path.iter_segments() {
                let (AsPathSegment::AsSequence(numbers)
                | AsPathSegment::AsSet(numbers)
                | AsPathSegment::ConfedSequence(numbers)
                | AsPathSegment::ConfedSet(numbers)) = segment;
                numbers.iter().for_each(|number| tally.add(Kind::AsPath, u64::from(u32::from(*number))));
            }
        }
        AttributeValue::NextHop(hop) => tally.address(Kind::NextHop, *hop),
        AttributeValue::MultiExitDiscriminator(metric) => tally.add(Kind::Med, u64::from(*metric)),
        AttributeValue::LocalPreference(preference) => tally.add(Kind::LocalPref, u64::from(*preference)),
        AttributeValue::AtomicAggregate => tally.add(Kind::AtomicAggregate, 1),
        AttributeValue::Aggregator { asn, id } => {
            tally.add(Kind::Aggregator, u64::from(u32::from(*asn)) << 32 | u64::from(u32::from(*id)));
        }
        AttributeValue::Communities(list) => list.iter().for_each(|community| {
            let value = match community {
                Community::NoExport => 0xffff_ff01,
                Community::NoAdvertise => 0xffff_ff02,
                Community::NoExportSubConfed => 0xffff_ff03,
                Community::Custom(asn, value) => u64::from(u32::from(*asn)) << 16 | u64::from(*value),
            };
            tally.add(Kind::Community, value);
        }),
        AttributeValue::ExtendedCommunities(list) => {
            list.iter().for_each(|community| {
                black_box(community);
                tally.add(Kind::ExtendedCommunity, 0);
            });
        }
        AttributeValue::LargeCommunities(list) => {
            list.iter().for_each(|c| tally.large_community(c.global_admin, c.local_data[0], c.local_data[1]));
        }
        AttributeValue::MpReachNlri(reach) => {
            match reach.next_hop {
                Some(NextHopAddress::Ipv4(hop)) => tally.add(Kind::NextHop, u64::from(u32::from(hop))),
                Some(NextHopAddress::Ipv6(hop)) => tally.address6(Kind::NextHop, hop.into()),
                Some(NextHopAddress::Ipv6LinkLocal(hop, local)) => {
                    tally.address6(Kind::NextHop, hop.into());
                    tally.address6(Kind::NextHop, local.into());
                }
                _ => {}
            }
            prefixes(&reach.prefixes, Kind::Announced, tally);
        }
        AttributeValue::MpUnreachNlri(unreach) => prefixes(&unreach.prefixes, Kind::Withdrawn, tally),
        _ => {}
    }
}

fn prefixes(prefixes: &[NetworkPrefix], kind: Kind, tally: &mut Tally) {
    for prefix in prefixes {
        match prefix.prefix.addr() {
            std::net::IpAddr::V4(address) => tally.prefix4(kind, address.into(), prefix.prefix.prefix_len()),
            std::net::IpAddr::V6(address) => tally.prefix6(kind, address.into(), prefix.prefix.prefix_len()),
        }
    }
}
