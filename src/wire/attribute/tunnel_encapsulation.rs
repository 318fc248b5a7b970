//! Tunnel encapsulation (attribute 23, RFC 9012).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// The attribute's value, its TLVs checked for their lengths only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelEncapsulation {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}

impl TunnelEncapsulation {
    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// The attribute's value as it stands on the wire: TLVs one after another.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (2)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TunnelEncapsulationView<'a> {
    /// The octets after the attribute's length.
    pub bytes: &'a [u8],
}

impl<'a> TunnelEncapsulationView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let bytes = reader.rest();
        // One without a single tunnel is malformed (RFC 9012 §13).
        if bytes.is_empty() {
            return Err(reader.truncated());
        }
        while !reader.is_empty() {
            let _kind = reader.u16()?;
            let length = reader.u16()?;
            sub_tlvs(reader.sub(usize::from(length))?)?;
        }
        Ok(Self { bytes })
    }
}

impl From<TunnelEncapsulationView<'_>> for TunnelEncapsulation {
    fn from(view: TunnelEncapsulationView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}

/// Walks over sub-TLVs: one octet of type, then one octet of length up to type 127 and two above (RFC 9012 §2).
fn sub_tlvs(mut tunnel: Reader<'_>) -> Result<(), Malformed> {
    while !tunnel.is_empty() {
        let kind = tunnel.u8()?;
        let length = if kind < 128 { usize::from(tunnel.u8()?) } else { usize::from(tunnel.u16()?) };
        tunnel.bytes(length)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<(), Malformed> {
        TunnelEncapsulationView::parse(Reader::new(bytes, 0)).map(drop)
    }

    #[test]
    fn the_length_of_a_sub_tlv_has_two_octets_from_type_128() {
        assert!(parse(&[0, 8, 0, 4, 4, 2, 0, 1]).is_ok());
        assert!(parse(&[0, 15, 0, 4, 128, 0, 1, 9]).is_ok());
    }

    #[test]
    fn a_tlv_longer_than_what_is_there_is_refused() {
        // CVE-2023-38802 and CVE-2024-44070: a tunnel, or a sub-TLV, that claims more than its stream holds.
        assert!(parse(&[0, 8, 0, 9, 4, 2, 0, 1]).is_err());
        assert!(parse(&[0, 8, 0, 4, 4, 9, 0, 1]).is_err());
        assert!(parse(&[0, 8, 0]).is_err());
    }
}
