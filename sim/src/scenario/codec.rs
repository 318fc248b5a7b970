//! BGP messages as the lab's peers and judges read and write them, octet by octet rather than by the core's codec: whoever shared
//! the speaker's code would share its mistakes.
//!
//! ```text
//! 0                16       18     19
//! │ marker, 16 × FF │ length │ type │ body   (RFC 4271 §4.1)
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use holdtime_core::Duration;

/// Octets of a message before its body.
pub(crate) const HEADER: usize = 19;
/// What every message begins with.
pub(crate) const MARKER: [u8; 16] = [0xff; 16];

pub(crate) const OPEN: u8 = 1;
/// UPDATE
pub const UPDATE: u8 = 2;
pub(crate) const NOTIFICATION: u8 = 3;
pub(crate) const KEEPALIVE: u8 = 4;
pub(crate) const REFRESH: u8 = 5;

/// The type of a message; 0 where it is cut off.
pub fn kind(message: &[u8]) -> u8 {
    message.get(18).copied().unwrap_or_default()
}

/// What follows a message's header.
pub fn body(message: &[u8]) -> &[u8] {
    message.get(HEADER..).unwrap_or_default()
}

/// The length that the header in front states, once it is there.
pub(crate) fn stated_length(octets: &[u8]) -> Option<usize> {
    octets.get(16..).and_then(block_length)
}

/// The whole message in front and what follows it; a length that no message has counts as a header's.
pub(crate) fn split_message(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    octets.split_at_checked(stated_length(octets)?.max(HEADER))
}

/// Takes the whole messages out of what came so far; what is left is the beginning of the next one.
pub fn take_messages(octets: &mut Vec<u8>, mut take: impl FnMut(&[u8])) {
    let mut rest = octets.as_slice();
    while let Some((message, behind)) = split_message(rest) {
        take(message);
        rest = behind;
    }
    octets.drain(..octets.len() - rest.len());
}

/// The hold time in an OPEN (RFC 4271 §4.2): octets 22 and 23 of the message.
pub(crate) fn hold_time(open: &[u8]) -> Option<Duration> {
    let seconds = open.get(22..)?.first_chunk().copied().map(u16::from_be_bytes)?;
    Some(Duration::from_secs(seconds.into()))
}

/// A NOTIFICATION's code and subcode.
pub(crate) fn notification(message: &[u8]) -> Option<(u8, u8)> {
    match message.get(18..)? {
        [NOTIFICATION, code, subcode, ..] => Some((*code, *subcode)),
        _ => None,
    }
}

/// The IPv4 prefixes that an UPDATE's body announces (RFC 4271 §4.3), for what is well formed of it.
pub fn announced_ipv4(body: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    prefixes(after_block(body).and_then(after_block).unwrap_or_default())
}

/// The IPv4 prefixes that an UPDATE's body withdraws (RFC 4271 §4.3), for what is well formed of it.
pub(crate) fn withdrawn_ipv4(body: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    let after = after_block(body).map_or(0, <[u8]>::len);
    prefixes(body.get(2..body.len() - after).unwrap_or_default())
}

/// The prefixes that an UPDATE's body announces, those of IPv6 unicast too (RFC 4760 §3), for what is well formed of it.
pub(crate) fn announced(body: &[u8]) -> impl Iterator<Item = (IpAddr, u8)> {
    let reach = attributes(body).find(|(code, _)| *code == MP_REACH_NLRI);
    let routes = reach.and_then(|(_, value)| {
        let (next_hop, value) = value.strip_prefix(&IPV6_UNICAST)?.split_first()?;
        value.get(usize::from(*next_hop) + 1..)
    });
    announced_ipv4(body).map(from_ipv4).chain(ipv6_prefixes(routes.unwrap_or_default()))
}

/// The prefixes that an UPDATE's body withdraws, those of IPv6 unicast too (RFC 4760 §4), for what is well formed of it.
pub(crate) fn withdrawn(body: &[u8]) -> impl Iterator<Item = (IpAddr, u8)> {
    let unreach = attributes(body).find(|(code, _)| *code == MP_UNREACH_NLRI);
    let routes = unreach.and_then(|(_, value)| value.strip_prefix(&IPV6_UNICAST));
    withdrawn_ipv4(body).map(from_ipv4).chain(ipv6_prefixes(routes.unwrap_or_default()))
}

fn from_ipv4((address, length): (Ipv4Addr, u8)) -> (IpAddr, u8) {
    (address.into(), length)
}

/// AFI and SAFI.
const IPV6_UNICAST: [u8; 3] = [0, 2, 1];
const MP_REACH_NLRI: u8 = 14;
const MP_UNREACH_NLRI: u8 = 15;
const EXTENDED_LENGTH: u8 = 0x10;

/// The path attributes of an UPDATE's body, each by its code and its value, as far as they are well formed (RFC 4271 §4.3).
fn attributes(body: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = after_block(body).and_then(block).unwrap_or_default();
    std::iter::from_fn(move || {
        let (&[flags, code], tail) = rest.split_first_chunk()?;
        let (length, tail) = if flags & EXTENDED_LENGTH == 0 {
            tail.split_first().map(|(length, tail)| (usize::from(*length), tail))?
        } else {
            (block_length(tail)?, tail.get(2..)?)
        };
        let (value, others) = tail.split_at_checked(length)?;
        rest = others;
        Some((code, value))
    })
}

/// Whether an UPDATE's body announces or withdraws by attributes (RFC 4760).
pub(crate) fn is_multiprotocol(body: &[u8]) -> bool {
    attributes(body).any(|(code, _)| matches!(code, MP_REACH_NLRI | MP_UNREACH_NLRI))
}

/// An UPDATE's body that withdraws, by MP_UNREACH_NLRI, what this one announces by MP_REACH_NLRI, whatever its next hop is
/// (RFC 4760 §3, §4); `None` where it announces nothing so.
pub(crate) fn as_withdrawal(body: &[u8]) -> Option<Vec<u8>> {
    let (_, value) = attributes(body).find(|(code, _)| *code == MP_REACH_NLRI)?;
    let (family, value) = value.split_first_chunk::<3>()?;
    let (next_hop, value) = value.split_first()?;
    // An octet that is reserved stands between the next hop and the routes.
    let routes = value.get(usize::from(*next_hop) + 1..).filter(|routes| !routes.is_empty())?;
    let value = [family.as_slice(), routes].concat();
    let attribute = multiprotocol(MP_UNREACH_NLRI, &value);
    Some([&[0, 0], length16(&attribute).as_slice(), &attribute].concat())
}

fn prefixes(rest: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    prefixes_of(rest).map(|(octets, length)| (masked(Ipv4Addr::from(octets), length), length))
}

fn ipv6_prefixes(rest: &[u8]) -> impl Iterator<Item = (IpAddr, u8)> {
    prefixes_of(rest).map(|(octets, length)| (masked_ip(Ipv6Addr::from(octets).into(), length), length))
}

/// Addresses of so many octets, each behind its length in bits (RFC 4271 §4.3).
fn prefixes_of<const N: usize>(mut rest: &[u8]) -> impl Iterator<Item = ([u8; N], u8)> {
    std::iter::from_fn(move || {
        let (&length, tail) = rest.split_first()?;
        let octets = usize::from(length).div_ceil(8);
        let (prefix, tail) = tail.split_at_checked(octets)?;
        let mut address = [0; N];
        address.get_mut(..octets)?.copy_from_slice(prefix);
        rest = tail;
        Some((address, length))
    })
}

/// The address without the bits that its prefix's length leaves out.
fn masked(address: Ipv4Addr, length: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    Ipv4Addr::from(address.to_bits() & mask)
}

/// The same for an address of either kind.
pub(super) fn masked_ip(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => masked(address, length).into(),
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            Ipv6Addr::from(address.to_bits() & mask).into()
        }
    }
}

/// The length in front of a block, of two octets.
fn block_length(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))
}

/// A block that such a length opens.
fn block(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(2..2 + block_length(bytes)?)
}

/// What follows a block.
fn after_block(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(2 + block_length(bytes)?..)
}

/// A header and the body.
pub(crate) fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
    [&MARKER, length.to_be_bytes().as_slice(), &[kind], body].concat()
}

/// An OPEN of version 4 with these capabilities, each a code and its value (RFC 4271 §4.2, RFC 5492).
pub(super) fn open_body(asn: u32, router_id: Ipv4Addr, hold: u16, capabilities: &[(u8, Vec<u8>)]) -> Vec<u8> {
    const AS_TRANS: u16 = 23456;
    let octet = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let mut parameters = Vec::new();
    for (code, value) in capabilities {
        parameters.extend([2, octet(value.len() + 2), *code, octet(value.len())]);
        parameters.extend(value);
    }
    let mut body = vec![4];
    body.extend(u16::try_from(asn).unwrap_or(AS_TRANS).to_be_bytes());
    body.extend(hold.to_be_bytes());
    body.extend(router_id.octets());
    body.push(octet(parameters.len()));
    body.extend(parameters);
    body
}

/// The capabilities that offer families (RFC 4760 §8), and the one of a 4-octet AS number (RFC 6793 §3).
pub(super) fn usual_capabilities(asn: u32, families: &[(u16, u8)]) -> Vec<(u8, Vec<u8>)> {
    let family = |(afi, safi): &(u16, u8)| {
        let [high, low] = afi.to_be_bytes();
        (1, vec![high, low, 0, *safi])
    };
    families.iter().map(family).chain([(65, asn.to_be_bytes().to_vec())]).collect()
}

/// An UPDATE that announces prefixes of one family, LOCAL_PREF included where the path is empty (RFC 4271 §4.3, RFC 4760 §3).
pub(super) fn announce_body(prefixes: &[(IpAddr, u8)], next_hop: IpAddr, path: &[u32]) -> Vec<u8> {
    let mut as_path = Vec::new();
    if !path.is_empty() {
        as_path.extend([2, u8::try_from(path.len()).unwrap_or(u8::MAX)]);
        as_path.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    }
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, u8::try_from(as_path.len()).unwrap_or(u8::MAX)];
    attributes.extend(as_path);
    let mut routes = nlri(prefixes);
    match next_hop {
        IpAddr::V4(next_hop) => {
            attributes.extend([0x40, 3, 4]);
            attributes.extend(next_hop.octets());
        }
        IpAddr::V6(next_hop) => {
            let value = [&IPV6_UNICAST[..], &[16], &next_hop.octets(), &[0], &routes].concat();
            attributes.extend(multiprotocol(MP_REACH_NLRI, &value));
            routes.clear();
        }
    }
    if path.is_empty() {
        attributes.extend([0x40, 5, 4, 0, 0, 0, 100]);
    }
    [&[0, 0], length16(&attributes).as_slice(), &attributes, &routes].concat()
}

/// An UPDATE that withdraws prefixes of one family (RFC 4271 §4.3, RFC 4760 §4).
pub(super) fn withdraw_body(prefixes: &[(IpAddr, u8)]) -> Vec<u8> {
    let withdrawn = nlri(prefixes);
    if prefixes.first().is_some_and(|(address, _)| address.is_ipv6()) {
        let attribute = multiprotocol(MP_UNREACH_NLRI, &[&IPV6_UNICAST[..], &withdrawn].concat());
        return [&[0, 0], length16(&attribute).as_slice(), &attribute].concat();
    }
    [&length16(&withdrawn), withdrawn.as_slice(), &[0, 0]].concat()
}

/// The UPDATE that ends a family's first announcement (RFC 4724 §2).
pub(super) fn end_of_rib_body(afi: u16, safi: u8) -> Vec<u8> {
    if (afi, safi) == (1, 1) {
        return vec![0; 4];
    }
    let [high, low] = afi.to_be_bytes();
    // Without an extended length, as everybody writes it.
    vec![0, 0, 0, 6, 0x80, MP_UNREACH_NLRI, 3, high, low, safi]
}

/// Whether a body is that UPDATE, however long its attribute's length is written.
pub(super) fn is_end_of_rib(body: &[u8], afi: u16, safi: u8) -> bool {
    let [high, low] = afi.to_be_bytes();
    let alone = |(code, value): (u8, &[u8])| code == MP_UNREACH_NLRI && value == [high, low, safi];
    match (afi, safi) {
        (1, 1) => body == [0; 4],
        _ => {
            body.starts_with(&[0, 0])
                && attributes(body).count() == 1
                && attributes(body).all(alone)
                && announced_ipv4(body).next().is_none()
        }
    }
}

/// An attribute that is optional and not transitive (RFC 4760 §3, §4).
fn multiprotocol(code: u8, value: &[u8]) -> Vec<u8> {
    [&[0x80 | EXTENDED_LENGTH, code], length16(value).as_slice(), value].concat()
}

fn nlri(prefixes: &[(IpAddr, u8)]) -> Vec<u8> {
    let mut routes = Vec::new();
    for (address, length) in prefixes {
        routes.push(*length);
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        routes.extend(octets.into_iter().take(usize::from(*length).div_ceil(8)));
    }
    routes
}

fn length16(block: &[u8]) -> [u8; 2] {
    u16::try_from(block.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_are_taken_and_the_beginning_of_the_next_one_stays() {
        let update = framed(UPDATE, &[0; 4]);
        let mut octets = [framed(KEEPALIVE, &[]), update.clone(), update[..20].to_vec()].concat();
        let mut taken = Vec::new();
        take_messages(&mut octets, |message| taken.push(kind(message)));
        assert_eq!((taken, octets), (vec![KEEPALIVE, UPDATE], update[..20].to_vec()));
    }

    #[test]
    fn what_a_body_announces_and_withdraws_is_read_again() {
        let hops: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let prefixes = [("10.1.0.0", 16), ("2001:db8::", 33)];
        for (hop, (address, length)) in hops.into_iter().zip(prefixes) {
            let prefix = (address.parse().unwrap(), length);
            let body = announce_body(&[prefix], hop, &[65_001]);
            assert_eq!(announced(&body).collect::<Vec<_>>(), [prefix]);
            assert_eq!(withdrawn(&body).count(), 0);
            let body = withdraw_body(&[prefix]);
            assert_eq!(withdrawn(&body).collect::<Vec<_>>(), [prefix]);
            assert_eq!(announced(&body).count(), 0);
        }
    }

    #[test]
    fn what_is_announced_with_an_odd_next_hop_reads_as_withdrawn() {
        // ORIGIN, then MP_REACH_NLRI of IPv6 unicast with a next hop of four octets and 2001::/16, once with an extended length.
        let value = [0, 2, 1, 4, 10, 0, 0, 1, 0, 16, 0x20, 1];
        let withdrawn = [0, 0, 0, 10, 0x90, 15, 0, 6, 0, 2, 1, 16, 0x20, 1];
        for head in [&[0x80, 14, 12][..], &[0x90, 14, 0, 12]] {
            let attributes = [&[0x40, 1, 1, 0], head, &value].concat();
            let body = [&[0, 0], length16(&attributes).as_slice(), &attributes].concat();
            assert_eq!(as_withdrawal(&body).as_deref(), Some(&withdrawn[..]));
            assert_eq!(as_withdrawal(&body[..body.len() - 1]), None, "cut off");
        }
        let own = IpAddr::from(Ipv4Addr::LOCALHOST);
        let plain = announce_body(&[(own, 16)], own, &[65_001]);
        assert_eq!(as_withdrawal(&plain), None);
    }
}
