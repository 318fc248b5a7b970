//! Reads the BGP messages out of an MRT file (RFC 6396): BGP4MP and BGP4MP_ET records of UPDATEs with four-octet AS numbers.
//! Nothing else of the format is needed to measure decoders.

use crate::corpus::{Corpus, Shape};

/// The UPDATE messages in `file`, an uncompressed MRT file; records of other kinds are skipped.
///
/// # Errors
///
/// The offset of the first record that is cut off or malformed.
pub fn updates(file: &[u8]) -> Result<Corpus, usize> {
    let mut corpus = Corpus::new(Shape::Recorded);
    let mut at = 0;
    while at < file.len() {
        let record = Record::read(file, at).ok_or(at)?;
        if let Some(message) = record.update() {
            corpus.push(message);
        }
        at = record.end;
    }
    Ok(corpus)
}

struct Record<'a> {
    kind: u16,
    subtype: u16,
    body: &'a [u8],
    end: usize,
}

impl<'a> Record<'a> {
    fn read(file: &'a [u8], at: usize) -> Option<Self> {
        let (header, rest) = file.get(at..)?.split_at_checked(12)?;
        let length = u32::from_be_bytes(header[8..12].try_into().ok()?) as usize;
        Some(Self {
            kind: u16::from_be_bytes([header[4], header[5]]),
            subtype: u16::from_be_bytes([header[6], header[7]]),
            body: rest.get(..length)?,
            end: at + 12 + length,
        })
    }

    /// The UPDATE in it, if it is a BGP4MP_MESSAGE_AS4 that holds one.
    fn update(&self) -> Option<&'a [u8]> {
        const BGP4MP: u16 = 16;
        const BGP4MP_ET: u16 = 17;
        const MESSAGE_AS4: u16 = 4;
        const UPDATE: u8 = 2;
        let microseconds = match self.kind {
            BGP4MP => 0,
            BGP4MP_ET => 4,
            _ => return None,
        };
        if self.subtype != MESSAGE_AS4 {
            return None;
        }
        // Two AS numbers of four octets, the interface, the address family, two addresses of that family.
        let body = self.body.get(microseconds..)?;
        let addresses = match body.get(10..12)? {
            [0, 1] => 8,
            _ => 32,
        };
        let message = body.get(12 + addresses..)?;
        (message.get(18) == Some(&UPDATE)).then_some(message)
    }
}
