//! What an error in an UPDATE comes to where it is not treat-as-withdraw, or where it takes more than one attribute to say so: a test
//! for each clause. What is wrong inside of one attribute stands beside its parser.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_core::wire::{
    Afi, Attribute, AttributeCode, Family, FamilyTerms, Negotiated, NextHop, Safi, Treatment, UpdateView,
};

const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 10, 0, 0, 1];
const PREFIX: &[u8] = &[24, 192, 0, 2];
/// A MED of three octets.
const SHORT_MED: &[u8] = &[0x80, 4, 3, 0, 0, 1];

fn external() -> Negotiated {
    let mut negotiated = Negotiated::between(65_000, 65_001);
    negotiated.asn4 = true;
    negotiated.set_family(FamilyTerms::plain(Family::IPV4_UNICAST));
    negotiated.set_family(FamilyTerms::plain(Family::IPV6_UNICAST));
    negotiated
}

fn body(attributes: &[&[u8]], nlri: &[u8]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    [&[0, 0][..], &length, &attributes, nlri].concat()
}

/// What becomes of these attributes beside those that every route needs, and by which clause; `None` where nothing is wrong.
fn with_route(attribute: &[u8]) -> Option<(Treatment, &'static str)> {
    let negotiated = external();
    let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, attribute], PREFIX);
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    let dropped = view.attributes().all(|kept| Attribute::from(kept).code() != AttributeCode(attribute[1]));
    let problem = view.problem()?;
    assert!(dropped || problem.treatment != Treatment::Discard, "it was to be dropped");
    Some((problem.treatment, problem.clause))
}

#[test]
fn rfc_7606_3_c_wrong_flags_withdraw_the_routes() {
    assert_eq!(with_route(&[0xc0, 4, 4, 0, 0, 0, 1]), Some((Treatment::Withdraw, "RFC 7606 §3 c")));
}

#[test]
fn rfc_7606_5_3_wrong_flags_of_mp_reach_disable_its_family_or_end_the_session() {
    let negotiated = external();
    let reach = [0xc0, 14, 5, 0, 2, 1, 0, 0];
    let wrong_flags = body(&[ORIGIN, AS_PATH, NEXT_HOP, &reach], PREFIX);
    let view = UpdateView::decode(&wrong_flags, &negotiated).unwrap();
    let problem = view.problem().unwrap();
    assert_eq!((problem.treatment, problem.family), (Treatment::Disable, Some(Family::IPV6_UNICAST)));
    // Of which family it is cannot be read.
    let cut = body(&[ORIGIN, AS_PATH, NEXT_HOP, &[0xc0, 15, 2, 0, 2]], PREFIX);
    assert_eq!(UpdateView::decode(&cut, &negotiated).unwrap_err().subcode, 4);
}

#[test]
fn rfc_7311_3_2_a_transitive_aigp_is_discarded_and_the_route_stays() {
    let aigp = [0xc0, 26, 11, 1, 0, 11, 0, 0, 0, 0, 0, 0, 0, 20];
    assert_eq!(with_route(&aigp), Some((Treatment::Discard, "RFC 7311 §3.2")));
    let without_metric = [0x80, 26, 4, 9, 0, 4, 1];
    assert_eq!(with_route(&without_metric), Some((Treatment::Discard, "RFC 7311 §3.2")));
}

#[test]
fn rfc_7606_5_2_a_fault_in_an_update_that_announces_nothing_ends_the_session() {
    let negotiated = external();
    let nothing = body(&[ORIGIN, AS_PATH, SHORT_MED], &[]);
    let error = UpdateView::decode(&nothing, &negotiated).unwrap_err();
    assert_eq!((error.code, error.subcode), (3, 5));
    let only_withdrawn = body(&[&[0x80, 15, 8, 0, 2, 1, 32, 0x20, 1, 0xd, 0xb8], SHORT_MED], &[]);
    assert!(UpdateView::decode(&only_withdrawn, &negotiated).is_err());
    // What discarding an attribute mends is no reason to doubt the rest.
    let aggregator = body(&[ORIGIN, AS_PATH, &[0xc0, 7, 2, 0, 0]], &[]);
    let view = UpdateView::decode(&aggregator, &negotiated).unwrap();
    assert_eq!(view.problem().unwrap().treatment, Treatment::Discard);
    // And with a route in sight the fault withdraws it.
    assert_eq!(with_route(SHORT_MED), Some((Treatment::Withdraw, "RFC 7606 §7.4")));
}

#[test]
fn rfc_9012_13_a_tunnel_attribute_that_overruns_or_holds_no_tunnel_withdraws() {
    for value in [&[][..], &[0, 8, 0, 5], &[0, 8, 0, 3, 1, 9, 0]] {
        let attribute = [&[0xc0, 23, value.len() as u8], value].concat();
        assert_eq!(with_route(&attribute), Some((Treatment::Withdraw, "RFC 9012 §13")), "{value:?}");
    }
    let unknown = [0xc0, 23, 6, 0xff, 0, 0, 2, 99, 0];
    assert_eq!(with_route(&unknown), None, "what nobody knows is not malformed");
}

#[test]
fn rfc_8669_6_a_malformed_prefix_sid_is_discarded_but_rfc_9252_7_withdraws_for_one_of_a_service() {
    let label_index_of_five = [0xc0, 40, 8, 1, 0, 5, 0, 0, 0, 0, 1];
    assert_eq!(with_route(&label_index_of_five), Some((Treatment::Discard, "RFC 8669 §6")));
    assert_eq!(with_route(&[0xc0, 40, 0]), Some((Treatment::Discard, "RFC 8669 §6")));
    let service_without_octets = [0xc0, 40, 3, 5, 0, 0];
    let service_past_the_end = [0xc0, 40, 4, 6, 0, 9, 0];
    let short_sid = [0xc0, 40, 8, 5, 0, 5, 0, 1, 0, 1, 0];
    for service in [&service_without_octets[..], &service_past_the_end, &short_sid] {
        assert_eq!(with_route(service), Some((Treatment::Withdraw, "RFC 9252 §7")), "{service:?}");
    }
    let label_index_behind_a_service = [0xc0, 40, 8, 5, 0, 1, 0, 1, 0, 1, 0];
    assert_eq!(with_route(&label_index_behind_a_service), Some((Treatment::Discard, "RFC 8669 §6")));
}

#[test]
fn rfc_9552_8_2_2_a_bgp_ls_attribute_whose_tlvs_do_not_fit_is_discarded() {
    assert_eq!(with_route(&[0x80, 29, 5, 4, 0, 0, 2, 1]), Some((Treatment::Discard, "RFC 9552 §8.2.2")));
    let out_of_order = [0x80, 29, 8, 4, 1, 0, 0, 4, 0, 0, 0];
    assert_eq!(with_route(&out_of_order), None, "an order was only recommended");
}

#[test]
fn rfc_6514_5_a_pmsi_tunnel_whose_identifier_is_not_of_its_type_withdraws() {
    let pim_ssm_of_three_octets = [0xc0, 22, 8, 0, 3, 0, 0, 0, 1, 2, 3];
    assert_eq!(with_route(&pim_ssm_of_three_octets), Some((Treatment::Withdraw, "RFC 6514 §5")));
    let ingress_replication = [0xc0, 22, 9, 0, 6, 0, 0, 0, 10, 0, 0, 1];
    assert_eq!(with_route(&ingress_replication), None);
}

#[test]
fn rfc_8950_4_ipv4_routes_have_an_ipv6_next_hop_only_where_both_sides_said_so() {
    let reach = [&[0x80, 14, 23, 0, 1, 1, 16, 0xfd][..], &[0; 15], &[0, 8, 10]].concat();
    let body = body(&[ORIGIN, AS_PATH, &reach], &[]);
    let mut negotiated = external();
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    let problem = view.problem().unwrap();
    assert_eq!((problem.treatment, problem.family), (Treatment::Disable, Some(Family::IPV4_UNICAST)));

    let terms = FamilyTerms::plain(Family::IPV4_UNICAST);
    negotiated.set_family(FamilyTerms { extended_next_hop: Some(Afi::IPV6), ..terms });
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert_eq!(view.problem(), None);
    assert!(matches!(view.mp_reach().unwrap().next_hop, Some(NextHop::V6(_))));

    // A VPN puts a route distinguisher before it: 24 octets.
    let vpn = Family::new(Afi::IPV4, Safi::VPN);
    negotiated.set_family(FamilyTerms { extended_next_hop: Some(Afi::IPV6), ..FamilyTerms::plain(vpn) });
    let route = [112, 0, 6, 0x41, 0, 0, 0xfd, 0xe8, 0, 0, 0, 1, 10, 0, 0];
    let head = [0x80, 14, 44, 0, 1, 128, 24];
    let reach = [&head[..], &[0; 8], &[0xfd], &[0; 15], &[0], &route].concat();
    let body = self::body(&[ORIGIN, AS_PATH, &reach], &[]);
    assert_eq!(UpdateView::decode(&body, &negotiated).unwrap().problem(), None);
}
