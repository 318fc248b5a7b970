//! Runs of plain prefixes: most of what a session carries, and so the one kind of NLRI that has a path of its own through
//! checking and visiting.

use core::net::Ipv4Addr;

use super::super::budget;
use super::super::error::Malformed;
use super::super::prefix::{Ipv4Prefix, Ipv6Prefix};
use super::super::reader::Reader;

/// Whether this is the length of most IPv4 prefixes in the world, all of three octets. They get a branch of their own, which the
/// processor predicts; otherwise each step waits until it knows the length of the one before.
#[inline]
const fn is_common(bits: u8) -> bool {
    matches!(bits, 17..=24)
}

/// Checks that `reader` holds whole prefixes of at most `most` bits, each after a path identifier where `add_path` says so
/// (RFC 7606 §5.3).
#[inline]
pub(super) fn check(reader: Reader<'_>, most: u8, add_path: bool) -> Result<(), Malformed> {
    let before = if add_path { 4 } else { 0 };
    let mut rest = reader.rest();
    loop {
        while let [bits, _, _, _, behind @ ..] = rest
            && is_common(*bits)
            && !add_path
        {
            budget::step();
            rest = behind;
        }
        if rest.is_empty() {
            return Ok(());
        }
        budget::step();
        let octets = match rest.get(before) {
            Some(bits) if *bits <= most => before + 1 + octets(*bits),
            _ => return Err(misfit(reader, rest, before, most)),
        };
        match rest.get(octets..) {
            Some(behind) => rest = behind,
            None => return Err(misfit(reader, rest, before, most)),
        }
    }
}

/// Why no prefix could be cut off the front of `rest`, which ends where `reader` does.
#[cold]
fn misfit(reader: Reader<'_>, rest: &[u8], before: usize, most: u8) -> Malformed {
    let offset = reader.offset() + reader.len() - rest.len();
    match rest.get(before) {
        Some(bits) if *bits > most => Malformed::value(offset, "a prefix longer than its family allows"),
        _ => Malformed::length(offset, "ends too early"),
    }
}

/// How many octets of an address a prefix of `bits` has.
#[inline]
const fn octets(bits: u8) -> usize {
    // Shorter on the path from one prefix to the next than `div_ceil`.
    (bits as usize + 7) >> 3
}

/// The IPv4 prefixes of a run without path identifiers, up to the first that is none.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4Prefixes<'a>(&'a [u8]);

impl<'a> Ipv4Prefixes<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl Iterator for Ipv4Prefixes<'_> {
    type Item = Ipv4Prefix;

    #[inline]
    fn next(&mut self) -> Option<Ipv4Prefix> {
        if let [bits, a, b, c, behind @ ..] = self.0
            && is_common(*bits)
        {
            self.0 = behind;
            return Ipv4Prefix::new(Ipv4Addr::new(*a, *b, *c, 0), *bits);
        }
        let (bits, rest) = self.0.split_first()?;
        // Mostly there is more behind it: then one load and a mask do, whatever its length.
        let address = match *rest {
            [a, b, c, d, ..] => [a, b, c, d],
            [a, b, c] => [a, b, c, 0],
            [a, b] => [a, b, 0, 0],
            [a] => [a, 0, 0, 0],
            [] => [0; 4],
        };
        self.0 = rest.get(octets(*bits)..)?;
        Ipv4Prefix::new(address.into(), *bits)
    }
}

/// The IPv6 prefixes of a run without path identifiers, up to the first that is none.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6Prefixes<'a>(&'a [u8]);

impl<'a> Ipv6Prefixes<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl Iterator for Ipv6Prefixes<'_> {
    type Item = Ipv6Prefix;

    #[inline]
    fn next(&mut self) -> Option<Ipv6Prefix> {
        let (bits, rest) = self.0.split_first()?;
        let address = match rest.first_chunk() {
            Some(octets_and_more) => u128::from_be_bytes(*octets_and_more),
            None => padded(rest),
        };
        self.0 = rest.get(octets(*bits)..)?;
        Ipv6Prefix::new(address.into(), *bits)
    }
}

/// Fewer than sixteen octets, zeros behind them.
#[inline]
fn padded(octets: &[u8]) -> u128 {
    let mut address = [0; 16];
    for (slot, octet) in address.iter_mut().zip(octets) {
        *slot = *octet;
    }
    u128::from_be_bytes(address)
}
