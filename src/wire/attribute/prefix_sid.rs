//! BGP Prefix-SID (attribute 40, RFC 8669), with SRv6 services (RFC 9252).

use alloc::boxed::Box;

use super::super::error::{BufferFull, Malformed};
use super::super::reader::Reader;
use super::super::writer::Writer;

/// The attribute's value: TLVs, each with what its type wants inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefixSid {
    /// The octets after the attribute's length.
    pub bytes: Box<[u8]>,
}

impl PrefixSid {
    /// Writes the attribute's value.
    pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
        out.bytes(&self.bytes)
    }
}

/// The attribute's value as it stands on the wire: TLVs one after another.
///
/// ```text
/// +-----------+-------------+------------------+
/// | Type (1)  | Length (2)  | Value (variable) |
/// +-----------+-------------+------------------+
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PrefixSidView<'a> {
    /// The octets after the attribute's length.
    pub bytes: &'a [u8],
}

impl<'a> PrefixSidView<'a> {
    /// Reads all of `reader`.
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let bytes = reader.rest();
        if bytes.is_empty() {
            return Err(reader.truncated());
        }
        while !reader.is_empty() {
            let kind = reader.u8()?;
            let length = reader.u16()?;
            check(kind, reader.sub(usize::from(length))?)?;
        }
        Ok(Self { bytes })
    }
}

impl From<PrefixSidView<'_>> for PrefixSid {
    fn from(view: PrefixSidView<'_>) -> Self {
        Self { bytes: view.bytes.into() }
    }
}

/// Whether what is wrong at `offset` is wrong in a TLV of an SRv6 service: without it the route leads nowhere, so that it is not
/// enough to discard the attribute (RFC 9252 §7).
pub(crate) fn is_in_service(mut value: Reader<'_>, offset: usize) -> bool {
    while let (Ok(kind), Ok(length)) = (value.u8(), value.u16()) {
        let is_whole = value.bytes(usize::from(length)).is_ok();
        if !is_whole || offset <= value.offset() {
            return matches!(kind, 5 | 6);
        }
    }
    false
}

/// Whether a TLV has the length and the sub-TLVs of its type; of a type that is not known, anything goes (RFC 8669 §3).
fn check(kind: u8, mut value: Reader<'_>) -> Result<(), Malformed> {
    let offset = value.offset();
    match (kind, value.len()) {
        // Label-Index: reserved (1), flags (2), index (4).
        (1, 7) => Ok(()),
        (1, _) => Err(Malformed::length(offset, "a Label-Index that is not 7 octets long")),
        // Originator SRGB: flags (2), then ranges of first label (3) and size (3).
        (3, length) if length < 8 || length % 6 != 2 => {
            Err(Malformed::length(offset, "an Originator SRGB without whole ranges"))
        }
        // SRv6 L3 and L2 service (RFC 9252 §2): reserved (1), then sub-TLVs.
        (5 | 6, _) => {
            value.u8()?;
            sub_tlvs(value, |kind, value| if kind == 1 { service_sid(value) } else { Ok(()) })
        }
        _ => Ok(()),
    }
}

/// SRv6 SID information (RFC 9252 §3.1): reserved (1), SID (16), flags (1), behavior (2), reserved (1), then sub-sub-TLVs, of which
/// type 1 is the SID's structure, six octets long (RFC 9252 §3.2.1).
fn service_sid(mut value: Reader<'_>) -> Result<(), Malformed> {
    value.array::<21>()?;
    sub_tlvs(value, |kind, value| match (kind, value.len()) {
        (1, 6) => Ok(()),
        (1, _) => Err(Malformed::length(value.offset(), "an SRv6 SID structure that is not 6 octets long")),
        _ => Ok(()),
    })
}

/// Walks over TLVs with one octet of type and two of length.
fn sub_tlvs(
    mut reader: Reader<'_>,
    mut check: impl FnMut(u8, Reader<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    while !reader.is_empty() {
        let kind = reader.u8()?;
        let length = reader.u16()?;
        check(kind, reader.sub(usize::from(length))?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn parse(bytes: &[u8]) -> Result<(), Malformed> {
        PrefixSidView::parse(Reader::new(bytes, 0)).map(drop)
    }

    #[test]
    fn a_label_index_is_7_octets_long() {
        assert!(parse(&[1, 0, 7, 0, 0, 0, 0, 0, 3, 0x2a]).is_ok());
        // The length says less than the type needs.
        assert!(parse(&[1, 0, 3, 0, 0, 0]).is_err());
        assert!(parse(&[1, 0, 7, 0, 0, 0]).is_err());
    }

    #[test]
    fn an_originator_srgb_has_whole_ranges() {
        assert!(parse(&[3, 0, 8, 0, 0, 0, 0x3e, 0x80, 0, 0x1f, 0x40]).is_ok());
        assert!(parse(&[3, 0, 2, 0, 0]).is_err());
        assert!(parse(&[3, 0, 9, 0, 0, 0, 0x3e, 0x80, 0, 0x1f, 0x40, 0]).is_err());
    }

    #[test]
    fn an_unknown_sub_tlv_of_an_srv6_service_is_passed_over() {
        let mut sid: Vec<u8> = [0; 21].into();
        sid.extend([1, 0, 6, 32, 16, 16, 0, 0, 0]);
        sid.extend([9, 0, 0]);
        let mut service = [&[0, 7, 0, 0, 1, 0][..], &[u8::try_from(sid.len()).unwrap()], &sid].concat();
        let tlv = |service: &[u8]| [&[5, 0, u8::try_from(service.len()).unwrap()], service].concat();
        assert!(parse(&tlv(&service)).is_ok());
        service.pop();
        assert!(parse(&tlv(&service)).is_err(), "cut short");
    }

    #[test]
    fn a_tlv_of_unknown_type_is_kept() {
        assert!(parse(&[99, 0, 1, 7]).is_ok());
    }
}
