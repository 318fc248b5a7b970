//! The segment lists of segment routing policies: `segment-list weight 1 segment type-a mpls 16001 segment type-b srv6 2001:db8::1`. Behind
//! a segment may stand `verification`: the receiver is to check it.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::cursor::{Cursor, unknown};
use super::fault::Result;
use super::value::{decimal, decimal_or_hex};
use crate::wire::attribute::{
    EndpointBehavior, Interface, LabelStackEntry, SegmentKind, SrSegment, Srv6Sid, encode_segment_list,
};

const TYPES: &[&str] = &[
    "type-a", "type-b", "type-c", "type-d", "type-e", "type-f", "type-g", "type-h", "type-i", "type-j",
    "type-k",
];

/// What follows `segment-list`; false where it is too long for its length field.
pub(super) fn segment_list(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<bool> {
    let mut weight = None;
    if !cursor.peek()?.is("segment") {
        cursor.expect_word("weight")?;
        weight = Some(cursor.number("a weight", "a number from 0 to 4294967295")?);
    }
    let mut segments = Vec::new();
    while cursor.eat_word("segment")? {
        let mut segment = SrSegment::new(segment(cursor)?);
        if cursor.eat_word("verification")? {
            segment.flags |= SrSegment::VERIFY;
        }
        segments.push(segment);
    }
    Ok(encode_segment_list(weight, &segments, out))
}

/// What follows `segment`.
fn segment(cursor: &mut Cursor<'_>) -> Result<SegmentKind> {
    let kind = cursor.word("a segment type, type-a to type-k")?;
    Ok(match kind.text.as_ref() {
        "type-a" => {
            cursor.expect_word("mpls")?;
            SegmentKind::A(LabelStackEntry::new(label(cursor)?))
        }
        "type-b" => {
            cursor.expect_word("srv6")?;
            SegmentKind::B(srv6_sid(cursor)?)
        }
        "type-c" => {
            cursor.expect_word("ipv4")?;
            let node = cursor.ipv4("an IPv4 node")?;
            SegmentKind::C(algorithm(cursor)?, node, label_sid(cursor)?)
        }
        "type-d" => {
            cursor.expect_word("ipv6")?;
            let node = ipv6(cursor, "an IPv6 node")?;
            SegmentKind::D(algorithm(cursor)?, node, label_sid(cursor)?)
        }
        "type-e" => {
            let id = interface_id(cursor, "local-if-id")?;
            cursor.expect_word("ipv4")?;
            SegmentKind::E(id, cursor.ipv4("an IPv4 node")?, label_sid(cursor)?)
        }
        "type-f" => {
            cursor.expect_word("local")?;
            let local: Ipv4Addr = cursor.ipv4("an IPv4 address")?;
            cursor.expect_word("remote")?;
            SegmentKind::F(local, cursor.ipv4("an IPv4 address")?, label_sid(cursor)?)
        }
        "type-g" => {
            let (local, remote) = interfaces(cursor)?;
            SegmentKind::G(local, remote, label_sid(cursor)?)
        }
        "type-h" => {
            let (local, remote) = link(cursor)?;
            SegmentKind::H(local, remote, label_sid(cursor)?)
        }
        "type-i" => {
            cursor.expect_word("ipv6")?;
            let node = ipv6(cursor, "an IPv6 node")?;
            SegmentKind::I(algorithm(cursor)?, node, optional_srv6_sid(cursor)?)
        }
        "type-j" => {
            let (local, remote) = interfaces(cursor)?;
            SegmentKind::J(algorithm(cursor)?, local, remote, optional_srv6_sid(cursor)?)
        }
        "type-k" => {
            let (local, remote) = link(cursor)?;
            SegmentKind::K(algorithm(cursor)?, local, remote, optional_srv6_sid(cursor)?)
        }
        _ => return Err(unknown(&kind, "a segment type", TYPES)),
    })
}

/// A label of twenty bits.
pub(super) fn label(cursor: &mut Cursor<'_>) -> Result<u32> {
    cursor
        .value("a label", "a number from 0 to 1048575", |text| decimal(text).filter(|label| *label < 1 << 20))
}

/// An SRv6 SID, perhaps with `endpoint-behavior <behavior> <block> <node> <function> <argument>`.
pub(super) fn srv6_sid(cursor: &mut Cursor<'_>) -> Result<Srv6Sid> {
    let sid = ipv6(cursor, "a SID")?;
    if !cursor.eat_word("endpoint-behavior")? {
        return Ok(Srv6Sid { sid, behavior: None });
    }
    let expected = "a number of 16 bits, decimal or 0x hexadecimal";
    let behavior =
        cursor.value("an endpoint behavior", expected, |text| u16::try_from(decimal_or_hex(text)?).ok())?;
    let mut lengths = [0; 4];
    let names = ["locator block", "locator node", "function", "argument"];
    for (length, name) in lengths.iter_mut().zip(names) {
        let what = alloc::format!("the length of the SID's {name}");
        *length =
            cursor.number(&what, "four lengths in bits from 0 to 255: block, node, function, argument")?;
    }
    Ok(Srv6Sid { sid, behavior: Some(EndpointBehavior { behavior, lengths }) })
}

fn optional_srv6_sid(cursor: &mut Cursor<'_>) -> Result<Option<Srv6Sid>> {
    if cursor.eat_word("sid")? { srv6_sid(cursor).map(Some) } else { Ok(None) }
}

fn label_sid(cursor: &mut Cursor<'_>) -> Result<Option<LabelStackEntry>> {
    if !cursor.eat_word("sid")? {
        return Ok(None);
    }
    label(cursor).map(|label| Some(LabelStackEntry::new(label)))
}

fn ipv6(cursor: &mut Cursor<'_>, what: &str) -> Result<Ipv6Addr> {
    cursor.value(what, "an IPv6 address", |text| text.parse().ok())
}

/// `algorithm <number>`, an SR algorithm (RFC 8402 §3.1.1).
fn algorithm(cursor: &mut Cursor<'_>) -> Result<u8> {
    cursor.expect_word("algorithm")?;
    cursor.number("an SR algorithm", "a number from 0 to 255")
}

fn interface_id(cursor: &mut Cursor<'_>, word: &'static str) -> Result<u32> {
    cursor.expect_word(word)?;
    cursor.number("an interface's identifier", "a number from 0 to 4294967295")
}

/// `local-if-id <number> local-ipv6 <address> remote-if-id <number> remote-ipv6 <address>`
fn interfaces(cursor: &mut Cursor<'_>) -> Result<(Interface, Interface)> {
    let mut end = |id, node| -> Result<Interface> {
        let id = interface_id(cursor, id)?;
        cursor.expect_word(node)?;
        Ok(Interface { id, node: ipv6(cursor, "an IPv6 node")? })
    };
    Ok((end("local-if-id", "local-ipv6")?, end("remote-if-id", "remote-ipv6")?))
}

/// `local <address> remote <address>`
fn link(cursor: &mut Cursor<'_>) -> Result<(Ipv6Addr, Ipv6Addr)> {
    cursor.expect_word("local")?;
    let local = ipv6(cursor, "an IPv6 address")?;
    cursor.expect_word("remote")?;
    Ok((local, ipv6(cursor, "an IPv6 address")?))
}
