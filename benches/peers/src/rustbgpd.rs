//! rustbgpd-wire, with the error handling of RFC 7606 that its speaker uses.

use std::hint::black_box;

use bytes::Bytes;
use holdtime_benches::{Corpus, Kind, Shape, Tally};
use rustbgpd_wire::evpn::EvpnRoute;
use rustbgpd_wire::vpn::{VpnNlri, VpnPrefix};
use rustbgpd_wire::{
    AsPathSegment, Ipv4UnicastMode, Message, MpReachNlri, NlriEntry, ParsedUpdate, PathAttribute, Prefix,
    UpdateMessage, decode_message,
};

use crate::contest::{Contestant, Visit};
use crate::encoding::{Encoder, OwnMessages, Sink};

pub struct Rustbgpd;

impl Contestant for Rustbgpd {
    fn name(&self) -> &'static str {
        "rustbgpd-wire"
    }

    fn supports(&self, shape: Shape) -> bool {
        // It keeps the BGP-LS attribute as octets.
        shape != Shape::LinkState
    }

    fn visit(&self, corpus: &Corpus) -> Visit {
        let mut visit = Visit::default();
        // Its decoder takes `Bytes`; one shared buffer is the cheapest way to hand them over.
        let all = Bytes::from(corpus.bytes.clone());
        visit.start();
        for range in corpus.ranges() {
            let mut octets = all.slice(range);
            match decode_message(&mut octets, 4096) {
                Ok(Message::Update(update)) => message(&update, &mut visit),
                _ => visit.refused += 1,
            }
        }
        visit.stop();
        visit
    }
}

impl Encoder for Rustbgpd {
    fn name(&self) -> &'static str {
        "rustbgpd-wire"
    }

    fn encodes(&self, shape: Shape) -> bool {
        self.supports(shape)
    }

    fn own(&self, corpus: &Corpus) -> Box<dyn OwnMessages> {
        let all = Bytes::from(corpus.bytes.clone());
        let own = |range| match decode_message(&mut all.slice(range), 4096) {
            Ok(Message::Update(update)) => Some(update.parse_revised(true, false, false, &[]).ok()?.update),
            _ => None,
        };
        Box::new(Own(corpus.ranges().filter_map(own).collect()))
    }
}

struct Own(Vec<ParsedUpdate>);

impl OwnMessages for Own {
    fn encode(&self, sink: &mut Sink) {
        let mut buffer = Vec::with_capacity(4096);
        for ParsedUpdate { announced, withdrawn, attributes, .. } in &self.0 {
            buffer.clear();
            let body = Ipv4UnicastMode::Body;
            let built = UpdateMessage::try_build(announced, withdrawn, attributes, true, false, body);
            match built.and_then(|update| update.encode(&mut buffer)) {
                Ok(()) => sink.take(&buffer),
                // AS_SET, which RFC 9774 deprecates.
                Err(_) => sink.refuse(),
            }
        }
    }
}

fn message(update: &UpdateMessage, visit: &mut Visit) {
    let Ok(parsed) = update.parse_revised(true, false, false, &[]) else {
        visit.refused += 1;
        return;
    };
    let tally = &mut visit.tally;
    let update = &parsed.update;
    for entry in &update.withdrawn {
        tally.prefix4(Kind::Withdrawn, entry.prefix.addr.into(), entry.prefix.len);
    }
    for attribute in &update.attributes {
        visit_attribute(attribute, tally);
    }
    for entry in &update.announced {
        tally.prefix4(Kind::Announced, entry.prefix.addr.into(), entry.prefix.len);
    }
}

fn visit_attribute(attribute: &PathAttribute, tally: &mut Tally) {
    match attribute {
        PathAttribute::Origin(origin) => tally.add(Kind::Origin, *origin as u64),
        PathAttribute::AsPath(path) => {
            for segment in &path.segments {
                let (AsPathSegment::AsSet(numbers) | AsPathSegment::AsSequence(numbers)) = segment;
                numbers.iter().for_each(|&number| tally.add(Kind::AsPath, u64::from(number)));
            }
        }
        PathAttribute::NextHop(hop) => tally.add(Kind::NextHop, u64::from(u32::from(*hop))),
        PathAttribute::Med(metric) => tally.add(Kind::Med, u64::from(*metric)),
        PathAttribute::LocalPref(preference) => tally.add(Kind::LocalPref, u64::from(*preference)),
        PathAttribute::AtomicAggregate => tally.add(Kind::AtomicAggregate, 1),
        PathAttribute::Aggregator(by) => {
            tally.add(Kind::Aggregator, u64::from(by.asn) << 32 | u64::from(u32::from(by.router_id)));
        }
        PathAttribute::Communities(list) | PathAttribute::CommunitiesPartial(list) => {
            list.iter().for_each(|&community| tally.add(Kind::Community, u64::from(community)));
        }
        PathAttribute::ExtendedCommunities(list) | PathAttribute::ExtendedCommunitiesPartial(list) => {
            list.iter().for_each(|community| tally.add(Kind::ExtendedCommunity, community.as_u64()));
        }
        PathAttribute::LargeCommunities(list) | PathAttribute::LargeCommunitiesPartial(list) => {
            list.iter().for_each(|c| tally.large_community(c.global_admin, c.local_data1, c.local_data2));
        }
        PathAttribute::MpReachNlri(reach) => visit_reach(reach, tally),
        PathAttribute::MpUnreachNlri(unreach) => prefixes(&unreach.withdrawn, Kind::Withdrawn, tally),
        _ => {}
    }
}

fn visit_reach(reach: &MpReachNlri, tally: &mut Tally) {
    // FlowSpec has no next hop; the type has one all the same.
    if reach.flowspec_announced.is_empty() {
        tally.address(Kind::NextHop, reach.next_hop);
    }
    if let Some(local) = reach.link_local_next_hop {
        tally.address6(Kind::NextHop, local.into());
    }
    prefixes(&reach.announced, Kind::Announced, tally);
    for entry in &reach.vpn_announced {
        visit_vpn(&entry.nlri, tally);
    }
    for rule in &reach.flowspec_announced {
        for component in &rule.components {
            tally.add(Kind::FlowComponent, u64::from(black_box(component).type_code()));
        }
    }
    for route in &reach.evpn_announced {
        visit_evpn(black_box(route), tally);
    }
}

fn visit_vpn(nlri: &VpnNlri, tally: &mut Tally) {
    nlri.labels.iter().for_each(|label| tally.add(Kind::Label, u64::from(label.label)));
    tally.add(Kind::Distinguisher, u64::from_be_bytes(nlri.route_distinguisher.0));
    match nlri.prefix {
        VpnPrefix::V4 { addr, len } => tally.prefix4(Kind::Announced, addr.into(), len),
        VpnPrefix::V6 { addr, len } => tally.prefix6(Kind::Announced, addr.into(), len),
    }
}

fn visit_evpn(route: &EvpnRoute, tally: &mut Tally) {
    tally.add(Kind::Evpn, u64::from(route.route_type()));
    let (distinguisher, label) = match route {
        EvpnRoute::MacIp(route) => (route.rd, Some(route.label1)),
        EvpnRoute::Imet(route) => (route.rd, None),
        EvpnRoute::IpPrefix(route) => (route.rd, Some(route.label)),
        _ => return,
    };
    tally.add(Kind::Distinguisher, u64::from_be_bytes(distinguisher.0));
    if let Some(label) = label {
        tally.add(Kind::Label, u64::from(label.value() >> 4));
    }
}

fn prefixes(entries: &[NlriEntry], kind: Kind, tally: &mut Tally) {
    for entry in entries {
        match entry.prefix {
            Prefix::V4(prefix) => tally.prefix4(kind, prefix.addr.into(), prefix.len),
            Prefix::V6(prefix) => tally.prefix6(kind, prefix.addr.into(), prefix.len),
        }
    }
}
