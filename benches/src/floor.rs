//! What cannot be beaten: the least work that touches a corpus, with nothing checked. No decoder, they only show where the
//! hardware stands.

use crate::corpus::{Corpus, Shape};
use crate::tally::{Kind, Tally};

/// Copies every octet; returns the copy's last octet, so that the copy is made.
pub fn copy(corpus: &Corpus, into: &mut [u8]) -> u8 {
    into[..corpus.bytes.len()].copy_from_slice(&corpus.bytes);
    into.last().copied().unwrap_or_default()
}

/// Steps from attribute to attribute and from prefix to prefix by their lengths; returns how many there were.
pub fn walk(corpus: &Corpus) -> u64 {
    let mut steps = 0;
    for message in corpus.messages() {
        let (withdrawn, attributes, announced) = sections(message);
        steps += prefixes(withdrawn) + prefixes(announced);
        let mut at = 0;
        while at < attributes.len() {
            attribute(attributes, &mut at);
            steps += 1;
        }
    }
    steps
}

/// Visits every value of an IPv4 or IPv6 unicast corpus, trusting every length and type in it.
///
/// # Panics
///
/// On a corpus that this floor is not written for or that is malformed.
pub fn visit(corpus: &Corpus) -> Tally {
    let mut tally = Tally::default();
    for message in corpus.messages() {
        let (withdrawn, attributes, announced) = sections(message);
        visit4(&mut tally, Kind::Withdrawn, withdrawn);
        visit4(&mut tally, Kind::Announced, announced);
        let mut at = 0;
        while at < attributes.len() {
            let (code, value) = attribute(attributes, &mut at);
            visit_attribute(&mut tally, code, value);
        }
    }
    tally
}

/// Whether [`visit`] is written for this shape.
pub fn visits(shape: Shape) -> bool {
    matches!(shape, Shape::Ipv4 | Shape::Packed | Shape::Ipv6)
}

#[inline]
fn visit_attribute(tally: &mut Tally, code: u8, value: &[u8]) {
    match code {
        1 => tally.add(Kind::Origin, u64::from(value[0])),
        2 => visit_as_path(tally, value),
        3 => tally.add(Kind::NextHop, u64::from(be32(value))),
        4 => tally.add(Kind::Med, u64::from(be32(value))),
        5 => tally.add(Kind::LocalPref, u64::from(be32(value))),
        6 => tally.add(Kind::AtomicAggregate, 1),
        7 => tally.add(Kind::Aggregator, u64::from(be32(value)) << 32 | u64::from(be32(&value[4..]))),
        8 => value.chunks_exact(4).for_each(|c| tally.add(Kind::Community, u64::from(be32(c)))),
        14 => {
            let hops = usize::from(value[3]);
            value[4..4 + hops].chunks_exact(16).for_each(|hop| tally.address6(Kind::NextHop, be128(hop)));
            visit6(tally, Kind::Announced, &value[5 + hops..]);
        }
        15 => visit6(tally, Kind::Withdrawn, &value[3..]),
        16 => value.chunks_exact(8).for_each(|c| tally.add(Kind::ExtendedCommunity, be64(c))),
        32 => {
            value.chunks_exact(12).for_each(|c| tally.large_community(be32(c), be32(&c[4..]), be32(&c[8..])));
        }
        _ => {}
    }
}

#[inline]
fn visit_as_path(tally: &mut Tally, mut value: &[u8]) {
    while let [_, count, rest @ ..] = value {
        let (numbers, rest) = rest.split_at(usize::from(*count) * 4);
        numbers.chunks_exact(4).for_each(|number| tally.add(Kind::AsPath, u64::from(be32(number))));
        value = rest;
    }
}

#[inline]
fn visit4(tally: &mut Tally, kind: Kind, mut nlri: &[u8]) {
    while let [bits, rest @ ..] = nlri {
        let octets = usize::from(bits.div_ceil(8));
        let address = match rest {
            // Four octets at once, the spare ones cleared; at the end of a field there may be fewer.
            [a, b, c, d, ..] => {
                let spare = 32 - 8 * octets as u32;
                ((u64::from(u32::from_be_bytes([*a, *b, *c, *d])) >> spare) << spare) as u32
            }
            _ => {
                let mut address = [0; 4];
                address[..octets].copy_from_slice(&rest[..octets]);
                u32::from_be_bytes(address)
            }
        };
        tally.prefix4(kind, address, *bits);
        nlri = &rest[octets..];
    }
}

#[inline]
fn visit6(tally: &mut Tally, kind: Kind, mut nlri: &[u8]) {
    while let [bits, rest @ ..] = nlri {
        let octets = usize::from(bits.div_ceil(8));
        let address = match rest.first_chunk::<16>() {
            Some(chunk) => {
                let spare = 128 - 8 * octets as u32;
                u128::from_be_bytes(*chunk).checked_shr(spare).map_or(0, |upper| upper << spare)
            }
            None => {
                let mut address = [0; 16];
                address[..octets].copy_from_slice(&rest[..octets]);
                u128::from_be_bytes(address)
            }
        };
        tally.prefix6(kind, address, *bits);
        nlri = &rest[octets..];
    }
}

/// Withdrawn routes, path attributes and NLRI of an UPDATE.
#[inline]
fn sections(message: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let withdrawn = usize::from(be16(&message[19..]));
    let rest = &message[21 + withdrawn..];
    let attributes = usize::from(be16(rest));
    (&message[21..21 + withdrawn], &rest[2..2 + attributes], &rest[2 + attributes..])
}

/// The attribute at `at`, which moves behind it.
#[inline]
fn attribute<'a>(attributes: &'a [u8], at: &mut usize) -> (u8, &'a [u8]) {
    let (flags, code) = (attributes[*at], attributes[*at + 1]);
    let extended = flags & 0x10 != 0;
    let (start, length) = if extended {
        (*at + 4, usize::from(be16(&attributes[*at + 2..])))
    } else {
        (*at + 3, usize::from(attributes[*at + 2]))
    };
    *at = start + length;
    (code, &attributes[start..start + length])
}

#[inline]
fn prefixes(nlri: &[u8]) -> u64 {
    let (mut at, mut count) = (0, 0);
    while at < nlri.len() {
        at += 1 + usize::from(nlri[at].div_ceil(8));
        count += 1;
    }
    count
}

#[inline]
fn be16(octets: &[u8]) -> u16 {
    u16::from_be_bytes([octets[0], octets[1]])
}

#[inline]
fn be32(octets: &[u8]) -> u32 {
    u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]])
}

#[inline]
fn be64(octets: &[u8]) -> u64 {
    u64::from(be32(octets)) << 32 | u64::from(be32(&octets[4..]))
}

#[inline]
fn be128(octets: &[u8]) -> u128 {
    u128::from(be64(octets)) << 64 | u128::from(be64(&octets[8..]))
}
