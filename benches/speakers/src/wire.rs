//! BGP messages, as far as the peers of a measurement need them: a codec of its own, so that a fault of the subject's codec
//! shows.

use std::net::Ipv4Addr;

pub(crate) const HEADER: usize = 19;
pub(crate) const OPEN: u8 = 1;
pub(crate) const UPDATE: u8 = 2;
pub(crate) const NOTIFICATION: u8 = 3;
pub(crate) const KEEPALIVE: u8 = 4;
const ROUTE_REFRESH: u8 = 5;

const MULTI_EXIT_DISC: u8 = 4;

/// An IPv4 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BenchPrefix {
    pub(crate) address: u32,
    pub(crate) length: u8,
}

/// What an UPDATE says of prefixes, in its order: withdrawn (`None`), or announced with a MED (0 without one).
pub(crate) type PrefixChange = (BenchPrefix, Option<u32>);

impl std::fmt::Display for BenchPrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.address), self.length)
    }
}

/// The first message of `bytes`, if it is whole.
pub(crate) fn message(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(..number(bytes, 16)?.max(HEADER))
}

/// The two octets at `at`.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?).into())
}

/// The withdrawn prefixes, the attributes and the announced prefixes of an UPDATE, still in octets.
fn parts(update: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let attributes = HEADER + 2 + number(update, HEADER)?;
    let announced = attributes + 2 + number(update, attributes)?;
    let withdrawn = update.get(HEADER + 2..attributes)?;
    Some((withdrawn, update.get(attributes + 2..announced)?, update.get(announced..)?))
}

/// How many IPv4 prefixes an UPDATE announces.
pub(crate) fn routes(update: &[u8]) -> Option<u32> {
    let (_, _, mut rest) = parts(update)?;
    let mut routes = 0;
    while let Some((length, prefixes)) = rest.split_first() {
        rest = prefixes.get(usize::from(*length).div_ceil(8)..)?;
        routes += 1;
    }
    Some(routes)
}

/// Everything that an UPDATE says of IPv4 prefixes; `None`: it cannot be read.
pub(crate) fn changes(update: &[u8], mut each: impl FnMut(PrefixChange)) -> Option<()> {
    let (withdrawn, attributes, announced) = parts(update)?;
    let med = Some(med(attributes)?.unwrap_or(0));
    prefixes(withdrawn, |prefix| each((prefix, None)))?;
    prefixes(announced, |prefix| each((prefix, med)))
}

fn prefixes(mut rest: &[u8], mut each: impl FnMut(BenchPrefix)) -> Option<()> {
    while let Some((&length, octets)) = rest.split_first() {
        let (used, left) = octets.split_at_checked(usize::from(length).div_ceil(8))?;
        let mut address = [0; 4];
        address.get_mut(..used.len())?.copy_from_slice(used);
        each(BenchPrefix { address: u32::from_be_bytes(address), length });
        rest = left;
    }
    Some(())
}

/// The MED among these attributes; `None`: they cannot be read.
fn med(mut rest: &[u8]) -> Option<Option<u32>> {
    let mut found = None;
    while let Some((&[flags, kind], behind)) = rest.split_first_chunk() {
        let extended = flags & 0x10 != 0;
        let length = if extended { number(behind, 0)? } else { usize::from(*behind.first()?) };
        let (value, left) = behind.get(if extended { 2 } else { 1 }..)?.split_at_checked(length)?;
        if kind == MULTI_EXIT_DISC {
            found = Some(u32::from_be_bytes(value.try_into().ok()?));
        }
        rest = left;
    }
    Some(found)
}

/// An OPEN with IPv4 unicast, route refresh and a four-octet AS number.
pub(crate) fn open(asn: u32, hold_time: u16, identifier: [u8; 4]) -> Vec<u8> {
    let short = u16::try_from(asn).unwrap_or(23456).to_be_bytes();
    let capabilities = [&[2, 14, 1, 4, 0, 1, 0, 1, 2, 0, 65, 4][..], &asn.to_be_bytes()].concat();
    framed(OPEN, &[&[4], &short[..], &hold_time.to_be_bytes(), &identifier, &[16], &capabilities].concat())
}

/// An UPDATE that announces (with these AS numbers as the path, and a next hop) or, without a next hop, withdraws.
pub(crate) fn update(prefixes: &[BenchPrefix], path: &[u32], next_hop: Option<[u8; 4]>) -> Vec<u8> {
    let mut octets = Vec::new();
    for prefix in prefixes {
        octets.push(prefix.length);
        let length = usize::from(prefix.length).div_ceil(8);
        octets.extend(prefix.address.to_be_bytes().into_iter().take(length));
    }
    let length = |octets: &[u8]| u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes();
    let Some(next_hop) = next_hop else {
        return framed(UPDATE, &[&length(&octets)[..], &octets, &[0, 0]].concat());
    };
    // The path as one sequence, in an attribute of extended length.
    let mut sequence = vec![2, u8::try_from(path.len()).unwrap_or(u8::MAX)];
    path.iter().for_each(|asn| sequence.extend(asn.to_be_bytes()));
    let mut attributes = vec![0x40, 1, 1, 0, 0x50, 2];
    attributes.extend(length(&sequence));
    attributes.extend(sequence);
    attributes.extend([0x40, 3, 4]);
    attributes.extend(next_hop);
    framed(UPDATE, &[&[0, 0][..], &length(&attributes), &attributes, &octets].concat())
}

/// Asks for all IPv4 unicast routes once more.
pub(crate) fn route_refresh() -> Vec<u8> {
    framed(ROUTE_REFRESH, &[0, 1, 0, 1])
}

pub(crate) fn notification(code: u8, subcode: u8) -> Vec<u8> {
    framed(NOTIFICATION, &[code, subcode])
}

pub(crate) fn keepalive() -> Vec<u8> {
    framed(KEEPALIVE, &[])
}

pub(crate) fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
    [&[0xff; 16][..], &length.to_be_bytes(), &[kind], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_update_says_is_read_as_it_was_written() {
        let prefix = |address: [u8; 4], length| BenchPrefix { address: u32::from_be_bytes(address), length };
        let (a, b) = (prefix([10, 1, 0, 0], 16), prefix([192, 0, 2, 128], 25));
        let read = |update: &[u8]| {
            let mut found = Vec::new();
            changes(update, |change| found.push(change)).map(|()| found)
        };
        let announced = update(&[a, b], &[65_100], Some([10, 0, 0, 1]));
        assert_eq!(read(&announced), Some(vec![(a, Some(0)), (b, Some(0))]));
        assert_eq!(routes(&announced), Some(2));
        assert_eq!(read(&update(&[b], &[], None)), Some(vec![(b, None)]));
        assert_eq!(read(&announced[..announced.len() - 1]), None, "a prefix is cut off");
        assert_eq!(b.to_string(), "192.0.2.128/25");
    }

    #[test]
    fn a_med_is_found_behind_an_attribute_of_extended_length() {
        let attributes = [0x50, 2, 0, 6, 2, 1, 0, 0, 0xfd, 0xe8, 0x80, 4, 4, 0, 0, 1, 44];
        assert_eq!(med(&attributes), Some(Some(300)));
        assert_eq!(med(&attributes[..attributes.len() - 1]), None);
    }
}
