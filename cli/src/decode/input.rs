//! Finding messages in what was given: hex, raw octets, MRT, and any of them compressed with gzip.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use holdtime_core::wire::frame::kind;

use super::{Found, header, mrt, with_header};
use crate::error::CliError;

/// Every message in `bytes`.
pub(super) fn messages(bytes: &[u8]) -> Result<Vec<Found>, CliError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes)
            .read_to_end(&mut plain)
            .map_err(|error| CliError::io("cannot decompress the input", &error))?;
        return messages(&plain);
    }
    if bytes.is_empty() {
        return Err(CliError::input("there is nothing to decode"));
    }
    if header(bytes).is_some() {
        return raw(bytes);
    }
    // MRT says so in its type, whose values are no letters.
    if mrt::looks_like(bytes) {
        return mrt::messages(bytes);
    }
    lines(bytes)
}

/// Raw messages, one after the other.
fn raw(mut bytes: &[u8]) -> Result<Vec<Found>, CliError> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (length, _) = header(bytes).ok_or_else(|| {
            CliError::input(format!("message {} does not begin with a marker", found.len() + 1))
        })?;
        let message = bytes.get(..length).ok_or_else(|| {
            CliError::input(format!("message {} ends before its {length} octets", found.len() + 1))
        })?;
        found.push(self::message(message, kind::UPDATE)?);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Ok(found)
}

/// Hex, one message a line, or one message folded over all of them.
fn lines(bytes: &[u8]) -> Result<Vec<Found>, CliError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| CliError::input("the input is neither hex nor BGP messages nor MRT"))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let folded = hex(&lines.concat())
        .ok()
        .filter(|whole| header(whole).is_some_and(|(length, _)| length == whole.len()));
    match folded {
        Some(whole) => raw(&whole),
        None if lines.is_empty() => Err(CliError::input("there is nothing to decode")),
        None => lines.iter().map(|line| message(&hex(line)?, kind::UPDATE)).collect(),
    }
}

/// One message; without a header it is the body of a message of type `kind`.
pub(super) fn message(bytes: &[u8], kind: u8) -> Result<Found, CliError> {
    let octets = match header(bytes) {
        Some((length, _)) if length == bytes.len() => bytes.to_vec(),
        Some((length, _)) => {
            let have = bytes.len();
            return Err(CliError::input(format!(
                "the message says that it has {length} octets and has {have}"
            )));
        }
        None => with_header(kind, bytes)
            .ok_or_else(|| CliError::input("the message is longer than any can be"))?,
    };
    Ok(Found { octets, time: 0, peer: None, asn4: true, add_path: false })
}

/// Octets from hex; blanks, colons and a leading 0x are for the eye.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, CliError> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|character| !character.is_whitespace() && *character != ':')
        .map(|character| character.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.ok_or_else(|| CliError::input("a message is written in hex: digits 0-9 and a-f"))?;
    if digits.len() % 2 == 1 {
        return Err(CliError::input("hex wants two digits for each octet, and one is missing"));
    }
    Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPALIVE: &str = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:0013:04";

    fn kinds(bytes: &[u8]) -> Vec<(u8, usize)> {
        messages(bytes)
            .unwrap()
            .into_iter()
            .map(|found| (found.octets[18], found.octets.len() - 19))
            .collect()
    }

    #[test]
    fn messages_are_found_in_hex_line_by_line_and_in_raw_octets() {
        let text = format!("# two messages\n{KEEPALIVE}\n\n0x00000000  # a body\n");
        assert_eq!(kinds(text.as_bytes()), [(4, 0), (2, 4)]);
        let raw = hex(KEEPALIVE).unwrap().repeat(3);
        assert_eq!(kinds(&raw), [(4, 0), (4, 0), (4, 0)]);
    }

    #[test]
    fn a_message_may_be_folded_over_lines() {
        let text = format!("{}\n{}\n", &KEEPALIVE[..20], &KEEPALIVE[20..]);
        assert_eq!(kinds(text.as_bytes()), [(4, 0)]);
    }

    #[test]
    fn compressed_messages_are_found_too() {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(KEEPALIVE.as_bytes()).unwrap();
        assert_eq!(kinds(&gzip.finish().unwrap()), [(4, 0)]);
    }

    #[test]
    fn what_is_no_hex_is_refused_in_words() {
        assert_eq!(hex("0g").unwrap_err().to_string(), "a message is written in hex: digits 0-9 and a-f");
        assert_eq!(
            hex("012").unwrap_err().to_string(),
            "hex wants two digits for each octet, and one is missing"
        );
        assert!(messages(b"").is_err());
    }
}
