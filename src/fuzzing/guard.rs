//! What decoders crash and hang over has one thing in common: a length, a count or a type that disagrees with what holds it. Here each
//! one is made to, in everything that the generators make, at every level. What files hold has the same guard in `holdtime_dump::fuzzing`.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

extern crate std;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};

use super::mutation::{Mutator, each_wrong_field};
use super::{attributes, encode, messages, nlri, owned, session};
use crate::wire::frame::{HEADER, kind};
use crate::wire::{Attribute, AttributeCode as Code, Capability, Family, Message, PathNlri};

/// The longest message that is gone through: longer ones hold the same fields again.
const LONGEST: usize = 160;

/// A value that a generator makes of what this mutator draws.
fn draw<T: for<'a> Arbitrary<'a>>(mutator: &mut Mutator) -> Option<T> {
    let octets: Vec<u8> = (0..600).map(|_| mutator.below(256) as u8).collect();
    T::arbitrary(&mut Unstructured::new(&octets)).ok()
}

/// Something that a generator made.
struct Made {
    /// Enough of each kind have to be made.
    kind: String,
    /// What is handed to which decoder, and where the fields in it begin that are made wrong.
    read: Vec<Reading>,
}

/// A body of a fuzz target, which panics where something that must hold does not.
type Decoder = Box<dyn Fn(&[u8])>;

struct Reading {
    octets: Vec<u8>,
    from: usize,
    decode: Decoder,
}

struct Generator {
    makes: &'static str,
    draw: fn(&mut Mutator) -> Option<Made>,
    /// How many kinds there are: one that is never made is not held to anything.
    kinds: usize,
    /// How many of each kind are gone through.
    of_each: usize,
}

/// Everything that is made for the fuzz targets, and is read by a decoder.
const GENERATORS: [Generator; 4] = [
    Generator { makes: "messages", draw: message, kinds: 10, of_each: 6 },
    Generator { makes: "routes", draw: route, kinds: 2 * Family::ALL.len(), of_each: 4 },
    Generator { makes: "attributes", draw: attribute, kinds: 22, of_each: 6 },
    Generator { makes: "capabilities", draw: capability, kinds: 20, of_each: 20 },
];

#[test]
fn no_length_count_or_type_that_is_wrong_upsets_a_decoder() {
    let mut mutator = Mutator::new(9);
    for generator in GENERATORS {
        let mut made: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..30_000 {
            let Some(one) = (generator.draw)(&mut mutator) else { continue };
            let count = made.entry(one.kind).or_default();
            if *count == generator.of_each {
                continue;
            }
            *count += 1;
            for reading in one.read {
                each_wrong_field(&reading.octets, reading.from, reading.decode);
            }
            if made.len() == generator.kinds && made.values().all(|count| *count == generator.of_each) {
                break;
            }
        }
        let few = made.values().any(|count| *count < generator.of_each);
        assert!(made.len() == generator.kinds && !few, "of {} too few were made: {made:?}", generator.makes);
    }
}

/// Its variant in the enum.
fn variant(value: &impl Debug) -> String {
    format!("{value:?}").split(['(', ' ', '{']).next().unwrap().to_string()
}

fn message(mutator: &mut Mutator) -> Option<Made> {
    let message = draw::<Message>(mutator)?;
    let choices = owned::session_of(&message, mutator.below(2) == 1);
    let encoded = encode(LONGEST, |out| message.encode(&session(choices), out)).ok()?;
    if !(HEADER..=LONGEST).contains(&encoded.len()) {
        return None;
    }
    let body: Option<fn(&[u8])> = match message.kind() {
        kind::OPEN => Some(messages::open),
        kind::UPDATE => Some(messages::update),
        kind::NOTIFICATION => Some(messages::notification),
        kind::ROUTE_REFRESH => Some(messages::refresh),
        kind::OPERATIONAL => Some(messages::operational),
        _ => None,
    };
    // What the header says of the length and of the type.
    let header = Reading { octets: encoded.clone(), from: 16, decode: Box::new(messages::conversation) };
    let body = body.map(|decode| Reading {
        octets: encoded,
        from: HEADER,
        decode: Box::new(move |octets| decode(&framed(octets, choices))),
    });
    // An UPDATE is laid out in four ways.
    let kind = variant(&message);
    let kind = if let Message::Update(_) = message { format!("{kind} {choices}") } else { kind };
    Some(Made { kind, read: [header].into_iter().chain(body).collect() })
}

/// A message whose header says its length, and in its first octet on which session it is read.
fn framed(message: &[u8], choices: u8) -> Vec<u8> {
    let mut message = message.to_vec();
    let length = (message.len() as u16).to_be_bytes();
    message[16..18].copy_from_slice(&length);
    message[0] = !choices;
    message
}

fn route(mutator: &mut Mutator) -> Option<Made> {
    let route = draw::<PathNlri>(mutator)?;
    let (family, add_path) = (route.nlri.family(), route.path_id.is_some());
    let encoded = encode(LONGEST, |out| route.encode(add_path, out)).ok()?;
    // Beside another one, which a wrong length reaches into.
    (1..=LONGEST).contains(&encoded.len()).then(|| Made {
        kind: format!("{family}, path identifiers: {add_path}"),
        read: [Reading {
            octets: encoded.repeat(2),
            from: 0,
            decode: Box::new(move |field| nlri::check(family, add_path, field)),
        }]
        .into(),
    })
}

fn attribute(mutator: &mut Mutator) -> Option<Made> {
    let attribute = draw::<Attribute>(mutator)?;
    let encoded = encode(LONGEST, |out| attribute.encode(true, out)).ok()?;
    if !(1..=LONGEST).contains(&encoded.len()) {
        return None;
    }
    let body = [&[0, 0][..], &(encoded.len() as u16).to_be_bytes(), &encoded, &[24, 192, 0, 2]].concat();
    let update = Reading {
        octets: [&[0xff; 16][..], &[0, 0, kind::UPDATE], &body].concat(),
        from: HEADER,
        decode: Box::new(|octets| messages::update(&framed(octets, 0))),
    };
    let value = value_of(attribute.code()).map(|decode| Reading {
        // Behind the flags, the type and the length; the octet before it chooses the session.
        octets: [&[0], encoded.get(if encoded[0] & 0x10 == 0 { 3 } else { 4 }..).unwrap_or_default()]
            .concat(),
        from: 1,
        decode: Box::new(decode),
    });
    Some(Made { kind: variant(&attribute), read: [update].into_iter().chain(value).collect() })
}

fn capability(mutator: &mut Mutator) -> Option<Made> {
    let capability = draw::<Capability>(mutator)?;
    let encoded = encode(LONGEST, |out| capability.encode(out)).ok()?;
    let (code, value) = (encoded.get(..1)?, encoded.get(2..)?);
    let octets = [code, value].concat();
    Some(Made {
        kind: variant(&capability),
        read: [Reading { octets, from: 0, decode: Box::new(messages::capability) }].into(),
    })
}

/// The decoder of this attribute's value alone.
fn value_of(code: Code) -> Option<fn(&[u8])> {
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
