//! The corpora: UPDATE messages drawn from a fixed seed. The first has the shape of the global IPv4 table as route collectors
//! see it: about 108 octets a message, 4.3 AS numbers a path, 0 to 12 communities, 1 to 20 prefixes.

use std::ops::Range;

use crate::rng::CorpusRng;
use crate::writer::{
    AttributeWriter, OPTIONAL, OPTIONAL_TRANSITIVE, WELL_KNOWN, prefix, prefix_octets, tlv, update,
};

/// What the messages of a corpus carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// IPv4 unicast, like the global table.
    Ipv4,
    /// IPv4 unicast, full messages of 4,096 octets.
    Packed,
    /// IPv6 unicast.
    Ipv6,
    /// IPv4 VPN (SAFI 128).
    Vpn,
    /// IPv4 FlowSpec (SAFI 133).
    FlowSpec,
    /// EVPN routes of types 2, 3 and 5.
    Evpn,
    /// BGP-LS nodes, links and prefixes, with their attribute.
    LinkState,
    /// Whatever a file holds: IPv4 and IPv6 unicast of real collectors.
    Recorded,
}

impl Shape {
    /// The shapes that [`generate`] draws.
    pub const GENERATED: [Self; 7] =
        [Self::Ipv4, Self::Packed, Self::Ipv6, Self::Vpn, Self::FlowSpec, Self::Evpn, Self::LinkState];

    /// Its name in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Packed => "packed",
            Self::Ipv6 => "ipv6",
            Self::Vpn => "vpn",
            Self::FlowSpec => "flowspec",
            Self::Evpn => "evpn",
            Self::LinkState => "bgp-ls",
            Self::Recorded => "recorded",
        }
    }
}

/// Whole BGP messages, one after the other as on a stream.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// What they carry.
    pub shape: Shape,
    /// The octets.
    pub bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Corpus {
    /// An empty corpus.
    pub fn new(shape: Shape) -> Self {
        Self { shape, bytes: Vec::new(), ends: Vec::new() }
    }

    /// Adds one whole message.
    pub fn push(&mut self, message: &[u8]) {
        self.bytes.extend(message);
        self.ends.push(self.bytes.len());
    }

    /// The messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges().map(|range| &self.bytes[range])
    }

    /// Where each message stands in the octets.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| std::mem::replace(&mut start, end)..end)
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// The corpus of this shape, with about `octets` octets; the same on every machine.
pub fn generate(shape: Shape, octets: usize) -> Corpus {
    const SEED: u64 = 0x686f_6c64_7469_6d65;
    let mut rng = CorpusRng::new(SEED ^ shape as u64);
    let mut corpus = Corpus::new(shape);
    while corpus.bytes.len() < octets {
        let message = match shape {
            Shape::Ipv4 | Shape::Recorded => ipv4(&mut rng),
            Shape::Packed => packed(&mut rng),
            Shape::Ipv6 => ipv6(&mut rng),
            Shape::Vpn => vpn(&mut rng),
            Shape::FlowSpec => flowspec(&mut rng),
            Shape::Evpn => evpn(&mut rng),
            Shape::LinkState => link_state(&mut rng),
        };
        corpus.push(&message);
    }
    corpus
}

/// One announcement, one in ten with withdrawals beside it, and one in twenty of withdrawals only.
fn ipv4(rng: &mut CorpusRng) -> Vec<u8> {
    const PREFIXES: [(u64, u64); 8] = [(1, 40), (2, 14), (3, 10), (5, 10), (8, 9), (12, 7), (16, 5), (20, 5)];
    let mut withdrawn = Vec::new();
    let only_withdraws = rng.chance(5);
    if only_withdraws || rng.chance(10) {
        for _ in 0..rng.weighted(&PREFIXES) {
            prefix4(&mut withdrawn, rng);
        }
    }
    let mut attributes = AttributeWriter::default();
    let mut announced = Vec::new();
    if !only_withdraws {
        common_attributes(&mut attributes, rng, true);
        for _ in 0..rng.weighted(&PREFIXES) {
            prefix4(&mut announced, rng);
        }
    }
    update(&withdrawn, &attributes, &announced)
}

/// As many prefixes as fit in 4,096 octets, sharing their attributes.
fn packed(rng: &mut CorpusRng) -> Vec<u8> {
    const FULL: usize = 4096;
    const LONGEST_PREFIX: usize = 5;
    let mut attributes = AttributeWriter::default();
    common_attributes(&mut attributes, rng, true);
    let room = FULL - 23 - attributes.bytes.len();
    let mut announced = Vec::with_capacity(room);
    while announced.len() + LONGEST_PREFIX <= room {
        prefix4(&mut announced, rng);
    }
    update(&[], &attributes, &announced)
}

fn ipv6(rng: &mut CorpusRng) -> Vec<u8> {
    const PREFIXES: [(u64, u64); 6] = [(1, 55), (2, 18), (3, 10), (5, 9), (8, 5), (12, 3)];
    let mut attributes = AttributeWriter::default();
    let mut nlri = Vec::new();
    for _ in 0..rng.weighted(&PREFIXES) {
        prefix6(&mut nlri, rng);
    }
    if rng.chance(12) {
        attributes.unreach(2, 1, &nlri);
        return update(&[], &attributes, &[]);
    }
    let mut next_hop = address6(rng).to_vec();
    if rng.chance(25) {
        next_hop.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0]);
        next_hop.extend(rng.next().to_be_bytes());
    }
    // RFC 7606 §5.1 wants it first; older speakers send it in the order of the type codes.
    let first = rng.chance(50);
    if first {
        attributes.reach(2, 1, &next_hop, &nlri);
    }
    common_attributes(&mut attributes, rng, false);
    if !first {
        attributes.reach(2, 1, &next_hop, &nlri);
    }
    update(&[], &attributes, &[])
}

fn vpn(rng: &mut CorpusRng) -> Vec<u8> {
    let mut nlri = Vec::new();
    for _ in 0..rng.between(1, 12) {
        let bits = prefix4_length(rng);
        nlri.push(24 + 64 + bits);
        label(&mut nlri, rng);
        distinguisher(&mut nlri, rng);
        prefix_octets(&mut nlri, &address4(rng), bits);
    }
    let mut next_hop = vec![0; 8];
    next_hop.extend(address4(rng));
    let mut attributes = AttributeWriter::default();
    attributes.reach(1, 128, &next_hop, &nlri);
    internal_attributes(&mut attributes, rng);
    route_targets(&mut attributes, rng, &[]);
    update(&[], &attributes, &[])
}

fn flowspec(rng: &mut CorpusRng) -> Vec<u8> {
    let mut nlri = Vec::new();
    for _ in 0..rng.between(1, 4) {
        let mut rule = vec![1];
        let bits = rng.between(24, 32) as u8;
        prefix(&mut rule, &address4(rng), bits);
        if rng.chance(40) {
            rule.push(2);
            prefix4(&mut rule, rng);
        }
        // Protocol TCP or UDP (end of list, equal), then ports: a range, and a single one of two octets.
        rule.extend([3, 0x81, if rng.chance(60) { 6 } else { 17 }]);
        rule.extend([5, 0x13]);
        rule.extend((rng.between(1, 30_000) as u16).to_be_bytes());
        rule.extend([0xd5]);
        rule.extend((rng.between(30_001, 65_000) as u16).to_be_bytes());
        if rng.chance(50) {
            // Packet length, at least so many octets.
            rule.extend([10, 0x93]);
            rule.extend((rng.between(64, 1500) as u16).to_be_bytes());
        }
        nlri.push(rule.len() as u8);
        nlri.extend(rule);
    }
    let mut attributes = AttributeWriter::default();
    attributes.reach(1, 133, &[], &nlri);
    internal_attributes(&mut attributes, rng);
    // traffic-rate (RFC 8955 §7.1), in octets a second as IEEE float.
    let mut rate = vec![0x80, 0x06, 0, 0];
    rate.extend((rng.between(0, 1_000_000) as f32).to_be_bytes());
    attributes.push(OPTIONAL_TRANSITIVE, 16, &rate);
    update(&[], &attributes, &[])
}

fn evpn(rng: &mut CorpusRng) -> Vec<u8> {
    let mut nlri = Vec::new();
    let route_type = rng.weighted(&[(2, 70), (3, 10), (5, 20)]) as u8;
    for _ in 0..rng.between(1, 10) {
        let mut route = Vec::new();
        distinguisher(&mut route, rng);
        match route_type {
            2 => mac_route(&mut route, rng),
            3 => {
                route.extend((rng.below(4096) as u32).to_be_bytes());
                route.push(32);
                route.extend(address4(rng));
            }
            _ => prefix_route(&mut route, rng),
        }
        nlri.extend([route_type, route.len() as u8]);
        nlri.extend(route);
    }
    let mut attributes = AttributeWriter::default();
    attributes.reach(25, 70, &address4(rng), &nlri);
    internal_attributes(&mut attributes, rng);
    // Encapsulation VXLAN (RFC 9012 §4.1).
    route_targets(&mut attributes, rng, &[0x03, 0x0c, 0, 0, 0, 0, 0, 8]);
    update(&[], &attributes, &[])
}

/// MAC/IP advertisement (RFC 7432 §7.2), half of them with an IPv4 address.
fn mac_route(route: &mut Vec<u8>, rng: &mut CorpusRng) {
    route.extend([0; 10]);
    route.extend((rng.below(4096) as u32).to_be_bytes());
    route.push(48);
    route.extend([0x02, 0x00]);
    route.extend(rng.word().to_be_bytes());
    if rng.chance(50) {
        route.push(32);
        route.extend(address4(rng));
    } else {
        route.push(0);
    }
    label(route, rng);
}

/// IP prefix route (RFC 9136 §3.1), IPv4.
fn prefix_route(route: &mut Vec<u8>, rng: &mut CorpusRng) {
    route.extend([0; 10]);
    route.extend([0; 4]);
    route.push(24);
    let [a, b, c, _] = address4(rng);
    route.extend([a, b, c, 0]);
    route.extend([0; 4]);
    label(route, rng);
}

/// One node, link or prefix of an IS-IS level 2 topology, and its attribute (RFC 9552).
fn link_state(rng: &mut CorpusRng) -> Vec<u8> {
    let kind = rng.weighted(&[(1, 20), (2, 50), (3, 30)]) as u16;
    let mut body = vec![2];
    body.extend(0_u64.to_be_bytes());
    tlv(&mut body, 256, &node_descriptor(rng));
    let mut attribute = Vec::new();
    match kind {
        1 => {
            tlv(&mut attribute, 1026, format!("router-{:03}", rng.below(1000)).as_bytes());
            tlv(&mut attribute, 1028, &address4(rng));
        }
        2 => {
            tlv(&mut body, 257, &node_descriptor(rng));
            tlv(&mut body, 259, &address4(rng));
            tlv(&mut body, 260, &address4(rng));
            tlv(&mut attribute, 1088, &(rng.word() & 0xff).to_be_bytes());
            tlv(&mut attribute, 1089, &(rng.between(1, 100) as f32 * 1.25e8).to_be_bytes());
            tlv(&mut attribute, 1092, &(rng.between(1, 10_000) as u32).to_be_bytes());
            let [_, metric @ ..] = (rng.between(1, 0xff_ffff) as u32).to_be_bytes();
            tlv(&mut attribute, 1095, &metric);
        }
        _ => {
            let mut reachability = Vec::new();
            prefix4(&mut reachability, rng);
            tlv(&mut body, 265, &reachability);
            tlv(&mut attribute, 1155, &(rng.between(1, 10_000) as u32).to_be_bytes());
        }
    }
    let mut nlri = Vec::new();
    tlv(&mut nlri, kind, &body);
    let mut attributes = AttributeWriter::default();
    attributes.reach(16388, 71, &address4(rng), &nlri);
    internal_attributes(&mut attributes, rng);
    attributes.push(OPTIONAL, 29, &attribute);
    update(&[], &attributes, &[])
}

/// Autonomous system and IGP router-id of a node (RFC 9552 §5.2.1.4).
fn node_descriptor(rng: &mut CorpusRng) -> Vec<u8> {
    let mut descriptor = Vec::new();
    tlv(&mut descriptor, 512, &65_000_u32.to_be_bytes());
    tlv(&mut descriptor, 513, &0_u32.to_be_bytes());
    tlv(&mut descriptor, 515, &[0, 0, 0, 0, rng.below(4) as u8, rng.below(250) as u8]);
    descriptor
}

/// The attributes of a route from an external neighbor, in the order of their codes.
fn common_attributes(attributes: &mut AttributeWriter, rng: &mut CorpusRng, next_hop: bool) {
    attributes.push(WELL_KNOWN, 1, &[rng.weighted(&[(0, 85), (2, 14), (1, 1)]) as u8]);
    as_path(attributes, rng);
    if next_hop {
        attributes.push(WELL_KNOWN, 3, &address4(rng));
    }
    if rng.chance(30) {
        attributes.push(OPTIONAL, 4, &(rng.below(1000) as u32).to_be_bytes());
    }
    if rng.chance(4) {
        attributes.push(WELL_KNOWN, 6, &[]);
    }
    if rng.chance(9) {
        let mut aggregator = as_number(rng).to_be_bytes().to_vec();
        aggregator.extend(address4(rng));
        attributes.push(OPTIONAL_TRANSITIVE, 7, &aggregator);
    }
    let communities = rng.weighted(&[(0, 12), (1, 5), (2, 10), (3, 12), (4, 11), (6, 16), (9, 18), (12, 16)]);
    if communities > 0 {
        let value: Vec<u8> = (0..communities).flat_map(|_| rng.word().to_be_bytes()).collect();
        attributes.push(OPTIONAL_TRANSITIVE, 8, &value);
    }
    if rng.chance(5) {
        route_targets(attributes, rng, &[]);
    }
    if rng.chance(9) {
        let words = 3 * rng.between(1, 4);
        let value: Vec<u8> = (0..words).flat_map(|_| rng.word().to_be_bytes()).collect();
        attributes.push(OPTIONAL_TRANSITIVE, 32, &value);
    }
}

/// The attributes of a route from an internal neighbor.
fn internal_attributes(attributes: &mut AttributeWriter, rng: &mut CorpusRng) {
    attributes.push(WELL_KNOWN, 1, &[0]);
    if rng.chance(50) {
        attributes.push(WELL_KNOWN, 2, &[]);
    } else {
        as_path(attributes, rng);
    }
    attributes.push(WELL_KNOWN, 5, &100_u32.to_be_bytes());
}

/// AS_PATH: one sequence of 4.3 four-octet AS numbers in the mean, one in a hundred ending with a set.
fn as_path(attributes: &mut AttributeWriter, rng: &mut CorpusRng) {
    const LENGTHS: [(u64, u64); 8] = [(1, 3), (2, 9), (3, 25), (4, 27), (5, 17), (6, 10), (8, 6), (12, 3)];
    let length = rng.weighted(&LENGTHS);
    let mut value = vec![2, length as u8];
    for _ in 0..length {
        value.extend(as_number(rng).to_be_bytes());
    }
    if rng.chance(1) {
        value.extend([1, 2]);
        value.extend(as_number(rng).to_be_bytes());
        value.extend(as_number(rng).to_be_bytes());
    }
    attributes.push(WELL_KNOWN, 2, &value);
}

/// One to three route targets (RFC 4360 §4), and another extended community if given.
fn route_targets(attributes: &mut AttributeWriter, rng: &mut CorpusRng, other: &[u8]) {
    let mut value = Vec::new();
    for _ in 0..rng.between(1, 3) {
        value.extend([0x00, 0x02]);
        value.extend((rng.between(64_512, 65_534) as u16).to_be_bytes());
        value.extend((rng.below(100_000) as u32).to_be_bytes());
    }
    value.extend(other);
    attributes.push(OPTIONAL_TRANSITIVE, 16, &value);
}

fn as_number(rng: &mut CorpusRng) -> u32 {
    if rng.chance(70) { rng.between(1, 64_000) as u32 } else { rng.between(131_072, 402_000) as u32 }
}

fn prefix4(out: &mut Vec<u8>, rng: &mut CorpusRng) {
    let bits = prefix4_length(rng);
    prefix(out, &address4(rng), bits);
}

fn prefix4_length(rng: &mut CorpusRng) -> u8 {
    rng.weighted(&[
        (24, 60),
        (23, 10),
        (22, 11),
        (21, 5),
        (20, 4),
        (19, 3),
        (18, 2),
        (17, 1),
        (16, 3),
        (12, 1),
    ]) as u8
}

fn prefix6(out: &mut Vec<u8>, rng: &mut CorpusRng) {
    let bits =
        rng.weighted(&[(48, 48), (44, 10), (40, 9), (36, 6), (32, 14), (29, 3), (46, 5), (64, 5)]) as u8;
    prefix(out, &address6(rng), bits);
}

/// An address in 1.0.0.0 to 223.255.255.255.
fn address4(rng: &mut CorpusRng) -> [u8; 4] {
    let [_, b, c, d] = rng.word().to_be_bytes();
    [rng.between(1, 223) as u8, b, c, d]
}

/// An address in 2000::/3.
fn address6(rng: &mut CorpusRng) -> [u8; 16] {
    let upper = rng.next() >> 3 | 0x2000_0000_0000_0000;
    let lower = rng.next();
    ((u128::from(upper) << 64) | u128::from(lower)).to_be_bytes()
}

/// One MPLS label, bottom of the stack (RFC 8277 §2.2).
fn label(out: &mut Vec<u8>, rng: &mut CorpusRng) {
    let entry = (rng.between(16, 0xf_ffff) as u32) << 4 | 1;
    let [_, octets @ ..] = entry.to_be_bytes();
    out.extend(octets);
}

/// A route distinguisher of type 0 (RFC 4364 §4.2).
fn distinguisher(out: &mut Vec<u8>, rng: &mut CorpusRng) {
    out.extend([0, 0]);
    out.extend((rng.between(64_512, 65_534) as u16).to_be_bytes());
    out.extend((rng.below(100_000) as u32).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::{Shape, generate};

    #[test]
    fn every_message_is_framed_and_within_the_size_of_rfc_4271() {
        for shape in Shape::GENERATED {
            let corpus = generate(shape, 100_000);
            for message in corpus.messages() {
                assert_eq!(message[..16], [0xff; 16]);
                assert_eq!(usize::from(u16::from_be_bytes([message[16], message[17]])), message.len());
                assert!(message.len() <= 4096, "{} is too long for {}", message.len(), shape.label());
            }
            assert_eq!(corpus.messages().map(<[u8]>::len).sum::<usize>(), corpus.bytes.len());
        }
    }

    #[test]
    fn the_first_corpus_has_the_global_tables_mean_message_size() {
        let corpus = generate(Shape::Ipv4, 1_000_000);
        let mean = corpus.bytes.len() / corpus.len();
        assert!((104..=112).contains(&mean), "{mean} octets a message");
    }

    #[test]
    fn a_corpus_is_the_same_every_time() {
        assert_eq!(generate(Shape::Evpn, 10_000).bytes, generate(Shape::Evpn, 10_000).bytes);
    }
}
