//! UPDATEs from bytes to routes and back, and what errors in them come to (RFC 7606).

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::net::{IpAddr, Ipv4Addr};

use holdtime_core::wire::attribute::AttributeView;
use holdtime_core::wire::frame::HEADER;
use holdtime_core::wire::{
    Family, FamilyTerms, Negotiated, NlriView, Prefix, Treatment, Update, UpdateView, WireError, Writer,
};

/// An external session with IPv4 and IPv6 unicast and AS numbers of four octets.
fn external() -> Negotiated {
    session(65_001, &[Family::IPV4_UNICAST, Family::IPV6_UNICAST])
}

fn internal() -> Negotiated {
    session(65_000, &[Family::IPV4_UNICAST, Family::IPV6_UNICAST])
}

fn session(peer_as: u32, families: &[Family]) -> Negotiated {
    let mut negotiated = Negotiated::between(65_000, peer_as);
    negotiated.asn4 = true;
    families.iter().for_each(|family| negotiated.set_family(FamilyTerms::plain(*family)));
    negotiated
}

/// The body of an UPDATE without withdrawn routes.
fn body(attributes: &[&[u8]], nlri: &[u8]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    [&[0, 0][..], &length, &attributes, nlri].concat()
}

const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 10, 0, 0, 1];
const PREFIX: &[u8] = &[24, 192, 0, 2];

fn re_encode(view: &UpdateView<'_>, negotiated: &Negotiated) -> Vec<u8> {
    let mut buffer = [0; 4096];
    let mut out = Writer::new(&mut buffer);
    Update::from(view).encode(negotiated, &mut out).unwrap();
    out.written().to_vec()
}

/// What the worst problem comes to, and the subcode a NOTIFICATION would have.
fn outcome(body: &[u8], negotiated: &Negotiated) -> Result<Option<(Treatment, u8)>, WireError> {
    let view = UpdateView::decode(body, negotiated)?;
    Ok(view.problem().map(|problem| (problem.treatment, problem.error.subcode)))
}

#[test]
fn a_plain_update_is_decoded_and_encoded_to_the_same_bytes() {
    let negotiated = external();
    let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, &[0x80, 4, 4, 0, 0, 0, 5]], PREFIX);
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert!(view.problem().is_none());
    assert_eq!(view.next_hop(), Some(Ipv4Addr::new(10, 0, 0, 1)));
    let prefixes: Vec<_> = view
        .nlri()
        .map(|route| match route.nlri {
            NlriView::Unicast(prefix) => prefix,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(prefixes, [Prefix::new(IpAddr::from([192, 0, 2, 0]), 24).unwrap()]);
    assert!(view.attributes().any(|attribute| matches!(attribute, AttributeView::Med(5))));
    assert_eq!(re_encode(&view, &negotiated), body);
}

#[test]
fn ipv6_routes_travel_in_mp_reach() {
    let negotiated = external();
    let mut reach = vec![0x80, 14, 0, 0, 2, 1, 16];
    reach.extend("2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
    reach.extend([0, 32, 0x20, 0x01, 0x0d, 0xb8, 48, 0x20, 0x01, 0x0d, 0xb8, 0, 1]);
    reach[2] = u8::try_from(reach.len() - 3).unwrap();
    let body = body(&[ORIGIN, AS_PATH, &reach], &[]);
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert!(view.problem().is_none());
    assert_eq!(view.mp_reach().unwrap().nlri().count(), 2);
    assert_eq!(re_encode(&view, &negotiated), body);
}

#[test]
fn routes_of_a_family_that_was_not_negotiated_are_ignored_but_kept() {
    let negotiated = session(65_001, &[Family::IPV4_UNICAST]);
    let reach = [0x80, 14, 10, 0, 2, 1, 1, 9, 0, 255, 255, 255, 255];
    let body = body(&[ORIGIN, AS_PATH, &reach], &[]);
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert_eq!(view.mp_reach().unwrap().nlri().count(), 0);
    assert_eq!(re_encode(&view, &negotiated), body);
}

#[test]
fn end_of_rib_is_an_update_that_says_nothing_or_withdraws_nothing() {
    let negotiated = external();
    assert_eq!(
        UpdateView::decode(&[0, 0, 0, 0], &negotiated).unwrap().end_of_rib(),
        Some(Family::IPV4_UNICAST)
    );
    let mut buffer = [0; 64];
    let mut out = Writer::new(&mut buffer);
    Update::end_of_rib(Family::IPV6_UNICAST).encode(&negotiated, &mut out).unwrap();
    assert_eq!(out.written(), [0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]);
    assert_eq!(
        UpdateView::decode(out.written(), &negotiated).unwrap().end_of_rib(),
        Some(Family::IPV6_UNICAST)
    );
}

#[test]
fn lengths_that_do_not_fit_the_message_end_the_session() {
    for body in [
        &[][..],
        &[0],
        &[0, 0],
        &[0, 0, 0],
        &[0, 1, 0, 0],
        &[0, 0, 0, 1],
        &[0xff, 0xff, 0, 0],
        &[0, 0, 0xff, 0xff],
    ] {
        let error = UpdateView::decode(body, &external()).unwrap_err();
        assert_eq!((error.code, error.subcode), (3, 1), "{body:?}");
    }
}

#[test]
fn an_error_names_the_attribute_to_blame() {
    let bad = [0x40, 1, 1, 9];
    let body = body(&[&bad, AS_PATH, NEXT_HOP], PREFIX);
    let negotiated = external();
    let problem = UpdateView::decode(&body, &negotiated).unwrap().problem().unwrap();
    let message = [&[0xff; HEADER][..], &body].concat();
    assert_eq!(*problem.error.notification(&message).data, bad);
    assert_eq!(problem.error.offset, HEADER + 4 + 3);
    assert_eq!(problem.clause, "RFC 7606 §7.1");
}

#[test]
fn every_malformed_attribute_is_treated_as_its_clause_says() {
    use Treatment::{Discard, Withdraw};
    let cases: &[(&str, &[u8], Treatment, u8)] = &[
        ("MED of three octets", &[0x80, 4, 3, 0, 0, 5], Withdraw, 5),
        ("LOCAL_PREF of three octets", &[0x40, 5, 3, 0, 0, 5], Withdraw, 5),
        ("ATOMIC_AGGREGATE with a value", &[0x40, 6, 1, 0], Discard, 5),
        ("AGGREGATOR of six octets between four-octet speakers", &[0xc0, 7, 6, 0, 1, 1, 1, 1, 1], Discard, 5),
        ("AGGREGATOR with AS 0", &[0xc0, 7, 8, 0, 0, 0, 0, 1, 1, 1, 1], Discard, 9),
        ("COMMUNITIES of no octets", &[0xc0, 8, 0], Withdraw, 5),
        ("COMMUNITIES of five octets", &[0xc0, 8, 5, 0, 0, 0, 0, 0], Withdraw, 5),
        ("ORIGINATOR_ID of three octets", &[0x80, 9, 3, 1, 1, 1], Withdraw, 5),
        ("CLUSTER_LIST of no octets", &[0x80, 10, 0], Withdraw, 5),
        ("EXTENDED_COMMUNITIES of four octets", &[0xc0, 16, 4, 0, 2, 0, 0], Withdraw, 5),
        ("AS4_PATH with an unknown segment", &[0xc0, 17, 6, 9, 1, 0, 0, 0, 1], Discard, 9),
        ("AS4_AGGREGATOR of six octets", &[0xc0, 18, 6, 0, 1, 1, 1, 1, 1], Discard, 5),
        ("PMSI_TUNNEL of four octets", &[0xc0, 22, 4, 0, 6, 0, 0], Withdraw, 5),
        ("TUNNEL_ENCAPSULATION longer than its TLV", &[0xc0, 23, 5, 0, 13, 0, 9, 0], Withdraw, 5),
        ("IPv6 extended community of eight octets", &[0xc0, 25, 8, 0, 2, 0, 0, 0, 0, 0, 0], Withdraw, 5),
        ("AIGP that ends inside its metric", &[0x80, 26, 5, 1, 0, 11, 0, 0], Discard, 5),
        ("BGP-LS TLV longer than the attribute", &[0x80, 29, 4, 4, 0, 0, 9], Discard, 5),
        ("LARGE_COMMUNITY of eleven octets", &[0xc0, 32, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Withdraw, 5),
        ("ONLY_TO_CUSTOMER of five octets", &[0xc0, 35, 5, 0, 0, 0, 0, 1], Withdraw, 5),
        ("PREFIX_SID TLV longer than the attribute", &[0xc0, 40, 3, 1, 0, 7], Discard, 5),
        ("ATTR_SET that ends inside an attribute", &[0xc0, 128, 7, 0, 0, 0, 1, 0x40, 1, 1], Withdraw, 5),
        ("COMMUNITIES that are not optional", &[0x40, 8, 4, 0, 1, 0, 1], Withdraw, 4),
        ("ORIGIN a second time", ORIGIN, Discard, 1),
        ("an attribute that runs over the end", &[0xc0, 8, 40, 0, 0, 0, 0], Withdraw, 1),
        ("an octet after the last attribute", &[0], Withdraw, 1),
    ];
    for (name, attribute, treatment, subcode) in cases {
        // An internal peer must say LOCAL_PREF, once.
        let local_pref: &[u8] = if attribute.get(1) == Some(&5) { &[] } else { &[0x40, 5, 4, 0, 0, 0, 100] };
        let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, local_pref, attribute], PREFIX);
        assert_eq!(outcome(&body, &internal()), Ok(Some((*treatment, *subcode))), "{name}");
    }
}
