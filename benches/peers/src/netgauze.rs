//! netgauze-bgp-pkt. It takes extended communities apart into types of its own; they are counted.

use std::collections::HashMap;
use std::hint::black_box;

use holdtime_benches::{Corpus, Kind, Shape, Tally};
use netgauze_bgp_pkt::BgpMessage;
use netgauze_bgp_pkt::nlri::{
    Ipv4UnicastAddress, Ipv6UnicastAddress, L2EvpnIpPrefixRoute, L2EvpnRoute, LabeledNextHop, MplsLabel,
};
use netgauze_bgp_pkt::path_attribute::{Aggregator, AsPath, MpReach, MpUnreach, PathAttributeValue};
use netgauze_bgp_pkt::update::BgpUpdateMessage;
use netgauze_bgp_pkt::wire::deserializer::BgpParsingContext;
use netgauze_parse_utils::WritablePdu;
use netgauze_parse_utils::reader::SliceReader;
use netgauze_parse_utils::traits::ParseFromWithOneInput;

use crate::contest::{Contestant, Visit};
use crate::encoding::{Encoder, OwnMessages, Sink};

pub struct Netgauze;

impl Contestant for Netgauze {
    fn name(&self) -> &'static str {
        "netgauze-bgp-pkt"
    }

    fn supports(&self, shape: Shape) -> bool {
        shape != Shape::FlowSpec
    }

    fn only_counts(&self) -> &'static [Kind] {
        &[Kind::ExtendedCommunity, Kind::LinkStateTlv]
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut context = context();
        let mut visit = Visit::default();
        visit.start();
        for message in corpus.messages() {
            let mut reader = SliceReader::new(message);
            match BgpMessage::parse(&mut reader, &mut context) {
                Ok(BgpMessage::Update(update)) => visit_update(&update, &mut visit.tally),
                _ => visit.refused += 1,
            }
        }
        visit.stop();
        visit
    }
}

impl Encoder for Netgauze {
    fn name(&self) -> &'static str {
        "netgauze-bgp-pkt"
    }

    fn encodes(&self, shape: Shape) -> bool {
        self.supports(shape)
    }

    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages> {
        let mut context = context();
        let own = |message| BgpMessage::parse(&mut SliceReader::new(message), &mut context).ok();
        Box::new(Own(corpus.messages().filter_map(own).collect()))
    }
}

struct Own(Vec<BgpMessage>);

impl OwnMessages for Own {
    fn encode(&self, sink: &mut Sink) {
        let mut buffer = Vec::with_capacity(4096);
        for message in &self.0 {
            buffer.clear();
            match message.write(&mut buffer) {
                Ok(()) => sink.take(&buffer),
                Err(_) => sink.refuse(),
            }
        }
    }
}

fn context() -> BgpParsingContext {
    BgpParsingContext::new(true, HashMap::new(), HashMap::new(), true, true, true, true)
}

fn visit_update(update: &BgpUpdateMessage, tally: &mut Tally) {
    prefixes4(update.withdraw_routes(), Kind::Withdrawn, tally);
    for attribute in update.path_attributes() {
        visit_attribute(attribute.value(), tally);
    }
    prefixes4(update.nlri(), Kind::Announced, tally);
}

fn visit_attribute(attribute: &PathAttributeValue, tally: &mut Tally) {
    match attribute {
        PathAttributeValue::Origin(origin) => tally.add(Kind::Origin, *origin as u64),
        PathAttributeValue::AsPath(AsPath::As4PathSegments(segments)) => {
            for segment in segments {
                segment.as_numbers().iter().for_each(|&number| tally.add(Kind::AsPath, u64::from(number)));
            }
        }
        PathAttributeValue::NextHop(hop) => tally.add(Kind::NextHop, u64::from(u32::from(hop.next_hop()))),
        PathAttributeValue::MultiExitDiscriminator(metric) => {
            tally.add(Kind::Med, u64::from(metric.metric()))
        }
        PathAttributeValue::LocalPreference(preference) => {
            tally.add(Kind::LocalPref, u64::from(preference.metric()))
        }
        PathAttributeValue::AtomicAggregate(_) => tally.add(Kind::AtomicAggregate, 1),
        PathAttributeValue::Aggregator(Aggregator::As4Aggregator(by)) => {
            tally.add(Kind::Aggregator, u64::from(*by.asn()) << 32 | u64::from(u32::from(by.origin())));
        }
        PathAttributeValue::Communities(list) => {
            list.communities().iter().for_each(|c| tally.add(Kind::Community, u64::from(c.value())));
        }
        PathAttributeValue::ExtendedCommunities(list) => list.communities().iter().for_each(|community| {
            black_box(community);
            tally.add(Kind::ExtendedCommunity, 0);
        }),
        PathAttributeValue::LargeCommunities(list) => list
            .communities()
            .iter()
            .for_each(|c| tally.large_community(c.global_admin(), c.local_data1(), c.local_data2())),
        PathAttributeValue::MpReach(MpReach::Ipv6Unicast { next_hop_global, next_hop_local, nlri }) => {
            tally.address6(Kind::NextHop, (*next_hop_global).into());
            if let Some(local) = next_hop_local {
                tally.address6(Kind::NextHop, (*local).into());
            }
            prefixes6(nlri, Kind::Announced, tally);
        }
        PathAttributeValue::MpReach(MpReach::Ipv4MplsVpnUnicast { next_hop, nlri }) => {
            match next_hop {
                LabeledNextHop::Ipv4(hop) => tally.add(Kind::NextHop, u64::from(u32::from(hop.next_hop()))),
                LabeledNextHop::Ipv6(hop) => tally.address6(Kind::NextHop, hop.next_hop().into()),
            }
            for route in nlri {
                route.label_stack().iter().for_each(|entry| label(entry, tally));
                tally.add(Kind::Distinguisher, route.rd().into());
                let net = route.network().address();
                tally.prefix4(Kind::Announced, net.addr().into(), net.prefix_len());
            }
        }
        PathAttributeValue::MpReach(MpReach::L2Evpn { next_hop, nlri }) => {
            tally.address(Kind::NextHop, *next_hop);
            nlri.iter().for_each(|address| visit_evpn(black_box(address.route()), tally));
        }
        PathAttributeValue::MpReach(MpReach::BgpLs { next_hop, nlri }) => {
            tally.address(Kind::NextHop, *next_hop);
            nlri.iter()
                .for_each(|nlri| tally.add(Kind::LinkState, u64::from(black_box(nlri).nlri().raw_code())));
        }
        PathAttributeValue::BgpLs(attribute) => attribute.attributes().iter().for_each(|value| {
            black_box(value);
            tally.add(Kind::LinkStateTlv, 0);
        }),
        PathAttributeValue::MpUnreach(MpUnreach::Ipv6Unicast { nlri }) => {
            prefixes6(nlri, Kind::Withdrawn, tally)
        }
        _ => {}
    }
}

fn prefixes4(prefixes: &[Ipv4UnicastAddress], kind: Kind, tally: &mut Tally) {
    for prefix in prefixes {
        let net = prefix.network().address();
        tally.prefix4(kind, net.addr().into(), net.prefix_len());
    }
}

fn prefixes6(prefixes: &[Ipv6UnicastAddress], kind: Kind, tally: &mut Tally) {
    for prefix in prefixes {
        let net = prefix.network().address();
        tally.prefix6(kind, net.addr().into(), net.prefix_len());
    }
}

fn visit_evpn(route: &L2EvpnRoute, tally: &mut Tally) {
    tally.add(Kind::Evpn, route.route_type().map_or(0, |kind| kind as u64));
    let (distinguisher, entry) = match route {
        L2EvpnRoute::MacIpAdvertisement(route) => (route.rd(), Some(route.mpls_label1())),
        L2EvpnRoute::InclusiveMulticastEthernetTagRoute(route) => (route.rd(), None),
        L2EvpnRoute::IpPrefixRoute(L2EvpnIpPrefixRoute::V4(route)) => (route.rd(), Some(route.label())),
        L2EvpnRoute::IpPrefixRoute(L2EvpnIpPrefixRoute::V6(route)) => (route.rd(), Some(route.label())),
        _ => return,
    };
    tally.add(Kind::Distinguisher, distinguisher.into());
    entry.into_iter().for_each(|entry| label(entry, tally));
}

fn label(entry: &MplsLabel, tally: &mut Tally) {
    let [a, b, c] = *entry.value();
    tally.add(Kind::Label, u64::from(u32::from_be_bytes([0, a, b, c]) >> 4));
}
