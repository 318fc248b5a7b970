//! What is built, encoded and decoded is what was built, whatever it is.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdtime_core::wire::update::{PathAttribute, PathAttributeValue};
use holdtime_core::wire::{
    Aggregator, AsPath, AsSegment, AsSegmentKind, Attribute, Community, ExtendedCommunity, Family,
    FamilyTerms, Framer, LargeCommunity, Message, MessageView, MpReach, MpUnreach, Negotiated, NextHop, Nlri,
    NlriList, Origin, PathNlri, Prefix, Update, Writer,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn path() -> impl Strategy<Value = AsPath> {
    let kind = prop_oneof![Just(AsSegmentKind::Sequence), Just(AsSegmentKind::Set)];
    let segment =
        (kind, vec(1..=u32::from(u16::MAX), 1..20)).prop_map(|(kind, asns)| AsSegment { kind, asns });
    vec(segment, 0..4).prop_map(|segments| AsPath { segments })
}

/// Some of the attributes, in the order of their codes.
fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let origin = prop_oneof![Just(Origin::Igp), Just(Origin::Egp), Just(Origin::Incomplete)];
    let aggregator = (1..=u32::from(u16::MAX), any::<u32>())
        .prop_map(|(asn, address)| Aggregator { asn, address: address.into() });
    let communities = vec(any::<u32>().prop_map(Community), 1..100);
    let extended = vec(any::<[u8; 8]>().prop_map(ExtendedCommunity), 1..20);
    let large = vec(
        any::<[u32; 3]>().prop_map(|[global, local1, local2]| LargeCommunity { global, local1, local2 }),
        1..40,
    );
    (
        (origin, path(), option::of(any::<u32>()), any::<u32>(), any::<bool>()),
        (option::of(aggregator), option::of(communities), option::of(extended), option::of(large)),
    )
        .prop_map(
            |((origin, path, med, preference, atomic), (aggregator, communities, extended, large))| {
                let always = [Some(Attribute::Origin(origin)), Some(Attribute::AsPath(path))];
                let sometimes = [
                    med.map(Attribute::Med),
                    Some(Attribute::LocalPref(preference)),
                    atomic.then_some(Attribute::AtomicAggregate),
                    aggregator.map(Attribute::Aggregator),
                    communities.map(Attribute::Communities),
                    extended.map(Attribute::ExtendedCommunities),
                    large.map(Attribute::LargeCommunities),
                ];
                always.into_iter().chain(sometimes).flatten().collect()
            },
        )
}

fn ipv4() -> impl Strategy<Value = Nlri> {
    (any::<u32>(), 0..=32_u8)
        .prop_map(|(address, length)| Prefix::new(IpAddr::V4(address.into()), length).unwrap())
        .prop_map(Nlri::Unicast)
}

fn ipv6() -> impl Strategy<Value = Nlri> {
    (any::<u128>(), 0..=128_u8)
        .prop_map(|(address, length)| Prefix::new(IpAddr::V6(address.into()), length).unwrap())
        .prop_map(Nlri::Unicast)
}

fn with_paths(nlri: Vec<Nlri>, add_path: bool) -> NlriList {
    let path_id = |at: usize| add_path.then(|| u32::try_from(at).unwrap());
    nlri.into_iter().enumerate().map(|(at, nlri)| PathNlri { path_id: path_id(at), nlri }).collect()
}

fn session(asn4: bool, add_path: bool) -> Negotiated {
    let mut negotiated = Negotiated::between(65_000, 65_000);
    (negotiated.asn4, negotiated.extended_message) = (asn4, true);
    for family in [Family::IPV4_UNICAST, Family::IPV6_UNICAST] {
        let plain = FamilyTerms::plain(family);
        negotiated.set_family(FamilyTerms { add_path_receive: add_path, add_path_send: add_path, ..plain });
    }
    negotiated
}

proptest! {
    #![proptest_config(crate::seed::config())]

    #[test]
    fn an_update_is_decoded_as_it_was_encoded(
        attributes in attributes(),
        (withdrawn, nlri) in (vec(ipv4(), 0..20), vec(ipv4(), 0..20)),
        (gone, new) in (vec(ipv6(), 0..20), vec(ipv6(), 0..20)),
        (hop, link_local) in (1..0xe000_0000_u32, option::of(any::<u128>())),
        (asn4, add_path) in any::<(bool, bool)>(),
    ) {
        let family = Family::IPV6_UNICAST;
        let global = Ipv6Addr::LOCALHOST;
        let next_hop = link_local.map_or(NextHop::V6(global), |local| NextHop::V6LinkLocal(global, local.into()));
        let values = attributes.into_iter().map(PathAttributeValue::Route).chain([
            PathAttributeValue::NextHop(Ipv4Addr::from(hop)),
            PathAttributeValue::MpReach(Box::new(MpReach { family, next_hop: Some(next_hop), nlri: with_paths(new, add_path) })),
            PathAttributeValue::MpUnreach(Box::new(MpUnreach { family, nlri: with_paths(gone, add_path) })),
        ]);
        let update = Update {
            withdrawn: with_paths(withdrawn, add_path),
            attributes: values.map(PathAttribute::from).collect(),
            nlri: with_paths(nlri, add_path),
        };
        let negotiated = session(asn4, add_path);
        let message = Message::Update(update);
        let mut buffer = [0; 65_535];
        let mut out = Writer::new(&mut buffer);
        message.encode(&negotiated, &mut out).unwrap();
        let frame = Framer::new(out.written(), 65_535).next_frame().unwrap().unwrap();
        let view = MessageView::decode(frame, &negotiated).unwrap();
        if let MessageView::Update(update) = &view {
            prop_assert!(update.problem().is_none(), "{:?}", update.problem());
        }
        let decoded = Message::from(view);
        // A value of more than 255 octets is sent, and comes back, with the flag that says so.
        prop_assert_eq!(without_lengths(decoded), message);
    }

    #[test]
    fn no_octets_at_all_make_the_decoder_panic(octets in vec(any::<u8>(), 0..200), asn4 in any::<bool>()) {
        let negotiated = session(asn4, false);
        let length = u16::try_from(19 + octets.len()).unwrap().to_be_bytes();
        for kind in 1..=7 {
            let message = [&[0xff; 16][..], &length, &[kind], &octets].concat();
            let Ok(Some(frame)) = Framer::new(&message, 4096).next_frame() else { continue };
            match MessageView::decode(frame, &negotiated) {
                Ok(view) => drop(Message::from(view)),
                Err(error) => prop_assert!(error.notification(&message).data.len() <= message.len()),
            }
        }
    }
}

fn without_lengths(message: Message) -> Message {
    let Message::Update(mut update) = message else { return message };
    update.attributes.iter_mut().for_each(|attribute| attribute.flags.0 &= !0x10);
    Message::Update(update)
}
