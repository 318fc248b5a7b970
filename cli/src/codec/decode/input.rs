//! Where the octets come from: a file, the standard input, or the argument itself.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::{DecodeKind, HEXLOWER_PERMISSIVE};
use holdtime_core::wire::frame::{HEADER, kind};
use holdtime_dump::{BoxRead, Dump};

use crate::error::CliError;

/// What is to be decoded.
pub(super) struct OpenedInput {
    pub(super) stream: Dump,
    /// How many octets it has, as it is stored, where that is known.
    pub(super) length: Option<u64>,
    /// How many of them have been read.
    pub(super) read: Arc<AtomicU64>,
}

/// Opens a file, the standard input or the argument itself, and looks at what it is.
pub(super) fn open(file: Option<&PathBuf>) -> Result<OpenedInput, CliError> {
    let (name, octets, length) = source(file)?;
    let read = Arc::new(AtomicU64::new(0));
    let octets = Box::new(Counted { octets, read: Arc::clone(&read) });
    let unreadable = |error| CliError::io(format!("cannot read {name}"), &error);
    match Dump::open(octets).map_err(unreadable)? {
        Some(stream) => Ok(OpenedInput { stream, length, read }),
        None if read.load(Ordering::Relaxed) == 0 => Err(CliError::input("there is nothing to decode")),
        None => Err(CliError::input(format!("{name} is neither MRT nor a capture nor BGP messages nor hex"))),
    }
}

fn source(file: Option<&PathBuf>) -> Result<(String, BoxRead, Option<u64>), CliError> {
    let Some(path) = file.filter(|path| path.as_os_str() != "-") else {
        return Ok((String::from("the standard input"), Box::new(io::stdin()), None));
    };
    let name = format!("\"{}\"", path.display());
    match File::open(path) {
        Ok(file) => {
            let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|about| about.len());
            Ok((name, Box::new(file), length))
        }
        Err(error) => match path.to_str() {
            Some(text) if hex(text).is_ok_and(|bytes| !bytes.is_empty()) => {
                Ok((name, Box::new(Cursor::new(text.as_bytes().to_vec())), None))
            }
            _ => Err(CliError::io(format!("cannot read {name}"), &error)),
        },
    }
}

/// Octets that are counted as they are read.
struct Counted {
    octets: BoxRead,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.octets.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// One message; without a header it is the body of a message of type `kind`.
pub(super) fn message(bytes: &[u8], kind: u8) -> Result<Vec<u8>, CliError> {
    match length(bytes) {
        Some(length) if length == bytes.len() => match bytes.get(HEADER - 1) {
            Some(other) if *other != kind => {
                let (other, wanted) = (type_name(*other), type_name(kind));
                Err(CliError::input(format!(
                    "expected {wanted}, and the message's header says that it is {other}"
                )))
            }
            _ => Ok(bytes.to_vec()),
        },
        Some(length) => {
            let have = bytes.len();
            Err(CliError::input(format!("the message says that it has {length} octets and has {have}")))
        }
        None => {
            with_header(kind, bytes).ok_or_else(|| CliError::input("the message is longer than any can be"))
        }
    }
}

/// A type of RFC 4271 §4.1 with its article.
fn type_name(kind: u8) -> String {
    match kind {
        kind::OPEN => "an OPEN".to_owned(),
        kind::UPDATE => "an UPDATE".to_owned(),
        kind::NOTIFICATION => "a NOTIFICATION".to_owned(),
        other => format!("of type {other}"),
    }
}

/// The length in a message's header; `None` where there is no header.
fn length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..HEADER)?;
    let marker = header.get(..16)?.iter().all(|octet| *octet == 0xff);
    let length = usize::from(u16::from_be_bytes([*header.get(16)?, *header.get(17)?]));
    (marker && length >= HEADER).then_some(length)
}

/// A message of this type with this body; `None` where it would be too long.
fn with_header(kind: u8, body: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(HEADER + body.len()).ok()?;
    let mut octets = vec![0xff; 16];
    octets.extend(length.to_be_bytes());
    octets.push(kind);
    octets.extend_from_slice(body);
    Some(octets)
}

/// Octets from hex; blanks, colons and a leading 0x are for the eye.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, CliError> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|error| {
        CliError::input(match error.kind {
            DecodeKind::Length => "hex wants two digits for each octet, and one is missing",
            _ => "a message is written in hex: digits 0-9 and a-f",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hex_is_refused_in_words() {
        assert_eq!(hex("0g").unwrap_err().to_string(), "a message is written in hex: digits 0-9 and a-f");
        assert_eq!(
            hex("012").unwrap_err().to_string(),
            "hex wants two digits for each octet, and one is missing"
        );
    }

    #[test]
    fn a_body_without_a_header_gets_one() {
        let whole = message(&[0; 4], 2).unwrap();
        assert_eq!((whole.len(), whole[17], whole[18]), (23, 23, 2));
        assert_eq!(message(&whole, 2).unwrap(), whole);
        assert!(message(&whole[..22], 2).is_err());
    }

    #[test]
    fn a_message_of_another_type_than_the_option_says_is_refused() {
        let keepalive = with_header(4, &[]).unwrap();
        let refused = message(&keepalive, kind::OPEN).unwrap_err().to_string();
        assert_eq!(refused, "expected an OPEN, and the message's header says that it is of type 4");
        let update = with_header(kind::UPDATE, &[0, 0, 0, 0]).unwrap();
        assert_eq!(message(&update, kind::UPDATE).unwrap(), update);
        assert!(message(&update, kind::NOTIFICATION).is_err());
    }
}
