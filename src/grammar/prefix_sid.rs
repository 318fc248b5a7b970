//! `bgp-prefix-sid` (RFC 8669) and `bgp-prefix-sid-srv6` (RFC 9252).

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::cursor::{Cursor, unknown};
use super::fault::Result;
use super::token::TokenKind;
use super::value::{decimal, decimal_or_hex};
use crate::wire::attribute::PrefixSid;

/// `[ 300 ]`, or with label blocks `[ 300, [ ( 800000,4096 ), ( 1000000,5000 ) ] ]`.
pub(super) fn labelled(cursor: &mut Cursor<'_>) -> Result<PrefixSid> {
    let form = "[ <label index> ] or [ <label index>, [ ( <base>,<range> ) … ] ]";
    cursor.expect(TokenKind::OpenBracket, form)?;
    let index: u32 = cursor.number("a label index", "a number from 0 to 4294967295")?;
    let mut blocks = Vec::new();
    cursor.eat(TokenKind::Comma)?;
    if matches!(cursor.peek()?.kind, TokenKind::OpenBracket | TokenKind::OpenParen) {
        cursor.list("a label block", |cursor| {
            cursor.expect(TokenKind::OpenParen, "`(`")?;
            let base = block_number(cursor)?;
            cursor.expect(TokenKind::Comma, "`,`")?;
            blocks.extend([base, block_number(cursor)?]);
            cursor.expect(TokenKind::CloseParen, "`)`")
        })?;
    }
    cursor.expect(TokenKind::CloseBracket, "`]`")?;

    let mut bytes = Vec::new();
    // Reserved, then two octets of flags.
    tlv(&mut bytes, 1, [&[0, 0, 0], index.to_be_bytes().as_slice()].concat());
    if !blocks.is_empty() {
        let mut value = Vec::from([0, 0]);
        blocks.iter().for_each(|number| value.extend_from_slice(number));
        tlv(&mut bytes, 3, value);
    }
    Ok(PrefixSid { bytes: bytes.into() })
}

/// A label or a number of labels, three octets.
fn block_number(cursor: &mut Cursor<'_>) -> Result<[u8; 3]> {
    cursor.value("a label or a number of labels", "a number from 0 to 16777215", |text| match decimal::<u32>(
        text,
    )?
    .to_be_bytes()
    {
        [0, a, b, c] => Some([a, b, c]),
        _ => None,
    })
}

/// `( l3-service 2001:db8:: )`, with a behavior `… 0x48`, and with a structure `… 0x48 [64,24,16,0,0,0]`.
pub(super) fn srv6(cursor: &mut Cursor<'_>) -> Result<PrefixSid> {
    cursor.expect(TokenKind::OpenParen, "`(`, a service, a SID and `)`")?;
    let service = cursor.word("l3-service or l2-service")?;
    let code = match service.text.as_ref() {
        "l3-service" => 5,
        "l2-service" => 6,
        _ => return Err(unknown(&service, "an SRv6 service", &["l3-service", "l2-service"])),
    };
    let sid: Ipv6Addr = cursor.value("a SID", "an IPv6 address", |text| text.parse().ok())?;
    let mut behavior = 0xffff;
    let mut structure = Vec::new();
    if cursor.peek()?.kind != TokenKind::CloseParen {
        let expected = "a number of 16 bits, decimal or 0x hexadecimal";
        behavior = cursor
            .value("an endpoint behavior", expected, |text| u16::try_from(decimal_or_hex(text)?).ok())?;
        if cursor.peek()?.kind == TokenKind::OpenBracket {
            structure = sid_structure(cursor)?;
        }
    }
    cursor.expect(TokenKind::CloseParen, "`)`")?;

    // Each TLV stands in the one around it: service, SID information, SID structure.
    let mut information = Vec::from([0]);
    information.extend(sid.octets());
    information.push(0);
    information.extend(behavior.to_be_bytes());
    information.push(0);
    if !structure.is_empty() {
        tlv(&mut information, 1, structure);
    }
    let mut value = Vec::from([0]);
    tlv(&mut value, 1, information);
    let mut bytes = Vec::new();
    tlv(&mut bytes, code, value);
    Ok(PrefixSid { bytes: bytes.into() })
}

/// Six lengths: locator block, locator node, function, argument, transposition, transposition offset.
fn sid_structure(cursor: &mut Cursor<'_>) -> Result<Vec<u8>> {
    cursor.expect(TokenKind::OpenBracket, "`[`")?;
    let mut lengths = Vec::with_capacity(6);
    for i in 0..6 {
        if i > 0 {
            cursor.expect(TokenKind::Comma, "`,` and six lengths in all")?;
        }
        let expected = "a number from 0 to 255";
        let length = |text: &str| u8::try_from(decimal_or_hex(text)?).ok();
        lengths.push(cursor.value("a length of the SID's structure", expected, length)?);
    }
    cursor.expect(TokenKind::CloseBracket, "`]`")?;
    Ok(lengths)
}

/// Appends a TLV with a type of one octet and a length of two. No value here is longer than the statement it came from.
fn tlv(bytes: &mut Vec<u8>, code: u8, value: Vec<u8>) {
    bytes.push(code);
    bytes.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend(value);
}
