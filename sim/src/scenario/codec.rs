//! BGP messages as the lab's peers and judges read and write them, octet by octet rather than by the core's codec: whoever shared
//! the speaker's code would share its mistakes.
//!
//! ```text
//! 0                16       18     19
//! │ marker, 16 × FF │ length │ type │ body   (RFC 4271 §4.1)
//! ```

use std::net::Ipv4Addr;

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
    let head = [0x80 | EXTENDED_LENGTH, MP_UNREACH_NLRI];
    let attribute = [head.as_slice(), &length16(&value), &value].concat();
    Some([&[0, 0], length16(&attribute).as_slice(), &attribute].concat())
}

fn prefixes(mut rest: &[u8]) -> impl Iterator<Item = (Ipv4Addr, u8)> {
    std::iter::from_fn(move || {
        let (&length, tail) = rest.split_first()?;
        let octets = usize::from(length).div_ceil(8);
        let (prefix, tail) = tail.split_at_checked(octets)?;
        let mut address = [0; 4];
        address.get_mut(..octets)?.copy_from_slice(prefix);
        rest = tail;
        Some((masked(Ipv4Addr::from(address), length), length))
    })
}

/// The address without the bits that its prefix's length leaves out.
pub(super) fn masked(address: Ipv4Addr, length: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    Ipv4Addr::from(address.to_bits() & mask)
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

/// An OPEN of version 4 with a capability for each family and one for the AS number (RFC 4271 §4.2, RFC 4760, RFC 6793).
pub(super) fn open_body(asn: u32, router_id: Ipv4Addr, hold: u16, families: &[(u16, u8)]) -> Vec<u8> {
    const AS_TRANS: u16 = 23456;
    let mut parameters = Vec::new();
    for (afi, safi) in families {
        parameters.extend([2, 6, 1, 4]);
        parameters.extend(afi.to_be_bytes());
        parameters.extend([0, *safi]);
    }
    parameters.extend([2, 6, 65, 4]);
    parameters.extend(asn.to_be_bytes());
    let mut body = vec![4];
    body.extend(u16::try_from(asn).unwrap_or(AS_TRANS).to_be_bytes());
    body.extend(hold.to_be_bytes());
    body.extend(router_id.octets());
    body.push(u8::try_from(parameters.len()).unwrap_or(u8::MAX));
    body.extend(parameters);
    body
}

/// An UPDATE that announces, LOCAL_PREF included where the path is empty (RFC 4271 §4.3).
pub(super) fn announce_body(prefixes: &[(Ipv4Addr, u8)], next_hop: Ipv4Addr, path: &[u32]) -> Vec<u8> {
    let mut as_path = Vec::new();
    if !path.is_empty() {
        as_path.extend([2, u8::try_from(path.len()).unwrap_or(u8::MAX)]);
        as_path.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    }
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, u8::try_from(as_path.len()).unwrap_or(u8::MAX)];
    attributes.extend(as_path);
    attributes.extend([0x40, 3, 4]);
    attributes.extend(next_hop.octets());
    if path.is_empty() {
        attributes.extend([0x40, 5, 4, 0, 0, 0, 100]);
    }
    [&[0, 0], length16(&attributes).as_slice(), &attributes, &nlri(prefixes)].concat()
}

/// An UPDATE that withdraws (RFC 4271 §4.3).
pub(super) fn withdraw_body(prefixes: &[(Ipv4Addr, u8)]) -> Vec<u8> {
    let withdrawn = nlri(prefixes);
    [&length16(&withdrawn), withdrawn.as_slice(), &[0, 0]].concat()
}

fn nlri(prefixes: &[(Ipv4Addr, u8)]) -> Vec<u8> {
    prefixes
        .iter()
        .flat_map(|(address, length)| {
            let octets = address.octets().into_iter().take(usize::from(*length).div_ceil(8));
            std::iter::once(*length).chain(octets)
        })
        .collect()
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
        let prefix = (Ipv4Addr::new(10, 1, 0, 0), 16);
        let announced = announce_body(&[prefix], Ipv4Addr::LOCALHOST, &[65_001]);
        assert_eq!(announced_ipv4(&announced).collect::<Vec<_>>(), [prefix]);
        assert_eq!(withdrawn_ipv4(&announced).count(), 0);
        assert_eq!(withdrawn_ipv4(&withdraw_body(&[prefix])).collect::<Vec<_>>(), [prefix]);
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
        let plain = announce_body(&[(Ipv4Addr::new(10, 1, 0, 0), 16)], Ipv4Addr::LOCALHOST, &[65_001]);
        assert_eq!(as_withdrawal(&plain), None);
    }
}
