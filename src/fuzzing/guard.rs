//! What decoders crash and hang over has one thing in common: a length, a count or a type that disagrees with what holds it. Here each
//! one is made to, in what the generators make, at every level: 0, one less, one more, what is left, the most. Which octets are such
//! fields is not asked: every octet, and every two, are taken for one, so that a field that is added later is not forgotten.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

extern crate std;

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Unstructured};

use super::mutation::Mutator;
use super::{attributes, encode, messages, nlri, session};
use crate::wire::frame::{HEADER, kind};
use crate::wire::{Attribute, AttributeCode as Code, Family, Message, PathNlri};

/// The longest message that is gone through: longer ones hold the same fields again.
const LONGEST: usize = 160;

/// Hands out `octets` with each field wrong from `from` on, and every prefix.
fn each_variation(octets: &[u8], from: usize, mut visit: impl FnMut(&[u8])) {
    for end in from..=octets.len() {
        visit(&octets[..end]);
    }
    let mut varied = octets.to_vec();
    for at in from..octets.len() {
        let (was, left) = (octets[at], (octets.len() - at - 1) as u8);
        for value in [0, was.wrapping_sub(1), was.wrapping_add(1), left, 0xff] {
            varied[at] = value;
            visit(&varied);
        }
        varied[at] = was;
        let Some(&[high, low]) = octets.get(at..at + 2) else { continue };
        let (was, left) = (u16::from_be_bytes([high, low]), (octets.len() - at - 2) as u16);
        for value in [0, was.wrapping_sub(1), was.wrapping_add(1), left, 0xffff] {
            varied[at..at + 2].copy_from_slice(&value.to_be_bytes());
            visit(&varied);
        }
        varied[at..at + 2].copy_from_slice(&[high, low]);
    }
}

/// A value that a generator makes of what this mutator draws.
fn draw<T: for<'a> Arbitrary<'a>>(mutator: &mut Mutator) -> Option<T> {
    let octets: Vec<u8> = (0..600).map(|_| mutator.below(256) as u8).collect();
    T::arbitrary(&mut Unstructured::new(&octets)).ok()
}

/// A message whose header says its length.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let length = (message.len() as u16).to_be_bytes();
    message[16..18].copy_from_slice(&length);
    message
}

/// The decoder of whole messages of this type.
fn of_kind(kind: u8) -> Option<fn(&[u8])> {
    Some(match kind {
        kind::OPEN => messages::open,
        kind::UPDATE => messages::update,
        kind::NOTIFICATION => messages::notification,
        kind::ROUTE_REFRESH => messages::refresh,
        kind::OPERATIONAL => messages::operational,
        _ => return None,
    })
}

#[test]
fn no_field_of_a_message_upsets_a_decoder_when_it_is_wrong() {
    let mut mutator = Mutator::new(9);
    let mut left = [12_usize; 7];
    for _ in 0..20_000 {
        let Some(message) = draw::<Message>(&mut mutator) else { continue };
        let Some(body) = of_kind(message.kind()) else { continue };
        let wanted = &mut left[usize::from(message.kind())];
        let encoded = encode(LONGEST, |out| message.encode(&session(0), out)).unwrap_or_default();
        if *wanted == 0 || !(HEADER + 1..=LONGEST).contains(&encoded.len()) {
            continue;
        }
        *wanted -= 1;
        each_variation(&encoded, HEADER, |octets| body(&framed(octets)));
        // The header too: what it says of the length, and of the type.
        each_variation(&encoded, 16, messages::conversation);
    }
    for kind in [kind::OPEN, kind::UPDATE, kind::NOTIFICATION, kind::ROUTE_REFRESH, kind::OPERATIONAL] {
        assert_eq!(left[usize::from(kind)], 0, "too few messages of type {kind} were made");
    }
}

#[test]
fn no_field_of_a_route_upsets_a_decoder_when_it_is_wrong() {
    let mut mutator = Mutator::new(10);
    let mut seen = vec![0_u8; Family::ALL.len()];
    for _ in 0..20_000 {
        let Some(route) = draw::<PathNlri>(&mut mutator) else { continue };
        let family = route.nlri.family();
        let Some(place) = Family::ALL.iter().position(|known| *known == family) else { continue };
        let add_path = route.path_id.is_some();
        let encoded = encode(LONGEST, |out| route.encode(add_path, out)).unwrap_or_default();
        if seen[place] == 8 || encoded.is_empty() || encoded.len() > LONGEST {
            continue;
        }
        seen[place] += 1;
        // Beside another one, which a wrong length reaches into.
        let two = encoded.repeat(2);
        each_variation(&two, 0, |field| nlri::check(family, add_path, field));
    }
    for (family, seen) in Family::ALL.iter().zip(seen) {
        assert!(seen > 0, "no route of {family} was made");
    }
}

#[test]
fn no_field_of_an_attribute_upsets_a_decoder_when_it_is_wrong() {
    let mut mutator = Mutator::new(11);
    let mut seen: BTreeSet<Code> = BTreeSet::new();
    for _ in 0..400 {
        let Some(attribute) = draw::<Attribute>(&mut mutator) else { continue };
        let encoded = encode(LONGEST, |out| attribute.encode(true, out)).unwrap_or_default();
        if encoded.is_empty() || encoded.len() > LONGEST {
            continue;
        }
        seen.insert(attribute.code());
        let body = [&[0, 0][..], &(encoded.len() as u16).to_be_bytes(), &encoded, &[24, 192, 0, 2]].concat();
        let message = [&[0xff; 16][..], &[0, 0, kind::UPDATE], &body].concat();
        each_variation(&message, HEADER, |octets| messages::update(&framed(octets)));
        if let Some(decode) = value_of(attribute.code()) {
            // Behind the flags, the type and the length.
            let value = encoded.get(if encoded[0] & 0x10 == 0 { 3 } else { 4 }..).unwrap_or_default();
            each_variation(value, 0, decode);
        }
    }
    assert!(seen.len() > 15, "too few attributes were made: {seen:?}");
}

/// The decoder of this attribute's value alone.
const fn value_of(code: Code) -> Option<fn(&[u8])> {
    Some(match code {
        Code::AS_PATH => attributes::as_path,
        Code::EXTENDED_COMMUNITIES => attributes::extended_communities,
        Code::IPV6_EXTENDED_COMMUNITIES => attributes::ipv6_extended_communities,
        Code::PMSI_TUNNEL => attributes::pmsi_tunnel,
        Code::TUNNEL_ENCAPSULATION => attributes::tunnel_encapsulation,
        Code::AIGP => attributes::aigp,
        Code::BGP_LS => attributes::link_state,
        Code::PREFIX_SID => attributes::prefix_sid,
        Code::ATTR_SET => attributes::attr_set,
        _ => return None,
    })
}
