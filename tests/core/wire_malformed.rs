//! Lengths, counts and values that disagree with what holds them, shape by shape: each is answered as its clause says. Those of one
//! attribute or one family stand beside its parser; `src/fuzzing/guard.rs` goes through all of them without asking for the answer.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use holdtime_core::wire::attribute::AttributeView;
use holdtime_core::wire::{
    AsPath, Attribute, Capability, Family, FamilyTerms, Negotiated, Notification, Open, Reader, Treatment,
    Update, UpdateView, Writer,
};

const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 10, 0, 0, 1];
const PREFIX: &[u8] = &[24, 192, 0, 2];

fn external() -> Negotiated {
    let mut negotiated = Negotiated::between(65_000, 65_001);
    negotiated.asn4 = true;
    [Family::IPV4_UNICAST, Family::IPV6_UNICAST]
        .into_iter()
        .for_each(|family| negotiated.set_family(FamilyTerms::plain(family)));
    negotiated
}

/// Between speakers of which one knows AS numbers of two octets only.
fn two_octets() -> Negotiated {
    let mut negotiated = external();
    negotiated.asn4 = false;
    negotiated
}

fn body(attributes: &[&[u8]], nlri: &[u8]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
    [&[0, 0][..], &length, &attributes, nlri].concat()
}

/// What the message comes to: `None` where nothing is wrong.
fn treatment(body: &[u8], negotiated: &Negotiated) -> Option<Treatment> {
    match UpdateView::decode(body, negotiated) {
        Ok(view) => view.problem().map(|problem| problem.treatment),
        Err(_) => Some(Treatment::Reset),
    }
}

fn capability(code: u8, value: &[u8]) -> bool {
    Capability::parse(code, Reader::new(value, 0)).is_ok()
}

#[test]
fn a_long_lived_restart_capability_of_a_bad_length_is_refused() {
    for length in [1, 2, 3, 4, 5, 6, 8, 13] {
        assert!(!capability(71, &vec![0; length]), "{length} octets");
    }
}

#[test]
fn nlri_without_attributes_are_withdrawn() {
    assert_eq!(treatment(&body(&[], PREFIX), &external()), Some(Treatment::Withdraw));
}

#[test]
fn a_malformed_mp_reach_disables_its_family_or_ends_the_session() {
    let cases: &[(&[u8], Treatment)] = &[
        (&[0x80, 14, 0], Treatment::Reset),
        (&[0x80, 14, 2, 0, 2], Treatment::Reset),
        (&[0x80, 14, 3, 0, 2, 1], Treatment::Disable),
        (&[0x80, 14, 4, 0, 2, 1, 16], Treatment::Disable),
        (&[0x80, 14, 5, 0, 2, 1, 0, 0], Treatment::Disable),
        (&[0x80, 14, 9, 0, 2, 1, 4, 10, 0, 0, 1, 0], Treatment::Disable),
    ];
    for (reach, expected) in cases {
        let body = body(&[ORIGIN, AS_PATH, reach], &[]);
        assert_eq!(treatment(&body, &external()), Some(*expected), "{reach:?}");
    }
}

#[test]
fn routes_with_only_an_unknown_attribute_are_withdrawn() {
    let unknown = [0xc0, 200, 2, 1, 2];
    assert_eq!(treatment(&body(&[&unknown], PREFIX), &external()), Some(Treatment::Withdraw));
    assert_eq!(treatment(&body(&[&unknown], &[]), &external()), None, "there is nothing to withdraw");
}

#[test]
fn mp_unreach_does_not_stand_for_the_attributes_that_nlri_need() {
    let unreach = [0x80, 15, 3, 0, 2, 1];
    assert_eq!(treatment(&body(&[&unreach], PREFIX), &external()), Some(Treatment::Withdraw));
}

#[test]
fn an_end_of_rib_that_is_cut_short_is_none() {
    let negotiated = external();
    for unreach in [&[0x80, 15, 0][..], &[0x80, 15, 2, 0, 2]] {
        assert_eq!(treatment(&body(&[unreach], &[]), &negotiated), Some(Treatment::Reset), "{unreach:?}");
    }
    let with_more = body(&[ORIGIN, &[0x80, 15, 3, 0, 2, 1]], &[]);
    assert_eq!(UpdateView::decode(&with_more, &negotiated).unwrap().end_of_rib(), None);
}

#[test]
fn capabilities_of_no_octets_still_advance() {
    // Only type and length, again and again: the decoder takes each once and ends.
    let capabilities = [0; 254];
    let open = [&[4, 0xfd, 0xe9, 0, 90, 1, 2, 3, 4, 254, 2, 252][..], &capabilities[..252]].concat();
    assert_eq!(Open::decode(&open).unwrap().capabilities().count(), 126);
}

#[test]
fn a_software_version_of_a_wrong_length_is_refused() {
    assert!(!capability(75, &[]), "not even a length");
    assert!(!capability(75, &[200, b'v', b'1']), "longer than its capability");
    assert!(!capability(75, &[1, b'v', b'1']), "shorter than its capability");
    assert!(capability(75, &[0]), "an empty one is one");
}

#[test]
fn a_next_hop_that_is_no_address_withdraws() {
    let cases: &[&[u8]] = &[
        &[0x40, 3, 0],
        &[0x40, 3, 3, 10, 0, 0],
        &[0x40, 3, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0x40, 3, 4, 0, 0, 0, 0],
        &[0x40, 3, 4, 224, 0, 0, 1],
        &[0x40, 3, 4, 255, 255, 255, 255],
    ];
    for next_hop in cases {
        let body = body(&[ORIGIN, AS_PATH, next_hop], PREFIX);
        assert_eq!(treatment(&body, &external()), Some(Treatment::Withdraw), "{next_hop:?}");
    }
}

#[test]
fn an_invalid_as4_path_before_as_path_is_discarded() {
    let (as4_path, as_path) = ([0xc0, 17, 3, 2, 9, 0], [0x40, 2, 4, 2, 1, 0xfd, 0xe9]);
    let body = body(&[ORIGIN, &as4_path, &as_path, NEXT_HOP], PREFIX);
    let negotiated = two_octets();
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert_eq!(view.problem().map(|problem| problem.treatment), Some(Treatment::Discard));
    assert_eq!(view.route_attributes().as_path(), Some(&AsPath::sequence([65_001])));
    assert!(!view.attributes().any(|attribute| matches!(attribute, AttributeView::As4Path(_))));
}

#[test]
fn an_ipv6_extended_community_that_is_too_short_withdraws() {
    for length in [1_u8, 8, 19, 21] {
        let attribute = [&[0xc0, 25, length][..], &vec![0; usize::from(length)]].concat();
        let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, &attribute], PREFIX);
        assert_eq!(treatment(&body, &external()), Some(Treatment::Withdraw), "{length} octets");
    }
}

#[test]
fn lengths_that_add_up_to_more_than_the_message_end_the_session() {
    for body in [&[0xff, 0xff, 0, 0][..], &[0, 3, 0, 0], &[0, 0, 0xff, 0xff], &[0, 0, 0, 1], &[0, 2, 0, 0, 0]]
    {
        assert_eq!(treatment(body, &external()), Some(Treatment::Reset), "{body:?}");
    }
}

#[test]
fn a_confederation_peers_as_path_of_no_octets_is_empty_and_one_with_an_empty_segment_withdraws() {
    let negotiated = external();
    assert_eq!(treatment(&body(&[ORIGIN, &[0x40, 2, 0], NEXT_HOP], PREFIX), &negotiated), None);
    let empty_segment = [0x40, 2, 2, 3, 0];
    let body = body(&[ORIGIN, &empty_segment, NEXT_HOP], PREFIX);
    assert_eq!(treatment(&body, &negotiated), Some(Treatment::Withdraw));
}

#[test]
fn an_attribute_longer_than_its_field_withdraws_and_does_not_reset() {
    let long = [0xd0, 8, 0x10, 0, 0, 1, 0, 1];
    assert_eq!(
        treatment(&body(&[ORIGIN, AS_PATH, NEXT_HOP, &long], PREFIX), &external()),
        Some(Treatment::Withdraw)
    );
}

#[test]
fn an_unknown_transitive_attribute_passes_whole_whatever_is_in_it() {
    let corrupt = [0xe0, 28, 5, 0xff, 0xff, 0xff, 0xff, 0xff];
    let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, &corrupt], PREFIX);
    let negotiated = external();
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert!(view.problem().is_none());
    let kept = view.others().map(Attribute::from).find(|attribute| attribute.code().0 == 28).unwrap();
    let Attribute::Unknown(kept) = kept else { unreachable!("28 has no parser") };
    assert_eq!(*kept.value, [0xff; 5]);
    assert_eq!(kept.passed_on().unwrap().flags.0, 0xe0);
}

#[test]
fn a_long_path_of_four_octet_numbers_fits_a_neighbor_with_two() {
    let path = AsPath::sequence(vec![4_200_000_000; 700]);
    let mut buffer = vec![0; 4096];
    let mut out = Writer::new(&mut buffer);
    Attribute::AsPath(path).encode(false, &mut out).unwrap();
    let body = body(&[ORIGIN, out.written(), NEXT_HOP], PREFIX);
    let negotiated = two_octets();
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert!(view.problem().is_none());
    assert_eq!(view.route_attributes().as_path().unwrap().asns().filter(|asn| *asn == 23_456).count(), 700);
}

#[test]
fn a_confederation_of_255_ases_is_read_from_inside_and_refused_from_outside() {
    let segment = [&[3, 255][..], &[0, 0, 0xfd, 0xe9].repeat(255)].concat();
    let length = u16::try_from(segment.len()).unwrap().to_be_bytes();
    let as_path = [&[0x50, 2][..], &length, &segment].concat();
    let local_pref = [0x40, 5, 4, 0, 0, 0, 100];
    let body = body(&[ORIGIN, &as_path, NEXT_HOP, &local_pref], PREFIX);
    assert_eq!(treatment(&body, &external()), Some(Treatment::Withdraw));
    let mut inside = external();
    inside.peer_as = inside.local_as;
    let view = UpdateView::decode(&body, &inside).unwrap();
    assert!(view.problem().is_none());
    let mut buffer = [0; 4096];
    let mut out = Writer::new(&mut buffer);
    Update::from(&view).encode(&inside, &mut out).unwrap();
    assert_eq!(out.written(), body);
}

fn parses_open(parameters: &[u8]) -> bool {
    Open::decode(&[&[4, 0xfd, 0xe9, 0, 90, 1, 2, 3, 4][..], parameters].concat()).is_ok()
}

#[test]
fn an_open_cut_short_in_its_parameters_is_refused() {
    for parameters in [&[][..], &[1], &[255, 255, 0], &[255, 255, 0, 2, 2, 0], &[4, 2, 2, 65, 4], &[2, 255]] {
        assert!(!parses_open(parameters), "{parameters:?}");
    }
}

#[test]
fn a_capability_of_length_0_does_not_read_into_the_next() {
    assert!(!parses_open(&[10, 2, 8, 1, 0, 65, 4, 0, 0, 0xfd, 0xe8]), "multiprotocol needs a family");
    assert!(parses_open(&[10, 2, 8, 2, 0, 65, 4, 0, 0, 0xfd, 0xe8]), "route refresh needs nothing");
}

#[test]
fn a_corrupt_tunnel_attribute_withdraws() {
    for corrupt in [&[0xc0, 23, 5, 0, 8, 0, 200, 1][..], &[0xc0, 23, 4, 0, 8, 255, 255], &[0xc0, 23, 1, 0]] {
        let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, corrupt], PREFIX);
        assert_eq!(treatment(&body, &external()), Some(Treatment::Withdraw), "{corrupt:?}");
    }
}

#[test]
fn a_malformed_prefix_sid_is_discarded() {
    for corrupt in [&[0xc0, 40, 5, 1, 0, 7, 0, 0][..], &[0xc0, 40, 3, 3, 0, 0], &[0xc0, 40, 2, 1, 0]] {
        let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, corrupt], PREFIX);
        assert_eq!(treatment(&body, &external()), Some(Treatment::Discard), "{corrupt:?}");
    }
}

#[test]
fn a_flow_operator_chain_without_an_end_disables_its_family() {
    let flow = Family::new(holdtime_core::wire::Afi::IPV4, holdtime_core::wire::Safi::FLOW);
    let mut negotiated = external();
    negotiated.set_family(FamilyTerms::plain(flow));
    // Protocol is 6, and a term follows: there is none. Then the same with an operator alone.
    for rule in [&[3, 3, 0x01, 6][..], &[4, 3, 0x01, 6, 0x81]] {
        let length = u8::try_from(5 + rule.len()).unwrap();
        let reach = [&[0x80, 14, length, 0, 1, 133, 0, 0], rule].concat();
        let body = body(&[ORIGIN, AS_PATH, &reach], &[]);
        assert_eq!(treatment(&body, &negotiated), Some(Treatment::Disable), "{rule:?}");
    }
}

#[test]
fn unknown_sub_tlvs_of_an_srv6_service_are_stepped_over_even_where_they_have_no_octets() {
    // A service with one, then many, sub-TLVs of a type that nobody knows and of length zero.
    for count in [1_u8, 60] {
        let sub_tlvs = [99, 0, 0].repeat(usize::from(count));
        let length = 1 + 3 * count;
        let service = [&[0xc0, 40, 3 + length, 5, 0, length, 0][..], &sub_tlvs].concat();
        let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, &service], PREFIX);
        assert_eq!(treatment(&body, &external()), None, "{count} sub-TLVs");
    }
    // The same inside of the information on a SID, where sub-sub-TLVs stand.
    let inner = [&[1, 0, 27][..], &[0; 21], &[99, 0, 0, 98, 0, 0]].concat();
    let service = [&[0xc0, 40, 34, 5, 0, 31, 0][..], &inner].concat();
    let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, &service], PREFIX);
    assert_eq!(treatment(&body, &external()), None);
}

#[test]
fn a_notification_whose_text_runs_past_its_end_has_no_text() {
    let cut = Notification::decode(&[6, 2, 200, b'x']).unwrap();
    assert_eq!(cut.text(), None);
    assert!(Notification::decode(&[6]).is_err());
}

#[test]
fn only_to_customer_of_1024_octets_withdraws_and_is_never_sent_longer_than_four() {
    let long = [&[0xd0, 35, 4, 0][..], &[0; 1024]].concat();
    let received = body(&[ORIGIN, AS_PATH, NEXT_HOP, &long], PREFIX);
    assert_eq!(treatment(&received, &external()), Some(Treatment::Withdraw));
    // The length is what 1,024 looks like where its field has one octet more than it should.
    let shifted = body(&[ORIGIN, AS_PATH, NEXT_HOP, &[0xd0, 35, 4, 0, 0, 0, 0, 1]], PREFIX);
    assert_eq!(treatment(&shifted, &external()), Some(Treatment::Withdraw));
    // One of four octets that came with a length of two is sent as it came: the length still says four.
    let extended = [0xd0, 35, 0, 4, 0, 0, 0xfd, 0xe9];
    let body = body(&[ORIGIN, AS_PATH, NEXT_HOP, &extended], PREFIX);
    let negotiated = external();
    let view = UpdateView::decode(&body, &negotiated).unwrap();
    assert!(view.problem().is_none());
    let mut buffer = [0; 4096];
    let mut out = Writer::new(&mut buffer);
    Update::from(&view).encode(&negotiated, &mut out).unwrap();
    assert_eq!(out.written(), body);
}
