//! holdtime's own decoder, every value visited: the one that its speaker uses, with RFC 7606's checks on.

use std::hint::black_box;
use std::net::IpAddr;

use holdtime_core::wire::attribute::AttributeView;
use holdtime_core::wire::frame::Framer;
use holdtime_core::wire::nlri::{BgpLsFields, EvpnFields, Routes};
use holdtime_core::wire::tlv::Tlvs;
use holdtime_core::wire::update::Frequent;
use holdtime_core::wire::{
    Afi, Family, FamilyTerms, Negotiated, NextHop, NlriView, Prefix, Safi, UpdateView,
};

use crate::corpus::{Corpus, Shape};
use crate::tally::{Kind, Tally};

/// A session with four-octet AS numbers, without ADD-PATH, of every family that the corpora hold; with an internal neighbor
/// for the shapes that have a LOCAL_PREF.
pub fn session(shape: Shape) -> Negotiated {
    let external = matches!(shape, Shape::Ipv4 | Shape::Packed | Shape::Ipv6 | Shape::Recorded);
    let peer_as = if external { 65_001 } else { 65_000 };
    let mut negotiated = Negotiated::default();
    (negotiated.local_as, negotiated.peer_as, negotiated.asn4) = (65_000, peer_as, true);
    for (afi, safi) in [
        (Afi::IPV4, Safi::UNICAST),
        (Afi::IPV6, Safi::UNICAST),
        (Afi::IPV4, Safi::VPN),
        (Afi::IPV4, Safi::FLOW),
        (Afi::L2VPN, Safi::EVPN),
        (Afi::BGP_LS, Safi::BGP_LS),
    ] {
        negotiated.set_family(FamilyTerms::plain(Family { afi, safi }));
    }
    negotiated
}

/// Decodes every message and visits every value; returns what was seen and how many messages were refused.
pub fn corpus(corpus: &Corpus, negotiated: &Negotiated) -> (Tally, usize) {
    let (mut tally, mut refused) = (Tally::default(), 0);
    let mut framer = Framer::new(&corpus.bytes, negotiated.max_message());
    while let Ok(Some(frame)) = framer.next_frame() {
        match &UpdateView::decode(frame.body(), negotiated) {
            Ok(update) => visit_update(update, &mut tally),
            Err(_) => refused += 1,
        }
    }
    (tally, refused)
}

#[inline(always)]
fn visit_update(update: &UpdateView<'_>, tally: &mut Tally) {
    visit_routes(update.withdrawn(), Kind::Withdrawn, tally);
    visit_frequent(&update.frequent(), tally);
    update.others().for_each(|attribute| visit_other(attribute, tally));
    if let Some(hop) = update.next_hop() {
        tally.add(Kind::NextHop, u64::from(u32::from(hop)));
    }
    if let Some(reach) = update.mp_reach() {
        visit_next_hop(reach.next_hop, tally);
        visit_routes(reach.nlri(), Kind::Announced, tally);
    }
    if let Some(unreach) = update.mp_unreach() {
        visit_routes(unreach.nlri(), Kind::Withdrawn, tally);
    }
    visit_routes(update.nlri(), Kind::Announced, tally);
}

#[inline(always)]
fn visit_frequent(frequent: &Frequent<'_>, tally: &mut Tally) {
    if let Some(origin) = frequent.origin {
        tally.add(Kind::Origin, origin as u64);
    }
    if let Some(path) = frequent.as_path {
        for segment in path.segments() {
            segment.asns().for_each(|number| tally.add(Kind::AsPath, u64::from(number)));
        }
    }
    if let Some(metric) = frequent.med {
        tally.add(Kind::Med, u64::from(metric));
    }
    if let Some(preference) = frequent.local_pref {
        tally.add(Kind::LocalPref, u64::from(preference));
    }
    if frequent.atomic_aggregate {
        tally.add(Kind::AtomicAggregate, 1);
    }
    if let Some(by) = frequent.aggregator {
        tally.add(Kind::Aggregator, u64::from(by.asn) << 32 | u64::from(u32::from(by.address)));
    }
    if let Some(list) = frequent.communities {
        list.iter().for_each(|community| tally.add(Kind::Community, u64::from(community.0)));
    }
    if let Some(list) = frequent.extended_communities {
        list.iter().for_each(|community| tally.add(Kind::ExtendedCommunity, u64::from_be_bytes(community.0)));
    }
    if let Some(list) = frequent.large_communities {
        list.iter().for_each(|c| tally.large_community(c.global, c.local1, c.local2));
    }
}

/// Of other attributes the corpora hold that of BGP-LS alone.
#[inline(never)]
fn visit_other(attribute: AttributeView<'_>, tally: &mut Tally) {
    if let AttributeView::BgpLs(attribute) = attribute {
        attribute.tlvs().for_each(|tlv| tally.add(Kind::LinkStateTlv, u64::from(black_box(tlv).0)));
    }
}

fn visit_link_state(route: BgpLsFields<'_>, tally: &mut Tally) {
    let BgpLsFields::Element { kind, descriptors, .. } = route else { return };
    tally.add(Kind::LinkState, u64::from(kind));
    for (kind, value) in descriptors {
        // The descriptors of a node hold further ones.
        match kind {
            256 | 257 => Tlvs::new(value).for_each(|descriptor| _ = black_box(descriptor)),
            _ => _ = black_box(value),
        }
    }
}

fn visit_next_hop(hop: Option<NextHop>, tally: &mut Tally) {
    match hop {
        Some(NextHop::V4(hop)) => tally.address(Kind::NextHop, IpAddr::V4(hop)),
        Some(NextHop::V6(hop)) => tally.address6(Kind::NextHop, hop.into()),
        Some(NextHop::V6LinkLocal(hop, local)) => {
            tally.address6(Kind::NextHop, hop.into());
            tally.address6(Kind::NextHop, local.into());
        }
        None => {}
    }
}

#[inline(always)]
fn visit_routes(routes: Routes<'_>, kind: Kind, tally: &mut Tally) {
    if let Some(prefixes) = routes.ipv4() {
        prefixes.for_each(|prefix| tally.prefix4(kind, prefix.address().into(), prefix.length()));
    } else if let Some(prefixes) = routes.ipv6() {
        prefixes.for_each(|prefix| tally.prefix6(kind, prefix.address().into(), prefix.length()));
    } else {
        visit_others(routes, kind, tally);
    }
}

#[inline(never)]
fn visit_others(routes: Routes<'_>, kind: Kind, tally: &mut Tally) {
    routes.for_each(|route| visit_nlri(route.nlri, kind, tally));
}

#[inline]
fn visit_nlri(nlri: NlriView<'_>, kind: Kind, tally: &mut Tally) {
    match nlri {
        NlriView::Unicast(prefix) => visit_prefix(prefix, kind, tally),
        NlriView::Vpn(route) => {
            route.labels.iter().for_each(|label| tally.add(Kind::Label, u64::from(label.value())));
            tally.add(Kind::Distinguisher, u64::from_be_bytes(route.rd.0));
            visit_prefix(route.prefix, kind, tally);
        }
        NlriView::Flow(rule) => {
            rule.components().for_each(|component| {
                tally.add(Kind::FlowComponent, u64::from(black_box(component).kind().0));
            });
        }
        NlriView::Evpn(route) => visit_evpn(&black_box(route.fields()), tally),
        NlriView::BgpLs(route) => visit_link_state(black_box(route.fields()), tally),
        _ => {}
    }
}

fn visit_evpn(route: &EvpnFields<'_>, tally: &mut Tally) {
    let (kind, distinguisher, label) = match route {
        EvpnFields::MacIp { distinguisher, label, .. } => (2, distinguisher, Some(label)),
        EvpnFields::InclusiveMulticast { distinguisher, .. } => (3, distinguisher, None),
        EvpnFields::IpPrefix { distinguisher, label, .. } => (5, distinguisher, Some(label)),
        _ => return,
    };
    tally.add(Kind::Evpn, kind);
    tally.add(Kind::Distinguisher, u64::from_be_bytes(distinguisher.0));
    label.into_iter().for_each(|label| tally.add(Kind::Label, u64::from(label.value())));
}

fn visit_prefix(prefix: Prefix, kind: Kind, tally: &mut Tally) {
    match prefix {
        Prefix::V4(prefix) => tally.prefix4(kind, prefix.address().into(), prefix.length()),
        Prefix::V6(prefix) => tally.prefix6(kind, prefix.address().into(), prefix.length()),
    }
}
